"""Charts: lanes over one scale of time, as SVG that fills whatever width there is.

Everything is placed in percent, so the picture needs no script and fits any screen. What is too
close to be told apart is drawn once, with all of its texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from app.simulation.duration import shown
from app.simulation.report.life import Cause, Group, Lane, Life, Look, Mark, Span
from app.simulation.report.markup import dated, element, escaped, offset
from app.simulation.report.scale import Scale, percentage

#: Letter of each cause in a mark: the picture must be readable without colours.
LETTERS: Final = {
    Cause.CREATED: "+",
    Cause.CERT_HASH: "C",
    Cause.CONFIG_HASH: "G",
    Cause.VERSION: "V",
    Cause.IMAGE: "I",
    Cause.TEMPLATE: "T",
    Cause.LOST: "L",
    Cause.REMOVED: "x",
    Cause.ISSUED: "+",
    Cause.DUE: "R",
    Cause.TOGETHER: "R",
    Cause.ISSUER: "A",
    Cause.REISSUED: "R",
    Cause.GIVEN: "P",
    Cause.BUNDLE: "B",
    Cause.UNREADABLE: "?",
    Cause.EDIT: "E",
    Cause.RULE: "!",
    Cause.FAILED: "!",
}
_ALARMS: Final = (Cause.LOST, Cause.UNREADABLE, Cause.RULE, Cause.FAILED)
#: Percent of the width: the narrowest span, how close marks become one, from where text fits.
_NARROWEST: Final = 0.4
_CLOSE: Final = 1.8
_TEXT_FITS: Final = 7.0
_EDGE: Final = 0.9
#: Texts that one drawn thing says in full.
_SAID: Final = 8
_ORDER: Final = list(Look)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    """Something that can be pointed at; ``left`` in percent, ``shape`` is markup."""

    left: float
    look: str
    text: str
    shape: str


def chart(life: Life, lanes: Sequence[Lane], scale: Scale, label: str) -> str:
    """A chart of some lanes with its axis; edits are lines across all of it."""
    parts = [_grid(life, scale), _axis(scale)]
    for group, members in groupby(lanes, key=lambda lane: lane.group):
        parts.append(element("h4", escaped(group), class_="group"))
        parts += [_lane(life, lane, scale) for lane in members]
    return element("div", "".join(parts), class_="chart", role="group", aria_label=label)


def _axis(scale: Scale) -> str:
    texts = []
    for tick in scale.ticks():
        place = scale.percent(tick)
        anchor = "start" if place < _TEXT_FITS else "end" if place > 100 - _TEXT_FITS else "middle"
        texts.append(
            f'<text x="{percentage(place)}" y="13" text-anchor="{anchor}">'
            f"{escaped(offset(tick))}</text>"
        )
    svg = f'<svg class="axis" height="18" aria-hidden="true">{"".join(texts)}</svg>'
    return f'<div class="lane"><div class="name">Time since the start</div>{svg}</div>'


def _grid(life: Life, scale: Scale) -> str:
    """Lines of the ticks and of the edits behind all lanes."""
    edits = [
        mark.time
        for lane in life.of(Group.CLUSTER)
        for mark in lane.marks
        if mark.causes[0] is Cause.EDIT and scale.start <= mark.time <= scale.end
    ]
    lines = [_line(scale, tick, "tick") for tick in scale.ticks()]
    lines += [_line(scale, time, "edit") for time in dict.fromkeys(edits)]
    return f'<svg class="grid" aria-hidden="true">{"".join(lines)}</svg>'


def _line(scale: Scale, time: float, look: str) -> str:
    place = percentage(scale.percent(time))
    return f'<line class="{look}" x1="{place}" x2="{place}" y1="0" y2="100%"/>'


# --- one lane -----------------------------------------------------------------------------
def _lane(life: Life, lane: Lane, scale: Scale) -> str:
    spans = [span for span in lane.spans if _overlaps(life, span, scale)]
    marks = [mark for mark in lane.marks if scale.start <= mark.time <= scale.end]
    validity = [span for span in spans if span.look is Look.VALIDITY]
    states = [span for span in spans if span.look is not Look.VALIDITY]
    drawn = [
        *(_span(life, [span], scale) for span in validity),
        *(_span(life, some, scale) for some in _bundled(life, states, scale)),
        *(_mark(life, some, scale) for some in _clusters(marks, scale)),
    ]
    reachable = sorted(range(len(drawn)), key=lambda index: drawn[index].left)
    first = reachable[0] if reachable else -1
    items = [
        f'<g class="{one.look}" role="img" tabindex="{0 if index == first else -1}">'
        f"<title>{escaped(one.text)}</title>{one.shape}</g>"
        for index, one in enumerate(drawn)
    ]
    svg = f'<svg class="track" height="30">{"".join(items)}</svg>'
    name = element("div", escaped(lane.name), class_="name")
    return element("div", name + svg, class_="lane", role="group", aria_label=lane.name)


def _overlaps(life: Life, span: Span, scale: Scale) -> bool:
    return span.start <= scale.end and _end(life, span) >= scale.start


def _end(life: Life, span: Span) -> float:
    return life.seconds if span.end is None else span.end


def _bundled(life: Life, spans: Sequence[Span], scale: Scale) -> list[list[Span]]:
    """Long spans alone, then short ones with their neighbours, so that these lie on top."""
    alone: list[Span] = []
    short: list[Span] = []
    for span in spans:
        width = scale.percent(_end(life, span)) - scale.percent(span.start)
        (short if width < _NARROWEST else alone).append(span)
    together: list[list[Span]] = []
    for span in sorted(short, key=lambda one: one.start):
        left = scale.percent(span.start)
        if together and left - scale.percent(together[-1][0].start) < _NARROWEST:
            together[-1].append(span)
        else:
            together.append([span])
    return [*([span] for span in alone), *together]


def _clusters(marks: Sequence[Mark], scale: Scale) -> list[list[Mark]]:
    found: list[list[Mark]] = []
    for mark in sorted(marks, key=lambda one: one.time):
        if found and scale.percent(mark.time) - scale.percent(found[-1][0].time) < _CLOSE:
            found[-1].append(mark)
        else:
            found.append([mark])
    return found


def _span(life: Life, spans: Sequence[Span], scale: Scale) -> _Drawn:
    """One span, or short ones that look like the most serious of them."""
    worst = max(spans, key=lambda span: _ORDER.index(span.look) if span.look in _SERIOUS else -1)
    left = scale.percent(min(span.start for span in spans))
    right = scale.percent(max(_end(life, span) for span in spans))
    width = max(_NARROWEST, right - left)
    left = min(left, 100 - width)
    top, height = (3, 24) if worst.look is Look.VALIDITY else (8, 14)
    place = f'x="{percentage(left)}" y="{top}" width="{percentage(width)}" height="{height}"'
    shape = f"<rect {place}/>"
    if len(spans) == 1 and width >= _TEXT_FITS and worst.look is not Look.VALIDITY:
        # An inner svg cuts off what does not fit.
        shape += f'<svg {place}><text x="18" y="11">{escaped(worst.label)}</text></svg>'
    text = _joined([span_text(life, span) for span in spans])
    return _Drawn(left=left, look=worst.look, text=text, shape=shape)


def _mark(life: Life, marks: Sequence[Mark], scale: Scale) -> _Drawn:
    """One mark, or several with their number."""
    letters = {LETTERS[mark.causes[0]] for mark in marks}
    count = str(len(marks)) if len(marks) > 1 else ""
    letter = f"{letters.pop()}{count}" if len(letters) == 1 else count
    alarming = any(cause in _ALARMS for mark in marks for cause in mark.causes)
    left = min(100 - _EDGE, max(_EDGE, scale.percent(marks[0].time)))
    place = percentage(left)
    shape = f'<circle cx="{place}" cy="15" r="8"/><text x="{place}" y="19">{escaped(letter)}</text>'
    text = _joined([mark_text(life, mark) for mark in marks])
    look = "mark alarm" if alarming else "mark"
    return _Drawn(left=left, look=f"{look} several" if count else look, text=text, shape=shape)


_SERIOUS: Final = (Look.GOOD, Look.CHANGING, Look.BAD)


def span_text(life: Life, span: Span) -> str:
    """A span in words: what, from when to when, how long, details."""
    end = "the end of the run" if span.end is None else dated(life.date(span.end))
    lasted = shown(max(0.0, _end(life, span) - span.start))
    text = f"{span.label}, {dated(life.date(span.start))} to {end} ({lasted})"
    return f"{text}\n{span.text}" if span.text else text


def mark_text(life: Life, mark: Mark) -> str:
    """A mark in words: when, why, details."""
    causes = ", ".join(mark.causes)
    return f"{causes}, {dated(life.date(mark.time))} (+{offset(mark.time)})\n{mark.text}"


def _joined(texts: Sequence[str]) -> str:
    rest = len(texts) - _SAID
    return "\n".join([*texts[:_SAID], *([f"and {rest} more"] if rest > 0 else [])])
