"""A proxy before the hook that answers a call by itself where a test wants it."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import httpx

from tests.e2e.stack.processes import LOOPBACK

_TIMEOUT_SECONDS: Final = 15.0
_UNREACHABLE: Final = 502


class Front:
    """Forwards each POST to ``target``; `fail` has the next calls of a parent fail."""

    def __init__(self, target: str) -> None:
        """It listens at once, at `url`."""
        self._client = httpx.Client(base_url=target, timeout=_TIMEOUT_SECONDS, trust_env=False)
        self._planned: dict[bytes, deque[int]] = {}
        self._server = ThreadingHTTPServer((LOOPBACK, 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where Metacontroller is sent to."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def fail(self, namespace: str, *statuses: int) -> None:
        """Answer the next sync calls that speak of ``namespace`` with ``statuses``, one each."""
        self._planned[namespace.encode()] = deque(statuses)

    def is_through(self, namespace: str) -> bool:
        """Whether all that `fail` asked for has happened."""
        return not self._planned.get(namespace.encode())

    def close(self) -> None:
        """Listen no longer."""
        self._server.shutdown()
        self._server.server_close()
        self._client.close()

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Status and body for one call."""
        if path.startswith("/sync"):
            for namespace, statuses in self._planned.items():
                if statuses and namespace in body:
                    return statuses.popleft(), b'{"error": "as the test wants it"}'
        try:
            reply = self._client.post(
                path, content=body, headers={"Content-Type": "application/json"}
            )
        except httpx.HTTPError as error:
            return _UNREACHABLE, type(error).__name__.encode()
        return reply.status_code, reply.content


def _handler(front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection of Metacontroller."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Forward."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, content = front.answer(self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            # A caller whose patience has ended has left: nobody is there to read it.
            with contextlib.suppress(ConnectionError):
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
