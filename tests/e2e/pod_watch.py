"""The order in which pods of a namespace come to be, as a watch tells it."""

from __future__ import annotations

import threading
from typing import Final

from app import names
from app.simulation.api_calls import ApiError
from app.simulation.kinds import KINDS
from app.simulation.remote.connection import Connection, collection

_POD: Final = KINDS["Pod"]


class PodWatch:
    """Watches from its making on; its thread ends with the process."""

    def __init__(self, connection: Connection, namespace: str) -> None:
        """Pods that are there already do not count."""
        self._connection = connection
        self._path = collection(_POD, namespace)
        self._created: list[tuple[str, str]] = []
        self._version = connection.call("GET", self._path).body["metadata"]["resourceVersion"]
        threading.Thread(target=self._run, daemon=True).start()

    @property
    def created(self) -> list[tuple[str, str]]:
        """Component and name of each pod that was created, in order."""
        return list(self._created)

    @property
    def components(self) -> list[str]:
        """Components in the order of their first new pod; one that comes again is named again."""
        found: list[str] = []
        for component, _ in self.created:
            if found[-1:] != [component]:
                found.append(component)
        return found

    def _run(self) -> None:
        query = {"watch": "true", "resourceVersion": self._version}
        try:
            for line in self._connection.lines(self._path, query):
                if line["type"] == "ADDED":
                    metadata = line["object"]["metadata"]
                    component = metadata["labels"].get(names.LABEL_COMPONENT, "")
                    self._created.append((component, metadata["name"]))
        except (ApiError, RuntimeError):  # the connection was closed at the end of the session
            return
