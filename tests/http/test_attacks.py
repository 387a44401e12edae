"""Hostile clients over real sockets: what they send is bounded, and nobody else notices."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpx
import orjson
import pytest

from app.edge.settings import MIB, Settings
from tests.http.edge import REQUEST, Running, answer_of, head, is_closed, running

_BODY = orjson.dumps(REQUEST)
_HEALTH = b"GET /healthz HTTP/1.1\r\nhost: hook\r\n\r\n"


def _is_well(edge: Running) -> bool:
    """Whether others are served."""
    answer = edge.client.post("/sync", json=REQUEST)
    return answer.status_code == 200 and edge.client.get("/healthz").status_code == 200


# --- time -----------------------------------------------------------------------------


def test_no_request_takes_ten_seconds_to_arrive() -> None:
    """Handshake and header together, then the body, each just in time."""
    settings = Settings.model_construct()
    assert settings.header_timeout_seconds + settings.body_timeout_seconds < 10
    assert settings.keep_alive_seconds >= 95


@pytest.mark.parametrize("first", [True, False], ids=["first request", "later request"])
@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "with length"])
def test_a_body_that_trickles_in_does_not_extend_its_limit(*, first: bool, chunked: bool) -> None:
    """A byte every 0.05 s would else hold place and memory for ever."""
    piece = b"1\r\n \r\n" if chunked else b" "
    header = {"transfer_encoding": "chunked"} if chunked else {"content_length": "100000"}
    with running(body_timeout_seconds=0.6) as edge, edge.connect() as connection:
        if not first:
            connection.sendall(_HEALTH)
            assert answer_of(connection) == (200, b"ok\n")
        connection.sendall(head(**header))
        connection.settimeout(0.05)
        started, received = time.monotonic(), b""
        while not received and time.monotonic() - started < 10:
            connection.sendall(piece)
            try:
                received = connection.recv(65_536)
            except TimeoutError:
                continue
        assert received.startswith(b"HTTP/1.1 408 ")
        assert is_closed(connection)


# --- size -----------------------------------------------------------------------------


@cache
def _gzip_bomb() -> bytes:
    return gzip.compress(b" " * 50_000_000)


@pytest.mark.parametrize(
    ("encoding", "bomb"),
    [
        pytest.param("gzip", _gzip_bomb, id="gzip"),
        pytest.param("GZIP", _gzip_bomb, id="GZIP"),
        pytest.param("deflate", lambda: zlib.compress(b" " * 5_000_000), id="deflate"),
        pytest.param("gzip, gzip", lambda: gzip.compress(_gzip_bomb()), id="twice"),
        pytest.param("br", lambda: b"x", id="br"),
        pytest.param("zstd", lambda: b"x", id="zstd"),
    ],
)
@pytest.mark.parametrize("path", ["/sync", "/finalize", "/customize"])
def test_a_compressed_body_is_refused_unread(
    edge: Running, path: str, encoding: str, bomb: Callable[[], bytes]
) -> None:
    """Metacontroller compresses nothing, so nothing here can expand."""
    answer = edge.client.post(path, content=bomb(), headers={"content-encoding": encoding})
    assert (answer.status_code, answer.text) == (415, "the body must not be compressed\n")


@pytest.mark.parametrize("encoding", ["identity", "Identity"])
def test_a_body_that_says_it_is_not_compressed_is_read(edge: Running, encoding: str) -> None:
    """The word for nothing done, in any spelling."""
    headers = {"content-encoding": encoding}
    assert edge.client.post("/sync", json=REQUEST, headers=headers).status_code == 200


def test_a_compressed_transfer_is_not_spoken(edge: Running) -> None:
    """Chunked is the only coding of a transfer that there is."""
    with edge.connect() as connection:
        connection.sendall(head(transfer_encoding="gzip, chunked") + b"5\r\n")
        assert answer_of(connection)[0] in {400, 501}
        assert is_closed(connection)


def test_lengths_that_disagree_are_refused(edge: Running) -> None:
    """Two readings of one stream are how requests are smuggled."""
    with edge.connect() as connection:
        connection.sendall(head(content_length="5")[:-2] + b"content-length: 6\r\n\r\n")
        assert answer_of(connection)[0] == 400
        assert is_closed(connection)


def test_a_long_chunk_head_is_refused(edge: Running) -> None:
    """Extensions of a chunk may be of any length."""
    with edge.connect() as connection:
        connection.sendall(head(transfer_encoding="chunked") + b"1;x=" + b"y" * 20_000)
        assert answer_of(connection)[0] == 400
        assert is_closed(connection)


def test_a_body_of_tiny_chunks_is_refused() -> None:
    """Each costs the parser as much as a large one."""
    with running() as edge, edge.connect() as connection:
        connection.sendall(head(transfer_encoding="chunked") + b"1\r\n \r\n" * 400)
        assert answer_of(connection)[0] == 400
        assert is_closed(connection)
        assert edge.fake.calls == []


def test_tiny_chunks_after_an_answer_end_the_connection(
    edge: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """The rest of a refused body is thrown away, but not at any price."""
    with edge.connect() as connection:
        connection.sendall(head("/nope", transfer_encoding="chunked"))
        assert answer_of(connection)[0] == 404
        connection.sendall(b"1\r\n \r\n" * 400)
        assert is_closed(connection)
    assert [record.name for record in caplog.records] == ["uvicorn.error"]
    assert caplog.messages == ["Invalid HTTP request received."]


@pytest.mark.parametrize("size", [300, 1000, 100_000])
def test_honest_chunks_pass(edge: Running, size: int) -> None:
    """A proxy in between may cut a body anywhere sensible."""
    body = orjson.dumps({**REQUEST, "filler": "x" * 1_000_000})
    pieces = (body[start : start + size] for start in range(0, len(body), size))
    assert edge.client.post("/sync", content=pieces).status_code == 200


# --- content --------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[0, 16 * MIB], ids=["whole", "by objects"])
def decoding(request: pytest.FixtureRequest) -> Iterator[Running]:
    """An edge that decodes in either way."""
    with running(decoded_max_bytes=request.param) as found:
        yield found


def _request(**parts: bytes) -> bytes:
    """A request of which some parts are given as text."""
    given = {"controller": b"{}", "parent": orjson.dumps(REQUEST["parent"]), "children": b"{}"}
    items = [f'"{name}":'.encode() + text for name, text in (given | parts).items()]
    return b"{" + b",".join(items) + b"}"


@pytest.mark.parametrize("place", ["parent", "children", "related"])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b'{"a":{"b":NaN}}', id="NaN"),
        pytest.param(b'{"a":{"b":-Infinity}}', id="infinity"),
        pytest.param(rb'{"a":{"b":{"c":"\ud800"}}}', id="lone surrogate"),
        pytest.param(rb'{"a":{"b":{"c":"\udc00\ud800"}}}', id="surrogates in the wrong order"),
        pytest.param(b'{"a":{"b":{"c":"\xed\xa0\x80"}}}', id="surrogate in UTF-8"),
        pytest.param(b'{"a":{"b":{"c":"\xff"}}}', id="no UTF-8"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="10,000 deep"),
        pytest.param(b'{"a":{"b":{"c":01}}}', id="leading zero"),
        pytest.param(b'{"a":{"b":{"c":1}', id="cut"),
        pytest.param(b'{"a":{"b":{"c":1},}}', id="trailing comma"),
        pytest.param(b'{"a":{"b":{"c":"\n"}}}', id="raw line end in a string"),
    ],
)
@pytest.mark.parametrize("path", ["/sync", "/customize"])
def test_what_is_no_json_is_refused_wherever_it_stands(
    decoding: Running, path: str, place: str, text: bytes
) -> None:
    """One reading of a body for all of it, however it is decoded."""
    answer = decoding.client.post(path, content=_request(**{place: text}))
    assert (answer.status_code, answer.text) == (400, "the body is not valid JSON\n")


def test_of_equal_keys_the_last_one_counts() -> None:
    """As for Go, which Metacontroller is written in."""
    with running() as edge:
        twice = _request()[:-1] + b',"parent":{"metadata":{"name":"second"}},"do":1,"do":"defect"'
        answer = edge.client.post("/customize", content=twice + b',"value":"x"}')
        assert answer.status_code == 500
        assert edge.events("sync_failed")[-1]["name"] == "second"


def test_many_equal_keys_cost_nothing_special(edge: Running) -> None:
    """300,000 of them."""
    body = b'{"parent":{"metadata":{' + b'"name":"x",' * 300_000 + b'"name":"y"}},"children":{}}'
    started = time.monotonic()
    assert edge.client.post("/sync", content=body).status_code == 200
    assert time.monotonic() - started < 3


# --- clients that leave ---------------------------------------------------------------


def _reset(connection: socket.socket) -> None:
    """Close with a reset, as a process that dies does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("leave", [socket.socket.close, _reset], ids=["close", "reset"])
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="at once"),
        pytest.param(head()[:-7], id="in the header"),
        pytest.param(head(content_length="900000") + b"{" * 100_000, id="in the body"),
        pytest.param(head(transfer_encoding="chunked") + b"400\r\n{", id="in a chunk"),
    ],
)
def test_a_client_may_leave_before_its_request_is_whole(
    sent: bytes, leave: Callable[[socket.socket], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The hook is not asked, nothing is logged, the place is free."""
    with running(max_requests=1) as edge:
        for _ in range(3):
            connection = edge.connect()
            connection.sendall(sent)
            leave(connection)
        assert _until_well(edge)
        assert edge.fake.calls == ["sync"]
        assert [orjson.loads(line)["event"] for line in edge.log.splitlines()] == ["sync"]
    assert caplog.records == []


def _until_well(edge: Running) -> bool:
    """Whether the only place becomes free before 10 s are over."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if edge.client.post("/customize", json={**REQUEST, "parent": {}}).status_code == 200:
            edge.fake.calls.clear()
            edge.stream.seek(0)
            edge.stream.truncate()
            return _is_well(edge)
    return False


@pytest.mark.parametrize("leave", [socket.socket.close, _reset], ids=["close", "reset"])
def test_a_client_may_leave_in_the_middle_of_its_answer(
    leave: Callable[[socket.socket], None], caplog: pytest.LogCaptureFixture
) -> None:
    """The rest of it is dropped."""
    body = orjson.dumps({**REQUEST, "do": "large", "filler": "x" * 4_000_000})
    with running(max_requests=1) as edge:
        for _ in range(3):
            connection = edge.connect()
            connection.sendall(head(content_length=str(len(body))) + body)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
            leave(connection)
        assert _until_well(edge)
    assert caplog.records == []


# --- numbers --------------------------------------------------------------------------


def test_a_crowd_is_answered_or_told_to_retry_while_probes_stay_green() -> None:
    """64 callers for 4 places: each gets 200, or 429 with at least one second to wait."""
    answers: list[httpx.Response] = []
    waits: dict[str, Any] = {**REQUEST, "do": "wait", "heavy": True}
    with running(max_requests=4, max_heavy_requests=4, heavy_threads=4, probe_port=0) as edge:

        def call() -> None:
            answers.append(httpx.post(f"{edge.url}/sync", json=waits, timeout=20, trust_env=False))

        callers = [threading.Thread(target=call) for _ in range(64)]
        for caller in callers:
            caller.start()
        assert edge.fake.started.wait(20)
        for url in (edge.url, edge.probe_url):
            for path in ("/healthz", "/readyz", "/metrics"):
                assert httpx.get(f"{url}{path}", trust_env=False).status_code == 200
        while len(answers) < 60:
            assert any(caller.is_alive() for caller in callers)
        edge.fake.release.set()
        for caller in callers:
            caller.join(20)
        assert _is_well(edge)
    statuses = [answer.status_code for answer in answers]
    assert sorted(statuses) == [200] * 4 + [429] * 60
    assert all(
        int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 429
    )
