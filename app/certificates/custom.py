"""The user's own certificates: what their Secrets hold, judged; they are only ever read.

What follows from the content alone is kept by the content, so a sync that changes nothing loads no
private key. An unusable Secret is named with what is wrong, and nothing takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from app.certificates.observation import (
    Certificates,
    certificates_in,
    is_authority,
    path_of,
    trust_key,
)
from app.certificates.pem import (
    CertificateFacts,
    KeyFacts,
    is_signed_by,
    key_facts,
)
from app.certificates.policies import moment
from app.names import CA_CERT, TLS_CERT, TLS_KEY, Role
from app.secret_data import SecretData, SecretGroup

#: Reasons of the condition CertificatesReady.
SECRET_NOT_FOUND: Final = "SecretNotFound"  # noqa: S105 - a reason
UNUSABLE: Final = "CustomCertificateUnusable"

_ABSENT: Final = "does not exist, or is one of this cluster's own"
#: Keywords of RFC 2253, the only ones that OpenSearch's settings know.
_KEYWORDS: Final = frozenset({"C", "ST", "L", "O", "OU", "CN", "DC", "STREET", "UID"})
#: Characters that have a meaning of their own in a DN or in a pattern of ``nodes_dn``.
_SPECIAL: Final = frozenset(',+"\\<>;=#*?/')


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why one of the user's Secrets cannot be used."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenLeaf:
    """A leaf Secret that the spec names. ``mounted_by``: tiers whose observed pods read it."""

    reference: str
    secret: str
    content: SecretData | None = field(repr=False)
    mounted_by: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What ``spec.tls.customCerts`` names, as observed; ``leaves`` by the name of the leaf."""

    secret: str
    content: SecretData | None = field(repr=False)
    leaves: Mapping[str, GivenLeaf] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomCa:
    """The user's CA: ``path`` from the certificate that signs to its root; empty if unusable."""

    secret: str
    path: Certificates
    has_key: bool
    problem: Problem | None
    content: SecretData | None = field(repr=False)

    @property
    def is_usable(self) -> bool:
        """Whether it can be trusted, and sign where that is asked of it."""
        return self.problem is None

    def signs_for(self, certificate: CertificateFacts | None) -> bool:
        """Whether the key in the user's Secret is the one of ``certificate``."""
        return (
            self.has_key
            and certificate is not None
            and bool(self.path)
            and self.path[0].spki_fingerprint == certificate.spki_fingerprint
        )

    def key_of(self, certificate: CertificateFacts) -> bytes | None:
        """Key of ``certificate`` in PEM, if it is this CA's: only for a call that signs."""
        if self.content is None or not self.signs_for(certificate):
            return None
        return self.content.value(TLS_KEY)

    def is_same(self, path: Certificates) -> bool:
        """Whether ``path`` is this CA, perhaps with other dates: keys of signer and root agree."""
        return bool(self.path) and bool(path) and trust_key(self.path) == trust_key(path)

    @property
    def not_after(self) -> datetime | None:
        """When the first certificate of its path ends."""
        return min((one.not_after for one in self.path), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomLeaf:
    """A leaf of the user. ``chain`` follows the certificate in ``tls.crt``."""

    name: str
    given: GivenLeaf
    certificate: CertificateFacts | None
    chain: Certificates
    bundle: Certificates
    problem: Problem | None

    def covers(self, bundle: Certificates) -> bool:
        """Whether its pods trust every CA of ``bundle``."""
        held = {one.spki_fingerprint for one in self.bundle}
        return all(one.spki_fingerprint in held for one in bundle)


def judged_ca(given: Given, *, needs_key: bool, now: datetime) -> CustomCa:
    """The user's CA at ``now``. ``needs_key``: not every leaf is the user's, so it has to sign."""
    where = f"spec.tls.customCerts.caSecretRef: Secret {given.secret}"
    if given.content is None:
        problem = Problem(reason=SECRET_NOT_FOUND, message=f"{where} {_ABSENT}")
        return CustomCa(secret=given.secret, path=(), has_key=False, problem=problem, content=None)
    path, has_key, wrong = _ca_content(SecretGroup(given.content))
    wrong = wrong or _wrong_dates(path, now)
    if not wrong and needs_key and not has_key:
        wrong = (
            f"has no {TLS_KEY}: put the CA's key there, or name a Secret for every leaf in "
            "spec.tls.customCerts"
        )
    return CustomCa(
        secret=given.secret,
        path=path,
        has_key=has_key,
        problem=Problem(reason=UNUSABLE, message=f"{where} {wrong}") if wrong else None,
        content=given.content,
    )


def judged_leaf(
    name: str, given: GivenLeaf, *, is_named_in_settings: bool, now: datetime
) -> CustomLeaf:
    """A leaf of the user at ``now``.

    ``is_named_in_settings``: OpenSearch knows the holder by the subject, in a setting.
    """
    where = f"spec.tls.customCerts.{given.reference}: Secret {given.secret}"
    if given.content is None:
        problem = Problem(reason=SECRET_NOT_FOUND, message=f"{where} {_ABSENT}")
        return CustomLeaf(
            name=name, given=given, certificate=None, chain=(), bundle=(), problem=problem
        )
    found, bundle, wrong = _leaf_content(SecretGroup(given.content))
    wrong = wrong or _wrong_dates(found, now)
    if not wrong and is_named_in_settings and not _fits_settings(found[0]):
        wrong = (
            f"{TLS_CERT} has a subject that OpenSearch's settings cannot carry: allowed are "
            f"{', '.join(sorted(_KEYWORDS))} without special characters"
        )
    return CustomLeaf(
        name=name,
        given=given,
        certificate=found[0] if found else None,
        chain=found[1:],
        bundle=bundle,
        problem=Problem(reason=UNUSABLE, message=f"{where} {wrong}") if wrong else None,
    )


@lru_cache(maxsize=256)
def _ca_content(group: SecretGroup) -> tuple[Certificates, bool, str]:
    """Path, whether the key is there, and what is wrong, by the content of the CA's Secret."""
    (secret,) = group.secrets
    if secret is None:
        return (), False, "does not exist"
    listed = [certificates_in(secret, key) for key in (TLS_CERT, CA_CERT) if key in secret.data]
    if not listed or any(one is None for one in listed):
        return (), False, f"holds no readable certificate in {TLS_CERT} or {CA_CERT}"
    path = path_of(tuple(found for one in listed for found in one or ()))
    key = _key(secret)
    wrong = _wrong_path(path) or _wrong_key(secret, key, path[0])
    return path, key is not None and not wrong, wrong


def _wrong_path(path: Certificates) -> str:
    """What keeps a path from being one of CAs up to its root; empty: nothing."""
    for below, one in enumerate(path):
        if not is_authority(one):
            return (
                f"holds {one.common_name or 'a certificate'}, which is not the certificate of a CA"
            )
        if one.path_length is not None and one.path_length < below:
            return f"holds {one.common_name}, which allows no CA of its own below it"
    if not is_signed_by(path[-1], path[-1]):
        return (
            f"holds an intermediate CA without its root: put the root's certificate into {CA_CERT}"
        )
    return ""


def _wrong_key(secret: SecretData, key: KeyFacts | None, certificate: CertificateFacts) -> str:
    if not secret.data.get(TLS_KEY):
        return ""
    if key is None:
        return f"holds no usable private key in {TLS_KEY}"
    if key.spki_fingerprint != certificate.spki_fingerprint:
        return f"holds a {TLS_KEY} of another certificate"
    return ""


@lru_cache(maxsize=1024)
def _leaf_content(group: SecretGroup) -> tuple[Certificates, Certificates, str]:
    """Certificates of ``tls.crt``, bundle, and what is wrong, by a leaf Secret's content."""
    (secret,) = group.secrets
    if secret is None:
        return (), (), "does not exist"
    found, bundle = certificates_in(secret, TLS_CERT), certificates_in(secret, CA_CERT)
    if found is None or bundle is None:
        missing = TLS_CERT if found is None else CA_CERT
        return found or (), bundle or (), f"holds no readable certificate in {missing}"
    key = _key(secret)
    if key is None:
        return found, bundle, f"holds no usable private key in {TLS_KEY}"
    return found, bundle, _wrong_leaf(found, bundle, key)


def _wrong_leaf(found: Certificates, bundle: Certificates, key: KeyFacts) -> str:
    leaf, path = found[0], path_of((*found, *bundle))
    if key.spki_fingerprint != leaf.spki_fingerprint:
        return f"holds a {TLS_KEY} of another certificate"
    if not key.pkcs8:
        return f"holds a {TLS_KEY} that is not in PKCS#8 (openssl pkcs8 -topk8 -nocrypt)"
    if leaf.is_ca:
        return f"holds the certificate of a CA in {TLS_CERT}"
    if len(path) == 1 or path[-1] not in bundle or _wrong_path(path[1:]):
        return f"holds a {TLS_CERT} that does not lead to a root in its {CA_CERT}"
    return ""


def _wrong_dates(path: Certificates, now: datetime) -> str:
    for one in path:
        if one.not_before > now:
            return f"is not valid before {moment(one.not_before)}"
        if one.not_after < now:
            return f"expired on {moment(one.not_after)}"
    return ""


@lru_cache(maxsize=256)
def _fits_settings(certificate: CertificateFacts) -> bool:
    return bool(certificate.subject) and all(
        name in _KEYWORDS
        and value.isascii()
        and value.isprintable()
        and value == value.strip()
        and bool(value)
        and not _SPECIAL.intersection(value)
        for name, value in certificate.subject
    )


def _key(secret: SecretData) -> KeyFacts | None:
    raw = secret.value(TLS_KEY)
    return None if not raw else key_facts(raw)
