"""List and watch of one kind: a thread that tells of every change, in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from app.result import Manifest
from app.simulation.api_calls import ApiError
from app.simulation.kinds import Kind
from app.simulation.remote.connection import WATCH_SECONDS, Connection, collection

GONE: Final = 410
_RETRY_SECONDS: Final = 1.0
_ATTEMPTS: Final = 30
#: Answers that another attempt may turn.
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
_BOOKMARK: Final = "BOOKMARK"
_ERROR: Final = "ERROR"

#: Type of the event and the object.
Changed = Callable[[str, Manifest], None]
#: All objects there are, after a watch could not be continued.
Replaced = Callable[[list[Manifest]], None]


class Reflector:
    """Objects of all namespaces, until it is stopped or the process ends."""

    __slots__ = ("_changed", "_connection", "_kind", "_replaced", "_stopped", "_version")

    def __init__(
        self, connection: Connection, kind: Kind, changed: Changed, replaced: Replaced
    ) -> None:
        """``changed`` and ``replaced`` are called by the thread."""
        self._connection = connection
        self._kind = kind
        self._changed = changed
        self._replaced = replaced
        self._version = ""
        self._stopped = threading.Event()

    def start(self) -> list[Manifest]:
        """List what there is now, then watch. ApiError if the kind is not served in time.

        For some seconds after a definition was established its storage answers 429.
        """
        found = self._patiently_listed()
        threading.Thread(target=self._run, name=f"watch {self._kind.plural}", daemon=True).start()
        return found

    def stop(self) -> None:
        """Begin no further watch."""
        self._stopped.set()

    def _patiently_listed(self) -> list[Manifest]:
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._list()
            except ApiError as error:
                if error.code not in _TRANSIENT:
                    raise
                self._stopped.wait(_RETRY_SECONDS)
        return self._list()

    def _list(self) -> list[Manifest]:
        answer = self._connection.call("GET", collection(self._kind, None)).body
        self._version = answer["metadata"]["resourceVersion"]
        # Items of a list of built-in kinds don't say what they are.
        said = {"apiVersion": self._kind.api_version, "kind": self._kind.name}
        return [said | item for item in answer["items"] or []]

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                if not self._watch():
                    self._replaced(self._list())
            except ApiError as error:
                if error.code == GONE:
                    self._version = ""
                self._stopped.wait(_RETRY_SECONDS)

    def _watch(self) -> bool:
        """Follow one watch to its end; False if it can't be continued from where it ended."""
        if not self._version:
            return False
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        for line in self._connection.lines(collection(self._kind, None), query):
            event: str = line["type"]
            item: dict[str, Any] = line["object"]
            if event == _ERROR:
                self._version = ""
                return False
            self._version = item["metadata"]["resourceVersion"]
            if event != _BOOKMARK:
                self._changed(event, item)
        return True
