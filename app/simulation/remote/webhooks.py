"""The hook at the addresses that a CompositeController names, with the credentials it refers to."""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx

from app.result import Manifest
from app.simulation.hook import TIMEOUT_SECONDS, Clock, HookAnswer, HttpHook
from app.simulation.remote.tls import client_context

#: Kind, namespace and name of an object that a webhook refers to; None if there is none.
Read = Callable[[str, str, str], Manifest | None]

_KNOWN: Final = frozenset(
    {"url", "timeout", "caBundle", "clientTLS", "authorization", "responseUnMarshallMode"}
)
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SOURCES: Final = {"secretRef": "Secret", "configMapRef": "ConfigMap"}


class Webhooks:
    """Each hook at its own URL. All references are read once, as Metacontroller does."""

    __slots__ = ("_hooks",)

    def __init__(self, controller: Manifest, clock: Clock, read: Read) -> None:
        """``controller``: the CompositeController.

        ValueError for a field that the model does not know, LookupError for a reference to what
        is not there.
        """
        hooks: dict[str, Any] = controller["spec"]["hooks"]
        self._hooks = {name: _Webhook(hook["webhook"], clock, read) for name, hook in hooks.items()}

    def sync(self, request: Manifest) -> HookAnswer:
        """POST to the sync hook."""
        return self._hooks["sync"].sync(request)

    def customize(self, request: Manifest) -> HookAnswer:
        """POST to the customize hook."""
        return self._hooks["customize"].sync(request)

    def finalize(self, request: Manifest) -> HookAnswer:
        """POST to the finalize hook."""
        return self._hooks["finalize"].sync(request)


class _Webhook(HttpHook):
    """One address, with the TLS and the credential that go with it."""

    __slots__ = ("_url",)

    def __init__(self, webhook: Manifest, clock: Clock, read: Read) -> None:
        unknown = sorted(webhook.keys() - _KNOWN)
        if unknown or "url" not in webhook:
            raise ValueError(f"the model reads a plain url only, not {unknown or 'service'}")
        super().__init__("", clock)
        self._url = str(webhook["url"])
        if self._url.startswith("https://") or "authorization" in webhook:
            self._client.close()
            self._client = httpx.Client(
                trust_env=False,
                verify=_context(webhook, read),
                headers=_headers(webhook, read),
            )
        self._client.timeout = httpx.Timeout(_seconds(str(webhook.get("timeout", ""))))

    def sync(self, request: Manifest) -> HookAnswer:
        """POST to the one URL."""
        return self._post(self._url, request)


def _seconds(duration: str) -> float:
    """Seconds of a Go duration such as ``1m30s``; the caller's default for none and for zero."""
    if re.fullmatch(rf"({_PART.pattern})*", duration) is None:
        raise ValueError(f"not a duration: {duration}")
    found = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(duration))
    return found or TIMEOUT_SECONDS


def _context(webhook: Manifest, read: Read) -> ssl.SSLContext:
    """What the server must prove, and what proves the client."""
    bundle: Manifest = webhook.get("caBundle", {})
    authority = bundle.get("inline")
    for field, kind in _SOURCES.items():
        if field in bundle:
            authority = _value(bundle[field], kind, "ca.crt", read).decode()
    client: Manifest = webhook.get("clientTLS", {})
    if not client:
        return client_context(authority)
    reference: Manifest = client["secretRef"]
    certificate = {**reference, "key": client.get("certKey") or "tls.crt"}
    key = {**reference, "key": client.get("privateKeyKey") or "tls.key"}
    pair = (_value(certificate, "Secret", "", read), _value(key, "Secret", "", read))
    return client_context(authority, pair)


def _headers(webhook: Manifest, read: Read) -> Mapping[str, str]:
    authorization: Manifest = webhook.get("authorization", {})
    if not authorization:
        return {}
    token = _value(authorization["secretRef"], "Secret", "", read).decode().strip()
    return {"Authorization": f"{authorization.get('type') or 'Bearer'} {token}"}


def _value(reference: Manifest, kind: str, key: str, read: Read) -> bytes:
    """Value that ``reference`` names. LookupError without showing anything of it."""
    namespace, name = reference["namespace"], reference["name"]
    key = reference.get("key") or key
    data: Manifest = (read(kind, namespace, name) or {}).get("data") or {}
    if key not in data:
        raise LookupError(f"{kind} {namespace}/{name} with key {key} is not there")
    text: str = data[key]
    return text.encode() if kind == "ConfigMap" else base64.b64decode(text)
