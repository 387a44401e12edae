"""The HTTP server under the application: uvicorn with h11, and the time limits it lacks.

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

import h11
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from app.edge.endpoints import Lifecycle
from app.edge.settings import Settings
from app.edge.telemetry import LISTENING, STOPPED, STOPPING, Telemetry, adopt_library_logs, version
from app.edge.whole_writes import WholeWrites

_BACKLOG = 2048
_START_SECONDS = 30


class TimedProtocol(H11Protocol):
    """A connection that is cut when its client owes something for too long.

    Owed are: the header of the first request, the rest of a header that has begun, the rest of
    a body that was answered without being read, and taking the answer. An idle connection
    between two requests owes nothing: uvicorn's keep-alive ends it. A body that is being read
    has its own limit (`app.edge.limits`).
    """

    limit_seconds = 5.0

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """As uvicorn makes it; ``limit_seconds`` is set by a subclass."""
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_header = True
        self._answered = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the time for the first header."""
        self._writes = WholeWrites(transport, self.loop)
        super().connection_made(self._writes)  # type: ignore[arg-type]  # in form a transport
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Any byte between two requests begins a header."""
        before = self.cycle
        self._in_header = True
        super().data_received(data)
        if self.cycle is not before:
            self._next_request()
        self._watch()

    def on_response_complete(self) -> None:
        """Look at what the client still owes; a pipelined request may have begun."""
        before = self.cycle
        self._answered = True
        self._writes.flush()
        super().on_response_complete()
        if self.cycle is not before:
            self._next_request()
        self._in_header = bool(self.conn.trailing_data[0])
        self._relax()
        self._watch()

    def pause_writing(self) -> None:
        """The client does not take its answer: from now on its time runs."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """It did."""
        super().resume_writing()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the time."""
        self._relax()
        super().connection_lost(exc)

    def _owes(self) -> bool:
        """Whether the client is the one to act."""
        waits_for_header = self.conn.their_state is h11.IDLE and self._in_header
        unread_body = self._answered and self.conn.their_state is h11.SEND_BODY
        unsent = self._answered and self.transport.get_write_buffer_size() > 0
        return waits_for_header or unread_body or unsent or self.flow.write_paused

    def _next_request(self) -> None:
        """A header is complete: its time ends, that of the next one has not begun."""
        self._answered = False
        self._in_header = bool(self.conn.trailing_data[0])
        self._relax()

    def _watch(self) -> None:
        """Start the time where something is owed, stop it where nothing is."""
        if not self._owes():
            self._relax()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.limit_seconds, self._cut)

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _cut(self) -> None:
        """End of the time: abort, since closing would wait for the client again."""
        self._deadline = None
        if self._owes():
            self.transport.abort()


class HookServer(uvicorn.Server):
    """uvicorn that says "not ready" for a moment before it stops listening."""

    def __init__(
        self, config: uvicorn.Config, lifecycle: Lifecycle, stop_delay_seconds: float
    ) -> None:
        """``stop_delay_seconds``: how long new calls are still served after SIGTERM."""
        super().__init__(config)
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
        if self.started:
            self.on_started()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: begin to stop when the delay has passed."""
        if self.lifecycle.stopping and not self.should_exit:
            now = asyncio.get_running_loop().time()
            if self._stop_at is None:
                self._stop_at = now + self._stop_delay_seconds
                self.on_stopping()
            self.should_exit = now >= self._stop_at
        return await super().on_tick(counter)


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Settings of uvicorn: no header that names the server, no trust in proxies, no WebSockets."""
    protocol = type(
        "ConfiguredProtocol", (TimedProtocol,), {"limit_seconds": settings.header_timeout_seconds}
    )
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        limit_concurrency=settings.max_connections,
        backlog=_BACKLOG,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        h11_max_incomplete_event_size=settings.max_header_bytes,
    )


def listen(host: str, port: int) -> socket.socket:
    """Listening socket of an IPv4 or IPv6 address or name. Raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)


def run(app: FastAPI, settings: Settings, telemetry: Telemetry, listener: socket.socket) -> int:
    """Serve until a signal ends it; return the signal's number, or 0.

    For the process whose only purpose this is: it takes over logging and tunes the collector.
    """
    adopt_library_logs(telemetry)
    server = HookServer(
        server_config(app, settings), app.state.lifecycle, settings.stop_delay_seconds
    )
    host, port = listener.getsockname()[:2]

    def started() -> None:
        tune_garbage_collector()
        telemetry.log.info(LISTENING, host=host, port=port, version=version())

    server.on_started = started
    server.on_stopping = lambda: telemetry.log.info(STOPPING)
    server.run(sockets=[listener])
    telemetry.log.info(STOPPED)
    return server.stop_signal or 0


def tune_garbage_collector() -> None:
    """Take everything loaded so far out of collection and collect rarely.

    A request is a tree of some ten thousand objects without cycles; with the default threshold
    the collector walks all objects several times a request, which costs half of the throughput.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@contextmanager
def serving(app: FastAPI, settings: Settings | None = None) -> Iterator[str]:
    """Serve ``app`` in a thread on a free loopback port; yield its base URL.

    Raises RuntimeError if it does not start. The end waits for requests in flight.
    """
    listener = listen("127.0.0.1", 0)
    settings = settings or Settings()
    server = HookServer(server_config(app, settings), app.state.lifecycle, stop_delay_seconds=0)
    started = threading.Event()
    server.on_started = started.set
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="server", daemon=True
    )
    thread.start()
    try:
        if not started.wait(_START_SECONDS):
            raise RuntimeError("the server did not start")
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
