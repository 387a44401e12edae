"""A child that somebody deletes comes back, whatever its kind, and nothing else is written."""

from __future__ import annotations

from typing import Final

import pytest

from app import names
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace, wait_until
from tests.e2e.conftest import Namespaces
from tests.e2e.specs import NAME, every_kind

pytestmark = pytest.mark.timeout(300)

BACK_SECONDS: Final = 60.0
#: One child of each kind, and what may be written by Metacontroller until all is well again.
LOST: Final = {
    "ConfigMap": ("wazuh-dashboard-config", {"configmaps"}),
    # A certificate is issued anew, and who serves it restarts.
    "Secret": ("wazuh-dashboard-certs", {"secrets", "deployments"}),
    "Service": ("wazuh-indexer", {"services"}),
    "ServiceAccount": ("wazuh-log-rotation", {"serviceaccounts"}),
    "StatefulSet": ("wazuh-manager-worker", {"statefulsets"}),
    "Deployment": ("wazuh-dashboard", {"deployments"}),
    "CronJob": ("wazuh-log-rotation", {"cronjobs"}),
    "NetworkPolicy": ("wazuh-indexer", {"networkpolicies"}),
    "PodDisruptionBudget": ("wazuh-indexer", {"poddisruptionbudgets"}),
    "Role": ("wazuh-log-rotation", {"roles"}),
    "RoleBinding": ("wazuh-log-rotation", {"rolebindings"}),
}


@pytest.fixture(scope="module")
def running(namespaces: Namespaces) -> Namespace:
    """A namespace with a cluster that has a child of every kind."""
    namespace = namespaces()
    namespace.create(every_kind())
    namespace.wait_running(NAME)
    return namespace


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_child_comes_back(kind: str, running: Namespace, audit_log: AuditLog) -> None:
    """With its old name, under the same owner, and the cluster is Running again."""
    name, resources = LOST[kind]
    lost = running.get(kind, name)["metadata"]["uid"]
    claims = _uids(running, "PersistentVolumeClaim")
    mark = audit_log.mark()
    running.delete(kind, name)

    def missing() -> str:
        found = running.find(kind, name)
        return "" if found and found["metadata"]["uid"] != lost else f"no new {kind} {name}"

    wait_until(missing, BACK_SECONDS)
    parent = running.wait_running(NAME)
    owners = running.get(kind, name)["metadata"]["ownerReferences"]
    assert [owner["uid"] for owner in owners] == [parent["metadata"]["uid"]]
    assert _uids(running, "PersistentVolumeClaim") == claims
    writes = audit_log.writes(running.name, mark)
    written = {write.resource for write in writes if write.code < 400}
    assert written <= resources | {f"{names.PLURAL}/status"}, [str(one) for one in writes]


def _uids(namespace: Namespace, kind: str) -> set[str]:
    return {item["metadata"]["uid"] for item in namespace.all(kind)}
