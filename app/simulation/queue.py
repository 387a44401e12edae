"""Work queue of a controller, as in client-go: no key twice at once, delays, back-off."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from app.simulation.timeline import Planned, Timeline

_FIRST_BACK_OFF_SECONDS: Final = 0.005
_LONGEST_BACK_OFF_SECONDS: Final = 1000.0
#: Beyond this many failures the back-off is at its longest anyway.
_MOST_DOUBLINGS: Final = 20

K = TypeVar("K")


class WorkQueue(Generic[K]):
    """Keys to be worked on; ``wake`` is called when one gets ready."""

    __slots__ = ("_dirty", "_failures", "_processing", "_ready", "_timeline", "_waiting", "_wake")

    def __init__(self, timeline: Timeline, wake: Callable[[], None]) -> None:
        """``wake``: must be cheap and may be called more often than needed."""
        self._timeline = timeline
        self._wake = wake
        self.clear()

    def clear(self) -> None:
        """Forget everything, as a restart does."""
        for planned in getattr(self, "_waiting", {}).values():
            planned.cancel()
        self._ready: deque[K] = deque()
        self._dirty: set[K] = set()
        self._processing: set[K] = set()
        self._failures: dict[K, int] = {}
        self._waiting: dict[K, Planned] = {}

    def add(self, key: K) -> None:
        """Ask for a run; while one is under way, for exactly one more."""
        if key in self._dirty:
            return
        self._dirty.add(key)
        if key not in self._processing:
            self._ready.append(key)
            self._wake()

    def add_after(self, key: K, seconds: float) -> None:
        """Ask for a run in ``seconds``; of several delays the earliest counts."""
        if seconds <= 0:
            self.add(key)
            return
        due = self._timeline.elapsed + seconds
        waiting = self._waiting.get(key)
        if waiting is not None:
            if waiting.due <= due:
                return
            waiting.cancel()
        self._waiting[key] = self._timeline.at(due, lambda: self._come_due(key))

    def add_rate_limited(self, key: K) -> None:
        """Ask for a run after a back-off that doubles with each failure."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = _FIRST_BACK_OFF_SECONDS * 2 ** min(failures, _MOST_DOUBLINGS)
        self.add_after(key, min(delay, _LONGEST_BACK_OFF_SECONDS))

    def get(self) -> K | None:
        """Next key, now in processing; None if none is ready."""
        if not self._ready:
            return None
        key = self._ready.popleft()
        self._processing.add(key)
        self._dirty.discard(key)
        return key

    def done(self, key: K) -> None:
        """End of a run."""
        self._processing.discard(key)
        if key in self._dirty:
            self._ready.append(key)
            self._wake()

    def forget(self, key: K) -> None:
        """Reset the back-off after a success."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """Failures in a row."""
        return self._failures.get(key, 0)

    def due(self, key: K) -> float | None:
        """When a delayed run is due, in seconds since the start."""
        waiting = self._waiting.get(key)
        return None if waiting is None else waiting.due

    def idle(self) -> bool:
        """Whether nothing is ready or in processing; delayed runs do not count."""
        return not self._ready and not self._processing

    def _come_due(self, key: K) -> None:
        del self._waiting[key]
        self.add(key)
