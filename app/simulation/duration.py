"""Durations of the command line: ``90s``, ``10m``, ``3h``, ``800d``, also ``1h30m``."""

from __future__ import annotations

import re
from typing import Final

_FORM: Final = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?")
_SECONDS: Final = (86400, 3600, 60, 1)
LONGEST_SECONDS: Final = 100 * 365 * 86400


def seconds_of(text: str) -> int:
    """Seconds of a duration. ValueError for another form, or more than a hundred years."""
    match = _FORM.fullmatch(text)
    if match is None or not text:
        raise ValueError("must be a duration such as 90s, 10m, 3h, 800d")
    total = sum(
        int(number or 0) * unit for number, unit in zip(match.groups(), _SECONDS, strict=True)
    )
    if total > LONGEST_SECONDS:
        raise ValueError("must be at most a hundred years")
    return total


def shown(seconds: float) -> str:
    """A duration for people, without the units that are zero."""
    rest = int(seconds)
    parts: list[str] = []
    for unit, name in zip(_SECONDS, "dhms", strict=True):
        count, rest = divmod(rest, unit)
        if count or (name == "s" and not parts):
            parts.append(f"{count}{name}")
    return "".join(parts)
