"""The sync hook: one pure function from a request to every child the cluster should have.

    read → judge the spec → hold fields → identity → certificates → resolve → derive → render
         → order the tiers → status → response

No clock, randomness, environment, file or network below this line: ``now`` and ``entropy`` are
arguments. An exception is a 5xx without children: a partial list would delete the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app import components, kinds
from app.certificates.leaves import leaf_plans
from app.certificates.plan import CertificatePlan, Stage
from app.cluster import Cluster
from app.credentials import access, derived, index_security, password_change, security_job
from app.credentials import identity as credentials
from app.credentials.access import UserAccess
from app.credentials.derived import Derived
from app.credentials.identity import IdentityPlan
from app.credentials.security_job import JobPlan
from app.entropy import Entropy
from app.faults import Effect
from app.hook.answer import answer
from app.hook.finalize import finalize, torn_down
from app.hook.frozen import frozen_answer, with_leaf
from app.hook.heavy import is_heavy
from app.hook.paused import is_paused, paused_answer
from app.names import TIERS, Names, Role
from app.observed.request import SyncRequest, read
from app.resolve import held_fields, resolve
from app.resolve.authority import certificate_plan
from app.resolve.judgement import judge
from app.resolve.run_as import run_as_faults
from app.resolve.specification import Specification
from app.result import Manifest, Outcome, Reissue, Result
from app.rollout import plan as rollout
from app.rollout.hash_gate import RolloutFacts
from app.rollout.plan import Rollout
from app.rollout.retained import retained
from app.schema.wazuhcluster import WazuhClusterSpec
from app.status.components import version_before
from app.status.status import StatusFacts, build
from app.versions import WazuhVersion

__all__ = ["finalize", "is_heavy", "sync"]


def sync(request: object, *, now: datetime, entropy: Entropy) -> Result:
    """Answer a decoded sync request.

    ``now``: aware UTC, whole seconds. Raises RequestError or RegistrationError for a request that
    cannot be answered without harm.
    """
    asked = read(request)
    if asked.is_deleting:
        return torn_down(asked, frozenset(), now=now, entropy=entropy)
    if is_paused(asked):
        return paused_answer(asked, now=now, entropy=entropy)
    judged = judge(asked)
    if not judged.is_usable or judged.spec is None or judged.version is None:
        return frozen_answer(asked, judged.faults, now=now, entropy=entropy)
    domain = judged.spec.cluster_domain
    call = _Call(
        asked=asked,
        judged=judged,
        spec=judged.spec,
        version=judged.version,
        names=Names(cluster=asked.name, namespace=asked.namespace, domain=domain),
        user=access.look_up(judged.spec, asked.observed),
        now=now,
        entropy=entropy,
    )
    return _applied(call)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    asked: SyncRequest
    judged: Specification
    spec: WazuhClusterSpec
    version: WazuhVersion
    names: Names
    user: UserAccess
    now: datetime
    entropy: Entropy


def _applied(call: _Call) -> Result:
    asked, named = call.asked, call.names
    replicas = held_fields.indexer_replicas(call.spec, asked)
    identities = credentials.identities(call.spec, named, call.user, call.entropy)
    identity = password_change.advanced(
        credentials.plan(asked, identities, now=call.now),
        password_change.ChangeFacts(
            request=asked, names=named, user=call.user, now=call.now, entropy=call.entropy
        ),
    )
    certificates = certificate_plan(
        asked,
        named,
        resolve.wanted_certificates(asked, named, call.spec, call.version),
        now=call.now,
        entropy=call.entropy,
    )
    facts = resolve.Facts(
        request=asked,
        spec=call.spec,
        version=call.version,
        names=named,
        indexer_replicas=replicas.count,
        user=call.user,
        certificates=certificates,
    )
    resolved = resolve.resolve(facts)
    jobs = security_job.plan(asked.observed, named, call.now)
    security, wazuh = _derived(call, resolved, identity)
    cluster, reissues = _with_secrets(resolved, identity, certificates, (security, wazuh))
    cluster = replace(cluster, security_job=with_leaf(jobs.wanted, certificates))
    rendered = components.rendered(cluster)
    if rendered.too_large:
        faults = (*call.judged.faults, *rendered.too_large)
        return frozen_answer(asked, faults, now=call.now, entropy=call.entropy)
    rolled = rollout.plan(
        _rollout_facts(call, cluster, identity, certificates, reissues), rendered.children
    )
    children = (
        *_without_early_job(rolled, named, jobs),
        *jobs.kept,
        *retained(asked.observed, rolled.children, is_rolling=rolled.is_rolling),
    )
    found = [
        *call.judged.faults,
        *held_fields.version_fault(call.version, asked),
        *([] if replicas.fault is None else [replicas.fault]),
        *held_fields.storage_faults(call.spec, asked.observed),
        *held_fields.administrator_fault(call.user, named, asked.observed),
        *run_as_faults(call.spec, call.user),
        *call.user.faults,
        *(one.fault for one in (security, wazuh) if one.fault is not None),
    ]
    told = build(
        StatusFacts(
            request=asked,
            now=call.now,
            version=str(call.version),
            tiers=rolled.tiers,
            certificates=certificates,
            identity=identity,
            faults=tuple(found),
            children=children,
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
        reissues=_done(call, rolled, reissues),
        outcome=Outcome.APPLIED,
        now=call.now,
        is_waiting=not told.is_quiet
        or bool(rolled.held)
        or bool(identity.lost)
        or certificates.is_waiting
        or any(fault.effect is Effect.WAITS for fault in found),
    )


def _without_early_job(rolled: Rollout, named: Names, jobs: JobPlan) -> Iterator[Manifest]:
    """What the rollout answers, without a new Job while the indexers have not rolled yet."""
    is_early = not any(one.role is Role.INDEXER and one.passed for one in rolled.tiers)
    early = named.security_job(jobs.wanted.digest) if jobs.wanted and is_early else None
    for child in rolled.children:
        if early is None or (child["kind"], child["metadata"]["name"]) != (kinds.JOB.name, early):
            yield child


def _derived(call: _Call, cluster: Cluster, identity: IdentityPlan) -> tuple[Derived, Derived]:
    """Security files and wazuh.yml, from what is observed."""
    observed = call.asked.observed
    return (
        index_security.indexer_security(
            cluster,
            observed,
            now=call.now,
            entropy=call.entropy,
            being_written=frozenset(one.secret for one in identity.reissues),
        ),
        derived.dashboard_wazuh(cluster, observed, call.user, now=call.now),
    )


def _with_secrets(
    cluster: Cluster,
    identity: IdentityPlan,
    certificates: CertificatePlan,
    made_of_them: tuple[Derived, Derived],
) -> tuple[Cluster, tuple[Reissue, ...]]:
    """``cluster`` with every Secret to emit, and what is new among them."""
    security, wazuh = made_of_them
    made = (
        *certificates.secrets,
        *((Role.CREDENTIALS, one) for one in identity.secrets),
        *((Role.INDEXER, one) for one in (security.secret,) if one is not None),
        *((Role.DASHBOARD, one) for one in (wazuh.secret,) if one is not None),
    )
    reissues = (
        *certificates.reissues,
        *identity.reissues,
        *(one for one in (security.reissue, wazuh.reissue) if one is not None),
    )
    return replace(cluster, secrets=made), reissues


def _rollout_facts(
    call: _Call,
    cluster: Cluster,
    identity: IdentityPlan,
    certificates: CertificatePlan,
    reissues: Sequence[Reissue],
) -> RolloutFacts:
    observed = call.asked.observed
    emitted = {one.name for _, one in certificates.secrets}
    unsigned = {
        leaf.secret
        for leaf in leaf_plans(call.names, None)
        if certificates.mounts[leaf.name] == leaf.secret
        and leaf.secret not in observed.secrets
        and leaf.secret not in emitted
    } | certificates.unusable
    return RolloutFacts(
        names=call.names,
        observed=observed,
        now=call.now,
        replicas={role: cluster.tier(role).replicas for role in TIERS},
        creation=call.spec.rollout.creation,
        update=call.spec.rollout.update,
        rewritten=certificates.rewritten
        | {one.secret for one in reissues if one.reason != password_change.PREPARED},
        unusable=call.user.unusable_secrets | {one.secret for one in identity.lost} | unsigned,
        once_settled=frozenset(
            role for role in TIERS if version_before(call.asked.status, role) is not None
        ),
        is_ca_steady=certificates.stage is Stage.STEADY,
        is_ca_held=certificates.hold is not None,
        mounts=certificates.mounts,
    )


def _done(call: _Call, rolled: Rollout, reissues: Sequence[Reissue]) -> tuple[Reissue, ...]:
    """What this call really writes: a held dashboard keeps its wazuh.yml."""
    held = {one.role for one in rolled.tiers if one.keeps_secrets}
    name = call.names.dashboard_wazuh
    is_kept = Role.DASHBOARD in held and name in call.asked.observed.secrets
    return tuple(one for one in reissues if not (is_kept and one.secret == name))
