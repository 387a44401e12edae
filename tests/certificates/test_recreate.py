"""A CA that was lost and given up by a person; rows of the acceptance table by their number."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.certificates.observation import NEXT_CERT, NEXT_KEY, PREVIOUS_CERT, certificates_in
from app.certificates.pem import CertificateFacts
from app.certificates.plan import Stage
from app.names import CA_CERT, CA_KEY, RECREATE_CA
from tests.certificates.answers import assert_unchanged, causes, hold_of
from tests.certificates.scenario import (
    INDEXER,
    LEAF_SECRETS,
    NAMES,
    SETTLED,
    UNSETTLED,
    World,
    authority_secret,
    new_world,
    other_signer,
)
from tests.certificates.test_rotation import bundles, held, in_reissue, in_trust

DAY = timedelta(days=1)


def lost(world: World, value: str | None = None) -> World:
    """The Secret is gone; the annotation has ``value``."""
    return replace(world.with_ca(None), recreate_request=value)


def test_c18_a_lost_ca_that_is_given_up_is_handed_over_in_stages() -> None:
    """The lost certificate without its key, and a successor that everybody learns first."""
    world = new_world(tiers=UNSETTLED)
    asked = lost(world, world.active.fingerprint)
    answer = asked.plan()
    assert causes(answer) == {(NAMES.ca, "CARecreated")}
    after = asked.apply(answer)
    assert after.ca is not None
    assert set(after.ca.data) == {CA_CERT, NEXT_CERT, NEXT_KEY}
    assert after.active == world.active
    assert held(after, NEXT_CERT).common_name == "wz-ca-2"
    assert after.ca.annotations[RECREATE_CA] == world.active.fingerprint
    spread = after.settle()
    assert spread.plan().stage is Stage.TRUST
    assert bundles(spread) == {frozenset({world.active, held(after, NEXT_CERT)})}
    assert [one.reason for one in spread.plan().findings] == ["Rotating", "SigningKeyMissing"]
    final = replace(spread, tiers=SETTLED)
    for _ in range(8):
        final = final.step()
    assert final.plan().stage is Stage.STEADY
    assert bundles(final) == {frozenset({held(spread, NEXT_CERT)})}
    assert {final.certificate(name).issuer for name in LEAF_SECRETS} == {final.active.subject}


@pytest.mark.parametrize("value", ["unknown", "0" * 64, ""])
def test_c19_another_value_does_nothing_but_say_which_one_counts(value: str) -> None:
    """So an old annotation never fits again."""
    world = new_world()
    answer = hold_of(lost(world, value))
    assert answer.hold is not None
    assert f"{RECREATE_CA}={world.active.fingerprint}" in answer.hold.message
    assert ("does nothing" in answer.hold.message) is bool(value)


def test_a_value_that_was_acted_upon_fits_no_later_loss() -> None:
    """Once the successor stands in a bundle, its fingerprint is the one that counts."""
    world = new_world(tiers=SETTLED)
    value = world.active.fingerprint
    after = lost(world, value)
    for _ in range(10):
        after = after.step()
    assert after.active.common_name == "wz-ca-2"
    again = lost(after, value)
    assert hold_of(again).hold is not None
    mid = lost(replace(lost(world, value).step(), tiers=UNSETTLED).settle(), value)
    assert hold_of(mid).hold is not None


@pytest.mark.parametrize("fingerprint", [None, "ab" * 32])
def test_without_any_leaf_secret_a_new_ca_signs_at_once(fingerprint: str | None) -> None:
    """Nothing can be handed over, and the condition says so."""
    asked = replace(
        World(trace="wz-indexer was started with it", recreate_request=fingerprint or "unknown"),
        status_fingerprint=fingerprint,
    )
    answer = asked.plan()
    assert causes(answer) == {(NAMES.ca, "CARecreated")}
    assert "do not trust each other" in answer.findings[0].message
    after = asked.apply(answer)
    assert after.ca is not None
    assert set(after.ca.data) == {CA_CERT, CA_KEY}


def test_a_lost_ca_about_to_expire_is_not_handed_over() -> None:
    """An expired CA in a bundle stops OpenSearch."""
    world = new_world().later(days=720).settle()
    end = world.active.not_after
    asked = lost(world.at(end - DAY), world.active.fingerprint)
    after = asked.step()
    assert after.ca is not None
    assert set(after.ca.data) == {CA_CERT, CA_KEY}
    assert after.active.common_name == "wz-ca-2"


def test_c64_every_ca_of_the_bundles_stays_trusted() -> None:
    """Lost in reissue, while leaves of two CAs are in use."""
    world = in_reissue()
    old = held(world, PREVIOUS_CERT)
    after = lost(world, world.active.fingerprint).step()
    assert after.ca is not None
    assert certificates_in(after.ca, PREVIOUS_CERT) == (old,)
    assert after.active == world.active
    assert held(after, NEXT_CERT).common_name == "wz-ca-3"
    expected = {old, world.active, held(after, NEXT_CERT)}
    assert bundles(replace(after, tiers=UNSETTLED).settle()) == {frozenset(expected)}


def test_a_ca_lost_in_trust_is_the_newest_generation() -> None:
    """The staged successor is in every bundle, so its fingerprint is the expected value."""
    world = in_trust()
    successor = held(world, NEXT_CERT)
    assert hold_of(lost(world, world.active.fingerprint)).hold is not None
    after = lost(world, successor.fingerprint).step()
    assert after.active == successor
    assert after.ca is not None
    assert certificates_in(after.ca, PREVIOUS_CERT) == (world.active,)


def test_c65_an_old_backup_is_not_signed_with() -> None:
    """Nothing is reissued until the right one is back, or is given up by its fingerprint."""
    world = in_reissue()
    final = replace(world, tiers=SETTLED)
    for _ in range(5):
        final = final.step()
    backup = final.with_ca(authority_secret(other_signer("wz-ca")))
    answer = hold_of(backup)
    assert answer.hold is not None
    assert answer.hold.reason == "CAForeign"
    asked = replace(backup, recreate_request=final.active.fingerprint)
    after = asked.step()
    assert after.active == final.active
    assert after.ca is not None
    assert CA_KEY not in after.ca.data
    assert held(after, NEXT_CERT).common_name == "wz-ca-3"


def test_keys_of_others_in_the_secret_survive() -> None:
    """What is overwritten is ours."""
    world = new_world()
    foreign = authority_secret(other_signer("wz-ca"))
    mixed = replace(foreign, data={**foreign.data, "note.txt": "aGk="})
    asked = replace(world.with_ca(mixed), recreate_request=world.active.fingerprint)
    after = asked.step()
    assert after.ca is not None
    assert after.ca.data["note.txt"] == "aGk="


def test_without_a_valid_spec_a_new_ca_waits() -> None:
    """It does not say how one shall be."""
    world = replace(new_world(), config=None)
    assert_unchanged(
        lost(world, world.active.fingerprint), lost(world, world.active.fingerprint).plan()
    )


def test_a_hold_goes_on_without_the_right_value() -> None:
    """However often it is asked."""
    world = lost(new_world())
    for _ in range(3):
        assert hold_of(world).rewritten == frozenset()
        world = world.later(days=1)


def test_the_certificate_of_the_lost_ca_comes_from_the_bundles() -> None:
    """One leaf Secret is enough."""
    world = new_world()
    alone = World(
        leaves={INDEXER: world.leaves[INDEXER]}, recreate_request=world.active.fingerprint
    )
    after = alone.step()
    assert after.active == world.active
    found: CertificateFacts = held(after, NEXT_CERT)
    assert found.common_name == "wz-ca-2"
