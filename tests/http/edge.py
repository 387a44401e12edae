"""A hook of a few lines behind the real server, so that tests see the edge and nothing else."""

from __future__ import annotations

import io
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from fastapi import FastAPI

from app.edge.endpoints import Hook, Lifecycle
from app.edge.http import create_app
from app.edge.server import listen, serving
from app.edge.settings import Settings
from app.edge.telemetry import Telemetry
from app.entropy import Entropy
from app.errors import RegistrationError, RequestError
from app.result import Outcome, Reissue, Report, Response, Result

NOW = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
EXPIRY = datetime(2027, 2, 1, tzinfo=UTC)
MARKER = "Passw0rd.marker"
#: A request of Metacontroller's form; the name is proper, so that events can have it.
REQUEST: dict[str, Any] = {
    "parent": {"metadata": {"namespace": "security", "name": "demo", "uid": "u-1"}},
    "children": {},
}


class FakeHook:
    """Answers by what the request asks for under ``do``; remembers times and first bytes drawn.

    ``release`` lets calls go on that wait (``do: wait``); ``started`` says that one does.
    """

    def __init__(self) -> None:
        """Nothing called yet."""
        self.release = threading.Event()
        self.started = threading.Event()
        self.calls: list[str] = []
        self.times: list[datetime] = []
        self.drawn: list[bytes] = []

    def hook(self) -> Hook:
        """The functions."""
        return Hook(
            sync=self.sync, finalize=self.sync, customize=self.customize, is_heavy=self.is_heavy
        )

    def sync(self, request: dict[str, Any], *, now: datetime, entropy: Entropy) -> Result:
        """Answer or raise."""
        self.calls.append("sync")
        self.times.append(now)
        self.drawn.append(entropy.bytes("demo/label", 16))
        self._do(request)
        unserialisable = {"bad": {1}} if request.get("do") == "unserialisable" else {}
        large = {"filler": request["filler"]} if request.get("do") == "large" else {}
        return Result(
            response=Response(
                status={"phase": "Running", **unserialisable, **large},
                children=({"kind": "ConfigMap", "data": {"b": "1", "a": "2"}},),
                resync_after_seconds=10,
                finalized=request.get("finalizing") is True,
            ),
            report=report(uid=request.get("uid", "u-1")),
        )

    def customize(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer or raise."""
        self.calls.append("customize")
        self._do(request)
        return {"relatedResources": [{"apiVersion": "v1", "resource": "secrets"}]}

    def is_heavy(self, request: dict[str, Any], *, now: datetime) -> bool:  # noqa: ARG002
        """Whether the request says so."""
        return bool(request.get("heavy"))

    def _do(self, request: dict[str, Any]) -> None:
        match request.get("do"):
            case "request-error":
                raise RequestError("no parent in the\nrequest")
            case "registration-error":
                raise RegistrationError("the CompositeController does not list Secret.v1")
            case "defect":
                self._fail(request)
            case "wait":
                self.started.set()
                assert self.release.wait(20)

    @staticmethod
    def _fail(request: dict[str, Any]) -> None:
        """Raise as careless code does, with a value of the request in text, cause and locals."""
        value = request["value"]
        try:
            int(value)
        except ValueError as error:
            raise KeyError(value) from error


def report(**changes: Any) -> Report:
    """Report of a sync that issued two certificates and a password."""
    fields: dict[str, Any] = {
        "namespace": "security",
        "name": "demo",
        "uid": "u-1",
        "generation": 3,
        "outcome": Outcome.APPLIED,
        "phase": "Updating",
        "is_ready": False,
        "observed": 31,
        "emitted": 32,
        "reissues": (
            Reissue(secret="demo-indexer-certs", reason="NearExpiry", message="12 days left"),
            Reissue(secret="demo-ca", reason="Missing"),
            Reissue(secret="demo-cluster-key", reason="Missing"),
        ),
        "held": {"dashboard": "waits for manager-worker"},
        "earliest_expiry": EXPIRY,
    }
    return Report(**(fields | changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A running edge: its address, a client, what it logged and the hook behind it."""

    url: str
    client: httpx.Client
    stream: io.BytesIO
    fake: FakeHook
    telemetry: Telemetry = field(repr=False)
    lifecycle: Lifecycle
    context: ssl.SSLContext | None = field(repr=False)
    probe_url: str

    @property
    def log(self) -> str:
        """Everything logged so far."""
        return self.stream.getvalue().decode()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Logged events of one name."""
        found = [orjson.loads(line) for line in self.log.splitlines()]
        return [event for event in found if event["event"] == name]

    def metric(self, sample: str) -> float | None:
        """Value of one line of /metrics, given with its labels."""
        for line in self.client.get("/metrics").text.splitlines():
            if line.startswith(f"{sample} "):
                return float(line.rpartition(" ")[2])
        return None

    def connect(self) -> socket.socket:
        """A connection that gives up after 20 s; where the edge speaks TLS, with a session."""
        connection = self.connect_raw()
        if self.context is None:
            return connection
        return self.context.wrap_socket(connection, server_hostname="127.0.0.1")

    def connect_raw(self) -> socket.socket:
        """A connection without TLS."""
        address = urlsplit(self.url)
        assert address.hostname is not None
        return socket.create_connection((address.hostname, address.port or 0), timeout=20)


def application(fake: FakeHook, telemetry: Telemetry, settings: Settings) -> FastAPI:
    """The application over a fake hook, with a clock that has fractions of a second.

    Bodies are decoded whole unless a test asks for more: the fake is told what to do by fields
    that Metacontroller does not send.
    """
    if "decoded_max_bytes" not in settings.model_fields_set:
        settings = settings.model_copy(update={"decoded_max_bytes": 0})
    seeds = iter(range(10_000))
    return create_app(
        fake.hook(),
        settings=settings,
        clock=lambda: NOW.replace(microsecond=987_654),
        seed=lambda: next(seeds).to_bytes(32, "big"),
        telemetry=telemetry,
    )


@contextmanager
def running(
    level: str = "debug", *, context: ssl.SSLContext | None = None, **changes: Any
) -> Iterator[Running]:
    """A running edge with ``changes`` to the default settings.

    ``context`` is the client's, for an edge that speaks TLS. A second port is a free one.
    """
    settings = Settings.model_construct(**changes)
    stream = io.BytesIO()
    fake = FakeHook()
    telemetry = Telemetry(stream=stream, clock=lambda: NOW, level=level)
    app = application(fake, telemetry, settings)
    probes = None if settings.probe_port is None else listen("127.0.0.1", 0)
    with (
        serving(app, settings, probes) as url,
        httpx.Client(base_url=url, verify=context or False, trust_env=False) as client,
    ):
        try:
            yield Running(
                url=url,
                client=client,
                stream=stream,
                fake=fake,
                telemetry=telemetry,
                lifecycle=app.state.lifecycle,
                context=context,
                probe_url=f"http://127.0.0.1:{probes.getsockname()[1]}" if probes else "",
            )
        finally:
            fake.release.set()


def head(path: str = "/sync", **headers: str) -> bytes:
    """Header of a POST; ``_`` in a name stands for ``-``."""
    lines = [f"POST {path} HTTP/1.1", "host: hook"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def answer_of(connection: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer on a raw connection; status 0 if it was closed."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = _received(connection)
        if not chunk:
            return 0, received
        received += chunk
    header, _, body = received.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in header.lower().splitlines()
        if line.startswith(b"content-length")
    ]
    while not lengths or len(body) < lengths[0]:
        chunk = _received(connection)
        if not chunk:
            break
        body += chunk
    return int(header.split()[1]), body


def is_closed(connection: socket.socket) -> bool:
    """Whether the server ends the connection before the connection's own time limit."""
    try:
        while _received(connection):
            pass
    except TimeoutError:
        return False
    return True


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""
