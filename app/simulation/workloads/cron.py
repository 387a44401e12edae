"""When a cron schedule is due: five fields with numbers, ranges, steps, lists and names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: Name, first and last value of each field.
_FIELDS: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_MACROS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_SUNDAY: Final = 7
_SEARCH_DAYS: Final = 366 * 5


def following(schedule: str, after: datetime, time_zone: str = "UTC") -> datetime | None:
    """First due moment after ``after``, aware UTC; None if there is none in five years.

    ValueError for a schedule that cannot be read.
    """
    minutes, hours, days, months, weekdays = _parsed(schedule)
    any_day, any_weekday = _is_any(schedule, 2), _is_any(schedule, 4)
    zone = ZoneInfo(time_zone)
    local = after.astimezone(zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
    day = local.date()
    for offset in range(_SEARCH_DAYS):
        date = day + timedelta(days=offset)
        by_day, by_weekday = date.day in days, date.isoweekday() % _SUNDAY in weekdays
        # Day and weekday, both restricted: either one is enough.
        fits = (by_day and by_weekday) if any_day or any_weekday else (by_day or by_weekday)
        if date.month not in months or not fits:
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                moment = datetime(
                    date.year, date.month, date.day, hour, minute, tzinfo=zone
                ).astimezone(UTC)
                if moment > after:
                    return moment
    return None


@lru_cache(maxsize=32)
def _parsed(schedule: str) -> tuple[frozenset[int], ...]:
    fields = _MACROS.get(schedule, schedule).split()
    if len(fields) != len(_FIELDS):
        raise ValueError("a schedule has five fields")
    sets = [_values(text.lower(), *span) for text, span in zip(fields, _FIELDS, strict=True)]
    sets[4] = frozenset(value % _SUNDAY for value in sets[4])
    return tuple(sets)


def _is_any(schedule: str, index: int) -> bool:
    return _MACROS.get(schedule, schedule).split()[index].startswith(("*", "?"))


def _values(text: str, first: int, last: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            low, high = first, last
        else:
            begin, dash, end = span.partition("-")
            low = _number(begin)
            high = _number(end) if dash else (last if step else low)
        if not first <= low <= high <= last:
            raise ValueError("a value of the schedule is out of range")
        found.update(range(low, high + 1, int(step) if step else 1))
    return frozenset(found)


def _number(text: str) -> int:
    for names, offset in ((_MONTHS, 1), (_DAYS, 0)):
        if text in names:
            return names.index(text) + offset
    return int(text)
