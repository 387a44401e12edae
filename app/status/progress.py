"""What is under way: the condition Progressing, and the first tier that is not settled."""

from __future__ import annotations

from typing import Any, Final

from app import names
from app.certificates.plan import Stage
from app.faults import Effect
from app.observed.request import as_map
from app.rollout.tier_state import Standing, TierState, away, rolling_pod
from app.status import conditions
from app.status.components import SCALING, ComponentPhase
from app.status.conditions import Condition, joined
from app.status.facts import CALM, ClusterPhase, StatusFacts, has_all_pods

_MOVES: Final = frozenset({ComponentPhase.UPDATING, ComponentPhase.HELD})
#: Why a tier rolls, as long as it does: told again by the status once its template is there.
_LASTING: Final = frozenset(
    {"VersionChanged", "CertificatesChanged", "ConfigChanged", "TemplateChanged", SCALING}
)


def waits(state: TierState) -> str:
    """What a tier waits for, in words."""
    is_passive = state.standing in {Standing.HELD, Standing.KEPT}
    return state.waits_for if is_passive else away(state)


def tier_message(facts: StatusFacts, state: TierState) -> str:
    """``tier: what it waits for``, else its phase."""
    return f"{state.role}: {waits(state) or facts.phases()[state.role].lower()}"


def progressing(facts: StatusFacts, found: ClusterPhase, missing: list[str]) -> Condition:
    """Whether something is under way; ``missing``: children that are not observed yet."""
    if facts.is_paused:
        text = f"left as it is: {names.PAUSED}; what was edited is applied when that is gone"
        return Condition(kind=conditions.PROGRESSING, is_true=False, reason="Paused", message=text)
    phases = facts.phases()
    moving = [one for one in facts.tiers if phases[one.role] not in CALM]
    reasons: dict[ClusterPhase, list[tuple[str, str]]] = {
        ClusterPhase.PENDING: _all("Creating", facts, moving),
        ClusterPhase.CREATING: _all("Creating", facts, moving),
        ClusterPhase.UPGRADING: _all("Upgrading", facts, moving),
        ClusterPhase.UPDATING: _all(_moves_by(facts), facts, moving),
        ClusterPhase.RUNNING: _beside_tiers(facts, missing),
        ClusterPhase.FAILED: _all(
            "RollingOut", facts, [one for one in moving if phases[one.role] in _MOVES]
        ),
        ClusterPhase.DELETING: [],
    }
    said = reasons[found]
    kind = conditions.PROGRESSING
    if said:
        text = joined(text for _, text in said)
        return Condition(kind=kind, is_true=True, reason=said[0][0], message=text)
    return Condition(kind=kind, is_true=False, reason="Idle", message="nothing is under way")


def _all(reason: str, facts: StatusFacts, tiers: list[TierState]) -> list[tuple[str, str]]:
    return [(reason, tier_message(facts, one)) for one in tiers]


def _beside_tiers(facts: StatusFacts, missing: list[str]) -> list[tuple[str, str]]:
    """What is awaited while every tier stands, in the order in which reasons win."""
    found = [("Creating", f"waits for {joined(missing)}")] if missing else []
    found += [
        ("WaitingForSecret", str(fault)) for fault in facts.faults if fault.effect is Effect.WAITS
    ]
    found += [
        ("WaitingForSecret", f"waits for Secret {name} to be shown")
        for name in facts.identity.expected
    ]
    if facts.security_job.message:
        found.append(("PasswordChange", facts.security_job.message))
    stage = facts.certificates.stage
    if stage is not Stage.STEADY and facts.certificates.hold is None:
        found.append(("CertificateRotation", f"the CA's rotation is in its stage {stage}"))
    return found


def _moves_by(facts: StatusFacts) -> str:
    """``Scaling`` where nothing but numbers of pods change."""
    phases = facts.phases()
    moving = [one for one in facts.tiers if phases[one.role] is ComponentPhase.UPDATING]
    scales = bool(moving) and all(
        one.has_template and not one.waits_for and _reason(facts, one) == SCALING for one in moving
    )
    return SCALING if scales else "RollingOut"


def rests_on_time(facts: StatusFacts, missing: list[str]) -> bool:
    """Whether nothing is waited for but the moments that tiers ask for themselves."""
    phases = facts.phases()
    moving = [one for one in facts.tiers if phases[one.role] not in CALM]
    return (
        bool(moving)
        and not missing
        and all(
            one.standing in {Standing.APPLIED, Standing.POSTPONED}
            and one.due is not None
            and has_all_pods(one)
            for one in moving
        )
    )


def rollout(facts: StatusFacts) -> dict[str, str]:
    """The first tier that is not settled, while one is under way; else empty."""
    phases = facts.phases()
    if CALM.issuperset(phases.values()):
        return {}
    for one in facts.tiers:
        is_settled = one.settled and not one.is_scaling
        if one.is_wanted and one.standing is not Standing.KEPT and not is_settled:
            pod = rolling_pod(one.workload) if one.workload is not None else ""
            entry = {"tier": str(one.role), "reason": _reason(facts, one)}
            waiting = pod or waits(one)
            return {**entry, "waitingFor": waiting} if waiting else entry
    return {}


def _reason(facts: StatusFacts, state: TierState) -> str:
    if state.workload is None:
        return "Creating"
    if state.change:
        return state.change
    if not facts.has_run:
        return "Creating"
    before: Any = as_map(facts.request.status.get("rollout"))
    if before.get("tier") == str(state.role) and before.get("reason") in _LASTING:
        return str(before["reason"])
    is_under_way = facts.phases()[state.role] is ComponentPhase.UPDATING
    if state.is_scaling or (is_under_way and state.workload.has_rolled and not state.waits_for):
        return SCALING
    return "RollingOut" if not state.workload.has_rolled else "PodsNotReady"
