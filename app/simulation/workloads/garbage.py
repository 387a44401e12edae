"""Garbage collection by owner, and the protection of claims in use."""

from __future__ import annotations

from typing import Final

from app.result import Manifest
from app.simulation.api_calls import NOT_FOUND, ApiError, Event, EventType, Key, owner_uids
from app.simulation.api_server import PVC_PROTECTION, ApiServer
from app.simulation.timeline import Timeline

ACTOR: Final = "garbage-collector"
PROTECTION_ACTOR: Final = "pvc-protection-controller"
_DELAY_SECONDS: Final = 0.2
_CLAIM: Final = "PersistentVolumeClaim"


class GarbageCollector:
    """Deletes, in the background, what no living owner holds any more."""

    __slots__ = ("_alive", "_api", "_timeline")

    def __init__(self, timeline: Timeline, api: ApiServer) -> None:
        """Watches all events."""
        self._timeline = timeline
        self._api = api
        self._alive: set[str] = set()
        api.watch(self._seen)

    def take_over(self, other: GarbageCollector) -> None:
        """Know the owners that ``other`` knows, and look at what none of them holds."""
        self._alive.update(other._alive)
        for key in self._api.all_keys():
            if any(owner not in self._alive for owner in owner_uids(self._api.get(*key))):
                self._plan(key)

    def _seen(self, event: Event) -> None:
        uid = event.object["metadata"]["uid"]
        if event.type is EventType.DELETED:
            self._alive.discard(uid)
            for key in self._api.dependents(uid):
                self._plan(key)
        elif event.type is EventType.ADDED:
            self._alive.add(uid)
            if any(owner not in self._alive for owner in owner_uids(event.object)):
                self._plan(event.key)

    def _plan(self, key: Key) -> None:
        self._timeline.after(_DELAY_SECONDS, lambda: self._collect(key))

    def _collect(self, key: Key) -> None:
        """Delete an object whose owners are all gone."""
        item = self._api.find(*key)
        if item is None or any(owner in self._alive for owner in owner_uids(item)):
            return
        if not item["metadata"].get("ownerReferences"):
            return
        try:
            self._api.delete(key, ACTOR, uid=item["metadata"]["uid"], grace=key[0] == "Pod")
        except ApiError as error:
            if error.code != NOT_FOUND:
                self._plan(key)  # refused for now: it will be tried again


class ClaimProtection:
    """Lets a deleted claim go when no pod uses it any more."""

    __slots__ = ("_api",)

    def __init__(self, api: ApiServer) -> None:
        """Without state of its own."""
        self._api = api

    def concerned(self, event: Event) -> list[Key]:
        """Claims that a deleted pod used."""
        if event.type is not EventType.DELETED:
            return []
        return [(_CLAIM, event.key[1], name) for name in _claims_of(event.object)]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Take the finalizer off a terminating claim that is not in use."""
        item = self._api.find(_CLAIM, namespace, name)
        if item is None or "deletionTimestamp" not in item["metadata"]:
            return None
        if any(name in _claims_of(pod) for pod in self._api.objects("Pod", namespace)):
            return None
        rest = [f for f in item["metadata"].get("finalizers", []) if f != PVC_PROTECTION]
        metadata = {**item["metadata"], "finalizers": rest}
        self._api.update({**item, "metadata": metadata}, PROTECTION_ACTOR)
        return None


def _claims_of(pod: Manifest) -> list[str]:
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes", [])
        if "persistentVolumeClaim" in volume
    ]
