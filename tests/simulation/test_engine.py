"""The engine as tests use it: settling, edits at times, faults, what is skipped."""

from __future__ import annotations

from typing import Any

import pytest

from app.result import Manifest
from app.simulation.assertions import ViolationError
from app.simulation.engine import Engine, Setup
from app.simulation.informers import UniformLag
from app.simulation.workloads.kubelet import Habits
from tests.simulation.trial_hook import (
    NAME,
    NOW,
    SECRET,
    ScriptedHook,
    answer,
    engine,
    parent,
    sync,
)


def test_a_cluster_comes_to_be_running_and_quiet() -> None:
    """Then nothing is written for ten minutes, by anybody."""
    made = engine()
    assert made.settle()
    assert made.is_running()
    since = made.elapsed
    made.run_for(600)
    assert made.writes_since(since) == []
    made.check()
    assert [child["kind"] for child in made.children()] == [
        "ConfigMap", "Deployment", "Secret", "Service", "StatefulSet",
    ]  # fmt: skip


def test_settling_gives_up() -> None:
    """A pod that never gets ready keeps the phase; the time-out is virtual."""
    made = engine()
    made.controllers.kubelet.break_pods(unready=lambda pod: pod["metadata"]["name"].endswith("-0"))
    assert not made.settle(timeout=500)
    assert made.elapsed == 500
    made.controllers.kubelet.repair()
    assert made.settle()


@pytest.mark.parametrize("seed", range(5))
def test_running_every_resync_makes_no_difference(seed: int) -> None:
    """The same objects and the same writes; only the quiet syncs between are fewer."""

    def run(*, all_resyncs: bool) -> tuple[list[tuple[str, str, str]], Manifest, int]:
        made = engine(seed=seed, setup=Setup(all_resyncs=all_resyncs, lag=UniformLag(0, 0)))
        assert made.settle()
        made.at(1200, lambda: made.edit(lambda c: c["spec"].update(text="b: 2\n")))
        made.at(2400, lambda: made.delete("ConfigMap", f"{NAME}-config"))
        made.run_for(7200)
        made.check()
        writes = [
            (w.verb, w.kind, w.actor)
            for w in made.api.log.writes
            if w.changed and w.kind not in ("Pod", "ReplicaSet")
        ]
        data = {
            kind: [item.get("data", item.get("spec")) for item in made.objects(kind)]
            for kind in ("Secret", "ConfigMap", "StatefulSet")
        }
        return sorted(writes), data, len(made.syncs)

    all_of_them, some_of_them = run(all_resyncs=True), run(all_resyncs=False)
    assert all_of_them[:2] == some_of_them[:2]
    assert all_of_them[2] > some_of_them[2] + 150


def test_a_change_of_the_spec_rolls_the_pods_that_read_it() -> None:
    """Every pod loaded what was stored when it started."""
    made = engine()
    assert made.settle()
    made.edit(lambda c: c["spec"].update(text="b: 2\n"))
    assert not made.is_running()
    assert made.settle()
    made.check()
    for ordinal in range(3):
        loaded = made.loaded(f"{NAME}-indexer-{ordinal}")
        assert loaded is not None
        assert loaded.config_maps[f"{NAME}-config"] == {"file": "b: 2\n"}
        assert set(loaded.secrets) == {SECRET}


def test_edits_come_at_their_time() -> None:
    """Scaling after ten minutes."""
    made = engine()
    made.at(600, lambda: made.edit(lambda c: c["spec"].update(replicas=5)))
    made.run_for(599)
    assert made.find("StatefulSet", f"{NAME}-indexer")["spec"]["replicas"] == 3
    made.run_for(60)
    assert made.find("StatefulSet", f"{NAME}-indexer")["status"]["readyReplicas"] == 5


def test_applying_again_changes_the_spec_and_keeps_the_rest() -> None:
    """As kubectl does: no other uid, status untouched."""
    made = engine()
    assert made.settle()
    before = made.parent
    made.apply(parent(replicas=2))
    after = made.parent
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["generation"] == 2
    assert after["status"] == before["status"]
    assert made.settle()


def test_a_recreated_cluster_finds_its_old_claims() -> None:
    """New uid, new objects, old claims."""
    made = engine()
    assert made.settle()
    uid = made.parent["metadata"]["uid"]
    claims = [item["metadata"]["uid"] for item in made.objects("PersistentVolumeClaim")]
    made.delete_parent()
    made.run_for(60)
    made.apply(parent())
    assert made.settle()
    assert made.parent["metadata"]["uid"] != uid
    assert [item["metadata"]["uid"] for item in made.objects("PersistentVolumeClaim")] == claims
    made.check()


@pytest.mark.parametrize("name", ["indexer", "dashboard", "config", "headless", "ca"])
def test_every_child_that_is_deleted_by_hand_comes_back(name: str) -> None:
    """Whatever its kind."""
    made = engine()
    assert made.settle()
    [child] = [c for c in made.children() if c["metadata"]["name"] == f"{NAME}-{name}"]
    made.delete(child["kind"], child["metadata"]["name"])
    assert made.settle()
    again = made.find(child["kind"], child["metadata"]["name"])
    assert again["metadata"]["uid"] != child["metadata"]["uid"]
    made.check()


def test_refused_writes_are_tried_again() -> None:
    """By Metacontroller and by the controllers."""
    made = engine()
    for verb, kind in (
        ("create", "StatefulSet"), ("create", "Pod"), ("create", "PersistentVolumeClaim"),
        ("update-status", "StatefulSet"), ("update-status", "WazuhCluster"),
        ("create", "ReplicaSet"),
    ):  # fmt: skip
        made.refuse(verb, kind, None, 500, times=2)
    assert made.settle()
    made.check()


def test_slow_pods_make_a_slow_cluster() -> None:
    """Habits are durations by component."""

    def seconds(start: float) -> float:
        made = engine(setup=Setup(habits=Habits(start={}, start_else=start)))
        assert made.settle()
        return made.elapsed

    assert seconds(300) - seconds(10) == pytest.approx(290, abs=15)


def test_a_broken_rule_is_raised_by_check() -> None:
    """With its time and its text."""
    made = engine(mischief="null-field")
    made.run_for(10)
    with pytest.raises(ViolationError, match="malformed answer at 0"):
        made.check()


def test_an_engine_needs_a_start() -> None:
    """No clock is read."""
    with pytest.raises(ValueError, match="time"):
        Engine(ScriptedHook(answer()))


def test_without_a_cluster_there_is_no_parent() -> None:
    """LookupErrors, not empty objects."""
    made = Engine(ScriptedHook(answer()), now=NOW)
    assert made.find_parent() is None
    assert not made.is_running()
    with pytest.raises(LookupError):
        _ = made.parent
    with pytest.raises(LookupError):
        made.find("Secret", "x")


def test_a_pure_function_may_be_called_twice() -> None:
    """`twice` finds a hook that is not pure."""
    calls: list[int] = []

    def impure(request: Manifest, **given: Any) -> Any:
        calls.append(1)
        request["parent"]["spec"]["text"] = str(len(calls))
        return sync(request, **given)

    pure = Engine.direct(sync, now=NOW, twice=True)
    pure.apply(parent())
    assert pure.settle()
    bad = Engine.direct(impure, now=NOW, twice=True)
    bad.apply(parent())
    with pytest.raises(AssertionError, match="different answers"):
        bad.run_for(1)


def test_time_is_virtual_and_in_whole_seconds() -> None:
    """The clock that the hook gets."""
    made = engine()
    made.run_for(90.75)
    assert made.clock().isoformat() == "2026-01-01T00:01:30+00:00"
    assert made.date(60.5).isoformat() == "2026-01-01T00:01:00+00:00"
    assert made.elapsed == 90.75
