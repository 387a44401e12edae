"""Status of the components: what each tier does, in a word and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from app.names import MANAGERS, Role
from app.observed.request import Workload, as_map, as_text
from app.rollout.tier_state import Standing, TierState, away


class ComponentPhase(StrEnum):
    """Phase of a component, the worst first."""

    PENDING = "Pending"
    CREATING = "Creating"
    DEGRADED = "Degraded"
    UPDATING = "Updating"
    HELD = "Held"
    RUNNING = "Running"
    DISABLED = "Disabled"


#: Reason of a rollout in which only numbers of pods change.
SCALING: Final = "Scaling"
#: Where a tier's status stands: path of field names below `status`.
PATHS: Mapping[Role, tuple[str, ...]] = {
    Role.INDEXER: ("indexer",),
    Role.MANAGER_MASTER: ("manager", "master"),
    Role.MANAGER_WORKER: ("manager", "workers"),
    Role.DASHBOARD: ("dashboard",),
}


def version_before(status: Mapping[str, Any], role: Role) -> str | None:
    """Version in the tier's own status: it has been settled once if there is one."""
    return as_text(_before(status, role).get("version"))


def was_disabled(status: Mapping[str, Any], role: Role) -> bool:
    """Whether the status says that the spec does not want this tier."""
    return bool(_before(status, role).get("phase") == ComponentPhase.DISABLED)


def _before(status: Mapping[str, Any], role: Role) -> Mapping[str, Any]:
    found: Mapping[str, Any] = status
    for field in PATHS[role]:
        found = as_map(found.get(field))
    return found


def phase(state: TierState, status: Mapping[str, Any]) -> ComponentPhase:
    """Phase of one tier; ``status`` is the parent's, for whether it was settled before."""
    one = state.workload
    if one is None or state.standing is Standing.UNWANTED:
        return ComponentPhase.PENDING if state.is_wanted else ComponentPhase.DISABLED
    if state.settled and not state.is_scaling:
        return ComponentPhase.RUNNING
    if version_before(status, state.role) is None:
        return ComponentPhase.CREATING
    if state.standing is Standing.HELD:
        return ComponentPhase.HELD
    return _living(state, one, status)


def _living(state: TierState, one: Workload, status: Mapping[str, Any]) -> ComponentPhase:
    """Phase of a tier that was settled before and is not held."""
    if state.is_scaling:
        return ComponentPhase.UPDATING
    if state.standing is Standing.KEPT:
        return ComponentPhase.RUNNING if one.is_complete else ComponentPhase.DEGRADED
    has_rolled = state.has_template and one.has_rolled and not state.waits_for
    if not has_rolled or _is_not_through(state, one, status):
        return ComponentPhase.UPDATING
    return ComponentPhase.DEGRADED


def _is_not_through(state: TierState, one: Workload, status: Mapping[str, Any]) -> bool:
    """Whether pods are new rather than lost: what the status called Updating is not through.

    After a roll they are ready and not available yet; after scaling up they were never ready.
    """
    if _before(status, state.role).get("phase") != ComponentPhase.UPDATING:
        return False
    under_way = as_map(status.get("rollout"))
    scales = under_way.get("reason") == SCALING or under_way.get("tier") != state.role
    return one.ready >= one.wanted or scales


def message(state: TierState, found: ComponentPhase) -> str:
    """What the tier waits for, in words a person can act on; empty where it runs."""
    match found:
        case ComponentPhase.DISABLED:
            return ""
        case ComponentPhase.RUNNING if state.standing is not Standing.KEPT:
            return ""
        case ComponentPhase.HELD:
            return state.waits_for
        case _ if state.standing is Standing.KEPT:
            return state.waits_for
        case _:
            return away(state)


def component(state: TierState, status: Mapping[str, Any]) -> dict[str, Any]:
    """ComponentStatus of one tier."""
    one = state.workload
    found = phase(state, status)
    version = one.image_tag if one is not None and state.settled else None
    entry: dict[str, Any] = {
        "phase": str(found),
        "replicas": 0 if one is None else one.wanted,
        "readyReplicas": 0 if one is None else one.ready,
    }
    version = version or version_before(status, state.role)
    if version is not None:
        entry["version"] = version
    text = message(state, found)
    if text:
        entry["message"] = text
    return entry


def components(tiers: Sequence[TierState], status: Mapping[str, Any]) -> dict[str, Any]:
    """`indexer`, `manager` with both roles, and `dashboard`."""
    entries = {state.role: component(state, status) for state in tiers}
    roles = [entries[role] for role in MANAGERS]
    order = list(ComponentPhase)
    worst = min(roles, key=lambda entry: order.index(ComponentPhase(entry["phase"])))
    manager: dict[str, Any] = {
        "phase": worst["phase"],
        "replicas": sum(entry["replicas"] for entry in roles),
        "readyReplicas": sum(entry["readyReplicas"] for entry in roles),
        "master": roles[0],
        "workers": roles[1],
    }
    manager.update({key: worst[key] for key in ("version", "message") if key in worst})
    return {
        "indexer": entries[Role.INDEXER],
        "manager": manager,
        "dashboard": entries[Role.DASHBOARD],
    }
