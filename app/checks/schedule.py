"""Cron schedules and time zones of the log rotation's CronJob.

The syntax is that of Kubernetes (robfig/cron v3, standard parser): a day of the week is 0 to 6,
``a/n`` means from a to the end in steps of n.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Final

from app.faults import Fault, frozen

_MONTHS: Final = (
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
)
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MACROS: Final = frozenset(
    {"@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"}
)
_ALLOWED: Final = "allowed: five cron fields, or @hourly, @daily, @weekly, @monthly, @yearly"
_TERM: Final = re.compile(r"(\*|[0-9]{1,4}|[a-z]{3})(?:-([0-9]{1,4}|[a-z]{3}))?(?:/([0-9]{1,4}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One of the five fields: its name, its bounds, its names in order from ``low``."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, word: str) -> int | None:
        """Value of a number or a name of this field; None if it is neither or out of bounds."""
        if word in self.names:
            return self.low + self.names.index(word)
        if word.isdigit() and self.low <= int(word) <= self.high:
            return int(word)
        return None

    def values(self, text: str) -> frozenset[int] | None:
        """All values that a list of terms selects, or None if a term is wrong."""
        found: set[int] = set()
        for term in text.split(","):
            selected = self._term(term)
            if selected is None:
                return None
            found.update(selected)
        return frozenset(found)

    def _term(self, term: str) -> range | None:
        match = _TERM.fullmatch(term.lower())
        if match is None:
            return None
        first, last, step = match.groups()
        if first == "*":
            if last is not None:
                return None
            low, high = self.low, self.high
        else:
            start = self.number(first)
            end = start if last is None else self.number(last)
            if start is None or end is None or end < start:
                return None
            low, high = start, self.high if step is not None and last is None else end
        if step is not None and int(step) == 0:
            return None
        return range(low, high + 1, int(step or 1))


_FIELDS: Final = (
    _Field(name="minute", low=0, high=59),
    _Field(name="hour", low=0, high=23),
    _Field(name="day of the month", low=1, high=31),
    _Field(name="month", low=1, high=12, names=_MONTHS),
    _Field(name="day of the week", low=0, high=6, names=_DAYS),
)


#: node-cron of the dashboard's plugin: seconds first, and Sunday is 7 as well.
_SIX_FIELDS: Final = (
    _Field(name="second", low=0, high=59),
    *_FIELDS[:4],
    _Field(name="day of the week", low=0, high=7, names=_DAYS),
)


def _wrong_field(fields: tuple[_Field, ...], words: list[str]) -> str | None:
    """What is wrong with the first field that selects nothing, or None."""
    for field, word in zip(fields, words, strict=True):
        if field.values(word) is None:
            return (
                f'is not a cron schedule: {field.name} "{word}"; '
                f"allowed: {field.low} to {field.high}, ranges, steps and lists of them"
            )
    return None


@lru_cache(maxsize=128)
def _schedule_problem(text: str) -> str | None:
    """Why ``text`` is no schedule for rotating logs, or None."""
    if text in _MACROS:
        return None
    if "TZ=" in text:
        return "names a time zone; use timeZone"
    words = text.split()
    if len(words) != len(_FIELDS):
        return f"is not a cron schedule; {_ALLOWED}"
    wrong = _wrong_field(_FIELDS, words)
    if wrong is not None:
        return wrong
    minutes = _FIELDS[0].values(words[0])
    if minutes is not None and len(minutes) > 1:
        return "runs more than once an hour; allowed: one minute, such as 0 0 * * 1"
    return None


def check_schedule(path: str, schedule: str) -> tuple[Fault, ...]:
    """Fault of a schedule that Kubernetes refuses or that runs more than once an hour."""
    problem = _schedule_problem(schedule)
    return () if problem is None else (frozen(path, f'"{schedule}" {problem}'),)


@lru_cache(maxsize=128)
def _interval_problem(text: str) -> str | None:
    words = text.split()
    if len(words) != len(_SIX_FIELDS):
        return "is not a cron schedule; allowed: six fields, the first one seconds"
    return _wrong_field(_SIX_FIELDS, words)


def check_interval(path: str, interval: str) -> tuple[Fault, ...]:
    """Fault of a schedule with seconds, as the dashboard's plugin takes it."""
    problem = _interval_problem(interval)
    return () if problem is None else (frozen(path, f'"{interval}" {problem}'),)


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """Names of the tz database, from the package tzdata: the same on every machine."""
    listing = resources.files("tzdata").joinpath("zones").read_text(encoding="ascii")
    return frozenset(listing.split())


def check_time_zone(path: str, zone: str) -> tuple[Fault, ...]:
    """Fault of a time zone that the tz database does not have; names are case-sensitive."""
    if zone in time_zones():
        return ()
    return (frozen(path, f'"{zone}" is not in the tz database; allowed: names such as Etc/UTC'),)
