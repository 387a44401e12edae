"""Apply: what is created, updated, deleted, refused, swallowed, and what the engine reports."""

from __future__ import annotations

import pytest

from app.names import LABEL_CONTROLLER_UID
from app.result import Manifest
from app.simulation.assertions import Rule, ViolationError
from app.simulation.engine import Setup
from app.simulation.hook import HookAnswer
from app.simulation.informers import UniformLag
from app.simulation.registration import composite_controller
from app.simulation.sync_record import Ending
from tests.simulation.trial_hook import (
    AT_ONCE,
    NAME,
    SECRET,
    ChangedHook,
    answer,
    config_map,
    engine,
    rules,
    scripted,
)


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
    made = engine(mischief=mischief, setup=Setup(all_resyncs=True))
    made.run_for(400)
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
