"""What Metacontroller asks of an API server, be it in memory or a real one behind HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from app.result import Manifest
from app.simulation.api_calls import CallLog, Event, Key


class Api(Protocol):
    """Reads and writes of one client. Writes raise ApiError for what the server refuses."""

    log: CallLog

    def find(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """Live object, or None."""

    def objects(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        """Objects of a kind, as far as `watch` has told of them."""

    def watch(self, watcher: Callable[[Event], None]) -> None:
        """Call ``watcher`` for every event of the kinds whose `objects` were asked for."""

    def create(self, manifest: Manifest, actor: str) -> Manifest:
        """POST."""

    def update(self, manifest: Manifest, actor: str) -> Manifest:
        """PUT."""

    def update_status(self, manifest: Manifest, actor: str) -> Manifest:
        """PUT /status."""

    def delete(self, key: Key, actor: str, *, uid: str | None = None) -> None:
        """DELETE with background propagation and, where ``uid`` is given, its precondition."""
