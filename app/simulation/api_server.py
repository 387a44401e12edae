"""API server in memory: versions, generations, conflicts, finalizers, watch events, a write log.

Objects that it hands out are shared and must not be changed; a writer sends its own copy. Every
write goes through JSON, as over the wire.
"""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Final

import orjson

from app.result import Manifest
from app.simulation.api_calls import (
    CONFLICT,
    CREATED,
    INVALID,
    NOT_FOUND,
    OK,
    ApiError,
    Call,
    CallLog,
    Event,
    EventType,
    Key,
    first_difference,
    key_of,
    owner_uids,
)
from app.simulation.kinds import KINDS
from app.simulation.merge import same
from app.simulation.server import managed_fields
from app.simulation.server.addresses import Addresses
from app.simulation.server.defaulting import stored
from app.simulation.server.validation import creation_faults, update_faults
from app.simulation.timeline import Timeline

PVC_PROTECTION: Final = "kubernetes.io/pvc-protection"

#: Validation and pruning of custom resources; raises ValueError to refuse.
Admission = Callable[[Manifest], Manifest]


class ApiServer:
    """The stored objects and the rules by which they change."""

    def __init__(
        self, timeline: Timeline, rng: random.Random, admission: Admission | None = None
    ) -> None:
        """``admission``: for the parent kind, the part of its CRD's schema."""
        self.log = CallLog(timeline)
        self._timeline = timeline
        self._rng = rng
        self._admission = admission
        self._addresses = Addresses(rng)
        self._stored: dict[str, dict[tuple[str, str], Manifest]] = defaultdict(dict)
        self._owned: dict[str, set[Key]] = defaultdict(set)
        self._watchers: list[Callable[[Event], None]] = []
        self._version = 100

    def take_over(self, other: ApiServer) -> None:
        """Start with the objects and the log of ``other``; both share what nobody changes."""
        for kind, found in other._stored.items():
            self._stored[kind] = dict(found)
        for uid, keys in other._owned.items():
            self._owned[uid] = set(keys)
        self._version = other._version
        self.log.writes.extend(other.log.writes)

    # --- reading ----------------------------------------------------------------------
    def find(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """Stored object, or None."""
        return self._stored[kind].get((namespace, name))

    def get(self, kind: str, namespace: str, name: str) -> Manifest:
        """Stored object; ApiError 404."""
        found = self.find(kind, namespace, name)
        if found is None:
            raise ApiError(NOT_FOUND, "NotFound", f"{kind} {name}")
        return found

    def objects(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        """Stored objects of a kind, in order of creation."""
        return [
            item
            for (place, _), item in self._stored[kind].items()
            if namespace is None or place == namespace
        ]

    def all_keys(self) -> list[Key]:
        """Keys of all stored objects."""
        return [(kind, *place) for kind, found in self._stored.items() for place in found]

    def dependents(self, uid: str) -> list[Key]:
        """Keys of the objects with an ownerReference to ``uid``, sorted."""
        return sorted(self._owned.get(uid, ()))

    def has_uid(self, kind: str, namespace: str, name: str, uid: str) -> bool:
        """Whether exactly this object lives."""
        found = self.find(kind, namespace, name)
        return found is not None and found["metadata"]["uid"] == uid

    def watch(self, watcher: Callable[[Event], None]) -> None:
        """Call ``watcher`` for every event, within the write."""
        self._watchers.append(watcher)

    # --- writing ----------------------------------------------------------------------
    def create(self, manifest: Manifest, actor: str) -> Manifest:
        """POST. ApiError 409 AlreadyExists (terminating objects count too), 422."""
        body = _copied(manifest)
        key = key_of(body)
        call = self.log.begin(actor, "create", key)
        if self.find(*key) is not None:
            raise call.error(CONFLICT, "AlreadyExists", f"{key[0]} {key[2]}")
        item = self._admitted(body, None, call)
        self._number(item, actor)
        self._store(EventType.ADDED, item, None, actor)
        call.done(CREATED, changed=True)
        return item

    def update(self, manifest: Manifest, actor: str) -> Manifest:
        """PUT. ApiError 404, 409 Conflict (resourceVersion or uid), 422.

        A body that leads to what is stored changes nothing and sends no event.
        """
        body = _copied(manifest)
        call = self.log.begin(actor, "update", key_of(body))
        old = self._current(body, call)
        item = self._admitted(body, old, call)
        return self._replace(old, item, actor, call, body)

    def update_status(self, manifest: Manifest, actor: str) -> Manifest:
        """PUT /status: only the status moves, the generation stays. ApiError 404, 409, 422."""
        body = _copied(manifest)
        call = self.log.begin(actor, "update-status", key_of(body))
        old = self._current(body, call)
        item = {**old, "status": body.get("status", {})}
        if self._admission is not None and not _is_builtin(old):
            item = self._through_schema(item, call)
        return self._replace(old, item, actor, call, body, status=True)

    def delete(
        self,
        key: Key,
        actor: str,
        *,
        uid: str | None = None,
        grace: bool = False,
        verb: str = "delete",
    ) -> None:
        """DELETE with background propagation. ApiError 404, 409 if the uid is another.

        With finalizers, or with ``grace`` (a running pod), only deletionTimestamp is set.
        """
        call = self.log.begin(actor, verb, key)
        old = self.find(*key)
        if old is None:
            raise call.error(NOT_FOUND, "NotFound", f"{key[0]} {key[2]}")
        metadata = old["metadata"]
        if uid is not None and metadata["uid"] != uid:
            raise call.error(CONFLICT, "Conflict", "another uid")
        if metadata.get("finalizers") or grace:
            if "deletionTimestamp" not in metadata:
                self._mark_terminating(old, actor)
            call.done(OK, changed="deletionTimestamp" not in metadata)
            return
        self._remove(old, actor)
        call.done(OK, changed=True)

    def disown(self, uid: str, actor: str) -> None:
        """Take the ownerReference to ``uid`` off its dependents, as orphaning does."""
        for key in self.dependents(uid):
            item = self.get(*key)
            owners = [one for one in item["metadata"]["ownerReferences"] if one["uid"] != uid]
            metadata = {**item["metadata"], "ownerReferences": owners}
            if not owners:
                del metadata["ownerReferences"]
            self.update({**item, "metadata": metadata}, actor)

    # --- inside -----------------------------------------------------------------------
    def _current(self, body: Manifest, call: Call) -> Manifest:
        """Stored object that ``body`` may replace."""
        old = self.find(*key_of(body))
        if old is None:
            raise call.error(NOT_FOUND, "NotFound", body["metadata"]["name"])
        for field in ("uid", "resourceVersion"):
            wanted = body["metadata"].get(field)
            if wanted is not None and wanted != old["metadata"][field]:
                raise call.error(CONFLICT, "Conflict", f"another {field}")
        return old

    def _admitted(self, body: Manifest, old: Manifest | None, call: Call) -> Manifest:
        """Stored form of ``body``: status of the body ignored, defaults in, validated."""
        kind = KINDS.get(body["kind"])
        if kind is not None and kind.api_version != body["apiVersion"]:
            raise call.error(NOT_FOUND, "NotFound", "this version is not served")
        body.pop("status", None)
        if not _is_builtin(body):
            item = self._through_schema(body, call)
        else:
            item = stored(body)
            self._addresses.assign(item, old)
        if old is not None:
            if "status" in old:
                item["status"] = old["status"]
            _keep_system_metadata(item, old)
            faults = update_faults(old, item)
        else:
            if kind is not None and kind.initial_status is not None:
                item["status"] = dict(kind.initial_status)
            elif _is_builtin(body):
                item.pop("status", None)
            faults = creation_faults(item)
        if faults:
            raise call.error(INVALID, "Invalid", "; ".join(faults))
        return item

    def _through_schema(self, item: Manifest, call: Call) -> Manifest:
        if self._admission is None:
            return item
        try:
            return self._admission(item)
        except ValueError as error:
            raise call.error(INVALID, "Invalid", str(error)) from error

    def _number(self, item: Manifest, actor: str) -> None:
        metadata = item["metadata"]
        for field in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"):
            metadata.pop(field, None)
        metadata["uid"] = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        metadata["creationTimestamp"] = self._timeline.stamp()
        kind = KINDS.get(item["kind"])
        if kind is None or kind.generation:
            metadata["generation"] = 1
        else:
            metadata.pop("generation", None)
        if _needs_finalizer(item):
            metadata.setdefault("finalizers", [PVC_PROTECTION])
        body = {key: value for key, value in item.items() if key != "status"}
        metadata["managedFields"] = managed_fields.recorded(
            [], self._entry(item, actor), managed_fields.fields_of(body)
        )

    def _entry(self, item: Manifest, actor: str, *, status: bool = False) -> Manifest:
        entry = {
            "manager": actor,
            "operation": "Update",
            "apiVersion": item["apiVersion"],
            "time": self._timeline.stamp(),
        }
        return {**entry, "subresource": "status"} if status else entry

    def _replace(
        self,
        old: Manifest,
        item: Manifest,
        actor: str,
        call: Call,
        body: Manifest,
        *,
        status: bool = False,
    ) -> Manifest:
        if same(old, item):
            call.done(OK, changed=False, detail=first_difference(old, body))
            return old
        metadata = item["metadata"] = dict(item["metadata"])
        if "generation" in metadata and not status and _spec_changed(old, item):
            metadata["generation"] += 1
        fields = managed_fields.fields_of(item)
        metadata["managedFields"] = managed_fields.recorded(
            old["metadata"].get("managedFields", []),
            self._entry(item, actor, status=status),
            managed_fields.changed(managed_fields.fields_of(old), fields, old, item),
        )
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            self._remove(old, actor)
        else:
            self._store(EventType.MODIFIED, item, old, actor)
        call.done(OK, changed=True)
        return item

    def _mark_terminating(self, old: Manifest, actor: str) -> None:
        metadata = {
            **old["metadata"],
            "deletionTimestamp": self._timeline.stamp(),
            "deletionGracePeriodSeconds": 0,
        }
        if "generation" in metadata:
            metadata["generation"] += 1
        self._store(EventType.MODIFIED, {**old, "metadata": metadata}, old, actor)

    def _store(self, event: EventType, item: Manifest, old: Manifest | None, actor: str) -> None:
        self._version += 1
        item["metadata"]["resourceVersion"] = str(self._version)
        kind, namespace, name = key = key_of(item)
        self._stored[kind][namespace, name] = item
        if old is not None:
            self._forget_owners(old, key)
        for uid in owner_uids(item):
            self._owned[uid].add(key)
        self._send(Event(type=event, object=item, old=old, actor=actor))

    def _remove(self, old: Manifest, actor: str) -> None:
        kind, namespace, name = key = key_of(old)
        del self._stored[kind][namespace, name]
        self._forget_owners(old, key)
        self._version += 1
        gone = {**old, "metadata": {**old["metadata"], "resourceVersion": str(self._version)}}
        self._send(Event(type=EventType.DELETED, object=gone, old=old, actor=actor))

    def _forget_owners(self, item: Manifest, key: Key) -> None:
        for uid in owner_uids(item):
            self._owned[uid].discard(key)
            if not self._owned[uid]:
                del self._owned[uid]

    def _send(self, event: Event) -> None:
        for watcher in self._watchers:
            watcher(event)


def _copied(manifest: Manifest) -> Manifest:
    copy: Manifest = orjson.loads(orjson.dumps(manifest))
    return copy


def _is_builtin(manifest: Manifest) -> bool:
    group = manifest["apiVersion"].rpartition("/")[0]
    return "." not in group or group.endswith(".k8s.io")


def _needs_finalizer(item: Manifest) -> bool:
    return bool(item["kind"] == "PersistentVolumeClaim")


def _keep_system_metadata(item: Manifest, old: Manifest) -> None:
    metadata, before = item["metadata"], old["metadata"]
    for field in (
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
    ):
        if field in before:
            metadata[field] = before[field]
        else:
            metadata.pop(field, None)


def _spec_changed(old: Manifest, new: Manifest) -> bool:
    return any(
        not same(old.get(key), new.get(key))
        for key in old.keys() | new.keys()
        if key not in ("metadata", "status")
    )
