"""The page: one HTML file that asks nothing of anybody. The same life gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Final

from app.simulation.duration import shown
from app.simulation.report import tables
from app.simulation.report.drawing import LETTERS, chart
from app.simulation.report.episodes import Episode, episodes
from app.simulation.report.life import RENEWALS, RESTARTS, Cause, Group, Life, Look
from app.simulation.report.markup import dated, element, escaped, offset
from app.simulation.report.scale import Scale

#: Episodes with a picture of their own; later ones are in the overview and in the table.
MOST_EPISODES: Final = 400
_LOOKS: Final = {
    Look.GOOD: "in order, running",
    Look.CHANGING: "on its way",
    Look.BAD: "not in order",
    Look.IDLE: "stopping, retiring",
    Look.IN_USE: "certificate in use",
    Look.VALIDITY: "validity of a certificate",
}


def page(life: Life) -> bytes:
    """The report of a run as HTML in UTF-8."""
    style, script = _asset("page.css"), _asset("page.js")
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none';"
        f" style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    )
    title = f"{life.namespace}/{life.cluster}: {shown(life.seconds)} of simulation"
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escaped(title)}</title><style>{style}</style>"
    )
    body = (
        f"<main>{_summary(life)}{_overview(life)}{_episodes(life)}"
        f"{_section('counts', 'Counts', tables.certificates(life) + tables.pods(life))}"
        f"{_section('events', 'Events', _folded('Every event in words', tables.events(life)))}"
        '</main><div id="detail" role="status" hidden></div>'
        f"<script>{script}</script>"
    )
    text = f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'
    return text.encode()


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Source expression of a Content-Security-Policy: only this text may run."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _section(name: str, title: str, content: str) -> str:
    heading = f'<h2 id="{name}">{escaped(title)}</h2>'
    return f'<section aria-labelledby="{name}">{heading}{content}</section>'


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{escaped(summary)}</summary>{content}</details>"


def _summary(life: Life) -> str:
    pods, edits = life.of(Group.PODS), life.of(Group.CLUSTER)
    facts = {
        "From": dated(life.start),
        "To": dated(life.date(life.seconds)),
        "Phase at the end": life.phase or "none",
        "CA certificates": _count(life, Group.AUTHORITY, Cause.ISSUED, *RENEWALS),
        "Leaf certificates": _count(life, Group.CERTIFICATES, Cause.ISSUED, *RENEWALS),
        "Restarts of pods": _count(life, Group.PODS, *RESTARTS),
        "Edits": sum(mark.causes[0] is Cause.EDIT for lane in edits for mark in lane.marks),
        "Broken rules": sum(mark.causes[0] is Cause.RULE for lane in edits for mark in lane.marks),
    }
    listed = "".join(
        f"<div>{element('dt', escaped(name))}{element('dd', escaped(value))}</div>"
        for name, value in facts.items()
    )
    lost = (
        f'<p class="warning">{life.dropped} further events are not shown:'
        " the run has more than a report holds.</p>"
        if life.dropped
        else ""
    )
    empty = "" if pods else "<p>No pod was started.</p>"
    return (
        f"<header><h1>{escaped(life.cluster)}</h1><p>WazuhCluster in namespace"
        f" {escaped(life.namespace)}, {escaped(shown(life.seconds))} in virtual time</p>"
        f"<dl>{listed}</dl>{lost}{empty}</header>"
    )


def _count(life: Life, group: Group, *causes: Cause) -> int:
    return sum(mark.causes[0] in causes for lane in life.of(group) for mark in lane.marks)


def _overview(life: Life) -> str:
    scale = Scale(0.0, max(life.seconds, 1.0))
    drawn = chart(life, life.lanes, scale, "The whole run")
    return _section("overview", "The whole run", _legend() + drawn)


def _legend() -> str:
    """What colours and letters mean; each pod and certificate has those of its own kind."""
    looks = "".join(
        f'<li><svg class="key" aria-hidden="true"><g class="{look}">'
        f'<rect x="1" y="2" width="22" height="12"/></g></svg>{escaped(text)}</li>'
        for look, text in _LOOKS.items()
    )
    by_letter: dict[str, list[str]] = {}
    for cause, letter in LETTERS.items():
        by_letter.setdefault(letter, []).append(cause)
    letters = "".join(
        f"<li>{element('b', escaped(letter))} {escaped(', '.join(causes))}</li>"
        for letter, causes in by_letter.items()
    )
    hint = "Point at anything, or move with Tab and the arrow keys, to read its details."
    return f'<p>{hint}</p><ul class="legend">{looks}</ul>' + _folded(
        "Letters in the marks", f'<ul class="legend">{letters}</ul>'
    )


def _episodes(life: Life) -> str:
    found = episodes(life)
    shown_ones = "".join(_episode(life, one) for one in found[:MOST_EPISODES])
    rest = len(found) - MOST_EPISODES
    more = f"<p>{rest} later episodes are in the table of events only.</p>" if rest > 0 else ""
    hint = "<p>The hours in which something happened, each at a scale of its own.</p>"
    return _section("episodes", "Episodes", f"{hint}{shown_ones}{more}")


def _episode(life: Life, episode: Episode) -> str:
    title = f"+{offset(episode.start)}, {dated(life.date(episode.start))}: {episode.summary(life)}"
    drawn = chart(life, episode.lanes(life), episode.scale, f"Episode at {offset(episode.start)}")
    return _folded(title, drawn)
