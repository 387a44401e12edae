"""A refused spec: everything as last applied, certificates renewed by time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from app.certificates.leaves import TIER_LEAVES
from app.certificates.plan import CertificatePlan, Stage
from app.certificates.tier_hash import cert_hash
from app.config import opensearch
from app.credentials.identity import IdentityPlan
from app.entropy import Entropy
from app.faults import Fault
from app.hook.answer import answer
from app.names import TIERS, Names, Role
from app.observed.request import SyncRequest
from app.resolve import held_fields
from app.resolve.authority import certificate_plan
from app.resolve.resolve import OPENSEARCH_YML
from app.result import Outcome, Result
from app.rollout import frozen
from app.rollout import plan as rollout
from app.rollout.hash_gate import RolloutFacts
from app.rollout.plan import Rollout, own_secrets
from app.rollout.tier_state import Standing, TierState
from app.secret_data import SecretData
from app.status.components import was_disabled
from app.status.status import StatusFacts, build

NOTHING_HELD: Final = IdentityPlan(secrets=(), lost=(), expected=(), reissues=())
_ORDERED: Final = "Ordered"


def frozen_answer(
    asked: SyncRequest, faults: tuple[Fault, ...], *, now: datetime, entropy: Entropy
) -> Result:
    """An invalid spec: everything as last applied, certificates renewed by time."""
    named = Names(cluster=asked.name, namespace=asked.namespace, domain="")
    certificates = certificate_plan(asked, named, None, now=now, entropy=entropy)
    hashes = {} if certificates.hold is not None else _frozen_hashes(asked, named)
    going_on: list[SecretData] = [one for _, one in certificates.secrets]
    rendered = frozen.children(asked.observed, going_on, hashes)
    rolled = rollout.plan(frozen_facts(asked, named, certificates, now), rendered)
    told = build(
        StatusFacts(
            request=asked,
            now=now,
            version=None,
            tiers=told_tiers(asked, rolled),
            certificates=certificates,
            identity=NOTHING_HELD,
            faults=faults,
            children=rolled.children,
            is_frozen=True,
        )
    )
    return answer(
        asked,
        told,
        children=rolled.children,
        rolled=rolled,
        certificates=certificates,
        reissues=certificates.reissues,
        outcome=Outcome.FROZEN,
        now=now,
        is_waiting=certificates.hold is not None
        or bool(rolled.held)
        or any(one.change for one in rolled.tiers),
    )


def _frozen_hashes(asked: SyncRequest, named: Names) -> dict[Role, str]:
    """Certificate hash of each tier, from what is observed alone."""
    secrets = asked.observed.secrets
    text = held_fields.observed_text(asked.observed, named.config_map(Role.INDEXER), OPENSEARCH_YML)
    reloads = text is not None and opensearch.reloads_certificates(text)
    ca = secrets.get(named.ca)
    hashes: dict[Role, str] = {}
    for role, leaves in TIER_LEAVES.items():
        found = [secrets[name] for leaf in leaves if (name := named.certs(leaf)) in secrets]
        if ca is not None and len(found) == len(leaves):
            made = cert_hash(ca, found, reloads=reloads and role is Role.INDEXER)
            if made is not None:
                hashes[role] = made
    return hashes


def told_tiers(asked: SyncRequest, rolled: Rollout) -> tuple[TierState, ...]:
    """Tiers for the status: what is not there is absent, disabled only if it was before."""
    return tuple(
        replace(one, standing=Standing.WAITS, passed=False)
        if one.workload is None and not was_disabled(asked.status, one.role)
        else one
        for one in rolled.tiers
    )


def frozen_facts(
    asked: SyncRequest, named: Names, certificates: CertificatePlan, now: datetime
) -> RolloutFacts:
    """What ordering rests on where no spec can be read: replicas as observed, in order.

    A Secret that is not there is not made either, so a tier that needs it holds nobody.
    """
    workloads = asked.observed.workloads
    return RolloutFacts(
        names=named,
        observed=asked.observed,
        now=now,
        replicas={role: workloads[role].wanted if role in workloads else 0 for role in TIERS},
        creation=_ORDERED,
        update=_ORDERED,
        rewritten=certificates.rewritten,
        unusable=frozenset(own_secrets(named)) - asked.observed.secrets.keys(),
        once_settled=frozenset(),
        is_ca_steady=certificates.stage is Stage.STEADY,
        is_ca_held=certificates.hold is not None,
    )
