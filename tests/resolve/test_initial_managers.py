"""How many indexers bootstrap: fixed when the StatefulSet is created, never following replicas."""

from __future__ import annotations

import pytest

from app.config.opensearch import initial_cluster_managers_of
from app.hook.sync import sync
from app.names import INITIAL_CLUSTER_MANAGERS
from app.result import Result
from tests.cluster_builder import ClusterBuilder
from tests.steps import INDEXER, answer, changed_tiers, child, rested, workload

CONFIG = "wz-indexer-config"


def _managers(result: Result) -> int:
    """The number in the answered opensearch.yml; the StatefulSet's annotation agrees."""
    text = child(result, "ConfigMap", CONFIG)["data"]["opensearch.yml"]
    found = initial_cluster_managers_of(text)
    assert found is not None
    sent = [one for one in result.response.children if one["metadata"]["name"] == INDEXER]
    for one in sent:
        if one["kind"] == "StatefulSet":
            assert one["metadata"]["annotations"][INITIAL_CLUSTER_MANAGERS] == str(found)
    return found


@pytest.mark.parametrize(("replicas", "managers"), [(1, 1), (2, 2), (3, 3), (5, 3)])
def test_a_new_cluster_follows_its_spec(replicas: int, managers: int) -> None:
    """The first min(3, replicas) pods."""
    assert _managers(answer(ClusterBuilder({"indexer": {"replicas": replicas}}))) == managers


def test_the_number_never_follows_replicas_and_rolls_nobody() -> None:
    """One indexer became five: the first of them bootstrapped, alone."""
    cluster = rested({"indexer": {"replicas": 1}})
    cluster.edit(lambda spec: spec["indexer"].update(replicas=5))
    result = answer(cluster)
    assert workload(result, INDEXER)["spec"]["replicas"] == 5
    assert _managers(result) == 1
    assert changed_tiers(cluster, result) == []


@pytest.mark.parametrize("missing", ["annotation", "ConfigMap", "neither"])
def test_it_is_read_back_from_the_stateful_set_else_from_the_config_map(missing: str) -> None:
    """Either source alone suffices."""
    cluster = rested({"indexer": {"replicas": 1}})
    cluster.edit(lambda spec: spec["indexer"].update(replicas=3))
    if missing == "annotation":
        del cluster.child("StatefulSet", INDEXER)["metadata"]["annotations"][
            INITIAL_CLUSTER_MANAGERS
        ]
    if missing == "ConfigMap":
        cluster.remove("ConfigMap", CONFIG)
    assert _managers(answer(cluster)) == 1


@pytest.mark.parametrize("stamp", ["", "0", "4", "-1", "three", "1.5", "²"])
def test_an_annotation_of_nonsense_is_passed_over(stamp: str) -> None:
    """The ConfigMap tells then."""
    cluster = rested({"indexer": {"replicas": 1}})
    annotations = cluster.child("StatefulSet", INDEXER)["metadata"]["annotations"]
    annotations[INITIAL_CLUSTER_MANAGERS] = stamp
    assert _managers(answer(cluster)) == 1


def test_the_stateful_set_outranks_the_config_map() -> None:
    """An edit of the ConfigMap by hand does not change who bootstrapped."""
    cluster = rested({"indexer": {"replicas": 1}})
    data = cluster.child("ConfigMap", CONFIG)["data"]
    data["opensearch.yml"] = data["opensearch.yml"].replace(
        "- wz-indexer-0\n", "- wz-indexer-0\n- wz-indexer-1\n"
    )
    assert initial_cluster_managers_of(data["opensearch.yml"]) == 2
    assert _managers(answer(cluster)) == 1


@pytest.mark.parametrize(
    ("ordinals", "managers"),
    [([0], 1), ([0, 1], 2), ([1], 2), ([0, 1, 2, 3, 4], 3), ([10], 3)],
)
def test_claims_alone_tell_of_an_earlier_cluster(ordinals: list[int], managers: int) -> None:
    """min(3, 1 + the highest ordinal of a claim): a quorum of strangers would start anew."""
    cluster = ClusterBuilder({"indexer": {"replicas": 5}})
    cluster.add_claims(11)
    for key in list(cluster.related):
        if int(key[2].rsplit("-", 1)[1]) not in ordinals:
            del cluster.related[key]
    assert _managers(answer(cluster)) == managers


def test_a_terminating_claim_still_counts() -> None:
    """It is there until its pod is gone."""
    cluster = ClusterBuilder({"indexer": {"replicas": 3}})
    cluster.add_claims(1)
    [claim] = cluster.related.values()
    claim["metadata"]["deletionTimestamp"] = "2026-11-24T07:59:00Z"
    assert _managers(answer(cluster)) == 1


def test_the_config_map_outranks_claims() -> None:
    """The StatefulSet was deleted by hand; the list that its pods read is still there."""
    cluster = rested({"indexer": {"replicas": 1}})
    cluster.edit(lambda spec: spec["indexer"].update(replicas=5))
    cluster.sync(sync)
    cluster.settle()
    assert len(cluster.related) == 5
    cluster.remove("StatefulSet", INDEXER)
    assert _managers(answer(cluster)) == 1
