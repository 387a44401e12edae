"""A refused spec: everything as last applied, certificates renewed by time.

A change of passwords that the index is about to take, or has taken, goes on as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from app.certificates.leaves import ADMIN
from app.certificates.plan import CertificatePlan, Stage
from app.cluster import SecurityJob
from app.components.security_job import job
from app.credentials import index_security, password_change, security_job
from app.credentials.identity import IdentityPlan
from app.credentials.security_job import JobPlan
from app.entropy import Entropy
from app.faults import Fault
from app.hook.answer import answer
from app.kinds import JOB
from app.names import TIERS, Names, Role
from app.observed.request import SyncRequest
from app.resolve.authority import certificate_plan, reloads_as_observed, running_hash
from app.resolve.custom_certificates import custom_certificates
from app.result import Manifest, Outcome, Reissue, Result
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
    """An invalid spec: everything as last applied, certificates renewed by time.

    Steps of a password change are taken from the observed patch on, and none is begun.
    """
    named = Names(cluster=asked.name, namespace=asked.namespace, domain="")
    certificates = certificate_plan(asked, named, None, now=now, entropy=entropy)
    hashes = {} if certificates.hold is not None else _frozen_hashes(asked, named)
    passwords, written = _password_change(asked, named, now)
    jobs = security_job.plan(asked.observed, named, now)
    going_on = [*(one for _, one in certificates.secrets), *passwords]
    rendered = frozen.children(asked.observed, going_on, hashes)
    rolled = rollout.plan(frozen_facts(asked, named, certificates, now), rendered)
    children = (*_with_jobs(rolled, named, jobs, certificates),)
    told = build(
        StatusFacts(
            request=asked,
            now=now,
            version=None,
            tiers=told_tiers(asked, rolled),
            certificates=certificates,
            identity=NOTHING_HELD,
            faults=faults,
            children=children,
            is_frozen=True,
            security_job=jobs,
        )
    )
    return answer(
        asked,
        told,
        children=children,
        rolled=rolled,
        certificates=certificates,
        job_due=jobs.due,
        reissues=(*certificates.reissues, *written),
        outcome=Outcome.FROZEN,
        now=now,
        is_waiting=certificates.hold is not None
        or certificates.is_waiting
        or bool(rolled.held)
        or any(one.change for one in rolled.tiers)
        or bool(jobs.message),
    )


def _password_change(
    asked: SyncRequest, named: Names, now: datetime
) -> tuple[tuple[SecretData, ...], tuple[Reissue, ...]]:
    """Secrets that a change under way writes in this call, and why."""
    taken = index_security.taken_patch(asked.observed, named, now)
    promoted = password_change.promoted(asked.observed, named, now)
    reissues = [Reissue(secret=one.name, reason=password_change.CHANGED) for one in promoted]
    if taken is None or taken.secret is None or taken.reissue is None:
        return promoted, tuple(reissues)
    return (taken.secret, *promoted), (taken.reissue, *reissues)


def with_leaf(wanted: SecurityJob | None, certificates: CertificatePlan) -> SecurityJob | None:
    """A security Job that reads the administrator's leaf from where it is."""
    return None if wanted is None else replace(wanted, certs=certificates.mounts[ADMIN])


def _with_jobs(
    rolled: Rollout, named: Names, jobs: JobPlan, certificates: CertificatePlan
) -> Iterator[Manifest]:
    """Answered children with the security Jobs that stay, and the one that is due."""
    for child in rolled.children:
        name = child["metadata"]["name"]
        if child["kind"] != JOB.name or not name.startswith(named.security_jobs):
            yield child
    yield from jobs.kept
    if jobs.wanted is not None and any(
        one.role is Role.INDEXER and one.passed for one in rolled.tiers
    ):
        yield job(named, with_leaf(jobs.wanted, certificates) or jobs.wanted)


def _frozen_hashes(asked: SyncRequest, named: Names) -> dict[Role, str]:
    """Certificate hash of each tier, from what is observed alone."""
    observed = asked.observed
    reloads, custom = reloads_as_observed(observed, named), custom_certificates(asked, named)
    made = {
        role: running_hash(observed, named, role, custom, reloads=reloads and role is Role.INDEXER)
        for role in TIERS
    }
    return {role: value for role, value in made.items() if value is not None}


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
        mounts=certificates.mounts,
    )
