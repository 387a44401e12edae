"""The wall clock behind a `Timeline`: what is planned happens when its time has come.

All work is done by the thread that calls `run`. Other threads, such as those that read watches,
only `post` what it shall do.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import Final

from app.simulation.timeline import Action, Timeline

#: How often `run` looks whether it shall end.
_LOOK_SECONDS: Final = 0.5


class Loop:
    """Runs the actions of a timeline, and those that are posted, one at a time."""

    __slots__ = ("_inbox", "_origin", "timeline")

    def __init__(self, timeline: Timeline) -> None:
        """Second 0 of ``timeline`` is now."""
        self.timeline = timeline
        self._inbox: queue.SimpleQueue[Action] = queue.SimpleQueue()
        self._origin = time.monotonic()

    def post(self, action: Action) -> None:
        """Have ``action`` done soon, in the order of the posts; any thread may call it."""
        self._inbox.put(action)

    def run(self, ended: Callable[[], bool]) -> None:
        """Work until ``ended``, which is asked at least twice a second."""
        while not ended():
            self._drain(self._pause())
            self._advance()
            self.timeline.step(self.timeline.elapsed)

    def _advance(self) -> None:
        self.timeline.elapsed = max(self.timeline.elapsed, time.monotonic() - self._origin)

    def _pause(self) -> float:
        """Seconds until something planned is due, at most until the next look."""
        due = self.timeline.next_due()
        if due is None:
            return _LOOK_SECONDS
        return min(max(due - (time.monotonic() - self._origin), 0.0), _LOOK_SECONDS)

    def _drain(self, pause: float) -> None:
        """Do what was posted; wait for it no longer than ``pause``."""
        try:
            action = self._inbox.get(timeout=pause) if pause else self._inbox.get_nowait()
            while True:
                self._advance()
                action()
                action = self._inbox.get_nowait()
        except queue.Empty:
            return
