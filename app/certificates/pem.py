"""PEM to facts about certificates, and back from PEM to keys.

Parsing and signature checks are pure functions of their input and remembered by content, never
by name, so a sync that changes nothing pays a look-up for each certificate. Keys are never
remembered. Nothing here raises on bytes that people put into a Secret: what cannot be read is
None.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

ECDSA_P256: Final = "ECDSA-P256"
RSA_2048: Final = "RSA-2048"
#: Smallest RSA key that takes part here; shorter ones count as unreadable.
RSA_MINIMUM_BITS: Final = 2048
#: A bundle of three CAs has some 3 KB; what is far above is no bundle.
PEM_LIMIT: Final = 262_144

SERVER_AUTH: Final = "serverAuth"
CLIENT_AUTH: Final = "clientAuth"
KEY_CERT_SIGN: Final = "keyCertSign"
CRL_SIGN: Final = "cRLSign"
DIGITAL_SIGNATURE: Final = "digitalSignature"
KEY_ENCIPHERMENT: Final = "keyEncipherment"

#: Short names and values of a distinguished name in the order in which it is encoded.
Attributes = tuple[tuple[str, str], ...]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

#: Curves that every TLS library here speaks.
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_KEY_USAGES: Final = (
    ("digital_signature", DIGITAL_SIGNATURE),
    ("content_commitment", "nonRepudiation"),
    ("key_encipherment", KEY_ENCIPHERMENT),
    ("data_encipherment", "dataEncipherment"),
    ("key_agreement", "keyAgreement"),
    ("key_cert_sign", KEY_CERT_SIGN),
    ("crl_sign", CRL_SIGN),
)
_EXTENDED_USAGES: Final = {
    ExtendedKeyUsageOID.SERVER_AUTH: SERVER_AUTH,
    ExtendedKeyUsageOID.CLIENT_AUTH: CLIENT_AUTH,
}
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CertificateFacts:
    """What the decisions need of one certificate; equal if the DER is.

    Fingerprints are SHA-256 in lower-case hex: ``fingerprint`` of the DER, ``spki_fingerprint``
    of the public key. ``serial``, ``ski`` and ``aki`` are lower-case hex. ``other_names`` are
    subject alternative names that are neither DNS names nor addresses. ``pem`` is the canonical
    text with a final newline.
    """

    fingerprint: str
    serial: str
    not_before: datetime
    not_after: datetime
    subject: Attributes
    issuer: Attributes
    dns_names: frozenset[str]
    ip_addresses: frozenset[IPv4Address | IPv6Address]
    other_names: frozenset[str]
    is_ca: bool
    path_length: int | None
    key_usage: frozenset[str]
    eku: frozenset[str]
    ski: str | None
    aki: str | None
    spki_fingerprint: str
    key_algorithm: str
    pem: str = field(repr=False)

    def __hash__(self) -> int:
        """Of the fingerprint, which stands for all the rest."""
        return hash(self.fingerprint)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same DER."""
        return isinstance(other, CertificateFacts) and self.fingerprint == other.fingerprint

    @property
    def common_name(self) -> str:
        """Last CN of the subject, or nothing."""
        return next((value for name, value in reversed(self.subject) if name == "CN"), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """A private key that could be loaded: what it belongs to, never itself."""

    spki_fingerprint: str
    algorithm: str
    pkcs8: bool


@lru_cache(maxsize=256)
def parse_certificates(pem: bytes) -> tuple[CertificateFacts, ...] | None:
    """Facts of every certificate in ``pem``, in its order; None if any of them is unreadable.

    Never empty: no certificate at all is unreadable too.
    """
    if len(pem) > PEM_LIMIT:
        return None
    try:
        return tuple(_facts(found) for found in x509.load_pem_x509_certificates(pem))
    except _UNREADABLE:
        return None


@lru_cache(maxsize=2048)
def parse_encoded(encoded: str) -> tuple[CertificateFacts, ...] | None:
    """``parse_certificates`` of a base64 value as a Secret carries it."""
    try:
        return parse_certificates(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        return None


@lru_cache(maxsize=4096)
def is_signed_by(certificate: CertificateFacts, issuer: CertificateFacts) -> bool:
    """Whether ``issuer`` names and really signed ``certificate``; dates play no part."""
    try:
        loaded = x509.load_pem_x509_certificate(issuer.pem.encode())
        x509.load_pem_x509_certificate(certificate.pem.encode()).verify_directly_issued_by(loaded)
    except (*_UNREADABLE, InvalidSignature):
        return False
    return True


def distinguished_name(subject: Attributes) -> str:
    """``CN=..,OU=..,O=..``: as OpenSearch reads it, the reverse of what is encoded, no spaces.

    The values of our subjects need no escaping: the CRD's pattern refuses such characters.
    """
    return ",".join(f"{name}={value}" for name, value in reversed(subject))


def load_key(pem: bytes, *, ours: bool = False) -> PrivateKey | None:
    """Unencrypted EC key on a NIST curve or RSA key of at least 2048 bits, or None.

    ``ours``: the Secret's digest shows that we wrote it, so the check of an RSA key, which takes
    3,500 times as long as reading it, is left out.
    """
    if len(pem) > PEM_LIMIT:
        return None
    try:
        key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=ours)
    except _UNREADABLE:
        return None
    if isinstance(key, rsa.RSAPrivateKey):
        return key if key.key_size >= RSA_MINIMUM_BITS else None
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, _CURVES):
        return key
    return None


def is_pkcs8(pem: bytes) -> bool:
    """Whether the first key in ``pem`` is PKCS#8: a node of OpenSearch dies on SEC1."""
    head = pem.partition(b"-----BEGIN ")[2]
    return head.startswith(b"PRIVATE KEY-----")


def key_facts(pem: bytes) -> KeyFacts | None:
    """Facts of a private key, fully checked; None if it cannot be used."""
    key = load_key(pem)
    if key is None:
        return None
    public = key.public_key()
    return KeyFacts(
        spki_fingerprint=spki_fingerprint(public),
        algorithm=key_algorithm(public),
        pkcs8=is_pkcs8(pem),
    )


def key_pem(key: PrivateKey) -> bytes:
    """PKCS#8 in PEM, not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """PEM with a final newline."""
    return certificate.public_bytes(Encoding.PEM)


def spki_fingerprint(key: PublicKeyTypes) -> str:
    """SHA-256 of the SubjectPublicKeyInfo."""
    digest = Hash(SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return digest.finalize().hex()


def key_algorithm(key: PublicKeyTypes) -> str:
    """``ECDSA-P256`` and ``RSA-2048`` as in the spec, other kinds in the same fashion."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return ECDSA_P256 if isinstance(key.curve, ec.SECP256R1) else f"ECDSA-{key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA-{key.key_size}"
    return type(key).__name__


def _facts(certificate: x509.Certificate) -> CertificateFacts:
    """Facts of one loaded certificate; raises what ``_UNREADABLE`` lists."""
    extensions = _Extensions(certificate.extensions)
    constraints = extensions.constraints
    public = certificate.public_key()
    not_before = certificate.not_valid_before_utc
    not_after = certificate.not_valid_after_utc
    if min(not_before, not_after).year < 2:  # noqa: PLR2004 - arithmetic must not leave year 1
        raise ValueError("dates before the calendar")
    return CertificateFacts(
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        serial=f"{certificate.serial_number:x}",
        not_before=not_before,
        not_after=not_after,
        subject=_attributes(certificate.subject),
        issuer=_attributes(certificate.issuer),
        dns_names=extensions.dns_names,
        ip_addresses=extensions.addresses,
        other_names=extensions.other_names,
        is_ca=constraints is not None and constraints.ca,
        path_length=None if constraints is None else constraints.path_length,
        key_usage=extensions.key_usage,
        eku=extensions.eku,
        ski=extensions.ski,
        aki=extensions.aki,
        spki_fingerprint=spki_fingerprint(public),
        key_algorithm=key_algorithm(public),
        pem=certificate_pem(certificate).decode("ascii"),
    )


def _attributes(name: x509.Name) -> Attributes:
    return tuple(
        (
            item.rfc4514_attribute_name,
            item.value.hex() if isinstance(item.value, bytes) else item.value,
        )
        for item in name
    )


class _Extensions:
    """The extensions that count, with what their absence means."""

    __slots__ = (
        "addresses",
        "aki",
        "constraints",
        "dns_names",
        "eku",
        "key_usage",
        "other_names",
        "ski",
    )

    def __init__(self, extensions: x509.Extensions) -> None:
        values = {type(item.value): item.value for item in extensions}
        constraints = values.get(x509.BasicConstraints)
        self.constraints = constraints if isinstance(constraints, x509.BasicConstraints) else None
        usage = values.get(x509.KeyUsage)
        self.key_usage = frozenset(
            name for attribute, name in _KEY_USAGES if getattr(usage, attribute, False)
        )
        extended = values.get(x509.ExtendedKeyUsage)
        self.eku = frozenset(
            _EXTENDED_USAGES.get(oid, oid.dotted_string)
            for oid in (extended if isinstance(extended, x509.ExtendedKeyUsage) else ())
        )
        names = values.get(x509.SubjectAlternativeName)
        listed = tuple(names) if isinstance(names, x509.SubjectAlternativeName) else ()
        self.dns_names = frozenset(item.value for item in listed if isinstance(item, x509.DNSName))
        self.addresses = frozenset(
            item.value
            for item in listed
            if isinstance(item, x509.IPAddress)
            and isinstance(item.value, IPv4Address | IPv6Address)
        )
        self.other_names = frozenset(
            repr(item) for item in listed if not isinstance(item, x509.DNSName | x509.IPAddress)
        )
        ski = values.get(x509.SubjectKeyIdentifier)
        self.ski = ski.digest.hex() if isinstance(ski, x509.SubjectKeyIdentifier) else None
        aki = values.get(x509.AuthorityKeyIdentifier)
        identifier = aki.key_identifier if isinstance(aki, x509.AuthorityKeyIdentifier) else None
        self.aki = None if identifier is None else identifier.hex()
