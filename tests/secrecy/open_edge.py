"""The real hook behind the real server, and everything of it that anybody but Secrets may see."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import httpx
import orjson

from app.cli.main import hook
from app.edge.http import create_app
from app.edge.server import serving
from app.edge.settings import Settings
from app.edge.telemetry import Telemetry, adopt_library_logs
from tests.cluster_builder import NOW

#: Longer than it takes to write a line.
LOG_SECONDS: Final = 5.0
#: Each call has its own connection: one that a failure has closed is not used again.
ONE_CALL_EACH: Final = httpx.Limits(max_keepalive_connections=0)


class OpenEdge:
    """A running hook. ``now``: what its clock says. ``seen``: all that was let out so far."""

    def __init__(self, stream: io.BytesIO, telemetry: Telemetry) -> None:
        """Nothing was asked yet."""
        self.now: datetime = NOW
        self.client = httpx.Client()
        self._stream = stream
        self._telemetry = telemetry
        self._shown: list[str] = []

    def ask(self, path: str, request: Mapping[str, Any]) -> httpx.Response:
        """POST a request; what is no Secret's data in the answer has been seen.

        An answer without a status line counts as 500 with the client's text.
        """
        try:
            answer = self.client.post(path, content=orjson.dumps(request))
        except httpx.HTTPError as error:
            answer = httpx.Response(500, text=str(error))
        self._shown.append(str(answer.headers))
        self._shown.append(open_part(answer))
        return answer

    @property
    def log(self) -> str:
        """Everything logged so far, by the hook and by libraries."""
        return self._stream.getvalue().decode()

    @property
    def metrics(self) -> str:
        """What Prometheus would read."""
        return self._telemetry.metrics.exposition().decode()

    @property
    def seen(self) -> str:
        """Logs, metrics, errors, statuses, and children without the data of Secrets."""
        return "\n".join([self.log, self.metrics, *self._shown])

    def wait_for_log(self) -> None:
        """Let the server write its log: of what the application lets through it does so last."""
        limit = time.monotonic() + LOG_SECONDS
        while not self._stream.getvalue().endswith(b"\n"):
            assert time.monotonic() < limit, "nothing was logged"
            time.sleep(0.005)

    def forget(self) -> None:
        """Begin anew: what was seen so far was searched."""
        self._stream.seek(0)
        self._stream.truncate()
        self._shown.clear()


def open_part(answer: httpx.Response) -> str:
    """An answer without the data of its Secrets: what others may read of it."""
    if answer.status_code != httpx.codes.OK or "children" not in answer.text:
        return answer.text
    return orjson.dumps(without_secrets(orjson.loads(answer.content))).decode()


def without_secrets(body: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without the data of its Secrets."""
    children = [
        {key: value for key, value in child.items() if key != "data"}
        if child["kind"] == "Secret"
        else child
        for child in body["children"]
    ]
    return {**body, "children": children}


@contextmanager
def open_edge(level: str = "debug", **changes: Any) -> Iterator[OpenEdge]:
    """The hook as `serve` composes it, with the logs of libraries, at debug level.

    ``changes``: to the settings.
    """
    stream = io.BytesIO()
    settings = Settings.model_construct(**changes)
    telemetry = Telemetry(stream=stream, clock=lambda: NOW, level=level)
    edge = OpenEdge(stream, telemetry)
    seeds = iter(range(1, 1_000_000))
    app = create_app(
        hook(),
        settings=settings,
        clock=lambda: edge.now,
        seed=lambda: next(seeds).to_bytes(32, "big"),
        telemetry=telemetry,
    )
    root = logging.getLogger()
    before, threshold = root.handlers[:], root.level
    adopt_library_logs(telemetry)
    try:
        with (
            serving(app, settings) as url,
            httpx.Client(
                base_url=url, trust_env=False, timeout=20, limits=ONE_CALL_EACH
            ) as edge.client,
        ):
            yield edge
    finally:
        logging.captureWarnings(capture=False)
        root.handlers[:] = before
        root.setLevel(threshold)
