"""Load generator: ``python -m hack.bench.load PORT CALLERS COUNT PACE SECONDS BODY…``.

A process of its own and a client of a few lines, so that it costs the server's core nothing.
Each caller keeps one connection and sends its next request when the last was answered, as each
of Metacontroller's workers does; with a pace (requests a second) it waits in between. One that is
told to retry later (429) does, as Metacontroller would. After SECONDS none begins another request.
What was measured is JSON on stdout.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import uvloop

_HOST = "127.0.0.1"


class AnswerError(Exception):
    """The server answered neither 200 nor 429."""


def request_of(body: bytes, path: str = "/sync") -> bytes:
    """A whole HTTP request."""
    header = (
        f"POST {path} HTTP/1.1\r\nhost: hook\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return header.encode() + body


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[float, float]:
    """Send one request, read its whole answer; seconds that it took, and to wait (0: answered).

    Raises AnswerError.
    """
    started = time.perf_counter()
    writer.write(request)
    header = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(_number(header, b"content-length:"))
    took = time.perf_counter() - started
    if header.startswith(b"http/1.1 429"):
        return took, float(_number(header, b"retry-after:"))
    if not header.startswith(b"http/1.1 200"):
        raise AnswerError(header.partition(b"\r\n")[0].decode())
    return took, 0.0


def _number(header: bytes, name: bytes) -> int:
    return int(header.partition(name)[2].partition(b"\r\n")[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What each caller sends: ``pace`` requests a second (0: at once), for ``seconds`` at most."""

    port: int
    requests: Sequence[bytes]
    pace: float
    seconds: float


async def caller(plan: Plan) -> tuple[list[float], int]:
    """Send all requests one after another over one connection; seconds of each, and refusals."""
    reader, writer = await asyncio.open_connection(_HOST, plan.port, limit=2**24)
    taken: list[float] = []
    refused = 0
    begun = time.perf_counter()
    for number, request in enumerate(plan.requests):
        if plan.pace:
            await asyncio.sleep(max(0.0, begun + number / plan.pace - time.perf_counter()))
        if time.perf_counter() - begun > plan.seconds:
            break
        took, wait = await exchange(reader, writer, request)
        while wait:
            refused += 1
            await asyncio.sleep(wait)
            took, wait = await exchange(reader, writer, request)
        taken.append(took)
    writer.close()
    return taken, refused


async def load(plan: Plan, callers: int) -> tuple[list[float], int]:
    """Let ``callers`` carry out the plan; seconds of every answered request, and refusals."""
    found = await asyncio.gather(*(caller(plan) for _ in range(callers)))
    return [seconds for one, _ in found for seconds in one], sum(refused for _, refused in found)


def main() -> None:
    """Read arguments, send, print ``{"seconds": […], "refused": …, "wall": …}``."""
    port, callers, count = (int(text) for text in sys.argv[1:4])
    pace, most = (float(text) for text in sys.argv[4:6])
    requests = [request_of(Path(name).read_bytes()) for name in sys.argv[6:]] * count
    started = time.perf_counter()
    plan = Plan(port=port, requests=requests, pace=pace, seconds=most)
    seconds, refused = uvloop.run(load(plan, callers))
    wall = time.perf_counter() - started
    sys.stdout.buffer.write(orjson.dumps({"seconds": seconds, "refused": refused, "wall": wall}))


if __name__ == "__main__":
    main()
