"""One HTTP connection: uvicorn's protocol with the time limits that it lacks."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from app.edge.whole_writes import WholeWrites

_MAX_HEADER_BYTES: Final = 16 * 1024


class BoundedConnection(h11.Connection):
    """The parser of one connection, which refuses a body of many tiny chunks.

    Each chunk costs the same, whatever it holds. With one byte in each, a single read from the
    network (256 KiB) takes a third of a second, in which nobody else is answered.
    """

    _FREE_CHUNKS: Final = 64
    _MEAN_BYTES: Final = 256

    def __init__(self, max_header_bytes: int) -> None:
        """``max_header_bytes``: longest header, and longest head of a chunk."""
        super().__init__(h11.SERVER, max_header_bytes)
        self._chunks = 0
        self._size = 0

    def next_event(self) -> h11.Event | type[h11.NEED_DATA | h11.PAUSED]:
        """As h11 has it. Raises h11.RemoteProtocolError for a body in too many pieces."""
        event = super().next_event()
        if isinstance(event, h11.Data):
            self._chunks += 1
            self._size += len(event.data)
            if self._chunks > self._FREE_CHUNKS + self._size // self._MEAN_BYTES:
                raise h11.RemoteProtocolError("the chunks of the body are too small")
        elif isinstance(event, h11.Request):
            self._chunks = self._size = 0
        return event


class TimedProtocol(H11Protocol):
    """A connection that is cut when its client owes something for too long.

    Owed are: the header of the first request, the rest of a header that has begun, the rest of
    a body that was answered without being read, and taking the answer. An idle connection
    between two requests owes nothing: uvicorn's keep-alive ends it. A body that is being read
    has its own limit (`app.edge.limits`).
    """

    limit_seconds = 5.0
    #: When the connection was made, on the loop's clock, where that was before this protocol.
    began: float | None = None

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """As uvicorn makes it; ``limit_seconds`` is set by a subclass."""
        super().__init__(config, server_state, app_state, _loop)
        self.conn = BoundedConnection(config.h11_max_incomplete_event_size or _MAX_HEADER_BYTES)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_header = True
        self._answered = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Start the time for the first header."""
        self._writes = WholeWrites(transport, self.loop)
        super().connection_made(self._writes)  # type: ignore[arg-type]  # in form a transport
        began = self.loop.time() if self.began is None else self.began
        self._deadline = self.loop.call_at(began + self.limit_seconds, self._cut)

    def data_received(self, data: bytes) -> None:
        """Any byte between two requests begins a header."""
        before = self.cycle
        self._in_header = True
        super().data_received(data)
        if self.cycle is not before:
            self._next_request()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP; in the middle of another answer, or after it, just end."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.abort()

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
