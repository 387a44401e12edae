"""Load generator: ``python -m hack.bench.load PORT CALLERS COUNT PACE BODY…``, JSON on stdout.

A process of its own and a client of a few lines, so that it costs the server's core nothing.
Each caller keeps one connection and sends its next request when the last was answered, as each
of Metacontroller's workers does; with a pace (requests a second) it waits in between.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import orjson
import uvloop

_HOST = "127.0.0.1"


class AnswerError(Exception):
    """The server answered something else than 200."""


def request_of(body: bytes, path: str = "/sync") -> bytes:
    """A whole HTTP request."""
    header = (
        f"POST {path} HTTP/1.1\r\nhost: hook\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return header.encode() + body


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> float:
    """Send one request, read its whole answer; seconds that it took. Raises AnswerError."""
    started = time.perf_counter()
    writer.write(request)
    header = await reader.readuntil(b"\r\n\r\n")
    length = int(header.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    took = time.perf_counter() - started
    if not header.startswith(b"HTTP/1.1 200"):
        raise AnswerError(header.partition(b"\r\n")[0].decode())
    return took


async def caller(port: int, requests: Sequence[bytes], pace: float) -> list[float]:
    """Send ``requests`` one after another over one connection; seconds of each."""
    reader, writer = await asyncio.open_connection(_HOST, port, limit=2**24)
    taken: list[float] = []
    begun = time.perf_counter()
    for number, request in enumerate(requests):
        if pace:
            await asyncio.sleep(max(0.0, begun + number / pace - time.perf_counter()))
        taken.append(await exchange(reader, writer, request))
    writer.close()
    return taken


async def load(port: int, callers: int, requests: Sequence[bytes], pace: float) -> list[float]:
    """Let ``callers`` send all requests each; seconds of every one."""
    found = await asyncio.gather(*(caller(port, requests, pace) for _ in range(callers)))
    return [seconds for one in found for seconds in one]


def main() -> None:
    """Read arguments, send, print ``{"seconds": […], "wall": …}``."""
    port, callers, count = (int(text) for text in sys.argv[1:4])
    pace = float(sys.argv[4])
    requests = [request_of(Path(name).read_bytes()) for name in sys.argv[5:]] * count
    started = time.perf_counter()
    seconds = uvloop.run(load(port, callers, requests, pace))
    wall = time.perf_counter() - started
    sys.stdout.buffer.write(orjson.dumps({"seconds": seconds, "wall": wall}))


if __name__ == "__main__":
    main()
