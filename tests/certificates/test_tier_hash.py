"""The hash in a pod template: what rolls a tier, and what does not."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from app.certificates.leaves import TIER_LEAVES
from app.certificates.pem import key_pem
from app.certificates.tier_hash import cert_hash
from app.names import Role
from app.schema.tls import CertConfig
from app.secret_data import SecretData
from tests.certificates.scenario import (
    INDEXER,
    NAMES,
    NOW,
    World,
    authority_secret,
    edited,
    new_world,
    other_signer,
    reissued,
)

DASHBOARD = NAMES.certs("dashboard")


def tier_hash(world: World, role: Role = Role.DASHBOARD, *, reloads: bool = False) -> str | None:
    """Hash of a tier over what is observed."""
    assert world.ca is not None
    mounted = [world.leaves[NAMES.certs(name)] for name in TIER_LEAVES[role]]
    return cert_hash(world.ca, mounted, reloads=reloads)


def hashes(world: World, steps: int, *, reloads: bool = False) -> list[str | None]:
    """Distinct hashes in a row over some calls: their number less one is the number of rolls."""
    found = [tier_hash(world, reloads=reloads)]
    for _ in range(steps):
        world = world.step()
        current = tier_hash(world, reloads=reloads)
        if current != found[-1]:
            found.append(current)
    return found


def test_it_has_sixteen_hex_characters(settled: World) -> None:
    """Fit for an annotation that people compare by eye."""
    assert re.fullmatch(r"[0-9a-f]{16}", tier_hash(settled) or "")


def test_tiers_differ(settled: World) -> None:
    """Each has leaves of its own."""
    assert len({tier_hash(settled, role) for role in TIER_LEAVES}) == len(TIER_LEAVES)


def other_order(world: World, secret: SecretData) -> SecretData:
    """A bundle of two, turned round."""
    text = other_signer("wz-ca-2").certificate.pem + world.active.pem
    return edited(secret, ca_crt=text.encode())


def without_change(world: World, secret: SecretData) -> SecretData:
    """A bundle of two."""
    text = world.active.pem + other_signer("wz-ca-2").certificate.pem
    return edited(secret, ca_crt=text.encode())


@pytest.mark.parametrize("reloads", [True, False])
def test_order_line_breaks_annotations_and_extra_keys_change_nothing(
    settled: World, *, reloads: bool
) -> None:
    """Only fingerprints count."""
    secret = settled.leaves[DASHBOARD]
    assert settled.ca is not None
    expected = cert_hash(settled.ca, [secret], reloads=reloads)
    broken_lines = "# a comment\n" + settled.active.pem.replace("\n", "\r\n")
    twice = settled.active.pem * 2
    for changed in (
        edited(secret, ca_crt=broken_lines.encode()),
        edited(secret, ca_crt=twice.encode()),
        edited(secret, mine_txt=b"x"),
        replace(secret, annotations={"wazuh.com/other": "1"}, type="Opaque"),
        without_change(settled, secret),
        other_order(settled, secret),
    ):
        assert cert_hash(settled.ca, [changed], reloads=reloads) == expected


def test_a_renewed_leaf_rolls_a_tier_that_does_not_reload(settled: World) -> None:
    """Once; and not at all a tier that reloads, though key and certificate are new."""
    world = settled.later(days=364)
    assert len(hashes(world, 3)) == 2
    assert len(hashes(world, 3, reloads=True)) == 1


@pytest.mark.parametrize("reloads", [True, False])
def test_a_renewed_ca_rolls_every_tier_once(*, reloads: bool) -> None:
    """Not when the CA is written, but when the bundle with it is observed."""
    world = new_world().later(days=400).settle()
    due = world.at(world.plan().renewal_times["wz-ca"])
    assert tier_hash(due.step()) == tier_hash(due)
    assert len(hashes(due, 4, reloads=reloads)) == 2


@pytest.mark.parametrize("reloads", [True, False])
def test_ca_and_leaves_renewed_together_roll_once(*, reloads: bool) -> None:
    """Certificate and bundle arrive in one write (C11)."""
    config = CertConfig.model_validate({"caValidityDays": 365, "caRenewalThresholdDays": 60})
    world = new_world(config=config).later(days=350)
    assert len(hashes(world, 4, reloads=reloads)) == 2


def test_a_changed_subject_rolls_a_tier_that_reloads(settled: World) -> None:
    """The setting that knows nodes by name is read at start."""
    config = CertConfig.model_validate({"organization": "Acme"})
    world = replace(settled, config=config)
    assert len(hashes(world, 3, reloads=True)) == 2


def test_a_rotation_rolls_twice_and_pruning_does_not(settled: World) -> None:
    """Trust, reissue, prune: the retiring CA drops out when the reissued leaf arrives."""
    assert settled.ca is not None
    new = other_signer("wz-ca-2")
    pem, old = new.certificate.pem.encode(), settled.active.pem.encode()
    trust = settled.with_ca(edited(settled.ca, next_crt=pem, next_key=key_pem(new.key)))
    trusting = trust.settle()
    reissue = trusting.with_ca(authority_secret(new, previous_crt=old))
    reissuing = reissue.settle()
    prune = reissuing.with_ca(authority_secret(new))
    pruned = prune.settle()
    seen = [
        tier_hash(world, reloads=True)
        for world in (settled, trust, trusting, reissue, reissuing, prune, pruned)
    ]
    first, second, third = seen[0], seen[2], seen[4]
    assert len({first, second, third}) == 3
    assert seen == [first, first, second, second, third, third, third]


def test_each_secret_of_a_tier_counts_by_itself(settled: World) -> None:
    """A union would not change when the second of two Secrets gets its bundle."""
    assert settled.ca is not None
    new = other_signer("wz-ca-2")
    pem = new.certificate.pem.encode()
    world = settled.with_ca(edited(settled.ca, next_crt=pem, next_key=key_pem(new.key)))
    both = world.settle()
    own, filebeat = NAMES.certs("manager-master"), NAMES.certs("filebeat")
    half = world.with_leaf(both.leaves[own])
    whole = half.with_leaf(both.leaves[filebeat])
    seen = [tier_hash(each, Role.MANAGER_MASTER) for each in (world, half, whole)]
    assert len(set(seen)) == 3


def test_a_leaf_of_another_ca_changes_the_hash(settled: World) -> None:
    """Issuer and its key are part of it, so evidence of a reissue can be read from it."""
    other = reissued(settled, DASHBOARD, signer=other_signer("wz-ca"))
    changed = settled.with_leaf(other)
    assert tier_hash(changed, reloads=True) != tier_hash(settled, reloads=True)


@pytest.mark.parametrize("key", ["tls_crt", "ca_crt"])
def test_what_cannot_be_read_has_no_hash(settled: World, key: str) -> None:
    """Pods must not roll onto it: the annotation that is there stays."""
    broken = edited(settled.leaves[DASHBOARD], **{key: b"garbage"})
    assert tier_hash(settled.with_leaf(broken)) is None
    assert settled.ca is not None
    corrupt = settled.with_ca(edited(settled.ca, ca_crt=b"garbage"))
    assert tier_hash(corrupt) is None


def test_replaced_keys_alone_do_not_change_it(settled: World) -> None:
    """A key in another encoding rolls nothing (C28)."""
    changed = edited(settled.leaves[INDEXER], tls_key=b"anything")
    assert tier_hash(settled.with_leaf(changed), Role.INDEXER) == tier_hash(settled, Role.INDEXER)


def test_it_does_not_depend_on_the_time(settled: World) -> None:
    """Nothing rolls because a day has passed."""
    assert tier_hash(settled.at(NOW + timedelta(days=300))) == tier_hash(settled)
