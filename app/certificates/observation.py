"""What is observed of the certificates: ``<c>-ca`` and the leaf Secrets as facts.

A private key is loaded only where the Secret's digest does not prove its data (and then checked
in full), never on the no-change path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from app.certificates.leaves import LeafPlan
from app.certificates.pem import (
    KEY_CERT_SIGN,
    CertificateFacts,
    KeyFacts,
    is_signed_by,
    key_facts,
    parse_encoded,
)
from app.certificates.renewal import margin_start
from app.names import CA_CERT, CA_KEY, TLS_CERT, TLS_KEY
from app.secret_data import SecretData
from app.stamps import is_proven

NEXT_CERT: Final = "next.crt"
NEXT_KEY: Final = "next.key"
PREVIOUS_CERT: Final = "previous.crt"

Certificates = tuple[CertificateFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The observed ``<c>-ca``.

    ``active``: None if ``ca.crt`` is unreadable. ``next``: only where it is a CA. ``proven``:
    the digest fits the data, so ``key`` and ``next_key`` were not loaded.
    """

    secret: SecretData
    active: CertificateFacts | None
    next: CertificateFacts | None
    previous: Certificates
    proven: bool
    key: KeyFacts | None
    next_key: KeyFacts | None

    @property
    def has_usable_key(self) -> bool:
        """Whether the active certificate's key is there."""
        return self._has(CA_KEY, self.key, self.active)

    @property
    def has_usable_next_key(self) -> bool:
        """Whether the staged successor's key is there."""
        return self._has(NEXT_KEY, self.next_key, self.next)

    @property
    def is_verified(self) -> bool:
        """Whether every key in it fits its certificate, so a digest of the data may say so.

        A key that is absent is seen without the digest.
        """
        data = self.secret.data
        return self.proven or (
            (self.has_usable_key or CA_KEY not in data)
            and (self.has_usable_next_key or not {NEXT_CERT, NEXT_KEY} & data.keys())
        )

    def _has(self, name: str, key: KeyFacts | None, certificate: CertificateFacts | None) -> bool:
        if self.proven:
            return certificate is not None and bool(self.secret.data.get(name))
        return (
            key is not None
            and certificate is not None
            and key.spki_fingerprint == certificate.spki_fingerprint
        )

    @property
    def certificates(self) -> Certificates:
        """Active, next and previous, one certificate for each key: the first."""
        listed = (self.active, self.next, *self.previous)
        found: dict[str, CertificateFacts] = {}
        for certificate in listed:
            if certificate is not None:
                found.setdefault(certificate.spki_fingerprint, certificate)
        return tuple(found.values())

    def bundle(self, now: datetime) -> Certificates:
        """What every leaf Secret's ``ca.crt`` shall hold: active, next, previous.

        Without those about to expire; only an active CA without a successor stays, since a
        bundle without any CA is worse.
        """
        known = self.certificates
        kept = tuple(
            certificate
            for certificate in known
            if now < margin_start(certificate) or (certificate is self.active and self.next is None)
        )
        return kept or known[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafState:
    """One planned leaf as observed; ``certificate`` and ``bundle`` are None if unreadable."""

    plan: LeafPlan
    observed: SecretData | None
    certificate: CertificateFacts | None = None
    bundle: Certificates | None = None
    proven: bool = False
    key: KeyFacts | None = None

    @property
    def is_verified(self) -> bool:
        """Whether the key is known to belong to the certificate."""
        if self.proven:
            return True
        return (
            self.key is not None
            and self.certificate is not None
            and self.key.spki_fingerprint == self.certificate.spki_fingerprint
        )


def is_authority(certificate: CertificateFacts) -> bool:
    """Whether a certificate may sign others."""
    return certificate.is_ca and KEY_CERT_SIGN in certificate.key_usage


def observed_authority(secret: SecretData | None) -> Authority | None:
    """``<c>-ca`` as facts; None if it is not observed. Any bytes in it are bearable."""
    if secret is None:
        return None
    proven = is_proven(secret)
    successor = _first(secret, NEXT_CERT)
    return Authority(
        secret=secret,
        active=_first(secret, CA_CERT),
        next=successor if successor is not None and is_authority(successor) else None,
        previous=tuple(filter(is_authority, certificates_in(secret, PREVIOUS_CERT) or ())),
        proven=proven,
        key=None if proven else _key(secret, CA_KEY),
        next_key=None if proven else _key(secret, NEXT_KEY),
    )


def observed_leaf(plan: LeafPlan, secret: SecretData | None) -> LeafState:
    """A leaf Secret as facts. Any bytes in it are bearable."""
    if secret is None:
        return LeafState(plan=plan, observed=None)
    proven = is_proven(secret)
    return LeafState(
        plan=plan,
        observed=secret,
        certificate=_first(secret, TLS_CERT),
        bundle=certificates_in(secret, CA_CERT),
        proven=proven,
        key=None if proven else _key(secret, TLS_KEY),
    )


def certificates_in(secret: SecretData, key: str) -> Certificates | None:
    """Certificates under ``key``; None if absent or unreadable."""
    encoded = secret.data.get(key)
    return None if encoded is None else parse_encoded(encoded)


def signer_of(
    certificate: CertificateFacts, candidates: Iterable[CertificateFacts]
) -> CertificateFacts | None:
    """The first candidate whose key signed ``certificate``."""
    return next((found for found in candidates if is_signed_by(certificate, found)), None)


def foreign_ca(
    authority: Authority, leaves: Sequence[LeafState], now: datetime
) -> CertificateFacts | None:
    """A CA that signed an observed leaf and stands in every readable bundle, but not in ``<c>-ca``.

    Then another ``<c>-ca`` was put there (an old backup, say), and reissuing all leaves from it
    would take trust away.
    """
    known = authority.certificates
    strangers = [
        leaf
        for leaf in leaves
        if leaf.certificate is not None and signer_of(leaf.certificate, known) is None
    ]
    if not strangers:
        return None
    mine = {certificate.spki_fingerprint for certificate in known}
    bundles = [
        {certificate.spki_fingerprint for certificate in leaf.bundle}
        for leaf in leaves
        if leaf.bundle is not None
    ]
    for leaf in strangers:
        signer = None
        if leaf.certificate is not None and leaf.bundle is not None:
            signer = signer_of(leaf.certificate, leaf.bundle)
        if signer is None or signer.spki_fingerprint in mine or now >= margin_start(signer):
            continue
        if all(signer.spki_fingerprint in bundle for bundle in bundles):
            return signer
    return None


def lost_ca(cluster: str, leaves: Sequence[LeafState]) -> CertificateFacts | None:
    """The newest generation in the leaf Secrets' bundles, and of it the newest certificate."""
    found = [certificate for leaf in leaves for certificate in leaf.bundle or ()]
    return max(
        found,
        key=lambda item: (generation(cluster, item), item.not_before, item.fingerprint),
        default=None,
    )


@lru_cache(maxsize=1024)
def generation(cluster: str, certificate: CertificateFacts) -> int:
    """Generation of a CA by its CN: ``<c>-ca`` is 1, ``<c>-ca-<n>`` is n, any other 0."""
    name = certificate.common_name
    first = authority_name(cluster, 1)
    if name == first:
        return 1
    number = name.removeprefix(f"{first}-")
    is_number = number != name and len(number) < 10 and number.isascii() and number.isdigit()  # noqa: PLR2004 - bound
    return int(number) if is_number else 0


def authority_name(cluster: str, number: int) -> str:
    """CN of a generation: a new key always gets a new DN, else path building picks wrongly."""
    return f"{cluster}-ca" if number == 1 else f"{cluster}-ca-{number}"


def leaf_certificates(leaves: Iterable[LeafState]) -> Mapping[str, CertificateFacts]:
    """Observed and readable leaves by the name of their Secret."""
    return {leaf.plan.secret: leaf.certificate for leaf in leaves if leaf.certificate is not None}


def _key(secret: SecretData, name: str) -> KeyFacts | None:
    raw = secret.value(name)
    return None if raw is None else key_facts(raw)


def _first(secret: SecretData, key: str) -> CertificateFacts | None:
    found = certificates_in(secret, key)
    return None if found is None else found[0]
