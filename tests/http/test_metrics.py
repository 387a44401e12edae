"""The metrics: what they count, and that nothing in them grows with the number of clusters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.edge.metrics import ExpiryGauge, Metrics
from app.result import Outcome
from tests.http.edge import EXPIRY, NOW, REQUEST, report, running

GAUGE = "wazuh_hook_certificate_earliest_expiry_timestamp_seconds"


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        """The fixed time."""
        self.now = NOW

    def __call__(self) -> datetime:
        """The time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A time that tests move."""
    return Clock()


def test_syncs_are_counted_by_outcome() -> None:
    """All outcomes are there from the start, so that a rate can be computed."""
    with running() as edge:
        assert edge.metric('wazuh_hook_syncs_total{outcome="frozen"}') == 0
        edge.client.post("/sync", json=REQUEST)
        edge.client.post("/sync", json={**REQUEST, "heavy": True})
        edge.client.post("/sync", json={**REQUEST, "do": "defect", "value": "x"})
        edge.client.post("/sync", json={**REQUEST, "do": "registration-error"})
        edge.client.post("/customize", json=REQUEST)
        edge.client.post("/sync", content=b"{")
        assert edge.metric('wazuh_hook_syncs_total{outcome="applied"}') == 2
        assert edge.metric('wazuh_hook_syncs_total{outcome="error"}') == 2
        assert edge.metric("wazuh_hook_sync_duration_seconds_count") == 4
        assert edge.metric('wazuh_hook_requests_refused_total{status="400"}') == 1


def test_a_failed_customize_is_no_failed_sync() -> None:
    """It has no outcome; the log has it."""
    with running() as edge:
        edge.client.post("/customize", json={**REQUEST, "do": "defect", "value": "x"})
        assert edge.metric('wazuh_hook_syncs_total{outcome="error"}') == 0
        assert len(edge.events("sync_failed")) == 1


def test_certificates_are_counted_by_reason_and_passwords_are_not() -> None:
    """The report of the fake names two certificates and a cluster key."""
    with running() as edge:
        edge.client.post("/sync", json=REQUEST)
        assert edge.metric('wazuh_hook_certificates_issued_total{reason="NearExpiry"}') == 1
        assert edge.metric('wazuh_hook_certificates_issued_total{reason="Missing"}') == 1


def test_the_build_is_named() -> None:
    """By its version alone."""
    text = Metrics(clock=lambda: NOW, version="1.2.3").exposition().decode()
    assert 'wazuh_hook_build_info{version="1.2.3"} 1.0' in text


def test_the_earliest_expiry_of_all_clusters_is_one_gauge() -> None:
    """No label names a cluster."""
    with running() as edge:
        assert edge.metric(GAUGE) is None
        for uid in ("u-1", "u-2", "u-3"):
            edge.client.post("/sync", json={**REQUEST, "uid": uid})
        assert edge.metric(GAUGE) == EXPIRY.timestamp()
        assert "demo" not in edge.client.get("/metrics").text


def test_the_earliest_of_several_counts(clock: Clock) -> None:
    """And changes with a renewal of it."""
    gauge = ExpiryGauge(clock)
    gauge.clusters.record("a", EXPIRY)
    gauge.clusters.record("b", EXPIRY - timedelta(days=9))
    assert gauge.earliest() == EXPIRY - timedelta(days=9)
    gauge.clusters.record("b", EXPIRY + timedelta(days=9))
    assert gauge.earliest() == EXPIRY


def test_a_cluster_that_is_not_synced_for_an_hour_is_forgotten(clock: Clock) -> None:
    """It is gone: its certificates may expire."""
    gauge = ExpiryGauge(clock)
    gauge.clusters.record("gone", EXPIRY - timedelta(days=9))
    clock.now += timedelta(minutes=40)
    gauge.clusters.record("there", EXPIRY)
    assert gauge.earliest() == EXPIRY - timedelta(days=9)
    clock.now += timedelta(minutes=21)
    assert gauge.earliest() == EXPIRY
    clock.now += timedelta(hours=1)
    assert gauge.earliest() is None
    assert len(gauge.clusters) == 0


def test_the_map_of_clusters_is_bounded(clock: Clock) -> None:
    """The one synced longest ago makes room."""
    gauge = ExpiryGauge(clock, max_clusters=3)
    for day, uid in enumerate("abcd"):
        gauge.clusters.record(uid, EXPIRY + timedelta(days=day))
    gauge.clusters.record("b", EXPIRY + timedelta(days=1))
    gauge.clusters.record("e", EXPIRY + timedelta(days=4))
    assert len(gauge.clusters) == 3
    assert gauge.earliest() == EXPIRY + timedelta(days=1)


def test_clusters_are_counted_by_whether_they_are_ready(clock: Clock) -> None:
    """By their last sync of the last two minutes; one that is deleted counts no more."""
    metrics = Metrics(clock=clock, version="1")
    for uid, is_ready in (("a", True), ("b", False), ("c", False), ("b", True)):
        metrics.synced(report(uid=uid, is_ready=is_ready), 0.0)
    assert _ready(metrics) == (2, 1)
    metrics.synced(report(uid="c", outcome=Outcome.DELETING), 0.0)
    assert _ready(metrics) == (2, 0)
    clock.now += timedelta(minutes=2, seconds=1)
    assert _ready(metrics) == (0, 0)


def _ready(metrics: Metrics) -> tuple[float | None, float | None]:
    """Numbers of clusters that are ready, and that are not."""
    name = "wazuh_hook_clusters"
    yes, no = (metrics.registry.get_sample_value(name, {"ready": one}) for one in ("true", "false"))
    return yes, no


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"outcome": Outcome.DELETING}, id="deleting"),
        pytest.param({"earliest_expiry": None}, id="without certificates"),
    ],
)
def test_a_cluster_without_a_future_is_forgotten_at_once(changes: dict[str, object]) -> None:
    """Nobody renews its certificates any more, and nobody needs to."""
    metrics = Metrics(clock=lambda: NOW, version="1")
    metrics.synced(report(), 0.01)
    metrics.synced(report(**changes), 0.01)
    assert metrics.registry.get_sample_value(GAUGE) is None


def test_two_applications_count_apart() -> None:
    """Each has its own registry."""
    first, second = (Metrics(clock=lambda: NOW, version="1") for _ in range(2))
    first.synced(report(earliest_expiry=datetime(2030, 1, 1, tzinfo=UTC)), 0.01)
    assert second.registry.get_sample_value(GAUGE) is None
