"""The work queue: one run at a time, the earliest delay, a back-off that doubles."""

from __future__ import annotations

import pytest

from app.simulation.queue import WorkQueue
from app.simulation.timeline import Timeline
from tests.simulation.trial_hook import NOW


@pytest.fixture
def timeline() -> Timeline:
    """Time at its start."""
    return Timeline(NOW)


@pytest.fixture
def queue(timeline: Timeline) -> WorkQueue[str]:
    """An empty queue; nobody is woken."""
    return WorkQueue(timeline, lambda: None)


def advance(timeline: Timeline, seconds: float) -> None:
    """Let time pass."""
    limit = timeline.elapsed + seconds
    while timeline.step(limit):
        pass


def test_events_during_a_run_give_one_more(queue: WorkQueue[str]) -> None:
    """However many there were."""
    queue.add("a")
    queue.add("a")
    assert queue.get() == "a"
    assert queue.get() is None
    queue.add("a")
    queue.add("a")
    assert queue.get() is None
    queue.done("a")
    assert queue.get() == "a"
    queue.done("a")
    assert queue.get() is None
    assert queue.idle()


def test_the_earliest_delay_counts(queue: WorkQueue[str], timeline: Timeline) -> None:
    """A later one postpones nothing, an earlier one comes first; both are one run."""
    queue.add_after("a", 10)
    queue.add_after("a", 30)
    assert queue.due("a") == 10
    queue.add_after("a", 5)
    advance(timeline, 4.9)
    assert queue.get() is None
    advance(timeline, 0.2)
    assert queue.get() == "a"
    queue.done("a")
    advance(timeline, 60)
    assert queue.get() is None


def test_a_run_for_another_reason_leaves_a_delay_alone(
    queue: WorkQueue[str], timeline: Timeline
) -> None:
    """The one-shot resync still comes."""
    queue.add_after("a", 10)
    queue.add("a")
    assert queue.get() == "a"
    queue.forget("a")
    queue.done("a")
    advance(timeline, 11)
    assert queue.get() == "a"


def test_no_delay_is_now(queue: WorkQueue[str]) -> None:
    """A 429 without Retry-After is a hot loop."""
    queue.add_after("a", 0)
    assert queue.get() == "a"


def test_the_back_off_doubles_to_its_bound_and_is_forgotten(
    queue: WorkQueue[str], timeline: Timeline
) -> None:
    """5 ms, 10 ms, ... 1000 s."""
    waits = []
    for _ in range(25):
        queue.add_rate_limited("a")
        due = queue.due("a")
        assert due is not None
        waits.append(round(due - timeline.elapsed, 3))
        advance(timeline, 1001)
        assert queue.get() == "a"
        queue.done("a")
    assert waits[:3] == [0.005, 0.01, 0.02]
    assert waits[-1] == 1000
    queue.forget("a")
    queue.add_rate_limited("a")
    assert queue.failures("a") == 1


def test_a_restart_forgets_delays(queue: WorkQueue[str], timeline: Timeline) -> None:
    """They live in memory only."""
    queue.add("a")
    queue.add_after("b", 5)
    queue.clear()
    advance(timeline, 10)
    assert queue.get() is None
