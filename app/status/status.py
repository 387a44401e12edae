"""The status: what is, judged from observed children only; never what was just wanted.

It changes only when something happens: no clock, counter or age stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from app import kinds
from app.certificates.plan import CertificatePlan
from app.credentials import recovery
from app.credentials.identity import IdentityPlan, acted_upon
from app.faults import Effect, Fault, Reason
from app.names import Role
from app.observed.request import SyncRequest, as_map, as_text
from app.result import Manifest
from app.rollout.tier_state import Standing, TierState, away, rolling_pod
from app.status import conditions
from app.status.certificates import certificates
from app.status.components import ComponentPhase, components, phase
from app.status.conditions import Condition, joined

#: A child that is wanted and not seen for longer was refused, or its name is taken.
CHILD_GRACE: Final = timedelta(seconds=60)


class ClusterPhase(StrEnum):
    """Phase of the whole cluster."""

    PENDING = "Pending"
    CREATING = "Creating"
    RUNNING = "Running"
    UPDATING = "Updating"
    UPGRADING = "Upgrading"
    FAILED = "Failed"
    DELETING = "Deleting"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFacts:
    """What the status rests on.

    ``version``: the effective one, None where the spec cannot be read. ``children``: what is
    answered in this call, to find what is wanted and not observed.
    """

    request: SyncRequest
    now: datetime
    version: str | None
    tiers: tuple[TierState, ...]
    certificates: CertificatePlan
    identity: IdentityPlan
    faults: tuple[Fault, ...]
    children: Sequence[Manifest] = field(repr=False)
    is_frozen: bool = False

    @property
    def has_run(self) -> bool:
        """Whether the cluster has been Running once."""
        return as_text(self.request.status.get("version")) is not None

    def phases(self) -> dict[Role, ComponentPhase]:
        """Phase of each tier."""
        return {one.role: phase(one, self.request.status) for one in self.tiers}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusResult:
    """The status, and what the resync needs to know of it."""

    status: dict[str, Any] = field(repr=False)
    phase: ClusterPhase
    is_quiet: bool


def build(facts: StatusFacts) -> StatusResult:
    """Status of one sync."""
    request = facts.request
    found = cluster_phase(facts)
    missing = unobserved(facts)
    judged = [
        _ready(facts, found),
        _available(facts),
        _progressing(facts, found, missing),
        _degraded(facts, missing),
        _certificates_ready(facts),
        _spec_valid(facts),
    ]
    status: dict[str, Any] = {
        "phase": str(found),
        "observedGeneration": request.generation,
        "conditions": conditions.on_wire(judged, request.status, facts.now, request.generation),
        **components(facts.tiers, request.status),
    }
    version = _reached_version(facts)
    if version is not None:
        status["version"] = version
    status.update(certificates(facts.certificates, request.name))
    rollout = _rollout(facts)
    if rollout and found not in {ClusterPhase.DELETING, ClusterPhase.FAILED}:
        status["rollout"] = rollout
    requests = acted_upon(request)
    if requests:
        status["requests"] = requests
    return StatusResult(
        status=status,
        phase=found,
        is_quiet=not judged[2].is_true and judged[0].is_true,
    )


def cluster_phase(facts: StatusFacts) -> ClusterPhase:
    """Phase of the cluster; one that has been Running never falls back to Creating."""
    if facts.request.is_deleting:
        return ClusterPhase.DELETING
    if facts.is_frozen:
        return ClusterPhase.FAILED
    phases = facts.phases().values()
    if not facts.has_run:
        if facts.request.observed.child_count == 0:
            return ClusterPhase.PENDING
        return ClusterPhase.RUNNING if _all_run(facts) else ClusterPhase.CREATING
    calm = {ComponentPhase.RUNNING, ComponentPhase.DEGRADED, ComponentPhase.DISABLED}
    if calm.issuperset(phases):
        return ClusterPhase.RUNNING
    is_upgrade = facts.request.status.get("version") != facts.version
    return ClusterPhase.UPGRADING if is_upgrade else ClusterPhase.UPDATING


def _all_run(facts: StatusFacts) -> bool:
    return {ComponentPhase.RUNNING, ComponentPhase.DISABLED}.issuperset(facts.phases().values())


def _reached_version(facts: StatusFacts) -> str | None:
    """The version all tiers run: set when all are settled on it, unchanged until the next."""
    before = as_text(facts.request.status.get("version"))
    if facts.is_frozen or facts.request.is_deleting:
        return before
    settled = all(one.settled and not one.is_scaling for one in facts.tiers if one.is_wanted)
    return facts.version if settled else before


def unobserved(facts: StatusFacts) -> list[str]:
    """``Kind name`` of children that are answered and not observed, sorted."""
    observed = facts.request.observed.children
    return sorted(
        f"{one['kind']} {one['metadata']['name']}"
        for one in facts.children
        if one["metadata"]["name"] not in observed.get(f"{one['kind']}.{one['apiVersion']}", {})
    )


def _ready(facts: StatusFacts, found: ClusterPhase) -> Condition:
    if found is ClusterPhase.DELETING:
        return _no(conditions.READY, "Deleting", "the WazuhCluster is being deleted")
    if facts.is_frozen:
        return _no(conditions.READY, "ReconcileError", _faults_message(facts, Effect.FROZEN))
    waiting = _not_ready(facts)
    if waiting:
        reason = "TiersNotReady" if facts.has_run else "Creating"
        return _no(conditions.READY, reason, joined(waiting))
    if facts.certificates.hold is not None:
        return _no(conditions.READY, "CertificatesNotReady", facts.certificates.hold.message)
    return _yes(conditions.READY, "AllTiersReady", "every component runs with all its pods ready")


def _not_ready(facts: StatusFacts) -> list[str]:
    """Tiers that roll or lack pods, with what they wait for.

    One whose pods are all ready is ready, though a hash may wait for its Secrets.
    """
    phases = facts.phases()
    return [
        f"{one.role}: {_waits(one) or phases[one.role].lower()}"
        for one in facts.tiers
        if one.is_wanted and not _has_all_pods(one)
    ]


def _has_all_pods(state: TierState) -> bool:
    one = state.workload
    if one is None or not one.is_complete or state.is_scaling:
        return False
    return state.has_template or state.standing in {Standing.HELD, Standing.KEPT}


def _tier_messages(facts: StatusFacts) -> list[str]:
    phases = facts.phases()
    return [
        f"{one.role}: {_waits(one) or phases[one.role].lower()}"
        for one in facts.tiers
        if phases[one.role] not in {ComponentPhase.RUNNING, ComponentPhase.DISABLED}
    ]


def _waits(state: TierState) -> str:
    is_passive = state.standing in {Standing.HELD, Standing.KEPT}
    return state.waits_for if is_passive else away(state)


def _available(facts: StatusFacts) -> Condition:
    ready = {one.role: 0 if one.workload is None else one.workload.ready for one in facts.tiers}
    by_role = {one.role: one for one in facts.tiers}
    indexer = by_role[Role.INDEXER].workload
    voters = by_role[Role.INDEXER].replicas if indexer is None else indexer.wanted
    checks = (
        ("IndexerUnavailable", 2 * ready[Role.INDEXER] > voters, "no majority of the indexers"),
        ("MasterUnavailable", ready[Role.MANAGER_MASTER] > 0, "the manager master is not ready"),
        (
            "WorkersUnavailable",
            _serves(by_role[Role.MANAGER_WORKER]),
            "no manager worker is ready",
        ),
        ("DashboardUnavailable", _serves(by_role[Role.DASHBOARD]), "no dashboard is ready"),
    )
    failed = [(reason, text) for reason, holds, text in checks if not holds]
    if not failed:
        return _yes(conditions.AVAILABLE, "MinimumAvailable", "enough pods of each tier are ready")
    reason = failed[0][0] if facts.has_run else "Creating"
    return _no(conditions.AVAILABLE, reason, joined(text for _, text in failed))


def _serves(state: TierState) -> bool:
    """Whether one pod is ready, where any are wanted."""
    if not state.is_wanted or state.replicas == 0:
        return True
    return state.workload is not None and state.workload.ready > 0


def _progressing(facts: StatusFacts, found: ClusterPhase, missing: list[str]) -> Condition:
    awaited = [str(fault) for fault in facts.faults if fault.effect is Effect.WAITS]
    awaited += [f"waits for Secret {name} to be shown" for name in facts.identity.expected]
    unseen = [f"waits for {joined(missing)}"] if missing else []
    moving = _tier_messages(facts)
    scales = "Scaling" if _only_scales(facts) else "RollingOut"
    reasons: dict[ClusterPhase, tuple[str, list[str]]] = {
        ClusterPhase.PENDING: ("Creating", moving),
        ClusterPhase.CREATING: ("Creating", moving),
        ClusterPhase.UPGRADING: ("Upgrading", moving),
        ClusterPhase.UPDATING: (scales, moving),
        ClusterPhase.RUNNING: ("WaitingForSecret", awaited) if awaited else ("Creating", unseen),
    }
    reason, messages = reasons.get(found, ("Idle", []))
    if messages:
        return _yes(conditions.PROGRESSING, reason, joined(messages))
    return _no(conditions.PROGRESSING, "Idle", "nothing is under way")


def _only_scales(facts: StatusFacts) -> bool:
    moving = [
        one for one in facts.tiers if phase(one, facts.request.status) is ComponentPhase.UPDATING
    ]
    return bool(moving) and all(one.is_scaling and one.has_template for one in moving)


def _degraded(facts: StatusFacts, missing: list[str]) -> Condition:
    found: list[tuple[str, str]] = []
    if facts.has_run:
        found += [
            ("ReplicasUnavailable", f"{one.role}: {away(one) or one.waits_for}")
            for one in facts.tiers
            if phase(one, facts.request.status) is ComponentPhase.DEGRADED
        ]
    found += [("IdentitySecretMissing", one.message) for one in facts.identity.lost]
    if missing and _is_overdue(facts):
        found += [("ChildMissing", _missing_message(facts, one)) for one in missing]
    if not found:
        return _no(conditions.DEGRADED, "AsExpected", "nothing is missing")
    return _yes(conditions.DEGRADED, found[0][0], joined(text for _, text in found))


def _is_overdue(facts: StatusFacts) -> bool:
    """Whether something has been under way for a minute and its children are still unseen."""
    since = conditions.true_since(facts.request.status, conditions.PROGRESSING)
    created = facts.request.created
    if since is None or facts.is_frozen:
        return False
    start = since if created is None else max(since, created)
    return facts.now - start >= CHILD_GRACE


def _missing_message(facts: StatusFacts, child: str) -> str:
    kind, name = child.split(" ", 1)
    related = facts.request.observed.related.get(kinds.SECRET.group_key, {}).get(name)
    if kind == kinds.SECRET.name and related is not None:
        owner = recovery.foreign_owner(facts.request, related)
        if owner is not None:
            return f"{child} exists and belongs to {owner}; remove it or rename the WazuhCluster"
        command = recovery.label_command(facts.request, name)
        return f"{child} exists without the label of this WazuhCluster; label it: {command}"
    return (
        f"{child} is wanted and not there: an object of this name belongs to somebody else, or"
        f" its creation was refused (admission, quota); see kubectl -n {facts.request.namespace}"
        f" get {kind.lower()} {name} and the events of the WazuhCluster"
    )


def _certificates_ready(facts: StatusFacts) -> Condition:
    """False for the first finding that is more than a warning; all of them are said."""
    found = facts.certificates.findings
    text = joined(dict.fromkeys(one.message for one in found))
    serious = next((one for one in found if not one.warns), None)
    if serious is not None:
        return _no(conditions.CERTIFICATES_READY, serious.reason, text)
    if facts.certificates.ca is None:
        return _no(conditions.CERTIFICATES_READY, "Issuing", "waits for the CA to be observed")
    text = text or "every certificate is valid"
    return _yes(conditions.CERTIFICATES_READY, "Valid", text)


def _spec_valid(facts: StatusFacts) -> Condition:
    refused = [fault for fault in facts.faults if fault.effect is not Effect.WARNS]
    if refused:
        order = list(Reason)
        first = min((fault.reason for fault in refused), key=order.index)
        return _no(conditions.SPEC_VALID, str(first), joined(map(str, sorted(facts.faults))))
    if facts.faults:
        text = joined(map(str, sorted(facts.faults)))
        return _yes(conditions.SPEC_VALID, str(Reason.VALID_WITH_WARNINGS), text)
    return _yes(conditions.SPEC_VALID, "Valid", "every field is applied")


def _faults_message(facts: StatusFacts, effect: Effect) -> str:
    return joined(str(fault) for fault in sorted(facts.faults) if fault.effect is effect)


def _rollout(facts: StatusFacts) -> dict[str, str]:
    """The first tier that is not settled; empty when all are."""
    for one in facts.tiers:
        if (
            one.is_wanted
            and one.standing is not Standing.KEPT
            and (not one.settled or one.is_scaling)
        ):
            entry = {"tier": str(one.role), "reason": _rollout_reason(facts, one)}
            waiting = _waits(one) if one.workload is None else rolling_pod(one.workload)
            if waiting or _waits(one):
                entry["waitingFor"] = waiting or _waits(one)
            return entry
    return {}


def _rollout_reason(facts: StatusFacts, state: TierState) -> str:
    if state.workload is None:
        return "Creating"
    if state.change:
        return state.change
    before = as_map(facts.request.status.get("rollout"))
    known = as_text(before.get("reason"))
    if before.get("tier") == str(state.role) and known is not None and known != "Creating":
        return known
    if not facts.has_run:
        return "Creating"
    if state.is_scaling:
        return "Scaling"
    return "RollingOut" if not state.workload.has_rolled else "PodsNotReady"


def _yes(kind: str, reason: str, message: str) -> Condition:
    return Condition(kind=kind, is_true=True, reason=reason, message=message)


def _no(kind: str, reason: str, message: str) -> Condition:
    return Condition(kind=kind, is_true=False, reason=reason, message=message)
