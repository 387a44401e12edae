"""Episodes: the hours in which something happens, between months in which nothing does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.simulation.report.life import RENEWALS, RESTARTS, Cause, Group, Lane, Life, Look, Mark
from app.simulation.report.parent_record import STAGE
from app.simulation.report.scale import Scale

#: Quiet for longer ends an episode: a rotation of the CA waits for a minute or two at a time.
QUIET_SECONDS: Final = 3600.0
#: Seconds around an episode at least, and the part of it.
_PADDING: Final = 5.0
_PADDING_SHARE: Final = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """From the first to the last event."""

    start: float
    end: float

    @property
    def scale(self) -> Scale:
        """With some room on both sides."""
        padding = max(_PADDING, (self.end - self.start) * _PADDING_SHARE)
        return Scale(self.start - padding, self.end + padding)

    def lanes(self, life: Life) -> list[Lane]:
        """Lanes in which something happens."""
        return [
            lane
            for lane in life.lanes
            if any(self.start <= moment <= self.end for moment in _moments(lane))
        ]

    def summary(self, life: Life) -> str:
        """What happens, counted, in a sentence without a full stop."""
        return _summary(life, self.start, self.end)


def episodes(life: Life) -> list[Episode]:
    """All episodes of a run, in order."""
    moments = sorted(moment for lane in life.lanes if not lane.routine for moment in _moments(lane))
    found: list[list[float]] = []
    for moment in moments:
        if found and moment - found[-1][1] <= QUIET_SECONDS:
            found[-1][1] = moment
        else:
            found.append([moment, moment])
    return [Episode(start=start, end=end) for start, end in found]


def _moments(lane: Lane) -> Iterator[float]:
    """When something happens in a lane; a certificate that expires unused is no event."""
    yield from (mark.time for mark in lane.marks)
    for span in lane.spans:
        if span.look is not Look.VALIDITY:
            yield span.start
            if span.end is not None:
                yield span.end


def _summary(life: Life, start: float, end: float) -> str:
    def within(*groups: Group) -> list[Mark]:
        marks = [mark for lane in life.of(*groups) for mark in lane.marks]
        return [mark for mark in marks if start <= mark.time <= end]

    parts = [mark.text for mark in within(Group.CLUSTER)[:2]]
    for group, what in (
        (Group.AUTHORITY, "CA certificate"),
        (Group.CERTIFICATES, "leaf certificate"),
    ):
        counts = Counter(mark.causes[0] for mark in within(group))
        for verb, causes in (("issued", (Cause.ISSUED,)), ("renewed", RENEWALS)):
            number = sum(counts[cause] for cause in causes)
            parts += [f"{_some(number, what)} {verb}"] if number else []
    pods = within(Group.PODS)
    first = sum(mark.causes[0] is Cause.CREATED for mark in pods)
    parts += [f"{_some(first, 'pod')} created"] if first else []
    restarts = [mark for mark in pods if mark.causes[0] in RESTARTS]
    if restarts:
        why = dict.fromkeys(cause for mark in restarts for cause in mark.causes)
        parts.append(f"{_some(len(restarts), 'restart')} of pods ({', '.join(why)})")
    jobs = sum(mark.causes[0] is Cause.CREATED for mark in within(Group.JOBS))
    parts += [f"{_some(jobs, 'Job')} run"] if jobs else []
    stages = dict.fromkeys(
        span.label
        for lane in life.of(Group.AUTHORITY)
        for span in lane.spans
        if lane.name == STAGE and start <= span.start <= end
    )
    parts += [f"stages {', '.join(stages)}"] if len(stages) > 1 else []
    return "; ".join(parts) or "states change"


def _some(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
