"""What the status rests on, and the phase that follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.certificates.plan import CertificatePlan
from app.credentials.identity import IdentityPlan
from app.credentials.security_job import NO_JOB, JobPlan
from app.faults import Fault
from app.names import Role
from app.observed.request import SyncRequest, as_text
from app.result import Manifest
from app.rollout.tier_state import TierState
from app.status.components import ComponentPhase, phase

#: Phases of components in which nothing is under way.
CALM: Final = frozenset({ComponentPhase.RUNNING, ComponentPhase.DEGRADED, ComponentPhase.DISABLED})
_STANDS_STILL: Final = frozenset({ComponentPhase.RUNNING, ComponentPhase.DISABLED})


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
    answered in this call, to find what is wanted and not observed. ``security_job``: where a
    change of the index's passwords stands.
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
    is_paused: bool = False
    security_job: JobPlan = NO_JOB
    # Phases once they were asked for: each condition looks at them.
    _phases: dict[Role, ComponentPhase] = field(default_factory=dict, init=False, repr=False)

    @property
    def has_run(self) -> bool:
        """Whether the cluster has been Running once."""
        return as_text(self.request.status.get("version")) is not None

    def phases(self) -> dict[Role, ComponentPhase]:
        """Phase of each tier."""
        if not self._phases:
            self._phases.update((one.role, phase(one, self.request.status)) for one in self.tiers)
        return self._phases


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
        return ClusterPhase.RUNNING if _STANDS_STILL.issuperset(phases) else ClusterPhase.CREATING
    if CALM.issuperset(phases):
        return ClusterPhase.RUNNING
    is_upgrade = facts.request.status.get("version") != facts.version
    return ClusterPhase.UPGRADING if is_upgrade else ClusterPhase.UPDATING


def reached_version(facts: StatusFacts) -> str | None:
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


def has_all_pods(state: TierState) -> bool:
    """Whether a tier runs with every pod ready, though a hash may wait for its Secrets."""
    one = state.workload
    if one is None or not one.is_complete or state.is_scaling:
        return False
    return state.has_template or state.is_as_last_applied
