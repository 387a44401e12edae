"""Numbers of pods: up and down, and nobody else notices."""

from __future__ import annotations

from typing import Final

import pytest

from app import names
from app.result import Manifest
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace, wait_until
from tests.e2e.conftest import Namespaces
from tests.e2e.pod_watch import PodWatch
from tests.e2e.specs import NAME, wazuh_cluster

pytestmark = pytest.mark.timeout(300)

WORKERS: Final = "wazuh-manager-worker"
INDEXERS: Final = "wazuh-indexer"


@pytest.fixture(scope="module")
def running(namespaces: Namespaces) -> Namespace:
    """A namespace with a running cluster of three indexers and two workers."""
    namespace = namespaces()
    namespace.create(wazuh_cluster({}))
    namespace.wait_running(NAME)
    return namespace


def test_workers_scale_up(running: Namespace, audit_log: AuditLog) -> None:
    """One write to one StatefulSet, one new pod with its claim."""
    before = running.pod_names()
    mark, watch = audit_log.mark(), PodWatch(running.connection, running.name)
    running.edit(NAME, lambda parent: _workers(parent, 3))
    running.wait_running(NAME)
    assert watch.created == [("manager-worker", f"{WORKERS}-2")]
    assert running.pod_names() == before | {f"{WORKERS}-2"}
    if audit_log.is_read:
        assert audit_log.changed(running.name, mark) == {f"update statefulsets {WORKERS}": 1}


def test_workers_scale_down(running: Namespace, audit_log: AuditLog) -> None:
    """The highest go, their claims stay, and no pod restarts."""
    claims = _names(running, "PersistentVolumeClaim")
    mark, watch = audit_log.mark(), PodWatch(running.connection, running.name)
    running.edit(NAME, lambda parent: _workers(parent, 1))
    running.wait_running(NAME)
    assert watch.created == []
    assert {name for name in running.pod_names() if WORKERS in name} == {f"{WORKERS}-0"}
    assert _names(running, "PersistentVolumeClaim") == claims
    if audit_log.is_read:
        changed = audit_log.changed(running.name, mark)
        assert changed.pop(f"update statefulsets {WORKERS}") == 1
        assert set(changed) <= {f"delete poddisruptionbudgets {WORKERS}"}


def test_an_indexer_is_added(running: Namespace, audit_log: AuditLog) -> None:
    """It joins those that are there: none of them restarts, and no other tier does."""
    uids = {pod["metadata"]["uid"] for pod in running.all("Pod")}
    mark, watch = audit_log.mark(), PodWatch(running.connection, running.name)
    running.edit(NAME, lambda parent: parent["spec"].update(indexer={"replicas": 4}))
    running.wait_running(NAME)
    assert watch.created == [("indexer", f"{INDEXERS}-3")]
    assert uids < {pod["metadata"]["uid"] for pod in running.all("Pod")}
    if audit_log.is_read:
        assert audit_log.changed(running.name, mark) == {f"update statefulsets {INDEXERS}": 1}


def test_indexers_do_not_go_unasked(running: Namespace, audit_log: AuditLog) -> None:
    """A smaller number is held with a reason, and its annotation lets one go."""
    mark = audit_log.mark()
    running.edit(NAME, lambda parent: parent["spec"].update(indexer={"replicas": 3}))

    def missing() -> str:
        reason = running.conditions(NAME)["SpecValid"]["reason"]
        return "" if reason == "UnsafeScaleDown" else str(reason)

    wait_until(missing, 60.0)
    assert running.get("StatefulSet", INDEXERS)["spec"]["replicas"] == 4
    assert audit_log.changed(running.name, mark) == {}
    allowed = {names.ALLOW_UNSAFE_SCALE_DOWN: "3"}
    running.patch(names.KIND, NAME, {"metadata": {"annotations": allowed}})
    wait_until(lambda: f"{INDEXERS}-3" in running.pod_names(), 60.0)
    running.wait_running(NAME)
    if audit_log.is_read:
        assert audit_log.changed(running.name, mark) == {f"update statefulsets {INDEXERS}": 1}


def _workers(parent: Manifest, replicas: int) -> None:
    parent["spec"]["manager"] = {"workers": {"replicas": replicas}}


def _names(namespace: Namespace, kind: str) -> set[str]:
    return {item["metadata"]["name"] for item in namespace.all(kind)}
