"""The configuration hash of a pod template: a pod rolls if, and only if, what it reads changed.

Secret values come in as keyed digests, so the annotation is of no use for guessing a password.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import orjson

from app.cluster import Cluster
from app.names import Role

HASH_LENGTH: Final = 16


def canonical_hash(value: object) -> str:
    """First 16 hex characters of SHA-256 over JSON with sorted keys."""
    canonical = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()[:HASH_LENGTH]


def config_hash(cluster: Cluster, role: Role, texts: Mapping[str, str]) -> str | None:
    """Configuration hash of a tier over ``texts`` (file name to content) and its Secrets.

    Where a Secret of the tier is not observed, or was written only just now, the observed
    annotation stays (None if there is none): a hash of a part would roll the tier twice.
    """
    tier = cluster.tier(role)
    if tier.secret_digests is None:
        return tier.kept_config_hash
    return text_hash(texts, tier.secret_digests)


def text_hash(texts: Mapping[str, str], digests: Mapping[str, str] = MappingProxyType({})) -> str:
    """Hash over configuration texts and the digests of Secret values, 16 hex characters."""
    return canonical_hash({"texts": dict(texts), "secrets": dict(digests)})
