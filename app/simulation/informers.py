"""Informer caches: what Metacontroller sees, later than it happens and each kind by itself.

Order holds within a kind, never between kinds. So a view may hold the Secrets of a write and not
yet its StatefulSets, or a status newer than the children it speaks of.
"""

from __future__ import annotations

import random
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from app import names
from app.result import Manifest
from app.simulation.api import Api
from app.simulation.api_calls import Event, EventType
from app.simulation.kinds import KINDS
from app.simulation.timeline import Timeline

_CORE_SECONDS: Final = (0.002, 0.03)
_PARENT_SECONDS: Final = (0.002, 0.06)
_LATER_SECONDS: Final = (0.03, 0.25)


class Lag(Protocol):
    """How late the events of a kind arrive."""

    def seconds(self, kind: str, rng: random.Random) -> float:
        """Delay of one event."""


class NaturalLag:
    """As on a real cluster: core kinds are seen first, the parent's status may overtake others."""

    __slots__ = ()

    def seconds(self, kind: str, rng: random.Random) -> float:
        """Some milliseconds for core kinds and the parent, up to a quarter second for others."""
        if kind == names.KIND:
            return rng.uniform(*_PARENT_SECONDS)
        known = KINDS.get(kind)
        core = known is not None and not known.group
        return rng.uniform(*(_CORE_SECONDS if core else _LATER_SECONDS))


class UniformLag:
    """The same span for every kind; (0, 0) shows everything at once."""

    __slots__ = ("_longest", "_shortest")

    def __init__(self, shortest: float, longest: float) -> None:
        """Seconds."""
        self._shortest = shortest
        self._longest = longest

    def seconds(self, kind: str, rng: random.Random) -> float:  # noqa: ARG002 - any kind
        """Anything within the span."""
        return rng.uniform(self._shortest, self._longest)


Handler = Callable[[Event], None]


class Informers:
    """Caches of some kinds, filled at the start and then by delayed events."""

    __slots__ = (
        "_api",
        "_aside",
        "_caches",
        "_epoch",
        "_fifo",
        "_handler",
        "_held",
        "_lag",
        "_last_due",
        "_rng",
        "_timeline",
    )

    def __init__(
        self, timeline: Timeline, api: Api, lag: Lag, rng: random.Random, handler: Handler
    ) -> None:
        """``handler``: called after an event has changed the cache, with the state before it."""
        self._timeline = timeline
        self._api = api
        self._lag = lag
        self._rng = rng
        self._handler = handler
        self._caches: dict[str, dict[tuple[str, str], Manifest]] = {}
        self._fifo: dict[str, deque[Event]] = defaultdict(deque)
        self._last_due: dict[str, float] = defaultdict(float)
        self._held: set[tuple[str, str | None]] = set()
        self._aside: list[Event] = []
        self._epoch = 0
        api.watch(self._received)

    def start(self, kinds: Iterable[str]) -> None:
        """Fill the caches of these kinds with what is stored now (a list, then a watch)."""
        for kind in kinds:
            self._caches[kind] = {
                (item["metadata"].get("namespace", ""), item["metadata"]["name"]): item
                for item in self._api.objects(kind)
            }

    def restart(self) -> None:
        """Drop what is under way and fill all caches again."""
        self._epoch += 1
        self._fifo.clear()
        self._last_due.clear()
        self._aside.clear()
        self.start(list(self._caches))

    def started(self, kind: str) -> bool:
        """Whether a cache exists."""
        return kind in self._caches

    def find(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """Cached object, or None."""
        return self._caches[kind].get((namespace, name))

    def objects(self, kind: str) -> list[Manifest]:
        """Cached objects of a kind."""
        return list(self._caches[kind].values())

    def up_to_date(self) -> bool:
        """Whether no event is under way or held back."""
        return not self._aside and not any(self._fifo.values())

    # --- perturbations ----------------------------------------------------------------
    def hold(self, kind: str, name: str | None = None) -> None:
        """From now on show nothing new of a kind, or of one object of it."""
        self._held.add((kind, name))

    def release(self, kind: str, name: str | None = None) -> None:
        """Show what was held back, at once and in order."""
        self._held.discard((kind, name))
        waiting, self._aside = self._aside, []
        for event in waiting:
            self._show(event)

    # --- delivery ---------------------------------------------------------------------
    def _received(self, event: Event) -> None:
        kind = event.object["kind"]
        if kind not in self._caches:
            return
        fifo = self._fifo[kind]
        if fifo and self._merges(fifo[-1], event):
            fifo[-1] = Event(type=fifo[-1].type, object=event.object, old=fifo[-1].old)
            return
        fifo.append(event)
        due = self._timeline.elapsed + self._lag.seconds(kind, self._rng)
        due = self._last_due[kind] = max(due, self._last_due[kind])
        epoch = self._epoch
        self._timeline.at(due, lambda: self._deliver(kind, epoch))

    def _merges(self, earlier: Event, later: Event) -> bool:
        """Whether two events become one; then the state between them is never seen."""
        return (
            later.type is EventType.MODIFIED
            and earlier.type is not EventType.DELETED
            and earlier.key == later.key
            and self._rng.random() < 0.5  # noqa: PLR2004 - a coin
        )

    def _deliver(self, kind: str, epoch: int) -> None:
        if epoch == self._epoch and self._fifo[kind]:
            self._show(self._fifo[kind].popleft())

    def _show(self, event: Event) -> None:
        kind, namespace, name = event.key
        if (kind, None) in self._held or (kind, name) in self._held:
            self._aside.append(event)
            return
        cache = self._caches[kind]
        old = cache.get((namespace, name))
        if event.type is EventType.DELETED:
            cache.pop((namespace, name), None)
        else:
            cache[namespace, name] = event.object
        self._handler(Event(type=event.type, object=event.object, old=old))
