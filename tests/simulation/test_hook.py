"""Both forms of a hook: over HTTP and in process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from app.errors import RegistrationError, RequestError
from app.result import Manifest
from app.simulation.hook import DirectHook, HttpHook, seeded_entropy
from tests.simulation.trial_hook import NOW


@contextmanager
def served(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[str]:
    """A server that gives one answer to everything; its URL."""

    class Handler(BaseHTTPRequestHandler):
        """One answer."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            """Read the request, answer."""
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def asked(url: str) -> Any:
    """One sync over HTTP."""
    hook = HttpHook(url, lambda: NOW)
    try:
        return hook.sync({"a": 1})
    finally:
        hook.close()


def test_an_answer_over_http_is_decoded() -> None:
    """Status and body."""
    with served(200, b'{"children":[]}') as url:
        answer = asked(url)
    assert (answer.status, answer.body) == (200, {"children": []})


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [(200, b"{", "not JSON"), (200, b"[]", "not a JSON object"), (500, b"broken", "broken")],
)
def test_what_is_no_answer_has_no_body(status: int, body: bytes, text: str) -> None:
    """The text says what it was."""
    with served(status, body) as url:
        answer = asked(url)
    assert (answer.status, answer.body) == (status, None)
    assert text in answer.text


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        ("soon", 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float) -> None:
    """Anything else counts as 0."""
    with served(429, b"", {"Retry-After": value}) as url:
        assert asked(url).retry_after == seconds


def test_429_without_retry_after_is_0() -> None:
    """A hot loop."""
    with served(429, b"") as url:
        assert asked(url).retry_after == 0


def test_no_server_is_status_0() -> None:
    """A transport error."""
    with served(200, b"{}") as url:
        pass
    answer = asked(url)
    assert (answer.status, answer.body) == (0, None)


@pytest.mark.parametrize(
    ("error", "status"), [(RequestError("no"), 400), (RegistrationError("no"), 500)]
)
def test_errors_of_the_hook_are_statuses_in_process_too(error: Exception, status: int) -> None:
    """As the HTTP edge maps them."""

    def sync(_: Manifest, **__: Any) -> Any:
        raise error

    hook = DirectHook(sync, None, lambda: NOW, seeded_entropy(0))
    assert hook.sync({}).status == status
    assert hook.finalize({}).status == status


def test_a_defect_goes_through() -> None:
    """A test sees its traceback."""

    def sync(_: Manifest, **__: Any) -> Any:
        raise KeyError("x")

    with pytest.raises(KeyError):
        DirectHook(sync, None, lambda: NOW, seeded_entropy(0)).sync({})


def test_without_customize_nothing_is_related() -> None:
    """And with it the request is its own copy."""
    hook = DirectHook(lambda *_, **__: None, None, lambda: NOW, seeded_entropy(0))  # type: ignore[arg-type]
    assert hook.customize({}).body == {"relatedResources": []}
    request: Manifest = {"parent": {}}

    def customize(given: Manifest) -> dict[str, Any]:
        given["parent"]["changed"] = True
        return {"relatedResources": []}

    DirectHook(lambda *_, **__: None, customize, lambda: NOW, seeded_entropy(0)).customize(request)  # type: ignore[arg-type]
    assert orjson.dumps(request) == b'{"parent":{}}'


def test_entropy_is_a_sequence_of_its_seed() -> None:
    """Equal for equal seeds, new for each call."""
    first, second = seeded_entropy(1), seeded_entropy(1)
    drawn = [first().bytes("x", 4) for _ in range(3)]
    assert drawn == [second().bytes("x", 4) for _ in range(3)]
    assert len({*drawn, seeded_entropy(2)().bytes("x", 4)}) == 4
