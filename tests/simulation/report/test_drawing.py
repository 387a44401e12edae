"""Scales, episodes and charts on small lives made by hand."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from app.simulation.report.drawing import chart
from app.simulation.report.episodes import QUIET_SECONDS, episodes
from app.simulation.report.life import Cause, Group, Lane, Life, Look, Mark, Span
from app.simulation.report.markup import dated, offset
from app.simulation.report.scale import Scale, percentage
from tests.simulation.report.lives import DAY, START


def life(*lanes: Lane, seconds: float = 100 * DAY) -> Life:
    """A life with these lanes."""
    return Life(
        namespace="n", cluster="c", start=START, seconds=seconds, phase="Running", lanes=lanes
    )


def marks(*times: float, cause: Cause = Cause.CERT_HASH) -> list[Mark]:
    """Marks at some times."""
    return [Mark(time=time, causes=(cause,), text=f"at {time:g}") for time in times]


def drawn(lane: Lane, *, seconds: float = 100 * DAY) -> str:
    """A chart of one lane over a whole run."""
    return chart(life(lane, seconds=seconds), [lane], Scale(0.0, seconds), "chart")


@pytest.mark.parametrize(
    ("seconds", "step"),
    [
        (3.0, 1),
        (60.0, 20),
        (240.0, 60),
        (DAY, 21600),
        (20 * DAY, 5 * DAY),
        (3650 * DAY, 1000 * DAY),
    ],
)
def test_ticks_are_round_and_few(seconds: float, step: float) -> None:
    """At least two, at most six."""
    ticks = Scale(0.0, seconds).ticks()
    assert ticks[1] - ticks[0] == step
    assert 2 <= len(ticks) <= 6
    assert ticks[0] == 0
    assert ticks[-1] <= seconds


def test_ticks_of_a_part_of_a_run_stay_round() -> None:
    """They do not begin where the part does."""
    assert Scale(-5.0, 65.0).ticks() == [0, 20, 40, 60]
    assert Scale(8 * DAY + 30, 8 * DAY + 150).ticks() == [
        8 * 86400 + n for n in (30, 60, 90, 120, 150)
    ]


def test_places_stay_within_the_picture() -> None:
    """What lies outside is on the edge."""
    scale = Scale(100.0, 300.0)
    assert [scale.percent(time) for time in (-9e9, 100.0, 150.0, 300.0, 9e9)] == [
        0,
        0,
        25,
        100,
        100,
    ]
    assert [percentage(value) for value in (0.0, 12.34567, 100.0)] == ["0%", "12.346%", "100%"]


def test_episodes_end_with_an_hour_of_quiet() -> None:
    """An hour holds together, more does not."""
    lane = Lane(group=Group.PODS, name="p", marks=marks(0, QUIET_SECONDS, 2 * QUIET_SECONDS + 1))
    assert [(one.start, one.end) for one in episodes(life(lane))] == [
        (0, QUIET_SECONDS),
        (2 * QUIET_SECONDS + 1, 2 * QUIET_SECONDS + 1),
    ]


def test_an_expiry_and_routine_are_no_episodes() -> None:
    """Only what happens to the cluster is one."""
    validity = Span(start=-3600.0, end=50 * DAY, look=Look.VALIDITY, label="valid")
    run = Span(start=9 * DAY, end=9 * DAY + 5, look=Look.IDLE, label="runs")
    certificate = Lane(group=Group.CERTIFICATES, name="x", spans=[validity], marks=marks(0))
    routine = Lane(group=Group.JOBS, name="y", routine=True, spans=[run])
    assert [one.start for one in episodes(life(certificate, routine))] == [0]


def test_summaries_count_what_happened() -> None:
    """In the words of the picture."""
    pods = Lane(group=Group.PODS, name="p", marks=marks(10, 20))
    leaf = Lane(group=Group.CERTIFICATES, name="x", marks=marks(5, cause=Cause.DUE))
    edit = Lane(group=Group.CLUSTER, name="Edits", marks=marks(1, cause=Cause.EDIT))
    [episode] = episodes(life(edit, leaf, pods))
    summary = episode.summary(life(edit, leaf, pods))
    assert summary == "at 1; 1 leaf certificate renewed; 2 restarts of pods (cert-hash)"
    assert episode.lanes(life(edit, leaf, pods)) == [edit, leaf, pods]


def test_marks_that_meet_are_one_with_all_texts() -> None:
    """With letter and number; marks apart stay apart."""
    html = drawn(Lane(group=Group.PODS, name="p", marks=marks(0, 60, 50 * DAY)))
    assert re.findall(r"<circle.*?<text[^>]*>([^<]+)</text>", html) == ["C2", "C"]
    assert "at 0" in html
    assert "at 60" in html


def test_marks_of_different_kinds_that_meet_have_a_number() -> None:
    """And the colour of the worst."""
    lane = Lane(group=Group.PODS, name="p", marks=marks(0) + marks(1, cause=Cause.LOST))
    assert '<g class="mark alarm several"' in drawn(lane)
    assert ">2</text>" in drawn(lane)


def test_many_texts_are_counted() -> None:
    """A tooltip of a thousand lines helps nobody; the table has them all."""
    html = drawn(Lane(group=Group.PODS, name="p", marks=marks(*range(20))))
    assert "and 12 more" in html
    assert "at 7\n" in html
    assert "at 8\n" not in html


def test_a_short_span_can_be_seen_and_lies_on_top() -> None:
    """A minute of a hundred days has a width; short neighbours are one and look like the worst."""
    spans = [
        Span(start=0.0, end=10 * DAY, look=Look.GOOD, label="Running"),
        Span(start=10 * DAY, end=10 * DAY + 60, look=Look.CHANGING, label="Updating"),
        Span(start=10 * DAY + 60, end=10 * DAY + 90, look=Look.BAD, label="Failed"),
        Span(start=10 * DAY + 90, end=None, look=Look.GOOD, label="Running"),
    ]
    html = drawn(Lane(group=Group.CLUSTER, name="Phase", spans=spans))
    looks = re.findall(r'<g class="([^"]+)" role="img"', html)
    assert looks == ["good", "good", "bad"]
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)%"', html)]
    assert widths == pytest.approx([10, 90, 0.4], abs=0.01)
    assert "Updating, 2026-01-11 00:00:00 UTC to 2026-01-11 00:01:00 UTC (1m)" in html
    assert "to the end of the run" in html


def test_one_item_of_a_lane_is_a_tab_stop() -> None:
    """The leftmost; scripts move it."""
    lane = Lane(
        group=Group.PODS,
        name="p",
        spans=[Span(start=DAY, end=None, look=Look.GOOD, label="running")],
        marks=marks(0, 50 * DAY),
    )
    stops = re.findall(r'<g class="(\w+)[^"]*" role="img" tabindex="(-?\d)"', drawn(lane))
    assert stops == [("good", "-1"), ("mark", "0"), ("mark", "-1")]


def test_edits_are_lines_through_all_lanes() -> None:
    """Of the time that is shown."""
    lane = Lane(group=Group.CLUSTER, name="Edits", marks=marks(25 * DAY, cause=Cause.EDIT))
    assert '<line class="edit" x1="25%" x2="25%"' in drawn(lane)
    late = chart(life(lane), [lane], Scale(30 * DAY, 40 * DAY), "later")
    assert 'class="edit"' not in late


def test_dates_beyond_the_calendar() -> None:
    """A certificate may be valid for as long as it likes."""
    far = life()
    assert dated(far.date(9e12)) == "9999-12-31 23:59:59 UTC"
    assert dated(far.date(-9e12)) == "0001-01-01 00:00:00 UTC"
    assert dated(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01 00:00:00 UTC"
    assert [offset(seconds) for seconds in (0, 90.7, -3600)] == ["0s", "1m30s", "-1h"]
