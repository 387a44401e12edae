"""Answers given again over HTTP: bounded, never for what time changes, counted and logged."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from app.cli.main import hook
from app.edge.http import create_app
from app.edge.reuse import ReuseCache
from app.edge.server import serving
from app.edge.settings import Settings
from app.edge.telemetry import Telemetry
from app.result import Response, Result
from tests.http.edge import NOW, REQUEST, report, running
from tests.steps import rested

UNTIL = NOW + timedelta(hours=1)


def steady(until: datetime | None = UNTIL, delay: int = 3600, size: int = 10) -> Result:
    """A result that may be given again."""
    response = Response(
        status={"phase": "x" * size}, children=(), resync_after_seconds=delay, finalized=False
    )
    return Result(response=response, report=report(reissues=(), held={}), steady_until=until)


def written(result: Result) -> bytes:
    """Its bytes on the wire."""
    return orjson.dumps(result.response.on_wire())


def kept(cache: ReuseCache, key: bytes, result: Result) -> bool:
    """Whether the cache has it after it was offered."""
    cache.keep(key, result, written(result), NOW)
    return cache.find(key, NOW) is not None


class TestReuseCache:
    """What is kept, for how long, and how much of it."""

    def test_the_delay_counts_down_to_the_moment(self) -> None:
        """It is written anew; everything else is as it was."""
        cache = ReuseCache(2**20)
        assert kept(cache, b"a", steady())
        entry = cache.find(b"a", NOW + timedelta(seconds=600))
        assert entry is not None
        body, delay = entry.at(NOW + timedelta(seconds=600))
        assert delay == 3000
        assert orjson.loads(body) == {
            **orjson.loads(written(steady())),
            "resyncAfterSeconds": 3000,
        }

    def test_an_entry_ends_at_its_moment_and_is_let_go(self) -> None:
        """Not a second later."""
        cache = ReuseCache(2**20)
        assert kept(cache, b"a", steady())
        assert cache.find(b"a", UNTIL - timedelta(seconds=1)) is not None
        assert cache.find(b"a", UNTIL) is None
        assert (len(cache), cache.size) == (0, 0)

    def test_a_clock_set_back_finds_nothing_but_loses_nothing(self) -> None:
        """What was found true at a time says nothing of the time before."""
        cache = ReuseCache(2**20)
        assert kept(cache, b"a", steady())
        assert cache.find(b"a", NOW - timedelta(seconds=1)) is None
        assert cache.find(b"a", NOW) is not None

    @pytest.mark.parametrize(
        "result",
        [
            steady(until=None),
            steady(until=NOW),
            steady(delay=0),
            Result(
                response=Response(status={}, children=(), resync_after_seconds=5, finalized=True),
                report=report(),
                steady_until=UNTIL,
            ),
        ],
        ids=["changes by itself", "is over", "has no delay", "finalized"],
    )
    def test_what_cannot_be_written_anew_is_not_kept(self, result: Result) -> None:
        """The last field must be the delay, and the moment must lie ahead."""
        assert not kept(ReuseCache(2**20), b"a", result)

    def test_the_answer_used_longest_ago_makes_room(self) -> None:
        """The bound holds for all entries together."""
        cache = ReuseCache(100_000)
        for key in (b"a", b"b", b"c"):
            assert kept(cache, key, steady(size=30_000))
        assert cache.find(b"a", NOW) is not None
        assert kept(cache, b"d", steady(size=30_000))
        assert [cache.find(key, NOW) is not None for key in (b"a", b"b", b"c", b"d")] == [
            True,
            False,
            True,
            True,
        ]
        assert cache.size <= 100_000

    def test_an_answer_larger_than_the_bound_pushes_nothing_out(self) -> None:
        """It is not kept at all."""
        cache = ReuseCache(50_000)
        assert kept(cache, b"a", steady())
        assert not kept(cache, b"b", steady(size=60_000))
        assert cache.find(b"a", NOW) is not None

    def test_the_same_request_again_takes_no_more_room(self) -> None:
        """Replaced, not added."""
        cache = ReuseCache(2**20)
        assert kept(cache, b"a", steady())
        size = cache.size
        assert kept(cache, b"a", steady())
        assert (len(cache), cache.size) == (1, size)

    def test_nothing_is_kept_with_a_bound_of_zero(self) -> None:
        """And no digest is made."""
        assert ReuseCache(0).key(b"body") is None


@dataclass
class Clock:
    """A clock that tests set."""

    now: datetime


@dataclass
class Hooked:
    """The real hook over HTTP."""

    client: httpx.Client
    clock: Clock
    stream: io.BytesIO = field(repr=False)

    def sync(self, request: dict[str, Any]) -> bytes:
        """Bytes of an answer."""
        answer = self.client.post("/sync", content=orjson.dumps(request))
        assert answer.status_code == 200
        return answer.content

    def reused(self) -> list[bool]:
        """What the log says of each sync so far."""
        events = [orjson.loads(line) for line in self.stream.getvalue().splitlines()]
        return [event["reused"] for event in events if event["event"] == "sync"]


@contextmanager
def hooked(now: datetime, **changes: Any) -> Iterator[Hooked]:
    """Serve with a settable clock."""
    clock, stream = Clock(now), io.BytesIO()
    settings = Settings.model_construct(**changes)
    seeds = iter(range(1, 10_000))
    app = create_app(
        hook(),
        settings=settings,
        clock=lambda: clock.now,
        seed=lambda: next(seeds).to_bytes(32, "big"),
        telemetry=Telemetry(stream=stream, clock=lambda: clock.now, level="info"),
    )
    with serving(app, settings) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield Hooked(client, clock, stream)


def test_a_cluster_at_rest_is_answered_from_memory() -> None:
    """Byte for byte as a server answers that keeps nothing; counted and logged."""
    cluster = rested()
    request = cluster.request()
    with hooked(cluster.now) as quick, hooked(cluster.now, reuse_max_bytes=0) as fresh:
        for seconds in (0, 30, 60, 90_000):
            quick.clock.now = fresh.clock.now = cluster.now + timedelta(seconds=seconds)
            assert quick.sync(request) == fresh.sync(request)
        assert quick.reused() == [False, True, True, True]
        assert fresh.reused() == [False] * 4
        metrics = quick.client.get("/metrics").text
    assert "wazuh_hook_syncs_reused_total 3.0" in metrics
    assert 'wazuh_hook_syncs_total{outcome="applied"} 4.0' in metrics


def test_a_request_that_differs_in_one_byte_is_asked_anew() -> None:
    """Whatever the byte means."""
    cluster = rested()
    request = cluster.request()
    with hooked(cluster.now) as served:
        served.sync(request)
        request["parent"]["metadata"]["resourceVersion"] = "9999"
        served.sync(request)
        assert served.reused() == [False, False]


def test_an_error_is_never_kept() -> None:
    """The second call reaches the hook as well."""
    with running() as edge:
        for _ in range(2):
            assert edge.client.post("/sync", json={**REQUEST, "do": "request-error"}).status_code
        assert len(edge.fake.calls) == 2


def test_an_answer_that_says_nothing_of_time_is_never_kept() -> None:
    """A hook that does not promise until when its answer holds is asked each time."""
    with running() as edge:
        for _ in range(2):
            edge.client.post("/sync", json=REQUEST)
        assert len(edge.fake.calls) == 2


def test_a_defect_before_the_hook_is_asked_has_an_id_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The log says where it was; the answer is no partial list."""
    with running() as edge:
        monkeypatch.setattr(ReuseCache, "find", lambda *_: 1 / 0)
        answer = edge.client.post("/sync", json=REQUEST)
        assert answer.status_code == 500
        [event] = edge.events("sync_failed")
        assert event["error_id"] in answer.text
        assert event["error_type"] == "ZeroDivisionError"
