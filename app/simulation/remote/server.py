"""A real API server behind the interface that the model of Metacontroller knows.

`objects` and watch events are a cache that runs behind, as every client's; `find` and all writes
go to the server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from app.result import Manifest
from app.simulation.api_calls import (
    CREATED,
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
)
from app.simulation.informers import Informers
from app.simulation.kinds import KINDS, Kind
from app.simulation.remote.connection import Connection, collection
from app.simulation.remote.loop import Loop
from app.simulation.remote.reflector import Reflector
from app.simulation.sync_record import Ending, SyncError

CONTROLLER: Final = Kind(
    name="CompositeController",
    api_version="metacontroller.k8s.io/v1alpha1",
    plural="compositecontrollers",
    generation=True,
)
_KINDS: Final[Mapping[str, Kind]] = {**KINDS, CONTROLLER.name: CONTROLLER}

_Place = tuple[str, str]


class RemoteInformers(Informers):
    """Caches that hold an event as soon as it arrives: its lag is that of the real watch."""

    __slots__ = ()

    def _received(self, event: Event) -> None:
        if self.started(event.object["kind"]):
            self._show(event)


class RemoteApi:
    """One client of an API server. Everything but the watches runs in the loop's thread."""

    def __init__(self, connection: Connection, loop: Loop) -> None:
        """``loop``: where events are delivered."""
        self.log = CallLog(loop.timeline)
        self._connection = connection
        self._loop = loop
        self._stored: dict[str, dict[_Place, Manifest]] = {}
        self._watchers: list[Callable[[Event], None]] = []
        self._own: set[str] = set()
        self._reflectors: list[Reflector] = []

    def close(self) -> None:
        """Watch no longer and close the connection."""
        for reflector in self._reflectors:
            reflector.stop()
        self._connection.close()

    # --- reading ----------------------------------------------------------------------
    def find(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """Live object, or None. SyncError if the server does not answer."""
        try:
            return self._connection.call("GET", _path(kind, namespace, name)).body
        except ApiError as error:
            if error.code == NOT_FOUND:
                return None
            raise SyncError(Ending.ERROR, f"can't get {kind} {name}: {error}") from error

    def objects(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        """Objects of a kind as last seen; the first call lists them and begins to watch."""
        if kind not in self._stored:
            self._stored[kind] = {}
            reflector = Reflector(
                self._connection,
                _KINDS[kind],
                lambda event, item: self._loop.post(lambda: self._changed(event, item)),
                lambda items: self._loop.post(lambda: self._replaced(kind, items)),
            )
            self._stored[kind] = {_place(item): item for item in reflector.start()}
            self._reflectors.append(reflector)
        return [
            item
            for (place, _), item in self._stored[kind].items()
            if namespace is None or place == namespace
        ]

    def watch(self, watcher: Callable[[Event], None]) -> None:
        """Call ``watcher`` for every event of a kind whose `objects` were asked for."""
        self._watchers.append(watcher)

    def is_own(self, event: Event) -> bool:
        """Whether this client wrote what an event tells of."""
        metadata = event.object["metadata"]
        return metadata["resourceVersion"] in self._own or (
            event.type is EventType.DELETED and metadata["uid"] in self._own
        )

    # --- writing ----------------------------------------------------------------------
    def create(self, manifest: Manifest, actor: str) -> Manifest:
        """POST."""
        key = key_of(manifest)
        call = self.log.begin(actor, "create", key)
        item = self._sent(call, "POST", collection(_KINDS[key[0]], key[1]), manifest)
        call.done(CREATED, changed=True)
        return item

    def update(self, manifest: Manifest, actor: str) -> Manifest:
        """PUT."""
        return self._put(manifest, actor, "update", "")

    def update_status(self, manifest: Manifest, actor: str) -> Manifest:
        """PUT /status."""
        return self._put(manifest, actor, "update-status", "/status")

    def delete(self, key: Key, actor: str, *, uid: str | None = None) -> None:
        """DELETE with background propagation."""
        call = self.log.begin(actor, "delete", key)
        options: Manifest = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
        }
        if uid is not None:
            options["preconditions"] = {"uid": uid}
            self._own.add(uid)
        self._sent(call, "DELETE", _path(*key), options)
        call.done(OK, changed=True)

    def report(self, event: Manifest) -> None:
        """Store an Event; a refused one is lost."""
        try:
            path = f"/api/v1/namespaces/{event['metadata']['namespace']}/events"
            self._connection.call("POST", path, event)
        except ApiError:
            return

    # --- inside -----------------------------------------------------------------------
    def _put(self, manifest: Manifest, actor: str, verb: str, subresource: str) -> Manifest:
        key = key_of(manifest)
        call = self.log.begin(actor, verb, key)
        item = self._sent(call, "PUT", _path(*key) + subresource, manifest)
        before = manifest["metadata"].get("resourceVersion")
        changed = item["metadata"]["resourceVersion"] != before
        detail = "" if changed else first_difference(item, manifest)
        call.done(OK, changed=changed, detail=detail)
        return item

    def _sent(self, call: Call, method: str, path: str, body: Manifest) -> Manifest:
        try:
            item = self._connection.call(method, path, body).body
        except ApiError as error:
            call.done(error.code, changed=False, detail=str(error))
            raise
        version = item.get("metadata", {}).get("resourceVersion")
        if version:
            self._own.add(version)
        return item

    def _changed(self, event: str, item: Manifest) -> None:
        found = self._stored[item["kind"]]
        old = found.get(_place(item))
        if event == EventType.DELETED:
            found.pop(_place(item), None)
        else:
            found[_place(item)] = item
        self._tell(Event(type=EventType(event), object=item, old=old))

    def _replaced(self, kind: str, items: list[Manifest]) -> None:
        """Events that lead from the cache to what was listed anew."""
        now = {_place(item): item for item in items}
        before = dict(self._stored[kind])
        for place, old in before.items():
            if place not in now or now[place]["metadata"]["uid"] != old["metadata"]["uid"]:
                self._changed(EventType.DELETED, old)
        for place, item in now.items():
            known = self._stored[kind].get(place)
            if known is None:
                self._changed(EventType.ADDED, item)
            elif known["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                self._changed(EventType.MODIFIED, item)

    def _tell(self, event: Event) -> None:
        for watcher in self._watchers:
            watcher(event)


def _place(item: Manifest) -> _Place:
    return (item["metadata"].get("namespace", ""), item["metadata"]["name"])


def _path(kind: str, namespace: str, name: str) -> str:
    return f"{collection(_KINDS[kind], namespace)}/{name}"
