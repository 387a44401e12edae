"""What a person does with a command that the status gives: only what the text says."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping

from app.result import Manifest
from app.simulation.engine import Engine
from app.simulation.hook import Hook, HookAnswer
from tests.cluster_builder import NAMES
from tests.convergence.world import annotate, condition, merged


def message(engine: Engine) -> str:
    """What the conditions say of lost Secrets."""
    kinds = ("CertificatesReady", "Degraded")
    return "; ".join(str(condition(engine, kind)["message"]) for kind in kinds)


def saved(engine: Engine, name: str) -> Manifest:
    """A backup of a Secret, as `kubectl get -o yaml` writes it."""
    return copy.deepcopy(engine.find("Secret", name))


def restore(engine: Engine, backup: Manifest) -> None:
    """`kubectl patch --local … | kubectl apply`, as the status says."""
    name = backup["metadata"]["name"]
    if name == NAMES.ca:
        _restore_from_files(engine, backup)
        return
    [given] = _found(
        rf"kubectl patch --local -f {name}\.yaml --type merge -p '([^']+)' -o yaml"
        rf" \| kubectl -n security apply -f -",
        engine,
    )
    engine.apply(merged(backup, json.loads(given)))


def _restore_from_files(engine: Engine, backup: Manifest) -> None:
    """`kubectl create secret generic … | kubectl label --local … | kubectl apply`."""
    files, uid = _found(
        rf"kubectl -n security create secret generic {NAMES.ca}((?: --from-file=\S+)+)"
        r" --dry-run=client -o yaml"
        r" \| kubectl label --local -f - controller-uid=(\S+) -o yaml \| kubectl apply -f -",
        engine,
    )
    keys = re.findall(r"--from-file=(\S+)", files)
    engine.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": NAMES.ca,
                "namespace": backup["metadata"]["namespace"],
                "labels": {"controller-uid": uid},
            },
            "data": {key: backup["data"][key] for key in keys},
        }
    )


def label(engine: Engine, name: str) -> None:
    """`kubectl patch secret`, as the status says."""
    [given] = _found(rf"kubectl -n security patch secret {name} --type merge -p '([^']+)'", engine)
    patch: Mapping[str, object] = json.loads(given)
    engine.edit_object("Secret", name, lambda one: one.update(merged(one, patch)))


def recreate(engine: Engine, name: str) -> str:
    """`kubectl annotate`, as the status says. Returns the value."""
    [given] = _found(
        rf"kubectl -n security annotate --overwrite wazuhcluster wz (\S+={name}/\w+)", engine
    )
    annotation, _, value = given.partition("=")
    annotate(engine, annotation, value)
    return value


def _found(pattern: str, engine: Engine) -> tuple[str, ...]:
    """The groups of ``pattern`` in the messages. AssertionError if no command fits."""
    match = re.search(pattern, message(engine))
    assert match is not None, message(engine)
    return match.groups()


class Down:
    """A hook that is not there: every call fails with 500, until it is put back."""

    def __init__(self, inner: Hook, times: int | None = None) -> None:
        """``times``: how many calls fail before ``inner`` answers; None for all."""
        self.inner = inner
        self.left = times

    def sync(self, request: Manifest) -> HookAnswer:
        """An error, or the inner answer."""
        return self._fails() or self.inner.sync(request)

    def finalize(self, request: Manifest) -> HookAnswer:
        """An error, or the inner answer."""
        return self._fails() or self.inner.finalize(request)

    def customize(self, request: Manifest) -> HookAnswer:
        """An error, or the inner answer."""
        return self._fails() or self.inner.customize(request)

    def _fails(self) -> HookAnswer | None:
        if self.left == 0:
            return None
        if self.left is not None:
            self.left -= 1
        return HookAnswer(status=500, body=None, text="away")
