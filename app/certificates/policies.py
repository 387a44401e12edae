"""Chains of reasons: small predicates in a fixed order, of which the first that holds wins.

Each rule looks at one input value and answers with a message or with nothing; no reason means:
keep byte for byte. The chains themselves are `leaf_policies` and `ca_policies`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from app.stamps import TIME_FORMAT

Input = TypeVar("Input")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The first reason that holds, with a sentence for people."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Rule(Generic[Input]):
    """A reason and the predicate that finds it: a message, or None."""

    reason: str
    finds: Callable[[Input], str | None]


def first_reason(rules: Sequence[Rule[Input]], value: Input) -> Verdict | None:
    """The first rule of the chain that holds; None: keep."""
    for rule in rules:
        message = rule.finds(value)
        if message is not None:
            return Verdict(reason=rule.reason, message=message)
    return None


def moment(time: datetime) -> str:
    """A time in messages: RFC 3339, whole seconds; never the days left, which change."""
    return time.strftime(TIME_FORMAT)
