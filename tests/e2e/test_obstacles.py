"""What a namespace may refuse: objects over a quota, pods over a limit. It is said, and passes."""

from __future__ import annotations

from typing import Final

import pytest

from app.result import Manifest
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace, wait_until
from tests.e2e.specs import NAME, wazuh_cluster

pytestmark = pytest.mark.timeout(300)

#: A child that is refused is said after a minute; syncs that look come every ten seconds.
SAID_SECONDS: Final = 100.0


def test_a_quota_of_objects_is_said_and_its_end_noticed(
    namespace: Namespace, audit_log: AuditLog
) -> None:
    """The child that was refused is named, and created when there is room."""
    path = f"/api/v1/namespaces/{namespace.name}/resourcequotas"
    namespace.connection.call("POST", path, _quota({"count/statefulsets.apps": "2"}))
    wait_until(lambda: _unused(namespace, path), 30.0)
    namespace.create(wazuh_cluster({}))
    namespace.wait_degraded(NAME, "StatefulSet wazuh-", SAID_SECONDS)
    refused = {line.partition(" -> ")[2] for line in audit_log.refused(namespace.name, 0)}
    assert refused <= {"403"}
    assert len(namespace.all("StatefulSet")) == 2
    assert _sync_errors(namespace, "exceeded quota")
    namespace.connection.call("DELETE", f"{path}/limits")
    namespace.wait_running(NAME)
    if audit_log.is_read:
        created = [
            what for what in audit_log.changed(namespace.name, 0) if "create stateful" in what
        ]
        assert len(created) == 3


def test_a_limit_that_refuses_pods_is_said_and_its_end_noticed(
    namespace: Namespace, audit_log: AuditLog
) -> None:
    """Pods are refused to the workloads' own controllers; the status counts who is missing."""
    path = f"/api/v1/namespaces/{namespace.name}/limitranges"
    limit = {"type": "Container", "max": {"memory": "64Mi"}}
    namespace.connection.call("POST", path, _object("LimitRange", {"limits": [limit]}))
    namespace.create(wazuh_cluster({}))

    def missing() -> str:
        found = namespace.conditions(NAME).get("Ready", {})
        return "" if "indexer: 0 of 3 ready" in found.get("message", "") else str(found)

    wait_until(missing, SAID_SECONDS)
    assert namespace.pod_names() == set()
    assert _events(namespace, "FailedCreate", "maximum memory usage per Container")
    assert audit_log.refused(namespace.name, 0) == []
    namespace.connection.call("DELETE", f"{path}/limits")
    namespace.wait_running(NAME)
    if audit_log.is_read:
        changed = audit_log.changed(namespace.name, 0)
        assert {what.partition(" ")[0] for what in changed} == {"create"}


def _object(kind: str, spec: Manifest) -> Manifest:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "limits"}, "spec": spec}


def _quota(hard: dict[str, str]) -> Manifest:
    return _object("ResourceQuota", {"hard": hard})


def _unused(namespace: Namespace, path: str) -> str:
    """Empty once the quota has been counted: until then nothing is admitted against it."""
    status = namespace.connection.call("GET", f"{path}/limits").body.get("status", {})
    return "" if status.get("used") else "the quota is not counted yet"


def _sync_errors(namespace: Namespace, text: str) -> list[Manifest]:
    return _events(namespace, "SyncError", text)


def _events(namespace: Namespace, reason: str, text: str) -> list[Manifest]:
    """Events of the namespace with a reason, whose message has ``text`` in it."""
    path = f"/api/v1/namespaces/{namespace.name}/events"
    found = namespace.connection.call("GET", path).body["items"]
    return [one for one in found if one["reason"] == reason and text in one["message"]]
