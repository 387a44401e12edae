"""The builder stores answers as Metacontroller and the API server do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from app import names
from app.result import Manifest
from app.simulation.merge import update_of
from tests.cluster_builder import NAMESPACE, ClusterBuilder
from tests.registration import group_keys

RECORDING: Final = Path(__file__).parent / "recordings" / "5-steady-state.json"


@pytest.fixture
def answer() -> dict[str, Any]:
    """Answer with the children of a recorded cluster, as its hook sent them."""
    recording = json.loads(RECORDING.read_text(encoding="utf-8"))
    children: list[Manifest] = []
    for group in recording["children"].values():
        for child in group.values():
            applied = json.loads(child["metadata"]["annotations"][names.LAST_APPLIED])
            del applied["metadata"]["labels"][names.LABEL_CONTROLLER_UID]
            del applied["metadata"]["namespace"]
            children.append(applied)
    return {"status": {"phase": "Creating"}, "children": children}


def test_a_request_has_all_groups_and_keys_of_hook_v2(answer: dict[str, Any]) -> None:
    """Also the groups without a child; keys are namespace/name."""
    builder = ClusterBuilder()
    assert builder.request()["children"] == {group: {} for group in group_keys()}
    builder.apply(answer)
    children = builder.request()["children"]
    assert f"{NAMESPACE}/wz-indexer" in children["StatefulSet.apps/v1"]
    assert sum(map(len, children.values())) == len(answer["children"])


def test_the_same_answer_is_written_once(answer: dict[str, Any]) -> None:
    """The children and the status the first time; nothing the second time."""
    builder = ClusterBuilder()
    assert builder.apply(answer) == len(answer["children"]) + 1
    builder.settle()
    assert builder.apply(answer) == 0


def test_a_child_left_out_is_deleted(answer: dict[str, Any]) -> None:
    """Absent is deleted."""
    builder = ClusterBuilder()
    builder.apply(answer)
    gone = answer["children"].pop()
    builder.apply(answer)
    assert len(builder.children) == len(answer["children"])
    with pytest.raises(StopIteration):
        builder.child(gone["kind"], gone["metadata"]["name"])


def test_a_changed_spec_raises_the_generation_and_keeps_the_status(answer: dict[str, Any]) -> None:
    """A roll is seen by observedGeneration lagging behind."""
    builder = ClusterBuilder()
    builder.apply(answer)
    builder.settle()
    for child in answer["children"]:
        if child["kind"] == "StatefulSet" and child["metadata"]["name"] == "wz-indexer":
            child["spec"]["replicas"] = 5
    assert builder.apply(answer) == 1
    changed = builder.child("StatefulSet", "wz-indexer")
    assert changed["metadata"]["generation"] == 2
    assert changed["status"]["observedGeneration"] == 1


def test_a_rolling_stateful_set_has_two_revisions(answer: dict[str, Any]) -> None:
    """One pod is new, two are old; when all are new the revisions agree."""
    builder = ClusterBuilder()
    builder.apply(answer)
    builder.settle()
    [indexer] = [
        one
        for one in answer["children"]
        if (one["kind"], one["metadata"]["name"]) == ("StatefulSet", "wz-indexer")
    ]
    indexer["spec"]["template"]["metadata"]["annotations"] = {"a": "b"}
    builder.apply(answer)
    builder.roll("wz-indexer", updated=1, ready=2)
    status = builder.child("StatefulSet", "wz-indexer")["status"]
    assert (status["updatedReplicas"], status["currentReplicas"]) == (1, 2)
    assert status["currentRevision"] != status["updateRevision"]
    builder.settle()
    status = builder.child("StatefulSet", "wz-indexer")["status"]
    assert status["currentRevision"] == status["updateRevision"]


def test_an_unseen_child_is_only_hidden(answer: dict[str, Any]) -> None:
    """The informer of one kind lags; the object is there all the same."""
    builder = ClusterBuilder()
    builder.apply(answer)
    key = next(iter(builder.children))
    hidden = builder.request(unseen=[key])
    assert sum(map(len, hidden["children"].values())) == len(builder.children) - 1


def test_stored_children_merge_to_themselves(answer: dict[str, Any]) -> None:
    """The merge of what is stored with what is wanted changes nothing but bookkeeping."""
    builder = ClusterBuilder()
    builder.apply(answer)
    for child in builder.children.values():
        applied = json.loads(child["metadata"]["annotations"][names.LAST_APPLIED])
        assert update_of(child, applied) == child
