"""What is observed of the certificates: ``<c>-ca`` and the leaf Secrets as facts.

A private key is loaded only where the Secret's digest does not prove its data (and then checked
in full), never on the no-change path.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, Protocol

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
from app.names import CA_CERT, CA_KEY, TLS_CERT, TLS_KEY, USER_CA
from app.secret_data import SecretData
from app.stamps import is_proven

NEXT_CERT: Final = "next.crt"
NEXT_KEY: Final = "next.key"
PREVIOUS_CERT: Final = "previous.crt"

Certificates = tuple[CertificateFacts, ...]


class KeyKeeper(Protocol):
    """Whoever has keys of CAs besides ``<c>-ca``: the user's own CA."""

    def signs_for(self, certificate: CertificateFacts | None) -> bool:
        """Whether the key of ``certificate`` is there."""

    def key_of(self, certificate: CertificateFacts) -> bytes | None:
        """The key of ``certificate`` in PEM, checked; None if it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The observed ``<c>-ca``.

    ``active``: None if ``ca.crt`` is unreadable. ``next``: only where it is a CA. Both may be
    intermediate CAs of the user; ``path`` and ``next_path`` then lead on to the root, and are of
    one certificate otherwise. ``proven``: the digest fits the data, so ``key`` and ``next_key``
    were not loaded. ``keeper``: whoever has keys that are not in here.
    """

    secret: SecretData
    active: CertificateFacts | None
    next: CertificateFacts | None
    previous: Certificates
    proven: bool
    key: KeyFacts | None
    next_key: KeyFacts | None
    path: Certificates = ()
    next_path: Certificates = ()
    keeper: KeyKeeper | None = None

    @property
    def is_users(self) -> bool:
        """Whether the active CA is the user's, by what was written when it was taken over."""
        return self._is_users(self.active)

    @property
    def is_next_users(self) -> bool:
        """Whether the staged successor is the user's."""
        return self._is_users(self.next)

    @property
    def users(self) -> frozenset[str]:
        """Public-key fingerprints of the CAs in here that are the user's."""
        return frozenset(self.secret.annotations.get(USER_CA, "").split(",")) - {""}

    def _is_users(self, certificate: CertificateFacts | None) -> bool:
        return certificate is not None and certificate.spki_fingerprint in self.users

    @property
    def has_usable_key(self) -> bool:
        """Whether the active certificate's key is there."""
        return self._has(CA_KEY, self.key, self.active)

    @property
    def has_usable_next_key(self) -> bool:
        """Whether the staged successor's key is there."""
        return self._has(NEXT_KEY, self.next_key, self.next)

    @property
    def has_successor(self) -> bool:
        """Whether a successor is staged, be it usable or not."""
        return NEXT_CERT in self.secret.data

    @property
    def is_verified(self) -> bool:
        """Whether every key in it fits its certificate, so a digest of the data may say so.

        A key that is absent is seen without the digest.
        """
        data = self.secret.data
        return self.proven or (
            (self.has_usable_key or CA_KEY not in data)
            and (
                self.has_usable_next_key
                or not {NEXT_CERT, NEXT_KEY} & data.keys()
                or (self.is_next_users and NEXT_KEY not in data)
            )
        )

    def _has(self, name: str, key: KeyFacts | None, certificate: CertificateFacts | None) -> bool:
        if self.keeper is not None and self.keeper.signs_for(certificate):
            return True
        if self.proven:
            return certificate is not None and bool(self.secret.data.get(name))
        return (
            key is not None
            and certificate is not None
            and key.spki_fingerprint == certificate.spki_fingerprint
        )

    @property
    def anchor(self) -> CertificateFacts | None:
        """The root of the active CA, which is trusted; the CA itself where it is its own."""
        return self.path[-1] if self.path else self.active

    @property
    def certificates(self) -> Certificates:
        """Active, next and previous, one certificate for each key: the first."""
        listed = (self.active, self.next, *self.previous)
        found: dict[str, CertificateFacts] = {}
        for certificate in listed:
            if certificate is not None:
                found.setdefault(certificate.spki_fingerprint, certificate)
        return tuple(found.values())

    @property
    def anchors(self) -> Certificates:
        """Roots of active, next and previous, one certificate for each key: the first."""
        listed = (self.anchor, self.next_path[-1] if self.next_path else self.next)
        roots = roots_of(self.previous)
        found: dict[str, CertificateFacts] = {}
        for certificate in (*listed, *roots):
            if certificate is not None:
                found.setdefault(certificate.spki_fingerprint, certificate)
        return tuple(found.values())

    def bundle(self, now: datetime) -> Certificates:
        """What every leaf Secret's ``ca.crt`` shall hold: roots of active, next, previous.

        Without those about to expire; only an active CA without a successor stays, since a
        bundle without any CA is worse.
        """
        known = self.anchors
        kept = tuple(
            certificate
            for certificate in known
            if now < margin_start(certificate) or (certificate is self.anchor and self.next is None)
        )
        return kept or known[:1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafState:
    """One planned leaf as observed; ``certificate`` and ``bundle`` are None if unreadable.

    ``chain``: intermediate CAs that follow the certificate.
    """

    plan: LeafPlan
    observed: SecretData | None
    certificate: CertificateFacts | None = None
    bundle: Certificates | None = None
    proven: bool = False
    key: KeyFacts | None = None
    chain: Certificates = ()

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


@lru_cache(maxsize=1024)
def path_of(certificates: Certificates) -> Certificates:
    """The first certificate and those that signed it in turn, up to a root or where it breaks."""
    path = certificates[:1]
    while path and not is_signed_by(path[-1], path[-1]):
        signer = signer_of(path[-1], [one for one in certificates if one not in path])
        if signer is None:
            break
        path = (*path, signer)
    return path


def trust_key(path: Certificates) -> tuple[str, str]:
    """What a change of is a rotation: the public keys of the CA that signs and of its root."""
    return path[0].spki_fingerprint, path[-1].spki_fingerprint


@lru_cache(maxsize=1024)
def roots_of(certificates: Certificates) -> Certificates:
    """Of ``certificates`` those that none of the others signed: what a bundle holds of them."""
    return tuple(
        one
        for one in certificates
        if is_signed_by(one, one)
        or signer_of(one, [other for other in certificates if other is not one]) is None
    )


def observed_authority(
    secret: SecretData | None, keeper: KeyKeeper | None = None
) -> Authority | None:
    """``<c>-ca`` as facts; None if it is not observed. Any bytes in it are bearable."""
    if secret is None:
        return None
    proven = is_proven(secret)
    active = path_of(certificates_in(secret, CA_CERT) or ())
    successor = path_of(certificates_in(secret, NEXT_CERT) or ())
    if successor and not is_authority(successor[0]):
        successor = ()
    return Authority(
        secret=secret,
        active=active[0] if active else None,
        next=successor[0] if successor else None,
        previous=tuple(filter(is_authority, certificates_in(secret, PREVIOUS_CERT) or ())),
        proven=proven,
        key=None if proven else _key(secret, CA_KEY),
        next_key=None if proven else _key(secret, NEXT_KEY),
        path=active,
        next_path=successor,
        keeper=keeper,
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
        chain=(certificates_in(secret, TLS_CERT) or ())[1:],
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


def has_chain(leaf: LeafState, paths: tuple[Certificates, ...]) -> bool:
    """Whether the intermediates beside a leaf are those of the user's CA that signed it."""
    if leaf.certificate is None:
        return False
    wanted = [path[:-1] for path in paths if signer_of(leaf.certificate, path[:1]) is not None]
    return not wanted or leaf.chain in wanted


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
