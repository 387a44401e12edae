"""The hook fails while something is under way: the cluster converges, and no key changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import pytest

from app import names
from app.result import Manifest
from tests.e2e.cluster import Namespace, wait_until
from tests.e2e.conftest import Namespaces, making_namespaces
from tests.e2e.own_stack import OwnStack
from tests.e2e.pod_watch import PodWatch
from tests.e2e.specs import NAME, wazuh_cluster

pytestmark = pytest.mark.timeout(300)

DOWN_SECONDS: Final = 30.0
SOON_SECONDS: Final = 60.0
CA: Final = "wazuh-ca"


@pytest.fixture(scope="module")
def own_namespaces(own_stack: OwnStack) -> Iterator[Namespaces]:
    """Makes namespaces on the stack of these tests."""
    with making_namespaces(own_stack.connection) as make:
        yield make


def test_the_hook_is_down_during_creation(own_stack: OwnStack, own_namespaces: Namespaces) -> None:
    """It dies when the first keys are there; half a minute later the cluster comes up with them."""
    namespace = own_namespaces()
    namespace.create(wazuh_cluster({}))
    wait_until(lambda: "" if _find(namespace, CA) else "no CA", SOON_SECONDS)
    own_stack.hook.stop(kill=True)
    keys = _settled_keys(namespace)
    try:
        time.sleep(DOWN_SECONDS)
        assert _keys(namespace) == keys
        assert _sync_errors(namespace)
    finally:
        own_stack.hook.start()
    namespace.wait_running(NAME)
    _assert_kept(namespace, keys)
    assert own_stack.audit_log.refused(namespace.name, 0) == []
    changed = own_stack.audit_log.changed(namespace.name, 0)
    assert {what.partition(" ")[0] for what in changed} <= {"create", "update"}


def test_the_hook_is_restarted_in_the_middle_of_a_roll(
    own_stack: OwnStack, own_namespaces: Namespaces
) -> None:
    """The next process goes on where the former one was: each pod restarts once, in order."""
    namespace = own_namespaces()
    namespace.create(wazuh_cluster({}))
    namespace.wait_running(NAME)
    keys = _keys(namespace)
    mark, watch = own_stack.audit_log.mark(), PodWatch(namespace.connection, namespace.name)
    change = {"nodeSelector": {"kubernetes.io/os": "linux"}}
    namespace.edit(NAME, lambda parent: parent["spec"].update(indexer=change, dashboard=change))
    wait_until(lambda: "" if watch.created else "no new pod", SOON_SECONDS)
    own_stack.hook.stop()
    own_stack.hook.start()
    namespace.wait_running(NAME)
    created = [name for _, name in watch.created]
    assert created[:3] == ["wazuh-indexer-2", "wazuh-indexer-1", "wazuh-indexer-0"]
    assert watch.components == ["indexer", "dashboard"]
    assert len(created) == 4
    assert _keys(namespace) == keys
    assert own_stack.audit_log.changed(namespace.name, mark) == {
        "update statefulsets wazuh-indexer": 1,
        "update deployments wazuh-dashboard": 1,
    }


def test_the_hook_answers_500_once(own_stack: OwnStack, own_namespaces: Namespaces) -> None:
    """At the first sync, and again when the children are there: neither leaves a trace."""
    namespace = own_namespaces()
    own_stack.front.fail(namespace.name, 500)
    namespace.create(wazuh_cluster({}))
    namespace.wait_running(NAME)
    assert own_stack.front.is_through(namespace.name)
    keys, uids = _keys(namespace), _uids(namespace)
    mark = own_stack.audit_log.mark()
    own_stack.front.fail(namespace.name, 500)
    wait_until(
        lambda: "" if own_stack.front.is_through(namespace.name) else "not called", SOON_SECONDS
    )
    namespace.delete("Service", "wazuh-indexer")
    wait_until(lambda: "" if _find(namespace, "wazuh-indexer", "Service") else "lost", SOON_SECONDS)
    namespace.wait_running(NAME)
    assert _keys(namespace) == keys
    assert _uids(namespace) == uids
    changed = own_stack.audit_log.changed(namespace.name, mark)
    assert changed == {"create services wazuh-indexer": 1}
    assert all("500" in one["message"] for one in _sync_errors(namespace))


def _settled_keys(namespace: Namespace) -> dict[str, Manifest]:
    """Data of all Secrets once a sync that was under way has written what it had got."""
    found = _keys(namespace)
    while True:
        time.sleep(2.0)
        before, found = found, _keys(namespace)
        if found == before:
            return found


def _assert_kept(namespace: Namespace, keys: dict[str, Manifest]) -> None:
    now = _keys(namespace)
    assert {name for name in keys if now[name] != keys[name]} == set()


def _keys(namespace: Namespace) -> dict[str, Manifest]:
    return {item["metadata"]["name"]: item["data"] for item in namespace.all("Secret")}


def _uids(namespace: Namespace) -> set[str]:
    return {pod["metadata"]["uid"] for pod in namespace.all("Pod")}


def _find(namespace: Namespace, name: str, kind: str = "Secret") -> Manifest | None:
    found = namespace.find(kind, name)
    return None if found is None or "deletionTimestamp" in found["metadata"] else found


def _sync_errors(namespace: Namespace) -> list[Manifest]:
    """Events by which Metacontroller tells that the hook has failed."""
    path = f"/api/v1/namespaces/{namespace.name}/events"
    found: list[Manifest] = namespace.connection.call("GET", path).body["items"]
    return [
        one
        for one in found
        if one["reason"] == "SyncError" and one["involvedObject"]["kind"] == names.KIND
    ]
