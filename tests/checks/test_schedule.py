"""Schedules and time zones of the log rotation, intervals of the dashboard's plugin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checks.schedule import check_interval, check_schedule, check_time_zone, time_zones

PATH = "spec.manager.logRotation.schedule"


@pytest.mark.parametrize(
    "schedule",
    [
        "0 0 * * 1",
        "59 23 31 12 6",
        "0 * * * *",
        "7 */6 * * *",
        "0 1-5 * * *",
        "0 1-23/2 * * *",
        "0 3,9,21 * * mon-fri",
        "0 0 1 JAN,Jul *",
        "0 0 * * SUN",
        "0 5/6 * * *",
        "5  0   * * 1",
        "50/20 0 * * *",
        "@hourly",
        "@daily",
        "@midnight",
        "@weekly",
        "@monthly",
        "@yearly",
        "@annually",
    ],
)
def test_a_schedule_of_at_most_once_an_hour_is_accepted(schedule: str) -> None:
    """Numbers, ranges, steps, lists and names, as Kubernetes reads them."""
    assert check_schedule(PATH, schedule) == ()


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("", "is not a cron schedule; allowed: five"),
        ("0 0 * *", "is not a cron schedule; allowed: five"),
        ("0 0 * * 1 2", "is not a cron schedule; allowed: five"),
        ("@every 1h", "is not a cron schedule"),
        ("@reboot", "is not a cron schedule"),
        ("@Hourly", "is not a cron schedule"),
        ("TZ=UTC 0 0 * * 1", "use timeZone"),
        ("CRON_TZ=Europe/Berlin 0 0 * * 1", "use timeZone"),
        ("60 0 * * 1", 'minute "60"; allowed: 0 to 59'),
        ("0 24 * * 1", 'hour "24"'),
        ("0 0 0 * *", 'day of the month "0"'),
        ("0 0 32 * *", 'day of the month "32"'),
        ("0 0 * 13 *", 'month "13"'),
        ("0 0 * foo *", 'month "foo"'),
        ("0 0 * mon *", 'month "mon"'),
        ("0 0 * * 7", 'day of the week "7"; allowed: 0 to 6'),
        ("0 5-1 * * *", 'hour "5-1"'),
        ("0 */0 * * *", 'hour "*/0"'),
        ("0 1,,2 * * *", 'hour "1,,2"'),
        ("0 -1 * * *", 'hour "-1"'),
        ("0 1.5 * * *", 'hour "1.5"'),
        ("0 ? * * *", 'hour "?"'),
        ("0 *-5 * * *", 'hour "*-5"'),
        ("٣ 0 * * *", "is not a cron schedule"),
        ("* * * * *", "more than once an hour"),
        ("*/30 * * * *", "more than once an hour"),
        ("0,30 0 * * 1", "more than once an hour"),
        ("0-1 0 * * 1", "more than once an hour"),
        ("5/10 0 1 1 *", "more than once an hour"),
    ],
)
def test_another_schedule_is_refused(schedule: str, message: str) -> None:
    """The message shows the schedule and, where one field is wrong, that field."""
    (fault,) = check_schedule(PATH, schedule)
    assert fault.path == PATH
    assert f'"{schedule}"' in fault.message
    assert message in fault.message


@given(st.text(max_size=40))
def test_arbitrary_text_never_raises(text: str) -> None:
    """Text that is no schedule gets one fault, twice the same."""
    assert check_schedule(PATH, text) == check_schedule(PATH, text)
    assert check_interval(PATH, text) == check_interval(PATH, text)


@pytest.mark.parametrize("zone", ["Etc/UTC", "UTC", "Europe/Berlin", "America/Argentina/Ushuaia"])
def test_a_time_zone_of_the_database_is_accepted(zone: str) -> None:
    """Names as the tz database spells them."""
    assert check_time_zone("p", zone) == ()


@pytest.mark.parametrize("zone", ["Mars/Base", "europe/berlin", "Local", "", "Etc/UTC ", "../UTC"])
def test_another_time_zone_is_refused(zone: str) -> None:
    """Also one in another case, which a case-sensitive file system does not find."""
    (fault,) = check_time_zone("spec.manager.logRotation.timeZone", zone)
    assert f'"{zone}" is not in the tz database' in fault.message


def test_the_database_does_not_come_from_the_machine() -> None:
    """All names are there, whatever /usr/share/zoneinfo holds."""
    assert len(time_zones()) > 500


@pytest.mark.parametrize("interval", ["0 */5 * * * *", "59 0 0 1 jan 7", "*/10 * * * * sun"])
def test_an_interval_with_seconds_is_accepted(interval: str) -> None:
    """Six fields; Sunday may be 7; any frequency."""
    assert check_interval("p", interval) == ()


@pytest.mark.parametrize(
    ("interval", "message"),
    [
        ("*/5 * * * *", "six fields"),
        ("60 * * * * *", 'second "60"'),
        ("0 0 25 * * *", 'hour "25"'),
        ("0 0 0 * * 8", 'day of the week "8"'),
    ],
)
def test_another_interval_is_refused(interval: str, message: str) -> None:
    """The message names the wrong field."""
    (fault,) = check_interval("p", interval)
    assert message in fault.message
