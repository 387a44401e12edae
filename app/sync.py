"""The sync hook: one pure function from a request to every child the cluster should have.

    read → judge the spec → hold fields → identity → certificates → resolve → derive → render
         → order the tiers → status → response

No clock, randomness, environment, file or network below this line: ``now`` and ``entropy`` are
arguments. An exception is a 5xx without children: a partial list would delete the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app import access, components, credentials, derived, frozen, held_fields, resolve, rollout
from app.access import UserAccess
from app.authority import certificate_plan
from app.certificates.leaves import TIER_LEAVES, leaf_plans
from app.certificates.plan import CertificatePlan, Stage
from app.certificates.tier_hash import cert_hash
from app.cluster import Cluster
from app.component_status import version_before
from app.config import opensearch
from app.credentials import IdentityPlan
from app.entropy import Entropy
from app.faults import Effect, Fault
from app.hash_gate import RolloutFacts
from app.heavy import is_heavy
from app.names import TIERS, Names, Role
from app.observed import SyncRequest, read
from app.result import Manifest, Outcome, Reissue, Report, Response, Result
from app.resync import resync_seconds
from app.retained import retained
from app.rollout import Rollout
from app.schema.wazuhcluster import WazuhClusterSpec
from app.secret_data import SecretData
from app.specification import Specification, specification
from app.status import StatusFacts, StatusResult, build
from app.tier_state import Standing
from app.versions import WazuhVersion

__all__ = ["finalize", "is_heavy", "sync"]

_NOTHING_HELD = IdentityPlan(secrets=(), lost=(), expected=(), reissues=())
_ORDERED = "Ordered"


def sync(request: object, *, now: datetime, entropy: Entropy) -> Result:
    """Answer a decoded sync request.

    ``now``: aware UTC, whole seconds. Raises RequestError or RegistrationError for a request that
    cannot be answered without harm.
    """
    asked = read(request)
    if asked.is_deleting:
        return _deleting(asked, now=now, entropy=entropy)
    judged = specification(asked.spec, asked.name, held_fields.version_floor(asked))
    if not judged.is_usable or judged.spec is None or judged.version is None:
        return _frozen(asked, judged.faults, now=now, entropy=entropy)
    named = Names(cluster=asked.name, namespace=asked.namespace, domain=judged.spec.cluster_domain)
    refused = tuple(held_fields.cluster_name_fault(judged.spec, named, asked.observed))
    if refused:
        return _frozen(asked, (*judged.faults, *refused), now=now, entropy=entropy)
    call = _Call(
        asked=asked,
        judged=judged,
        spec=judged.spec,
        version=judged.version,
        names=named,
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
    identity = credentials.plan(asked, identities, now=call.now)
    certificates = certificate_plan(
        asked,
        named,
        call.spec.tls.cert_config,
        now=call.now,
        entropy=call.entropy,
        accepted=resolve.accepted_names(named, asked.observed),
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
    cluster, reissues = _with_secrets(call, resolve.resolve(facts), identity, certificates)
    rendered = components.render(cluster)
    rolled = rollout.plan(_rollout_facts(call, cluster, identity, certificates, reissues), rendered)
    is_rolling = any(one.is_wanted and not one.passed for one in rolled.tiers)
    children = (
        *rolled.children,
        *retained(asked.observed, rolled.children, is_rolling=is_rolling),
    )
    found = [
        *call.judged.faults,
        *([] if replicas.fault is None else [replicas.fault]),
        *held_fields.storage_faults(call.spec, asked.observed),
        *held_fields.administrator_fault(call.user, named, asked.observed),
        *call.user.faults,
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
        )
    )
    return _result(
        asked,
        told,
        children=children,
        rolled=rolled,
        certificates=certificates,
        reissues=_done(call, rolled, reissues),
        outcome=Outcome.APPLIED,
        now=call.now,
        is_waiting=not told.is_quiet
        or bool(rolled.held)
        or bool(identity.lost)
        or any(fault.effect is Effect.WAITS for fault in found),
    )


def _with_secrets(
    call: _Call, cluster: Cluster, identity: IdentityPlan, certificates: CertificatePlan
) -> tuple[Cluster, tuple[Reissue, ...]]:
    """``cluster`` with every Secret to emit, and what is new among them."""
    observed = call.asked.observed
    security = derived.indexer_security(cluster, observed, now=call.now, entropy=call.entropy)
    wazuh = derived.dashboard_wazuh(cluster, observed, call.user, now=call.now)
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
        if leaf.secret not in observed.secrets and leaf.secret not in emitted
    }
    return RolloutFacts(
        names=call.names,
        observed=observed,
        now=call.now,
        replicas={role: cluster.tier(role).replicas for role in TIERS},
        creation=call.spec.rollout.creation,
        update=call.spec.rollout.update,
        rewritten=certificates.rewritten | {one.secret for one in reissues},
        unusable=call.user.unusable_secrets | {one.secret for one in identity.lost} | unsigned,
        once_settled=frozenset(
            role for role in TIERS if version_before(call.asked.status, role) is not None
        ),
        is_ca_steady=certificates.stage is Stage.STEADY,
        is_ca_held=certificates.hold is not None,
    )


def _done(call: _Call, rolled: Rollout, reissues: Sequence[Reissue]) -> tuple[Reissue, ...]:
    """What this call really writes: a held dashboard keeps its wazuh.yml."""
    held = {one.role for one in rolled.tiers if one.standing in {Standing.HELD, Standing.KEPT}}
    kept = call.names.dashboard_wazuh if Role.DASHBOARD in held else None
    return tuple(one for one in reissues if one.secret != kept)


def _frozen(
    asked: SyncRequest, faults: tuple[Fault, ...], *, now: datetime, entropy: Entropy
) -> Result:
    """An invalid spec: everything as last applied, certificates renewed by time."""
    named = Names(cluster=asked.name, namespace=asked.namespace, domain="")
    certificates = certificate_plan(asked, named, None, now=now, entropy=entropy)
    hashes = {} if certificates.hold is not None else _frozen_hashes(asked, named)
    going_on: list[SecretData] = [one for _, one in certificates.secrets]
    rendered = frozen.children(asked.observed, going_on, hashes)
    rolled = rollout.plan(_frozen_facts(asked, named, certificates, now), rendered)
    told = build(
        StatusFacts(
            request=asked,
            now=now,
            version=None,
            tiers=rolled.tiers,
            certificates=certificates,
            identity=_NOTHING_HELD,
            faults=faults,
            children=rolled.children,
            is_frozen=True,
        )
    )
    return _result(
        asked,
        told,
        children=rolled.children,
        rolled=rolled,
        certificates=certificates,
        reissues=certificates.reissues,
        outcome=Outcome.FROZEN,
        now=now,
        is_waiting=bool(rolled.held) or any(one.change for one in rolled.tiers),
        is_lasting=True,
    )


def _frozen_hashes(asked: SyncRequest, named: Names) -> dict[Role, str]:
    """Certificate hash of each tier, from what is observed alone."""
    secrets = asked.observed.secrets
    text = held_fields.observed_text(
        asked.observed, named.config_map(Role.INDEXER), resolve.OPENSEARCH_YML
    )
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


def _frozen_facts(
    asked: SyncRequest, named: Names, certificates: CertificatePlan, now: datetime
) -> RolloutFacts:
    workloads = asked.observed.workloads
    return RolloutFacts(
        names=named,
        observed=asked.observed,
        now=now,
        replicas={role: workloads[role].wanted if role in workloads else 0 for role in TIERS},
        creation=_ORDERED,
        update=_ORDERED,
        rewritten=certificates.rewritten,
        unusable=frozenset(),
        once_settled=frozenset(),
        is_ca_steady=certificates.stage is Stage.STEADY,
        is_ca_held=certificates.hold is not None,
    )


def _deleting(asked: SyncRequest, *, now: datetime, entropy: Entropy) -> Result:
    """A parent that is going: its children stay as they are, garbage collection takes them."""
    return _torn_down(asked, frozenset(), now=now, entropy=entropy)


def finalize(request: object, *, now: datetime, entropy: Entropy) -> Result:
    """Answer a decoded finalize request: dashboard and workers go first, then master, indexer.

    ``finalized`` is true only when no workload is observed any more.
    """
    asked = read(request)
    present = set(asked.observed.workloads)
    leaving: frozenset[Role] = frozenset({Role.DASHBOARD, Role.MANAGER_WORKER})
    for role in (Role.MANAGER_MASTER, Role.INDEXER):
        if not present & leaving:
            leaving |= {role}
    return _torn_down(asked, leaving, now=now, entropy=entropy, finalized=not present)


def _torn_down(
    asked: SyncRequest,
    leaving: frozenset[Role],
    *,
    now: datetime,
    entropy: Entropy,
    finalized: bool = False,
) -> Result:
    named = Names(cluster=asked.name, namespace=asked.namespace, domain="")
    certificates = certificate_plan(asked, named, None, now=now, entropy=entropy)
    gone = {named.workload(role) for role in leaving}
    children = tuple(
        child
        for child in frozen.children(asked.observed)
        if child["kind"] not in {"StatefulSet", "Deployment"}
        or child["metadata"]["name"] not in gone
    )
    rolled = rollout.plan(_frozen_facts(asked, named, certificates, now), children)
    asked = replace(asked, is_deleting=True)
    told = build(
        StatusFacts(
            request=asked,
            now=now,
            version=None,
            tiers=rolled.tiers,
            certificates=certificates,
            identity=_NOTHING_HELD,
            faults=(),
            children=children,
        )
    )
    made = _result(
        asked,
        told,
        children=children,
        rolled=rolled,
        certificates=certificates,
        reissues=(),
        outcome=Outcome.DELETING,
        now=now,
        is_waiting=bool(leaving) and not finalized,
        is_lasting=True,
    )
    return replace(made, response=replace(made.response, finalized=finalized))


def _result(  # noqa: PLR0913 - the parts of one answer
    asked: SyncRequest,
    told: StatusResult,
    *,
    children: tuple[Manifest, ...],
    rolled: Rollout,
    certificates: CertificatePlan,
    reissues: tuple[Reissue, ...],
    outcome: Outcome,
    now: datetime,
    is_waiting: bool,
    is_lasting: bool = False,
) -> Result:
    """Answer and report. ``is_lasting``: nothing but certificates asks to come back."""
    due = (certificates.next_due, rolled.next_due)
    is_idle = is_lasting and not reissues and not is_waiting and not any(due)
    delay = resync_seconds(now, is_written=bool(reissues), is_waiting=is_waiting, due=due)
    status: dict[str, Any] = told.status
    return Result(
        response=Response(
            status=status, children=children, resync_after_seconds=0 if is_idle else delay
        ),
        report=Report(
            namespace=asked.namespace,
            name=asked.name,
            uid=asked.uid,
            generation=asked.generation,
            outcome=outcome,
            phase=str(told.phase),
            observed=asked.observed.child_count,
            emitted=len(children),
            reissues=reissues,
            held=rolled.held,
            earliest_expiry=certificates.earliest_expiry,
        ),
    )
