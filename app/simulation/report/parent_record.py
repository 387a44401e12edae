"""What is recorded of the WazuhCluster: phase, conditions, stage of the CA, edits of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app.names import ANNOTATION_PREFIX
from app.observed.request import as_list, as_map, as_text
from app.result import Manifest
from app.simulation.merge import same
from app.simulation.report.book import Book
from app.simulation.report.life import Group, Lane, Look, Span
from app.simulation.timeline import Timeline

PHASE: Final = "Phase"
STAGE: Final = "Stage of rotation"
_PHASES: Final = {
    "Pending": Look.CHANGING,
    "Creating": Look.CHANGING,
    "Running": Look.GOOD,
    "Updating": Look.CHANGING,
    "Upgrading": Look.CHANGING,
    "Failed": Look.BAD,
}
#: Conditions that are not good when they are True.
_TRUE_IS: Final = {"Progressing": Look.CHANGING, "Degraded": Look.BAD}
#: Reasons for which a condition that is not good is no fault.
_ON_THE_WAY: Final = frozenset({"Creating", "Issuing"})
#: How deep and how many paths of an edit are named: never values, which people may hold secret.
_DEPTH: Final = 4
_NAMED: Final = 8


class ParentRecord:
    """Follows the status of the WazuhCluster."""

    __slots__ = ("_book", "_now", "_timeline", "phase")

    def __init__(self, timeline: Timeline, book: Book) -> None:
        """No phase yet."""
        self.phase = ""
        self._timeline = timeline
        self._book = book
        self._now: dict[str, tuple[str, Span]] = {}

    def status(self, status: Mapping[str, Any]) -> None:
        """The status as it is now."""
        self.phase = as_text(status.get("phase")) or ""
        if self.phase:
            look = _PHASES.get(self.phase, Look.IDLE)
            self._state(Group.CLUSTER, PHASE, self.phase, look, "")
        for one in map(as_map, as_list(status.get("conditions"))):
            kind, value = as_text(one.get("type")) or "", as_text(one.get("status")) or ""
            reason = as_text(one.get("reason")) or ""
            label = f"{value}, {reason}" if reason else value
            look = _look_of(kind, value, reason)
            self._state(Group.CLUSTER, kind, label, look, as_text(one.get("message")) or "")
        stage = as_text(as_map(status.get("certificateAuthority")).get("stage"))
        if stage is not None:
            look = Look.GOOD if stage == "Steady" else Look.CHANGING
            self._state(Group.AUTHORITY, STAGE, stage, look, "")

    def gone(self) -> None:
        """The WazuhCluster is deleted: every state ends."""
        self.phase = ""
        for _, span in self._now.values():
            span.end = self._timeline.elapsed
        self._now.clear()

    def _state(self, group: Group, name: str, label: str, look: Look, text: str) -> None:
        """One span as long as the label stays; of its messages the first and the last are kept."""
        known = self._now.get(name)
        if known is not None:
            first, span = known
            if span.label == label:
                span.text = first if text == first else f"{first}\nlater: {text}"
                return
            span.end = self._timeline.elapsed
        lane: Lane = self._book.lane(group, name)
        span = self._book.span(lane, self._timeline.elapsed, look, label, text)
        self._now[name] = (text, span)


def edited(old: Manifest, new: Manifest) -> str:
    """Paths that a person changed in a WazuhCluster; empty if none that matters."""
    before, after = as_map(old["metadata"].get("annotations")), new["metadata"].get("annotations")
    paths = [
        f"annotation {path}"
        for path in _paths(before, as_map(after), "", 1)
        if path.startswith(ANNOTATION_PREFIX)
    ]
    paths += _paths(old.get("spec"), new.get("spec"), "spec", _DEPTH)
    rest = len(paths) - _NAMED
    return ", ".join(paths[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _paths(old: Any, new: Any, path: str, depth: int) -> Iterator[str]:
    """Where two values differ; lists and what lies deeper are named as a whole."""
    if same(old, new):
        return
    if not depth or not isinstance(old, dict) or not isinstance(new, dict):
        yield path
        return
    for key in sorted(old.keys() | new.keys()):
        inner = f"{path}.{key}" if path else key
        yield from _paths(old.get(key), new.get(key), inner, depth - 1)


def _look_of(kind: str, value: str, reason: str) -> Look:
    if kind in _TRUE_IS:
        return _TRUE_IS[kind] if value == "True" else Look.GOOD
    if value == "True":
        return Look.GOOD
    return Look.CHANGING if reason in _ON_THE_WAY else Look.BAD
