"""Words for tests that follow a cluster over several answers."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from app.hook.sync import sync
from app.names import CERT_HASH, CONFIG_HASH, LABEL_VERSION, Role
from app.observed.last_applied import applied_template
from app.observed.request import SyncRequest, read
from app.result import Manifest, Result
from tests.cluster_builder import NAMES, ClusterBuilder, key_of, seeded_entropy
from tests.scenarios import at_rest

INDEXER: Final = NAMES.workload(Role.INDEXER)
MASTER: Final = NAMES.workload(Role.MANAGER_MASTER)
WORKER: Final = NAMES.workload(Role.MANAGER_WORKER)
DASHBOARD: Final = NAMES.workload(Role.DASHBOARD)
#: Workloads in the order of their tiers.
TIERS: Final = (INDEXER, MASTER, WORKER, DASHBOARD)
#: Longer than a kubelet may take to mount a Secret's new content.
AGED: Final = 91
#: Rounds in which every change of these tests has come to rest.
ROUNDS: Final = 20


@cache
def _rested(spec: str) -> ClusterBuilder:
    return at_rest(ClusterBuilder(json.loads(spec)))


def rested(spec: Manifest | None = None) -> ClusterBuilder:
    """Running cluster of ``spec``, all pods ready and nothing left to write."""
    return _rested(json.dumps(spec or {}, sort_keys=True)).copy()


def asked(cluster: ClusterBuilder) -> SyncRequest:
    """The request of this moment, read."""
    return read(cluster.request())


def answer(cluster: ClusterBuilder, number: int = 0) -> Result:
    """What the hook answers now; nothing of it is stored.

    A copy, for tests to change: manifests of an answer are kept and answered again.
    """
    result = sync(cluster.request(), now=cluster.now, entropy=seeded_entropy(number))
    return copy.deepcopy(result)


def child(result: Result, kind: str, name: str) -> Manifest:
    """The answered child; an AssertionError where there is none."""
    found = [one for one in result.response.children if key_of(one)[1:] == (kind, name)]
    assert len(found) == 1, f"{kind} {name}: {len(found)} in the answer"
    return found[0]


def has_child(result: Result, kind: str, name: str) -> bool:
    """Whether the child is in the answer."""
    return any(key_of(one)[1:] == (kind, name) for one in result.response.children)


def workload(result: Result, name: str) -> Manifest:
    """The answered StatefulSet or Deployment."""
    return child(result, "Deployment" if name == DASHBOARD else "StatefulSet", name)


def template(result: Result, name: str) -> Manifest:
    """Pod template of an answered workload."""
    found: Manifest = workload(result, name)["spec"]["template"]
    return found


def stored(cluster: ClusterBuilder, name: str) -> Manifest:
    """An observed StatefulSet or Deployment."""
    return cluster.child("Deployment" if name == DASHBOARD else "StatefulSet", name)


def sent_template(cluster: ClusterBuilder, name: str) -> Mapping[str, Any]:
    """Pod template that was last sent, of an observed workload."""
    return applied_template(stored(cluster, name))


def hashes(of_template: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Certificate hash and configuration hash of a template."""
    annotations = of_template["metadata"]["annotations"]
    return annotations.get(CERT_HASH), annotations.get(CONFIG_HASH)


def version(of_template: Mapping[str, Any]) -> str:
    """Version label of a template."""
    found: str = of_template["metadata"]["labels"][LABEL_VERSION]
    return found


def changed_tiers(cluster: ClusterBuilder, result: Result) -> list[str]:
    """Workloads whose pods an answer would roll, in order."""
    return [name for name in TIERS if template(result, name) != sent_template(cluster, name)]


def status(result: Result) -> Mapping[str, Any]:
    """Answered status."""
    found = result.response.status
    assert found is not None
    return found


def condition(result: Result, kind: str) -> Mapping[str, Any]:
    """One condition of the answered status."""
    [found] = [one for one in status(result)["conditions"] if one["type"] == kind]
    return found  # type: ignore[no-any-return]  # a status is JSON


def judged(result: Result, kind: str) -> tuple[str, str]:
    """Status and reason of a condition."""
    found = condition(result, kind)
    return found["status"], found["reason"]


def settled_step(cluster: ClusterBuilder, **wait: float) -> Result:
    """One answer is stored, every pod gets ready at once, and time passes."""
    result = cluster.sync(sync)
    cluster.settle()
    cluster.wait(**(wait or {"seconds": AGED}))
    return result


def rolled_until_rest(cluster: ClusterBuilder) -> list[str]:
    """Workloads in the order in which their pods roll until nothing is left to write.

    All pods get ready at once each time. AssertionError if there is no end.
    """
    order: list[str] = []
    for _ in range(ROUNDS):
        before = cluster.writes
        order += changed_tiers(cluster, answer(cluster, cluster.calls + 1))
        cluster.sync(sync)
        if cluster.writes == before:
            return order
        cluster.settle()
        cluster.wait(seconds=AGED)
    raise AssertionError(f"{ROUNDS} rounds and still writing; rolled: {order}")
