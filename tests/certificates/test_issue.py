"""Issuing: same inputs same bytes, dates, extensions, and what the openssl program says."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.certificates.issue import (
    BACKDATE,
    generate_rsa_key,
    leaf_dates,
    new_key,
    renewed_ca,
    serial_number,
)
from app.certificates.pem import (
    ECDSA_P256,
    RSA_2048,
    is_pkcs8,
    key_pem,
    parse_certificates,
)
from app.names import CA_CERT, TLS_CERT, TLS_KEY
from app.schema.tls import CertConfig
from tests.certificates.scenario import (
    INDEXER,
    LEAF_SECRETS,
    NOW,
    World,
    entropy,
    new_world,
    no_rsa,
)

OPENSSL = shutil.which("openssl") or ""
needs_openssl = pytest.mark.skipif(not OPENSSL, reason="no openssl program on this machine")


def openssl(*arguments: str) -> str:
    """Output of the openssl program; fails where it fails."""
    run = subprocess.run(  # noqa: S603 - a fixed program on files of the test
        [OPENSSL, *arguments], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def written(folder: Path, world: World, name: str) -> tuple[str, str, str]:
    """Paths of bundle, leaf and key of a leaf Secret."""
    paths = []
    for key in (CA_CERT, TLS_CERT, TLS_KEY):
        path = folder / f"{name}-{key}"
        path.write_bytes(world.leaves[name].value(key) or b"")
        paths.append(str(path))
    return paths[0], paths[1], paths[2]


def test_the_same_inputs_give_the_same_bytes() -> None:
    """Keys, serials and signatures are functions of the seed."""
    first, second = new_world(), new_world()
    assert first.ca == second.ca
    assert first.leaves == second.leaves


def test_another_seed_gives_other_keys_and_serials() -> None:
    """Nothing else is drawn from."""
    first, second = new_world(), new_world(seed=50)
    one, two = first.certificate(INDEXER), second.certificate(INDEXER)
    assert one.spki_fingerprint != two.spki_fingerprint
    assert one.serial != two.serial


def test_no_two_certificates_share_a_key_or_serial(settled: World) -> None:
    """Each is drawn under the name of its Secret."""
    facts = [settled.active, *(settled.certificate(name) for name in LEAF_SECRETS)]
    assert len({found.spki_fingerprint for found in facts}) == len(facts)
    assert len({found.serial for found in facts}) == len(facts)


def test_serials_are_positive_and_of_128_bits() -> None:
    """At most 20 octets, whatever is drawn."""
    drawn = [serial_number(f"wz-ca/{number}", entropy()) for number in range(64)]
    assert all(0 < serial < 2**128 for serial in drawn)
    assert max(drawn) > 2**120


def test_keys_are_pkcs8(settled: World) -> None:
    """The only form that every reader here takes."""
    for name in LEAF_SECRETS:
        assert is_pkcs8(settled.leaves[name].value(TLS_KEY) or b"")


def test_dates_lie_within_the_ca(settled: World) -> None:
    """An hour back, but not before the CA; no longer than the CA."""
    now = settled.now
    validity = timedelta(days=365)
    assert leaf_dates(settled.active, now=now, validity=validity) == (
        settled.active.not_before,
        now + validity,
    )
    slow_clock = now - timedelta(seconds=30)
    begin, _ = leaf_dates(settled.active, now=slow_clock, validity=validity)
    assert begin == settled.active.not_before
    late = now + timedelta(days=700)
    assert leaf_dates(settled.active, now=late, validity=validity) == (
        late - BACKDATE,
        settled.active.not_after,
    )


def test_the_ca_is_as_specified(settled: World) -> None:
    """Path length 0, may sign certificates and lists, two years from now."""
    active = settled.active
    assert (active.is_ca, active.path_length) == (True, 0)
    assert active.key_usage == {"keyCertSign", "cRLSign"}
    assert active.common_name == "wz-ca"
    assert active.not_before == NOW - timedelta(hours=1)
    assert active.not_after == NOW + timedelta(days=730)
    assert active.ski is not None


def test_a_renewed_ca_keeps_key_name_and_key_identifier(settled: World) -> None:
    """Then every leaf stays valid."""
    old, signer = settled.active, settled.signer
    now = NOW + timedelta(days=700)
    pem = renewed_ca(old, signer.key, now=now, validity=timedelta(days=730), serial=7)
    found = parse_certificates(pem)
    assert found is not None
    new = found[0]
    assert (new.subject, new.ski, new.spki_fingerprint) == (
        old.subject,
        old.ski,
        old.spki_fingerprint,
    )
    assert new.not_after == now + timedelta(days=730)
    assert new.serial == "7"


@needs_openssl
@pytest.mark.parametrize("algorithm", [ECDSA_P256, RSA_2048])
def test_openssl_verifies_every_leaf_strictly(
    tmp_path: Path, algorithm: str, rsa_key: Callable[[str], rsa.RSAPrivateKey]
) -> None:
    """Chain, purposes and host names, by a program that is not ours."""
    config = CertConfig.model_validate({"keyAlgorithm": algorithm})
    world = new_world(config=config, rsa_key=rsa_key)
    at = str(int((NOW + timedelta(days=1)).timestamp()))
    common = ("verify", "-x509_strict", "-check_ss_sig", "-attime", at, "-CAfile")
    for name in LEAF_SECRETS:
        bundle, leaf, _ = written(tmp_path, world, name)
        openssl(*common, bundle, bundle)
        openssl(*common, bundle, "-purpose", "sslclient", leaf)
        if name != "wz-admin-certs":
            openssl(*common, bundle, "-purpose", "sslserver", leaf)
    bundle, leaf, key = written(tmp_path, world, INDEXER)
    host = "wz-indexer-4.wz-indexer-headless.soc.svc.cluster.local"
    openssl(*common, bundle, "-verify_hostname", host, leaf)
    assert openssl("pkey", "-in", key, "-pubout") == openssl(
        "x509", "-in", leaf, "-noout", "-pubkey"
    )


@needs_openssl
def test_openssl_verifies_old_leaves_against_a_renewed_ca(tmp_path: Path) -> None:
    """The renewal keeps what was issued before valid."""
    world = new_world().later(days=400)
    renewed = world.settle().at(NOW + timedelta(days=712)).step()
    assert renewed.ca is not None
    path = tmp_path / "ca.crt"
    path.write_bytes(renewed.ca.value(CA_CERT) or b"")
    _, leaf, _ = written(tmp_path, renewed, INDEXER)
    at = str(int(renewed.now.timestamp()))
    assert renewed.active != world.active
    openssl("verify", "-x509_strict", "-attime", at, "-CAfile", str(path), leaf)


@needs_openssl
def test_openssl_shows_the_extensions_with_their_criticality(
    tmp_path: Path, settled: World
) -> None:
    """As a person would look at them."""
    _, leaf, _ = written(tmp_path, settled, INDEXER)
    text = openssl("x509", "-in", leaf, "-noout", "-text")
    flat = " ".join(text.split())
    assert "X509v3 Basic Constraints: critical CA:FALSE" in flat
    assert "X509v3 Key Usage: critical Digital Signature X509v3" in flat
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in flat
    assert "Signature Algorithm: ecdsa-with-SHA256" in flat


def test_an_rsa_leaf_may_encipher_keys(rsa_key: Callable[[str], rsa.RSAPrivateKey]) -> None:
    """TLS 1.2 with RSA key exchange needs it."""
    config = CertConfig.model_validate({"keyAlgorithm": RSA_2048})
    facts = new_world(config=config, rsa_key=rsa_key).certificate(INDEXER)
    assert facts.key_usage == {"digitalSignature", "keyEncipherment"}
    assert facts.key_algorithm == RSA_2048


def test_the_default_rsa_factory_makes_keys_of_2048_bits() -> None:
    """With the usual exponent."""
    key = generate_rsa_key("wz-ca/ca.key")
    assert key.key_size == 2048
    assert key.public_key().public_numbers().e == 65537


def test_a_derived_key_depends_on_its_label_alone() -> None:
    """Not on the order of draws."""
    one = key_pem(new_key("a/tls.key", ECDSA_P256, entropy=entropy(), rsa_key=no_rsa))
    new_key("b/tls.key", ECDSA_P256, entropy=entropy(), rsa_key=no_rsa)
    two = key_pem(new_key("a/tls.key", ECDSA_P256, entropy=entropy(), rsa_key=no_rsa))
    three = key_pem(new_key("c/tls.key", ECDSA_P256, entropy=entropy(), rsa_key=no_rsa))
    assert one == two != three
