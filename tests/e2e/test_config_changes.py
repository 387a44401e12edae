"""A changed configuration restarts the pods that read it, tier by tier, each once."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.result import Manifest
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace
from tests.e2e.conftest import Namespaces
from tests.e2e.pod_watch import PodWatch
from tests.e2e.specs import NAME, wazuh_cluster

pytestmark = pytest.mark.timeout(300)

#: Spec, pods of StatefulSets in the order of their restart, dashboards, objects that are written.
CHANGES: Final[dict[str, tuple[dict[str, Any], list[str], int, list[str]]]] = {
    "managers": (
        {"manager": {"config": {"global": {"logAll": True}}}},
        ["wazuh-manager-master-0", "wazuh-manager-worker-1", "wazuh-manager-worker-0"],
        0,
        [
            "configmaps wazuh-manager-master-config",
            "configmaps wazuh-manager-worker-config",
            "statefulsets wazuh-manager-master",
            "statefulsets wazuh-manager-worker",
        ],
    ),
    "workers": (
        {"manager": {"workers": {"nodeSelector": {"kubernetes.io/os": "linux"}}}},
        ["wazuh-manager-worker-1", "wazuh-manager-worker-0"],
        0,
        ["statefulsets wazuh-manager-worker"],
    ),
    "dashboard": (
        {"dashboard": {"wazuhPlugin": {"timeout": 30_000}}},
        [],
        1,
        ["deployments wazuh-dashboard", "secrets wazuh-dashboard-wazuh"],
    ),
    "indexers": (
        {"indexer": {"javaOpts": "-Xms512m -Xmx512m"}},
        ["wazuh-indexer-2", "wazuh-indexer-1", "wazuh-indexer-0"],
        0,
        ["statefulsets wazuh-indexer"],
    ),
}


@pytest.fixture(scope="module")
def running(namespaces: Namespaces) -> Namespace:
    """A namespace with a running cluster, which each test changes further."""
    namespace = namespaces()
    namespace.create(wazuh_cluster({}))
    namespace.wait_running(NAME)
    return namespace


@pytest.mark.parametrize("tiers", CHANGES)
def test_exactly_the_tiers_concerned_roll(
    tiers: str, running: Namespace, audit_log: AuditLog
) -> None:
    """Their pods are replaced once each, in order, and one write to each object is enough."""
    spec, restarted, dashboards, written = CHANGES[tiers]
    mark, watch = audit_log.mark(), PodWatch(running.connection, running.name)
    running.edit(NAME, lambda parent: _merge(parent["spec"], spec))
    running.wait_running(NAME)
    created = [name for component, name in watch.created if component != "dashboard"]
    assert created == restarted
    assert len(watch.created) - len(created) == dashboards
    if audit_log.is_read:
        expected = {f"update {what}": 1 for what in written}
        assert audit_log.changed(running.name, mark) == expected


def _merge(spec: Manifest, change: Manifest) -> None:
    for key, value in change.items():
        if isinstance(value, dict):
            _merge(spec.setdefault(key, {}), value)
        else:
            spec[key] = value
