"""HTTP to a Kubernetes API server: kubeconfig, TLS, calls with their warnings, watch streams."""

from __future__ import annotations

import base64
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import yaml

from app.result import Manifest
from app.simulation.api_calls import ApiError
from app.simulation.kinds import Kind
from app.simulation.remote.tls import client_context

TIMEOUT_SECONDS: Final = 30.0
#: The server ends a watch after this time; the client goes on with the next one.
WATCH_SECONDS: Final = 240
UNREACHABLE: Final = 503
_WARNING: Final = re.compile(r'^299 \S+ "(.*)"$')

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the API server is, and who asks. ``token``: None with a client certificate."""

    server: str
    context: ssl.SSLContext = field(repr=False)
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Answer of the server; ``warnings``: texts of its Warning headers."""

    status: int
    body: Manifest = field(repr=False)
    warnings: tuple[str, ...] = ()


class Connection:
    """One client with a user agent of its own; it may be used by several threads."""

    __slots__ = ("_client",)

    def __init__(self, access: Access, user_agent: str) -> None:
        """Connects at the first call."""
        headers = {"User-Agent": user_agent, "Accept": "application/json"}
        if access.token is not None:
            headers["Authorization"] = f"Bearer {access.token}"
        self._client = httpx.Client(
            base_url=access.server,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            verify=access.context,
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        body: Manifest | None = None,
        *,
        query: Query | None = None,
        content_type: str = "application/json",
    ) -> Reply:
        """One call. ApiError for any status from 400 on, and for a server out of reach."""
        # A test may send numbers beyond 64 bits, which orjson does not write.
        content = None if body is None else json.dumps(body).encode()
        headers = {} if body is None else {"Content-Type": content_type}
        try:
            response = self._client.request(
                method, path, content=content, headers=headers, params=dict(query or {})
            )
        except httpx.HTTPError as error:
            raise ApiError(UNREACHABLE, "Unreachable", type(error).__name__) from error
        answer = _decoded(response.content)
        if response.status_code >= httpx.codes.BAD_REQUEST:
            raise ApiError(
                response.status_code,
                str(answer.get("reason") or response.reason_phrase),
                str(answer.get("message") or ""),
            )
        found = (_WARNING.match(text) for text in response.headers.get_list("Warning"))
        warnings = tuple(match.group(1) for match in found if match)
        return Reply(status=response.status_code, body=answer, warnings=warnings)

    def lines(self, path: str, query: Query) -> Iterator[Manifest]:
        """Objects of a watch, until the server ends it. ApiError as in `call`."""
        timeout = httpx.Timeout(TIMEOUT_SECONDS, read=WATCH_SECONDS + TIMEOUT_SECONDS)
        try:
            with self._client.stream("GET", path, params=dict(query), timeout=timeout) as response:
                if response.status_code != httpx.codes.OK:
                    raise ApiError(response.status_code, response.reason_phrase)
                for line in response.iter_lines():
                    yield orjson.loads(line)
        except httpx.HTTPError as error:
            raise ApiError(UNREACHABLE, "Unreachable", type(error).__name__) from error


def collection(kind: Kind, namespace: str | None) -> str:
    """Path of the objects of a kind; of all namespaces without ``namespace``."""
    root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.api_version}"
    return f"{root}/namespaces/{namespace}/{kind.plural}" if namespace else f"{root}/{kind.plural}"


def access_of(kubeconfig: Path) -> Access:
    """Server and credentials of the current context. ValueError for what is not understood."""
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    context = _named(config["contexts"], config["current-context"])["context"]
    cluster = _named(config["clusters"], context["cluster"])["cluster"]
    user = _named(config["users"], context["user"])["user"]
    if "exec" in user or "auth-provider" in user:
        raise ValueError(f"{kubeconfig}: use a token or a client certificate")
    authority = _content(cluster, "certificate-authority", kubeconfig.parent)
    certificate = _content(user, "client-certificate", kubeconfig.parent)
    key = _content(user, "client-key", kubeconfig.parent)
    pair = None if certificate is None or key is None else (certificate, key)
    tls = client_context(None if authority is None else authority.decode(), pair)
    return Access(server=cluster["server"], context=tls, token=user.get("token"))


def _named(items: list[Any], name: str) -> Manifest:
    for item in items:
        if item["name"] == name:
            found: Manifest = item
            return found
    raise ValueError(f"the kubeconfig has no {name}")


def _content(holder: Manifest, field_name: str, folder: Path) -> bytes | None:
    """Bytes of ``X-data``, else of the file that ``X`` names, else None."""
    inline = holder.get(f"{field_name}-data")
    if inline is not None:
        return base64.b64decode(inline)
    path = holder.get(field_name)
    return None if path is None else (folder / path).read_bytes()


def _decoded(content: bytes) -> Manifest:
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {"message": content[:300].decode(errors="replace")}
    return body if isinstance(body, dict) else {"message": str(body)[:300]}
