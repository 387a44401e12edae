"""A WazuhCluster that is going: the order of its teardown, and the end of it."""

from __future__ import annotations

import copy

import pytest

from app.hook.sync import finalize, sync
from app.result import Outcome, Result
from tests.cluster_builder import NAMES, ClusterBuilder, key_of, seeded_entropy
from tests.steps import DASHBOARD, INDEXER, MASTER, TIERS, WORKER, judged, rested, status


def _asked(cluster: ClusterBuilder) -> Result:
    return finalize(cluster.request(finalizing=True), now=cluster.now, entropy=seeded_entropy(0))


def _going() -> ClusterBuilder:
    cluster = rested()
    cluster.delete()
    return cluster


def _workloads(result: Result) -> list[str]:
    kinds = {"StatefulSet", "Deployment"}
    found = {one["metadata"]["name"] for one in result.response.children if one["kind"] in kinds}
    return [name for name in TIERS if name in found]


def test_tiers_go_in_the_order_in_which_they_need_each_other() -> None:
    """Dashboard and workers, the master, the indexers; then it is over."""
    cluster = _going()
    steps = []
    for _ in range(4):
        result = cluster.sync(finalize, finalizing=True)
        steps.append((_workloads(result), result.response.finalized))
    assert steps == [
        ([INDEXER, MASTER], False),
        ([INDEXER], False),
        ([], False),
        ([], True),
    ]


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        pytest.param(TIERS, [INDEXER, MASTER], id="all"),
        pytest.param([INDEXER, MASTER, WORKER], [INDEXER, MASTER], id="workers-still-there"),
        pytest.param([INDEXER, MASTER, DASHBOARD], [INDEXER, MASTER], id="dashboard-still-there"),
        pytest.param([INDEXER, MASTER], [INDEXER], id="master-is-next"),
        pytest.param([INDEXER, DASHBOARD], [INDEXER], id="master-is-gone-and-dashboard-is-not"),
        pytest.param([INDEXER], [], id="indexer-is-next"),
        pytest.param([MASTER], [], id="only-a-master"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_each_step_rests_on_what_is_observed(left: list[str], kept: list[str]) -> None:
    """However the steps before came about; it is over when no workload is observed."""
    cluster = _going()
    for name in TIERS:
        if name not in left:
            cluster.remove("Deployment" if name == DASHBOARD else "StatefulSet", name)
    result = _asked(cluster)
    assert _workloads(result) == kept
    assert result.response.finalized is (not left)
    assert result.response.resync_after_seconds == (10 if left else 0)


def test_everything_else_stays_to_the_end() -> None:
    """Pods that stop still read their Secrets; the garbage collector takes the rest."""
    cluster = _going()
    others = {key for key in cluster.children if key[1] not in {"StatefulSet", "Deployment"}}
    for _ in range(4):
        result = cluster.sync(finalize, finalizing=True)
        assert {key_of(one) for one in result.response.children} >= others
    assert result.response.finalized


def test_a_workload_that_is_terminating_is_waited_for() -> None:
    """It is observed until it is gone."""
    cluster = _going()
    stamp = "2026-11-24T08:30:00Z"
    for name in (DASHBOARD, WORKER):
        kind = "Deployment" if name == DASHBOARD else "StatefulSet"
        cluster.child(kind, name)["metadata"]["deletionTimestamp"] = stamp
    assert _workloads(_asked(cluster)) == [INDEXER, MASTER]


def test_a_repeated_call_gives_the_same_answer() -> None:
    """Metacontroller may ask again at any time, after the end too."""
    cluster = _going()
    assert _asked(cluster) == _asked(cluster)
    for _ in range(4):
        cluster.sync(finalize, finalizing=True)
    again = cluster.writes
    first, second = (cluster.sync(finalize, finalizing=True) for _ in range(2))
    assert first.response == second.response
    assert cluster.writes == again


def test_nothing_is_made_or_rolled_while_a_cluster_goes() -> None:
    """Not even certificates that are due."""
    cluster = _going()
    cluster.wait(days=400)
    before = copy.deepcopy(cluster.children)
    cluster.remove("Secret", NAMES.certs("admin"))
    result = _asked(cluster)
    assert result.report.reissues == ()
    assert result.report.outcome is Outcome.DELETING
    cluster.apply(result.response.on_wire())
    for key, child in cluster.children.items():
        assert (
            child["spec" if "spec" in child else "metadata"]
            == before[key]["spec" if "spec" in before[key] else "metadata"]
        )


def test_what_is_left_is_told_until_the_end() -> None:
    """Components that are there as they are, others as not there."""
    cluster = _going()
    cluster.sync(finalize, finalizing=True)
    result = cluster.sync(finalize, finalizing=True)
    found = status(result)
    assert found["phase"] == "Deleting"
    assert (found["indexer"]["phase"], found["manager"]["master"]["phase"]) == (
        "Running",
        "Running",
    )
    assert (found["dashboard"]["phase"], found["manager"]["workers"]["phase"]) == (
        "Pending",
        "Pending",
    )
    assert judged(result, "Ready") == ("False", "Deleting")
    assert "rollout" not in found


def test_a_parent_that_only_lost_its_label_is_torn_down_as_well() -> None:
    """Metacontroller asks for it: it is not ours any more."""
    cluster = rested()
    result = _asked(cluster)
    assert status(result)["phase"] == "Deleting"
    assert _workloads(result) == [INDEXER, MASTER]
    assert not result.response.finalized


def test_a_refused_spec_is_torn_down_like_any_other() -> None:
    """The spec is not asked."""
    cluster = _going()
    cluster.parent["spec"] = {"version": "5.0.0"}
    assert _workloads(_asked(cluster)) == [INDEXER, MASTER]


def test_a_cluster_of_which_nothing_was_made_is_over_at_once() -> None:
    """Created and deleted before the first sync."""
    cluster = ClusterBuilder()
    cluster.delete()
    result = _asked(cluster)
    assert result.response.finalized
    assert result.response.children == ()
    assert result.response.on_wire()["finalized"] is True


# --- sync of a cluster that is going ------------------------------------------------------------
def test_a_sync_of_a_cluster_that_is_going_keeps_all_children() -> None:
    """Without the finalize hook the garbage collector does the rest: nothing is made or deleted."""
    cluster = _going()
    before = dict(cluster.children)
    for _ in range(2):
        result = cluster.sync(sync)
        assert status(result)["phase"] == "Deleting"
        assert {key_of(one) for one in result.response.children} == set(before)
        assert result.response.on_wire().keys() == {"status", "children"}
    assert cluster.children == before


def test_a_sync_does_not_heal_a_cluster_that_is_going() -> None:
    """What is gone is not created again."""
    cluster = _going()
    cluster.remove("StatefulSet", MASTER)
    cluster.remove("Secret", NAMES.ca)
    cluster.remove("Service", "wz-dashboard")
    result = cluster.sync(sync)
    assert {key_of(one) for one in result.response.children} == set(cluster.children)
    assert result.report.reissues == ()
