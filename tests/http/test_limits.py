"""Bounds on what is at work at one time, bearer tokens, and callers who leave."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from app.edge.limits import BearerTokens, Gate, RefusalError
from app.edge.settings import Settings
from app.edge.telemetry import Telemetry
from tests.http.edge import (
    NOW,
    REQUEST,
    FakeHook,
    Running,
    application,
    running,
)

WAITS: dict[str, Any] = {**REQUEST, "do": "wait", "heavy": True}


def _post(edge: Running, request: dict[str, Any]) -> httpx.Response:
    return httpx.post(f"{edge.url}/sync", json=request, timeout=20, trust_env=False)


def test_a_heavy_call_does_not_hold_up_others() -> None:
    """It waits in a thread while the event loop answers."""
    with running() as edge, ThreadPoolExecutor() as callers:
        slow = callers.submit(_post, edge, WAITS)
        assert edge.fake.started.wait(20)
        assert edge.client.post("/sync", json=REQUEST).status_code == 200
        assert not slow.done()
        edge.fake.release.set()
        assert slow.result().status_code == 200


def test_too_many_calls_are_told_to_retry_while_probes_stay_green() -> None:
    """429 with Retry-After of at least 1: without it Metacontroller asks again at once."""
    with running(max_requests=1) as edge, ThreadPoolExecutor() as callers:
        slow = callers.submit(_post, edge, WAITS)
        assert edge.fake.started.wait(20)
        answer = edge.client.post("/sync", json=REQUEST)
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert edge.client.post("/customize", json=REQUEST).status_code == 429
        for path in ("/healthz", "/readyz", "/metrics"):
            assert edge.client.get(path).status_code == 200
        edge.fake.release.set()
        assert slow.result().status_code == 200
        assert edge.client.post("/sync", json=REQUEST).status_code == 200


def test_too_many_heavy_calls_leave_room_for_light_ones() -> None:
    """Creations queue up; clusters that are at rest are still synced."""
    with running(max_heavy_requests=1) as edge, ThreadPoolExecutor() as callers:
        slow = callers.submit(_post, edge, WAITS)
        assert edge.fake.started.wait(20)
        assert edge.client.post("/sync", json=WAITS).status_code == 429
        assert edge.client.post("/sync", json=REQUEST).status_code == 200
        edge.fake.release.set()
        assert slow.result().status_code == 200


class Caller:
    """One ASGI call: what it sends, then silence; ``sent`` is what it was answered."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        """Nothing sent yet."""
        self.sent: list[Any] = []
        self._messages = list(messages)

    async def receive(self) -> Any:
        """Next message from the caller."""
        if self._messages:
            return self._messages.pop(0)
        return await asyncio.get_running_loop().create_future()

    async def send(self, message: Any) -> None:
        """Take a message to the caller."""
        self.sent.append(message)

    async def call(self, app: FastAPI) -> int:
        """Run the application; the status that it answered, 0 for none."""
        scope = {"type": "http", "method": "POST", "path": "/sync", "headers": [], "root_path": ""}
        await app(scope, self.receive, self.send)
        return self.sent[0]["status"] if self.sent else 0


def _whole(body: bytes) -> dict[str, Any]:
    return {"type": "http.request", "body": body}


def _part(body: bytes) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": True}


def _app(fake: FakeHook, **changes: Any) -> FastAPI:
    telemetry = Telemetry(stream=io.BytesIO(), clock=lambda: NOW)
    return application(fake, telemetry, Settings.model_construct(**changes))


def test_all_bodies_together_are_bounded() -> None:
    """One that is half received counts, and is forgotten when its caller leaves."""
    body = orjson.dumps({**REQUEST, "filler": "x" * 600})

    async def callers() -> list[int]:
        app = _app(FakeHook(), max_buffered_bytes=1000)
        half = asyncio.create_task(Caller(_part(body[:-1])).call(app))
        await asyncio.sleep(0)
        refused = await Caller(_whole(body)).call(app)
        half.cancel()
        await asyncio.gather(half, return_exceptions=True)
        return [refused, await Caller(_whole(body)).call(app)]

    assert asyncio.run(callers()) == [429, 200]


def test_a_caller_who_leaves_in_the_middle_of_its_body_is_not_answered() -> None:
    """And the hook is not asked."""
    fake = FakeHook()
    caller = Caller(_part(b"{"), {"type": "http.disconnect"})
    assert asyncio.run(caller.call(_app(fake))) == 0
    assert fake.calls == []


def test_a_caller_who_leaves_while_its_call_is_queued_is_forgotten() -> None:
    """Its work is never begun and its place is free again."""
    fake = FakeHook()
    body = _whole(orjson.dumps(WAITS))

    async def callers() -> list[int]:
        app = _app(fake, heavy_threads=1, max_heavy_requests=2)
        at_work = asyncio.create_task(Caller(body).call(app))
        assert await asyncio.to_thread(fake.started.wait, 20)
        left = await Caller(body, {"type": "http.disconnect"}).call(app)
        queued = asyncio.create_task(Caller(body).call(app))
        await asyncio.sleep(0)
        fake.release.set()
        return [left, *await asyncio.gather(at_work, queued)]

    assert asyncio.run(callers()) == [0, 200, 200]
    assert fake.calls == ["sync", "sync"]


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="none"),
        pytest.param("Bearer wrong", id="another token"),
        pytest.param("Bearer t0ken-a-longer", id="a longer token"),
        pytest.param("Bearer", id="no token"),
        pytest.param("Basic t0ken-a", id="another scheme"),
        pytest.param("t0ken-a", id="no scheme"),
    ],
)
def test_wrong_credentials_are_401(tmp_path: Path, header: str | None) -> None:
    """Before the body is read; probes and metrics need none."""
    (tmp_path / "token").write_text("t0ken-a\nt0ken-b\n")
    with running(bearer_token_file=tmp_path / "token") as edge:
        headers = {} if header is None else {"authorization": header}
        for path in ("/sync", "/finalize", "/customize"):
            answer = edge.client.post(path, json=REQUEST, headers=headers)
            assert (answer.status_code, answer.text) == (401, "no or wrong credentials\n")
            assert answer.headers["www-authenticate"] == "Bearer"
        assert edge.client.get("/healthz").status_code == 200
        assert edge.fake.calls == []


@pytest.mark.parametrize("header", ["Bearer t0ken-a", "bearer t0ken-b"])
def test_each_token_of_the_file_is_accepted(tmp_path: Path, header: str) -> None:
    """Old and new overlap: Metacontroller reads its own only when the registration changes."""
    (tmp_path / "token").write_text("t0ken-a\n\n  t0ken-b \n")
    with running(bearer_token_file=tmp_path / "token") as edge:
        answer = edge.client.post("/sync", json=REQUEST, headers={"authorization": header})
    assert answer.status_code == 200


def test_a_replaced_token_file_is_read_again(tmp_path: Path) -> None:
    """Kubernetes replaces the file of a mounted Secret; an empty one changes nothing."""
    file = tmp_path / "token"
    file.write_text("old")
    tokens = BearerTokens(file)
    file.write_text("newer")
    assert tokens.accepts(b"Bearer newer")
    assert not tokens.accepts(b"Bearer old")
    file.write_text("")
    assert tokens.accepts(b"Bearer newer")
    file.unlink()
    assert tokens.accepts(b"Bearer newer")


def test_a_token_file_without_a_token_is_refused(tmp_path: Path) -> None:
    """An empty token would let everybody in."""
    (tmp_path / "token").write_text("\n \n")
    with pytest.raises(ValueError, match="holds no token"):
        BearerTokens(tmp_path / "token")


def test_places_and_bytes_are_given_back_whatever_happens() -> None:
    """Also when a call ends with an exception."""
    gate = Gate(max_calls=1, max_bytes=10, max_heavy=1)

    def too_much() -> None:
        with gate.call() as buffer:
            buffer.append(b"x" * 10)
            buffer.append(b"y")

    for _ in range(3):
        with pytest.raises(RefusalError):
            too_much()
    with gate.call() as buffer:
        buffer.append(b"x" * 10)
        assert buffer.take() == b"x" * 10
