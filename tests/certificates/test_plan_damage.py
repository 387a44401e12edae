"""Damaged leaf Secrets; rows of the acceptance table by their number."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import rsa

from app.certificates.observation import certificates_in
from app.certificates.pem import is_pkcs8, key_pem, load_key
from app.names import (
    CA_CERT,
    DATA_HASH,
    DATA_WRITTEN,
    TLS_KEY,
)
from app.secret_data import OPAQUE
from tests.certificates.answers import (
    assert_settles,
    assert_unchanged,
    causes,
    configured,
    reasons,
)
from tests.certificates.scenario import (
    INDEXER,
    NAMES,
    World,
    authority_secret,
    edited,
    other_signer,
    reissued,
    traditional,
)

DASHBOARD = NAMES.certs("dashboard")


def test_c25_a_corrupt_certificate_is_reissued_for_the_existing_key(settled: World) -> None:
    """The key parses, so it serves on."""
    world = settled.with_leaf(edited(settled.leaves[INDEXER], tls_crt=b"garbage"))
    answer = world.plan()
    assert causes(answer) == {(INDEXER, "CertificateUnreadable")}
    after = assert_settles(world)
    assert after.leaves[INDEXER].data[TLS_KEY] == settled.leaves[INDEXER].data[TLS_KEY]


def test_c26_a_corrupt_key_is_replaced_with_its_certificate(settled: World) -> None:
    """Both are new."""
    world = settled.with_leaf(edited(settled.leaves[INDEXER], tls_key=b"garbage"))
    assert causes(world.plan()) == {(INDEXER, "KeyUnreadable")}
    after = assert_settles(world)
    old, new = settled.certificate(INDEXER), after.certificate(INDEXER)
    assert old.spki_fingerprint != new.spki_fingerprint


def test_c27_a_certificate_of_another_key_is_reissued_for_the_one_there(settled: World) -> None:
    """The key is what counts."""
    other = other_signer().key
    world = settled.with_leaf(edited(settled.leaves[INDEXER], tls_key=key_pem(other)))
    assert causes(world.plan()) == {(INDEXER, "KeyMismatch")}
    after = assert_settles(world)
    assert after.leaves[INDEXER].value(TLS_KEY) == key_pem(other)


def test_a_kept_key_of_the_wrong_kind_is_replaced_in_the_same_write(
    settled: World, rsa_pool: tuple[rsa.RSAPrivateKey, ...]
) -> None:
    """Keeping it would cost a second reissue for its algorithm."""
    secret = edited(settled.leaves[INDEXER], tls_key=key_pem(rsa_pool[0]))
    after = settled.with_leaf(secret).step()
    assert after.certificate(INDEXER).key_algorithm == "ECDSA-P256"
    assert_unchanged(after, after.plan())


def test_c28_a_sec1_key_is_encoded_anew_and_the_certificate_kept(settled: World) -> None:
    """A node of OpenSearch dies on SEC1; nothing that runs has changed."""
    key = load_key(settled.leaves[INDEXER].value(TLS_KEY) or b"")
    assert key is not None
    world = settled.with_leaf(edited(settled.leaves[INDEXER], tls_key=traditional(key)))
    assert causes(world.plan()) == {(INDEXER, "KeyEncoding")}
    after = assert_settles(world)
    assert after.certificate(INDEXER) == settled.certificate(INDEXER)
    assert is_pkcs8(after.leaves[INDEXER].value(TLS_KEY) or b"")


def test_c28_a_reissue_for_a_kept_key_encodes_it_anew_too(settled: World) -> None:
    """Otherwise the node would start on a form that kills it."""
    other = other_signer().key
    world = settled.with_leaf(edited(settled.leaves[INDEXER], tls_key=traditional(other)))
    after = world.step()
    assert is_pkcs8(after.leaves[INDEXER].value(TLS_KEY) or b"")
    assert_unchanged(after, after.plan())


def test_c30_a_leaf_that_names_another_authority_key_is_reissued(settled: World) -> None:
    """Java would not find the path; the key is kept."""
    ours = settled.signer
    claimed = replace(ours, certificate=replace(ours.certificate, ski="00" * 20))
    world = settled.with_leaf(reissued(settled, INDEXER, signer=claimed))
    assert causes(world.plan()) == {(INDEXER, "AuthorityKeyMismatch")}
    after = assert_settles(world)
    assert after.certificate(INDEXER).aki == settled.active.ski


def test_c57_removed_keys_are_restored_and_extra_keys_kept(settled: World) -> None:
    """Only what is missing is made."""
    bare = edited(settled.leaves[INDEXER], ca_crt=None, mine_txt=b"keep me")
    world = settled.with_leaf(bare)
    assert causes(world.plan()) == {(INDEXER, "BundleChanged")}
    after = assert_settles(world)
    secret = after.leaves[INDEXER]
    assert secret.value("mine.txt") == b"keep me"
    assert certificates_in(secret, CA_CERT) == (settled.active,)
    assert secret.data[TLS_KEY] == settled.leaves[INDEXER].data[TLS_KEY]


def test_c57_an_extra_key_alone_writes_new_stamps_and_no_data(settled: World) -> None:
    """Everything was checked, so the digest of the new data says so from now on."""
    world = settled.with_leaf(edited(settled.leaves[INDEXER], mine_txt=b"x")).later(days=1)
    answer = world.plan()
    assert (answer.rewritten, answer.reissues) == (frozenset(), ())
    emitted = {secret.name: secret for _, secret in answer.secrets}[INDEXER]
    assert emitted.data == world.leaves[INDEXER].data
    assert emitted.annotations[DATA_WRITTEN] == "2026-03-02T12:00:00Z"
    assert emitted.annotations[DATA_HASH] != settled.leaves[INDEXER].annotations[DATA_HASH]


def test_c56_the_type_that_is_there_stays(settled: World) -> None:
    """The API server would refuse another one."""
    world = settled.with_leaf(replace(settled.leaves[INDEXER], type=OPAQUE))
    assert_unchanged(world, world.plan())


def test_c56_an_immutable_secret_that_should_change_is_named(settled: World) -> None:
    """No failure, no write."""
    frozen = replace(settled.leaves[INDEXER], immutable=True)
    world = replace(settled.with_leaf(frozen), config=configured(extraSANs={"indexer": ["a.b"]}))
    answer = world.plan()
    assert_unchanged(world, answer)
    assert reasons(answer) == ["SecretImmutable"]
    assert INDEXER in answer.findings[0].message
    assert "SpecMismatch" in answer.findings[0].message


def test_a_vanished_leaf_is_reissued_not_held(settled: World) -> None:
    """Its CA is there."""
    world = settled.without_leaf(DASHBOARD)
    answer = world.plan()
    assert causes(answer) == {(DASHBOARD, "SecretMissing")}
    assert reasons(answer) == ["Issuing"]


def test_the_order_of_a_bundle_and_its_line_breaks_are_no_reason(settled: World) -> None:
    """What works is not replaced."""
    retiring = other_signer("wz-ca-0").certificate
    ca = authority_secret(settled.signer, previous_crt=retiring.pem.encode())
    world = settled.with_ca(ca).settle()
    assert certificates_in(world.leaves[INDEXER], CA_CERT) == (settled.active, retiring)
    text = "# by hand\n" + (retiring.pem + settled.active.pem).replace("\n", "\r\n")
    turned = world.with_leaf(edited(world.leaves[INDEXER], ca_crt=text.encode()))
    answer = turned.plan()
    assert (answer.rewritten, answer.reissues) == (frozenset(), ())
