"""State of one tier: what becomes of it in this call, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.names import Role
from app.observed.request import Workload


class Standing(StrEnum):
    """What becomes of a tier in this call."""

    UNWANTED = "unwanted"  # the spec does not ask for it
    WAITS = "waits"  # not observed, and not created yet
    CREATED = "created"  # not observed, in this answer
    APPLIED = "applied"  # takes what the spec asks for
    POSTPONED = "postponed"  # a Secret it shall read is too young: as last applied until then
    KEPT = "kept"  # a Secret is lost, or a newer hook wrote it: as last applied, holds nobody
    HELD = "held"  # waits for an earlier tier: as last applied


@dataclass(frozen=True, slots=True, kw_only=True)
class TierState:
    """One tier after this call's decisions, judged by what is observed.

    ``waits_for``: what it waits for, in words. ``due``: when a Secret it rests on is old enough.
    ``has_template``: the observed template is the wanted one; where it is not, ``change`` says why.
    ``passed``: its roll was completed, so later tiers may go. ``settled``: every pod is there too.
    """

    role: Role
    standing: Standing
    workload: Workload | None
    replicas: int
    waits_for: str = ""
    due: datetime | None = None
    has_template: bool = False
    change: str = ""
    passed: bool = False
    settled: bool = False

    @property
    def is_wanted(self) -> bool:
        """Whether the spec asks for this tier."""
        return self.standing is not Standing.UNWANTED

    @property
    def is_as_last_applied(self) -> bool:
        """Whether template and configuration stay as they were last sent."""
        return self.standing in {Standing.POSTPONED, Standing.KEPT, Standing.HELD}

    @property
    def keeps_secrets(self) -> bool:
        """Whether Secrets that are derived for it stay as observed too.

        A postponed tier waits until they are old enough, so they must be written.
        """
        return self.is_as_last_applied and self.standing is not Standing.POSTPONED

    @property
    def is_scaling(self) -> bool:
        """Whether another number of pods is wanted than was sent, or pods are still to go.

        Pods that are too few may be lost as well as new; a roll may have one more than wanted.
        """
        one = self.workload
        if one is None:
            return False
        return one.wanted != self.replicas or (one.has_rolled and one.replicas > one.wanted)


def away(state: TierState) -> str:
    """What a tier's own roll waits for, in words; empty if nothing is away."""
    one = state.workload
    if one is None:
        return state.waits_for or "not observed yet"
    if state.due is not None:
        return state.waits_for
    if not one.is_seen:
        return "its controller has not seen the change yet"
    if one.is_complete:
        return state.waits_for
    pod = rolling_pod(one)
    counted = f"{one.ready} of {one.wanted} ready"
    return f"{counted}, waits for {pod}" if pod else counted


def rolling_pod(workload: Workload) -> str:
    """The pod that a StatefulSet's roll waits for: the highest ordinal goes first."""
    if not workload.is_stateful or workload.has_rolled or not workload.is_seen:
        return ""
    ordinal = workload.wanted - workload.updated
    is_calm = min(workload.ready, workload.available) >= workload.wanted
    if is_calm or ordinal >= workload.wanted:
        ordinal -= 1
    return f"{workload.name}-{max(ordinal, 0)}"
