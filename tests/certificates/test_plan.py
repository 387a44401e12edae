"""The plan over several calls: creation, renewal by time, two replicas; rows by their number."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from app.certificates.observation import certificates_in
from app.certificates.pem import is_signed_by
from app.certificates.plan import Stage
from app.names import (
    CA_CERT,
    CA_KEY,
    DATA_WRITTEN,
    TLS_CERT,
    TLS_KEY,
    Role,
)
from app.schema.tls import CertConfig
from app.secret_data import OPAQUE, TLS
from tests.certificates.answers import (
    assert_settles,
    assert_unchanged,
    causes,
    configured,
    reasons,
)
from tests.certificates.scenario import (
    INDEXER,
    LEAF_SECRETS,
    NOW,
    World,
    new_world,
    reissued,
)

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


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
    answer = world.plan()
    assert_unchanged(world, answer)
    assert answer.next_due is not None
    assert answer.next_due > world.now
    assert world.later(days=9).plan().next_due is None


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
