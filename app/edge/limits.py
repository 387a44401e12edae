"""Limits of the HTTP edge: size and time of a body, number of calls at one time, bearer tokens.

The server under us has no limit of its own for any of them. Everything is counted by what
really arrives, whatever the header of the request promises.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import Receive, Scope

RETRY_AFTER_SECONDS = 1
_LENGTH_DIGITS = 18  # of a Content-Length: cut, a longer number is still far above any limit


class RefusalError(Exception):
    """A call that is answered before the hook is asked: HTTP status and one line.

    ``retry_after`` is set for 429 only and at least 1: Metacontroller takes a missing or zero
    value as "at once", which is a hot loop. ``close`` ends the connection after the answer.
    """

    def __init__(
        self, status: int, text: str, *, retry_after: int | None = None, close: bool = False
    ) -> None:
        """``text`` is one of our own and free of anything from the request."""
        super().__init__(text)
        self.status = status
        self.text = text
        self.retry_after = retry_after
        self.close = close


class ClientGoneError(Exception):
    """The caller closed the connection: there is nobody to answer."""


class Gate:
    """Counts calls and buffered bytes; refuses with 429 above a bound instead of queueing.

    Used from the event loop only, so plain integers are enough (`leave_heavy` apart).
    """

    __slots__ = ("_bytes", "_calls", "_heavy", "max_bytes", "max_calls")

    def __init__(self, *, max_calls: int, max_bytes: int, max_heavy: int) -> None:
        """``max_calls`` at one time, of them ``max_heavy`` heavy ones; ``max_bytes`` of bodies."""
        self.max_calls = max_calls
        self.max_bytes = max_bytes
        self._calls = 0
        self._bytes = 0
        self._heavy = threading.BoundedSemaphore(max_heavy)

    @contextmanager
    def call(self) -> Iterator[Buffer]:
        """Admit one call; its buffered bytes are given back at the end. Raises RefusalError."""
        if self._calls >= self.max_calls:
            raise busy()
        self._calls += 1
        buffer = Buffer(self)
        try:
            yield buffer
        finally:
            self._calls -= 1
            self._bytes -= buffer.size

    def enter_heavy(self) -> None:
        """Admit one call to the thread pool. Raises RefusalError."""
        if not self._heavy.acquire(blocking=False):
            raise busy()

    def leave_heavy(self) -> None:
        """Give the place back; from any thread, since work of a caller who left still runs."""
        self._heavy.release()

    def take(self, size: int) -> None:
        """Count ``size`` more bytes. Raises RefusalError."""
        if self._bytes + size > self.max_bytes:
            raise busy()
        self._bytes += size


class Buffer:
    """The body of one call while it arrives, counted against the gate."""

    __slots__ = ("_chunks", "_gate", "size")

    def __init__(self, gate: Gate) -> None:
        """Empty; ``gate`` counts the bytes of all calls."""
        self._gate = gate
        self._chunks: list[bytes] = []
        self.size = 0

    def append(self, chunk: bytes) -> None:
        """Keep ``chunk``. Raises RefusalError when all bodies together are too large."""
        self._gate.take(len(chunk))
        self.size += len(chunk)
        self._chunks.append(chunk)

    def take(self) -> bytes:
        """The whole body, once: the chunks are let go."""
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        return body


def busy() -> RefusalError:
    """Answer to a call above a bound."""
    return RefusalError(429, "too many requests at once, retry", retry_after=RETRY_AFTER_SECONDS)


async def read_body(
    scope: Scope, receive: Receive, buffer: Buffer, *, max_bytes: int, timeout_seconds: float
) -> bytes:
    """Body of an ASGI request.

    Raises RefusalError: 413 at once for a promised length above ``max_bytes`` and as soon as
    more has arrived; 408 when the last byte is not there after ``timeout_seconds``. Raises
    ClientGoneError when the caller hangs up.
    """
    if _promised_length(scope) > max_bytes:
        raise _too_large(max_bytes)
    try:
        async with asyncio.timeout(timeout_seconds):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientGoneError
                chunk = message.get("body", b"")
                if buffer.size + len(chunk) > max_bytes:
                    raise _too_large(max_bytes)
                if chunk:
                    buffer.append(chunk)
                more = message.get("more_body", False)
    except TimeoutError:
        raise RefusalError(408, "the body did not arrive in time", close=True) from None
    return buffer.take()


def _promised_length(scope: Scope) -> int:
    """Value of Content-Length, or 0 where there is none (the server refuses a malformed one)."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value[:_LENGTH_DIGITS]) if value.isdigit() else 0
    return 0


def _too_large(max_bytes: int) -> RefusalError:
    return RefusalError(413, f"the body is larger than {max_bytes} bytes")


class BearerTokens:
    """The accepted tokens, one a line of a file; read again when the file was replaced."""

    __slots__ = ("_digests", "_path", "_version")

    def __init__(self, path: Path) -> None:
        """Read ``path``. Raises OSError if it cannot be read, ValueError if it has no token."""
        self._path = path
        self._version = self._stamp()
        self._digests = self._read()

    def accepts(self, authorization: bytes | None) -> bool:
        """Whether an Authorization header holds an accepted token.

        Digests are compared, all of them and in constant time: neither the length nor the
        place of a difference can be measured.
        """
        self._refresh()
        scheme, _, token = (authorization or b"").partition(b" ")
        digest = hashlib.sha256(token.strip()).digest()
        matches = [hmac.compare_digest(digest, accepted) for accepted in self._digests]
        return any(matches) and scheme.lower() == b"bearer"

    def _refresh(self) -> None:
        """Take over a replaced file; a missing or empty one leaves the tokens as they are."""
        try:
            version = self._stamp()
            if version != self._version:
                self._digests = self._read()
                self._version = version
        except (OSError, ValueError):
            return

    def _stamp(self) -> tuple[int, int, int]:
        status = self._path.stat()
        return status.st_mtime_ns, status.st_ino, status.st_size

    def _read(self) -> tuple[bytes, ...]:
        tokens = [line.strip() for line in self._path.read_bytes().splitlines()]
        digests = tuple(hashlib.sha256(token).digest() for token in tokens if token)
        if not digests:
            raise ValueError("holds no token")
        return digests
