"""Secrets for people: what each value is, instead of the value."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from app.certificates.pem import key_facts, parse_certificates
from app.observed.request import time_text
from app.result import Manifest


def shown(response: Mapping[str, Any], *, reveal: bool) -> dict[str, Any]:
    """The response with the values of Secrets described, unless ``reveal``."""
    children = response["children"]
    if not reveal:
        children = [described(child) for child in children]
    return {**response, "children": children}


def described(child: Manifest) -> Manifest:
    """``child``; a Secret says what its values are instead of the values."""
    if child["kind"] != "Secret":
        return child
    data = child.get("data", {})
    return {**child, "data": {key: _description(data, key) for key in data}}


def _description(data: Mapping[str, str], key: str) -> str:
    """What one value of a Secret is; nothing that helps to guess a password."""
    value = _decoded(data[key])
    if value is None:
        return "<no base64>"
    certificates = parse_certificates(value)
    if certificates is not None:
        found = certificates[0]
        more = f" and {len(certificates) - 1} more" if len(certificates) > 1 else ""
        until = time_text(found.not_after)
        return f"<certificate CN={found.common_name} until {until} {found.key_algorithm}{more}>"
    private = key_facts(value)
    if private is not None:
        return f"<private key {private.algorithm}{_partner(data, private.spki_fingerprint)}>"
    return f"<{len(value)} bytes>"


def _partner(data: Mapping[str, str], fingerprint: str) -> str:
    """Which certificate beside it a key belongs to."""
    for key in sorted(data):
        found = parse_certificates(_decoded(data[key]) or b"")
        if found is not None and found[0].spki_fingerprint == fingerprint:
            return f", matches {key}"
    return ""


def _decoded(value: str) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
