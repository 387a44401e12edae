"""Issuing: keys, CA certificates and leaves, from ``now`` and ``entropy``.

Same inputs, same bytes: P-256 keys are derived from the seed, serials too, and ECDSA signs
deterministically (RFC 6979). Only an RSA key cannot be derived; it comes from a factory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID

from app.certificates.leaves import Address
from app.certificates.pem import (
    CLIENT_AUTH,
    RSA_2048,
    SERVER_AUTH,
    CertificateFacts,
    PrivateKey,
    certificate_pem,
)
from app.entropy import Entropy

#: notBefore lies this far back, against clocks that differ.
BACKDATE: Final = timedelta(hours=1)
SERIAL_BYTES: Final = 16

_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
#: 128 bits more than the order has, so that the reduction leaves no bias.
_SCALAR_BYTES: Final = 48
_EKU_OIDS: Final = {
    SERVER_AUTH: ExtendedKeyUsageOID.SERVER_AUTH,
    CLIENT_AUTH: ExtendedKeyUsageOID.CLIENT_AUTH,
}

#: Makes an RSA key of 2048 bits for the label it is given.
RsaKeyFactory = Callable[[str], rsa.RSAPrivateKey]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """An observed CA with its loaded key, only ever alive within one call.

    ``intermediates``: certificates that its leaves must show along, its own first; a root has none.
    """

    certificate: CertificateFacts
    key: PrivateKey
    intermediates: tuple[CertificateFacts, ...] = ()

    def __repr__(self) -> str:
        """Without the key."""
        return f"Signer({self.certificate.fingerprint})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafTerms:
    """What a new leaf shall say. ``name``: its subject as encoded."""

    name: x509.Name
    dns_names: tuple[str, ...]
    ip_addresses: tuple[Address, ...]
    eku: tuple[str, ...]
    validity: timedelta


def generate_rsa_key(_label: str) -> rsa.RSAPrivateKey:
    """Fresh RSA-2048 key from the system's source."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def new_key(label: str, algorithm: str, *, entropy: Entropy, rsa_key: RsaKeyFactory) -> PrivateKey:
    """Key for ``label`` (``<Secret>/<key>``); ``algorithm`` is ECDSA-P256 or RSA-2048."""
    if algorithm == RSA_2048:
        return rsa_key(label)
    drawn = int.from_bytes(entropy.bytes(label, _SCALAR_BYTES), "big")
    return ec.derive_private_key(drawn % (_P256_ORDER - 1) + 1, ec.SECP256R1())


def serial_number(label: str, entropy: Entropy) -> int:
    """128 random bits, positive, at most 17 octets in DER."""
    return int.from_bytes(entropy.bytes(label, SERIAL_BYTES), "big") or 1


def self_signed_ca(
    name: x509.Name, key: PrivateKey, *, now: datetime, validity: timedelta, serial: int
) -> bytes:
    """PEM of a CA for ``key`` that may sign leaves only (path length 0)."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + validity)
    )
    return _signed(_with_ca_extensions(builder, _key_identifier(key)), key)


def renewed_ca(
    old: CertificateFacts, key: PrivateKey, *, now: datetime, validity: timedelta, serial: int
) -> bytes:
    """PEM of a CA that takes the place of ``old``: same key, DN and SKI, so leaves stay valid."""
    name = x509.load_pem_x509_certificate(old.pem.encode()).subject
    identifier = _key_identifier(key)
    if old.ski is not None:
        identifier = x509.SubjectKeyIdentifier(bytes.fromhex(old.ski))
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + validity)
    )
    return _signed(_with_ca_extensions(builder, identifier), key)


def leaf(terms: LeafTerms, key: PrivateKey, signer: Signer, *, now: datetime, serial: int) -> bytes:
    """PEM of a leaf for ``key``; it begins and ends within the life of its CA."""
    issuer = x509.load_pem_x509_certificate(signer.certificate.pem.encode())
    not_before, not_after = leaf_dates(signer.certificate, now=now, validity=terms.validity)
    identifier = _key_identifier(signer.key)
    if signer.certificate.ski is not None:
        identifier = x509.SubjectKeyIdentifier(bytes.fromhex(signer.certificate.ski))
    authority = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in terms.dns_names]
    names.extend(x509.IPAddress(address) for address in terms.ip_addresses)
    builder = (
        x509.CertificateBuilder()
        .subject_name(terms.name)
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_leaf_usage(key), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_oid(name) for name in terms.eku]), critical=False)
        .add_extension(_key_identifier(key), critical=False)
        .add_extension(authority, critical=False)
    )
    if names:  # an empty list is no valid extension
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _signed(builder, signer.key)


def leaf_dates(
    signer: CertificateFacts, *, now: datetime, validity: timedelta
) -> tuple[datetime, datetime]:
    """Begin and end of a leaf that is issued ``now``."""
    return max(now - BACKDATE, signer.not_before), min(now + validity, signer.not_after)


def _with_ca_extensions(
    builder: x509.CertificateBuilder, identifier: x509.SubjectKeyIdentifier
) -> x509.CertificateBuilder:
    usage = _usage(key_cert_sign=True, crl_sign=True)
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(identifier, critical=False)
    )


def _leaf_usage(key: PrivateKey) -> x509.KeyUsage:
    return _usage(digital_signature=True, key_encipherment=isinstance(key, rsa.RSAPrivateKey))


def _usage(
    *,
    digital_signature: bool = False,
    key_encipherment: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _oid(usage: str) -> x509.ObjectIdentifier:
    return _EKU_OIDS.get(usage) or x509.ObjectIdentifier(usage)


def _key_identifier(key: PrivateKey) -> x509.SubjectKeyIdentifier:
    return x509.SubjectKeyIdentifier.from_public_key(key.public_key())


def _signed(builder: x509.CertificateBuilder, key: PrivateKey) -> bytes:
    """PEM; ``ecdsa_deterministic`` is refused for RSA, whose PKCS#1 v1.5 is so anyway."""
    deterministic = True if isinstance(key, ec.EllipticCurvePrivateKey) else None
    return certificate_pem(builder.sign(key, SHA256(), ecdsa_deterministic=deterministic))
