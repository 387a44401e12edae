"""The life of a simulated cluster as plain data: lanes of spans and marks.

Times are seconds since the start of the run. Nothing here holds a key, a password or PEM.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Group(StrEnum):
    """Groups of lanes, in the order in which they are drawn."""

    CLUSTER = "Cluster"
    AUTHORITY = "Certificate authority"
    CERTIFICATES = "Certificates"
    PODS = "Pods"
    JOBS = "Jobs"


class Look(StrEnum):
    """What a span stands for; the page gives each a colour."""

    GOOD = "good"
    CHANGING = "changing"
    BAD = "bad"
    IDLE = "idle"
    IN_USE = "in-use"
    VALIDITY = "validity"


class Cause(StrEnum):
    """Why something happened at one moment."""

    CREATED = "created"
    CERT_HASH = "cert-hash"
    CONFIG_HASH = "config-hash"
    VERSION = "version"
    IMAGE = "image"
    TEMPLATE = "template"
    LOST = "lost"
    REMOVED = "removed"
    ISSUED = "issued"
    DUE = "renewal due"
    TOGETHER = "renewed with one that was due"
    ISSUER = "another issuer"
    REISSUED = "reissued before due"
    GIVEN = "put there by a person"
    BUNDLE = "trust bundle"
    UNREADABLE = "unreadable"
    EDIT = "edit"
    RULE = "rule broken"
    FAILED = "failed"


#: A pod that starts for one of these was there before.
RESTARTS: Final = (
    Cause.CERT_HASH,
    Cause.CONFIG_HASH,
    Cause.VERSION,
    Cause.IMAGE,
    Cause.TEMPLATE,
    Cause.LOST,
)
#: A certificate that takes the place of another one.
RENEWALS: Final = (Cause.DUE, Cause.TOGETHER, Cause.ISSUER, Cause.REISSUED)


@dataclass(slots=True, kw_only=True)
class Span:
    """Something that lasts; ``end`` is None while it does. VALIDITY may leave the run."""

    start: float
    end: float | None = None
    look: Look
    label: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happens: ``causes`` has at least one, the main one first."""

    time: float
    causes: tuple[Cause, ...]
    text: str


@dataclass(slots=True, kw_only=True)
class Lane:
    """One row of the picture.

    ``routine``: what happens in it is no event of the cluster's life (runs of a CronJob).
    """

    group: Group
    name: str
    routine: bool = False
    spans: list[Span] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A whole run. ``seconds``: how long it was; ``dropped``: entries beyond the recorder's limit.

    ``phase``: the last one, empty if there was none.
    """

    namespace: str
    cluster: str
    start: datetime
    seconds: float
    phase: str
    lanes: tuple[Lane, ...]
    dropped: int = 0

    def date(self, seconds: float) -> datetime:
        """Date of a time, in UTC and whole seconds; the calendar's ends hold what lies beyond."""
        try:
            return self.start + timedelta(seconds=int(seconds))
        except OverflowError:
            return (_FIRST if seconds < 0 else _LAST).replace(microsecond=0)

    def of(self, *groups: Group) -> list[Lane]:
        """Lanes of some groups."""
        return [lane for lane in self.lanes if lane.group in groups]
