"""The end of a cluster, and the next one of its name on the volumes that stayed."""

from __future__ import annotations

from typing import Final

import pytest

from app import names
from app.kinds import CHILD_KINDS
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace, wait_until
from tests.e2e.commands import commands_in, run
from tests.e2e.specs import NAME, every_kind, wazuh_cluster

pytestmark = pytest.mark.timeout(300)

KINDS: Final = tuple(kind.name for kind in CHILD_KINDS)
GONE_SECONDS: Final = 90.0
WAITS_SECONDS: Final = 60.0
#: What Kubernetes itself keeps in every namespace.
ALWAYS: Final = {"ConfigMap kube-root-ca.crt", "ServiceAccount default"}
CREDENTIALS: Final = ("wazuh-dashboard-credentials", "wazuh-indexer-credentials")
LOST: Final = "wazuh-cluster-key"


def test_deletion_removes_all_but_the_claims(namespace: Namespace, audit_log: AuditLog) -> None:
    """Children of every kind and the pods go; Metacontroller itself deletes and writes nothing."""
    namespace.create(every_kind())
    namespace.wait_running(NAME)
    claims = _claims(namespace)
    mark = audit_log.mark()
    namespace.delete(names.KIND, NAME)
    _wait_gone(namespace)
    assert _claims(namespace) == claims
    assert len(claims) == 6
    assert audit_log.changed(namespace.name, mark) == {}


def test_a_new_cluster_on_old_claims_needs_no_person(
    namespace: Namespace, audit_log: AuditLog
) -> None:
    """The index there knows the former passwords; a Job teaches it the new ones."""
    namespace.create(wazuh_cluster({}))
    namespace.wait_running(NAME)
    before = {name: namespace.get("Secret", name)["data"] for name in CREDENTIALS}
    namespace.delete(names.KIND, NAME)
    _wait_gone(namespace)
    claims = _claims(namespace)
    mark = audit_log.mark()
    namespace.create(wazuh_cluster({}))
    namespace.wait_running(NAME)
    assert _claims(namespace) == claims
    for name in CREDENTIALS:
        assert namespace.get("Secret", name)["data"] != before[name]
    assert namespace.conditions(NAME)["Degraded"]["status"] == "False"
    assert audit_log.refused(namespace.name, mark) == []
    if audit_log.is_read:  # the Job itself goes once the change is done
        made = [one for one in audit_log.writes(namespace.name, mark) if one.resource == "jobs"]
        assert [one.verb for one in made] == ["create", "delete"]


def test_a_lost_secret_is_restored_by_the_command_of_the_message(
    namespace: Namespace, audit_log: AuditLog
) -> None:
    """It is waited for, nothing is made in its place, and what runs goes on."""
    namespace.create(wazuh_cluster({}))
    namespace.wait_running(NAME)
    # As `kubectl get -o yaml` writes it: with uid, version, owner and Metacontroller's annotation.
    backup = {f"{LOST}.yaml": namespace.get("Secret", LOST)}
    pods = _uids(namespace, "Pod")
    namespace.delete("Secret", LOST)
    message = _wait_held(namespace)
    mark = audit_log.mark()
    [command] = [one for one in commands_in(message) if one.endswith("apply -f -")]
    run(command, namespace, backup)
    namespace.wait_running(NAME)

    def missing() -> str:
        found = namespace.conditions(NAME)["Degraded"]
        return "" if found["status"] == "False" else str(found)

    wait_until(missing, WAITS_SECONDS)
    assert namespace.get("Secret", LOST)["data"] == backup[f"{LOST}.yaml"]["data"]
    assert _uids(namespace, "Pod") == pods
    assert audit_log.refused(namespace.name, mark) == []


def _wait_held(namespace: Namespace) -> str:
    """Message of the condition that waits for a person."""

    def missing() -> str:
        found = namespace.conditions(NAME).get("Degraded", {})
        named = f"Secret {LOST} is missing" in found.get("message", "")
        return "" if found.get("reason") == "IdentitySecretMissing" and named else str(found)

    wait_until(missing, WAITS_SECONDS)
    return str(namespace.conditions(NAME)["Degraded"]["message"])


def _wait_gone(namespace: Namespace) -> None:
    def missing() -> list[str]:
        kinds = (names.KIND, *KINDS, "Pod")
        found = {
            f"{item['kind']} {item['metadata']['name']}"
            for kind in kinds
            for item in namespace.all(kind)
        }
        return sorted(found - ALWAYS)

    wait_until(missing, GONE_SECONDS)


def _claims(namespace: Namespace) -> dict[str, str]:
    return _uids(namespace, "PersistentVolumeClaim")


def _uids(namespace: Namespace, kind: str) -> dict[str, str]:
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in namespace.all(kind)}
