"""A cluster's certificates over several calls: what a plan emits is observed by the next."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from app.certificates.issue import LeafTerms, Signer, leaf, new_key, self_signed_ca
from app.certificates.observation import certificates_in
from app.certificates.pem import (
    ECDSA_P256,
    CertificateFacts,
    PrivateKey,
    key_pem,
    load_key,
    parse_certificates,
)
from app.certificates.plan import CertificatePlan, CertificateRequest, plan
from app.certificates.request import TierEvidence
from app.certificates.subject import Subject, x509_name
from app.entropy import Entropy
from app.names import CA_CERT, CA_KEY, TIERS, TLS_CERT, TLS_KEY, Names
from app.schema.tls import CertConfig
from app.secret_data import SecretData, encode
from app.stamps import stamped

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NAMES = Names(cluster="wz", namespace="soc", domain="cluster.local")
UID = "0b9c7f1e-0000-4000-8000-000000000001"
CONFIG = CertConfig()
LEAF_SECRETS = tuple(
    NAMES.certs(name)
    for name in (
        "indexer",
        "manager-master",
        "manager-worker",
        "dashboard",
        "filebeat",
        "admin",
    )
)
INDEXER = NAMES.certs("indexer")


def evidence(*, settled: bool) -> tuple[TierEvidence, ...]:
    """What all four tiers prove."""
    return tuple(
        TierEvidence(role=role, workload=NAMES.workload(role), is_settled=settled) for role in TIERS
    )


#: No stage of the CA ends while pods are still to follow.
UNSETTLED = evidence(settled=False)
SETTLED = evidence(settled=True)


def entropy(seed: int = 1) -> Entropy:
    """Entropy from a small number."""
    return Entropy(seed.to_bytes(32, "big"))


def no_rsa(label: str) -> rsa.RSAPrivateKey:
    """The factory of tests that want no RSA key."""
    raise AssertionError(f"an RSA key was asked for: {label}")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is observed, and what the next call is told."""

    now: datetime = NOW
    config: CertConfig | None = CONFIG
    names: Names = NAMES
    ca: SecretData | None = None
    leaves: Mapping[str, SecretData] = field(default_factory=dict)
    seed: int = 1
    trace: str | None = None
    status_fingerprint: str | None = None
    renew_request: str | None = None
    rotate_request: str | None = None
    recreate_request: str | None = None
    tiers: tuple[TierEvidence, ...] = UNSETTLED
    accepted_dns: frozenset[str] | None = None
    rsa_key: Callable[[str], rsa.RSAPrivateKey] = no_rsa

    def request(self) -> CertificateRequest:
        """The request of the next call."""
        return CertificateRequest(
            names=self.names,
            uid=UID,
            now=self.now,
            entropy=entropy(self.seed),
            config=self.config,
            ca=self.ca,
            leaves=self.leaves,
            trace=self.trace,
            status_fingerprint=self.status_fingerprint,
            renew_request=self.renew_request,
            rotate_request=self.rotate_request,
            recreate_request=self.recreate_request,
            tiers=self.tiers,
            accepted_dns=self.accepted_dns,
            rsa_key=self.rsa_key,
        )

    def plan(self) -> CertificatePlan:
        """The answer of the next call."""
        return plan(self.request())

    def apply(self, answer: CertificatePlan) -> World:
        """The world with what was emitted observed, and other entropy for the next call."""
        secrets = {secret.name: secret for _, secret in answer.secrets}
        ca = secrets.pop(self.names.ca, None)
        return replace(self, ca=ca, leaves=secrets, seed=self.seed + 1)

    def step(self) -> World:
        """One call, applied."""
        return self.apply(self.plan())

    def settle(self, limit: int = 5) -> World:
        """Calls until one rewrites nothing; fails after ``limit`` of them."""
        world = self
        for _ in range(limit):
            answer = world.plan()
            if not answer.rewritten:
                return world.apply(answer)
            world = world.apply(answer)
        raise AssertionError(f"still rewriting after {limit} calls: {answer.reissues}")

    def as_asked(self, value: str) -> World:
        """The same with another value of the annotation that asks for a rotation."""
        return replace(self, rotate_request=value)

    def at(self, now: datetime) -> World:
        """The same at another time."""
        return replace(self, now=now)

    def later(self, **span: float) -> World:
        """The same, a ``timedelta`` later."""
        return replace(self, now=self.now + timedelta(**span))

    def with_ca(self, secret: SecretData | None) -> World:
        """The same with another ``<c>-ca``."""
        return replace(self, ca=secret)

    def with_leaf(self, secret: SecretData) -> World:
        """The same with one leaf Secret exchanged."""
        return replace(self, leaves={**self.leaves, secret.name: secret})

    def without_leaf(self, name: str) -> World:
        """The same with one leaf Secret gone."""
        return replace(
            self, leaves={key: value for key, value in self.leaves.items() if key != name}
        )

    def certificate(self, name: str) -> CertificateFacts:
        """The observed leaf certificate of a Secret."""
        found = certificates_in(self.leaves[name], TLS_CERT)
        assert found is not None
        return found[0]

    @property
    def active(self) -> CertificateFacts:
        """The observed CA certificate."""
        assert self.ca is not None
        found = certificates_in(self.ca, CA_CERT)
        assert found is not None
        return found[0]

    @property
    def signer(self) -> Signer:
        """The observed CA with its key."""
        assert self.ca is not None
        raw = self.ca.value(CA_KEY)
        assert raw is not None
        key = load_key(raw)
        assert key is not None
        return Signer(certificate=self.active, key=key)


def new_world(**facts: Any) -> World:
    """A settled cluster."""
    return replace(World(), **facts).settle()


def edited(secret: SecretData, **values: bytes | None) -> SecretData:
    """``secret`` with keys changed by hand (None: removed; ``_`` stands for a dot).

    The annotations stay, so the digest no longer fits.
    """
    data = dict(secret.data)
    for name, value in values.items():
        key = name.replace("_", ".")
        if value is None:
            data.pop(key, None)
        else:
            data[key] = base64.b64encode(value).decode()
    return replace(secret, data=data)


def reissued(
    world: World,
    name: str,
    *,
    signer: Signer | None = None,
    now: datetime | None = None,
    validity: timedelta = timedelta(days=365),
    terms: dict[str, Any] | None = None,
) -> SecretData:
    """The observed leaf Secret with a certificate of other facts for the same key, stamped."""
    secret, facts = world.leaves[name], world.certificate(name)
    raw = secret.value(TLS_KEY)
    assert raw is not None
    key = load_key(raw)
    assert key is not None
    made = LeafTerms(
        name=x509.load_pem_x509_certificate(facts.pem.encode()).subject,
        dns_names=tuple(sorted(facts.dns_names)),
        ip_addresses=tuple(sorted(facts.ip_addresses, key=str)),
        eku=tuple(sorted(facts.eku)),
        validity=validity,
    )
    made = replace(made, **(terms or {}))
    issuer = world.signer if signer is None else signer
    pem = leaf(made, key, issuer, now=world.now if now is None else now, serial=4711)
    changed = edited(secret, tls_crt=pem)
    return stamped(changed, secret, world.now)


def other_signer(common_name: str = "wz-ca", seed: int = 99) -> Signer:
    """A CA of another key, by default under the very name of ours."""
    key = new_key("other", ECDSA_P256, entropy=entropy(seed), rsa_key=no_rsa)
    name = x509_name(Subject.of(CONFIG).attributes(common_name))
    pem = self_signed_ca(name, key, now=NOW, validity=timedelta(days=730), serial=seed)
    facts = parse_certificates(pem)
    assert facts is not None
    return Signer(certificate=facts[0], key=key)


def authority_secret(signer: Signer, **extra: bytes) -> SecretData:
    """A ``<c>-ca`` without stamps, as people put it back."""
    values = {
        CA_CERT: signer.certificate.pem.encode(),
        CA_KEY: key_pem(signer.key),
        **{name.replace("_", "."): value for name, value in extra.items()},
    }
    return SecretData(name=NAMES.ca, data=encode(values))


def traditional(key: PrivateKey) -> bytes:
    """PKCS#1 or SEC1 PEM of a key."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
