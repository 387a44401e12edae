"""When a certificate is renewed: whole seconds, computed jitter, never too late."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

import pytest

from app.certificates.pem import CertificateFacts
from app.certificates.renewal import margin_start, renewal_time, window
from tests.certificates.scenario import INDEXER, NOW, UID, World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def living(template: CertificateFacts, validity: timedelta, serial: str = "1") -> CertificateFacts:
    """Facts of a certificate issued at NOW for ``validity``."""
    return dataclasses.replace(
        template,
        fingerprint=f"{serial}-{validity}",
        serial=serial,
        not_before=NOW - HOUR,
        not_after=NOW + validity,
    )


@pytest.mark.parametrize(
    ("validity", "threshold", "expected"),
    [
        pytest.param(365 * DAY, 30 * DAY, 30 * DAY, id="threshold below the lifetime"),
        pytest.param(20 * DAY, 30 * DAY, (20 * DAY + HOUR) / 3, id="threshold above it"),
        pytest.param(30 * DAY, 30 * DAY, (30 * DAY + HOUR) / 3, id="threshold equal to it"),
        pytest.param(HOUR, 30 * DAY, timedelta(minutes=40), id="an hour"),
    ],
)
def test_the_window_is_the_threshold_or_a_third_of_the_lifetime(
    settled: World, validity: timedelta, threshold: timedelta, expected: timedelta
) -> None:
    """The hour by which notBefore lies back does not count as lifetime left."""
    assert window(living(settled.active, validity), threshold) == expected


@pytest.mark.parametrize("hours", [1, 2, 24, 24 * 31, 24 * 365, 24 * 3650])
@pytest.mark.parametrize("threshold", [DAY, 30 * DAY, 4000 * DAY])
def test_what_was_just_issued_is_not_due(settled: World, hours: int, threshold: timedelta) -> None:
    """For validities from an hour to ten years, whatever the threshold and serial (C07)."""
    validity = timedelta(hours=hours)
    for serial in range(50):
        facts = living(settled.active, validity, f"{serial:x}")
        time = renewal_time(facts, UID, INDEXER, threshold)
        assert NOW < time <= facts.not_after - min(DAY, window(facts, threshold) / 2)
        assert time.microsecond == 0


def test_c62_renewals_of_many_clusters_are_spread(settled: World) -> None:
    """100 clusters of one minute spread over at least a tenth of the window."""
    times: list[datetime] = []
    for cluster in range(100):
        facts = living(settled.active, 365 * DAY, f"{cluster:x}")
        times.append(renewal_time(facts, f"uid-{cluster}", INDEXER, 30 * DAY))
    assert max(times) - min(times) >= 3 * DAY
    assert max(times) <= NOW + 364 * DAY
    assert min(times) >= NOW + 335 * DAY


def test_the_time_depends_on_uid_secret_and_serial_only(settled: World) -> None:
    """Each of the three moves it; asking again does not."""
    facts = living(settled.active, 365 * DAY)
    first = renewal_time(facts, UID, INDEXER, 30 * DAY)
    assert renewal_time(facts, UID, INDEXER, 30 * DAY) == first
    assert renewal_time(facts, "other", INDEXER, 30 * DAY) != first
    assert renewal_time(facts, UID, "other", 30 * DAY) != first
    assert renewal_time(living(settled.active, 365 * DAY, "2"), UID, INDEXER, 30 * DAY) != first


def test_a_certificate_that_ends_before_it_begins_has_no_window(settled: World) -> None:
    """Bytes of people may say so; arithmetic must bear it."""
    facts = dataclasses.replace(
        settled.active, fingerprint="x", not_before=NOW, not_after=NOW - DAY
    )
    assert window(facts, 30 * DAY) == timedelta()
    assert renewal_time(facts, UID, INDEXER, 30 * DAY) == NOW - DAY
    assert margin_start(facts) == NOW - DAY


def test_the_margin_is_a_day_or_a_tenth_of_a_short_life(settled: World) -> None:
    """Before it, a CA has left every bundle."""
    assert margin_start(living(settled.active, 730 * DAY)) == NOW + 729 * DAY
    short = living(settled.active, timedelta(hours=9))
    assert margin_start(short) == NOW + timedelta(hours=8)
