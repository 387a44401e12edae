"""The hash of certificates in a pod template: one change, one roll; none lost, none doubled.

It is computed from observed Secrets only, from fingerprints and never from text, so the order of
a bundle, line breaks, labels and keys that others added roll nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from app.certificates.observation import (
    NEXT_CERT,
    PREVIOUS_CERT,
    Certificates,
    certificates_in,
    path_of,
)
from app.certificates.pem import CertificateFacts, distinguished_name
from app.names import CA_CERT, TLS_CERT
from app.secret_data import SecretData, SecretGroup

HASH_LENGTH: Final = 16


def cert_hash(
    ca: SecretData,
    leaves: Sequence[SecretData],
    *,
    reloads: bool,
    given: frozenset[str] = frozenset(),
) -> str | None:
    """16 hex characters over the observed leaf Secrets that a tier mounts, in their fixed order.

    ``reloads``: the tier takes a renewed leaf while running, so only its subject and issuer
    count. ``given``: names of those that are the user's, of which all CAs and intermediates count.
    None where a certificate is unreadable: the annotation that is there stays, since pods must not
    roll onto what they cannot read.
    """
    return _hash(SecretGroup(ca, *leaves), reloads=reloads, given=given)


@lru_cache(maxsize=1024)
def _hash(group: SecretGroup, *, reloads: bool, given: frozenset[str]) -> str | None:
    ca, *leaves = (one for one in group.secrets if one is not None)
    active, successor = (path_of(certificates_in(ca, key) or ()) for key in (CA_CERT, NEXT_CERT))
    if not active:
        return None
    current = (active[-1], *successor[-1:])
    known = (*active, *successor, *(certificates_in(ca, PREVIOUS_CERT) or ()))
    parts: list[str] = []
    for secret in leaves:
        shown, bundle = certificates_in(secret, TLS_CERT), certificates_in(secret, CA_CERT)
        if shown is None or bundle is None:
            return None
        if secret.name in given:
            parts.append(_given_part(shown, bundle, reloads=reloads))
        else:
            parts.append(_part(shown, bundle, current, known, reloads=reloads))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:HASH_LENGTH]


@lru_cache(maxsize=4096)
def _part(
    shown: Certificates,
    bundle: Certificates,
    current: Certificates,
    known: Certificates,
    *,
    reloads: bool,
) -> str:
    """Share of one leaf Secret; ``shown``: its leaf and intermediates.

    Separately for each, since a union over a tier's Secrets would not change when the second of
    them gets its bundle. A CA of the bundle counts if it is active or next, or if the leaf beside
    it leads to its key: the retiring one drops out exactly when the reissued leaf arrives, and
    pruning it changes nothing.
    """
    leaf = shown[0]
    path = path_of((*shown, *bundle, *known))
    signing_key = path[1].spki_fingerprint if len(path) > 1 else ""
    root = path[-1].spki_fingerprint if len(path) > 1 else ""
    counted = sorted(
        {
            found.fingerprint
            for found in bundle
            if found in current or found.spki_fingerprint == root
        }
    )
    return _lines(leaf, counted, signing_key, reloads=reloads)


@lru_cache(maxsize=1024)
def _given_part(shown: Certificates, bundle: Certificates, *, reloads: bool) -> str:
    """Share of a leaf Secret of the user, who alone says whom its pods trust."""
    signing_key = ",".join(one.fingerprint for one in shown[1:] if not reloads)
    counted = sorted({one.fingerprint for one in bundle})
    return _lines(shown[0], counted, signing_key, reloads=reloads)


def _lines(
    leaf: CertificateFacts, counted: Iterable[str], signing_key: str, *, reloads: bool
) -> str:
    lines = [
        ",".join(counted),
        distinguished_name(leaf.subject),
        distinguished_name(leaf.issuer),
        signing_key,
        "" if reloads else leaf.fingerprint,
    ]
    return "\n".join(lines)
