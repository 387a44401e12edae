"""TLS, client certificates and tokens between Metacontroller and the hook.

A CompositeController that lacks one of them or has a wrong one is refused, the hook's log says
why, and nothing comes to be; with the right ones the same cluster is made.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.kinds import CHILD_KINDS
from app.result import Manifest
from app.simulation.remote.tls import client_context
from tests.e2e.cluster import Namespace, wait_until
from tests.e2e.conftest import making_namespaces
from tests.e2e.own_stack import OwnStack
from tests.e2e.specs import NAME, wazuh_cluster
from tests.e2e.stack.credentials import LOOPBACK_NAMES, Authority, named
from tests.e2e.stack.hook import HookProcess

pytestmark = pytest.mark.timeout(180)

SOON_SECONDS: Final = 60.0
KINDS: Final = tuple(kind.name for kind in CHILD_KINDS)
ALWAYS: Final = {"kube-root-ca.crt", "default"}
TOKEN: Final = "the-right-token-of-this-test"
WRONG: Final = "another-token-of-this-test"
#: What a CompositeController has wrong, and what the hook's log says of it.
FAULTS: Final = {
    "plain HTTP": "plain HTTP on a port that speaks TLS",
    "no CA": "the client does not trust the certificate of this server",
    "wrong CA": "the client does not trust the certificate of this server",
    "CA made anew": "the client does not trust the certificate of this server",
    "no client certificate": "the client has sent no certificate",
    "client certificate of another CA": "the client's certificate is not of an accepted CA",
    "no token": "no or wrong credentials",
    "wrong token": "no or wrong credentials",
}


class Secured(NamedTuple):
    """A hook that wants everything, a namespace with the credentials, the other authority's CA."""

    stack: OwnStack
    hook: HookProcess
    namespace: Namespace
    folder: Path

    def register(self, fault: str = "") -> None:
        """Send Metacontroller to the hook, with all it needs but for ``fault``."""
        webhook: dict[str, Any] = {
            "url": self.hook.url,
            "caBundle": {"inline": (self.folder / "ca.crt").read_text(encoding="ascii")},
            "clientTLS": {"secretRef": self._reference("client")},
            "authorization": {"secretRef": {**self._reference("access"), "key": "token"}},
        }
        match fault:
            case "plain HTTP":
                webhook = {"url": self.hook.url.replace("https", "http")}
            case "no CA":
                del webhook["caBundle"]
            case "wrong CA" | "CA made anew":
                place = self.folder / ("other" if fault == "wrong CA" else "anew")
                other = (place / "ca.crt").read_text(encoding="ascii")
                webhook["caBundle"] = {"inline": other}
            case "no client certificate":
                del webhook["clientTLS"]
            case "client certificate of another CA":
                webhook["clientTLS"] = {"secretRef": self._reference("stranger")}
            case "no token":
                del webhook["authorization"]
            case "wrong token":
                webhook["authorization"]["secretRef"]["key"] = "wrong"
        self.stack.register(**webhook)

    def _reference(self, name: str) -> dict[str, str]:
        return {"namespace": self.namespace.name, "name": name}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, the first with a server, both with a client, and one of the first's name."""
    place = tmp_path_factory.mktemp("tls")
    other, anew = place / "other", place / "anew"
    for one in (other, anew):
        one.mkdir()
    authority = Authority(place)
    Authority(anew)
    authority.issue("server", named("hook"), ExtendedKeyUsageOID.SERVER_AUTH, LOOPBACK_NAMES)
    for issuer in (authority, Authority(other, "other")):
        issuer.issue("client", named("metacontroller"), ExtendedKeyUsageOID.CLIENT_AUTH)
    (place / "token").write_text(f"{TOKEN}\n", encoding="ascii")
    return place


@pytest.fixture
def secured(own_stack: OwnStack, folder: Path) -> Iterator[Secured]:
    """A hook with TLS, client certificates and a token; then all is as it was."""
    settings = {
        "WAZUH_HOOK_TLS_CERTIFICATE_FILE": str(folder / "server.crt"),
        "WAZUH_HOOK_TLS_KEY_FILE": str(folder / "server.key"),
        "WAZUH_HOOK_TLS_CLIENT_CA_FILE": str(folder / "ca.crt"),
        "WAZUH_HOOK_BEARER_TOKEN_FILE": str(folder / "token"),
    }
    pair = (folder / "client.crt").read_bytes(), (folder / "client.key").read_bytes()
    tls = client_context((folder / "ca.crt").read_text(encoding="ascii"), pair)
    place = own_stack.folder / os.urandom(4).hex()
    place.mkdir()
    hook = HookProcess(place, settings=settings, tls=tls)
    with making_namespaces(own_stack.connection) as make:
        namespace = make()
        namespace.create(_secret("client", _pair(folder)))
        namespace.create(_secret("stranger", _pair(folder / "other")))
        namespace.create(_secret("access", {"token": TOKEN.encode(), "wrong": WRONG.encode()}))
        hook.start()
        try:
            yield Secured(own_stack, hook, namespace, folder)
        finally:
            own_stack.register()
            hook.stop()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_caller_without_its_credentials_is_refused(fault: str, secured: Secured) -> None:
    """The log names the reason and no secret; put right, the same cluster is made."""
    with making_namespaces(secured.stack.connection) as make:
        namespace = make()
        secured.register(fault)
        namespace.create(wazuh_cluster({}))
        reason = FAULTS[fault]
        wait_until(lambda: "" if reason in secured.hook.log else secured.hook.log, SOON_SECONDS)
        wait_until(lambda: "" if _sync_errors(namespace) else "no SyncError", SOON_SECONDS)
        assert _children(namespace) == set()
        said = secured.hook.log + "".join(one["message"] for one in _sync_errors(namespace))
        assert not [word for word in (TOKEN, WRONG) if word in said]
        assert "PRIVATE KEY" not in said
        secured.register()
        wait_until(lambda: "" if len(_children(namespace)) > 20 else "too few", SOON_SECONDS)


def _pair(folder: Path) -> dict[str, bytes]:
    return {f"tls.{end}": (folder / f"client.{end}").read_bytes() for end in ("crt", "key")}


def _secret(name: str, data: dict[str, bytes]) -> Manifest:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}


def _children(namespace: Namespace) -> set[str]:
    found = {f"{kind} {one['metadata']['name']}" for kind in KINDS for one in namespace.all(kind)}
    return {one for one in found if one.partition(" ")[2] not in ALWAYS}


def _sync_errors(namespace: Namespace) -> list[Manifest]:
    path = f"/api/v1/namespaces/{namespace.name}/events"
    found: list[Manifest] = namespace.connection.call("GET", path).body["items"]
    return [
        one
        for one in found
        if one["reason"] == "SyncError" and one["involvedObject"]["name"] == NAME
    ]
