"""Virtual time: a clock that only moves from one planned event to the next."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Action = Callable[[], None]


class Planned:
    """One planned event; it can be called off."""

    __slots__ = ("action", "due", "sequence")

    def __init__(self, due: float, sequence: int, action: Action) -> None:
        """``due``: seconds since the start of the timeline."""
        self.due = due
        self.sequence = sequence
        self.action: Action | None = action

    def __lt__(self, other: Planned) -> bool:
        """Earlier first; of equal times the one that was planned first."""
        return (self.due, self.sequence) < (other.due, other.sequence)

    def cancel(self) -> None:
        """Forget the action; the moment passes without effect."""
        self.action = None


class Timeline:
    """Clock and event heap. Deterministic: ties are broken by the order of planning."""

    __slots__ = ("_heap", "_sequence", "elapsed", "start")

    def __init__(self, start: datetime) -> None:
        """``start``: aware UTC datetime of second 0."""
        self.start = start.astimezone(UTC).replace(microsecond=0)
        self.elapsed = 0.0
        self._heap: list[Planned] = []
        self._sequence = 0

    def now(self) -> datetime:
        """Aware UTC time, whole seconds."""
        return self.start + timedelta(seconds=int(self.elapsed))

    def stamp(self) -> str:
        """Time as Kubernetes writes it."""
        return timestamp(self.now())

    def at(self, due: float, action: Action) -> Planned:
        """Plan ``action`` for ``due`` seconds after the start, at the earliest now."""
        self._sequence += 1
        planned = Planned(max(due, self.elapsed), self._sequence, action)
        heapq.heappush(self._heap, planned)
        return planned

    def after(self, delay: float, action: Action) -> Planned:
        """Plan ``action`` for ``delay`` seconds from now."""
        return self.at(self.elapsed + delay, action)

    def next_due(self) -> float | None:
        """Seconds since the start of the next event; None if nothing is planned."""
        while self._heap and self._heap[0].action is None:
            heapq.heappop(self._heap)
        return self._heap[0].due if self._heap else None

    def step(self, limit: float) -> bool:
        """Run the next event that is due by ``limit``; False (clock at ``limit``) if none is."""
        due = self.next_due()
        if due is None or due > limit:
            self.elapsed = max(self.elapsed, limit)
            return False
        planned = heapq.heappop(self._heap)
        self.elapsed = max(self.elapsed, planned.due)
        if planned.action is not None:
            planned.action()
        return True


def timestamp(moment: datetime) -> str:
    """RFC 3339 form with whole seconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parsed(text: str) -> datetime:
    """Aware UTC datetime of a Kubernetes timestamp."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
