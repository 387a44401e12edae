"""Tables of the page: counts for each pod and certificate, and every event in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from app.simulation.report.life import RENEWALS, RESTARTS, Cause, Group, Lane, Life, Look
from app.simulation.report.markup import dated, element, escaped, offset


def pods(life: Life) -> str:
    """Starts and restarts of each pod, with the causes."""
    rows = [
        (
            lane.name,
            str(sum(mark.causes[0] in (Cause.CREATED, *RESTARTS) for mark in lane.marks)),
            _counted(lane, RESTARTS) or "none",
        )
        for lane in life.of(Group.PODS)
    ]
    return _table("Starts of pods", ("Pod", "Starts", "Restarts by cause"), rows)


def certificates(life: Life) -> str:
    """How often each certificate was issued, why, and until when the last one is valid."""
    rows = [
        (
            lane.name,
            str(sum(mark.causes[0] in (Cause.ISSUED, *RENEWALS) for mark in lane.marks)),
            _counted(lane, (*RENEWALS, Cause.GIVEN)) or "none",
            _valid_until(life, lane),
        )
        for lane in life.of(Group.AUTHORITY, Group.CERTIFICATES)
        if any(span.look is Look.VALIDITY for span in lane.spans)
    ]
    head = ("Certificate", "Issued", "Renewals by cause", "Last one valid until")
    return _table("Certificates", head, rows)


def events(life: Life) -> str:
    """Everything that was recorded, in order: the picture in words."""
    found: list[tuple[float, str, str]] = []
    for lane in life.lanes:
        found += [
            (mark.time, lane.name, f"{', '.join(mark.causes)}: {mark.text}") for mark in lane.marks
        ]
        found += [
            (span.start, lane.name, f"{span.label}: {span.text}" if span.text else span.label)
            for span in lane.spans
            if lane.group in _STATES and span.look is not Look.VALIDITY
        ]
    found.sort(key=lambda event: event[0])
    rows = [(f"+{offset(time)} {dated(life.date(time))}", name, text) for time, name, text in found]
    return _table("Every event", ("Time", "Where", "What"), rows)


#: Groups whose spans are news; those of certificates and pods follow from their marks.
_STATES: Final = (Group.CLUSTER, Group.AUTHORITY, Group.JOBS)


def _counted(lane: Lane, causes: Sequence[Cause]) -> str:
    counts = Counter(cause for mark in lane.marks for cause in mark.causes)
    return ", ".join(f"{cause} {counts[cause]}" for cause in causes if counts[cause])


def _valid_until(life: Life, lane: Lane) -> str:
    ends = [span.end for span in lane.spans if span.look is Look.VALIDITY and span.end is not None]
    return dated(life.date(ends[-1]))


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    names = "".join(element("th", escaped(name), scope="col") for name in head)
    body = "".join(
        "<tr>"
        + element("th", escaped(first), scope="row")
        + "".join(
            element("td", escaped(cell), data_name=name)
            for name, cell in zip(head[1:], rest, strict=True)
        )
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f"<table>{element('caption', escaped(caption))}<thead><tr>{names}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )
