"""Handshakes that take too long, are too many, or fail too often for the log."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from app.edge.handshakes import Failure, QuietLog
from tests.http.certificates import client_context, tls_settings
from tests.http.edge import Running, answer_of, is_closed, running
from tests.http.handshakes import HEALTH, failures, shake_hands


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x16", id="one byte"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", id="half a greeting"),
    ],
)
def test_a_handshake_that_is_never_complete_is_cut_off(tmp_path: Path, sent: bytes) -> None:
    """In the time of a header, however the bytes come."""
    with running(header_timeout_seconds=0.5, **tls_settings(tmp_path)) as edge:
        with edge.connect_raw() as connection:
            connection.sendall(sent)
            assert is_closed(connection)
        [event] = failures(edge, Failure.TIMEOUT)
    assert event["client"] == "127.0.0.1"


def test_bytes_that_trickle_in_do_not_extend_the_handshake(tmp_path: Path) -> None:
    """One byte every 0.05 s of a greeting that promises 512."""
    greeting = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + b"\x03" * 503
    with (
        running(header_timeout_seconds=0.5, **tls_settings(tmp_path)) as edge,
        edge.connect_raw() as connection,
    ):
        connection.settimeout(0.05)
        started = time.monotonic()
        for byte in greeting:
            try:
                connection.sendall(bytes([byte]))
                if connection.recv(10) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - started < 5


def test_handshake_and_header_share_one_limit(tmp_path: Path) -> None:
    """A client that takes its time for both is not given it twice."""
    context = client_context(tmp_path)
    with (
        running(header_timeout_seconds=2, **tls_settings(tmp_path)) as edge,
        edge.connect_raw() as raw,
    ):
        started = time.monotonic()
        raw.settimeout(1.2)
        with pytest.raises(TimeoutError):
            raw.recv(1)
        raw.settimeout(20)
        with context.wrap_socket(raw, server_hostname="127.0.0.1") as connection:
            assert is_closed(connection)
        assert time.monotonic() - started < 3


@contextmanager
def _silent(edge: Running, number: int) -> Iterator[list[socket.socket]]:
    """Connections that do not begin a handshake."""
    with ExitStack() as stack:
        yield [stack.enter_context(edge.connect_raw()) for _ in range(number)]


def test_handshakes_count_as_connections_and_probes_stay_green(tmp_path: Path) -> None:
    """Above the bound a connection is dropped before it costs any cryptography."""
    settings = tls_settings(tmp_path)
    with running(max_connections=3, probe_port=0, header_timeout_seconds=8, **settings) as edge:
        with _silent(edge, 3):
            with pytest.raises((ConnectionError, ssl.SSLError)):
                shake_hands(edge, client_context(tmp_path))
            assert failures(edge, Failure.TOO_MANY)
            for path in ("/healthz", "/readyz", "/metrics"):
                answer = httpx.get(f"{edge.probe_url}{path}", trust_env=False)
                assert answer.status_code == 200
        assert _until_served(edge, client_context(tmp_path)).startswith(b"HTTP/1.1 200")


def _until_served(edge: Running, context: ssl.SSLContext) -> bytes:
    """Answer as soon as there is room again."""
    until = time.monotonic() + 10
    while True:
        try:
            return shake_hands(edge, context)
        except (ConnectionError, ssl.SSLError):
            assert time.monotonic() < until


def test_a_port_check_is_no_failure_but_leaving_half_way_is(tmp_path: Path) -> None:
    """The kubelet's and load balancers' checks of a port come and go without a byte."""
    with running(context=client_context(tmp_path), **tls_settings(tmp_path)) as edge:
        for _ in range(3):
            edge.connect_raw().close()
        with edge.connect_raw() as connection:
            connection.sendall(b"\x16\x03\x01")
        [event] = failures(edge, Failure.LEFT)
        assert event["count"] == 1
        assert len(edge.events("tls_handshake_failed")) == 1
        assert edge.metric('wazuh_hook_tls_handshakes_failed_total{reason="left"}') == 1


def test_failures_of_one_reason_are_logged_once_a_minute_with_their_number() -> None:
    """Whoever reaches the port can fail as often as they like."""
    seen: list[tuple[Failure, str, int]] = []
    now = [100.0]
    log = QuietLog(lambda *event: seen.append(event), lambda: now[0])
    for client in ("a", "b", "c"):
        log.failed(Failure.OTHER, client)
    log.failed(Failure.EXPIRED, "d")
    now[0] += 59
    log.failed(Failure.OTHER, "e")
    now[0] += 1
    log.failed(Failure.OTHER, "f")
    now[0] += 60
    log.failed(Failure.OTHER, "g")
    assert seen == [
        (Failure.OTHER, "a", 1),
        (Failure.EXPIRED, "d", 1),
        (Failure.OTHER, "f", 4),
        (Failure.OTHER, "g", 1),
    ]


def test_all_failures_are_counted_even_where_the_log_is_quiet(tmp_path: Path) -> None:
    """The rate is what an alert looks at."""
    with running(context=client_context(tmp_path), **tls_settings(tmp_path)) as edge:
        for _ in range(5):
            with edge.connect_raw() as connection:
                connection.sendall(HEALTH)
                assert answer_of(connection)[0] == 400
        sample = 'wazuh_hook_tls_handshakes_failed_total{reason="plain_http"}'
        assert edge.metric(sample) == 5
        assert len(failures(edge, Failure.PLAIN_HTTP)) == 1
