"""Values and ages of the Secrets that pods read: ours as observed, the user's through related."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app import kinds, names
from app.cluster import SecretKey
from app.names import Names
from app.observed.request import Observed, as_list, as_map, as_time


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
        own = self.observed.secrets.get(name)
        if own is not None:
            return own.value(key)
        if self._is_ours(name):
            return None
        user = self.observed.user_secret(name)
        return None if user is None else user.value(key)

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
        strong = self.value(secret_key.name, secret_key.key)
        if strong is None:
            return None
        digests: dict[str, str] = {}
        for one in keys:
            raw = self.value(one.name, one.key)
            if raw is None:
                return None
            digests[f"{one.name}/{one.key}"] = hmac.new(strong, raw, hashlib.sha256).hexdigest()
        return digests

    def _is_ours(self, name: str) -> bool:
        return name in self.names.identity_secrets
