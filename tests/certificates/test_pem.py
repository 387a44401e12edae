"""PEM to facts, keys, and signatures that are really verified."""

from __future__ import annotations

import base64
import dataclasses
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from app.certificates.pem import (
    ECDSA_P256,
    PEM_LIMIT,
    RSA_2048,
    distinguished_name,
    is_pkcs8,
    is_signed_by,
    key_algorithm,
    key_facts,
    key_pem,
    load_key,
    parse_certificates,
    parse_encoded,
)
from app.names import CA_CERT, TLS_KEY
from tests.certificates.scenario import (
    INDEXER,
    World,
    other_signer,
    traditional,
)


def test_facts_say_what_the_certificate_says(settled: World) -> None:
    """A leaf of ours, fact by fact."""
    facts = settled.certificate(INDEXER)
    assert facts.subject == (
        ("C", "US"),
        ("L", "California"),
        ("O", "Wazuh"),
        ("OU", "Wazuh"),
        ("CN", "wz-indexer"),
    )
    assert facts.issuer == settled.active.subject
    assert facts.eku == {"serverAuth", "clientAuth"}
    assert facts.key_usage == {"digitalSignature"}
    assert facts.aki == settled.active.ski
    assert {str(address) for address in facts.ip_addresses} == {"127.0.0.1"}
    assert facts.key_algorithm == ECDSA_P256
    assert (facts.is_ca, facts.path_length) == (False, None)
    assert not facts.other_names
    assert facts.serial == facts.serial.lower()


def test_the_fingerprint_is_the_sha256_of_the_der(settled: World) -> None:
    """So that it can be compared with what openssl prints."""
    body = "".join(settled.active.pem.splitlines()[1:-1])
    der = base64.b64decode(body)
    assert settled.active.fingerprint == hashlib.sha256(der).hexdigest()


def test_facts_are_equal_by_fingerprint_alone(settled: World) -> None:
    """Two values of one DER are one key of a cache."""
    facts = settled.active
    twin = dataclasses.replace(facts, serial="0")
    assert twin == facts
    assert hash(twin) == hash(facts)
    assert facts != settled.certificate(INDEXER)


def test_the_distinguished_name_is_the_reverse_without_spaces(settled: World) -> None:
    """OpenSearch's nodes_dn is a string match: one space and no node joins."""
    expected = "CN=wz-indexer,OU=Wazuh,O=Wazuh,L=California,C=US"
    assert distinguished_name(settled.certificate(INDEXER).subject) == expected


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"not PEM at all", id="garbage"),
        pytest.param(
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", id="no DER"
        ),
        pytest.param(b"x" * (PEM_LIMIT + 1), id="too long"),
    ],
)
def test_unreadable_certificates_are_none(pem: bytes) -> None:
    """Nothing raises on bytes of people."""
    assert parse_certificates(pem) is None


def test_one_unreadable_certificate_makes_the_bundle_unreadable(settled: World) -> None:
    """A bundle that is half there is not a bundle."""
    broken = settled.active.pem.encode() + (
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    )
    assert parse_certificates(broken) is None


@pytest.mark.parametrize("encoded", ["%%%", "ä", "YQ=", ""])
def test_a_value_that_is_no_base64_is_none(encoded: str) -> None:
    """Data of a Secret may be anything."""
    assert parse_encoded(encoded) is None


def test_a_signature_is_verified_not_the_name(settled: World) -> None:
    """A CA of the same name and another key has signed nothing here."""
    leaf, impostor = settled.certificate(INDEXER), other_signer("wz-ca").certificate
    assert impostor.subject == settled.active.subject
    assert is_signed_by(leaf, settled.active)
    assert not is_signed_by(leaf, impostor)


def test_both_kinds_of_key_are_told_apart(
    settled: World, rsa_pool: tuple[rsa.RSAPrivateKey, ...]
) -> None:
    """The words are those of the spec."""
    raw = settled.leaves[INDEXER].value(TLS_KEY)
    assert raw is not None
    ours = key_facts(raw)
    theirs = key_facts(key_pem(rsa_pool[0]))
    assert ours is not None
    assert theirs is not None
    assert (ours.algorithm, ours.pkcs8) == (ECDSA_P256, True)
    assert (theirs.algorithm, theirs.pkcs8) == (RSA_2048, True)
    assert ours.spki_fingerprint == settled.certificate(INDEXER).spki_fingerprint


def test_traditional_encodings_are_seen(rsa_pool: tuple[rsa.RSAPrivateKey, ...]) -> None:
    """A node of OpenSearch dies at a SEC1 key, so the encoding is a fact."""
    sec1 = traditional(ec.generate_private_key(ec.SECP256R1()))
    assert not is_pkcs8(sec1)
    assert not is_pkcs8(traditional(rsa_pool[0]))
    assert load_key(sec1) is not None


def test_keys_that_cannot_serve_are_none() -> None:
    """Encrypted, of another kind, on a rare curve, or too short."""
    key = ec.generate_private_key(ec.SECP256R1())
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    edwards = ed25519.Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    rare = key_pem(ec.generate_private_key(ec.SECP256K1()))
    short = key_pem(
        rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - refused
    )
    for pem in (locked, edwards, rare, short, b"", b"x" * (PEM_LIMIT + 1)):
        assert load_key(pem) is None


def test_a_damaged_rsa_key_is_unreadable_unless_it_is_ours(
    rsa_pool: tuple[rsa.RSAPrivateKey, ...],
) -> None:
    """The check that takes 35 ms is left out only where a digest vouches for the data."""
    numbers = rsa_pool[0].private_numbers()
    wrong = rsa.RSAPrivateNumbers(
        p=numbers.p,
        q=numbers.q,
        d=numbers.d + 2,
        dmp1=numbers.dmp1,
        dmq1=numbers.dmq1,
        iqmp=numbers.iqmp,
        public_numbers=numbers.public_numbers,
    )
    damaged = key_pem(wrong.private_key(unsafe_skip_rsa_key_validation=True))
    assert load_key(damaged) is None
    assert load_key(damaged, ours=True) is not None


def test_other_algorithms_have_a_name() -> None:
    """A message must be able to say what it found."""
    assert key_algorithm(ec.generate_private_key(ec.SECP384R1()).public_key()) == (
        "ECDSA-secp384r1"
    )
    assert key_algorithm(ed25519.Ed25519PrivateKey.generate().public_key()) == "Ed25519PublicKey"


@given(st.binary(max_size=400))
def test_no_bytes_make_parsing_raise(raw: bytes) -> None:
    """Certificates and keys alike."""
    framed = b"-----BEGIN CERTIFICATE-----\n" + raw + b"\n-----END CERTIFICATE-----\n"
    for pem in (raw, framed):
        assert parse_certificates(pem) is None
        assert key_facts(pem) is None


def test_a_bundle_keeps_its_order(settled: World) -> None:
    """The first certificate is the one that counts."""
    assert settled.ca is not None
    raw = settled.ca.value(CA_CERT)
    assert raw is not None
    other = other_signer().certificate
    assert parse_certificates(raw + other.pem.encode()) == (settled.active, other)
