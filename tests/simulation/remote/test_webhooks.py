"""Credentials of a CompositeController: whom the model trusts, what it shows, what it refuses."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.result import Manifest
from app.simulation.remote.webhooks import Webhooks
from tests.e2e.stack.credentials import LOOPBACK, LOOPBACK_NAMES, Authority, named
from tests.simulation.remote.scripted_server import Said, serving
from tests.simulation.trial_hook import NOW

SECRET: Manifest = {"namespace": "hook", "name": "access"}


class Handler(BaseHTTPRequestHandler):
    """Answers each POST with an empty list, and keeps what it was asked with."""

    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_POST(self) -> None:
        """Read, keep, answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a server and a client of it, and an authority that nobody knows."""
    place = tmp_path_factory.mktemp("tls")
    authority = Authority(place)
    serves = ExtendedKeyUsageOID.SERVER_AUTH
    authority.issue("server", named("hook"), serves, LOOPBACK_NAMES)
    authority.issue("elsewhere", named("hook"), serves, (x509.DNSName("hook.example"),))
    authority.issue("client", named("caller"), ExtendedKeyUsageOID.CLIENT_AUTH)
    other = place / "other"
    other.mkdir()
    Authority(other)
    return place


@contextmanager
def served(folder: Path, *, mutual: bool, certificate: str = "server") -> Iterator[str]:
    """A TLS server on loopback; its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{certificate}.crt", folder / f"{certificate}.key")
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(folder / "ca.crt")
    Handler.asked.clear()
    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"https://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def status(url: str, objects: dict[str, dict[str, bytes]], **webhook: Any) -> int:
    """Status of one sync; 0 if there was no answer. ``objects``: data by kind."""
    controller: Manifest = {
        "spec": {"hooks": {"sync": {"webhook": {"url": f"{url}/sync?rev=1", **webhook}}}}
    }

    def read(kind: str, namespace: str, name: str) -> Manifest | None:
        if kind not in objects or {"namespace": namespace, "name": name} != SECRET:
            return None
        return {
            "data": {
                key: value.decode() if kind == "ConfigMap" else base64.b64encode(value).decode()
                for key, value in objects[kind].items()
            }
        }

    return Webhooks(controller, lambda: NOW, read).sync({}).status


def test_a_bundle_is_read_from_each_of_its_sources(folder: Path) -> None:
    """Inline, from a Secret or from a ConfigMap, whose key has a default."""
    authority = (folder / "ca.crt").read_bytes()
    with served(folder, mutual=False) as url:
        assert status(url, {}, caBundle={"inline": authority.decode()}) == 200
        assert status(url, {"Secret": {"ca.crt": authority}}, caBundle={"secretRef": SECRET}) == 200
        data = {"ConfigMap": {"bundle": authority}}
        reference = {**SECRET, "key": "bundle"}
        assert status(url, data, caBundle={"configMapRef": reference}) == 200


def test_a_server_of_another_authority_gets_no_request(folder: Path) -> None:
    """Nor does one that only the system's roots could vouch for."""
    other = (folder / "other" / "ca.crt").read_text(encoding="ascii")
    with served(folder, mutual=False) as url:
        assert status(url, {}, caBundle={"inline": other}) == 0
        assert status(url, {}) == 0
        assert Handler.asked == []


def test_a_client_certificate_is_shown(folder: Path) -> None:
    """Without it a server that asks for one refuses."""
    bundle = {"inline": (folder / "ca.crt").read_text(encoding="ascii")}
    pair = {f"tls.{end}": (folder / f"client.{end}").read_bytes() for end in ("crt", "key")}
    with served(folder, mutual=True) as url:
        assert status(url, {}, caBundle=bundle) == 0
        client = {"secretRef": SECRET}
        assert status(url, {"Secret": pair}, caBundle=bundle, clientTLS=client) == 200


def test_a_token_is_sent_as_bearer(folder: Path) -> None:
    """From the key that the reference names, with the line end that people's files have."""
    bundle = {"inline": (folder / "ca.crt").read_text(encoding="ascii")}
    access = {"secretRef": {**SECRET, "key": "token"}}
    with served(folder, mutual=False) as url:
        data = {"Secret": {"token": b"t0ken\n"}}
        assert status(url, data, caBundle=bundle, authorization=access) == 200
        assert Handler.asked == [("/sync?rev=1", "Bearer t0ken")]


@pytest.mark.parametrize(("timeout", "expected"), [("50ms", 0), ("0s", 200), ("1m0.5s", 200)])
def test_the_time_limit_is_that_of_the_webhook(timeout: str, expected: int) -> None:
    """In Go's notation; zero stands for the default of ten seconds."""
    with serving() as server:
        server.say("POST /sync", Said(body={}, delay_seconds=0.3))
        assert status(server.url, {}, timeout=timeout) == expected


def test_a_time_limit_that_is_none_is_an_error() -> None:
    """As the API server would not take it either."""
    with pytest.raises(ValueError, match="not a duration: soon"):
        status("http://127.0.0.1:1", {}, timeout="soon")


@pytest.mark.parametrize("data", [{}, {"Secret": {"other": b"t0ken"}}], ids=["object", "key"])
def test_a_reference_to_nothing_is_an_error(data: dict[str, dict[str, bytes]]) -> None:
    """It names what is not there, and no value of what is."""
    access = {"secretRef": {**SECRET, "key": "token"}}
    with pytest.raises(LookupError, match="Secret hook/access with key token is not") as error:
        status("https://127.0.0.1:1", data, authorization=access)
    assert "t0ken" not in str(error.value)


def test_a_field_that_is_not_modelled_is_an_error() -> None:
    """Rather than left out without a word."""
    with pytest.raises(ValueError, match="basicAuth"):
        status("http://127.0.0.1:1", {}, basicAuth={"secretRef": SECRET})


def test_names_of_the_server_are_checked(folder: Path) -> None:
    """A certificate of the right authority for another host is no proof."""
    bundle = {"inline": (folder / "ca.crt").read_text(encoding="ascii")}
    with served(folder, mutual=False, certificate="elsewhere") as url:
        assert status(url, {}, caBundle=bundle) == 0
        assert Handler.asked == []
