"""Certificates that tests of TLS need, made on the spot and written where settings name them."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: OpenSSL reads the clock of the machine, so what is to be valid is so for very long.
PAST, START, END, FUTURE = (datetime(year, 1, 1, tzinfo=UTC) for year in (2019, 2020, 2098, 2099))
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes

    @property
    def serial(self) -> int:
        """Serial number."""
        return x509.load_pem_x509_certificate(self.certificate).serial_number

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Files ``<name>.crt`` and ``<name>.key``."""
        files = folder / f"{name}.crt", folder / f"{name}.key"
        files[0].write_bytes(self.certificate)
        files[1].write_bytes(self.key)
        return files


class Authority:
    """A CA."""

    def __init__(self, name: str) -> None:
        """Self-signed."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = _builder(self._name, self._name, self._key, START, END).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.pem = builder.sign(self._key, hashes.SHA256()).public_bytes(_PEM)

    def issue(
        self,
        *,
        usage: x509.ObjectIdentifier = SERVER,
        since: datetime = START,
        until: datetime = END,
        key: Key | None = None,
    ) -> Pair:
        """A leaf for 127.0.0.1."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
        builder = _builder(name, self._name, key, since, until)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        certificate = builder.sign(self._key, hashes.SHA256())
        return Pair(certificate=certificate.public_bytes(_PEM), key=_key_pem(key))


_PEM = serialization.Encoding.PEM


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: Key,
    since: datetime,
    until: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@cache
def server_ca() -> Authority:
    """CA of servers."""
    return Authority("servers")


@cache
def client_ca() -> Authority:
    """CA of clients."""
    return Authority("clients")


def client_context(
    folder: Path, certificate: Pair | None = None, authority: Authority | None = None
) -> ssl.SSLContext:
    """Context of a client that trusts ``authority`` (`server_ca`) and shows ``certificate``."""
    context = ssl.create_default_context(cadata=(authority or server_ca()).pem.decode())
    if certificate is not None:
        context.load_cert_chain(*certificate.write(folder, "shown"))
    return context


def tls_settings(folder: Path, *, mutual: bool = False, pair: Pair | None = None) -> dict[str, Any]:
    """Settings of a server whose files stand in ``folder``."""
    certificate, key = (pair or server_ca().issue()).write(folder, "tls")
    settings: dict[str, Any] = {"tls_certificate_file": certificate, "tls_key_file": key}
    if mutual:
        settings["tls_client_ca_file"] = folder / "ca.crt"
        settings["tls_client_ca_file"].write_bytes(client_ca().pem)
    return settings
