"""The status: what is, judged from observed children only; never what was just wanted.

It changes only when something happens: no clock, counter or age stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from app import kinds, names
from app.certificates.authority_writes import ISSUING
from app.credentials import recovery
from app.credentials.identity import acted_upon
from app.faults import Effect, Reason
from app.names import Role
from app.rollout.tier_state import TierState, away
from app.status import conditions
from app.status.certificates import certificates
from app.status.components import ComponentPhase, components
from app.status.conditions import Condition, joined
from app.status.facts import (
    ClusterPhase,
    StatusFacts,
    cluster_phase,
    has_all_pods,
    reached_version,
    unobserved,
)
from app.status.progress import progressing, rests_on_time, rollout, tier_message

__all__ = ["ClusterPhase", "StatusFacts", "StatusResult", "build"]

#: A child that is wanted and not seen for longer was refused, or its name is taken.
CHILD_GRACE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusResult:
    """The status, and what the resync needs to know of it.

    ``is_stuck``: a child is refused or its name is taken, so what rests on it does not follow.
    ``is_at_rest``: ready, with nothing under way, and the status is the one observed.
    """

    status: dict[str, Any] = field(repr=False)
    phase: ClusterPhase
    is_ready: bool
    is_quiet: bool
    is_at_rest: bool = False
    is_stuck: bool = False


def build(facts: StatusFacts) -> StatusResult:
    """Status of one sync."""
    request = facts.request
    found = cluster_phase(facts)
    missing = unobserved(facts)
    judged = [
        _ready(facts, found),
        _available(facts),
        progressing(facts, found, missing),
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
    version = reached_version(facts)
    if version is not None:
        status["version"] = version
    status.update(certificates(facts.certificates, request.name, request.status))
    under_way = rollout(facts)
    if under_way and found is not ClusterPhase.DELETING:
        status["rollout"] = under_way
    requests = acted_upon(request)
    if requests:
        status["requests"] = requests
    return StatusResult(
        status=status,
        phase=found,
        is_ready=judged[0].is_true,
        is_quiet=judged[0].is_true and (not judged[2].is_true or rests_on_time(facts, missing)),
        is_at_rest=judged[0].is_true and not judged[2].is_true and status == request.status,
        is_stuck=bool(missing) and _is_overdue(facts),
    )


def _ready(facts: StatusFacts, found: ClusterPhase) -> Condition:
    if found is ClusterPhase.DELETING:
        return _no(conditions.READY, "Deleting", "the WazuhCluster is being deleted")
    if facts.is_frozen:
        return _no(conditions.READY, "ReconcileError", _faults_message(facts, Effect.FROZEN))
    waiting, unsound = _not_ready(facts), _unsound(facts)
    if waiting:
        reason = "TiersNotReady" if facts.has_run else "Creating"
        return _no(conditions.READY, reason, joined([*waiting, *unsound]))
    if unsound:
        return _no(conditions.READY, "CertificatesNotReady", joined(unsound))
    return _yes(conditions.READY, "AllTiersReady", "every component runs with all its pods ready")


def _not_ready(facts: StatusFacts) -> list[str]:
    """Tiers that roll or lack pods, with what they wait for."""
    return [
        tier_message(facts, one) for one in facts.tiers if one.is_wanted and not has_all_pods(one)
    ]


def _unsound(facts: StatusFacts) -> list[str]:
    """What is wrong with certificates and does not pass by the next call."""
    return [
        one.message
        for one in facts.certificates.findings
        if not one.warns and one.reason != ISSUING
    ]


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


def _degraded(facts: StatusFacts, missing: list[str]) -> Condition:
    found: list[tuple[str, str]] = []
    phases = facts.phases()
    if facts.has_run:
        found += [
            ("ReplicasUnavailable", f"{one.role}: {away(one) or one.waits_for}")
            for one in facts.tiers
            if _lacks_pods(one, phases[one.role])
        ]
    found += [("IdentitySecretMissing", one.message) for one in facts.identity.lost]
    if facts.security_job.failure:
        found.append(("SecurityJobFailed", facts.security_job.failure))
    if missing and _is_overdue(facts):
        found += [("ChildMissing", _missing_message(facts, one)) for one in missing]
    if not found:
        return _no(conditions.DEGRADED, "AsExpected", "nothing is missing")
    return _yes(conditions.DEGRADED, found[0][0], joined(text for _, text in found))


def _lacks_pods(state: TierState, found: ComponentPhase) -> bool:
    """Whether pods are away that no roll of this tier has taken."""
    if found is not ComponentPhase.HELD:
        return found is ComponentPhase.DEGRADED
    one = state.workload
    return one is not None and one.has_rolled and one.ready < one.wanted


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
    text = joined(filter(None, (text, *_left_alone(facts)))) if facts.is_paused else text
    text = text or "every certificate is valid"
    return _yes(conditions.CERTIFICATES_READY, "Valid", text)


def _left_alone(facts: StatusFacts) -> list[str]:
    """What a paused cluster should renew."""
    return [
        f"{one.secret} is due ({one.reason}) and stays as it is while {names.PAUSED} stands"
        for one in facts.certificates.reissues
    ]


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


def _yes(kind: str, reason: str, message: str) -> Condition:
    return Condition(kind=kind, is_true=True, reason=reason, message=message)


def _no(kind: str, reason: str, message: str) -> Condition:
    return Condition(kind=kind, is_true=False, reason=reason, message=message)
