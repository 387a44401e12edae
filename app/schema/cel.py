"""What a rule is: CEL for the CRD and its twin in Python for the hook; the rules: `rules`.

CEL fails on an absent field, so each field is read with its default (``value_or``). A rule on an
optional object is skipped where that object comes or goes; what must see that (immutability)
stands at the root and compares effective values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.faults import Effect

Holds = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule on the value at ``path`` (``[]``: each element of a list).

    ``cel`` and ``holds`` say the same about ``self``, a value of the right structure without
    nulls. ``shows_value``: the message begins with the value. ``reads``: paths below ``path`` that
    the rule needs to be right, all of them if empty. ``effect``: of a broken rule where the API
    server was passed by.
    """

    path: str
    cel: str
    message: str
    holds: Holds
    shows_value: bool = False
    reads: tuple[str, ...] = ()
    effect: Effect = Effect.FROZEN


@dataclass(frozen=True, slots=True, kw_only=True)
class RootRule:
    """A rule on the whole object, ``holds(self, old)``; a transition has no say at creation."""

    cel: str
    message: str
    holds: Callable[[Mapping[str, Any], Mapping[str, Any] | None], bool]


def read(value: Mapping[str, Any], path: str, default: Any = None) -> Any:
    """Value below ``value`` at the dotted ``path``; ``default`` where it is absent or null."""
    found: Any = value
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return default if found is None else found


def has(path: str, of: str = "self") -> str:
    """CEL: whether the dotted ``path`` is there, each step asked for."""
    steps = path.split(".")
    return " && ".join(f"has({of}.{'.'.join(steps[:end])})" for end in range(1, len(steps) + 1))


def value_or(path: str, default: str, of: str = "self") -> str:
    """CEL: value at ``path``, or ``default``."""
    return f"({has(path, of)} ? {of}.{path} : {default})"
