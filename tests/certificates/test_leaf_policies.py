"""The leaf chain: one table, one row for each reason and for what is no reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from app.certificates.leaf_policies import LEAF_RULES, LeafInput, LeafReason
from app.certificates.observation import observed_leaf
from app.certificates.pem import key_pem
from app.certificates.policies import first_reason
from app.certificates.wishes import leaf_wishes
from app.schema.tls import CertConfig
from app.secret_data import SecretData
from tests.certificates.scenario import (
    CONFIG,
    INDEXER,
    NAMES,
    NOW,
    UID,
    World,
    edited,
    other_signer,
    reissued,
    traditional,
)

NEW_KEY = ec.derive_private_key(12345, ec.SECP256R1())
Change = Callable[[World], LeafInput]


def leaf_input(world: World, secret: SecretData | None, config: CertConfig = CONFIG) -> LeafInput:
    """The chain's input for the indexer's leaf with ``secret`` observed."""
    wish = leaf_wishes(NAMES, config)[0]
    return LeafInput(
        state=observed_leaf(wish.plan, secret),
        wish=wish,
        signers=(world.active,),
        now=world.now,
        uid=UID,
    )


def observed(world: World) -> LeafInput:
    """Nothing is wrong."""
    return leaf_input(world, world.leaves[INDEXER])


def changed(**values: bytes | None) -> Change:
    """The Secret's data edited by hand."""
    return lambda world: leaf_input(world, edited(world.leaves[INDEXER], **values))


def configured(**fields: object) -> Change:
    """The spec says something else."""
    config = CertConfig.model_validate(fields)
    return lambda world: leaf_input(world, world.leaves[INDEXER], config)


def after(**span: float) -> Change:
    """Time has passed."""
    return lambda world: replace(observed(world), now=NOW + timedelta(**span))


def of_another_ca(world: World) -> LeafInput:
    """Signed by a CA that has our name and another key."""
    return leaf_input(world, reissued(world, INDEXER, signer=other_signer("wz-ca")))


def with_foreign_authority_key(world: World) -> LeafInput:
    """Signed by our key, but naming another one."""
    ours = world.signer
    claimed = replace(ours, certificate=replace(ours.certificate, ski="00" * 20))
    return leaf_input(world, reissued(world, INDEXER, signer=claimed))


def with_one_usage(world: World) -> LeafInput:
    """No client authentication: a node that cannot join its peers."""
    return leaf_input(world, reissued(world, INDEXER, terms={"eku": ("serverAuth",)}))


def from_the_future(world: World) -> LeafInput:
    """Issued by a clock that was two hours ahead, below a CA of the same clock."""
    later = reissued(world, INDEXER, now=NOW + timedelta(hours=2, seconds=1))
    return replace(leaf_input(world, later), now=NOW)


def pulled_along(world: World) -> LeafInput:
    """In its window, before its own renewal time, while another leaf is due."""
    begin = world.certificate(INDEXER).not_after - timedelta(days=30)
    return replace(observed(world), now=begin, pulled=True)


def pulled_too_early(world: World) -> LeafInput:
    """A second before its window."""
    value = pulled_along(world)
    return replace(value, now=value.now - timedelta(seconds=1))


def in_window_alone(world: World) -> LeafInput:
    """In its window, nothing else due."""
    return replace(pulled_along(world), pulled=False)


def due_below_a_ca_that_ends_with_it(world: World) -> LeafInput:
    """A new leaf could not live longer, so renewing would never stop."""
    end = world.certificate(INDEXER).not_after
    ending = replace(world.active, not_after=end)
    return replace(observed(world), now=end - timedelta(hours=1), signers=(ending,))


def request(value: str | None, recorded: str | None) -> Change:
    """The annotation on the WazuhCluster against the one on the Secret."""
    return lambda world: replace(observed(world), request=value, recorded=recorded)


def under_an_intermediate(world: World) -> LeafInput:
    """The user's CA that signed it has an intermediate, which the Secret does not show."""
    return replace(observed(world), paths=((world.active, world.active),))


def under_a_root(world: World) -> LeafInput:
    """The user's CA is a root, which needs no chain."""
    return replace(observed(world), paths=((world.active,),))


ROWS: list[tuple[str, Change, LeafReason | None]] = [
    ("keeps what is right", observed, None),
    ("keeps what a root of the user signed", under_a_root, None),
    ("misses an intermediate", under_an_intermediate, LeafReason.CHAIN_MISMATCH),
    ("misses a Secret", lambda world: leaf_input(world, None), LeafReason.SECRET_MISSING),
    ("misses a key", changed(tls_key=None), LeafReason.KEY_UNREADABLE),
    ("cannot read a key", changed(tls_key=b"garbage"), LeafReason.KEY_UNREADABLE),
    ("misses a certificate", changed(tls_crt=None), LeafReason.CERTIFICATE_UNREADABLE),
    ("cannot read a certificate", changed(tls_crt=b"x"), LeafReason.CERTIFICATE_UNREADABLE),
    ("names the key first", changed(tls_crt=b"x", tls_key=b"x"), LeafReason.KEY_UNREADABLE),
    ("sees another key", changed(tls_key=key_pem(NEW_KEY)), LeafReason.KEY_MISMATCH),
    ("sees another SEC1 key", changed(tls_key=traditional(NEW_KEY)), LeafReason.KEY_MISMATCH),
    ("wants another algorithm", configured(keyAlgorithm="RSA-2048"), LeafReason.KEY_ALGORITHM),
    ("sees a stranger's signature", of_another_ca, LeafReason.ISSUER_MISMATCH),
    ("sees another AKI", with_foreign_authority_key, LeafReason.AUTHORITY_KEY_MISMATCH),
    ("wants another subject", configured(organization="Acme"), LeafReason.SPEC_MISMATCH),
    ("wants another name", configured(extraSANs={"indexer": ["a.b"]}), LeafReason.SPEC_MISMATCH),
    ("wants another address", configured(extraSANs={"indexer": ["::1"]}), LeafReason.SPEC_MISMATCH),
    ("leaves names of other tiers", configured(extraSANs={"dashboard": ["a.b"]}), None),
    ("sees other usages", with_one_usage, LeafReason.SPEC_MISMATCH),
    ("is asked for a renewal", request("2", "1"), LeafReason.RENEWAL_REQUESTED),
    ("is asked for the first time", request("1", None), LeafReason.RENEWAL_REQUESTED),
    ("has recorded the request", request("2", "2"), None),
    ("is not asked any more", request(None, "2"), None),
    ("is not asked by an empty value", request("", None), None),
    ("is not valid yet", from_the_future, LeafReason.NOT_YET_VALID),
    ("has expired", after(days=365, seconds=1), LeafReason.EXPIRED),
    ("expires in this second", after(days=365), LeafReason.NEAR_EXPIRY),
    ("is long before its window", after(days=334), None),
    ("is pulled along", pulled_along, LeafReason.NEAR_EXPIRY),
    ("is not pulled before its window", pulled_too_early, None),
    ("waits for its jitter", in_window_alone, None),
    ("cannot live longer anyway", due_below_a_ca_that_ends_with_it, None),
    (
        "lives longer than allowed",
        configured(validityDays=90, renewalThresholdDays=30),
        LeafReason.VALIDITY_SHORTENED,
    ),
    ("lives as long as allowed by a late clock", after(seconds=-30), None),
]


@pytest.mark.parametrize(
    ("change", "expected"), [pytest.param(row[1], row[2], id=row[0]) for row in ROWS]
)
def test_the_first_reason_wins(settled: World, change: Change, expected: LeafReason | None) -> None:
    """Row by row; no reason means keep."""
    verdict = first_reason(LEAF_RULES, change(settled))
    assert (None if verdict is None else verdict.reason) == expected


def test_every_reason_of_the_chain_has_a_row() -> None:
    """A rule without a row would be a rule without a test."""
    assert {rule.reason for rule in LEAF_RULES} == {row[2] for row in ROWS if row[2] is not None}


def test_the_order_of_the_chain_is_fixed() -> None:
    """It decides which key survives."""
    assert [str(rule.reason) for rule in LEAF_RULES] == [
        "SecretMissing",
        "KeyUnreadable",
        "CertificateUnreadable",
        "KeyMismatch",
        "KeyAlgorithm",
        "IssuerMismatch",
        "AuthorityKeyMismatch",
        "ChainMismatch",
        "SpecMismatch",
        "RenewalRequested",
        "NotYetValid",
        "Expired",
        "NearExpiry",
        "ValidityShortened",
    ]


def test_a_leaf_of_the_staged_successor_is_left_alone(settled: World) -> None:
    """During a rotation both CAs of the stage may have signed."""
    successor = other_signer("wz-ca-2")
    value = leaf_input(settled, reissued(settled, INDEXER, signer=successor))
    both = replace(value, signers=(settled.active, successor.certificate))
    assert first_reason(LEAF_RULES, value) is not None
    assert first_reason(LEAF_RULES, both) is None


def test_the_message_names_what_differs(settled: World) -> None:
    """So that a person sees which field of the spec did it."""
    verdict = first_reason(LEAF_RULES, configured(extraSANs={"indexer": ["siem.acme"]})(settled))
    assert verdict is not None
    assert verdict.message == "names +siem.acme"
    verdict = first_reason(LEAF_RULES, configured(organization="Acme")(settled))
    assert verdict is not None
    assert "CN=wz-indexer,OU=Wazuh,O=Acme,L=California,C=US" in verdict.message


def test_messages_give_dates_and_never_days_left(settled: World) -> None:
    """A number that changes from day to day would write the status every day."""
    due = after(days=364)(settled)
    verdicts = [
        first_reason(LEAF_RULES, replace(due, now=due.now + timedelta(hours=hour)))
        for hour in range(3)
    ]
    assert len({verdict.message for verdict in verdicts if verdict is not None}) == 1
    assert verdicts[0] is not None
    assert "2027-03-01T12:00:00Z" in verdicts[0].message
