"""Leaves of the user: row C55 of the acceptance table; and what holds for all that users give."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from app.certificates import pem
from app.certificates.observation import NEXT_CERT
from app.certificates.pem import is_signed_by
from app.certificates.plan import Stage
from app.certificates.quiet import quiet_plan
from app.names import CA_CERT, TLS_KEY
from tests.certificates.answers import assert_settles, assert_unchanged, reasons
from tests.certificates.custom_objects import (
    ALL,
    DAY,
    EVERYWHERE,
    OTHER,
    ROOT,
    CustomWorld,
    authority,
    bundle_with,
    ca_data,
    custom_world,
    facts,
    given,
    given_leaf,
    leaf_data,
    leaf_secrets,
    messages,
    own_world,
    settle,
    shown,
    step,
)
from tests.certificates.scenario import INDEXER, LEAF_SECRETS, NAMES, NOW, SETTLED


# --- C55: leaves of the user ----------------------------------------------------------
def test_c55_the_users_leaves_are_read_and_never_made() -> None:
    """No leaf of ours, no key needed; their ends are watched."""
    world = CustomWorld(leaf_names=ALL, secrets=leaf_secrets(ROOT))
    world = settle(world.giving(ca_data(ROOT, with_key=False)))
    answer = world.plan()
    assert world.leaves == {}
    assert reasons(answer) == []
    assert dict(answer.mounts) == {name: f"my-{name}" for name in ALL}
    assert set(answer.leaf_facts) == {f"my-{name}" for name in ALL}
    assert answer.earliest_expiry == NOW + 300 * DAY


def test_c55_a_leaf_near_its_end_is_named_with_its_date_and_left_alone() -> None:
    """Thirty days before by default; the plan asks to be called then, and again at the end."""
    world = replace(given(*ALL), mounted_by=EVERYWHERE)
    before = world.at(NOW + 270 * DAY - timedelta(seconds=1))
    assert reasons(before.plan()) == []
    assert before.plan().next_due == NOW + 270 * DAY
    near = world.at(NOW + 270 * DAY)
    answer = near.plan()
    assert set(reasons(answer)) == {"CustomCertificateNearExpiry"}
    assert all(one.warns for one in answer.findings)
    assert "expires on 2026-12-26T12:00:00Z" in messages(answer)
    assert_unchanged(near, answer)
    gone = world.at(NOW + 301 * DAY).plan()
    assert set(reasons(gone)) == {"CustomCertificateUnusable"}
    assert "expired on 2026-12-26T12:00:00Z" in messages(gone)
    assert gone.unusable == {f"my-{name}" for name in ALL}
    assert gone.rewritten == frozenset()


def test_leaves_that_the_user_does_not_give_are_signed_by_the_users_ca() -> None:
    """Some of each, by reference."""
    world = given("indexer", "dashboard")
    assert set(world.leaves) == set(LEAF_SECRETS) - {INDEXER, NAMES.certs("dashboard")}
    mounts = world.plan().mounts
    assert (mounts["indexer"], mounts["filebeat"]) == ("my-indexer", NAMES.certs("filebeat"))


GOOD = given_leaf(
    "wz-indexer", ROOT, dns_names=("wz-indexer.soc.svc", "wz-indexer.soc.svc.cluster.local")
)
STRANGE = given_leaf("a,b", ROOT)
DEAD = given_leaf("dead", ROOT, begin=NOW - 9 * DAY, end=NOW - DAY)
UNUSABLE_LEAVES = {
    "no Secret": (None, "SecretNotFound", "does not exist"),
    "no bundle": (
        {name: one for name, one in leaf_data(GOOD).items() if name != CA_CERT},
        "CustomCertificateUnusable",
        "no readable certificate in ca.crt",
    ),
    "no key": (
        {name: one for name, one in leaf_data(GOOD).items() if name != TLS_KEY},
        "CustomCertificateUnusable",
        "no usable private key",
    ),
    "another key": (
        leaf_data(GOOD) | {TLS_KEY: leaf_data(DEAD)[TLS_KEY]},
        "CustomCertificateUnusable",
        "of another certificate",
    ),
    "a bundle that is not its own": (
        leaf_data(GOOD, OTHER),
        "CustomCertificateUnusable",
        "does not lead to a root",
    ),
    "a CA": (leaf_data(ROOT), "CustomCertificateUnusable", "the certificate of a CA"),
    "an end that has passed": (leaf_data(DEAD), "CustomCertificateUnusable", "expired on"),
    "a subject for no setting": (leaf_data(STRANGE), "CustomCertificateUnusable", "cannot carry"),
}


@pytest.mark.parametrize(("data", "reason", "said"), UNUSABLE_LEAVES.values(), ids=UNUSABLE_LEAVES)
def test_an_unusable_leaf_is_named_and_nothing_takes_its_place(
    data: dict[str, str] | None, reason: str, said: str
) -> None:
    """In a new cluster its tier waits; where pods run they keep what they have."""
    secrets = {} if data is None else {"my-indexer": data}
    world = CustomWorld(leaf_names=frozenset({"indexer"}), secrets=secrets).giving(ROOT)
    for mounted in (frozenset(), EVERYWHERE):
        settled = settle(replace(world, mounted_by=mounted))
        answer = settled.plan()
        assert reasons(answer) == [reason]
        assert said in messages(answer)
        assert INDEXER not in settled.leaves
        assert answer.mounts["indexer"] == "my-indexer"
        assert answer.unusable == {"my-indexer"}


def test_a_leaf_without_the_name_of_its_service_is_only_warned_of() -> None:
    """Clients that verify names would refuse it."""
    world = CustomWorld(leaf_names=frozenset({"indexer"})).giving(ROOT)
    bare = replace(
        world, secrets={**world.secrets, "my-indexer": leaf_data(given_leaf("wz-indexer", ROOT))}
    )
    answer = settle(bare).plan()
    assert reasons(answer) == ["CustomCertificateNames"]
    assert "wz-indexer.soc.svc.cluster.local" in messages(answer)


def test_a_leaf_of_the_user_is_taken_only_when_its_bundle_holds_every_ca_in_use() -> None:
    """From leaves of ours: trust first, then the user's Secret, then ours goes."""
    own = own_world()
    old = own.active
    world = replace(own, named=True, leaf_names=ALL, secrets=leaf_secrets(ROOT), tiers=SETTLED)
    world = world.giving(ca_data(ROOT, with_key=False))
    for _ in range(4):
        world = step(world)
    answer = world.plan()
    assert answer.stage is Stage.TRUST
    assert answer.mounts["indexer"] == INDEXER
    assert "must hold every CA that is in use now" in messages(answer)
    both = {
        name: {**data, CA_CERT: bundle_with(data[CA_CERT], old)}
        for name, data in leaf_secrets(ROOT).items()
    }
    world = replace(world, secrets={**world.secrets, **both})
    world = step(world)
    answer = world.plan()
    assert answer.stage is Stage.REISSUE
    assert set(answer.mounts.values()) == {f"my-{name}" for name in ALL}
    assert set(world.leaves) == set(LEAF_SECRETS)  # pods of tiers that have not rolled read them
    world = replace(world, mounted_by=EVERYWHERE)
    for _ in range(4):
        world = step(world)
    assert world.plan().stage is Stage.STEADY
    assert world.leaves == {}


def test_a_leaf_whose_subject_the_indexers_do_not_accept_yet_waits() -> None:
    """They read who is a node at their start only."""
    world = replace(given(), leaf_names=frozenset({"indexer"}), accepted_dns=frozenset())
    assert world.plan().mounts["indexer"] == INDEXER
    assert world.plan().given_subjects == {"indexer": "CN=wz-indexer,O=Example"}
    accepting = replace(world, accepted_dns=frozenset({"CN=wz-indexer,O=Example"}))
    assert accepting.plan().mounts["indexer"] == "my-indexer"


def test_a_leaf_of_the_user_takes_over_from_one_of_ours_also_where_none_was_made_yet() -> None:
    """A CA of ours is active and hands over in stages, so a leaf of it is no stand-in."""
    own = replace(own_world(), leaves={}, named=True, leaf_names=ALL, secrets=leaf_secrets(ROOT))
    world = settle(own.giving(ca_data(ROOT, with_key=False)))
    assert set(world.leaves) == set(LEAF_SECRETS)
    missing = settle(replace(own, secrets={}).giving(ca_data(ROOT, with_key=False)))
    assert missing.leaves == {}
    assert missing.plan().unusable == {f"my-{name}" for name in ALL}


def test_a_reference_to_another_secret_is_followed_when_nobody_loses_trust_by_it() -> None:
    """Pods go on with the Secret that they read until then."""
    ca = ca_data(ROOT, with_key=False)
    world = replace(given(*ALL).giving(ca), foreign={"dashboard": "before"})
    assert world.plan().mounts["dashboard"] == "my-dashboard"
    broken = replace(world, secrets={**world.secrets, "my-dashboard": {}})
    assert broken.plan().mounts["dashboard"] == "before"


def test_references_that_vanish_while_pods_read_them_change_nothing() -> None:
    """Nothing that could be made now would be trusted by the pods that run."""
    world = replace(
        given(*ALL), named=False, foreign={name: f"my-{name}" for name in ALL - {"admin"}}
    )
    answer = world.plan()
    assert reasons(answer) == ["CustomCertificateStillUsed"]
    assert answer.rewritten == frozenset()
    assert answer.mounts["dashboard"] == "my-dashboard"
    assert answer.is_stuck


# --- all rows -------------------------------------------------------------------------
def test_a_lost_ca_secret_comes_back_from_the_users_ca_when_a_person_says_so() -> None:
    """Held as ever; then the user's CA is active again, with no second CA and no key."""
    world = custom_world().with_ca(None)
    assert isinstance(world, CustomWorld)
    held = world.plan()
    assert held.hold is not None
    world = settle(replace(world, recreate_request=facts(ROOT).fingerprint))
    assert world.in_ca() == (facts(ROOT),)
    assert (world.in_ca(NEXT_CERT), world.keys_in_ca()) == ((), set())
    assert_settles(world)


def test_an_invalid_spec_takes_over_nothing_and_renews_with_the_ca_it_knows() -> None:
    """A CA of the user not seen before is not adopted; the known one goes on signing."""
    world = replace(custom_world(), config=None, tiers=SETTLED)
    assert_unchanged(world.giving(OTHER), world.giving(OTHER).plan())
    due = world.later(days=350)
    assert isinstance(due, CustomWorld)
    after = settle(due)
    assert all(shown(after, name) != shown(world, name) for name in LEAF_SECRETS)
    assert all(is_signed_by(shown(after, name)[0], facts(ROOT)) for name in LEAF_SECRETS)


def test_no_private_key_is_loaded_where_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The content of the user's Secrets was judged once."""
    worlds = (custom_world(), replace(given(*ALL), mounted_by=EVERYWHERE))
    for world in worlds:
        world.plan()

    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a private key was loaded")

    monkeypatch.setattr(pem, "load_pem_private_key", refuse)
    for world in worlds:
        assert_unchanged(world, world.plan())


def test_a_quiet_plan_ends_when_the_users_secret_changes_or_comes_near_its_end() -> None:
    """Kept by the content, until the next moment that counts."""
    world = custom_world()
    first = quiet_plan(world.request())
    assert quiet_plan(world.later(days=1).request()) is first
    assert quiet_plan(world.giving(OTHER).request()) is not first
    assert quiet_plan(world.giving(None).request()).findings != ()


def test_keys_of_the_user_are_in_no_repr() -> None:
    """Neither in the request nor in what is judged of it."""
    world = given(*ALL)
    text = repr(world.request()) + repr(world.plan())
    for data in world.secrets.values():
        assert TLS_KEY not in data or data[TLS_KEY] not in text


def test_a_ca_of_the_same_name_with_another_key_is_warned_of() -> None:
    """Programs that build paths may take the wrong one."""
    namesake = authority(key="namesake")
    answer = replace(custom_world(), tiers=SETTLED).giving(namesake).plan()
    assert "CustomCANamesake" in reasons(answer)
