"""StatefulSets: ordinals, order of a roll, revisions, claims, status."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation.workloads.world import World, stateful_set, template


@pytest.fixture
def world() -> World:
    """Three pods, ready."""
    made = World()
    made.api.create(stateful_set(), "me")
    made.advance(20)
    return made


def test_a_new_one_starts_all_pods_at_once_with_their_claims(world: World) -> None:
    """Parallel: nobody waits for Ready; the status ends as a real one's."""
    assert world.names("Pod") == ["x-0", "x-1", "x-2"]
    assert world.names("PersistentVolumeClaim") == ["data-x-0", "data-x-1", "data-x-2"]
    claim = world.get("PersistentVolumeClaim", "data-x-1")
    assert claim["metadata"]["labels"] == {"app": "x"}
    assert claim["status"]["phase"] == "Bound"
    assert "ownerReferences" not in claim["metadata"]
    revision = world.get("StatefulSet")["status"]["updateRevision"]
    assert world.get("StatefulSet")["status"] == {
        "availableReplicas": 3,
        "collisionCount": 0,
        "currentReplicas": 3,
        "currentRevision": revision,
        "observedGeneration": 1,
        "readyReplicas": 3,
        "replicas": 3,
        "updateRevision": revision,
        "updatedReplicas": 3,
    }


def test_before_any_pod_is_ready_counts_of_zero_are_absent() -> None:
    """As recorded: only replicas and availableReplicas are always there."""
    world = World()
    world.api.create(stateful_set(), "me")
    assert world.get("StatefulSet")["status"] == {"availableReplicas": 0, "replicas": 0}
    world.advance(1)
    status = world.get("StatefulSet")["status"]
    assert "readyReplicas" not in status
    assert (status["availableReplicas"], status["replicas"]) == (0, 3)


def test_ordered_ready_starts_one_after_the_other() -> None:
    """The next ordinal waits for Ready."""
    world = World()
    world.api.create(stateful_set(podManagementPolicy="OrderedReady"), "me")
    world.advance(9)
    assert world.names("Pod") == ["x-0"]
    world.advance(12)
    assert world.names("Pod") == ["x-0", "x-1"]
    world.advance(30)
    assert world.get("StatefulSet")["status"]["readyReplicas"] == 3


def test_a_roll_goes_from_the_highest_ordinal_and_waits_for_ready(world: World) -> None:
    """Never two pods of a roll are away at once."""
    old = world.get("StatefulSet")["status"]["currentRevision"]
    world.edit("StatefulSet", template=template("i:2"))
    order: list[list[str]] = []
    for _ in range(90):
        world.advance(0.5)
        moved = sorted(name for name, revision in world.pods().items() if revision != old)
        if not order or moved != order[-1]:
            order.append(moved)
        assert world.get("StatefulSet")["status"].get("readyReplicas", 0) >= 2
    assert order == [[], ["x-2"], ["x-1", "x-2"], ["x-0", "x-1", "x-2"]]
    status = world.get("StatefulSet")["status"]
    assert status["currentRevision"] == status["updateRevision"] != old
    assert status["observedGeneration"] == 2


def test_while_a_roll_is_under_way_both_revisions_are_counted(world: World) -> None:
    """Those of the old one shrink, those of the new one grow; at the end they are one."""
    world.edit("StatefulSet", template=template("i:2"))
    world.advance(8)
    status = world.get("StatefulSet")["status"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (2, 1)
    assert status["currentRevision"] != status["updateRevision"]


def test_min_ready_seconds_slow_a_roll() -> None:
    """Ready is not enough: a pod has to be available before the next one goes."""
    world = World()
    world.api.create(stateful_set(minReadySeconds=30), "me")
    world.advance(20)
    assert world.get("StatefulSet")["status"]["availableReplicas"] == 0
    world.advance(30)
    assert world.get("StatefulSet")["status"]["availableReplicas"] == 3
    world.edit("StatefulSet", template=template("i:2"))
    world.advance(30)
    assert world.get("StatefulSet")["status"]["updatedReplicas"] == 1
    world.advance(150)
    assert world.get("StatefulSet")["status"]["updatedReplicas"] == 3


def test_a_partition_holds_lower_ordinals(world: World) -> None:
    """Pods below it keep the current revision, also when they are made anew."""
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    world.edit("StatefulSet", template=template("i:2"), updateStrategy=rolling)
    world.advance(60)
    revisions = world.pods()
    assert revisions["x-0"] == revisions["x-1"] != revisions["x-2"]
    world.api.delete(("Pod", "demo", "x-0"), "me", grace=True)
    world.advance(20)
    assert world.pods() == revisions
    assert world.get("StatefulSet")["status"]["currentReplicas"] == 2


@pytest.mark.parametrize(
    ("strategy", "keeps"),
    [
        pytest.param({"type": "RollingUpdate"}, True, id="without a block"),
        pytest.param({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}, False, id="0"),
    ],
)
def test_which_revision_a_deleted_pod_of_a_roll_takes(
    strategy: dict[str, Any], *, keeps: bool
) -> None:
    """The old one while enough pods are old; with a partition every ordinal from it is new."""
    world = World()
    world.api.create(stateful_set(updateStrategy=strategy), "me")
    world.advance(20)
    world.kubelet.break_pods(unready=lambda pod: pod["metadata"]["name"] == "x-2")
    world.edit("StatefulSet", template=template("i:2"))
    world.advance(20)
    before = world.pods()["x-0"]
    world.api.delete(("Pod", "demo", "x-0"), "me", grace=True)
    world.advance(20)
    assert (world.pods()["x-0"] == before) is keeps


def test_a_broken_revision_holds_the_roll_and_is_rolled_back(world: World) -> None:
    """Parallel: the broken pod is replaced without anybody deleting it."""
    good = world.get("StatefulSet")["status"]["currentRevision"]
    world.kubelet.break_pods(
        unready=lambda pod: pod["spec"]["containers"][0]["image"] == "i:broken"
    )
    world.edit("StatefulSet", template=template("i:broken"))
    world.advance(120)
    assert world.get("StatefulSet")["status"]["updatedReplicas"] == 1
    assert world.get("StatefulSet")["status"]["readyReplicas"] == 2
    world.edit("StatefulSet", template=template("i:1"))
    world.advance(60)
    status = world.get("StatefulSet")["status"]
    assert status["updateRevision"] == status["currentRevision"] == good
    assert status["readyReplicas"] == 3
    numbers = {
        r["metadata"]["name"]: r["revision"] for r in world.api.objects("ControllerRevision")
    }
    assert numbers[good] == max(numbers.values()) == 3


def test_scaling_down_takes_the_highest_and_keeps_claims(world: World) -> None:
    """Claims are found again when it scales up."""
    uid = world.get("PersistentVolumeClaim", "data-x-2")["metadata"]["uid"]
    world.edit("StatefulSet", replicas=1)
    world.advance(10)
    assert world.names("Pod") == ["x-0"]
    assert len(world.names("PersistentVolumeClaim")) == 3
    world.edit("StatefulSet", replicas=3)
    world.advance(20)
    assert world.get("PersistentVolumeClaim", "data-x-2")["metadata"]["uid"] == uid
    assert world.get("StatefulSet")["status"]["readyReplicas"] == 3


def test_no_replicas_are_a_complete_roll(world: World) -> None:
    """The revisions agree, so a scaled-down tier is settled."""
    world.edit("StatefulSet", replicas=0, template=template("i:2"))
    world.advance(20)
    status = world.get("StatefulSet")["status"]
    assert status["currentRevision"] == status["updateRevision"]
    assert status["replicas"] == 0


@pytest.mark.parametrize(("policy", "left"), [("Retain", 3), ("Delete", 0)])
def test_what_becomes_of_claims_when_it_is_deleted(policy: str, left: int) -> None:
    """The retention policy works through owner references; a used claim waits for its pod."""
    world = World()
    world.api.create(
        stateful_set(persistentVolumeClaimRetentionPolicy={"whenDeleted": policy}), "me"
    )
    world.advance(20)
    world.api.delete(("StatefulSet", "demo", "x"), "me")
    world.advance(1)
    assert len(world.names("PersistentVolumeClaim")) == 3
    world.advance(10)
    assert world.names("Pod") == []
    assert len(world.names("PersistentVolumeClaim")) == left


def test_on_delete_waits_for_a_person(world: World) -> None:
    """Only a pod that is made anew takes the new revision."""
    world.edit("StatefulSet", template=template("i:2"), updateStrategy={"type": "OnDelete"})
    world.advance(30)
    assert len(set(world.pods().values())) == 1
    world.api.delete(("Pod", "demo", "x-1"), "me", grace=True)
    world.advance(20)
    assert len(set(world.pods().values())) == 2


def test_old_revisions_are_forgotten() -> None:
    """Beyond the history limit, and never one that is in use."""
    world = World()
    world.api.create(stateful_set(replicas=1, revisionHistoryLimit=1), "me")
    world.advance(20)
    for number in range(2, 6):
        world.edit("StatefulSet", template=template(f"i:{number}"))
        world.advance(30)
    assert len(world.names("ControllerRevision")) <= 3
    assert world.get("StatefulSet")["status"]["updateRevision"] in world.names("ControllerRevision")
