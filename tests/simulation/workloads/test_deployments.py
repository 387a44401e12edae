"""Deployments roll with surge through ReplicaSets and say how it goes."""

from __future__ import annotations

import pytest

from app.result import Manifest
from tests.simulation.workloads.world import World, deployment, template


@pytest.fixture
def world() -> World:
    """Two pods, ready."""
    made = World()
    made.api.create(deployment(), "me")
    made.advance(20)
    return made


def condition(world: World, kind: str) -> Manifest:
    """Condition of the Deployment."""
    conditions = world.get("Deployment")["status"]["conditions"]
    found: Manifest = next(item for item in conditions if item["type"] == kind)
    return found


def test_a_complete_one_has_the_recorded_status(world: World) -> None:
    """Field by field, and the revision in its annotations."""
    status = world.get("Deployment")["status"]
    [name] = world.names("ReplicaSet")
    assert {key: value for key, value in status.items() if key != "conditions"} == {
        "availableReplicas": 2,
        "observedGeneration": 1,
        "readyReplicas": 2,
        "replicas": 2,
        "terminatingReplicas": 0,
        "updatedReplicas": 2,
    }
    assert condition(world, "Progressing")["message"] == (
        f'ReplicaSet "{name}" has successfully progressed.'
    )
    assert condition(world, "Available")["reason"] == "MinimumReplicasAvailable"
    annotations = world.get("Deployment")["metadata"]["annotations"]
    assert annotations == {"deployment.kubernetes.io/revision": "1"}


def test_a_roll_without_unavailability_keeps_all_pods(world: World) -> None:
    """One more than wanted at most, never one less ready."""
    world.edit("Deployment", template=template("i:2"))
    most = 0
    for _ in range(80):
        world.advance(0.5)
        status = world.get("Deployment")["status"]
        assert status["availableReplicas"] >= 2
        living = [p for p in world.api.objects("Pod") if "deletionTimestamp" not in p["metadata"]]
        most = max(most, len(living))
    assert most == 3
    assert status["updatedReplicas"] == status["replicas"] == 2
    sets = {
        item["metadata"]["name"]: item["spec"]["replicas"]
        for item in world.api.objects("ReplicaSet")
    }
    assert sorted(sets.values()) == [0, 2]


def test_a_roll_back_finds_its_old_replica_set(world: World) -> None:
    """With the next revision number."""
    [first] = world.names("ReplicaSet")
    world.edit("Deployment", template=template("i:2"))
    world.advance(40)
    world.edit("Deployment", template=template("i:1"))
    world.advance(40)
    assert world.get("ReplicaSet", first)["spec"]["replicas"] == 2
    assert len(world.names("ReplicaSet")) == 2
    revision = world.get("Deployment")["metadata"]["annotations"]
    assert revision == {"deployment.kubernetes.io/revision": "3"}


def test_a_stuck_roll_misses_its_deadline(world: World) -> None:
    """Ten minutes without progress; the old pods go on."""
    world.kubelet.break_pods(unready=lambda pod: pod["spec"]["containers"][0]["image"] == "i:2")
    world.edit("Deployment", template=template("i:2"))
    world.advance(500)
    assert condition(world, "Progressing")["status"] == "True"
    world.advance(200)
    assert condition(world, "Progressing")["reason"] == "ProgressDeadlineExceeded"
    assert world.get("Deployment")["status"]["availableReplicas"] == 2
    world.kubelet.repair()
    world.advance(40)
    assert condition(world, "Progressing")["reason"] == "NewReplicaSetAvailable"


def test_recreate_stops_all_before_it_starts_new_ones() -> None:
    """Two templates never run together."""
    world = World()
    world.api.create(deployment(strategy={"type": "Recreate"}), "me")
    world.advance(20)
    world.edit("Deployment", template=template("i:2"))
    for _ in range(40):
        world.advance(0.5)
        images = {p["spec"]["containers"][0]["image"] for p in world.api.objects("Pod")}
        assert len(images) <= 1
    assert images == {"i:2"}


def test_unavailability_lets_old_pods_go_first() -> None:
    """Percentages: 25 % of four is one each way."""
    world = World()
    world.api.create(deployment(replicas=4, strategy={"type": "RollingUpdate"}), "me")
    world.advance(20)
    world.edit("Deployment", template=template("i:2"))
    least = 4
    for _ in range(100):
        world.advance(0.5)
        least = min(least, world.get("Deployment")["status"]["availableReplicas"])
    assert least == 3
    assert world.get("Deployment")["status"]["updatedReplicas"] == 4


def test_scaling_moves_pods(world: World) -> None:
    """Up and down."""
    world.edit("Deployment", replicas=4)
    world.advance(20)
    assert world.get("Deployment")["status"]["readyReplicas"] == 4
    world.edit("Deployment", replicas=1)
    world.advance(20)
    assert len(world.names("Pod")) == 1
