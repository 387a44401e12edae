"""A transport that writes at once what one turn of the event loop has produced.

uvicorn writes header, body and end of an answer one by one, and each write wakes the reader on its
own: measured, the two further wake-ups cost a tenth of a whole sync.
"""

from __future__ import annotations

import asyncio
from typing import Any


class WholeWrites:
    """Wraps a transport; everything but writing and closing goes straight to it."""

    __slots__ = ("_loop", "_pending", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """``transport`` of one connection of ``loop``."""
        self._transport = transport
        self._loop = loop
        self._pending: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep ``data`` until `flush`, which comes by itself at the end of this turn."""
        if not data:
            return
        if not self._pending:
            self._loop.call_soon(self.flush)
        self._pending.append(data)

    def flush(self) -> None:
        """Write what is kept; a transport that is closing takes nothing any more."""
        if self._pending:
            whole = b"".join(self._pending)
            self._pending.clear()
            if not self._transport.is_closing():
                self._transport.write(whole)

    def close(self) -> None:
        """Close after everything is written."""
        self.flush()
        self._transport.close()

    def get_write_buffer_size(self) -> int:
        """Bytes that are not with the kernel yet, those kept here included."""
        return sum(map(len, self._pending)) + self._transport.get_write_buffer_size()

    def __getattr__(self, name: str) -> Any:
        """Whatever else a transport can do."""
        return getattr(self._transport, name)
