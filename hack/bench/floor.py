"""The floor: ``python -m hack.bench.floor PORT ANSWER`` decodes each body and encodes one answer.

The same server, the same route and the same bytes in both directions as a real sync, and nothing
in between: what no hook in this language and server could be faster than.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from app.cli.main import hook
from app.edge.answers import Answer, send_answer
from app.edge.endpoints import Lifecycle
from app.edge.http import create_app
from app.edge.server import listen, run
from app.edge.settings import Settings
from app.edge.telemetry import Telemetry


class Floor:
    """Decode, encode."""

    def __init__(self, answer: bytes) -> None:
        """``answer`` is what is encoded each time."""
        self._answer = orjson.loads(answer)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry."""
        chunks: list[bytes] = []
        more = True
        while more:
            message = await receive()
            chunks.append(message.get("body", b""))
            more = message.get("more_body", False)
        orjson.loads(b"".join(chunks))
        await send_answer(send, Answer(body=orjson.dumps(self._answer)), closing=False)


def floor_app(answer: bytes) -> FastAPI:
    """The real application with the floor as its first route."""
    settings = Settings.model_construct()
    app = create_app(hook(), settings=settings, clock=_now, seed=bytes, telemetry=_telemetry())
    app.state.lifecycle = Lifecycle()
    app.router.routes.insert(0, Route("/sync", Floor(answer), methods=["POST"]))
    return app


def main() -> None:
    """Serve until a signal."""
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    settings = Settings.model_construct()
    run(floor_app(file.read_bytes()), settings, _telemetry(), listen("127.0.0.1", port))


def _telemetry() -> Telemetry:
    return Telemetry(stream=sys.stderr.buffer, clock=_now)


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a benchmark is an edge


if __name__ == "__main__":
    main()
