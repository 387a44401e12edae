"""Certificates as a user brings them: CAs, intermediates, leaves, and the Secrets around them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.certificates.custom import Given, GivenLeaf
from app.certificates.leaves import leaf_plans
from app.certificates.observation import certificates_in
from app.certificates.pem import (
    CertificateFacts,
    PrivateKey,
    certificate_pem,
    key_pem,
    parse_certificates,
    parse_encoded,
)
from app.certificates.plan import CertificatePlan
from app.certificates.request import CertificateRequest
from app.entropy import Entropy
from app.names import CA_CERT, CA_KEY, TIERS, TLS_CERT, TLS_KEY, Names, Role
from app.resolve.custom_certificates import REFERENCES
from app.secret_data import SecretData, encode
from tests.certificates.scenario import INDEXER, NAMES, NOW, World

ALL = frozenset({"indexer", "manager-master", "manager-worker", "dashboard", "filebeat", "admin"})
#: Name of the user's CA Secret in these tests.
CA_SECRET = "corporate-ca"
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate with its key, and those that lead on to the root, the next first."""

    certificate: x509.Certificate
    key: PrivateKey
    above: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        """The certificate alone."""
        return certificate_pem(self.certificate)

    @property
    def root(self) -> bytes:
        """The root, which is itself where nothing is above."""
        return certificate_pem((self.certificate, *self.above)[-1])

    @property
    def chain(self) -> bytes:
        """The certificate and what is above, without the root."""
        listed = (self.certificate, *self.above)
        return b"".join(map(certificate_pem, listed[:-1] if self.above else listed))


@cache
def key_of(label: str) -> ec.EllipticCurvePrivateKey:
    """P-256 key, the same for the same label."""
    number = int.from_bytes(Entropy(bytes(32)).bytes(label, 31), "big")
    return ec.derive_private_key(number + 1, ec.SECP256R1())


def authority(
    name: str = "Corporate Root",
    *,
    key: str = "root",
    above: Pair | None = None,
    path_length: int | None = None,
    is_ca: bool = True,
    begin: datetime = NOW - DAY,
    end: datetime = NOW + 3000 * DAY,
) -> Pair:
    """A CA: a root, or an intermediate below ``above``."""
    own = key_of(key)
    builder = (
        _builder(name, own, above, begin, end)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=path_length), critical=True)
        .add_extension(_usage(signs=True), critical=True)
    )
    return _signed(builder, own, above)


def given_leaf(
    name: str,
    above: Pair,
    *,
    dns_names: tuple[str, ...] = (),
    key: str | None = None,
    end: datetime = NOW + 300 * DAY,
    begin: datetime = NOW - DAY,
) -> Pair:
    """A leaf below ``above`` with this CN."""
    own = key_of(key or f"leaf {name}")
    builder = (
        _builder(name, own, above, begin, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            ),
            critical=False,
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in ("localhost", *dns_names)]),
            critical=False,
        )
    )
    return _signed(builder, own, above)


def ca_data(ca: Pair, *, with_key: bool = True) -> dict[str, str]:
    """Data of the user's CA Secret; without its key, ``ca.crt`` alone."""
    if not with_key:
        return encode({CA_CERT: ca.pem})
    above = {CA_CERT: ca.root} if ca.above else {}
    return encode({TLS_CERT: ca.chain, TLS_KEY: key_pem(ca.key), **above})


def leaf_data(leaf: Pair, *roots: Pair) -> dict[str, str]:
    """Data of a leaf Secret that trusts ``roots``, by default its own."""
    bundle = b"".join(one.root for one in roots) if roots else leaf.root
    return encode({TLS_CERT: leaf.chain, TLS_KEY: key_pem(leaf.key), CA_CERT: bundle})


def leaf_secrets(
    ca: Pair, *roots: Pair, names: Names = NAMES, **facts: Any
) -> dict[str, dict[str, str]]:
    """A leaf Secret ``my-<leaf>`` for each leaf, by its name."""
    return {
        f"my-{plan.name}": leaf_data(
            given_leaf(plan.common_name, ca, dns_names=plan.required_names, **facts), *roots
        )
        for plan in leaf_plans(names, None)
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomWorld(World):
    """A cluster whose spec names Secrets of the user; ``secrets``: their data."""

    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    named: bool = True
    leaf_names: frozenset[str] = frozenset()
    mounted_by: frozenset[Role] = frozenset()
    foreign: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def request(self) -> CertificateRequest:
        """The request of the next call, with what the user gave."""
        given = Given(
            secret=CA_SECRET,
            content=self._secret(CA_SECRET),
            leaves={
                name: GivenLeaf(
                    reference=REFERENCES[name],
                    secret=f"my-{name}",
                    content=self._secret(f"my-{name}"),
                    mounted_by=self.mounted_by,
                )
                for name in sorted(self.leaf_names)
            },
        )
        asked = World.request(self)
        return replace(asked, given=given if self.named else None, foreign=self.foreign)

    def _secret(self, name: str) -> SecretData | None:
        data = self.secrets.get(name)
        return None if data is None else SecretData(name=name, data=data)

    def giving(self, ca: Pair | Mapping[str, str] | None) -> CustomWorld:
        """The same with another CA of the user; None: the Secret is gone."""
        rest = {name: data for name, data in self.secrets.items() if name != CA_SECRET}
        if ca is None:
            return replace(self, secrets=rest)
        data = ca_data(ca) if isinstance(ca, Pair) else ca
        return replace(self, secrets={**rest, CA_SECRET: data})

    def in_ca(self, key: str = CA_CERT) -> tuple[CertificateFacts, ...]:
        """Certificates under a key of ``<c>-ca``; none where it is absent."""
        assert self.ca is not None
        return certificates_in(self.ca, key) or ()

    def keys_in_ca(self) -> set[str]:
        """Keys of CAs in ``<c>-ca``."""
        assert self.ca is not None
        return {CA_KEY, "next.key"} & self.ca.data.keys()


def custom_world(ca: Pair | None = None, **facts: Any) -> CustomWorld:
    """A settled cluster of the user's CA."""
    return settle(CustomWorld(**facts).giving(ROOT if ca is None else ca))


def facts(pair: Pair) -> CertificateFacts:
    """Facts of a certificate of the user."""
    [found] = parse_certificates(pair.pem) or ()
    return found


def shown(world: World, secret: str = INDEXER) -> tuple[CertificateFacts, ...]:
    """What a leaf Secret shows: leaf and intermediates."""
    return certificates_in(world.leaves[secret], TLS_CERT) or ()


def trusted(world: World) -> set[frozenset[CertificateFacts]]:
    """What the leaf Secrets trust."""
    return {frozenset(certificates_in(one, CA_CERT) or ()) for one in world.leaves.values()}


def step(world: CustomWorld) -> CustomWorld:
    """One call, applied."""
    found = world.step()
    assert isinstance(found, CustomWorld)
    return found


def settle(world: CustomWorld) -> CustomWorld:
    """Calls until one rewrites nothing."""
    found = world.settle()
    assert isinstance(found, CustomWorld)
    return found


def own_world() -> CustomWorld:
    """A settled cluster of our own CA, with the tools for one of the user's."""
    return settle(CustomWorld(named=False))


def given(*names: str, **changes: object) -> CustomWorld:
    """A settled cluster whose leaves ``names`` are the user's."""
    world = CustomWorld(leaf_names=frozenset(names), secrets=leaf_secrets(ROOT))
    return settle(replace(world.giving(ROOT), **changes))  # type: ignore[arg-type]


def messages(answer: CertificatePlan) -> str:
    """All that the condition says."""
    return "\n".join(one.message for one in answer.findings)


def bundle_with(encoded: str, *more: CertificateFacts) -> str:
    """A bundle as a Secret carries it, with further CAs."""
    found = (*(parse_encoded(encoded) or ()), *more)
    return encode({CA_CERT: "".join(one.pem for one in found).encode()})[CA_CERT]


def _builder(
    name: str, key: PrivateKey, above: Pair | None, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signer = key if above is None else above.key
    told = f"{name} {begin} {end}".encode() + key_pem(key)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if above is None else above.certificate.subject)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(hashlib.sha256(told).digest()[:16]) >> 1)
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )


def _signed(builder: x509.CertificateBuilder, key: PrivateKey, above: Pair | None) -> Pair:
    signer = key if above is None else above.key
    listed = () if above is None else (above.certificate, *above.above)
    certificate = builder.sign(signer, SHA256(), ecdsa_deterministic=True)
    return Pair(certificate=certificate, key=key, above=listed)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


ROOT = authority()
OTHER = authority("Other Root", key="other")
INTERMEDIATE = authority("Corporate Issuing", key="issuing", above=ROOT, path_length=0)
#: All tiers read what is mounted.
EVERYWHERE = frozenset(TIERS)
