"""Who is created when: in parallel by default, in order where the spec says so."""

from __future__ import annotations

import pytest

from app.hook.sync import sync
from app.result import Manifest, Result
from tests.cluster_builder import ClusterBuilder, seeded_entropy
from tests.steps import (
    DASHBOARD,
    INDEXER,
    MASTER,
    TIERS,
    WORKER,
    answer,
    asked,
    rested,
    status,
)

ORDERED: Manifest = {"rollout": {"creation": "Ordered"}}


def _workloads(result: Result) -> list[str]:
    kinds = {"StatefulSet", "Deployment"}
    found = {one["metadata"]["name"] for one in result.response.children if one["kind"] in kinds}
    return [name for name in TIERS if name in found]


def _secrets_observed(spec: Manifest | None = None) -> ClusterBuilder:
    """A new cluster of which everything that pods mount is observed."""
    cluster = ClusterBuilder(spec)
    cluster.sync(sync)
    cluster.sync(sync)
    return cluster


def test_a_fresh_cluster_takes_three_rounds() -> None:
    """Identity and plain objects, derived Secrets, workloads: nothing rests on its own call."""
    cluster = ClusterBuilder()
    assert [_workloads(cluster.sync(sync)) for _ in range(3)] == [[], [], list(TIERS)]


def test_tiers_wait_for_the_secrets_that_they_mount() -> None:
    """One leaf is not observed yet: its tier alone is not created."""
    cluster = _secrets_observed()
    request = cluster.request(unseen=[("v1", "Secret", "wz-dashboard-certs")])
    del request["related"]
    found = sync(request, now=cluster.now, entropy=seeded_entropy(0))
    assert _workloads(found) == [INDEXER, MASTER, WORKER]
    assert status(found)["dashboard"]["phase"] == "Pending"
    assert status(found)["dashboard"]["message"] == "waits for Secret wz-dashboard-certs"


def test_creation_in_order_waits_until_the_tier_before_is_settled() -> None:
    """Each tier's message names what it waits for and what lifts it."""
    cluster = _secrets_observed(ORDERED)
    seen = []
    for name in TIERS:
        result = cluster.sync(sync)
        seen.append(_workloads(result))
        half = cluster.copy()
        half.roll(name, updated=1, ready=0)
        assert _workloads(answer(half)) == seen[-1], "a tier that only runs is not settled"
        cluster.settle(name)
    assert seen == [list(TIERS[: count + 1]) for count in range(4)]


def test_the_message_of_a_tier_that_is_not_created_yet_names_the_tier_before() -> None:
    """And how to lift it."""
    cluster = _secrets_observed(ORDERED)
    cluster.sync(sync)
    found = status(answer(cluster))
    text = "waits for indexer; spec.rollout.creation: Parallel lifts it"
    assert found["manager"]["master"]["message"] == text
    assert found["dashboard"]["message"] == text
    assert found["manager"]["master"]["phase"] == "Pending"


def test_a_tier_created_again_later_asks_for_passed_where_it_was_settled_once() -> None:
    """One indexer is away for ever: a dashboard deleted by hand comes back all the same."""
    cluster = rested(ORDERED)
    cluster.roll(INDEXER, updated=3, ready=2)
    cluster.remove("Deployment", DASHBOARD)
    assert _workloads(answer(cluster)) == list(TIERS)


def test_a_first_creation_does_not_go_on_beside_a_pod_that_is_away() -> None:
    """The indexers have never been settled, so two of three are not enough."""
    cluster = _secrets_observed(ORDERED)
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=3, ready=2)
    assert _workloads(answer(cluster)) == [INDEXER]


def test_a_disabled_dashboard_is_not_waited_for() -> None:
    """It is no tier then; its Deployment goes, the rest stays."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(dashboard={"enabled": False}))
    result = cluster.sync(sync)
    assert _workloads(result) == [INDEXER, MASTER, WORKER]
    assert status(answer(cluster))["dashboard"] == {
        "phase": "Disabled",
        "replicas": 0,
        "readyReplicas": 0,
        "version": "4.14.1",
    }
    assert status(answer(cluster))["phase"] == "Running"
    cluster.edit(lambda spec: spec.pop("dashboard"))
    assert _workloads(answer(cluster)) == list(TIERS)


@pytest.mark.parametrize("name", TIERS)
def test_a_workload_deleted_by_hand_is_created_again_as_it_was(name: str) -> None:
    """Its pods are adopted: the template is the same, so nobody restarts."""
    cluster = rested()
    kind = "Deployment" if name == DASHBOARD else "StatefulSet"
    before = cluster.child(kind, name)["spec"]
    cluster.remove(kind, name)
    cluster.sync(sync)
    assert cluster.child(kind, name)["spec"] == before
    assert asked(cluster).observed.child_count == asked(rested()).observed.child_count


def test_created_pods_wait_for_young_secrets_while_the_ca_is_not_steady() -> None:
    """A rotation's bundle may not have reached every node: a new pod would trust too little."""
    cluster = rested()
    authority = cluster.child("Secret", "wz-ca")["data"]
    authority["previous.crt"] = authority["ca.crt"]
    leaf = cluster.child("Secret", "wz-dashboard-certs")["metadata"]["annotations"]
    leaf["wazuh.com/data-written"] = cluster.now.strftime("%Y-%m-%dT%H:%M:%SZ")
    cluster.remove("Deployment", DASHBOARD)
    cluster.wait(seconds=30)
    assert DASHBOARD not in _workloads(answer(cluster))
    cluster.wait(seconds=60)
    assert DASHBOARD in _workloads(answer(cluster))
