"""What goes wrong between hook, Metacontroller and API server: the end is the same."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

import pytest

from app.simulation.engine import Engine, Setup
from app.simulation.sync_record import Ending
from tests.convergence import people
from tests.convergence.shapes import shape
from tests.convergence.stored_form import admitted
from tests.convergence.witness import Witness
from tests.convergence.world import (
    EVERYTHING,
    IDENTITY,
    condition,
    created,
    edit,
    hook_of,
    identity,
    rested,
    settle,
    status,
    told,
)

#: A change that creates, updates and deletes, and rolls every tier.
CHANGE: Final[Mapping[str, Any]] = {
    "version": "4.14.2",
    "manager": {"logRotation": {"enabled": True}},
    "dashboard": {"networkPolicy": {"enabled": True}, "wazuhPlugin": {"timeout": 30000}},
}
ROLE_ORDER: Final = ["indexer", "manager-master", "manager-worker", "dashboard"]


def worlds_after_each_write(engine: Engine, *, every: int, seconds: float) -> list[Engine]:
    """Worlds in which Metacontroller dies right after a write to a child, and starts again.

    After each ``every``-th write within ``seconds``: so every prefix of an answer is applied in
    one of them.
    """
    found: list[Engine] = []
    known = len(engine.writes_since(-1, "metacontroller"))

    def look() -> None:
        nonlocal known
        writes = engine.writes_since(-1, "metacontroller")
        if len(writes) > known:
            known = len(writes)
            if known % every == 0:
                found.append(
                    engine.copy(hook_of(known), seed=known, setup=Setup(admission=admitted))
                )

    engine.run_for(seconds, look)
    return found


@pytest.mark.parametrize("part", range(2))
def test_each_prefix_of_each_answer_of_a_creation_converges(part: int) -> None:
    """Killed after the k-th write and started again: one cluster, one identity (F57)."""
    engine = created(seed=20 + part)
    # Two runs, so that the prefixes of one fall between those of the other.
    engine.run_for(0.04 + 0.036 * part)
    for world in worlds_after_each_write(engine, every=9, seconds=0.6):
        witness, before = Witness(world), identity(world)
        settle(world)
        assert shape(world) == shape(rested())
        assert witness.deletes() == []
        assert {name: identity(world)[name] for name in before} == before
        assert all(len(witness.versions(name)) <= 1 for name in IDENTITY)


def test_each_prefix_of_each_answer_of_a_change_converges(engine: Engine) -> None:
    """The same for a change that touches every tier (F57)."""
    before, end = identity(engine), shape(rested(CHANGE))
    engine.run_for(30)
    edit(engine, CHANGE)
    for world in worlds_after_each_write(engine, every=13, seconds=400):
        witness = Witness(world)
        settle(world)
        assert shape(world) == end
        assert identity(world) == before
        assert set(witness.deletes()) == set()
        assert witness.rolls() == [role for role in ROLE_ORDER if role in witness.rolls()]


@pytest.mark.parametrize("seed", range(4))
def test_any_subset_of_an_answer_converges(engine: Engine, witness: Witness, seed: int) -> None:
    """Writes refused at random, with the answers that are swallowed and those that are not."""
    rng = random.Random(seed)  # noqa: S311 - a seeded choice of faults
    engine.run_for(30)
    for kind in ("ConfigMap", "Secret", "StatefulSet", "Deployment", "NetworkPolicy", "CronJob"):
        verb = "create" if kind in ("NetworkPolicy", "CronJob") else "update"
        engine.refuse(verb, kind, None, rng.choice((409, 500, 503)), rng.randint(1, 6))
    edit(engine, CHANGE)
    settle(engine)
    assert shape(engine) == shape(rested(CHANGE))
    assert all(len(witness.versions(name)) <= 1 for name in IDENTITY)
    assert witness.rolls() == ROLE_ORDER


@pytest.mark.parametrize(
    ("verb", "kind", "code"),
    [
        pytest.param("create", "Secret", 500, id="a Secret: 500"),
        pytest.param("create", "StatefulSet", 409, id="a workload: AlreadyExists"),
        pytest.param("update-status", "WazuhCluster", 409, id="the status: conflict"),
        pytest.param("update-status", "WazuhCluster", 500, id="the status: 500"),
    ],
)
def test_refusals_during_a_creation_cost_time_only(verb: str, kind: str, code: int) -> None:
    """The sync is repeated or the next one repairs it; no identity is generated twice."""
    engine = created(EVERYTHING, seed=31)
    witness = Witness(engine)
    engine.refuse(verb, kind, None, code, times=7)
    settle(engine)
    assert shape(engine) == shape(rested(EVERYTHING))
    assert all(len(witness.versions(name)) == 1 for name in IDENTITY)
    assert witness.deletes() == []


def test_an_update_that_was_swallowed_is_made_in_the_next_sync(engine: Engine) -> None:
    """409 on a PUT leaves no trace but the missing change (F58)."""
    engine.run_for(30)
    engine.refuse("update", "StatefulSet", "wz-manager-master", 409, times=2)
    engine.refuse("update", "ConfigMap", "wz-manager-worker-config", 409, times=2)
    change = {"manager": {"config": {"alerts": {"logAlertLevel": 9}}}}
    edit(engine, change)
    settle(engine)
    assert shape(engine) == shape(rested(change))
    assert all(one.ending is Ending.SUCCESS for one in engine.syncs if one.status)


def test_nothing_depends_on_the_status_alone() -> None:
    """Every write of the status is lost from the start, and the cluster comes to be (F59)."""
    engine = created(seed=32)
    witness = Witness(engine)
    engine.refuse("update-status", "WazuhCluster", None, 409)
    engine.run_for(300)
    assert "status" not in engine.parent
    assert shape(engine) == shape(rested())
    assert all(len(witness.versions(name)) <= 1 for name in IDENTITY)
    change = {"manager": {"config": {"alerts": {"logAlertLevel": 9}}}}
    edit(engine, change)
    engine.run_for(300)
    assert shape(engine) == shape(rested(change))
    assert witness.rolls() == ["manager-master", "manager-worker"]
    engine.api.log.accept()
    settle(engine)
    assert status(engine)["version"] == "4.14.1"


def test_a_status_that_is_emptied_is_written_again(engine: Engine, witness: Witness) -> None:
    """It is a judgement on the children; no child is touched for it."""
    engine.run_for(30)
    before = status(engine)
    engine.api.update_status({**engine.parent, "status": {}}, "kubectl")
    engine.run_for(30)
    settle(engine)
    after = status(engine)
    assert {key: after[key] for key in after if key != "conditions"} == {
        key: before[key] for key in before if key != "conditions"
    }
    assert witness.child_writes() == []


@pytest.mark.parametrize("calls", [1, 5])
def test_a_hook_that_fails_is_asked_again(calls: int) -> None:
    """Its 500 is an event and a back-off; nothing was applied (F62)."""
    engine = created(seed=33)
    engine.metacontroller.hook = people.Down(engine.metacontroller.hook, calls)
    witness = Witness(engine)
    settle(engine)
    assert sum(one.ending is Ending.ERROR for one in engine.syncs) == calls
    assert shape(engine) == shape(rested())
    assert all(len(witness.versions(name)) <= 1 for name in IDENTITY)


def test_a_hook_that_fails_in_the_middle_of_a_roll_changes_nothing(
    engine: Engine, witness: Witness
) -> None:
    """What was sent goes on by itself; the next tier waits for the hook."""
    engine.run_for(30)
    edit(engine, CHANGE)
    assert engine.run_until(lambda: len(witness.stops) == 2, timeout=300)
    hook = engine.metacontroller.hook
    engine.metacontroller.hook = people.Down(hook)
    engine.run_for(600)
    assert "manager-master" not in witness.stopped()
    engine.metacontroller.hook = hook
    settle(engine)
    assert shape(engine) == shape(rested(CHANGE))
    assert witness.rolls() == ROLE_ORDER


@pytest.mark.parametrize("writes", [3, 19, 24, 33])
def test_a_restart_in_the_middle_of_a_creation_changes_no_identity(writes: int) -> None:
    """Queue, delays and the rest of the answer are lost."""
    engine = created(seed=34)
    witness = Witness(engine)
    engine.crash_after(writes)
    settle(engine)
    assert shape(engine) == shape(rested())
    assert all(len(witness.versions(name)) <= 1 for name in IDENTITY)
    assert witness.stops == []


@pytest.mark.parametrize("stops", [1, 4, 6])
def test_a_restart_in_the_middle_of_a_roll_goes_on_where_it_was(
    engine: Engine, witness: Witness, stops: int
) -> None:
    """All state is in what is observed: no pod is stopped a second time."""
    change = {"version": "4.14.2"}
    edit(engine, change)
    assert engine.run_until(lambda: len(witness.stops) == stops, timeout=900)
    engine.crash()
    settle(engine)
    assert shape(engine) == shape(rested(change))
    assert witness.rolls() == ROLE_ORDER
    assert len(witness.stops) == 7
    assert all(stop.others_ready for stop in witness.stops)


@pytest.mark.parametrize(
    "kind", ["Secret", "StatefulSet", "Deployment", "ConfigMap", "WazuhCluster"]
)
def test_a_view_that_stands_still_during_a_roll_changes_nothing(
    engine: Engine, witness: Witness, kind: str
) -> None:
    """Stale for three minutes: no deletion, no new identity, no tier out of order."""
    before = identity(engine)
    engine.run_for(30)
    edit(engine, {"version": "4.14.2"})
    engine.run_for(20)
    engine.hold(kind)
    engine.run_for(180)
    engine.release(kind)
    settle(engine)
    assert shape(engine) == shape(rested({"version": "4.14.2"}))
    assert identity(engine) == before
    assert witness.deletes() == []
    assert witness.rolls() == ROLE_ORDER
    assert len(witness.stops) == 7


# --- names that are taken, children that are refused ----------------------------------------------
FOREIGN: Final[Mapping[str, Any]] = {
    "Service": {"spec": {"ports": [{"name": "x", "port": 80}], "selector": {"app": "other"}}},
    "ConfigMap": {"data": {"mine": "yes"}},
    "Secret": {"data": {"mine": "eWVz"}, "type": "Opaque"},
}


def foreign(engine: Engine, kind: str, name: str, **metadata: Any) -> None:
    """Somebody else's object of that name."""
    engine.apply(
        {
            "apiVersion": "v1",
            "kind": kind,
            "metadata": {"name": name, "namespace": "security", **metadata},
            **FOREIGN[kind],
        }
    )


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Service", "wz-indexer"),
        ("ConfigMap", "wz-dashboard-config"),
    ],
)
def test_a_name_that_is_taken_is_named_and_not_overwritten(
    engine: Engine, kind: str, name: str
) -> None:
    """The refusal is swallowed, so the hook must notice; when the name is free, all is well."""
    engine.delete(kind, name)
    foreign(engine, kind, name)
    engine.run_for(30)
    assert told(engine, "Degraded") == ("False", "AsExpected")
    assert told(engine, "Progressing")[0] == "True"
    engine.run_for(120)
    assert told(engine, "Degraded") == ("True", "ChildMissing")
    assert f"{kind} {name}" in condition(engine, "Degraded")["message"]
    assert engine.find(kind, name)["metadata"].get("ownerReferences") is None
    engine.delete(kind, name)
    settle(engine)
    assert told(engine, "Degraded") == ("False", "AsExpected")
    assert shape(engine) == shape(rested())


def test_a_cluster_is_made_around_a_name_that_is_taken() -> None:
    """Everything else comes to be; the tiers run."""
    engine = created(seed=35)
    foreign(engine, "Service", "wz-manager-worker")
    engine.run_for(300)
    assert told(engine, "Ready") == ("True", "AllTiersReady")
    assert told(engine, "Degraded") == ("True", "ChildMissing")
    assert "Service wz-manager-worker" in condition(engine, "Degraded")["message"]
    engine.delete("Service", "wz-manager-worker")
    settle(engine)
    assert told(engine, "Degraded") == ("False", "AsExpected")
    assert shape(engine) == shape(rested())


def test_a_foreign_secret_of_an_identity_is_never_taken_over() -> None:
    """Not adopted, not overwritten, nothing derived from it; removed, the cluster comes to be."""
    engine = created(seed=36)
    foreign(engine, "Secret", "wz-cluster-key")
    owner = {"apiVersion": "v1", "kind": "Other", "name": "them", "uid": "1", "controller": True}
    foreign(engine, "Secret", "wz-ca", ownerReferences=[owner])
    # The collector would take it, since nobody has that uid: it is kept from doing so.
    engine.refuse("delete", "Secret", "wz-ca", 403, times=10_000)
    engine.run_for(300)
    said = people.message(engine)
    assert "wz-cluster-key exists without the label" in said
    assert "wz-ca belongs to Other them" in said
    assert engine.find("Secret", "wz-ca")["data"] == FOREIGN["Secret"]["data"]
    assert engine.find("Secret", "wz-cluster-key")["data"] == FOREIGN["Secret"]["data"]
    assert engine.objects("Pod") == []
    engine.api.log.accept()
    engine.delete("Secret", "wz-cluster-key")
    engine.run_for(2000)
    settle(engine)
    assert shape(engine) == shape(rested())


@pytest.mark.parametrize("kind", ["StatefulSet", "PodDisruptionBudget", "ServiceAccount"])
def test_children_that_are_refused_are_named_and_the_others_go_on(kind: str) -> None:
    """A quota or an admission policy (F40): each error is an event, the rest is applied."""
    spec = {"manager": {"logRotation": {"enabled": True}}}
    engine = created(spec, seed=37)
    engine.refuse("create", kind, None, 403)
    engine.run_for(200)
    assert engine.objects(kind) == []
    assert engine.objects("ConfigMap") != []
    assert told(engine, "Degraded") == ("True", "ChildMissing")
    assert kind in condition(engine, "Degraded")["message"]
    engine.api.log.accept()
    engine.run_for(30)
    settle(engine)
    assert shape(engine) == shape(rested(spec))
    assert told(engine, "Degraded") == ("False", "AsExpected")


@pytest.mark.parametrize("code", [403, 409])
def test_a_secret_that_is_refused_for_ever_is_not_made_every_second(code: int) -> None:
    """Made anew in each call and never shown, it would ask for the next call at once."""
    engine = rested(seed=3)
    engine.refuse("create", "Secret", "wz-dashboard-certs", code)
    engine.delete("Secret", "wz-dashboard-certs")
    engine.run_for(120)
    assert told(engine, "Degraded") == ("True", "ChildMissing")
    before = len(engine.syncs)
    engine.run_for(100)
    assert 9 <= len(engine.syncs) - before <= 15
    engine.api.log.accept()
    engine.run_for(30)
    assert engine.settle()
    assert told(engine, "Degraded") == ("False", "AsExpected")
