"""Conditions of the status: built with the time of their last flip, which only a flip moves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.observed.request import as_list, as_map, as_text, as_time, time_text

READY: Final = "Ready"
AVAILABLE: Final = "Available"
PROGRESSING: Final = "Progressing"
DEGRADED: Final = "Degraded"
CERTIFICATES_READY: Final = "CertificatesReady"
SPEC_VALID: Final = "SpecValid"

#: Longest message; and how many faults it names before it only counts them.
MESSAGE_MAX: Final = 4096
NAMED_FAULTS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One judgement: ``kind`` is true or not, for ``reason``, in words a person can act on."""

    kind: str
    is_true: bool
    reason: str
    message: str = ""


def joined(messages: Iterable[str]) -> str:
    """The first ten messages, then how many more there are; at most 4,096 characters."""
    found = list(messages)
    named = "; ".join(found[:NAMED_FAULTS])
    rest = len(found) - NAMED_FAULTS
    text = f"{named}; and {rest} more" if rest > 0 else named
    return text if len(text) <= MESSAGE_MAX else f"{text[: MESSAGE_MAX - 1]}…"


def on_wire(
    conditions: Iterable[Condition], before: Mapping[str, Any], now: datetime, generation: int
) -> list[dict[str, Any]]:
    """Conditions as the status holds them.

    ``before`` is the parent's status: its time stays where ``status`` did not flip, else each
    sync would write, and so trigger the next one.
    """
    known = by_kind(before)
    return [_one(one, known.get(one.kind, {}), now, generation) for one in conditions]


def _one(
    condition: Condition, before: Mapping[str, Any], now: datetime, generation: int
) -> dict[str, Any]:
    status = "True" if condition.is_true else "False"
    since = as_time(before.get("lastTransitionTime"))
    if before.get("status") != status or since is None:
        since = now
    return {
        "type": condition.kind,
        "status": status,
        "reason": condition.reason,
        "message": condition.message[:MESSAGE_MAX],
        "lastTransitionTime": time_text(since),
        "observedGeneration": generation,
    }


def by_kind(status: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Conditions of a status by type; what is malformed is left out."""
    found = (as_map(one) for one in as_list(status.get("conditions")))
    return {kind: one for one in found if (kind := as_text(one.get("type"))) is not None}


def true_since(status: Mapping[str, Any], kind: str) -> datetime | None:
    """Since when a condition has been true; None where it is not."""
    one = by_kind(status).get(kind, {})
    return as_time(one.get("lastTransitionTime")) if one.get("status") == "True" else None
