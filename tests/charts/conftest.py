"""The charts' tests need helm, which Go builds: `make e2e` runs them, `make test` does not."""

from __future__ import annotations

import pytest

from app.edge.metrics import Metrics
from tests.charts import helm
from tests.cluster_builder import NOW


@pytest.fixture(scope="session", autouse=True)
def _built() -> None:
    """Build helm before the first test, unless `make e2e` has."""
    helm.binary()


@pytest.fixture(scope="session")
def metric_names() -> frozenset[str]:
    """Names of all samples that the hook can expose."""
    metrics = Metrics(clock=lambda: NOW, version="0")
    metrics.tls_loaded(NOW)
    suffixes = {
        "counter": ("_total",),
        "histogram": ("_bucket", "_sum", "_count"),
        "info": ("_info",),
    }
    return frozenset(
        f"{family.name}{suffix}"
        for family in metrics.registry.collect()
        for suffix in suffixes.get(family.type, ("",))
    )
