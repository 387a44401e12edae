"""Pod Security Standards: a cluster where the namespace enforces the strictest of them.

Wazuh's managers start as root, so there they cannot run; indexers and dashboard can.
"""

from __future__ import annotations

from typing import Final

import pytest

from app import names
from app.result import Manifest
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace, wait_until
from tests.e2e.conftest import Namespaces
from tests.e2e.specs import NAME, wazuh_cluster

pytestmark = pytest.mark.timeout(300)

RESTRICTED: Final = {"pod-security.kubernetes.io/enforce": "restricted"}
READY_SECONDS: Final = 120.0
#: Pods of a tier that may run, and how many.
ADMITTED: Final = {"indexer": 3, "dashboard": 1}


@pytest.fixture
def restricted(namespaces: Namespaces) -> Namespace:
    """A namespace that enforces the standard."""
    return namespaces(RESTRICTED)


def test_indexers_and_dashboard_run_where_the_restricted_standard_is_enforced(
    restricted: Namespace, audit_log: AuditLog
) -> None:
    """Only the managers are refused, by admission, and the status says who is missing."""
    restricted.create(wazuh_cluster({}))
    wait_until(lambda: _unready(restricted), READY_SECONDS)
    wait_until(lambda: _unsaid(restricted), READY_SECONDS)
    components = {_component(pod) for pod in restricted.all("Pod")}
    assert components == set(ADMITTED)
    assert _refused(restricted) == {"wazuh-manager-master", "wazuh-manager-worker"}
    assert audit_log.refused(restricted.name, 0) == []


def _unready(namespace: Namespace) -> str:
    """Which tiers lack ready pods."""
    found = dict.fromkeys(ADMITTED, 0)
    for pod in namespace.all("Pod"):
        states = {one["type"]: one["status"] for one in pod["status"].get("conditions", [])}
        found[_component(pod)] = found.get(_component(pod), 0) + (states.get("Ready") == "True")
    return "" if found == ADMITTED else str(found)


def _unsaid(namespace: Namespace) -> str:
    """Empty once the status names exactly the managers."""
    message = namespace.conditions(NAME)["Ready"]["message"]
    tiers = [part.partition(",")[0] for part in message.split("; ")]
    wanted = ["manager-master: 0 of 1 ready", "manager-worker: 0 of 2 ready"]
    return "" if tiers == wanted else message


def _refused(namespace: Namespace) -> set[str]:
    """Workloads whose pods violate the standard, by the Events of their controllers."""
    path = f"/api/v1/namespaces/{namespace.name}/events"
    events: list[Manifest] = namespace.connection.call("GET", path).body["items"]
    return {
        one["involvedObject"]["name"]
        for one in events
        if one["reason"] == "FailedCreate" and 'violates PodSecurity "restricted' in one["message"]
    }


def _component(pod: Manifest) -> str:
    return str(pod["metadata"]["labels"][names.LABEL_COMPONENT])
