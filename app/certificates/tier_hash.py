"""The hash of certificates in a pod template: one change, one roll; none lost, none doubled.

It is computed from observed Secrets only, from fingerprints and never from text, so the order of
a bundle, line breaks, labels and keys that others added roll nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from app.certificates.observation import (
    NEXT_CERT,
    PREVIOUS_CERT,
    Certificates,
    certificates_in,
    signer_of,
)
from app.certificates.pem import CertificateFacts, distinguished_name
from app.names import CA_CERT, TLS_CERT
from app.secret_data import SecretData, SecretGroup

HASH_LENGTH: Final = 16


def cert_hash(ca: SecretData, leaves: Sequence[SecretData], *, reloads: bool) -> str | None:
    """16 hex characters over the observed leaf Secrets that a tier mounts, in their fixed order.

    ``reloads``: the tier takes a renewed leaf while running, so only its subject and issuer
    count. None where a certificate is unreadable: the annotation that is there stays, since
    pods must not roll onto what they cannot read.
    """
    return _hash(SecretGroup(ca, *leaves), reloads=reloads)


@lru_cache(maxsize=1024)
def _hash(group: SecretGroup, *, reloads: bool) -> str | None:
    ca, *leaves = (one for one in group.secrets if one is not None)
    active, successor = _first(ca, CA_CERT), _first(ca, NEXT_CERT)
    if active is None:
        return None
    current = (active,) if successor is None else (active, successor)
    known = (*current, *(certificates_in(ca, PREVIOUS_CERT) or ()))
    parts: list[str] = []
    for secret in leaves:
        leaf, bundle = _first(secret, TLS_CERT), certificates_in(secret, CA_CERT)
        if leaf is None or bundle is None:
            return None
        parts.append(_part(leaf, bundle, current, known, reloads=reloads))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:HASH_LENGTH]


@lru_cache(maxsize=4096)
def _part(
    leaf: CertificateFacts,
    bundle: Certificates,
    current: Certificates,
    known: Certificates,
    *,
    reloads: bool,
) -> str:
    """Share of one leaf Secret.

    Separately for each, since a union over a tier's Secrets would not change when the second of
    them gets its bundle. A CA of the bundle counts if it is active or next, or if its key signed
    the leaf beside it: the retiring one drops out exactly when the reissued leaf arrives, and
    pruning it changes nothing.
    """
    signer = signer_of(leaf, (*bundle, *known))
    signing_key = "" if signer is None else signer.spki_fingerprint
    counted = sorted(
        {
            found.fingerprint
            for found in bundle
            if found in current or found.spki_fingerprint == signing_key
        }
    )
    lines = [
        ",".join(counted),
        distinguished_name(leaf.subject),
        distinguished_name(leaf.issuer),
        signing_key,
        "" if reloads else leaf.fingerprint,
    ]
    return "\n".join(lines)


def _first(secret: SecretData, key: str) -> CertificateFacts | None:
    found = certificates_in(secret, key)
    return None if found is None else found[0]
