"""A Secret as the core sees it: its data in base64, as Kubernetes carries it, never in a repr."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import orjson

OPAQUE: Final = "Opaque"
TLS: Final = "kubernetes.io/tls"


def encode(values: Mapping[str, bytes]) -> dict[str, str]:
    """Secret data from raw values: base64, keys sorted."""
    return {key: base64.b64encode(values[key]).decode("ascii") for key in sorted(values)}


def data_hash(data: Mapping[str, str]) -> str:
    """SHA-256 over a Secret's data as JSON (sorted keys, base64 values), lower-case hex."""
    return hashlib.sha256(orjson.dumps(dict(data), option=orjson.OPT_SORT_KEYS)).hexdigest()


class SecretGroup:
    """Some Secrets (None: absent), equal if their data is: what follows from it can be kept."""

    __slots__ = ("_digests", "secrets")

    def __init__(self, *secrets: SecretData | None) -> None:
        """``secrets`` in a fixed order."""
        self.secrets = secrets
        self._digests = tuple([None if one is None else (one.name, one.digest) for one in secrets])

    def __hash__(self) -> int:
        """Of the data's digests."""
        return hash(self._digests)

    def __eq__(self, other: object) -> bool:
        """Whether names and data are the same."""
        return isinstance(other, SecretGroup) and self._digests == other._digests


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretData:
    """Name, type, data (key to base64) and annotations of ours of one Secret.

    The same type serves for what is observed and for what is emitted, so keeping a Secret is
    passing its value on.
    """

    name: str
    type: str = OPAQUE
    data: Mapping[str, str] = field(repr=False, default_factory=lambda: MappingProxyType({}))
    annotations: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    immutable: bool = False
    # The data's digest once it was asked for: every sync asks several times for each Secret.
    _digest: str | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def digest(self) -> str:
        """`data_hash` of the data."""
        if self._digest is None:
            object.__setattr__(self, "_digest", data_hash(self.data))
        return self._digest or ""

    def value(self, key: str) -> bytes | None:
        """Decoded value of ``key``; None if absent or no base64."""
        encoded = self.data.get(key)
        if encoded is None:
            return None
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return None

    def text(self, key: str) -> str | None:
        """Value of ``key`` as UTF-8 text, one trailing newline cut off; None if unusable."""
        raw = self.value(key)
        if raw is None:
            return None
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")
