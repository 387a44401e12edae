"""Prometheus metrics: few, in base units, none with a name from a request as label."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.edge.handshakes import Failure
from app.result import Outcome, Report

_MS: Final = 0.001
_BUCKETS: Final = (
    *(_MS * count for count in (1, 2, 3, 5, 8, 20, 50, 100, 250, 500)),
    *(1.0, 2.5, 5.0, 10.0),
)
_MAX_CLUSTERS: Final = 10_000

Value = TypeVar("Value")


class RecentClusters(Generic[Value]):
    """One value a cluster, by uid, of those synced within a time.

    Metacontroller syncs each cluster every 30 s, so one that is not seen any more is gone, or
    another replica has it. Bounded: of too many clusters, the one synced longest ago is forgotten.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        forget_after: timedelta,
        max_clusters: int = _MAX_CLUSTERS,
    ) -> None:
        """``clock`` gives the time that syncs are made with."""
        self._clock = clock
        self._forget_after = forget_after
        self._max_clusters = max_clusters
        self._clusters: OrderedDict[str, tuple[datetime, Value]] = OrderedDict()

    def record(self, uid: str, value: Value | None) -> None:
        """Take over what one sync saw; None: there is nothing to tell of the cluster any more."""
        self._clusters.pop(uid, None)
        if value is not None:
            self._clusters[uid] = (self._clock(), value)
            if len(self._clusters) > self._max_clusters:
                self._clusters.popitem(last=False)

    def values(self) -> list[Value]:
        """Of the clusters synced recently."""
        oldest = self._clock() - self._forget_after
        while self._clusters:
            uid, (synced, _) = next(iter(self._clusters.items()))
            if synced >= oldest:
                break
            del self._clusters[uid]
        return [value for _, value in self._clusters.values()]

    def __len__(self) -> int:
        """Number of clusters that are remembered."""
        return len(self._clusters)


class ExpiryGauge(Collector):
    """Earliest certificate expiry of all clusters as one number."""

    def __init__(self, clock: Callable[[], datetime], max_clusters: int = _MAX_CLUSTERS) -> None:
        """``clock`` gives the time that syncs are made with."""
        self.clusters = RecentClusters[datetime](clock, timedelta(hours=1), max_clusters)

    def earliest(self) -> datetime | None:
        """Earliest expiry of the clusters synced within the last hour."""
        return min(self.clusters.values(), default=None)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One sample, or none while no certificate is known."""
        family = GaugeMetricFamily(
            "wazuh_hook_certificate_earliest_expiry_timestamp_seconds",
            "Earliest end of validity of all certificates in all clusters synced in the last hour.",
        )
        earliest = self.earliest()
        if earliest is not None:
            family.add_metric([], earliest.timestamp())
        yield family


class ReadyGauge(Collector):
    """How many clusters are ready, and how many are not.

    With several replicas each tells of those that it has synced in the last two minutes, so one
    cluster may be told of twice, and never for long of a state that has passed.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        """``clock`` gives the time that syncs are made with."""
        self.clusters = RecentClusters[bool](clock, timedelta(minutes=2))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One sample for either state."""
        family = GaugeMetricFamily(
            "wazuh_hook_clusters",
            "Clusters synced in the last two minutes, by their condition Ready.",
            labels=["ready"],
        )
        found = self.clusters.values()
        for is_ready in (True, False):
            family.add_metric([str(is_ready).lower()], found.count(is_ready))
        yield family


class Metrics:
    """All metrics of one application, in a registry of its own."""

    def __init__(self, *, clock: Callable[[], datetime], version: str) -> None:
        """``clock`` ages the expiry gauge; ``version`` goes into the build info."""
        self.registry = CollectorRegistry()
        self._syncs = Counter(
            "wazuh_hook_syncs",
            "Syncs and finalizes, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        for outcome in Outcome:
            self._syncs.labels(outcome.value)
        self._reused = Counter(
            "wazuh_hook_syncs_reused",
            "Syncs whose request was known byte by byte, answered from memory.",
            registry=self.registry,
        )
        self._seconds = Histogram(
            "wazuh_hook_sync_duration_seconds",
            "Time from the whole body to the answer, waiting for a thread included.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._issued = Counter(
            "wazuh_hook_certificates_issued",
            "Certificates issued, by the reason for it.",
            ["reason"],
            registry=self.registry,
        )
        self._refused = Counter(
            "wazuh_hook_requests_refused",
            "Requests refused before a sync, by HTTP status.",
            ["status"],
            registry=self.registry,
        )
        self._handshakes = Counter(
            "wazuh_hook_tls_handshakes_failed",
            "TLS handshakes that failed, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self._own_expiry: Gauge | None = None
        self._expiry = ExpiryGauge(clock)
        self.registry.register(self._expiry)
        self._ready = ReadyGauge(clock)
        self.registry.register(self._ready)
        build = Info("wazuh_hook_build", "Version of the hook.", registry=self.registry)
        build.info({"version": version})

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def synced(self, report: Report, seconds: float, *, is_reused: bool = False) -> None:
        """Count one answered sync; certificates are those made by it, whoever stores them."""
        self._syncs.labels(report.outcome.value).inc()
        if is_reused:
            self._reused.inc()
        self._seconds.observe(seconds)
        for reissue in report.reissues:
            if is_certificate(reissue.secret):
                self._issued.labels(reissue.reason).inc()
        deleting = report.outcome is Outcome.DELETING
        self._expiry.clusters.record(report.uid, None if deleting else report.earliest_expiry)
        self._ready.clusters.record(report.uid, None if deleting else report.is_ready)

    def failed(self, seconds: float) -> None:
        """Count one sync that raised."""
        self._syncs.labels(Outcome.ERROR.value).inc()
        self._seconds.observe(seconds)

    def refused(self, status: int) -> None:
        """Count one request that was not let through."""
        self._refused.labels(str(status)).inc()

    def tls_loaded(self, expiry: datetime) -> None:
        """Show when the server's own certificate ends; without TLS there is no such metric."""
        if self._own_expiry is None:
            self._own_expiry = Gauge(
                "wazuh_hook_tls_certificate_expiry_timestamp_seconds",
                "End of validity of the certificate that this server shows its clients.",
                registry=self.registry,
            )
        self._own_expiry.set(expiry.timestamp())

    def handshake_failed(self, failure: Failure) -> None:
        """Count one failed TLS handshake."""
        self._handshakes.labels(failure.name.lower()).inc()


def is_certificate(secret: str) -> bool:
    """Whether a Secret of ours holds a certificate, by its name (`app.names`)."""
    return secret.endswith(("-ca", "-certs"))
