"""What is read of the observed Secrets."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from datetime import timedelta

import pytest

from app.certificates.issue import renewed_ca
from app.certificates.leaves import leaf_plans
from app.certificates.observation import (
    LeafState,
    authority_name,
    foreign_ca,
    generation,
    lost_ca,
    observed_authority,
    observed_leaf,
)
from app.certificates.pem import key_pem
from app.stamps import is_proven
from tests.certificates.scenario import (
    INDEXER,
    NAMES,
    World,
    authority_secret,
    edited,
    other_signer,
    reissued,
)


def states(world: World) -> tuple[LeafState, ...]:
    """All planned leaves as observed."""
    return tuple(
        observed_leaf(plan, world.leaves.get(plan.secret)) for plan in leaf_plans(NAMES, None)
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wz-ca", 1),
        ("wz-ca-2", 2),
        ("wz-ca-17", 17),
        ("wz-ca-x", 0),
        ("wz-ca-²", 0),
        ("wz-ca-12345678901", 0),
        ("other-ca", 0),
    ],
)
def test_the_generation_is_read_from_the_common_name(
    settled: World, name: str, expected: int
) -> None:
    """Any other name counts as none."""
    subject = (*settled.active.subject[:-1], ("CN", name))
    facts = dataclasses.replace(settled.active, subject=subject, fingerprint=name)
    assert generation("wz", facts) == expected


def test_names_of_generations_differ() -> None:
    """Two CAs of one name make path building pick the wrong one."""
    assert [authority_name("wz", number) for number in (1, 2, 3)] == [
        "wz-ca",
        "wz-ca-2",
        "wz-ca-3",
    ]


def test_the_lost_ca_is_the_newest_generation_in_the_bundles(settled: World) -> None:
    """Whichever Secret holds it, in whatever order."""
    newer = other_signer("wz-ca-2").certificate
    text = settled.active.pem + newer.pem
    world = settled.with_leaf(edited(settled.leaves[INDEXER], ca_crt=text.encode()))
    assert lost_ca("wz", states(settled)) == settled.active
    assert lost_ca("wz", states(world)) == newer
    assert lost_ca("wz", ()) is None


def test_a_foreign_ca_must_stand_in_every_bundle(settled: World) -> None:
    """One leaf of a stranger that the others do not trust is only an issuer mismatch."""
    ours = observed_authority(settled.ca)
    other = other_signer("other")
    assert ours is not None
    assert foreign_ca(ours, states(settled), settled.now) is None
    strange = edited(
        reissued(settled, INDEXER, signer=other), ca_crt=other.certificate.pem.encode()
    )
    assert foreign_ca(ours, states(settled.with_leaf(strange)), settled.now) is None
    replaced = observed_authority(authority_secret(other))
    assert replaced is not None
    assert foreign_ca(replaced, states(settled), settled.now) == settled.active


def test_a_retiring_ca_is_not_foreign(settled: World) -> None:
    """It explains leaves that are not reissued yet."""
    authority = observed_authority(
        authority_secret(other_signer("wz-ca-2"), previous_crt=settled.active.pem.encode())
    )
    assert authority is not None
    assert foreign_ca(authority, states(settled), settled.now) is None


def test_one_certificate_of_each_key_stands_in_a_bundle(settled: World) -> None:
    """Two of one name, one of them about to expire, stop a start of OpenSearch."""
    assert settled.ca is not None
    former = renewed_ca(
        settled.active,
        settled.signer.key,
        now=settled.now,
        validity=timedelta(days=100),
        serial=3,
    )
    authority = observed_authority(edited(settled.ca, next_crt=former, previous_crt=former))
    assert authority is not None
    assert authority.bundle(settled.now) == (settled.active,)


def test_only_keys_that_fit_are_verified(settled: World) -> None:
    """A digest must never vouch for a pair that does not fit."""
    assert settled.ca is not None
    wrong = key_pem(other_signer(seed=7).key)
    successor = other_signer("wz-ca-2")
    next_crt = successor.certificate.pem.encode()
    rows = {
        True: (
            settled.ca,
            replace(settled.ca, annotations={}),
            edited(settled.ca, ca_key=None),
            edited(settled.ca, next_crt=next_crt, next_key=key_pem(successor.key)),
        ),
        False: (
            edited(settled.ca, ca_key=wrong),
            edited(settled.ca, ca_key=b"garbage"),
            edited(settled.ca, next_crt=next_crt, next_key=wrong),
            edited(settled.ca, next_crt=next_crt),
            edited(settled.ca, next_key=wrong),
        ),
    }
    for expected, secrets in rows.items():
        for secret in secrets:
            authority = observed_authority(secret)
            assert authority is not None
            assert authority.is_verified is expected


def test_a_proven_secret_loads_no_key(settled: World) -> None:
    """The facts of its key are not even there."""
    assert settled.ca is not None
    assert is_proven(settled.ca)
    authority = observed_authority(settled.ca)
    leaf = observed_leaf(leaf_plans(NAMES, None)[0], settled.leaves[INDEXER])
    assert authority is not None
    assert (authority.key, leaf.key) == (None, None)
    assert authority.has_usable_key
    assert leaf.is_verified


def test_a_ca_about_to_expire_leaves_the_bundle_but_for_an_active_one_without_successor(
    settled: World,
) -> None:
    """Leaves are of the active CA; with a successor staged they will not be for long."""
    assert settled.ca is not None
    other = other_signer("wz-ca-2")
    lasting = renewed_ca(
        other.certificate,
        other.key,
        now=settled.now,
        validity=timedelta(days=900),
        serial=3,
    )
    late = settled.now + timedelta(days=729, hours=1)
    retiring = observed_authority(edited(settled.ca, previous_crt=lasting))
    staged = observed_authority(edited(settled.ca, next_crt=lasting))
    assert retiring is not None
    assert staged is not None
    assert retiring.bundle(late) == (settled.active, *retiring.previous)
    assert staged.bundle(late) == (staged.next,)
    assert staged.bundle(settled.now) == (settled.active, staged.next)
