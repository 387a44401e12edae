"""The server's own limits: silent and slow clients, idle connections, the end of the process."""

from __future__ import annotations

import io
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from app.edge.server import HookServer, listen, server_config
from app.edge.settings import Settings
from app.edge.telemetry import Telemetry
from tests.http.certificates import client_context, tls_settings
from tests.http.edge import (
    NOW,
    REQUEST,
    FakeHook,
    Running,
    answer_of,
    application,
    head,
    is_closed,
    running,
)

_BODY = orjson.dumps(REQUEST)
_HEALTH = b"GET /healthz HTTP/1.1\r\nhost: hook\r\n\r\n"


@pytest.fixture(scope="module", params=["plain", "TLS"])
def hasty(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """An edge that waits 0.6 s for a header or a body, but 95 s between requests."""
    changes: dict[str, Any] = {"header_timeout_seconds": 0.6, "body_timeout_seconds": 0.6}
    context = None
    if request.param == "TLS":
        folder = tmp_path_factory.mktemp("tls")
        changes |= tls_settings(folder)
        context = client_context(folder)
    with running(context=context, **changes) as found:
        yield found


def _used(edge: Running) -> socket.socket:
    """A connection on which a request has been answered."""
    connection = edge.connect()
    connection.sendall(_HEALTH)
    assert answer_of(connection) == (200, b"ok\n")
    return connection


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"P", id="one byte"),
        pytest.param(b"\r\n", id="an empty line"),
        pytest.param(head()[:-2], id="half a header"),
    ],
)
def test_a_client_without_a_whole_header_is_cut_off(hasty: Running, sent: bytes) -> None:
    """From the connection on, whether or not a byte comes."""
    with hasty.connect() as connection:
        connection.sendall(sent)
        assert is_closed(connection)


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"P", id="one byte"),
        pytest.param(b"\r\n", id="an empty line"),
        pytest.param(head()[:-2], id="half a header"),
    ],
)
def test_a_later_request_has_the_same_limit(hasty: Running, sent: bytes) -> None:
    """The first byte between two requests ends the idle time."""
    with _used(hasty) as connection:
        connection.sendall(sent)
        assert is_closed(connection)


def test_bytes_that_trickle_in_do_not_extend_the_limit(hasty: Running) -> None:
    """One byte every 0.1 s would else hold a connection for ever."""
    with hasty.connect() as connection:
        connection.settimeout(0.1)
        for byte in head(x_filler="y" * 500):
            try:
                connection.sendall(bytes([byte]))
                if connection.recv(10) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        else:
            pytest.fail("the whole header could be sent at leisure")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(head(content_length="1000") + b"{", id="half a body"),
        pytest.param(head(content_length="1000"), id="no body"),
        pytest.param(head(transfer_encoding="chunked") + b"5\r\n{", id="half a chunk"),
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["first request", "later request"])
def test_a_client_without_a_whole_body_is_told_and_cut_off(
    hasty: Running, sent: bytes, *, first: bool
) -> None:
    """The answer says why, for people who read a proxy's log."""
    with hasty.connect() if first else _used(hasty) as connection:
        connection.sendall(sent)
        assert answer_of(connection) == (408, b"the body did not arrive in time\n")
        assert is_closed(connection)


def test_a_body_that_was_answered_unread_must_end_in_time_too(hasty: Running) -> None:
    """413 comes at once; who goes on sending slowly is cut off."""
    with hasty.connect() as connection:
        connection.sendall(head(content_length="10000000") + b"x")
        assert answer_of(connection)[0] == 413
        assert is_closed(connection)


def test_a_connection_lives_on_after_an_unread_body_that_did_end(hasty: Running) -> None:
    """The rest of a refused body is thrown away, and the next request is answered."""
    with hasty.connect() as connection:
        connection.sendall(head("/nope", content_length="5"))
        assert answer_of(connection)[0] == 404
        connection.sendall(b"12345" + _HEALTH)
        assert answer_of(connection) == (200, b"ok\n")


def test_an_idle_connection_outlives_the_limits_of_requests(hasty: Running) -> None:
    """More than twice the limit of a header: between two requests nothing is owed."""
    with _used(hasty) as connection:
        connection.settimeout(1.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.sendall(_HEALTH)
        assert answer_of(connection) == (200, b"ok\n")


def test_a_client_that_takes_no_answers_is_cut_off(hasty: Running) -> None:
    """It sends requests and never reads: the buffer of the connection stays full."""
    with hasty.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(5)
        with pytest.raises((ConnectionError, ssl.SSLError)):  # noqa: PT012 - whichever write meets the end
            while True:
                connection.sendall(b"GET /metrics HTTP/1.1\r\nhost: hook\r\n\r\n" * 50)


def test_idle_connections_outlive_those_of_metacontroller() -> None:
    """Its pool keeps them for 90 s: closing earlier is a reset for some calls."""
    app = application(FakeHook(), Telemetry(stream=io.BytesIO(), clock=lambda: NOW), Settings())
    config = server_config(app, Settings())
    assert config.timeout_keep_alive >= 95
    assert not config.server_header
    assert not config.date_header
    assert not config.proxy_headers
    assert config.timeout_graceful_shutdown == 10


def test_keep_alive_ends_an_idle_connection() -> None:
    """With a setting short enough to see it."""
    with running(keep_alive_seconds=1) as edge, _used(edge) as connection:
        assert is_closed(connection)


def test_a_forwarded_client_address_is_not_believed(edge: Running) -> None:
    """No proxy is trusted, not even on loopback: nothing changes with its headers."""
    answer = edge.client.post("/sync", json=REQUEST, headers={"x-forwarded-proto": "https"})
    assert answer.status_code == 200


def test_websockets_are_not_spoken(edge: Running) -> None:
    """An upgrade is ignored."""
    with edge.connect() as connection:
        connection.sendall(_HEALTH[:-2] + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n")
        assert answer_of(connection) == (200, b"ok\n")


def test_not_ready_while_stopping_but_alive(edge: Running) -> None:
    """Answers ask the caller to leave, so that its next call goes to another replica."""
    assert edge.client.get("/readyz").status_code == 200
    edge.lifecycle.stopping = True
    try:
        ready = edge.client.get("/readyz")
        assert (ready.status_code, ready.text) == (503, "stopping\n")
        assert edge.client.get("/healthz").status_code == 200
        assert edge.client.post("/sync", json=REQUEST).headers["connection"] == "close"
    finally:
        edge.lifecycle.stopping = False


def test_sigterm_lets_calls_in_flight_end_and_refuses_new_connections() -> None:
    """Not ready at once, serving for the delay, then no listener; the last call is answered."""
    fake = FakeHook()
    settings = Settings.model_construct(stop_delay_seconds=1.5)
    app = application(fake, Telemetry(stream=io.BytesIO(), clock=lambda: NOW), settings)
    listener = listen("127.0.0.1", 0)
    server = HookServer(server_config(app, settings), app.state.lifecycle, 1.5)
    started, stopping = threading.Event(), threading.Event()
    server.on_started, server.on_stopping = started.set, stopping.set
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert started.wait(20)
    answers: list[httpx.Response] = []
    request = {**REQUEST, "do": "wait", "heavy": True}
    caller = threading.Thread(
        target=lambda: answers.append(httpx.post(f"{url}/sync", json=request, timeout=20))
    )
    caller.start()
    assert fake.started.wait(20)
    server.handle_exit(signal.SIGTERM, None)
    assert stopping.wait(20)
    assert httpx.get(f"{url}/readyz").status_code == 503
    assert httpx.post(f"{url}/sync", json=REQUEST).status_code == 200
    while True:
        try:
            httpx.get(f"{url}/healthz")
        except httpx.ConnectError:
            break
    assert thread.is_alive()
    fake.release.set()
    caller.join(20)
    thread.join(20)
    assert [answer.status_code for answer in answers] == [200]
    assert not thread.is_alive()
    assert server.stop_signal == signal.SIGTERM


def test_a_taken_port_is_an_error_of_the_system() -> None:
    """Found before anything is served."""
    with listen("127.0.0.1", 0) as taken, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", taken.getsockname()[1])
