"""What one call of the hook gives: the answer on the wire and a report for the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

#: A Kubernetes object as JSON carries it.
Manifest = dict[str, Any]


class Outcome(StrEnum):
    """How a sync ended; label of the metric that counts syncs."""

    APPLIED = "applied"
    FROZEN = "frozen"
    DELETING = "deleting"
    PAUSED = "paused"
    ERROR = "error"  # counted by the edge: no Result exists


@dataclass(frozen=True, slots=True, kw_only=True)
class Reissue:
    """A Secret whose content this call makes anew, and why (certificates 4)."""

    secret: str
    reason: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Metacontroller's sync response; it reads these four fields strictly."""

    status: Mapping[str, Any] | None
    children: tuple[Manifest, ...] = field(repr=False)
    resync_after_seconds: int = 0
    finalized: bool = False

    def on_wire(self) -> dict[str, Any]:
        """JSON form; ``resyncAfterSeconds`` and ``finalized`` only where they say something."""
        wire: dict[str, Any] = {"status": self.status, "children": self.children}
        if self.resync_after_seconds > 0:
            wire["resyncAfterSeconds"] = self.resync_after_seconds
        if self.finalized:
            wire["finalized"] = True
        return wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the edge logs and counts; no part of the answer and free of Secret material.

    ``held``: tier to what it waits for. ``earliest_expiry``: of all observed certificates.
    ``is_ready``: condition Ready. ``observed`` and ``emitted``: numbers of children.
    """

    namespace: str
    name: str
    uid: str
    generation: int
    outcome: Outcome
    phase: str
    is_ready: bool
    observed: int
    emitted: int
    reissues: tuple[Reissue, ...] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    earliest_expiry: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Answer and report of one call."""

    response: Response
    report: Report
    steady_until: datetime | None = None
    """Until then time alone changes nothing but ``resyncAfterSeconds``, which counts down to this
    moment: the same request has this very answer. None: it may not be given again."""
