"""The user's own CA: rows C50 to C54 of the acceptance table, and what else is given."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.certificates.observation import NEXT_CERT, NEXT_KEY, PREVIOUS_CERT, path_of
from app.certificates.pem import is_signed_by
from app.certificates.plan import Stage
from app.names import CA_CERT, CA_KEY, ROTATE_CA, TLS_CERT, TLS_KEY, USER_CA
from tests.certificates.answers import assert_settles, assert_unchanged, causes, reasons
from tests.certificates.custom_objects import (
    CA_SECRET,
    DAY,
    INTERMEDIATE,
    OTHER,
    ROOT,
    CustomWorld,
    authority,
    ca_data,
    custom_world,
    facts,
    messages,
    own_world,
    settle,
    shown,
    step,
    trusted,
)
from tests.certificates.scenario import LEAF_SECRETS, NAMES, NOW, SETTLED, UNSETTLED


# --- C50: the user's CA signs ---------------------------------------------------------
def test_c50_leaves_are_of_the_users_ca_and_no_key_of_it_is_ours() -> None:
    """Its certificate is observed first (R13), its key stays in the user's Secret."""
    first = CustomWorld().giving(ROOT)
    answer = first.plan()
    assert answer.rewritten == {NAMES.ca}
    world = settle(first)
    assert world.in_ca() == (facts(ROOT),)
    assert world.keys_in_ca() == set()
    assert set(world.leaves) == set(LEAF_SECRETS)
    assert all(is_signed_by(shown(world, name)[0], facts(ROOT)) for name in LEAF_SECRETS)
    assert all(len(shown(world, name)) == 1 for name in LEAF_SECRETS)
    assert trusted(world) == {frozenset({facts(ROOT)})}
    key = ca_data(ROOT)[TLS_KEY]
    assert all(key not in one.data.values() for one in (world.ca, *world.leaves.values()) if one)
    assert_settles(world)


def test_a_leaf_that_comes_due_is_renewed_by_the_users_ca() -> None:
    """As with a CA of ours; the CA is not ours to renew, near its end as it may be."""
    ending = authority(end=NOW + timedelta(days=800))
    world = custom_world(ending).later(days=780)
    assert isinstance(world, CustomWorld)
    answer = world.plan()
    assert {reason for _, reason in causes(answer)} == {"Expired"}
    assert NAMES.ca not in answer.rewritten
    assert "CustomCertificateNearExpiry" in reasons(answer)
    after = world.apply(answer)
    assert all(is_signed_by(shown(after, name)[0], facts(ending)) for name in LEAF_SECRETS)


def test_a_rotation_cannot_be_asked_for() -> None:
    """The CA is the user's: the annotation is named and does nothing, now and later."""
    world = replace(custom_world(), tiers=SETTLED).as_asked("now")
    assert isinstance(world, CustomWorld)
    answer = world.plan()
    assert_unchanged(world, answer)
    assert f"{ROTATE_CA} does nothing here" in messages(answer)


# --- C51: a Secret that cannot be used ------------------------------------------------
def test_c51_without_its_secret_nothing_is_made_and_nothing_changed() -> None:
    """Neither in a new cluster nor in one that runs; it is said and asked for again."""
    answer = CustomWorld().plan()
    assert answer.secrets == ()
    assert reasons(answer) == ["SecretNotFound"]
    assert answer.is_waiting
    world = custom_world().giving(None)
    answer = world.plan()
    assert_unchanged(world, answer)
    assert reasons(answer) == ["SecretNotFound"]
    assert f"Secret {CA_SECRET} does not exist" in messages(answer)


def test_c51_a_ca_of_ours_goes_on_until_the_users_is_there() -> None:
    """What it signed stays; nothing is handed over to nobody."""
    world = replace(own_world(), named=True, tiers=SETTLED)
    answer = world.plan()
    assert_unchanged(world, answer)
    assert reasons(answer) == ["SecretNotFound"]


LATER = authority("Later", key="later", begin=NOW + DAY)
PAST = authority("Past", key="past", begin=NOW - 9 * DAY, end=NOW - DAY)
SERVER = authority("Server", key="server", is_ca=False)
NARROW = authority("Narrow", key="narrow", path_length=0)
BELOW = authority("Below", key="below", above=authority("Half", key="half", above=NARROW))
UNUSABLE = {
    "unreadable": (ca_data(ROOT) | {TLS_CERT: "AAAA"}, "no readable certificate"),
    "empty": ({}, "no readable certificate"),
    "no key": (ca_data(ROOT, with_key=False), "has no tls.key"),
    "a broken key": (ca_data(ROOT) | {TLS_KEY: "AAAA"}, "no usable private key"),
    "another key": (ca_data(ROOT) | {TLS_KEY: ca_data(OTHER)[TLS_KEY]}, "of another certificate"),
    "no CA": (ca_data(SERVER), "not the certificate of a CA"),
    "no root": (
        {name: one for name, one in ca_data(INTERMEDIATE).items() if name != CA_CERT},
        "without its root",
    ),
    "a root that allows none below": (ca_data(BELOW), "allows no CA of its own below it"),
    "expired": (ca_data(PAST), "expired on"),
    "not valid yet": (ca_data(LATER), "is not valid before"),
}


@pytest.mark.parametrize(("data", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_c51_an_unusable_ca_is_named_and_waited_for(data: dict[str, str], said: str) -> None:
    """In a new cluster, one of ours and one of the user's; no self-made one takes its place."""
    worlds = (
        CustomWorld().giving(data),
        replace(own_world(), named=True, tiers=SETTLED).giving(data),
        replace(custom_world(OTHER), tiers=SETTLED).giving(data),
    )
    for world in worlds:
        answer = world.plan()
        assert reasons(answer) == ["CustomCertificateUnusable"]
        assert said in messages(answer)
        assert answer.is_waiting
        assert_unchanged(world, answer)


# --- C52: another key -----------------------------------------------------------------
def test_c52_another_key_goes_through_the_stages() -> None:
    """Trust, reissue, prune; the old certificate stays while anybody uses it, without its key."""
    world = replace(custom_world(), tiers=SETTLED).giving(OTHER)
    world = step(world)
    assert world.plan().stage is Stage.TRUST
    assert (world.in_ca(), world.in_ca(NEXT_CERT)) == ((facts(ROOT),), (facts(OTHER),))
    world = settle(replace(world, tiers=UNSETTLED))
    assert trusted(world) == {frozenset({facts(ROOT), facts(OTHER)})}
    assert all(is_signed_by(shown(world, name)[0], facts(ROOT)) for name in LEAF_SECRETS)
    world = step(replace(world, tiers=SETTLED))
    assert (world.in_ca(), world.in_ca(PREVIOUS_CERT)) == ((facts(OTHER),), (facts(ROOT),))
    world = settle(replace(world, tiers=UNSETTLED))
    assert all(is_signed_by(shown(world, name)[0], facts(OTHER)) for name in LEAF_SECRETS)
    assert trusted(world) == {frozenset({facts(ROOT), facts(OTHER)})}
    world = settle(replace(world, tiers=SETTLED))
    assert trusted(world) == {frozenset({facts(OTHER)})}
    assert world.plan().stage is Stage.STEADY
    assert world.keys_in_ca() == set()
    assert_settles(world)


def test_a_new_key_needs_no_settled_ground_since_the_old_one_is_gone() -> None:
    """Nothing could be signed while it waits."""
    world = replace(custom_world(), tiers=UNSETTLED).giving(OTHER)
    assert world.plan().rewritten == {NAMES.ca}


def test_renewed_with_the_same_key_it_takes_the_place_of_the_old_one() -> None:
    """One write of the CA, then the bundles; leaves stay (R6)."""
    world = custom_world()
    renewed = authority(end=NOW + 4000 * DAY)
    answer = world.giving(renewed).plan()
    assert causes(answer) == {(NAMES.ca, "CustomCA")}
    after = settle(world.giving(renewed))
    assert after.in_ca() == (facts(renewed),)
    assert trusted(after) == {frozenset({facts(renewed)})}
    assert all(shown(after, name) == shown(world, name) for name in LEAF_SECRETS)


def test_replaced_again_during_trust_the_successor_follows() -> None:
    """Nothing was issued by the first one."""
    third = authority("Third", key="third")
    world = settle(replace(custom_world(), tiers=UNSETTLED).giving(OTHER))
    world = step(world.giving(third))
    assert world.in_ca(NEXT_CERT) == (facts(third),)
    world = settle(world)
    assert trusted(world) == {frozenset({facts(ROOT), facts(third)})}


def test_taken_back_during_trust_the_successor_goes() -> None:
    """The active CA is wanted again: the bundles become clean, no leaf was touched."""
    world = custom_world()
    turned = step(settle(replace(world, tiers=UNSETTLED).giving(OTHER)).giving(ROOT))
    assert turned.in_ca(NEXT_CERT) == ()
    turned = settle(turned)
    assert trusted(turned) == {frozenset({facts(ROOT)})}
    assert all(shown(turned, name) == shown(world, name) for name in LEAF_SECRETS)


def in_reissue(world: CustomWorld) -> CustomWorld:
    """Every leaf is of the new CA, no pod has rolled for it."""
    trust = settle(replace(step(world), tiers=UNSETTLED))
    return settle(replace(step(replace(trust, tiers=SETTLED)), tiers=UNSETTLED))


def test_replaced_again_during_reissue_all_three_are_trusted() -> None:
    """The key of the second is gone, so the third follows at once."""
    third = authority("Third", key="third")
    world = in_reissue(replace(custom_world(), tiers=SETTLED).giving(OTHER))
    assert world.plan().stage is Stage.REISSUE
    world = settle(world.giving(third))
    assert trusted(world) == {frozenset(map(facts, (ROOT, OTHER, third)))}
    world = replace(world, tiers=SETTLED)
    for _ in range(12):
        world = step(world)
    assert world.in_ca() == (facts(third),)
    assert trusted(world) == {frozenset({facts(third)})}
    assert_settles(world)


# --- C53: an intermediate CA ----------------------------------------------------------
def test_c53_an_intermediate_is_shown_with_the_leaf_and_its_root_is_trusted() -> None:
    """``tls.crt`` is leaf and intermediates, ``ca.crt`` the root; the path holds."""
    deep = authority("Deep", key="deep", above=authority("Mid", key="mid", above=ROOT))
    for ca, length in ((INTERMEDIATE, 2), (deep, 3)):
        world = custom_world(ca)
        assert trusted(world) == {frozenset({facts(ROOT)})}
        for name in LEAF_SECRETS:
            found = shown(world, name)
            path = path_of((*found, facts(ROOT)))
            assert (len(found), len(path), path[-1]) == (length, length + 1, facts(ROOT))
        assert_settles(world)


def test_an_intermediate_with_another_key_below_the_same_root_takes_one_roll() -> None:
    """Everybody trusts it already: only the leaves change."""
    again = authority("Corporate Issuing 2", key="issuing 2", above=ROOT)
    world = step(replace(custom_world(INTERMEDIATE), tiers=SETTLED).giving(again))
    assert world.plan().stage is Stage.TRUST
    assert trusted(world) == {frozenset({facts(ROOT)})}
    world = replace(world, tiers=SETTLED)
    for _ in range(5):
        world = step(world)
    assert all(is_signed_by(shown(world, name)[0], facts(again)) for name in LEAF_SECRETS)
    assert_settles(world)


def test_an_intermediate_with_other_dates_is_shown_by_every_leaf() -> None:
    """A leaf is reissued with it, for a chain alone rolls no pod."""
    renewed = authority(
        "Corporate Issuing", key="issuing", above=ROOT, path_length=0, end=NOW + 2000 * DAY
    )
    world = custom_world(INTERMEDIATE)
    answer = step(world.giving(renewed)).plan()
    assert causes(answer) == {(name, "ChainMismatch") for name in LEAF_SECRETS}
    after = settle(world.giving(renewed))
    assert all(shown(after, name)[1] == facts(renewed) for name in LEAF_SECRETS)
    keys = {name: one.data[TLS_KEY] for name, one in world.leaves.items()}
    assert {name: one.data[TLS_KEY] for name, one in after.leaves.items()} == keys


# --- C54: from ours to the user's and back --------------------------------------------
def test_c54_from_a_ca_of_ours_to_the_users_the_old_one_stays_until_it_is_through() -> None:
    """Its key signs during trust, and is destroyed when the user's CA takes over."""
    world = replace(own_world(), named=True, tiers=UNSETTLED).giving(ROOT)
    assert_unchanged(world, world.plan())  # it waits for settled ground
    old = world.active
    world = settle(replace(step(replace(world, tiers=SETTLED)), tiers=UNSETTLED))
    assert world.ca is not None
    assert CA_KEY in world.ca.data
    assert NEXT_KEY not in world.ca.data
    assert trusted(world) == {frozenset({old, facts(ROOT)})}
    late = world.later(days=364)
    assert all(reason in {"NearExpiry", "CANearExpiry"} for _, reason in causes(late.plan()))
    world = step(replace(world, tiers=SETTLED))
    assert world.in_ca(PREVIOUS_CERT) == (old,)
    assert world.keys_in_ca() == set()
    for _ in range(4):
        world = step(world)
    assert trusted(world) == {frozenset({facts(ROOT)})}
    assert_settles(world)


def test_c54_and_back_to_a_ca_of_ours() -> None:
    """A new generation with a key of its own; nothing of the user's is read any more."""
    world = replace(custom_world(), named=False, tiers=SETTLED)
    world = step(world)
    assert world.keys_in_ca() == {NEXT_KEY}
    world = settle(replace(world, tiers=UNSETTLED))
    assert trusted(world) == {frozenset({facts(ROOT), *world.in_ca(NEXT_CERT)})}
    world = replace(world, tiers=SETTLED)
    for _ in range(5):
        world = step(world)
    assert world.keys_in_ca() == {CA_KEY}
    assert world.ca is not None
    assert USER_CA not in world.ca.annotations
    assert trusted(world) == {frozenset(world.in_ca())}
    assert_settles(world)


def test_c54_a_change_that_is_taken_back_during_trust_ends_where_it_began() -> None:
    """Own, then the user's, then own again: the own CA is the same one."""
    own = own_world()
    world = settle(
        replace(step(replace(own, named=True, tiers=SETTLED).giving(ROOT)), tiers=UNSETTLED)
    )
    world = settle(replace(world, named=False))
    assert world.active == own.active
    assert trusted(world) == {frozenset({own.active})}
    assert all(shown(world, name) == shown(own, name) for name in LEAF_SECRETS)


def test_the_way_back_records_an_annotation_that_stands_already() -> None:
    """So that it does not rotate once more right after it."""
    world = replace(custom_world(), named=False, tiers=SETTLED).as_asked("old")
    for _ in range(8):
        world = world.step()
    assert_unchanged(world, world.plan())
