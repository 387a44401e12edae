"""The HTTP server under the application: uvicorn with h11, TLS, and a port for probes.

h11 rather than httptools because it bounds the header of a request; at the size of our bodies
both are equally fast. One process, one event loop: replicas are pods.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.server import ServerState

from app.edge.connection import TimedProtocol
from app.edge.endpoints import Lifecycle
from app.edge.settings import Settings, SettingsError, variable_of
from app.edge.telemetry import LISTENING, STOPPED, STOPPING, Telemetry, adopt_library_logs, version
from app.edge.tls import ServerTls, TlsFileError
from app.edge.tls_connection import TlsProtocols

_BACKLOG = 2048
_START_SECONDS = 30
_PROBE_CONNECTIONS = 64
#: No header names the server or the time, no proxy is trusted, nothing is logged by uvicorn.
_QUIET: dict[str, Any] = {
    "ws": "none",
    "log_config": None,
    "access_log": False,
    "proxy_headers": False,
    "server_header": False,
    "date_header": False,
}


class ProbeListener:
    """The second port: plain HTTP, with connections of its own.

    Whatever is done to the first port, the kubelet and Prometheus are answered.
    """

    def __init__(self, app: FastAPI, settings: Settings, listener: socket.socket) -> None:
        """``listener`` is open; ``app`` has the application for it in its state."""
        self._socket = listener
        self._state = ServerState()
        self._protocol = _timed(settings)
        self._config = uvicorn.Config(
            app.state.probes,
            http=self._protocol,
            lifespan="off",
            limit_concurrency=_PROBE_CONNECTIONS,
            timeout_keep_alive=settings.keep_alive_seconds,
            h11_max_incomplete_event_size=settings.max_header_bytes,
            **_QUIET,
        )

    async def start(self) -> asyncio.AbstractServer:
        """Begin to serve on the running loop."""
        self._config.load()
        return await asyncio.get_running_loop().create_server(
            self._connection, sock=self._socket, backlog=_BACKLOG
        )

    def _connection(self) -> TimedProtocol:
        return self._protocol(self._config, self._state, {})


class HookServer(uvicorn.Server):
    """uvicorn that says "not ready" for a moment before it stops listening."""

    def __init__(
        self,
        config: uvicorn.Config,
        lifecycle: Lifecycle,
        stop_delay_seconds: float,
        *,
        probes: ProbeListener | None = None,
    ) -> None:
        """``stop_delay_seconds``: how long new calls are still served after SIGTERM.

        ``on_poll`` is called every ``poll_seconds``.
        """
        super().__init__(config)
        self.on_poll: Callable[[], None] = lambda: None
        self.poll_seconds = 5.0
        self._poll_at = 0.0
        self._probes = probes
        self.lifecycle = lifecycle
        self.stop_signal: int | None = None
        self.on_started: Callable[[], None] = lambda: None
        self.on_stopping: Callable[[], None] = lambda: None
        self._stop_delay_seconds = stop_delay_seconds
        self._stop_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM is orderly; SIGINT, or a second signal, ends at once."""
        del frame
        self.lifecycle.stopping = True
        if sig == signal.SIGINT or self.stop_signal is not None:
            self.force_exit = self.should_exit
            self.should_exit = True
        self.stop_signal = sig

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Report the start once the listeners are open."""
        await super().startup(sockets=sockets)
        if self._probes is not None:
            self.servers.append(await self._probes.start())  # type: ignore[arg-type]  # uvloop's
        if self.started:
            self.on_started()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: poll where it is time; begin to stop when the delay has passed."""
        now = asyncio.get_running_loop().time()
        if now >= self._poll_at:
            self._poll_at = now + self.poll_seconds
            self.on_poll()
        if self.lifecycle.stopping and not self.should_exit:
            if self._stop_at is None:
                self._stop_at = now + self._stop_delay_seconds
                self.on_stopping()
            self.should_exit = now >= self._stop_at
        return await super().on_tick(counter)


def server_config(app: FastAPI, settings: Settings, tls: ServerTls | None = None) -> uvicorn.Config:
    """Settings of uvicorn for the first port: plain HTTP, or TLS only."""
    protocol: Any = _timed(settings)
    if tls is not None:
        protocol = TlsProtocols(
            tls=tls,
            inner=protocol,
            max_connections=settings.max_connections,
            failed=app.state.telemetry.handshake_failed,
        )
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=protocol,
        lifespan="on",
        limit_concurrency=settings.max_connections,
        backlog=_BACKLOG,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        h11_max_incomplete_event_size=settings.max_header_bytes,
        **_QUIET,
    )


def server_of(
    app: FastAPI,
    settings: Settings,
    *,
    stop_delay_seconds: float,
    probes: socket.socket | None = None,
) -> HookServer:
    """Server of both ports. Raises SettingsError for files of TLS that cannot be used."""
    telemetry: Telemetry = app.state.telemetry
    tls: ServerTls | None = None
    if settings.tls_files is not None:
        try:
            tls = ServerTls(
                settings.tls_files,
                on_reload=telemetry.tls_reloaded,
                on_kept=lambda part, reason: telemetry.tls_kept(variable_of(part), reason),
            )
        except TlsFileError as error:
            raise SettingsError(f"{variable_of(error.part)}: {error.text}") from None
        telemetry.tls_loaded(tls.expiry)
    server = HookServer(
        server_config(app, settings, tls),
        app.state.lifecycle,
        stop_delay_seconds,
        probes=ProbeListener(app, settings, probes) if probes is not None else None,
    )
    if tls is not None:
        server.on_poll = tls.refresh
        server.poll_seconds = settings.tls_reload_seconds
    return server


def _timed(settings: Settings) -> type[TimedProtocol]:
    """Protocol with the time limit of the settings."""
    limit = {"limit_seconds": settings.header_timeout_seconds}
    return type("ConfiguredProtocol", (TimedProtocol,), limit)


def listen(host: str, port: int) -> socket.socket:
    """Listening socket of an IPv4 or IPv6 address or name. Raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)


def probe_listener(settings: Settings) -> socket.socket | None:
    """Listening socket of the second port, None where there is none. Raises OSError."""
    return None if settings.probe_port is None else listen(settings.host, settings.probe_port)


def run(
    app: FastAPI,
    settings: Settings,
    telemetry: Telemetry,
    listener: socket.socket,
    probes: socket.socket | None = None,
) -> int:
    """Serve until a signal ends it; return the signal's number, or 0.

    For the process whose only purpose this is: it takes over logging and tunes the collector.
    ``probes`` is opened here where the settings ask for it and it is not given. Raises
    SettingsError for files of TLS that cannot be used, OSError for a taken second port.
    """
    adopt_library_logs(telemetry)
    probes = probes or probe_listener(settings)
    server = server_of(app, settings, stop_delay_seconds=settings.stop_delay_seconds, probes=probes)
    host, port = listener.getsockname()[:2]
    fields: dict[str, Any] = {"tls": _tls_word(settings)}
    if probes is not None:
        fields["probe_port"] = probes.getsockname()[1]

    def started() -> None:
        tune_garbage_collector()
        telemetry.log.info(LISTENING, host=host, port=port, version=version(), **fields)

    server.on_started = started
    server.on_stopping = lambda: telemetry.log.info(STOPPING)
    server.run(sockets=[listener])
    telemetry.log.info(STOPPED)
    return server.stop_signal or 0


def _tls_word(settings: Settings) -> str:
    """What the log says about TLS."""
    if settings.tls_files is None:
        return "off"
    return "mutual" if settings.tls_files.client_ca is not None else "on"


def tune_garbage_collector() -> None:
    """Take everything loaded so far out of collection and collect rarely.

    A request is a tree of some ten thousand objects without cycles; with the default threshold
    the collector walks all objects several times a request, which costs half of the throughput.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@contextmanager
def serving(
    app: FastAPI, settings: Settings | None = None, probes: socket.socket | None = None
) -> Iterator[str]:
    """Serve ``app`` in a thread on a free loopback port; yield its base URL.

    ``probes`` listens on the second port, where one is wanted. Raises RuntimeError if it does not
    start. The end waits for requests in flight.
    """
    settings = settings or Settings()
    server = server_of(app, settings, stop_delay_seconds=0, probes=probes)
    listener = listen("127.0.0.1", 0)
    started = threading.Event()
    server.on_started = started.set
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="server", daemon=True
    )
    thread.start()
    try:
        if not started.wait(_START_SECONDS):
            raise RuntimeError("the server did not start")
        scheme = "http" if settings.tls_files is None else "https"
        yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
