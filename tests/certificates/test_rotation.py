"""A rotation of the CA through its stages; rows of the acceptance table by their number."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.certificates.observation import (
    NEXT_CERT,
    NEXT_KEY,
    PREVIOUS_CERT,
    certificates_in,
)
from app.certificates.pem import (
    CertificateFacts,
    distinguished_name,
    is_signed_by,
    key_pem,
)
from app.certificates.plan import CertificatePlan, Stage
from app.certificates.request import TierEvidence
from app.names import CA_CERT, CA_KEY, DATA_WRITTEN, ROTATE_CA, TIERS, Role
from tests.certificates.answers import assert_unchanged, causes, configured, reasons
from tests.certificates.scenario import (
    INDEXER,
    LEAF_SECRETS,
    NAMES,
    SETTLED,
    UNSETTLED,
    World,
    edited,
    new_world,
    other_signer,
    reissued,
)

DAY = timedelta(days=1)


def rotating(**facts: object) -> World:
    """A settled cluster whose WazuhCluster asks for a rotation."""
    return new_world(rotate_request="one", tiers=SETTLED, **facts).as_asked("two")


def in_trust(**facts: object) -> World:
    """Every leaf Secret has the bundle, no pod has rolled."""
    return replace(replace(rotating(**facts).step(), tiers=UNSETTLED).settle())


def in_reissue(**facts: object) -> World:
    """Every leaf is of the new CA, no pod has rolled for it."""
    promoted = replace(in_trust(**facts), tiers=SETTLED).step()
    return replace(promoted, tiers=UNSETTLED).settle()


def bundles(world: World) -> set[frozenset[CertificateFacts]]:
    """What the leaf Secrets trust."""
    return {frozenset(certificates_in(one, CA_CERT) or ()) for one in world.leaves.values()}


def held(world: World, key: str) -> CertificateFacts:
    """First certificate under a key of ``<c>-ca``."""
    assert world.ca is not None
    found = certificates_in(world.ca, key)
    assert found is not None
    return found[0]


def writes_the_ca(answer: CertificatePlan) -> bool:
    """Whether ``<c>-ca`` is written, and then nothing else."""
    return answer.rewritten == {NAMES.ca}


def test_c41_a_value_of_the_annotation_stages_a_successor() -> None:
    """New key, next generation in the DN; the active CA goes on signing."""
    world = rotating()
    answer = world.plan()
    assert writes_the_ca(answer)
    assert causes(answer) == {(NAMES.ca, "RotationRequested")}
    after = world.apply(answer)
    assert after.ca is not None
    assert after.active == world.active
    assert held(after, NEXT_CERT).common_name == "wz-ca-2"
    assert held(after, NEXT_CERT).spki_fingerprint != world.active.spki_fingerprint
    assert after.ca.annotations[ROTATE_CA] == "two"
    assert after.plan().stage is Stage.TRUST
    settled = replace(after, tiers=UNSETTLED).settle()
    assert bundles(settled) == {frozenset({world.active, held(after, NEXT_CERT)})}
    assert {settled.certificate(name) for name in LEAF_SECRETS} == {
        world.certificate(name) for name in LEAF_SECRETS
    }


def test_a_value_that_stands_at_creation_does_not_fire() -> None:
    """It is recorded when the CA is made."""
    world = new_world(rotate_request="one", tiers=SETTLED)
    assert_unchanged(world, world.plan())


def test_each_value_acts_once() -> None:
    """Through all stages and after."""
    world = rotating()
    for _ in range(20):
        world = world.step()
    assert world.ca is not None
    assert set(world.ca.data) == {CA_CERT, CA_KEY}
    assert world.active.common_name == "wz-ca-2"
    assert_unchanged(world, world.plan())
    assert world.plan().findings == ()


def test_c42_in_trust_no_leaf_is_reissued() -> None:
    """The pods roll for the bundle alone."""
    world = in_trust()
    answer = world.plan()
    assert_unchanged(world, answer)
    assert answer.stage is Stage.TRUST
    assert answer.is_waiting
    assert reasons(answer) == ["Rotating"]
    assert all(is_signed_by(world.certificate(name), world.active) for name in LEAF_SECRETS)


def test_c43_the_successor_is_promoted_once_every_workload_is_settled() -> None:
    """The old certificate is kept, its key destroyed; then the leaves follow in one write each."""
    world = replace(in_trust(), tiers=SETTLED)
    assert world.ca is not None
    old, successor = world.active, held(world, NEXT_CERT)
    answer = world.plan()
    assert writes_the_ca(answer)
    assert causes(answer) == {(NAMES.ca, "CAPromoted")}
    after = world.apply(answer)
    assert after.ca is not None
    assert set(after.ca.data) == {CA_CERT, CA_KEY, PREVIOUS_CERT}
    assert (after.active, held(after, PREVIOUS_CERT)) == (successor, old)
    assert after.ca.data[CA_KEY] == world.ca.data[NEXT_KEY]
    assert world.ca.data[CA_KEY] not in after.ca.data.values()
    final = replace(after, tiers=UNSETTLED).settle()
    assert bundles(final) == {frozenset({successor, old})}
    assert all(is_signed_by(final.certificate(name), successor) for name in LEAF_SECRETS)


@pytest.mark.parametrize("role", TIERS)
def test_c49_one_tier_that_has_not_rolled_holds_the_stage(role: Role) -> None:
    """Whichever it is; the condition names it."""
    tiers = tuple(replace(one, is_settled=one.role is not role) for one in SETTLED)
    for world in (in_trust(), in_reissue()):
        answer = replace(world, tiers=tiers).plan()
        assert_unchanged(world, answer)
        assert NAMES.workload(role) in answer.findings[0].message


def test_a_leaf_secret_without_the_bundle_holds_the_stage() -> None:
    """Whatever the workloads say: pods may start with what is in it."""
    world = replace(in_trust(), tiers=SETTLED)
    behind = edited(world.leaves[INDEXER], ca_crt=world.active.pem.encode())
    answer = world.with_leaf(behind).plan()
    assert answer.rewritten == {INDEXER}
    assert not writes_the_ca(replace(world.without_leaf(INDEXER)).plan())


def test_c45_the_old_ca_goes_once_every_workload_is_settled_on_the_new_issuer() -> None:
    """First from ``<c>-ca``, then from the bundles; no leaf changes."""
    world = replace(in_reissue(), tiers=SETTLED)
    answer = world.plan()
    assert writes_the_ca(answer)
    assert causes(answer) == {(NAMES.ca, "CAPruned")}
    after = world.apply(answer)
    assert after.ca is not None
    assert set(after.ca.data) == {CA_CERT, CA_KEY}
    assert after.plan().stage is Stage.PRUNE
    final = after.settle()
    assert bundles(final) == {frozenset({world.active})}
    assert final.plan().stage is Stage.STEADY
    assert all(final.certificate(name) == world.certificate(name) for name in LEAF_SECRETS)


def test_c46_another_replica_takes_the_same_next_step() -> None:
    """At each step of a rotation: what is decided depends on what is observed alone."""
    world = rotating()
    for _ in range(12):
        one, other = world.plan(), replace(world, seed=world.seed + 1000).plan()
        assert (one.rewritten, one.stage, causes(one)) == (
            other.rewritten,
            other.stage,
            causes(other),
        )
        world = world.apply(one)


def test_c48_a_further_value_waits_until_the_rotation_is_through() -> None:
    """One at a time; the condition says so, and then it acts."""
    for world in (in_trust(), in_reissue()):
        again = world.as_asked("three")
        answer = again.plan()
        assert_unchanged(again, answer)
        assert "until the present one is through" in answer.findings[-1].message
    world = replace(in_reissue(), tiers=SETTLED).as_asked("three")
    for _ in range(30):
        world = world.step()
    assert world.active.common_name == "wz-ca-3"


def test_a_rotation_waits_for_settled_ground() -> None:
    """The condition names what it waits for."""
    world = replace(rotating(), tiers=UNSETTLED)
    answer = world.plan()
    assert_unchanged(world, answer)
    assert NAMES.workload(Role.INDEXER) in answer.findings[0].message
    assert answer.is_waiting


def test_a_rotation_needs_a_valid_spec_to_begin_and_none_to_go_on() -> None:
    """A typing error stops no stage, but it does not say how a new CA shall be."""
    world = replace(rotating(), config=None)
    assert_unchanged(world, world.plan())
    assert "a valid spec" in world.plan().findings[0].message
    assert writes_the_ca(replace(in_trust(), tiers=SETTLED, config=None).plan())
    assert writes_the_ca(replace(in_reissue(), tiers=SETTLED, config=None).plan())


def test_a_leaf_that_comes_due_in_trust_is_renewed_by_the_active_ca() -> None:
    """As long as its key is there."""
    world = in_trust().later(days=350)
    answer = world.plan()
    assert {secret for secret, reason in causes(answer) if reason == "NearExpiry"} == set(
        LEAF_SECRETS
    )
    after = world.apply(answer)
    assert all(is_signed_by(after.certificate(name), after.active) for name in LEAF_SECRETS)


def test_the_active_ca_is_renewed_in_trust_with_its_key() -> None:
    """Its successor stays staged; the new certificate takes the old one's place in the bundles."""
    world = in_trust().later(days=720)
    answer = world.plan()
    assert causes(answer) == {(NAMES.ca, "CANearExpiry")}
    after = world.apply(answer)
    assert after.active.spki_fingerprint == world.active.spki_fingerprint
    assert held(after, NEXT_CERT) == held(world, NEXT_CERT)
    final = after.settle()
    assert bundles(final) == {frozenset({after.active, held(after, NEXT_CERT)})}


def test_a_retiring_ca_leaves_before_it_expires() -> None:
    """Whoever still uses it: an expired CA in a bundle stops OpenSearch."""
    staged = rotating().later(days=300).step()
    promoted = replace(replace(staged, tiers=UNSETTLED).settle(), tiers=SETTLED).step()
    world = replace(promoted, tiers=UNSETTLED).settle()
    end = held(world, PREVIOUS_CERT).not_after
    before = world.at(end - DAY - timedelta(seconds=1)).settle()
    assert before.plan().previous_cas
    assert before.plan().next_due == end - DAY
    answer = before.at(end - DAY).plan()
    assert causes(answer) == {(NAMES.ca, "CAPruned")}
    assert bundles(before.at(end - DAY).settle()) == {frozenset({world.active})}


def test_c66_the_bundle_carries_the_time_of_its_writing() -> None:
    """For templates wait until it has reached every node."""
    world = rotating().step().later(days=1)
    after = world.step()
    assert {one.annotations[DATA_WRITTEN] for one in after.leaves.values()} == {
        world.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    }


def test_c68_a_successor_that_cannot_sign_is_replaced_by_a_new_generation() -> None:
    """It is never promoted: nothing was issued by it, so nothing is lost with it."""
    world = replace(in_trust(), tiers=SETTLED)
    assert world.ca is not None
    bad = edited(world.ca, next_key=key_pem(world.signer.key))
    answer = world.with_ca(bad).plan()
    assert causes(answer) == {(NAMES.ca, "NextUnusable")}
    after = world.with_ca(bad).apply(answer)
    assert held(after, NEXT_CERT).common_name == "wz-ca-3"
    assert after.active == world.active


@pytest.mark.parametrize("text", [b"garbage", b""], ids=["garbage", "empty"])
def test_a_successor_that_is_no_certificate_is_replaced(text: bytes) -> None:
    """So is one that may not sign."""
    world = in_trust()
    assert world.ca is not None
    for content in (text, world.certificate(INDEXER).pem.encode()):
        answer = world.with_ca(edited(world.ca, next_crt=content)).plan()
        assert causes(answer) == {(NAMES.ca, "NextUnusable")}


def test_a_successor_is_as_the_spec_wants_it() -> None:
    """C39: subject and kind of key, which a renewal keeps, wait for a rotation."""
    world = replace(rotating(), config=configured(organization="Acme", caValidityDays=900))
    after = world.step()
    successor = held(after, NEXT_CERT)
    assert ("O", "Acme") in _plain(successor)
    assert ("O", "Wazuh") in _plain(after.active)
    assert successor.not_after - world.now == timedelta(days=900)


def _plain(certificate: CertificateFacts) -> set[tuple[str, str]]:
    """Subject as short names and values."""
    parts = distinguished_name(certificate.subject).split(",")
    return {(name, value) for name, _, value in (part.partition("=") for part in parts)}


# --- the active key is gone -----------------------------------------------------------------------
def keyless(world: World) -> World:
    """``ca.key`` removed by hand."""
    assert world.ca is not None
    return world.with_ca(edited(world.ca, ca_key=None))


def test_without_its_key_the_ca_says_how_to_go_on() -> None:
    """The command of the message starts a rotation, settled ground or not."""
    world = keyless(new_world(tiers=UNSETTLED))
    answer = world.plan()
    assert reasons(answer) == ["SigningKeyMissing"]
    command = answer.findings[0].message.partition(f"{ROTATE_CA}=")[2]
    after = world.as_asked(command).step()
    assert held(after, NEXT_CERT).common_name == "wz-ca-2"
    assert after.plan().stage is Stage.TRUST


def test_without_the_key_trust_does_not_ask_for_an_issuer_it_cannot_give() -> None:
    """A leaf of an unknown CA would hold it for ever."""
    world = keyless(in_trust())
    stray = other_signer("stray")
    broken = world.with_leaf(reissued(world, INDEXER, signer=stray))
    waiting = broken.plan()
    assert (NAMES.ca, "CAPromoted") not in causes(waiting)
    assert causes(replace(broken, tiers=SETTLED).plan()) == {(NAMES.ca, "CAPromoted")}


def test_an_absent_leaf_is_signed_by_the_successor_once_everybody_trusts_it() -> None:
    """Every other Secret has the bundle, every tier that mounts no absent leaf is settled."""
    world = keyless(in_trust()).settle().without_leaf(NAMES.certs("dashboard"))
    tiers = tuple(replace(one, is_settled=one.role is not Role.DASHBOARD) for one in SETTLED)
    assert world.plan().rewritten == frozenset()
    answer = replace(world, tiers=tiers).plan()
    assert causes(answer) == {(NAMES.certs("dashboard"), "SecretMissing")}
    after = replace(world, tiers=tiers).apply(answer)
    assert is_signed_by(after.certificate(NAMES.certs("dashboard")), held(after, NEXT_CERT))


def test_a_successor_that_has_signed_and_lost_its_key_is_waited_for() -> None:
    """Replacing it would take trust from the leaf that it signed."""
    world = keyless(in_trust()).settle().without_leaf(NAMES.certs("dashboard"))
    tiers = tuple(replace(one, is_settled=one.role is not Role.DASHBOARD) for one in SETTLED)
    signed = replace(world, tiers=tiers).step()
    assert signed.ca is not None
    answer = signed.with_ca(edited(signed.ca, next_key=None)).plan()
    assert answer.hold is not None
    assert answer.hold.reason == "NextUnusable"
    assert answer.rewritten == frozenset()


def test_without_the_key_trust_ends_two_margins_before_the_old_ca_does() -> None:
    """After that there is nothing left that waiting could protect."""
    world = keyless(in_trust()).settle()
    first = min(world.certificate(name).not_after for name in LEAF_SECRETS)
    deadline = first - 2 * DAY
    assert world.plan().next_due is not None
    assert (NAMES.ca, "CAPromoted") not in causes(world.at(deadline - timedelta(seconds=1)).plan())
    answer = world.at(deadline).plan()
    assert causes(answer) == {(NAMES.ca, "CAPromoted")}
    assert world.at(deadline - timedelta(days=10)).plan().next_due == deadline


def test_c71_a_key_lost_in_reissue_is_followed_by_a_new_rotation() -> None:
    """All three CAs stay trusted until the last has taken over."""
    promoted = replace(in_trust(), tiers=SETTLED).step()
    lost = keyless(replace(promoted, tiers=UNSETTLED)).as_asked("rescue")
    after = lost.step()
    assert held(after, NEXT_CERT).common_name == "wz-ca-3"
    assert after.plan().stage is Stage.TRUST
    spread = after.settle()
    old = {held(spread, key) for key in (CA_CERT, NEXT_CERT, PREVIOUS_CERT)}
    assert bundles(spread) == {frozenset(old)}
    handed = replace(spread, tiers=SETTLED).step()
    assert handed.active == held(spread, NEXT_CERT)
    assert handed.ca is not None
    assert set(certificates_in(handed.ca, PREVIOUS_CERT) or ()) == old - {handed.active}
    final = replace(handed, tiers=SETTLED)
    for _ in range(8):
        final = final.step()
    assert final.plan().stage is Stage.STEADY
    assert bundles(final) == {frozenset({handed.active})}


def test_evidence_of_no_tier_at_all_is_no_obstacle() -> None:
    """C72: what the spec does not want is not asked."""
    tiers: tuple[TierEvidence, ...] = ()
    assert writes_the_ca(replace(in_trust(), tiers=tiers).plan())
