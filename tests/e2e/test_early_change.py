"""A change that comes while the cluster's Secrets are too young for a hash to rest on them."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.e2e.cluster import Namespace
from tests.e2e.pod_watch import PodWatch
from tests.e2e.specs import NAME, wazuh_cluster

pytestmark = pytest.mark.timeout(300)


def test_a_new_version_right_after_creation_replaces_each_pod_once(namespace: Namespace) -> None:
    """With all tiers at once: one that reads young Secrets waits with the whole of its change."""
    rollout = {"update": "Parallel"}
    namespace.create(wazuh_cluster({"version": "4.13.1", "rollout": rollout}))
    namespace.wait_running(NAME)
    before = namespace.pod_names()
    watch = PodWatch(namespace.connection, namespace.name)
    namespace.edit(NAME, lambda parent: parent["spec"].update(version="4.14.1"))
    namespace.wait_running(NAME)
    created = Counter(component for component, _ in watch.created)
    assert created == {"indexer": 3, "manager-master": 1, "manager-worker": 2, "dashboard": 1}
    assert len(before) == len(watch.created)
