"""A connection that speaks TLS, in front of the protocol that speaks HTTP.

The event loop's own TLS drops a failed handshake without a word: the client does not get the alert
that says why, nothing can be logged, and no limit sees the connection. Here a handshake counts
as a connection, has a time limit, and ends with an alert that the client has a chance to read.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from app.edge.connection import TimedProtocol
from app.edge.handshakes import Failure, failure_of
from app.edge.tls import ServerTls

_RECORD_BYTES: Final = 16 * 1024  # the most that one record holds
#: How long a refused client may take to read why. Closing with unread bytes of it is a reset, which
#: overtakes the alert.
_LINGER_SECONDS: Final = 1.0
_SPEAK_TLS: Final = b"this port speaks TLS: use https\n"
_PLAIN_ANSWER: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_SPEAK_TLS), _SPEAK_TLS)
)


class TlsTransport(asyncio.Transport):
    """The transport that the protocol inside writes to; what it writes leaves encrypted."""

    def __init__(self, raw: asyncio.Transport, tls: ssl.SSLObject, outgoing: ssl.MemoryBIO) -> None:
        """``tls`` puts into ``outgoing`` what is to leave through ``raw``."""
        super().__init__()
        self._raw = raw
        self._tls = tls
        self._outgoing = outgoing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and hand over; a broken session ends the connection."""
        if self._raw.is_closing():
            return
        try:
            self._tls.write(data)
        except ssl.SSLError:
            self._raw.abort()
        else:
            self.flush()

    def flush(self) -> None:
        """Hand over what the session itself has to say."""
        if self._outgoing.pending and not self._raw.is_closing():
            self._raw.write(self._outgoing.read())

    def close(self) -> None:
        """Close after everything is written, with the notice that this is the whole of it."""
        if self._raw.is_closing():
            return
        with contextlib.suppress(ssl.SSLError):  # the notice of the client is not waited for
            self._tls.unwrap()
        self.flush()
        self._raw.close()

    def abort(self) -> None:
        """Close at once."""
        self._raw.abort()

    def is_closing(self) -> bool:
        """Whether the connection is closed or about to be."""
        return self._raw.is_closing()

    def get_write_buffer_size(self) -> int:
        """Encrypted bytes that are not with the kernel yet."""
        return self._raw.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """``ssl_object`` and ``sslcontext``; the rest is the connection's."""
        if name == "ssl_object":
            return self._tls
        if name == "sslcontext":
            return self._tls.context
        return self._raw.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Take no more; everything taken so far has been delivered."""
        self._raw.pause_reading()

    def resume_reading(self) -> None:
        """Take again."""
        self._raw.resume_reading()


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsProtocols:
    """Makes the protocol of each connection, as uvicorn asks for it."""

    tls: ServerTls
    inner: type[TimedProtocol]
    max_connections: int
    failed: Callable[[Failure, str], None]

    def __call__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> TlsConnection:
        """One for a new connection."""
        return TlsConnection(
            self, lambda: self.inner(config, server_state, app_state), server_state
        )


class TlsConnection(asyncio.Protocol):
    """Shakes hands, then decrypts for the protocol inside.

    Until the handshake is complete it stands among the server's connections itself.
    """

    def __init__(
        self, factory: TlsProtocols, inner: Callable[[], TimedProtocol], state: ServerState
    ) -> None:
        """``inner`` makes the protocol inside once there is a session."""
        self._factory = factory
        self._make_inner = inner
        self._connections: set[Any] = state.connections
        self._inner: TimedProtocol | None = None
        self._heard = False
        self._ended = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # TCP
        """Start the time of the handshake."""
        self._raw = transport
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        if len(self._connections) >= self._factory.max_connections:
            self._fail(Failure.TOO_MANY)
            return
        self._connections.add(self)
        self._incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = self._factory.tls.context
        self._tls = context.wrap_bio(self._incoming, outgoing, server_side=True)
        self._transport = TlsTransport(transport, self._tls, outgoing)
        self._deadline = self._loop.call_later(self._factory.inner.limit_seconds, self._cut)

    def data_received(self, data: bytes) -> None:
        """Encrypted bytes; those of a client that was refused are thrown away."""
        if self._ended:
            return
        self._heard = True
        self._incoming.write(data)
        if self._inner is None:
            self._shake_hands()
        if self._inner is not None:
            self._deliver(self._inner)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol inside, or log that there will be none.

        A client that comes and goes without a byte (a port check) is no failure.
        """
        self._release()
        if self._inner is not None:
            self._inner.connection_lost(exc)
        elif self._heard and not self._ended:
            self._ended = True
            self._factory.failed(Failure.LEFT, self._client())

    def pause_writing(self) -> None:
        """The client does not take its answer."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """It did."""
        if self._inner is not None:
            self._inner.resume_writing()

    def shutdown(self) -> None:
        """The server ends: nothing was asked on this connection yet."""
        self._ended = True
        self._raw.abort()

    def _shake_hands(self) -> None:
        """One step with what has arrived."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._transport.flush()
        except ssl.SSLError as error:
            self._fail(failure_of(error))
        else:
            self._transport.flush()
            self._release()
            self._inner = self._make_inner()
            self._inner.began = self._began
            self._inner.connection_made(self._transport)

    def _deliver(self, inner: TimedProtocol) -> None:
        """Decrypt everything that is complete and hand it over as one piece."""
        chunks: list[bytes] = []
        goes_on = False
        try:
            while chunk := self._tls.read(_RECORD_BYTES):
                chunks.append(chunk)
        except ssl.SSLWantReadError:
            goes_on = True
        except ssl.SSLError:
            pass  # forged or cut: the alert is flushed below, the connection closed
        self._transport.flush()
        if chunks:
            inner.data_received(chunks[0] if len(chunks) == 1 else b"".join(chunks))
        if not goes_on:
            self._transport.close()

    def _fail(self, failure: Failure) -> None:
        """Log, say why where there are words for it, and close."""
        self._ended = True
        self._factory.failed(failure, self._client())
        if failure is Failure.PLAIN_HTTP:
            self._raw.write(_PLAIN_ANSWER)
        elif failure in {Failure.TOO_MANY, Failure.TIMEOUT}:
            self._raw.abort()
            return
        else:
            self._transport.flush()
        self._raw.write_eof()
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._loop.call_later(_LINGER_SECONDS, self._raw.abort)

    def _cut(self) -> None:
        """End of the time."""
        self._fail(Failure.TIMEOUT)

    def _release(self) -> None:
        """This connection no longer stands for itself, and its time ends."""
        self._connections.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _client(self) -> str:
        """Address of the client, without port; empty where the system no longer knows it."""
        peer = self._raw.get_extra_info("peername")
        return str(peer[0]) if peer else ""
