"""Changes of a running cluster: a version tier by tier, and a wish that cannot be honoured."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import pytest

from app import names
from app.result import Manifest
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace, conditions, wait_until
from tests.e2e.pod_watch import PodWatch
from tests.e2e.specs import NAME, wazuh_cluster

pytestmark = pytest.mark.timeout(300)

TIERS: Final = ("indexer", "manager-master", "manager-worker", "dashboard")
WORKERS: Final = "wazuh-manager-worker"
MASTER: Final = "wazuh-manager-master"
#: All that an upgrade writes, each once: no tier is touched before its turn.
UPGRADED: Final = (
    "update configmaps wazuh-indexer-config",
    "update configmaps wazuh-manager-master-config",
    "update configmaps wazuh-manager-worker-config",
    "update statefulsets wazuh-indexer",
    "update statefulsets wazuh-manager-master",
    "update statefulsets wazuh-manager-worker",
    "update deployments wazuh-dashboard",
)


def test_a_new_version_rolls_tier_by_tier(namespace: Namespace, audit_log: AuditLog) -> None:
    """Every pod is replaced once, in order, the highest ordinal first; no key changes."""
    namespace.create(wazuh_cluster({"version": "4.13.1"}))
    assert namespace.wait_running(NAME)["status"]["version"] == "4.13.1"
    keys = _secret_data(namespace)
    watch = PodWatch(namespace.connection, namespace.name)
    mark = audit_log.mark()
    namespace.edit(NAME, lambda parent: parent["spec"].update(version="4.14.1"))
    assert namespace.wait_running(NAME)["status"]["version"] == "4.14.1"
    assert watch.components == list(TIERS)
    assert [name for component, name in watch.created if component != "dashboard"] == [
        "wazuh-indexer-2",
        "wazuh-indexer-1",
        "wazuh-indexer-0",
        "wazuh-manager-master-0",
        "wazuh-manager-worker-1",
        "wazuh-manager-worker-0",
    ]
    assert Counter(component for component, _ in watch.created)["dashboard"] == 1
    images = {_image(pod).rpartition(":")[2] for pod in namespace.all("Pod")}
    assert images == {"4.14.1"}
    assert _secret_data(namespace) == keys
    assert audit_log.refused(namespace.name, mark) == []
    if audit_log.is_read:
        assert audit_log.changed(namespace.name, mark) == dict.fromkeys(UPGRADED, 1)


def test_storage_is_held_while_replicas_of_the_same_edit_apply(
    namespace: Namespace, audit_log: AuditLog
) -> None:
    """Claim templates cannot change: a condition says so, and nothing the server would refuse."""
    namespace.create(
        wazuh_cluster({"manager": {"workers": {"replicas": 2, "storageSize": "20Gi"}}})
    )
    namespace.wait_running(NAME)
    mark = audit_log.mark()
    namespace.edit(NAME, _grow)

    def missing() -> Any:
        stateful_set = namespace.get("StatefulSet", WORKERS)
        ready = stateful_set["status"].get("readyReplicas")
        held = conditions(namespace.get(names.KIND, NAME))["SpecValid"]["reason"]
        return "" if (ready, held) == (3, "StorageGrowthHeld") else (ready, held)

    wait_until(missing, 120.0)
    message = conditions(namespace.get(names.KIND, NAME))["SpecValid"]["message"]
    assert message.startswith("spec.manager.workers.storageSize: 20Gi to 30Gi")
    stateful_set = namespace.get("StatefulSet", WORKERS)
    [claim] = stateful_set["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert audit_log.refused(namespace.name, mark) == []
    if audit_log.is_read:
        assert audit_log.changed(namespace.name, mark) == {f"update statefulsets {WORKERS}": 1}


def _grow(parent: Manifest) -> None:
    parent["spec"]["manager"]["workers"].update(replicas=3, storageSize="30Gi")


def _secret_data(namespace: Namespace) -> dict[str, Manifest]:
    return {item["metadata"]["name"]: item["data"] for item in namespace.all("Secret")}


def _image(pod: Manifest) -> str:
    return str(pod["spec"]["containers"][0]["image"])
