"""The plan over several calls; names carry the row of the acceptance table they prove."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.certificates.observation import NEXT_CERT, NEXT_KEY, PREVIOUS_CERT, certificates_in
from app.certificates.pem import is_pkcs8, is_signed_by, key_pem, load_key
from app.certificates.plan import CertificatePlan, Stage
from app.names import (
    CA_CERT,
    CA_KEY,
    DATA_HASH,
    DATA_WRITTEN,
    RENEW_CERTIFICATES,
    ROTATE_CA,
    TLS_CERT,
    TLS_KEY,
    Names,
    Role,
)
from app.schema.tls import CertConfig
from app.secret_data import OPAQUE, TLS
from tests.certificates.scenario import (
    CONFIG,
    INDEXER,
    LEAF_SECRETS,
    NAMES,
    NOW,
    UID,
    World,
    authority_secret,
    edited,
    new_world,
    other_signer,
    reissued,
    traditional,
)

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
DASHBOARD = NAMES.certs("dashboard")
ADMIN = NAMES.certs("admin")


def configured(**fields: object) -> CertConfig:
    """The spec's part with some fields set."""
    return CertConfig.model_validate(fields)


def reasons(answer: CertificatePlan) -> list[str]:
    """Reasons of the condition, in order."""
    return [str(finding.reason) for finding in answer.findings]


def causes(answer: CertificatePlan) -> set[tuple[str, str]]:
    """What is written, and why."""
    return {(item.secret, str(item.reason)) for item in answer.reissues}


def assert_unchanged(world: World, answer: CertificatePlan) -> None:
    """Everything observed is emitted byte for byte, and nothing else."""
    assert answer.rewritten == frozenset()
    assert answer.reissues == ()
    emitted = {secret.name: secret for _, secret in answer.secrets}
    expected = dict(world.leaves)
    if world.ca is not None:
        expected[world.ca.name] = world.ca
    assert emitted == expected


def assert_settles(world: World) -> World:
    """A second call on the applied result changes nothing."""
    final = world.settle()
    assert_unchanged(final, final.plan())
    return final


# --- creation -------------------------------------------------------------------------------
def test_c01_the_first_call_makes_a_ca_and_nothing_from_it() -> None:
    """Leaves rest on an observed CA only."""
    answer = World().plan()
    assert [secret.name for _, secret in answer.secrets] == ["wz-ca"]
    assert answer.rewritten == {"wz-ca"}
    assert causes(answer) == {("wz-ca", "CAMissing")}
    assert reasons(answer) == ["Issuing"]
    assert (answer.ca, answer.leaf_facts, answer.hold) == (None, {}, None)
    secret = answer.secrets[0][1]
    assert secret.type == OPAQUE
    assert set(secret.data) == {CA_CERT, CA_KEY}


def test_c02_the_second_call_issues_every_leaf_from_the_observed_ca() -> None:
    """One write for each leaf, with the bundle."""
    world = World().step()
    answer = world.plan()
    assert answer.rewritten == set(LEAF_SECRETS)
    assert {role for role, _ in answer.secrets} == {Role.PKI}
    assert [secret.name for _, secret in answer.secrets] == ["wz-ca", *LEAF_SECRETS]
    assert set(reasons(answer)) == {"Issuing"}
    after = world.apply(answer)
    for name in LEAF_SECRETS:
        secret = after.leaves[name]
        assert secret.type == TLS
        assert set(secret.data) == {CA_CERT, TLS_CERT, TLS_KEY}
        assert is_signed_by(after.certificate(name), world.active)
        assert certificates_in(secret, CA_CERT) == (world.active,)
        assert secret.annotations[DATA_WRITTEN] == "2026-03-01T12:00:00Z"


def test_c03_nothing_happens_at_half_of_the_lifetime(settled: World) -> None:
    """Byte-identical Secrets; the next due moment is the first renewal."""
    world = settled.later(days=180)
    answer = world.plan()
    assert_unchanged(world, answer)
    assert answer.findings == ()
    assert answer.stage is Stage.STEADY
    assert answer.next_due == min(answer.renewal_times.values())
    assert answer.earliest_expiry == settled.certificate(INDEXER).not_after
    assert set(answer.leaf_facts) == set(LEAF_SECRETS)
    assert set(answer.renewal_times) == {"wz-ca", *LEAF_SECRETS}


# --- renewal by time ------------------------------------------------------------------------
def test_c04_nothing_happens_a_second_before_the_renewal_time(settled: World) -> None:
    """Whole seconds: the last one before still keeps."""
    due = settled.plan().next_due
    assert due is not None
    world = settled.at(due - SECOND)
    assert_unchanged(world, world.plan())


@pytest.mark.parametrize("late", [0, 1])
def test_c05_leaves_are_renewed_from_the_renewal_time_on(settled: World, late: int) -> None:
    """Exactly then, and a second later; all leaves in their window go along, the CA stays."""
    due = settled.plan().next_due
    assert due is not None
    world = settled.at(due + late * SECOND)
    answer = world.plan()
    assert answer.rewritten == set(LEAF_SECRETS)
    assert causes(answer) == {(name, "NearExpiry") for name in LEAF_SECRETS}
    assert answer.findings == ()
    after = assert_settles(world)
    assert after.ca == settled.ca
    for name in LEAF_SECRETS:
        old, new = settled.certificate(name), after.certificate(name)
        assert old.spki_fingerprint != new.spki_fingerprint
        assert new.not_after == world.now + 365 * DAY


def test_c06_a_threshold_that_is_not_below_the_validity_is_named_and_does_not_loop() -> None:
    """A third of the lifetime is used; the condition stays True."""
    config = CertConfig.model_construct(validity_days=20, renewal_threshold_days=30)
    world = new_world(config=config)
    answer = world.plan()
    assert_unchanged(world, answer)
    assert [(str(item.reason), item.warns) for item in answer.findings] == [
        ("RenewalThreshold", True)
    ]
    assert answer.next_due is not None
    assert answer.next_due > NOW + 13 * DAY


@pytest.mark.parametrize("days", [1 / 24, 1, 7, 365, 3650])
def test_c07_what_was_just_renewed_is_not_renewed_again(days: float) -> None:
    """For validities from an hour to ten years."""
    config = CertConfig.model_construct(validity_days=days, ca_validity_days=7300)
    world = new_world(config=config)
    due = world.plan().next_due
    assert due is not None
    renewed = world.at(due).settle()
    assert renewed.certificate(INDEXER) != world.certificate(INDEXER)
    assert_unchanged(renewed, renewed.plan())


def test_c08_an_expired_leaf_is_renewed_at_once_and_its_date_is_said(settled: World) -> None:
    """Whatever else waits."""
    old = reissued(settled, INDEXER, validity=DAY)
    world = settled.with_leaf(old).later(days=2)
    answer = world.plan()
    assert causes(answer) == {(INDEXER, "Expired")}
    assert [(finding.reason, finding.message) for finding in answer.findings] == [
        ("Expired", f"Secret {INDEXER}: it expired on 2026-03-02T12:00:00Z")
    ]
    assert_settles(world)


def test_c10_a_ca_near_its_end_is_renewed_with_the_same_key() -> None:
    """Same name, key and SKI; its certificate takes the old one's place; leaves are kept."""
    world = new_world().later(days=400).settle()
    due = world.plan().renewal_times["wz-ca"]
    answer = world.at(due).plan()
    assert causes(answer) == {("wz-ca", "CANearExpiry")}
    renewed = world.at(due).step()
    old, new = world.active, renewed.active
    assert (old.subject, old.ski, old.spki_fingerprint) == (
        new.subject,
        new.ski,
        new.spki_fingerprint,
    )
    assert old.fingerprint != new.fingerprint
    spread = renewed.plan()
    assert causes(spread) == {(name, "BundleChanged") for name in LEAF_SECRETS}
    final = assert_settles(renewed)
    for name in LEAF_SECRETS:
        assert final.certificate(name) == world.certificate(name)
        assert certificates_in(final.leaves[name], CA_CERT) == (new,)


def test_c11_a_due_ca_goes_before_due_leaves() -> None:
    """Leaves follow in the next call, certificate and bundle in one write."""
    world = new_world(config=configured(caValidityDays=365, caRenewalThresholdDays=60))
    both = world.later(days=350)
    first = both.plan()
    assert first.rewritten == {"wz-ca"}
    second_world = both.step()
    second = second_world.plan()
    assert second.rewritten == set(LEAF_SECRETS)
    assert {reason for _, reason in causes(second)} == {"NearExpiry"}
    final = assert_settles(second_world)
    assert certificates_in(final.leaves[INDEXER], CA_CERT) == (second_world.active,)
    assert final.certificate(INDEXER).not_after == final.now + 365 * DAY


def test_c12_an_expired_ca_is_renewed_with_the_same_key(settled: World) -> None:
    """Leaves that outlived it verify again; the condition says CAExpired."""
    world = settled.later(days=731)
    answer = world.plan()
    assert answer.rewritten == {"wz-ca"}
    assert reasons(answer) == ["CAExpired"]
    assert "2028-02-29T12:00:00Z" in answer.findings[0].message
    renewed = world.step()
    assert is_signed_by(settled.certificate(INDEXER), renewed.active)


def test_c13_a_cluster_that_was_off_for_three_years_recovers_in_two_steps(
    settled: World,
) -> None:
    """First the CA, then the leaves from it."""
    world = settled.later(days=1100)
    renewed = world.step()
    answer = renewed.plan()
    assert causes(answer) == {(name, "Expired") for name in LEAF_SECRETS}
    final = renewed.apply(answer)
    assert_unchanged(final, final.plan())
    assert final.certificate(INDEXER).not_after == final.now + 365 * DAY


def test_leaves_never_outlive_the_ca(settled: World) -> None:
    """A leaf issued late ends with its CA, and waits for the CA to be renewed first (R7)."""
    world = settled.later(days=600).settle()
    assert world.certificate(INDEXER).not_after == world.active.not_after
    final = world.later(days=110).settle()
    assert final.active != settled.active
    assert final.certificate(INDEXER).not_after <= final.active.not_after


def test_a_leaf_that_is_due_below_a_ca_that_cannot_be_renewed_is_not_renewed_for_ever(
    settled: World,
) -> None:
    """An immutable CA Secret: each renewal would end at the same second."""
    assert settled.ca is not None
    world = settled.with_ca(replace(settled.ca, immutable=True)).later(days=720).settle()
    assert_unchanged(world, world.plan())


# --- holds ----------------------------------------------------------------------------------
def hold_of(world: World) -> CertificatePlan:
    """The answer of a call that must hold."""
    answer = world.plan()
    assert_unchanged(world, answer)
    assert answer.hold is not None
    assert answer.findings[0] == answer.hold
    return answer


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


# --- without a signing key ------------------------------------------------------------------
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


def test_an_expired_ca_without_key_signs_nothing(settled: World) -> None:
    """And the answer is still an answer."""
    assert settled.ca is not None
    world = settled.with_ca(edited(settled.ca, ca_key=None)).later(days=800)
    answer = world.plan()
    assert answer.rewritten == frozenset()
    assert reasons(answer) == ["SigningKeyMissing", *["Expired"] * 6]


# --- damaged leaf Secrets -------------------------------------------------------------------
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
    text = "# by hand\n" + settled.active.pem.replace("\n", "\r\n")
    world = settled.with_leaf(edited(settled.leaves[INDEXER], ca_crt=text.encode()))
    answer = world.plan()
    assert (answer.rewritten, answer.reissues) == (frozenset(), ())


# --- changes of the spec --------------------------------------------------------------------
def test_c33_an_added_name_reissues_with_the_union_and_c34_a_removed_one_again(
    settled: World,
) -> None:
    """The key is kept both times, other leaves are untouched."""
    wider = replace(settled, config=configured(extraSANs={"indexer": ["siem.acme"]}))
    assert causes(wider.plan()) == {(INDEXER, "SpecMismatch")}
    with_name = assert_settles(wider)
    names = with_name.certificate(INDEXER).dns_names
    assert names == settled.certificate(INDEXER).dns_names | {"siem.acme"}
    narrower = assert_settles(replace(with_name, config=CONFIG))
    assert narrower.certificate(INDEXER).dns_names == names - {"siem.acme"}
    assert narrower.leaves[INDEXER].data[TLS_KEY] == settled.leaves[INDEXER].data[TLS_KEY]


def test_c36_another_cluster_domain_reissues_every_leaf_that_names_it(settled: World) -> None:
    """The CA stays; leaves that carry this host only stay too."""
    names = Names(cluster="wz", namespace="soc", domain="corp.internal")
    world = replace(settled, names=names)
    expected = {name for name in LEAF_SECRETS if "filebeat" not in name and "admin" not in name}
    assert world.plan().rewritten == expected
    after = assert_settles(world)
    assert after.ca == settled.ca


def test_c37_a_shorter_validity_reissues_only_what_would_live_too_long(settled: World) -> None:
    """A leaf in its last 90 days is kept until its renewal."""
    shorter = configured(validityDays=90, renewalThresholdDays=30)
    early = replace(settled, config=shorter)
    assert {reason for _, reason in causes(early.plan())} == {"ValidityShortened"}
    late = early.later(days=300)
    assert_unchanged(late, late.plan())
    after = assert_settles(early)
    assert after.certificate(INDEXER).not_after == NOW + 90 * DAY


def test_c38_another_algorithm_reissues_leaves_once_and_c39_is_only_said_of_the_ca(
    settled: World, rsa_key: Callable[[str], rsa.RSAPrivateKey]
) -> None:
    """The CA changes by a rotation, never silently."""
    config = configured(keyAlgorithm="RSA-2048")
    world = replace(settled, config=config, rsa_key=rsa_key)
    assert causes(world.plan()) == {(name, "KeyAlgorithm") for name in LEAF_SECRETS}
    after = assert_settles(world)
    assert after.ca == settled.ca
    answer = after.plan()
    assert [(str(item.reason), item.warns) for item in answer.findings] == [("CAAlgorithm", True)]
    assert ROTATE_CA in answer.findings[0].message
    back = assert_settles(replace(after, config=CONFIG))
    assert back.certificate(INDEXER).key_algorithm == "ECDSA-P256"


def test_c40_a_requested_renewal_happens_once_for_each_value(settled: World) -> None:
    """Recorded on each Secret in the same write."""
    world = replace(settled, renew_request="monday")
    assert causes(world.plan()) == {(name, "RenewalRequested") for name in LEAF_SECRETS}
    after = assert_settles(world)
    for name in LEAF_SECRETS:
        assert after.leaves[name].annotations[RENEW_CERTIFICATES] == "monday"
        old, new = settled.certificate(name), after.certificate(name)
        assert old.spki_fingerprint != new.spki_fingerprint
    assert replace(after, renew_request=None).plan().rewritten == frozenset()


def test_a_request_that_stands_at_creation_does_not_fire() -> None:
    """Each Secret made then records it, the CA too."""
    world = new_world(renew_request="monday", rotate_request="tuesday")
    assert world.ca is not None
    assert world.ca.annotations[ROTATE_CA] == "tuesday"
    assert_unchanged(world, world.plan())


def test_a_changed_subject_waits_until_the_indexers_accept_it(settled: World) -> None:
    """Nodes and administrators are known by their DN, from a setting read at start."""
    config = configured(organization="Acme")
    old = "CN=wz-indexer,OU=Wazuh,O=Wazuh,L=California,C=US"
    waiting = replace(settled, config=config, accepted_dns=frozenset({old}))
    names = set(LEAF_SECRETS) - {INDEXER, ADMIN}
    assert waiting.plan().rewritten == names
    still = assert_settles(waiting)
    assert still.certificate(INDEXER) == settled.certificate(INDEXER)
    new = old.replace("O=Wazuh,L", "O=Acme,L")
    ready = replace(still, accepted_dns=frozenset({old, new}))
    assert causes(ready.plan()) == {(INDEXER, "SpecMismatch")}


def test_a_leaf_that_waits_for_its_subject_is_still_renewed(settled: World) -> None:
    """With the subject that is accepted."""
    config = configured(organization="Acme")
    world = replace(settled, config=config, accepted_dns=frozenset()).later(days=364)
    after = world.settle()
    assert after.certificate(INDEXER).subject == settled.certificate(INDEXER).subject
    assert after.certificate(INDEXER).not_after > world.now + 300 * DAY


# --- an invalid spec ------------------------------------------------------------------------
def test_c69_without_a_spec_leaves_are_renewed_as_they_are() -> None:
    """Subject, names, kind of key and length of life are what they were."""
    config = configured(
        extraSANs={"indexer": ["siem.acme", "10.0.0.7"]},
        organization="Acme",
        state="Bavaria",
        validityDays=100,
    )
    world = new_world(config=config)
    frozen = replace(world, config=None)
    assert_unchanged(frozen, frozen.plan())
    due = frozen.later(days=95)
    assert causes(due.plan()) == {(name, "NearExpiry") for name in LEAF_SECRETS}
    after = assert_settles(due)
    for name in LEAF_SECRETS:
        old, new = world.certificate(name), after.certificate(name)
        assert new.not_after == due.now + 100 * DAY
        assert (old.subject, old.dns_names, old.ip_addresses, old.eku) == (
            new.subject,
            new.dns_names,
            new.ip_addresses,
            new.eku,
        )
    back = replace(after, config=config)
    assert_unchanged(back, back.plan())


def test_without_a_spec_the_ca_is_renewed_for_as_long_as_it_was_given(settled: World) -> None:
    """Two years again."""
    world = replace(settled, config=None).later(days=729)
    after = assert_settles(world)
    assert after.active.not_after == world.now + 730 * DAY
    assert after.active.spki_fingerprint == settled.active.spki_fingerprint


def test_without_a_spec_nothing_is_made(settled: World) -> None:
    """Neither a first CA nor a leaf that is absent or unreadable."""
    answer = World(config=None).plan()
    assert (answer.secrets, reasons(answer)) == ((), ["Issuing"])
    world = replace(settled.without_leaf(DASHBOARD), config=None)
    broken = world.with_leaf(edited(settled.leaves[INDEXER], tls_crt=b"x"))
    answer = broken.plan()
    assert answer.rewritten == frozenset()
    assert reasons(answer) == ["Issuing", "Issuing"]


# --- rotation: nothing stands in its way ----------------------------------------------------
def test_a_staged_successor_is_kept_and_trusted(settled: World) -> None:
    """The bundle is active and next, the signer is the active one."""
    assert settled.ca is not None
    successor = other_signer("wz-ca-2")
    values = {"next_crt": successor.certificate.pem.encode(), "next_key": key_pem(successor.key)}
    world = settled.with_ca(edited(settled.ca, **values)).without_leaf(DASHBOARD)
    answer = world.plan()
    assert answer.stage is Stage.TRUST
    assert answer.next_ca == successor.certificate
    after = assert_settles(world)
    assert after.ca is not None
    assert after.ca.data[NEXT_CERT] == world.ca.data[NEXT_CERT]  # type: ignore[union-attr] - set above
    assert NEXT_KEY in after.ca.data
    for name in LEAF_SECRETS:
        bundle = certificates_in(after.leaves[name], CA_CERT)
        assert bundle == (settled.active, successor.certificate)
    assert is_signed_by(after.certificate(DASHBOARD), settled.active)


def test_a_retiring_ca_stays_trusted_until_its_margin(settled: World) -> None:
    """Leaves of it are reissued by the active one; an expired CA is in no bundle."""
    new = other_signer("wz-ca-2")
    values = {"previous_crt": settled.active.pem.encode()}
    world = settled.with_ca(authority_secret(new, **values))
    answer = world.plan()
    assert answer.stage is Stage.REISSUE
    assert answer.previous_cas == (settled.active,)
    assert {reason for _, reason in causes(answer)} == {"IssuerMismatch"}
    after = assert_settles(world)
    bundle = certificates_in(after.leaves[INDEXER], CA_CERT)
    assert bundle == (new.certificate, settled.active)
    assert after.ca is not None
    assert PREVIOUS_CERT in after.ca.data


def test_a_bundle_with_a_ca_that_is_not_active_any_more_is_pruned(settled: World) -> None:
    """Stage Prune until every bundle is clean."""
    text = (settled.active.pem + other_signer("wz-ca-0").certificate.pem).encode()
    world = settled.with_leaf(edited(settled.leaves[INDEXER], ca_crt=text))
    assert world.plan().stage is Stage.PRUNE
    assert assert_settles(world).plan().stage is Stage.STEADY


def test_a_successor_without_its_key_is_named(settled: World) -> None:
    """Nothing was issued by it; what replaces it is a step of the rotation."""
    assert settled.ca is not None
    wrong = key_pem(settled.signer.key)
    successor = other_signer("wz-ca-2").certificate.pem.encode()
    world = settled.with_ca(edited(settled.ca, next_crt=successor, next_key=wrong)).settle()
    for _ in range(2):
        assert reasons(world.plan()) == ["NextUnusable"]
        world = world.step()


# --- two replicas, secrecy ------------------------------------------------------------------
@pytest.mark.parametrize("seconds", [-60, -30, 30, 60])
def test_c70_replicas_whose_clocks_differ_do_not_undo_each_other(
    settled: World, seconds: int
) -> None:
    """Right after issuing."""
    other = settled.later(seconds=seconds)
    assert_unchanged(other, other.plan())


def test_no_key_is_shown_in_any_repr_or_message(settled: World) -> None:
    """Not of a Secret, not of a request, not of an answer."""
    world = settled.later(days=364)
    answer = world.plan()
    text = repr(world.request()) + repr(answer) + json.dumps([str(f) for f in answer.findings])
    assert answer.rewritten
    assert "PRIVATE" not in text
    for secret in (*settled.leaves.values(), *(item for _, item in answer.secrets)):
        for key in (TLS_KEY, CA_KEY):
            if key in secret.data:
                assert secret.data[key] not in text


def test_r14_no_private_key_is_loaded_where_nothing_changes(
    settled: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest proves what was checked once."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("a private key was loaded")

    monkeypatch.setattr("app.certificates.pem.load_pem_private_key", refuse)
    assert_unchanged(settled, settled.plan())


def test_the_same_request_gives_the_same_answer(settled: World) -> None:
    """Also where much is written."""
    world = settled.later(days=364)
    assert world.plan() == world.plan()
