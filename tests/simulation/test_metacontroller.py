"""The composite controller: what it sends, applies, refuses, swallows and repeats."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from app.names import LABEL_CONTROLLER_UID, LAST_APPLIED
from app.result import Manifest
from app.simulation.answers import NullChildError
from app.simulation.assertions import Rule, ViolationError
from app.simulation.engine import Engine, Setup
from app.simulation.hook import HookAnswer
from app.simulation.informers import UniformLag
from app.simulation.registration import composite_controller
from app.simulation.sync_record import Ending
from tests.simulation.trial_hook import (
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
    sync,
)

AT_ONCE = Setup(lag=UniformLag(0, 0))


def scripted(*answers: HookAnswer, setup: Setup = AT_ONCE) -> tuple[Engine, ScriptedHook]:
    """Engine with prepared answers and one WazuhCluster, shortly after its creation."""
    hook = ScriptedHook(*answers)
    made = Engine(hook, now=NOW, setup=setup)
    made.apply(parent())
    return made, hook


def rules(made: Engine) -> set[Rule]:
    """Rules that were broken."""
    return {violation.rule for violation in made.violations}


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


# --- apply ------------------------------------------------------------------------------
def test_an_update_is_refused_for_an_immutable_field_and_blocks_the_rest() -> None:
    """422 on every sync, an event, a back-off; the status is written all the same."""
    made = engine()
    assert made.settle()
    made.edit(lambda c: c["spec"].update(mischief="immutable", replicas=5))
    made.run_for(60)
    assert made.find("StatefulSet", f"{NAME}-indexer")["spec"]["replicas"] == 3
    assert made.syncs[-1].ending is Ending.ERROR
    assert made.parent["status"]["observedGeneration"] == 2
    assert rules(made) == {Rule.INVALID_WRITE}
    with pytest.raises(ViolationError, match="serviceName"):
        made.check()


@pytest.mark.parametrize(
    ("mischief", "rule", "where"),
    [
        pytest.param("quantity", Rule.USELESS_WRITE, "resources.requests.memory", id="1024Mi"),
        pytest.param("claim-template", Rule.USELESS_WRITE, "volumeClaimTemplates", id="claims"),
        pytest.param("null-field", Rule.MALFORMED_ANSWER, "null at .metadata", id="null"),
        pytest.param("finalized", Rule.MALFORMED_ANSWER, "finalized", id="finalized in sync"),
        pytest.param("clock", Rule.ENDLESS_WRITES, "WazuhCluster", id="time in the status"),
    ],
)
def test_a_misbehaving_hook_is_found_out(mischief: str, rule: Rule, where: str) -> None:
    """Each mischief has its rule and the message says where."""
    made = engine(mischief=mischief)
    made.run_for(300)
    found = [str(v) for v in made.violations if v.rule is rule]
    assert any(where in text for text in found), found


def test_a_kind_that_is_not_registered_is_made_once_and_never_seen() -> None:
    """Its later creates are swallowed."""
    setup = Setup(lag=UniformLag(0, 0), controller=composite_controller(omit=("configmaps",)))
    made, hook = scripted(answer(config_map("x")), setup=setup)
    made.run_for(40)
    assert "ConfigMap.v1" not in hook.requests[-1]["children"]
    assert len(made.objects("ConfigMap")) == 1
    assert rules(made) == {Rule.MALFORMED_ANSWER}


def test_a_forgotten_stateful_set_is_deleted_and_reported() -> None:
    """The spec has not changed since it was made, so it is still wanted."""
    made = engine()
    assert made.settle()
    made.at(made.elapsed + 1, lambda: made.edit(lambda c: c["spec"].update(mischief="forgets")))
    made.run_for(2)
    assert rules(made) == set()  # the spec changed: a person may have asked for it
    again = engine(setup=AT_ONCE)
    assert again.settle()

    def short(request: Manifest, given: HookAnswer) -> HookAnswer:
        del request
        assert given.body is not None
        kept = [c for c in given.body["children"] if c["kind"] not in ("StatefulSet", "Secret")]
        return HookAnswer(status=200, body={**given.body, "children": kept})

    again.metacontroller.hook = ChangedHook(again.metacontroller.hook, short)
    again.crash()
    again.run_for(2)
    texts = " ".join(map(str, again.violations))
    assert f"StatefulSet {NAME}-indexer" in texts
    assert f"Secret {SECRET}" in texts


def test_a_stale_view_never_overwrites_a_newer_object() -> None:
    """The optimistic lock: 409, swallowed, and the next sync repairs."""
    made = engine(setup=AT_ONCE)
    assert made.settle()
    made.hold("ConfigMap")
    made.edit_object("ConfigMap", f"{NAME}-config", lambda c: c["data"].update(file="by hand"))
    made.edit(lambda c: c["spec"].update(text="b: 2\n"))
    made.run_for(1)
    conflicts = [w for w in made.writes_since(0, "metacontroller") if w.code == 409]
    assert {w.kind for w in conflicts} == {"ConfigMap"}
    assert made.find("ConfigMap", f"{NAME}-config")["data"]["file"] == "by hand"
    made.release("ConfigMap")
    made.run_for(1)
    assert made.find("ConfigMap", f"{NAME}-config")["data"]["file"] == "b: 2\n"
    made.check()


def test_one_failing_child_does_not_stop_the_others() -> None:
    """The status is written; then the error, and success after the fault."""
    made = engine(setup=AT_ONCE)
    made.refuse("create", "Service", None, 403, times=3)
    made.run_for(0.5)
    assert made.syncs[1].ending is Ending.ERROR
    assert made.objects("ConfigMap")
    assert "phase" in made.parent["status"]
    assert made.settle()
    made.check()


def test_a_released_child_is_seen_no_more_and_an_orphan_is_adopted() -> None:
    """By the label of generateSelector."""
    made = engine(setup=AT_ONCE)
    assert made.settle()
    uid = made.parent["metadata"]["uid"]

    def unlabel(item: Manifest) -> None:
        item["metadata"]["labels"].pop(LABEL_CONTROLLER_UID)

    made.edit_object("ConfigMap", f"{NAME}-config", unlabel)
    made.run_for(1)
    assert "ownerReferences" not in made.find("ConfigMap", f"{NAME}-config")["metadata"]

    def label(item: Manifest) -> None:
        item["metadata"]["labels"][LABEL_CONTROLLER_UID] = uid

    made.edit_object("ConfigMap", f"{NAME}-config", label)
    made.run_for(1)
    [reference] = made.find("ConfigMap", f"{NAME}-config")["metadata"]["ownerReferences"]
    assert reference["uid"] == uid


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
