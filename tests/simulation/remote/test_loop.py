"""A timeline on the wall clock."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from functools import partial

from app.simulation.remote.loop import Loop
from app.simulation.timeline import Timeline


def _loop() -> Loop:
    return Loop(Timeline(datetime(2026, 1, 1, tzinfo=UTC)))


def test_what_is_planned_waits_for_its_time() -> None:
    """In order of time, and never before it."""
    loop = _loop()
    done: list[tuple[float, float]] = []

    def note(delay: float) -> None:
        done.append((delay, time.monotonic()))

    began = time.monotonic()
    for delay in (0.06, 0.02):
        loop.timeline.after(delay, partial(note, delay))
    loop.run(lambda: len(done) == 2)
    assert [delay for delay, _ in done] == [0.02, 0.06]
    assert all(when - began >= delay for delay, when in done)


def test_other_threads_only_post() -> None:
    """Their actions run in the thread of the loop, in the order of the posts."""
    loop = _loop()
    seen: list[int] = []
    threads: list[int] = []

    def act(number: int) -> None:
        seen.append(number)
        threads.append(threading.get_ident())

    def post() -> None:
        for number in range(50):
            loop.post(partial(act, number))

    other = threading.Thread(target=post)
    other.start()
    loop.run(lambda: len(seen) == 50)
    other.join()
    assert seen == list(range(50))
    assert set(threads) == {threading.get_ident()}


def test_a_delay_counts_from_the_action_that_asks_for_it() -> None:
    """Also where the loop had waited long for that action."""
    loop = _loop()
    done: list[float] = []

    def ask() -> None:
        asked = time.monotonic()
        loop.timeline.after(0.05, lambda: done.append(time.monotonic() - asked))

    timer = threading.Timer(0.1, lambda: loop.post(ask))
    timer.start()
    loop.run(lambda: bool(done))
    timer.join()
    assert done[0] >= 0.049
