"""Handshakes with an edge that speaks TLS, and what it logged of them."""

from __future__ import annotations

import ssl
import time
from typing import Any

import orjson

from app.edge.handshakes import Failure
from tests.http.edge import MARKER, REQUEST, Running, head

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: hook\r\n\r\n"
_BODY = orjson.dumps(REQUEST)
POST = head(content_length=str(len(_BODY)), authorization=f"Bearer {MARKER}") + _BODY


def failures(edge: Running, wanted: Failure) -> list[dict[str, Any]]:
    """Events of failed handshakes with one reason, waited for: the server logs when it does."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        events = edge.events("tls_handshake_failed")
        found = [event for event in events if event["reason"] == wanted.value]
        if found:
            return found
    return []


def shake_hands(edge: Running, context: ssl.SSLContext) -> bytes:
    """Send a request over a new connection, as Go does: at once after the own last message."""
    with edge.connect_raw() as raw, context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
        tls.sendall(POST)
        return tls.recv(65_536)
