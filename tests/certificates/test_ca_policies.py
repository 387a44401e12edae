"""The CA chain: one table, one row for each reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from app.certificates.ca_policies import CA_RULES, HOLDS, CaInput, CaReason
from app.certificates.observation import observed_authority
from app.certificates.pem import certificate_pem, key_pem
from app.certificates.policies import first_reason
from app.certificates.wishes import ca_wish
from app.schema.tls import CertConfig
from app.secret_data import SecretData
from tests.certificates.scenario import (
    CONFIG,
    INDEXER,
    NAMES,
    NOW,
    UID,
    World,
    authority_secret,
    edited,
    other_signer,
)

Change = Callable[[World], CaInput]


def ca_input(secret: SecretData | None, config: CertConfig | None = CONFIG) -> CaInput:
    """The chain's input with ``secret`` observed."""
    return CaInput(
        secret=NAMES.ca,
        authority=observed_authority(secret),
        wish=ca_wish(NAMES.ca, config),
        now=NOW,
        uid=UID,
    )


def observed(world: World) -> CaInput:
    """Nothing is wrong."""
    return ca_input(world.ca)


def changed(**values: bytes | None) -> Change:
    """The Secret's data edited by hand."""

    def change(world: World) -> CaInput:
        assert world.ca is not None
        return ca_input(edited(world.ca, **values))

    return change


def after(**span: float) -> Change:
    """Time has passed, or gone back."""
    return lambda world: replace(observed(world), now=NOW + timedelta(**span))


def with_a_leaf(world: World) -> CaInput:
    """``ca.crt`` is the certificate of a leaf."""
    return changed(ca_crt=world.certificate(INDEXER).pem.encode())(world)


def without_key_usage(world: World) -> CaInput:
    """CA:TRUE, but not allowed to sign certificates."""
    key = world.signer.key
    name = x509.load_pem_x509_certificate(world.active.pem.encode()).subject
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(5)
        .not_valid_before(NOW - timedelta(hours=1))
        .not_valid_after(NOW + timedelta(days=700))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
    )
    return changed(ca_crt=certificate_pem(certificate))(world)


def in_window(world: World, *, leaf_due: bool) -> CaInput:
    """The first second of the window, before the CA's own renewal time."""
    begin = world.active.not_after - timedelta(days=60)
    return replace(observed(world), now=begin, leaf_due=leaf_due)


def foreign_without_key(world: World) -> CaInput:
    """An old backup whose key was lost as well."""
    assert world.ca is not None
    value = ca_input(edited(authority_secret(other_signer("wz-ca")), ca_key=None))
    return replace(value, foreign=world.active)


def successor_in_use(world: World) -> CaInput:
    """The successor has signed a leaf, and then its key was lost."""
    value = changed(next_crt=other_signer("wz-ca-2").certificate.pem.encode())(world)
    return replace(value, successor_has_signed=True)


def handed_over(world: World) -> CaInput:
    """The active key is lost, and a successor stands ready."""
    new = other_signer("wz-ca-2")
    values = {"next_crt": new.certificate.pem.encode(), "next_key": key_pem(new.key)}
    value = changed(ca_key=None, **values)(world)
    return replace(value, now=NOW + timedelta(days=729))


def configured(**fields: object) -> Change:
    """The spec says something else."""
    return lambda world: ca_input(world.ca, CertConfig.model_validate(fields))


def traced(world: World) -> CaInput:
    """No CA, but something that was made with one."""
    return replace(ca_input(None), trace=f"Secret {INDEXER} was made with it")


OTHER_KEY = key_pem(other_signer().key)
ROWS: list[tuple[str, Change, CaReason | None]] = [
    ("keeps what is right", observed, None),
    ("is new", lambda _world: ca_input(None), CaReason.CA_MISSING),
    ("was there before", traced, CaReason.CA_SECRET_MISSING),
    ("cannot read the certificate", changed(ca_crt=b"garbage"), CaReason.CA_SECRET_CORRUPT),
    ("misses the certificate", changed(ca_crt=None), CaReason.CA_SECRET_CORRUPT),
    ("sees a leaf", with_a_leaf, CaReason.NOT_A_CA),
    ("sees a CA that may not sign", without_key_usage, CaReason.NOT_A_CA),
    ("sees another key", changed(ca_key=OTHER_KEY), CaReason.CA_KEY_MISMATCH),
    ("comes from the future", after(hours=-1, seconds=-1), CaReason.CLOCK_SKEW),
    ("is valid from this second on", after(hours=-1), None),
    ("misses the key", changed(ca_key=None), CaReason.SIGNING_KEY_MISSING),
    ("cannot read the key", changed(ca_key=b"garbage"), CaReason.SIGNING_KEY_MISSING),
    ("is another one, without a key", foreign_without_key, CaReason.CA_FOREIGN),
    ("has a successor that cannot go on", successor_in_use, CaReason.NEXT_UNUSABLE),
    ("waits for its successor alone", handed_over, None),
    ("has expired", after(days=730, seconds=1), CaReason.CA_EXPIRED),
    ("is near its end", after(days=729), CaReason.CA_NEAR_EXPIRY),
    ("is long before its window", after(days=669), None),
    ("waits for its jitter", lambda world: in_window(world, leaf_due=False), None),
    (
        "goes before a due leaf",
        lambda world: in_window(world, leaf_due=True),
        CaReason.CA_NEAR_EXPIRY,
    ),
    ("has another algorithm", configured(keyAlgorithm="RSA-2048"), CaReason.CA_ALGORITHM),
    ("ignores a changed subject", configured(organization="Acme"), None),
]


@pytest.mark.parametrize(
    ("change", "expected"), [pytest.param(row[1], row[2], id=row[0]) for row in ROWS]
)
def test_the_first_reason_wins(settled: World, change: Change, expected: CaReason | None) -> None:
    """Row by row; no reason means keep."""
    verdict = first_reason(CA_RULES, change(settled))
    assert (None if verdict is None else verdict.reason) == expected


def test_every_reason_of_the_chain_has_a_row() -> None:
    """A rule without a row would be a rule without a test."""
    assert {rule.reason for rule in CA_RULES} == {row[2] for row in ROWS if row[2] is not None}


def test_holds_come_before_everything_that_writes_or_trusts() -> None:
    """The CA that is held must neither sign nor spread."""
    reasons = [rule.reason for rule in CA_RULES]
    last_hold = max(reasons.index(reason) for reason in HOLDS)
    assert reasons.index(CaReason.SIGNING_KEY_MISSING) > last_hold


def test_a_ca_whose_renewal_would_end_no_later_is_kept(settled: World) -> None:
    """A validity below the threshold must not renew in every sync."""
    config = CertConfig.model_construct(ca_validity_days=30, ca_renewal_threshold_days=60)
    value = ca_input(settled.ca, config)
    at_threshold = replace(value, now=settled.active.not_after - timedelta(days=40))
    assert first_reason(CA_RULES, at_threshold) is None
    later = replace(value, now=settled.active.not_after - timedelta(days=29))
    assert first_reason(CA_RULES, later) is not None
