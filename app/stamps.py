"""The two annotations that stand for a Secret's data: its digest and when it last changed.

The digest proves in the next sync that what was checked once is still the same, so no private
key is loaded where nothing changes. The time keeps templates waiting until kubelets mount the
new content.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from app.names import DATA_HASH, DATA_WRITTEN
from app.secret_data import SecretData

TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"


def is_proven(secret: SecretData) -> bool:
    """Whether the digest fits the data: it is what we wrote, or what we checked."""
    return secret.annotations.get(DATA_HASH) == secret.digest


def stamped(secret: SecretData, observed: SecretData | None, now: datetime) -> SecretData:
    """``secret`` with digest and time of its data; ``now`` is aware UTC.

    Both annotations stay as observed where the data is the observed one and the observed digest
    fits it; in every other case both are written anew.
    """
    if secret is observed and is_proven(secret) and DATA_WRITTEN in secret.annotations:
        return secret
    digest = secret.digest
    stamps = {DATA_HASH: digest, DATA_WRITTEN: now.strftime(TIME_FORMAT)}
    if (
        observed is not None
        and observed.annotations.get(DATA_HASH) == digest
        and dict(secret.data) == dict(observed.data)
    ):
        stamps = {key: observed.annotations[key] for key in stamps if key in observed.annotations}
    annotations = {**secret.annotations, **stamps}
    if annotations == dict(secret.annotations):
        return secret
    return replace(secret, annotations=annotations)
