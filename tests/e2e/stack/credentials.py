"""Keys, certificates and the kubeconfig of one run: throw-away, valid for a day."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

#: First address of the range of Services.
API_SERVICE: Final = "10.0.0.1"
LOOPBACK: Final = "127.0.0.1"

#: Names by which a server on loopback is called.
LOOPBACK_NAMES: Final = (
    x509.IPAddress(ipaddress.ip_address(LOOPBACK)),
    x509.DNSName("localhost"),
)

_Usage = x509.ObjectIdentifier


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path, name: str = "e2e") -> None:
        """Write ca.crt."""
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named(name)
        builder = _builder(self._name, self._name, self._key.public_key())
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self._write("ca.crt", builder.sign(self._key, hashes.SHA256()))

    def issue(
        self, file: str, subject: x509.Name, usage: _Usage, names: tuple[x509.GeneralName, ...] = ()
    ) -> None:
        """Write a certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._name, key.public_key()).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self._write(f"{file}.crt", builder.sign(self._key, hashes.SHA256()))
        (self._folder / f"{file}.key").write_bytes(_pem(key))

    def _write(self, file: str, certificate: x509.Certificate) -> None:
        content = certificate.public_bytes(serialization.Encoding.PEM)
        (self._folder / file).write_bytes(content)


def write_credentials(folder: Path, server: str) -> Path:
    """Write all files; returns the kubeconfig of an administrator."""
    authority = Authority(folder)
    authority.issue(
        "api",
        named("kube-apiserver"),
        ExtendedKeyUsageOID.SERVER_AUTH,
        (*LOOPBACK_NAMES, x509.IPAddress(ipaddress.ip_address(API_SERVICE))),
    )
    authority.issue("admin", named("admin", "system:masters"), ExtendedKeyUsageOID.CLIENT_AUTH)
    signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "sa.key").write_bytes(_pem(signing))
    (folder / "sa.pub").write_bytes(
        signing.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return _kubeconfig(folder, server)


def _kubeconfig(folder: Path, server: str) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "e2e",
        "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "admin"}}],
        "clusters": [
            {"name": "e2e", "cluster": {"server": server, "certificate-authority": "ca.crt"}}
        ],
        "users": [
            {
                "name": "admin",
                "user": {"client-certificate": "admin.crt", "client-key": "admin.key"},
            }
        ],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def named(common: str, organization: str | None = None) -> x509.Name:
    """Subject of a certificate."""
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organization is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # noqa: TID251 - a real server checks it against the real time
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
    )


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
