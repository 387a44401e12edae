"""Runs the built-in controllers: an event plans one reconciliation of what it concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.simulation.api_calls import ApiError, Event, Key, controller_of, key_of
from app.simulation.api_server import ApiServer
from app.simulation.timeline import Planned, Timeline

#: From an event to the controller's reaction.
LATENCY_SECONDS: Final = 0.05
RETRY_SECONDS: Final = 1.0

#: Brings one object closer to its spec; returns seconds until it wants to look again, or None.
Reconcile = Callable[[str, str], float | None]


class Dispatcher:
    """Keys waiting to be reconciled; each at most once, the earliest time counts."""

    __slots__ = ("_api", "_mapped", "_planned", "_reconcilers", "_timeline")

    def __init__(self, timeline: Timeline, api: ApiServer) -> None:
        """Without controllers; see `register`."""
        self._timeline = timeline
        self._api = api
        self._reconcilers: dict[str, Reconcile] = {}
        self._mapped: dict[str, list[Callable[[Event], list[Key]]]] = {}
        self._planned: dict[Key, Planned] = {}
        api.watch(self._seen)

    def register(self, kind: str, reconcile: Reconcile) -> None:
        """``reconcile`` runs for events of its kind and of what such objects control."""
        self._reconcilers[kind] = reconcile

    def map(self, kind: str, keys: Callable[[Event], list[Key]]) -> None:
        """``keys`` says what else an event of ``kind`` concerns."""
        self._mapped.setdefault(kind, []).append(keys)

    def plan(self, key: Key, delay: float = LATENCY_SECONDS) -> None:
        """Reconcile ``key`` after ``delay``, unless an earlier run is planned."""
        due = self._timeline.elapsed + delay
        planned = self._planned.get(key)
        if planned is not None:
            if planned.due <= due:
                return
            planned.cancel()
        self._planned[key] = self._timeline.at(due, lambda: self._run(key))

    def start(self) -> None:
        """Look at every object, as after a restart."""
        for kind in self._reconcilers:
            for item in self._api.objects(kind):
                self.plan(key_of(item))

    def _seen(self, event: Event) -> None:
        kind, namespace, _ = event.key
        if kind in self._reconcilers:
            self.plan(event.key)
        owner = controller_of(event.object)
        if owner is not None and owner["kind"] in self._reconcilers:
            self.plan((owner["kind"], namespace, owner["name"]))
        for keys in self._mapped.get(kind, ()):
            for key in keys(event):
                self.plan(key)

    def _run(self, key: Key) -> None:
        del self._planned[key]
        kind, namespace, name = key
        try:
            again = self._reconcilers[kind](namespace, name)
        except ApiError:
            # Refused (a conflict, a missing ServiceAccount, an injected fault): try again.
            again = RETRY_SECONDS
        if again is not None:
            self.plan(key, again)
