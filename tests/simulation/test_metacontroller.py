"""The composite controller: what it sends, applies, refuses, swallows and repeats."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from app.names import LABEL_CONTROLLER_UID, LAST_APPLIED
from app.result import Manifest
from app.simulation.answers import NullChildError
from app.simulation.assertions import Rule
from app.simulation.engine import Engine, Setup
from app.simulation.hook import HookAnswer
from app.simulation.informers import UniformLag
from app.simulation.registration import composite_controller
from app.simulation.sync_record import Ending
from tests.simulation.trial_hook import (
    AT_ONCE,
    NAME,
    NOW,
    SECRET,
    ChangedHook,
    ScriptedHook,
    answer,
    config_map,
    engine,
    finalize,
    parent,
    rules,
    scripted,
    sync,
)


# --- the request ------------------------------------------------------------------------
def test_a_request_has_the_form_of_a_recorded_one() -> None:
    """Five keys, every registered group, inner keys `namespace/name`, whole objects."""
    made, hook = scripted(answer(config_map("x", data={"a": "1"})))
    made.run_for(40)
    first, last = hook.requests[0], hook.requests[-1]
    assert set(first) == {"controller", "parent", "children", "related", "finalizing"}
    assert "status" not in first["parent"]
    assert set(first["children"]) == set(last["children"])
    assert first["children"]["Deployment.apps/v1"] == {}
    assert not first["finalizing"]
    [(key, child)] = last["children"]["ConfigMap.v1"].items()
    assert key == "demo/x"
    uid = made.parent["metadata"]["uid"]
    assert child["metadata"]["labels"] == {LABEL_CONTROLLER_UID: uid}
    assert child["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "resources.wazuh.com/v1alpha1",
            "kind": "WazuhCluster",
            "name": NAME,
            "uid": uid,
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert child["metadata"]["managedFields"][0]["manager"] == "metacontroller"
    assert json.loads(child["metadata"]["annotations"][LAST_APPLIED]) == {
        **config_map("x", data={"a": "1"}),
        "metadata": {"name": "x", "namespace": "demo", "labels": {LABEL_CONTROLLER_UID: uid}},
    }


def test_the_second_sync_sees_any_subset_of_what_the_first_one_created() -> None:
    """Some seeds show all of it, some a part; none shows more."""
    views = set()
    for seed in range(30):
        made = engine(seed=seed, setup=Setup(lag=UniformLag(0, 0.3)))
        seen: list[frozenset[str]] = []

        def spy(request: Manifest, given: HookAnswer, seen: Any = seen) -> HookAnswer:
            groups = request["children"].values()
            seen.append(frozenset(item["kind"] for group in groups for item in group.values()))
            return given

        made.metacontroller.hook = ChangedHook(made.metacontroller.hook, spy)
        made.run_for(2)
        assert seen[0] == frozenset()
        views.add(seen[1])
    assert views <= {
        frozenset(view)
        for view in (
            (), ("Secret",), ("ConfigMap",), ("Service",), ("Secret", "ConfigMap"),
            ("Secret", "Service"), ("ConfigMap", "Service"), ("Secret", "ConfigMap", "Service"),
        )
    }  # fmt: skip
    assert len(views) >= 4


def test_only_own_children_are_sent() -> None:
    """A foreign object of a wanted name never appears, and its create is swallowed."""
    hook = ScriptedHook(answer(config_map("taken")))
    made = Engine(hook, now=NOW, setup=AT_ONCE)
    made.apply({**config_map("taken"), "metadata": {"name": "taken", "namespace": "demo"}})
    made.apply(parent())
    made.run_for(70)
    assert hook.requests[-1]["children"]["ConfigMap.v1"] == {}
    assert all(one.ending is Ending.SUCCESS for one in made.syncs)
    creates = [w for w in made.api.log.writes if w.verb == "create" and w.code == 409]
    assert len(creates) >= 2


# --- answers ----------------------------------------------------------------------------
def test_a_null_child_ends_the_process() -> None:
    """An exception that nothing inside the engine catches."""
    made = engine(mischief="null-child")
    with pytest.raises(NullChildError):
        made.run_for(1)


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(HookAnswer(status=500, body=None, text="oops"), id="500"),
        pytest.param(HookAnswer(status=204, body=None), id="204"),
        pytest.param(HookAnswer(status=0, body=None, text="ConnectError"), id="no connection"),
        pytest.param(HookAnswer(status=200, body=None, text="no JSON"), id="no JSON"),
        pytest.param(answer(config_map("x"), extra=1), id="unknown field"),
        pytest.param(answer({"metadata": {"name": "x"}}), id="child without kind"),
        pytest.param(
            answer(config_map("x"), {**config_map("y"), "metadata": {
                "name": "y", "labels": {LABEL_CONTROLLER_UID: "other"}}}),
            id="child of another parent",
        ),
    ],
)  # fmt: skip
def test_a_refused_answer_writes_nothing_and_backs_off(bad: HookAnswer) -> None:
    """Nothing applied, no status; the retries get rarer."""
    made, _ = scripted(bad)
    made.run_for(100)
    assert {one.ending for one in made.syncs} == {Ending.ERROR}
    assert made.writes_since(0, "metacontroller") == []
    assert "status" not in made.parent
    gaps = [b.started - a.started for a, b in zip(made.syncs, made.syncs[1:], strict=False)]
    assert gaps[0] < 0.1
    assert max(gaps) > 5


def test_429_waits_without_a_back_off() -> None:
    """Queued again after Retry-After, without an event."""
    busy = HookAnswer(status=429, body=None, retry_after=7)
    made, hook = scripted(busy, busy, answer())
    made.run_for(20)
    assert [one.ending for one in made.syncs[:3]] == [Ending.LATER, Ending.LATER, Ending.SUCCESS]
    assert made.syncs[1].started - made.syncs[0].started == pytest.approx(7, abs=0.1)
    assert len(hook.requests) > 2


def test_429_without_retry_after_is_a_hot_loop() -> None:
    """And the engine says so."""
    made, _ = scripted(HookAnswer(status=429, body=None, retry_after=0))
    for _ in range(200):
        made.timeline.step(5)
    assert Rule.HOT_LOOP in rules(made)


def test_a_missing_child_is_deleted() -> None:
    """Once it is observed and left out; the engine objects only to what is still wanted."""
    made, _ = scripted(answer(config_map("x"), config_map("y")), answer(config_map("y")))
    made.run_for(40)
    assert [item["metadata"]["name"] for item in made.objects("ConfigMap")] == ["y"]
    assert made.violations == []


def test_of_equal_children_the_last_one_wins() -> None:
    """Silently there, a malformed answer here."""
    made, _ = scripted(answer(config_map("x", data={"v": "1"}), config_map("x", data={"v": "2"})))
    made.run_for(5)
    assert made.find("ConfigMap", "x")["data"] == {"v": "2"}
    assert rules(made) == {Rule.MALFORMED_ANSWER}


def test_resync_after_is_one_shot_and_the_earliest_counts() -> None:
    """10 s after the answer, then 30."""
    made, hook = scripted(answer(resyncAfterSeconds=10), answer(resyncAfterSeconds=300))
    made.run_for(9)
    before = len(hook.requests)
    made.run_for(2)
    assert len(hook.requests) == before + 1
    assert made.metacontroller.queue.due(("demo", NAME)) == pytest.approx(310, abs=5)


# --- life -------------------------------------------------------------------------------
@pytest.mark.parametrize("writes", range(1, 9))
def test_a_crash_after_any_write_leads_to_the_same_end(writes: int) -> None:
    """Any prefix of an answer is applied, then everything is synced again."""
    made = engine(seed=writes)
    made.crash_after(writes)
    assert made.settle()
    made.check()
    creates = [w.name for w in made.api.log.writes if w.verb == "create" and w.code == 201]
    assert len(creates) == len(set(creates))


def test_a_related_secret_starts_a_sync_and_is_sent() -> None:
    """The first use of a related informer gives one silent back-off."""
    made = engine(setup=AT_ONCE)
    assert made.syncs == []
    assert made.settle()
    assert made.syncs[0].ending is Ending.SILENT
    before = len(made.syncs)
    made.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "mine", "namespace": "demo"},
            "stringData": {"a": "b"},
        }
    )
    made.run_for(1)
    assert len(made.syncs) == before + 1
    seen = made.metacontroller.related_informers.find("Secret", "demo", "mine")
    assert seen is not None
    claims = made.metacontroller.related_informers.objects("PersistentVolumeClaim")
    assert len(claims) == 3


def test_deleting_the_parent_takes_its_children_and_keeps_claims() -> None:
    """Garbage collection by owner; nothing is created again."""
    made = engine()
    assert made.settle()
    made.delete_parent()
    made.run_for(30)
    for kind in (
        "StatefulSet",
        "Deployment",
        "ReplicaSet",
        "Pod",
        "Secret",
        "ConfigMap",
        "Service",
    ):
        assert made.objects(kind) == [], kind
    assert len(made.objects("PersistentVolumeClaim")) == 3
    made.check()


def test_finalize_tears_down_in_order() -> None:
    """Finalizer first, finalize while it terminates, gone after `finalized: true`."""
    setup = Setup(controller=composite_controller(finalize=True))
    made = Engine.direct(sync, finalize=finalize, now=NOW, setup=setup)
    made.apply(parent())
    assert made.settle()
    assert made.parent["metadata"]["finalizers"] == [
        "metacontroller.io/compositecontroller-wazuhcluster"
    ]
    made.delete_parent()
    since = made.elapsed
    made.run_for(30)
    assert made.find_parent() is None
    assert made.objects("ConfigMap") == []
    deleted = [w.kind for w in made.writes_since(since) if w.verb == "delete"]
    assert deleted.index("StatefulSet") < deleted.index("ConfigMap")
    made.check()


def test_a_deleted_secret_is_noticed() -> None:
    """The trial hook makes a new key at once, which rolls the pods: as it asks for."""
    made = engine()
    assert made.settle()
    old = made.find("Secret", SECRET)["data"]
    made.delete("Secret", SECRET)
    assert made.settle()
    assert made.find("Secret", SECRET)["data"] != old


def test_a_changed_ca_key_is_reported() -> None:
    """Nobody asked for another key."""
    first = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET},
        "data": {"ca.key": "YQ=="},
    }
    made, _ = scripted(answer(first), answer({**first, "data": {"ca.key": "Yg=="}}))
    made.run_for(40)
    assert rules(made) == {Rule.CA_CHANGED}


def test_equal_seeds_give_equal_runs() -> None:
    """Byte for byte, the log included; another seed gives another order."""

    def run(seed: int) -> tuple[Any, ...]:
        made = engine(seed=seed)
        assert made.settle()
        objects = [made.objects(kind) for kind in ("Secret", "StatefulSet", "Pod", "WazuhCluster")]
        return made.api.log.writes, orjson.dumps(objects)

    assert run(1) == run(1)
    assert run(1)[0] != run(2)[0]
