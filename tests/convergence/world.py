"""Clusters under the real hook, in the embedded engine.

A cluster takes seconds to come to rest, so each spec is brought there once and then copied:
``rested`` gives a test a world of its own, in which nothing is under way.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

import orjson

from app import names
from app.hook.customize import customize
from app.hook.sync import finalize, sync
from app.result import Manifest
from app.simulation.engine import Engine, Setup
from app.simulation.hook import DirectHook, seeded_entropy
from tests.cluster_builder import NAME, NAMES, NAMESPACE, NOW, VERSION
from tests.convergence.stored_form import admitted

#: Identity Secrets of a cluster that has all of them.
IDENTITY: Final = NAMES.identity_secrets
#: Everything a cluster can have of children in the first release.
EVERYTHING: Final[Mapping[str, Any]] = {
    "indexer": {"networkPolicy": {"enabled": True}},
    "manager": {
        "logRotation": {"enabled": True},
        "config": {"auth": {"usePassword": True}},
        "master": {"networkPolicy": {"enabled": True}},
        "workers": {"networkPolicy": {"enabled": True}},
    },
    "dashboard": {"networkPolicy": {"enabled": True}},
}
#: Longer than any roll of a default cluster takes.
PATIENCE: Final = 3600.0


def wazuh_cluster(spec: Mapping[str, Any] | None = None) -> Manifest:
    """WazuhCluster ``wz`` in ``security``."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": NAME, "namespace": NAMESPACE},
        "spec": {"version": VERSION, **copy.deepcopy(dict(spec or {}))},
    }


def hook_of(seed: int) -> Callable[[Callable[[], datetime]], DirectHook]:
    """The real hook for a clock; another seed, other random material."""
    return lambda clock: DirectHook(sync, customize, clock, seeded_entropy(seed), finalize=finalize)


def empty(*, seed: int = 0, **setup: Any) -> Engine:
    """A world with nothing in it, another order of events for each seed.

    ``setup``: fields of `Setup`. What is random in the answers is the same for all seeds.
    """
    return Engine.direct(
        sync,
        customize,
        finalize=finalize,
        now=NOW,
        seed=seed,
        setup=Setup(**{"admission": admitted, **setup}),
        entropy=seeded_entropy(0),
    )


def created(spec: Mapping[str, Any] | None = None, *, seed: int = 0, **setup: Any) -> Engine:
    """A world in which a WazuhCluster was created just now."""
    engine = empty(seed=seed, **setup)
    engine.apply(wazuh_cluster(spec))
    return engine


def rested(
    spec: Mapping[str, Any] | None = None, *, seed: int = 1, after: float = 0.0, **setup: Any
) -> Engine:
    """A world of its own with a cluster at rest, ``after`` seconds in which nobody acted."""
    origin = _at_rest(orjson.dumps(dict(spec or {}), option=orjson.OPT_SORT_KEYS))
    return origin.copy(
        hook_of(1000 + seed),
        seed=seed,
        setup=Setup(**{"admission": admitted, **setup}),
        after=after,
    )


@cache
def _at_rest(spec: bytes) -> Engine:
    engine = created(orjson.loads(spec))
    assert engine.settle(), engine.parent.get("status")
    engine.check()
    return engine


def settle(engine: Engine, timeout: float = PATIENCE) -> None:
    """Let the cluster come to rest. AssertionError if it does not, or if a rule was broken."""
    assert engine.settle(timeout), complaints(engine)
    engine.check()


def repair(engine: Engine) -> None:
    """End all faults of pods, and let the cluster come to rest."""
    engine.controllers.kubelet.repair()
    engine.run_for(30)
    settle(engine)


def complaints(engine: Engine) -> list[str]:
    """What the status complains about, for the message of a failed test."""
    status = engine.parent.get("status", {})
    return [str(status.get("phase")), *map(str, status.get("conditions", []))]


def edit(engine: Engine, change: Mapping[str, Any]) -> None:
    """Merge ``change`` into the spec as kubectl patch does (RFC 7386)."""
    engine.edit(lambda parent: parent.update(merged(parent, {"spec": change})))


def annotate(engine: Engine, annotation: str, value: str) -> None:
    """Annotate the WazuhCluster."""
    wanted = {"metadata": {"annotations": {annotation: value}}}
    engine.edit(lambda parent: parent.update(merged(parent, wanted)))


def merged(target: Any, patch: Any) -> Any:
    """``target`` after a JSON merge patch."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


# --- what there is ------------------------------------------------------------------------------
def status(engine: Engine) -> Mapping[str, Any]:
    """Status of the WazuhCluster."""
    found: Mapping[str, Any] = engine.parent["status"]
    return found


def condition(engine: Engine, kind: str) -> Mapping[str, Any]:
    """One condition of the status."""
    return next(one for one in status(engine)["conditions"] if one["type"] == kind)


def told(engine: Engine, kind: str) -> tuple[str, str]:
    """Status and reason of one condition."""
    one = condition(engine, kind)
    return one["status"], one["reason"]


def secret_data(engine: Engine) -> dict[str, dict[str, str]]:
    """Data of every Secret by name."""
    return {one["metadata"]["name"]: one["data"] for one in engine.objects("Secret")}


def identity(engine: Engine) -> dict[str, dict[str, str]]:
    """Data of the identity Secrets by name."""
    return {name: data for name, data in secret_data(engine).items() if name in IDENTITY}


def pods(engine: Engine) -> dict[str, str]:
    """Uid of every pod by name."""
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in engine.objects("Pod")}


def child_keys(engine: Engine) -> set[tuple[str, str]]:
    """Kind and name of every child."""
    return {(one["kind"], one["metadata"]["name"]) for one in engine.children()}
