"""Holds and a missing signing key; rows of the acceptance table by their number."""

from __future__ import annotations

from dataclasses import replace

from app.certificates.observation import certificates_in
from app.certificates.pem import key_pem
from app.certificates.plan import Stage
from app.names import (
    CA_CERT,
    DATA_HASH,
    DATA_WRITTEN,
    TLS_CERT,
)
from app.secret_data import data_hash
from tests.certificates.answers import (
    causes,
    hold_of,
    reasons,
)
from tests.certificates.scenario import (
    INDEXER,
    LEAF_SECRETS,
    NAMES,
    UID,
    World,
    authority_secret,
    edited,
    other_signer,
)

DASHBOARD = NAMES.certs("dashboard")


def test_c14_a_ca_from_the_future_is_held(settled: World) -> None:
    """The clock went back a year: no new CA, no new leaf."""
    answer = hold_of(settled.later(days=-365))
    assert answer.hold is not None
    assert answer.hold.reason == "ClockSkew"
    assert "clock" in answer.hold.message


def test_c15_a_vanished_ca_is_held_and_asked_for(settled: World) -> None:
    """The message names the fingerprint and gives the whole command."""
    answer = hold_of(settled.with_ca(None))
    assert answer.hold is not None
    assert answer.hold.reason == "CASecretMissing"
    assert f"fingerprint {settled.active.fingerprint}" in answer.hold.message
    assert f"controller-uid={UID}" in answer.hold.message
    assert "kubectl -n soc create secret generic wz-ca" in answer.hold.message
    assert "wz-ca" not in {secret.name for _, secret in answer.secrets}
    assert answer.ca is None


def test_c15_the_hold_ends_when_the_secret_is_back(settled: World) -> None:
    """Restored by hand, so without our annotations: everything goes on, nothing is reissued."""
    restored = authority_secret(settled.signer)
    answer = settled.with_ca(restored).plan()
    assert (answer.hold, answer.rewritten, answer.findings) == (None, frozenset(), ())
    assert answer.secrets[0][1].annotations[DATA_HASH]


def test_c16_a_fingerprint_in_the_status_is_a_trace() -> None:
    """Though nothing else is left."""
    answer = hold_of(World(status_fingerprint="ab" * 32))
    assert answer.hold is not None
    assert "ab" * 32 in answer.hold.message


def test_c17_a_trace_of_the_caller_is_a_trace() -> None:
    """Workloads that run, say."""
    answer = hold_of(World(trace="StatefulSet wz-indexer has ready replicas"))
    assert answer.hold is not None
    assert "StatefulSet wz-indexer has ready replicas" in answer.hold.message


def test_c20_a_corrupt_ca_is_held(settled: World) -> None:
    """It is not overwritten."""
    assert settled.ca is not None
    answer = hold_of(settled.with_ca(edited(settled.ca, ca_crt=b"garbage")))
    assert reasons(answer) == ["CASecretCorrupt"]


def test_c22_a_ca_with_the_key_of_another_is_held_for_ever(settled: World) -> None:
    """The Secret is not stamped, else the next call would believe it."""
    assert settled.ca is not None
    other = key_pem(other_signer().key)
    world = settled.with_ca(edited(settled.ca, ca_key=other))
    assert reasons(hold_of(world)) == ["CAKeyMismatch"]
    assert reasons(hold_of(world.step())) == ["CAKeyMismatch"]


def test_c24_a_certificate_that_is_no_ca_is_held(settled: World) -> None:
    """CA:FALSE."""
    assert settled.ca is not None
    leaf = settled.certificate(INDEXER).pem.encode()
    assert reasons(hold_of(settled.with_ca(edited(settled.ca, ca_crt=leaf)))) == ["NotACA"]


def test_c65_another_ca_put_in_its_place_is_held(settled: World) -> None:
    """Reissuing everything from an old backup would take trust away."""
    world = settled.with_ca(authority_secret(other_signer("wz-ca")))
    answer = hold_of(world)
    assert reasons(answer) == ["CAForeign"]
    assert answer.hold is not None
    assert settled.active.fingerprint in answer.hold.message


def test_a_hold_names_leaves_that_expired_meanwhile(settled: World) -> None:
    """They cannot be renewed, and a person must know."""
    answer = hold_of(settled.with_ca(None).later(days=366))
    assert reasons(answer) == ["CASecretMissing", *["Expired"] * 6]


def test_c67_a_ca_about_to_expire_leaves_the_bundles_even_in_a_hold(settled: World) -> None:
    """Unless it signed the leaf beside it; nothing else changes."""
    retiring = other_signer("wz-ca-0").certificate
    assert retiring.not_after == settled.active.not_after
    ending = settled.active.pem + retiring.pem
    leaves = {
        name: edited(secret, ca_crt=ending.encode()) for name, secret in settled.leaves.items()
    }
    world = replace(settled, ca=None, leaves=leaves).later(days=729, hours=1)
    answer = world.plan()
    assert causes(answer) == {(name, "BundleChanged") for name in LEAF_SECRETS}
    after = world.apply(answer)
    for name, secret in after.leaves.items():
        assert certificates_in(secret, CA_CERT) == (settled.active,)
        assert secret.data[TLS_CERT] == leaves[name].data[TLS_CERT]


def test_c23_without_a_signing_key_an_absent_leaf_stays_absent(settled: World) -> None:
    """Trust stays, signing stops; the condition names both."""
    assert settled.ca is not None
    world = settled.with_ca(edited(settled.ca, ca_key=None)).without_leaf(DASHBOARD)
    answer = world.plan()
    assert answer.rewritten == frozenset()
    assert answer.hold is None
    assert reasons(answer) == ["SigningKeyMissing", "SecretMissing"]
    assert DASHBOARD in answer.findings[1].message
    assert DASHBOARD not in {secret.name for _, secret in answer.secrets}


def test_c23_a_leaf_that_cannot_be_checked_is_checked_again_next_time(settled: World) -> None:
    """Nothing vouches for a broken key until it is replaced."""
    assert settled.ca is not None
    nokey = settled.with_ca(edited(settled.ca, ca_key=None))
    world = nokey.with_leaf(edited(settled.leaves[INDEXER], tls_key=b"garbage"))
    for _ in range(2):
        answer = world.plan()
        assert reasons(answer) == ["SigningKeyMissing", "KeyUnreadable"]
        world = world.apply(answer)
    final = world.with_ca(settled.ca).plan()
    assert causes(final) == {(INDEXER, "KeyUnreadable")}


def test_without_a_signing_key_bundles_still_follow(settled: World) -> None:
    """A staged successor must be trusted before anything else can happen."""
    assert settled.ca is not None
    successor = other_signer("wz-ca-2")
    values = {"next_crt": successor.certificate.pem.encode(), "next_key": key_pem(successor.key)}
    world = settled.with_ca(edited(settled.ca, ca_key=None, **values))
    answer = world.plan()
    assert causes(answer) == {(name, "BundleChanged") for name in LEAF_SECRETS}
    assert answer.stage is Stage.TRUST
    bundle = certificates_in(world.apply(answer).leaves[INDEXER], CA_CERT)
    assert bundle == (settled.active, successor.certificate)


def test_a_digest_that_vouches_for_a_wrong_key_makes_no_bad_leaf(settled: World) -> None:
    """What the key signed would not verify, and would be reissued in every call."""
    assert settled.ca is not None
    wrong = edited(settled.ca, ca_key=key_pem(other_signer().key))
    annotations = {**wrong.annotations, DATA_HASH: data_hash(wrong.data)}
    world = settled.with_ca(replace(wrong, annotations=annotations)).without_leaf(DASHBOARD)
    answer = world.plan()
    assert answer.rewritten == frozenset()
    assert reasons(answer) == ["SecretMissing"]
    late = world.later(days=729).plan()
    assert late.rewritten == frozenset()
    assert reasons(late).count("SigningKeyMissing") == 1


def test_a_changed_bundle_beside_a_broken_key_vouches_for_nothing(settled: World) -> None:
    """The write of one part must not hide what is wrong with the other."""
    assert settled.ca is not None
    broken = edited(settled.leaves[INDEXER], tls_key=b"garbage", ca_crt=None)
    world = settled.with_ca(edited(settled.ca, ca_key=None)).with_leaf(broken)
    answer = world.plan()
    assert causes(answer) == {(INDEXER, "BundleChanged")}
    after = world.later(minutes=1).step()
    assert after.leaves[INDEXER].annotations[DATA_WRITTEN] == "2026-03-01T12:01:00Z"
    assert reasons(after.plan()) == ["SigningKeyMissing", "KeyUnreadable"]


def test_an_expired_ca_that_cannot_be_written_signs_nothing(settled: World) -> None:
    """Its key is there, but no leaf may begin after its end."""
    assert settled.ca is not None
    world = settled.with_ca(replace(settled.ca, immutable=True)).later(days=800)
    answer = world.plan()
    assert answer.rewritten == frozenset()
    assert reasons(answer) == ["CAExpired", "SecretImmutable", *["Expired"] * 6]


def test_an_expired_ca_without_key_signs_nothing(settled: World) -> None:
    """And the answer is still an answer."""
    assert settled.ca is not None
    world = settled.with_ca(edited(settled.ca, ca_key=None)).later(days=800)
    answer = world.plan()
    assert answer.rewritten == frozenset()
    assert reasons(answer) == ["SigningKeyMissing", *["Expired"] * 6]
