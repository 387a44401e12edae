"""A person with kubectl: reads and writes of one namespace, and waiting for what shall happen.

Nothing here knows which Metacontroller is at work.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Final

from app import names
from app.result import Manifest
from app.simulation.api_calls import ApiError
from app.simulation.kinds import KINDS, Kind
from app.simulation.remote.connection import Connection, Reply, collection

POLL_SECONDS: Final = 0.5
#: Within which a small cluster is Running on an idle machine many times over.
RUNNING_SECONDS: Final = 180.0
MERGE_PATCH: Final = "application/merge-patch+json"
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
_PARENT: Final = KINDS[names.KIND]


class Namespace:
    """One namespace of the cluster under test."""

    def __init__(self, connection: Connection, name: str) -> None:
        """It must exist."""
        self.connection = connection
        self.name = name

    # --- reading ----------------------------------------------------------------------
    def find(self, kind: str, name: str) -> Manifest | None:
        """Object, or None."""
        try:
            return self.connection.call("GET", self._path(kind, name)).body
        except ApiError as error:
            if error.code == _NOT_FOUND:
                return None
            raise

    def get(self, kind: str, name: str) -> Manifest:
        """Object. ApiError if there is none."""
        return self.connection.call("GET", self._path(kind, name)).body

    def all(self, kind: str) -> list[Manifest]:
        """All objects of a kind, with their kind."""
        items = self.connection.call("GET", collection(KINDS[kind], self.name)).body["items"]
        said = {"apiVersion": KINDS[kind].api_version, "kind": kind}
        return [said | item for item in items or []]

    def children(self, parent: Manifest, kinds: tuple[str, ...]) -> list[Manifest]:
        """Objects of these kinds that ``parent`` controls."""
        uid = parent["metadata"]["uid"]
        return [
            item
            for kind in kinds
            for item in self.all(kind)
            if any(owner["uid"] == uid for owner in item["metadata"].get("ownerReferences", ()))
        ]

    def pod_names(self) -> set[str]:
        """Names of all pods but those that are going."""
        return {
            pod["metadata"]["name"]
            for pod in self.all("Pod")
            if "deletionTimestamp" not in pod["metadata"]
        }

    def conditions(self, name: str) -> dict[str, Manifest]:
        """Conditions of a WazuhCluster by type."""
        return conditions(self.get(names.KIND, name))

    # --- writing ----------------------------------------------------------------------
    def create(self, manifest: Manifest, **query: str) -> Reply:
        """POST into this namespace."""
        body = copy.deepcopy(manifest)
        body["metadata"]["namespace"] = self.name
        kind = KINDS[body["kind"]]
        return self.connection.call("POST", collection(kind, self.name), body, query=query)

    def replace(self, manifest: Manifest, **query: str) -> Reply:
        """PUT."""
        path = self._path(manifest["kind"], manifest["metadata"]["name"])
        return self.connection.call("PUT", path, manifest, query=query)

    def patch(self, kind: str, name: str, change: Manifest, subresource: str = "") -> Manifest:
        """Merge patch."""
        path = self._path(kind, name) + (f"/{subresource}" if subresource else "")
        return self.connection.call("PATCH", path, change, content_type=MERGE_PATCH).body

    def delete(self, kind: str, name: str) -> None:
        """DELETE with background propagation."""
        options = {"propagationPolicy": "Background"}
        self.connection.call("DELETE", self._path(kind, name), options)

    def edit(
        self, name: str, change: Callable[[Manifest], object], kind: str = names.KIND
    ) -> Manifest:
        """Change an object as an editor does: read, change, replace, again on a conflict."""
        while True:
            stored = self.get(kind, name)
            change(stored)
            try:
                return self.replace(stored).body
            except ApiError as error:
                if error.code != _CONFLICT:
                    raise

    # --- waiting ----------------------------------------------------------------------
    def wait_running(self, name: str, seconds: float = RUNNING_SECONDS) -> Manifest:
        """The WazuhCluster, once it is Running at its current generation and Ready."""

        def state() -> str:
            parent = self.get(names.KIND, name)
            return "" if is_running(parent) else told(parent)

        wait_until(state, seconds)
        return self.get(names.KIND, name)

    def wait_degraded(self, name: str, text: str, seconds: float) -> str:
        """Message of the condition Degraded, once it is true and has ``text`` in it."""

        def state() -> str:
            found = self.conditions(name).get("Degraded", {})
            is_said = found.get("status") == "True" and text in found["message"]
            return "" if is_said else str(found)

        wait_until(state, seconds)
        return str(self.conditions(name)["Degraded"]["message"])

    def _path(self, kind: str, name: str) -> str:
        return f"{collection(KINDS[kind], self.name)}/{name}"


def wait_until(missing: Callable[[], object], seconds: float) -> None:
    """Ask until ``missing`` returns nothing; AssertionError with its last answer in time."""
    end = time.monotonic() + seconds
    while found := missing():
        assert time.monotonic() < end, f"after {seconds:g} s: {found}"
        time.sleep(POLL_SECONDS)


def is_running(parent: Manifest) -> bool:
    """Whether the phase is Running, every condition is good and all speak of the current spec."""
    status = parent.get("status", {})
    return (
        status.get("phase") == "Running"
        and status.get("observedGeneration") == parent["metadata"]["generation"]
        and conditions(parent).get("Ready", {}).get("status") == "True"
        and conditions(parent).get("Progressing", {}).get("status") == "False"
    )


def conditions(parent: Manifest) -> dict[str, Manifest]:
    """Conditions by type."""
    return {item["type"]: item for item in parent.get("status", {}).get("conditions", [])}


def told(parent: Manifest) -> str:
    """Phase and conditions in a line, for a message."""
    parts = [f"phase {parent.get('status', {}).get('phase')}"]
    parts += [
        f"{kind}={item['status']} {item['reason']}: {item.get('message', '')}"
        for kind, item in conditions(parent).items()
    ]
    return "; ".join(parts)


def parent_kind() -> Kind:
    """Kind of a WazuhCluster."""
    return _PARENT
