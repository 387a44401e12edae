"""What others change at our objects: a field we own comes back, what they add stays."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.result import Manifest
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace, wait_until
from tests.e2e.conftest import Namespaces
from tests.e2e.pod_watch import PodWatch
from tests.e2e.specs import NAME, wazuh_cluster

pytestmark = pytest.mark.timeout(300)

WORKERS: Final = "wazuh-manager-worker"
MASTER: Final = "wazuh-manager-master"
DASHBOARD: Final = "wazuh-dashboard"
RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"
SETTLE_SECONDS: Final = 60.0


@pytest.fixture(scope="module")
def running(namespaces: Namespaces) -> Namespace:
    """A namespace with a running cluster, at which each test does something else."""
    namespace = namespaces()
    namespace.create(wazuh_cluster({}))
    namespace.wait_running(NAME)
    return namespace


def test_replicas_scaled_by_hand_are_reverted(running: Namespace, audit_log: AuditLog) -> None:
    """`kubectl scale` writes the subresource; the spec of the WazuhCluster says how many."""
    before = running.pod_names()
    mark, watch = audit_log.mark(), PodWatch(running.connection, running.name)
    running.patch("StatefulSet", WORKERS, {"spec": {"replicas": 3}}, "scale")

    def missing() -> str:
        replicas = running.get("StatefulSet", WORKERS)["spec"]["replicas"]
        here = running.pod_names()
        return "" if (replicas, here) == (2, before) else f"{replicas} replicas, {here}"

    wait_until(missing, SETTLE_SECONDS)
    running.wait_running(NAME)
    assert {name for _, name in watch.created} <= {f"{WORKERS}-2"}
    if audit_log.is_read:
        assert audit_log.changed(running.name, mark) == {f"update statefulsets {WORKERS}": 1}


@pytest.mark.parametrize(
    ("kind", "name"), [("StatefulSet", WORKERS), ("Deployment", DASHBOARD)], ids=["set", "plain"]
)
def test_a_restart_by_hand_happens_once_and_is_not_undone(
    kind: str, name: str, running: Namespace, audit_log: AuditLog
) -> None:
    """`kubectl rollout restart` adds an annotation to the template, which nobody takes away."""
    old = _pods_of(running, name)
    mark = audit_log.mark()
    annotation = {RESTARTED: "2026-11-24T12:00:00Z"}
    running.patch(kind, name, _template({"metadata": {"annotations": annotation}}))
    _wait_replaced(running, name, old)
    annotations = running.get(kind, name)["spec"]["template"]["metadata"]["annotations"]
    assert annotations[RESTARTED] == annotation[RESTARTED]
    assert audit_log.changed(running.name, mark) == {}


def test_an_injected_sidecar_stays(running: Namespace, audit_log: AuditLog) -> None:
    """A container and a volume that somebody adds to the template by name are theirs."""
    old = _pods_of(running, MASTER)
    mark = audit_log.mark()

    def inject(stateful_set: Manifest) -> None:
        pod = stateful_set["spec"]["template"]["spec"]
        pod["containers"].append(
            {
                "name": "sidecar",
                "image": "proxy:1",
                "volumeMounts": [{"name": "shared", "mountPath": "/shared"}],
            }
        )
        pod.setdefault("volumes", []).append({"name": "shared", "emptyDir": {}})

    running.edit(MASTER, inject, "StatefulSet")
    _wait_replaced(running, MASTER, old)
    [pod] = [item for item in running.all("Pod") if item["metadata"]["name"] == f"{MASTER}-0"]
    assert [item["name"] for item in pod["spec"]["containers"]] == ["wazuh-manager", "sidecar"]
    assert audit_log.changed(running.name, mark) == {}


def test_an_image_set_by_hand_is_reverted(running: Namespace, audit_log: AuditLog) -> None:
    """The sidecar of others beside it is not touched on the way."""
    image = _image(running)
    mark = audit_log.mark()

    def change(stateful_set: Manifest) -> None:
        stateful_set["spec"]["template"]["spec"]["containers"][0]["image"] = "other:1"

    running.edit(MASTER, change, "StatefulSet")
    wait_until(lambda: "" if _image(running) == image else "the other image", SETTLE_SECONDS)
    running.wait_running(NAME)
    if audit_log.is_read:
        assert audit_log.changed(running.name, mark) == {f"update statefulsets {MASTER}": 1}


def test_data_of_a_configmap_is_reverted_and_a_foreign_key_stays(
    running: Namespace, audit_log: AuditLog
) -> None:
    """No pod restarts for it: what they have read is what comes back."""
    name = f"{WORKERS}-config"
    data = running.get("ConfigMap", name)["data"]
    mark, watch = audit_log.mark(), PodWatch(running.connection, running.name)
    running.patch("ConfigMap", name, {"data": {"ossec.conf": "", "note": "of others"}})
    wanted = data | {"note": "of others"}

    def missing() -> Any:
        found = running.get("ConfigMap", name)["data"]
        return [] if found == wanted else sorted(found)

    wait_until(missing, SETTLE_SECONDS)
    running.wait_running(NAME)
    assert watch.created == []
    if audit_log.is_read:
        assert audit_log.changed(running.name, mark) == {f"update configmaps {name}": 1}


def test_labels_and_annotations_of_others_stay(running: Namespace, audit_log: AuditLog) -> None:
    """What they take away of ours comes back."""
    mark = audit_log.mark()
    theirs = {"team": "blue", "app.kubernetes.io/part-of": None}
    running.patch("Service", "wazuh-indexer", {"metadata": {"labels": theirs}})

    def missing() -> Any:
        labels = running.get("Service", "wazuh-indexer")["metadata"]["labels"]
        return [] if "app.kubernetes.io/part-of" in labels else labels

    wait_until(missing, SETTLE_SECONDS)
    assert running.get("Service", "wazuh-indexer")["metadata"]["labels"]["team"] == "blue"
    if audit_log.is_read:
        assert audit_log.changed(running.name, mark) == {"update services wazuh-indexer": 1}


def _template(change: Manifest) -> Manifest:
    return {"spec": {"template": change}}


def _image(namespace: Namespace) -> str:
    pod = namespace.get("StatefulSet", MASTER)["spec"]["template"]["spec"]
    return str(pod["containers"][0]["image"])


def _pods_of(namespace: Namespace, workload: str) -> set[str]:
    return {
        pod["metadata"]["uid"]
        for pod in namespace.all("Pod")
        if pod["metadata"]["name"].startswith(f"{workload}-")
    }


def _wait_replaced(namespace: Namespace, workload: str, old: set[str]) -> None:
    """As many pods as before, all of them new, and the cluster Running."""

    def missing() -> str:
        now = _pods_of(namespace, workload)
        return "" if len(now) == len(old) and not now & old else f"{len(now & old)} old pods"

    wait_until(missing, SETTLE_SECONDS)
    namespace.wait_running(NAME)
