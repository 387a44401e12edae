"""What a sync leaves behind: how it ended, what it saw and wrote."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How a sync ended."""

    SUCCESS = "success"
    LATER = "later"  # 429: queued again, no event, no back-off
    SILENT = "silent"  # a related informer was not filled: back-off without event
    ERROR = "error"  # event SyncError and back-off


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync:
    """One finished sync. Times in seconds since the start; ``writes``: child and status writes.

    ``parent``: namespace and name. ``status``: HTTP status of the hook, 0 if it was not called.
    ``resync_after``: as answered.
    """

    parent: tuple[str, str]
    started: float
    ended: float
    ending: Ending
    status: int = 0
    observed: int = 0
    desired: int = 0
    writes: int = 0
    resync_after: float = 0.0
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things take, in virtual seconds, and how many syncs run at once."""

    hook_seconds: float = 0.02
    write_seconds: float = 0.008
    workers: int = 5


class SyncError(Exception):
    """Ends a sync; ``ending`` says how."""

    def __init__(self, ending: Ending, text: str = "", retry_after: float = 0.0) -> None:
        """``text``: of the event; ``retry_after``: seconds, for LATER."""
        super().__init__(text)
        self.ending = ending
        self.retry_after = retry_after


class Progress:
    """What a sync has found out so far."""

    __slots__ = ("desired", "observed", "resync_after", "started", "status")

    def __init__(self, started: float) -> None:
        """``started``: seconds since the start."""
        self.started = started
        self.status = 0
        self.observed = 0
        self.desired = 0
        self.resync_after = 0.0
