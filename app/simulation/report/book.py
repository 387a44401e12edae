"""Lanes as they are written, within a limit: a run of any length takes bounded memory."""

from __future__ import annotations

import re
from typing import Any, Final

from app.simulation.report.life import Cause, Group, Lane, Look, Mark, Span

_GROUPS: Final = list(Group)
#: Their lanes stand in the order in which they came.
_AS_THEY_CAME: Final = (Group.CLUSTER, Group.AUTHORITY)


class Book:
    """Lanes by group and name. What comes after ``limit`` entries is counted, not kept."""

    __slots__ = ("_lanes", "_left", "dropped")

    def __init__(self, limit: int) -> None:
        """``limit``: lanes, spans and marks together."""
        self.dropped = 0
        self._left = limit
        self._lanes: dict[tuple[Group, str], Lane] = {}

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """All lanes that hold something: by group, then by name where it tells an order."""
        held = [lane for lane in self._lanes.values() if lane.spans or lane.marks]
        return tuple(sorted(held, key=_place))

    def lane(self, group: Group, name: str, *, routine: bool = False) -> Lane:
        """The lane of that name; a new one that is not kept if there is no room."""
        known = self._lanes.get((group, name))
        if known is not None:
            return known
        lane = Lane(group=group, name=name, routine=routine)
        if self._has_room():
            self._lanes[group, name] = lane
        return lane

    def span(self, lane: Lane, start: float, look: Look, label: str, text: str = "") -> Span:
        """Begin a span; who closes it keeps it, whether the lane does or not."""
        span = Span(start=start, look=look, label=label, text=text)
        if self._has_room():
            lane.spans.append(span)
        return span

    def mark(self, lane: Lane, time: float, causes: tuple[Cause, ...], text: str) -> None:
        """Note something that happened."""
        if self._has_room():
            lane.marks.append(Mark(time=time, causes=causes, text=text))

    def _has_room(self) -> bool:
        if not self._left:
            self.dropped += 1
            return False
        self._left -= 1
        return True


def _place(lane: Lane) -> tuple[Any, ...]:
    """Sort key: numbers in names by their value."""
    words = [] if lane.group in _AS_THEY_CAME else re.split(r"(\d+)", lane.name)
    return (_GROUPS.index(lane.group), [(int(w), "") if w.isdecimal() else (-1, w) for w in words])
