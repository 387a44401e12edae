"""Values and ages of the Secrets that pods read: ours as observed, the user's through related."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from app import kinds, names
from app.cluster import SecretKey
from app.names import Names
from app.observed.request import Observed, as_list, as_map, as_time
from app.secret_data import SecretData, SecretGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReader:
    """Reads by name; an identity Secret of ours counts only as a child.

    One that is merely seen in ``related`` (restored without our label) is never read: nothing
    may be derived from it.
    """

    observed: Observed = field(repr=False)
    names: Names

    def is_there(self, name: str) -> bool:
        """Whether a Secret may be referred to by a workload now."""
        if name in self.observed.secrets:
            return True
        return not self._is_ours(name) and self.observed.user_secret(name) is not None

    def value(self, name: str, key: str) -> bytes | None:
        """Decoded value, or None where Secret or key is not there."""
        secret = self._secret(name)
        return None if secret is None else secret.value(key)

    def written(self, name: str) -> datetime | None:
        """When the data was last written, as far as it is known."""
        own = self.observed.secrets.get(name)
        if own is not None:
            return as_time(own.annotations.get(names.DATA_WRITTEN))
        manifest = self.observed.related.get(kinds.SECRET.group_key, {}).get(name)
        entries = as_list(as_map(as_map(manifest).get("metadata")).get("managedFields"))
        times = [as_time(as_map(entry).get("time")) for entry in entries]
        return max((moment for moment in times if moment is not None), default=None)

    def digests(
        self, keys: Iterable[SecretKey], *, secret_key: SecretKey
    ) -> Mapping[str, str] | None:
        """HMAC-SHA256 of each value, keyed by the value of ``secret_key``; None if one is absent.

        The key is a strong secret that the tier reads anyway, so the digests of weak passwords
        are of no use for guessing them.
        """
        wanted = (secret_key, *keys)
        return _digests(SecretGroup(*(self._secret(one.name) for one in wanted)), wanted)

    def _secret(self, name: str) -> SecretData | None:
        own = self.observed.secrets.get(name)
        if own is not None or self._is_ours(name):
            return own
        return self.observed.user_secret(name)

    def _is_ours(self, name: str) -> bool:
        return name in self.names.identity_secrets


@lru_cache(maxsize=512)
def _digests(group: SecretGroup, keys: tuple[SecretKey, ...]) -> Mapping[str, str] | None:
    """HMAC of each key but the first, whose value is the secret; kept by the Secrets' data."""
    pairs = zip(group.secrets, keys, strict=True)
    values = [None if secret is None else secret.value(key.key) for secret, key in pairs]
    strong, *others = values
    if strong is None:
        return None
    digests: dict[str, str] = {}
    for key, raw in zip(keys[1:], others, strict=True):
        if raw is None:
            return None
        digests[f"{key.name}/{key.key}"] = hmac.new(strong, raw, hashlib.sha256).hexdigest()
    return MappingProxyType(digests)
