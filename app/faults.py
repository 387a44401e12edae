"""What is wrong with a spec, as data: found by the checks, reported by the status.

Every message names the field path, the value (never a Secret's) and what is allowed
(custom-resource 12).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a fault does to the cluster (custom-resource 12)."""

    FROZEN = "frozen"  # the whole spec is refused: children as last applied
    HELD = "held"  # one field keeps its running value
    WAITS = "waits"  # what depends on it is not created, or stays as it is
    WARNS = "warns"


class Reason(StrEnum):
    """Reasons of the condition SpecValid, in the order in which the first one wins."""

    INVALID = "Invalid"
    FIELD_HELD = "FieldHeld"
    STORAGE_SHRINK_REFUSED = "StorageShrinkRefused"
    STORAGE_GROWTH_HELD = "StorageGrowthHeld"
    DOWNGRADE_REFUSED = "DowngradeRefused"
    UNSAFE_SCALE_DOWN = "UnsafeScaleDown"
    SECRET_NOT_FOUND = "SecretNotFound"  # noqa: S105 - a reason
    SECRET_UNUSABLE = "SecretUnusable"  # noqa: S105 - a reason
    VALID_WITH_WARNINGS = "ValidWithWarnings"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Fault:
    """One fault of a spec.

    ``path`` is the field path (``spec.indexer.replicas``), ``message`` says the value and what
    is allowed, without repeating the path.
    """

    path: str
    message: str
    effect: Effect = Effect.FROZEN
    reason: Reason = Reason.INVALID

    def __str__(self) -> str:
        """``path: message``, the form in which people read it."""
        return f"{self.path}: {self.message}"


def frozen(path: str, message: str) -> Fault:
    """Fault that refuses the whole spec."""
    return Fault(path=path, message=message)


def warning(path: str, message: str) -> Fault:
    """Fault that is only said."""
    return Fault(path=path, message=message, effect=Effect.WARNS, reason=Reason.VALID_WITH_WARNINGS)


def held(path: str, message: str, reason: Reason = Reason.FIELD_HELD) -> Fault:
    """Fault of one field that keeps its running value."""
    return Fault(path=path, message=message, effect=Effect.HELD, reason=reason)


def waits(path: str, message: str, reason: Reason) -> Fault:
    """Fault that keeps what depends on a user's Secret from being made."""
    return Fault(path=path, message=message, effect=Effect.WAITS, reason=reason)
