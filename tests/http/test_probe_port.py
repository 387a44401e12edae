"""The second port: probes and metrics in plain HTTP, whatever happens to the first one."""

from __future__ import annotations

import io
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.edge.server import HookServer, listen, server_of
from app.edge.settings import Settings
from app.edge.telemetry import Telemetry
from tests.http.certificates import CLIENT, client_ca, client_context, tls_settings
from tests.http.edge import NOW, REQUEST, FakeHook, Running, application, is_closed, running

_PROBES = ("/healthz", "/readyz", "/metrics")


@pytest.fixture(scope="module")
def mutual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An edge whose first port asks for certificates."""
    folder = tmp_path_factory.mktemp("tls")
    context = client_context(folder, client_ca().issue(usage=CLIENT))
    settings = tls_settings(folder, mutual=True)
    with running(context=context, probe_port=0, **settings) as found:
        yield found


def _get(edge: Running, path: str) -> httpx.Response:
    return httpx.get(f"{edge.probe_url}{path}", trust_env=False)


@pytest.mark.parametrize("path", _PROBES)
def test_probes_need_neither_tls_nor_a_certificate(mutual: Running, path: str) -> None:
    """The kubelet has none."""
    assert _get(mutual, path).status_code == 200
    assert mutual.client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/sync", "/finalize", "/customize", "/docs", "/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nothing_else_is_there(mutual: Running, method: str, path: str) -> None:
    """A hook without TLS would be a way round it."""
    answer = httpx.request(method, f"{mutual.probe_url}{path}", json=REQUEST, trust_env=False)
    assert (answer.status_code, answer.text) == (404, "not found\n")
    assert set(answer.headers) == {"content-type", "content-length"}
    assert mutual.fake.calls == []


def test_metrics_are_those_of_the_first_port(mutual: Running) -> None:
    """One process, one registry."""
    mutual.client.post("/customize", content=b"{")
    assert 'wazuh_hook_requests_refused_total{status="400"}' in _get(mutual, "/metrics").text


def test_without_the_setting_there_is_no_second_port(edge: Running) -> None:
    """And the first one has everything."""
    assert edge.probe_url == ""
    assert [edge.client.get(path).status_code for path in _PROBES] == [200, 200, 200]


def test_a_first_port_full_of_connections_leaves_probes_green() -> None:
    """It answers 503 itself; the second port counts its own."""
    with running(max_connections=2, probe_port=0) as edge:
        silent = [edge.connect() for _ in range(4)]
        try:
            assert edge.client.get("/healthz").status_code == 503
            assert [_get(edge, path).status_code for path in _PROBES] == [200, 200, 200]
        finally:
            for connection in silent:
                connection.close()


def test_the_second_port_has_limits_too() -> None:
    """On the time of a header, and on its size."""
    with running(header_timeout_seconds=0.5, probe_port=0) as edge:
        port = int(edge.probe_url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\n")
            assert is_closed(connection)
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nx: " + b"y" * 20_000)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")


def _server(folder: Path, fake: FakeHook) -> tuple[HookServer, socket.socket, socket.socket]:
    settings = Settings.model_construct(
        **tls_settings(folder), header_timeout_seconds=30, shutdown_seconds=20
    )
    app = application(fake, Telemetry(stream=io.BytesIO(), clock=lambda: NOW), settings)
    main, probes = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
    return server_of(app, settings, stop_delay_seconds=1, probes=probes), main, probes


def test_sigterm_ends_both_ports_after_the_calls_in_flight(tmp_path: Path) -> None:
    """Not ready, then closed to newcomers; idle clients and half handshakes hold up nothing."""
    fake = FakeHook()
    server, main, probes = _server(tmp_path, fake)
    urls = [f"https://127.0.0.1:{main.getsockname()[1]}"]
    urls.append(f"http://127.0.0.1:{probes.getsockname()[1]}")
    started, stopping = threading.Event(), threading.Event()
    server.on_started, server.on_stopping = started.set, stopping.set
    thread = threading.Thread(target=server.run, kwargs={"sockets": [main]}, daemon=True)
    thread.start()
    assert started.wait(20)
    context = client_context(tmp_path)
    answers: list[httpx.Response] = []
    request: dict[str, Any] = {**REQUEST, "do": "wait", "heavy": True}

    def call() -> None:
        answers.append(httpx.post(f"{urls[0]}/sync", json=request, timeout=20, verify=context))

    caller = threading.Thread(target=call)
    caller.start()
    assert fake.started.wait(20)
    with (
        httpx.Client(base_url=urls[1], trust_env=False) as idle,
        socket.create_connection(main.getsockname()[:2]) as half,
    ):
        assert idle.get("/readyz").status_code == 200
        half.sendall(b"\x16\x03\x01")
        server.handle_exit(signal.SIGTERM, None)
        assert stopping.wait(20)
        assert idle.get("/readyz").status_code == 503
        _wait_until_refused(probes_port=int(urls[1].rpartition(":")[2]))
        assert thread.is_alive()
        fake.release.set()
        caller.join(20)
        thread.join(10)
    assert [answer.status_code for answer in answers] == [200]
    assert not thread.is_alive()


def _wait_until_refused(probes_port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", probes_port)).close()
        except ConnectionRefusedError:
            return
