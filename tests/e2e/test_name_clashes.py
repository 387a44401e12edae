"""A name that a child shall have is taken by somebody else's object."""

from __future__ import annotations

from typing import Final

import pytest

from app.result import Manifest
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace
from tests.e2e.specs import NAME, wazuh_cluster

pytestmark = pytest.mark.timeout(300)

#: A child that is refused is said after a minute; syncs that look come every ten seconds.
SAID_SECONDS: Final = 100.0
MINE: Final = {"data": {"mine": "c2VjcmV0"}, "type": "Opaque"}


@pytest.mark.parametrize("name", ["wazuh-cluster-key", "wazuh-dashboard-certs"])
def test_a_foreign_secret_of_a_childs_name_is_named_and_left_alone(
    name: str, namespace: Namespace, audit_log: AuditLog
) -> None:
    """An identity Secret and a leaf: a condition names it, and when it is gone all goes on."""
    namespace.create(_secret(name))
    namespace.create(wazuh_cluster({}))
    namespace.wait_degraded(NAME, f"Secret {name} ", SAID_SECONDS)
    stored = namespace.get("Secret", name)
    assert stored["data"] == MINE["data"]
    assert "ownerReferences" not in stored["metadata"]
    assert not [write for write in audit_log.writes(namespace.name) if write.verb == "delete"]
    namespace.delete("Secret", name)
    namespace.wait_running(NAME)
    assert namespace.get("Secret", name)["data"] != MINE["data"]


def _secret(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, **MINE}
