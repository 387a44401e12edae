"""HTTPS to one node: under the name by which a pod calls it, at the address where it is."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import httpx

from app.names import CA_CERT, TLS_CERT, TLS_KEY, Role
from tests.cluster_builder import NAMES
from tests.e2e.stack.processes import LOOPBACK

#: Who logs in by name and password.
User = tuple[str, str]

#: The Service of the indexers, which every other pod calls.
SERVICE: Final = NAMES.service_dns(NAMES.service(Role.INDEXER))
_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status and body. ``body``: what JSON says, else the text."""

    status: int
    body: Any


class Client:
    """Calls one node, verifying its chain and name."""

    def __init__(
        self,
        port: int,
        ca: Path,
        *,
        certificate: tuple[Path, Path] | None = None,
        server_name: str = SERVICE,
    ) -> None:
        """``certificate``: files of a client's leaf and key; ``server_name``: who is called."""
        context = ssl.create_default_context(cafile=ca)
        if certificate:
            context.load_cert_chain(*certificate)
        self._http = httpx.Client(
            base_url=f"https://{LOOPBACK}:{port}", verify=context, timeout=_SECONDS, trust_env=False
        )
        self._name = server_name

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        user: User | None = None,
        content: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request. httpx.TransportError where there is no HTTP answer."""
        response = self._http.request(
            method,
            path,
            json=body,
            content=content,
            auth=user,
            headers={"Host": self._name, **(headers or {})},
            extensions={"sni_hostname": self._name},
        )
        try:
            return Answer(status=response.status_code, body=response.json())
        except ValueError:
            return Answer(status=response.status_code, body=response.text)

    def close(self) -> None:
        """Close its connections: the next call shakes hands anew."""
        self._http.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


def with_leaf(port: int, folder: Path) -> Client:
    """A client with all three files of a leaf's Secret, as mounted in ``folder``."""
    pair = (folder / TLS_CERT, folder / TLS_KEY)
    return Client(port, folder / CA_CERT, certificate=pair)


def served_certificate(port: int) -> bytes:
    """DER of the leaf that a node serves on a port just now; nothing is verified."""
    pem = ssl.get_server_certificate((LOOPBACK, port), timeout=_SECONDS)
    return ssl.PEM_cert_to_DER_cert(pem)
