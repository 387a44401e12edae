"""Phases of the cluster and of its components over a life: creation, roll, loss, upgrade, end."""

from __future__ import annotations

from typing import Any

import pytest

from app.hook.sync import sync
from app.result import Manifest, Result
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.scenarios import at_rest
from tests.steps import (
    AGED,
    DASHBOARD,
    INDEXER,
    MASTER,
    TIERS,
    WORKER,
    answer,
    condition,
    judged,
    rested,
    status,
    stored,
)

BLUE: Manifest = {"podAnnotations": {"team": "blue"}}


def _tier(result: Result, name: str) -> Any:
    found = status(result)
    match name:
        case "wz-indexer" | "wz-dashboard":
            return found[name.removeprefix("wz-")]
        case _:
            return found["manager"]["master" if name == MASTER else "workers"]


def _phases(result: Result) -> list[str]:
    return [_tier(result, name)["phase"] for name in TIERS]


def _lose(cluster: ClusterBuilder, name: str, ready: int) -> None:
    """Pods of a settled workload are away; nothing rolls."""
    stored(cluster, name)["status"].update(readyReplicas=ready, availableReplicas=ready)


# --- creation -----------------------------------------------------------------------------------
def test_a_creation_goes_from_pending_over_creating_to_running() -> None:
    """Each component for itself; the version is set when all are settled."""
    cluster = ClusterBuilder()
    first = cluster.sync(sync)
    assert status(first)["phase"] == "Pending"
    assert _phases(first) == ["Pending"] * 4
    second = cluster.sync(sync)
    assert (status(second)["phase"], _phases(second)) == ("Creating", ["Pending"] * 4)
    cluster.sync(sync)
    created = cluster.sync(sync)
    assert (status(created)["phase"], _phases(created)) == ("Creating", ["Creating"] * 4)
    cluster.settle(INDEXER, MASTER)
    half = cluster.sync(sync)
    assert (status(half)["phase"], _phases(half)) == (
        "Creating",
        ["Running", "Running", "Creating", "Creating"],
    )
    assert "version" not in status(half)
    assert _tier(half, INDEXER)["version"] == "4.14.1"
    assert "version" not in _tier(half, DASHBOARD)
    cluster.settle()
    done = cluster.sync(sync)
    assert (status(done)["phase"], _phases(done)) == ("Running", ["Running"] * 4)
    assert status(done)["version"] == "4.14.1"
    assert "rollout" not in status(done)


def test_a_first_start_that_loses_pods_is_still_being_created() -> None:
    """It has never been Running."""
    cluster = ClusterBuilder()
    for _ in range(4):
        cluster.sync(sync)
    cluster.settle(INDEXER)
    cluster.sync(sync)
    _lose(cluster, INDEXER, 1)
    result = cluster.sync(sync)
    assert status(result)["phase"] == "Creating"
    assert _tier(result, INDEXER)["phase"] == "Degraded"
    assert judged(result, "Degraded") == ("False", "AsExpected")


# --- lost pods ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "ready", "available", "reason"),
    [
        pytest.param(INDEXER, 2, True, "", id="one-of-three-indexers"),
        pytest.param(INDEXER, 1, False, "IndexerUnavailable", id="majority-of-indexers"),
        pytest.param(MASTER, 0, False, "MasterUnavailable", id="the-master"),
        pytest.param(WORKER, 1, True, "", id="one-of-two-workers"),
        pytest.param(WORKER, 0, False, "WorkersUnavailable", id="all-workers"),
        pytest.param(DASHBOARD, 0, False, "DashboardUnavailable", id="the-dashboard"),
    ],
)
def test_a_cluster_that_loses_pods_stays_running(
    name: str,
    ready: int,
    available: bool,  # noqa: FBT001 - a column of the table
    reason: str,
) -> None:
    """Degraded=True says so; it does not fall back to Creating, and keeps its version."""
    cluster = rested()
    _lose(cluster, name, ready)
    result = cluster.sync(sync)
    found = status(result)
    assert (found["phase"], found["version"]) == ("Running", "4.14.1")
    assert _tier(result, name)["phase"] == "Degraded"
    assert _tier(result, name)["readyReplicas"] == ready
    assert judged(result, "Degraded") == ("True", "ReplicasUnavailable")
    assert judged(result, "Ready") == ("False", "TiersNotReady")
    assert judged(result, "Progressing") == ("False", "Idle")
    assert judged(result, "Available")[0] == str(available)
    assert judged(result, "Available")[1] == (reason or "MinimumAvailable")
    assert "rollout" not in found
    assert result.response.resync_after_seconds == 10
    before = cluster.writes
    cluster.wait(seconds=AGED)
    cluster.sync(sync)
    assert cluster.writes == before, "nothing changes while nothing happens"


def test_a_pod_that_is_not_even_created_is_lost_and_not_scaled() -> None:
    """A quota, or a namespace that goes: the controller has fewer pods than wanted."""
    cluster = rested()
    stored(cluster, WORKER)["status"].update(
        replicas=1, updatedReplicas=1, readyReplicas=1, availableReplicas=1
    )
    result = answer(cluster)
    assert status(result)["phase"] == "Running"
    assert _tier(result, WORKER)["phase"] == "Degraded"


def test_a_held_tier_that_loses_pods_is_said_to_be_degraded() -> None:
    """It waits for another tier, and its own pod is away beside."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(indexer=BLUE, dashboard=BLUE))
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=1, ready=2)
    _lose(cluster, DASHBOARD, 0)
    result = answer(cluster)
    assert _tier(result, DASHBOARD)["phase"] == "Held"
    assert judged(result, "Degraded") == ("True", "ReplicasUnavailable")
    assert condition(result, "Degraded")["message"] == "dashboard: 0 of 1 ready"


def test_a_vanished_workload_is_pending_and_the_cluster_is_not_creating_again() -> None:
    """A StatefulSet deleted by hand is made anew."""
    cluster = rested()
    cluster.remove("StatefulSet", MASTER)
    result = answer(cluster)
    assert status(result)["phase"] == "Updating"
    assert _tier(result, MASTER)["phase"] == "Pending"
    assert status(result)["manager"]["phase"] == "Pending"
    assert judged(result, "Available") == ("False", "MasterUnavailable")


# --- rolls, scaling, upgrades -------------------------------------------------------------------
def test_a_roll_is_updating_until_every_pod_is_available() -> None:
    """Ready and not available yet (minReadySeconds) is the end of the roll, not a loss."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(indexer=BLUE))
    result = cluster.sync(sync)
    assert (status(result)["phase"], _phases(result)) == (
        "Updating",
        ["Updating", "Running", "Running", "Running"],
    )
    assert status(result)["rollout"]["reason"] == "TemplateChanged"
    cluster.roll(INDEXER, updated=1, ready=2)
    result = cluster.sync(sync)
    assert judged(result, "Progressing") == ("True", "RollingOut")
    assert status(result)["rollout"] == {
        "tier": "indexer",
        "reason": "TemplateChanged",
        "waitingFor": "wz-indexer-2",
    }
    cluster.settle(INDEXER)
    stored(cluster, INDEXER)["status"]["availableReplicas"] = 2
    result = cluster.sync(sync)
    assert (status(result)["phase"], _tier(result, INDEXER)["phase"]) == ("Updating", "Updating")
    assert judged(result, "Progressing") == ("True", "RollingOut")
    assert judged(result, "Degraded") == ("False", "AsExpected")
    cluster.settle(INDEXER)
    assert status(cluster.sync(sync))["phase"] == "Running"


def test_a_pod_lost_at_the_end_of_a_roll_is_lost() -> None:
    """The roll was completed; what is away since is no part of it."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(indexer=BLUE))
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=2, ready=2)
    cluster.sync(sync)
    cluster.settle(INDEXER)
    _lose(cluster, INDEXER, 2)
    result = answer(cluster)
    assert status(result)["phase"] == "Running"
    assert _tier(result, INDEXER)["phase"] == "Degraded"


@pytest.mark.parametrize("replicas", [1, 4], ids=["down", "up"])
def test_scaling_is_updating_with_a_reason_of_its_own(replicas: int) -> None:
    """From the edit until the last pod is ready or gone."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(manager={"workers": {"replicas": replicas}}))
    results = [cluster.sync(sync), cluster.sync(sync)]
    ready = min(2, replicas)
    cluster.roll(WORKER, updated=ready, ready=ready)
    stored(cluster, WORKER)["status"].update(replicas=2, updatedReplicas=2)
    results.append(cluster.sync(sync))
    if replicas == 4:
        cluster.settle(WORKER)
        _lose(cluster, WORKER, 3)
        results.append(cluster.sync(sync))
    for result in results:
        assert status(result)["phase"] == "Updating"
        assert _tier(result, WORKER)["phase"] == "Updating"
        assert judged(result, "Progressing") == ("True", "Scaling")
        assert judged(result, "Degraded") == ("False", "AsExpected")
        assert status(result)["rollout"]["tier"] == "manager-worker"
        assert status(result)["rollout"]["reason"] == "Scaling"
    cluster.settle(WORKER)
    result = cluster.sync(sync)
    assert (status(result)["phase"], _tier(result, WORKER)["replicas"]) == ("Running", replicas)


def test_two_tiers_that_scale_are_both_scaling() -> None:
    """The rollout names the first; the second is not taken for one that lost pods."""
    cluster = rested()
    cluster.edit(
        lambda spec: spec.update(indexer={"replicas": 5}, manager={"workers": {"replicas": 4}})
    )
    cluster.sync(sync)
    for name, ready in ((INDEXER, 3), (WORKER, 2)):
        cluster.settle(name)
        _lose(cluster, name, ready)
    result = cluster.sync(sync)
    assert _phases(result) == ["Updating", "Running", "Updating", "Running"]
    assert judged(result, "Progressing") == ("True", "Scaling")
    assert judged(result, "Degraded") == ("False", "AsExpected")


def test_a_dashboard_that_rolls_with_one_pod_more_does_not_scale() -> None:
    """A Deployment starts the new pod before the old one goes."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(dashboard=BLUE))
    cluster.sync(sync)
    cluster.roll(DASHBOARD, updated=1, ready=1)
    stored(cluster, DASHBOARD)["status"]["replicas"] = 2
    result = answer(cluster)
    assert judged(result, "Progressing") == ("True", "RollingOut")
    assert status(result)["rollout"]["reason"] == "TemplateChanged"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        pytest.param({"indexer": BLUE}, "TemplateChanged", id="template"),
        pytest.param({"indexer": {"vmMaxMapCount": "Preset"}}, "ConfigChanged", id="configuration"),
        pytest.param({"version": "4.14.2"}, "VersionChanged", id="version"),
    ],
)
def test_the_reason_of_a_roll_is_told_for_as_long_as_it_lasts(spec: Manifest, reason: str) -> None:
    """Also after the new template is there."""
    cluster = rested()
    cluster.edit(lambda wish: wish.update(spec))
    reasons = [status(cluster.sync(sync))["rollout"]["reason"]]
    for updated in (1, 2):
        cluster.roll(INDEXER, updated=updated, ready=2)
        reasons.append(status(cluster.sync(sync))["rollout"]["reason"])
    assert reasons == [reason] * 3


def test_certificates_have_a_reason_of_their_own() -> None:
    """A renewed leaf that a tier takes."""
    cluster = rested()
    cluster.remove("Secret", NAMES.certs("dashboard"))
    cluster.sync(sync)
    cluster.sync(sync)
    cluster.wait(seconds=AGED)
    assert status(cluster.sync(sync))["rollout"] == {
        "tier": "dashboard",
        "reason": "CertificatesChanged",
    }


def test_an_upgrade_keeps_the_version_until_every_tier_is_settled_on_the_new_one() -> None:
    """Upgrading from the first tier to the last; each component tells its own."""
    cluster = rested({"version": "4.13.1"})
    cluster.edit(lambda spec: spec.update(version="4.14.1"))
    for index, name in enumerate(TIERS):
        result = cluster.sync(sync)
        assert (status(result)["phase"], status(result)["version"]) == ("Upgrading", "4.13.1")
        assert judged(result, "Progressing") == ("True", "Upgrading")
        assert _phases(result) == ["Running"] * index + ["Updating"] + ["Held"] * (3 - index)
        versions = [_tier(result, one)["version"] for one in TIERS]
        assert versions == ["4.14.1"] * index + ["4.13.1"] * (4 - index)
        assert status(result)["rollout"]["tier"] == name.removeprefix("wz-")
        assert status(result)["rollout"]["reason"] == "VersionChanged"
        cluster.settle(name)
    done = cluster.sync(sync)
    assert (status(done)["phase"], status(done)["version"]) == ("Running", "4.14.1")


def test_an_upgrade_with_a_pod_away_at_its_end_keeps_the_old_version() -> None:
    """Passed is not settled: the version is set when every pod runs it."""
    cluster = rested({"version": "4.13.1"})
    cluster.edit(lambda spec: spec.update(version="4.14.1"))
    for name in TIERS:
        cluster.sync(sync)
        cluster.settle(name)
    _lose(cluster, INDEXER, 2)
    result = cluster.sync(sync)
    assert status(result)["version"] == "4.13.1"
    cluster.settle()
    assert status(cluster.sync(sync))["version"] == "4.14.1"


# --- summary of the managers --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("master", "workers", "phase"),
    [
        pytest.param(1, 2, "Running", id="both-run"),
        pytest.param(0, 2, "Degraded", id="master-away"),
        pytest.param(1, 1, "Degraded", id="a-worker-away"),
    ],
)
def test_the_managers_summary_has_the_worse_phase_and_the_sums(
    master: int, workers: int, phase: str
) -> None:
    """Master and workers stand below it."""
    cluster = rested()
    _lose(cluster, MASTER, master)
    _lose(cluster, WORKER, workers)
    found = status(answer(cluster))["manager"]
    assert (found["phase"], found["replicas"], found["readyReplicas"]) == (
        phase,
        3,
        master + workers,
    )
    assert found["version"] == "4.14.1"


# --- failed and deleting ------------------------------------------------------------------------
def test_a_refused_spec_is_failed_and_its_components_are_what_they_are() -> None:
    """Nothing moves; what runs is shown as running."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(indexer={"javaOpts": "-Xms1g"}))
    _lose(cluster, WORKER, 1)
    result = answer(cluster)
    assert status(result)["phase"] == "Failed"
    assert _phases(result) == ["Running", "Running", "Degraded", "Running"]
    assert judged(result, "Ready") == ("False", "ReconcileError")
    assert judged(result, "SpecValid") == ("False", "Invalid")
    assert judged(result, "Available") == ("True", "MinimumAvailable")
    assert status(result)["version"] == "4.14.1"
    assert "rollout" not in status(result)


def test_a_spec_refused_from_the_start_has_components_that_are_not_there() -> None:
    """Pending, not disabled: nobody asked for that."""
    result = answer(ClusterBuilder({"indexer": {"javaOpts": "-Xms1g"}}))
    assert status(result)["phase"] == "Failed"
    assert _phases(result) == ["Pending"] * 4
    assert judged(result, "Available") == ("False", "Creating")


def test_a_disabled_dashboard_stays_disabled_when_the_spec_is_refused() -> None:
    """The status remembers what the spec cannot tell."""
    cluster = at_rest(ClusterBuilder({"dashboard": {"enabled": False}}))
    cluster.edit(lambda spec: spec.update(indexer={"javaOpts": "-Xms1g"}))
    assert _phases(answer(cluster)) == ["Running", "Running", "Running", "Disabled"]


def test_a_cluster_that_is_going_is_deleting_and_shows_what_is_left() -> None:
    """Ready=False/Deleting, nothing progresses."""
    cluster = rested()
    cluster.delete()
    result = cluster.sync(sync)
    assert status(result)["phase"] == "Deleting"
    assert judged(result, "Ready") == ("False", "Deleting")
    assert judged(result, "Progressing") == ("False", "Idle")
    assert _phases(result) == ["Running"] * 4
    cluster.remove("Deployment", DASHBOARD)
    assert _phases(answer(cluster)) == ["Running", "Running", "Running", "Pending"]
