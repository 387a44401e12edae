"""Changes of the spec, an invalid spec, and a rotation by hand; rows by their number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import rsa

from app.certificates.observation import NEXT_CERT, NEXT_KEY, PREVIOUS_CERT, certificates_in
from app.certificates.pem import is_signed_by, key_pem
from app.certificates.plan import Stage
from app.names import (
    CA_CERT,
    CA_KEY,
    RENEW_CERTIFICATES,
    ROTATE_CA,
    TLS_KEY,
    Names,
)
from tests.certificates.answers import (
    assert_settles,
    assert_unchanged,
    causes,
    configured,
    reasons,
)
from tests.certificates.scenario import (
    CONFIG,
    INDEXER,
    LEAF_SECRETS,
    NAMES,
    NOW,
    World,
    authority_secret,
    edited,
    new_world,
    other_signer,
    reissued,
)

DAY = timedelta(days=1)
DASHBOARD = NAMES.certs("dashboard")
ADMIN = NAMES.certs("admin")


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


def test_a_request_beside_another_reason_still_brings_a_new_key(settled: World) -> None:
    """Else it would be recorded without having happened."""
    config = configured(extraSANs={"indexer": ["siem.acme"]})
    world = replace(settled, config=config, renew_request="monday")
    assert (INDEXER, "SpecMismatch") in causes(world.plan())
    after = assert_settles(world)
    old, new = settled.certificate(INDEXER), after.certificate(INDEXER)
    assert old.spki_fingerprint != new.spki_fingerprint


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
    assert reasons(answer) == ["CertificateUnreadable", "Issuing"]


def test_a_staged_successor_is_kept_and_trusted(settled: World) -> None:
    """The bundle is active and next, the signer is the active one."""
    assert settled.ca is not None
    successor = other_signer("wz-ca-2")
    values = {"next_crt": successor.certificate.pem.encode(), "next_key": key_pem(successor.key)}
    staged = edited(settled.ca, **values)
    world = settled.with_ca(staged).without_leaf(DASHBOARD)
    answer = world.plan()
    assert answer.stage is Stage.TRUST
    assert answer.next_ca == successor.certificate
    after = assert_settles(world)
    assert after.ca is not None
    assert after.ca.data == staged.data
    assert set(after.ca.data) == {CA_CERT, CA_KEY, NEXT_CERT, NEXT_KEY}
    for name in LEAF_SECRETS:
        bundle = certificates_in(after.leaves[name], CA_CERT)
        assert bundle == (settled.active, successor.certificate)
    assert is_signed_by(after.certificate(DASHBOARD), settled.active)


def test_a_leaf_that_the_successor_signed_is_left_alone(settled: World) -> None:
    """Also while the active CA signs what is due."""
    assert settled.ca is not None
    new = other_signer("wz-ca-2")
    values = {"next_crt": new.certificate.pem.encode(), "next_key": key_pem(new.key)}
    leaf = reissued(settled, INDEXER, signer=new)
    world = settled.with_ca(edited(settled.ca, **values)).with_leaf(leaf)
    assert {reason for _, reason in causes(world.plan())} == {"BundleChanged"}
    assert assert_settles(world).certificate(INDEXER) == world.certificate(INDEXER)


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
