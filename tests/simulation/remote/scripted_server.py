"""A loopback HTTP server that says what a test wrote down, as an API server would."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer. ``lines``: of a watch, in place of ``body``. ``delay_seconds``: before it."""

    status: int = 200
    body: Any = None
    lines: tuple[Any, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0

    @property
    def content(self) -> bytes:
        """What goes over the wire."""
        if self.lines:
            return b"".join(orjson.dumps(line) + b"\n" for line in self.lines)
        return orjson.dumps(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any


class ScriptedServer:
    """Answers by method and path, in order; then 404. Use it by `serving`."""

    def __init__(self) -> None:
        """Says nothing yet."""
        self.asked: list[Asked] = []
        self.url = ""
        self._said: dict[str, list[Said]] = defaultdict(list)
        self._lock = threading.Lock()

    def say(self, call: str, said: Said) -> None:
        """Answer the next ``call``: method (or WATCH) and path, as in ``GET /api/v1/secrets``."""
        self._said[call].append(said)

    def answer(self, asked: Asked) -> Said:
        """The next answer to a request."""
        parts = urlsplit(asked.target)
        method = "WATCH" if "watch=true" in parts.query else asked.method
        with self._lock:
            self.asked.append(asked)
            waiting = self._said[f"{method} {parts.path}"]
            return waiting.pop(0) if waiting else Said(status=404, body={"reason": "NotFound"})


@contextmanager
def serving() -> Iterator[ScriptedServer]:
    """A server on a free port, until the block ends."""
    script = ScriptedServer()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = orjson.loads(self.rfile.read(length)) if length else None
            said = script.answer(
                Asked(
                    method=self.command,
                    target=self.path,
                    headers=dict(self.headers.items()),
                    body=body,
                )
            )
            time.sleep(said.delay_seconds)
            content = said.content
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            with suppress(ConnectionError):  # a caller that did not wait
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _do  # noqa: N815 - names of http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - of the base class
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
