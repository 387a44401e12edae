"""Numbers of pods: what may change, what is held, and that nothing else moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from app import names
from app.names import Role
from app.simulation.engine import Engine
from tests.convergence.shapes import shape
from tests.convergence.witness import Witness, workloads
from tests.convergence.world import (
    annotate,
    child_keys,
    edit,
    identity,
    pods,
    rested,
    secret_data,
    settle,
    status,
    told,
)


def workers(count: int) -> Mapping[str, Any]:
    """Change to so many workers."""
    return {"manager": {"workers": {"replicas": count}}}


def indexers(count: int) -> Mapping[str, Any]:
    """Change to so many indexers."""
    return {"indexer": {"replicas": count}}


def replicas(engine: Engine, role: Role) -> int:
    """Replicas that a tier's workload asks for."""
    return int(workloads(engine)[role]["spec"]["replicas"])


@pytest.mark.parametrize("change", [workers(3), workers(1), indexers(5)], ids=str)
def test_scaling_touches_no_pod_that_stays_and_no_certificate(
    engine: Engine, witness: Witness, change: Mapping[str, Any]
) -> None:
    """New pods only, or fewer; no reissue, no roll (C31, C32); the end is that of a new cluster."""
    before, secrets = pods(engine), secret_data(engine)
    edit(engine, change)
    settle(engine)
    after = pods(engine)
    assert {name: after[name] for name in after.keys() & before.keys()} == {
        name: before[name] for name in after.keys() & before.keys()
    }
    assert secret_data(engine) == secrets
    assert witness.deletes() == []
    assert "Updating" in witness.phases


def test_workers_go_to_none_and_come_back(engine: Engine, witness: Witness) -> None:
    """The master takes the agents meanwhile; the budget of no pods goes and returns (F07)."""
    before, everything = shape(engine), child_keys(engine)
    edit(engine, workers(0))
    settle(engine)
    assert replicas(engine, Role.MANAGER_WORKER) == 0
    assert everything - child_keys(engine) == {("PodDisruptionBudget", "wz-manager-worker")}
    assert told(engine, "Available") == ("True", "MinimumAvailable")
    edit(engine, workers(2))
    settle(engine)
    assert shape(engine) == before
    assert {stop.role for stop in witness.stops} == {"manager-worker"}
    assert [name for name in pods(engine) if "worker" in name] == [
        "wz-manager-worker-0",
        "wz-manager-worker-1",
    ]


def test_more_indexers_are_asked_for_and_taken_back_before_they_are_ready(engine: Engine) -> None:
    """3, 5, 3 in seconds: those that were asked for stay, for lowering is held (F06)."""
    edit(engine, indexers(5))
    engine.run_for(5)
    assert replicas(engine, Role.INDEXER) == 5
    edit(engine, indexers(3))
    settle(engine)
    assert replicas(engine, Role.INDEXER) == 5
    assert told(engine, "SpecValid") == ("False", "UnsafeScaleDown")
    edit(engine, indexers(5))
    settle(engine)
    assert told(engine, "SpecValid") == ("True", "Valid")
    assert status(engine)["indexer"]["readyReplicas"] == 5


@pytest.mark.parametrize("count", [2, 1])
def test_fewer_indexers_are_held_and_the_rest_of_the_spec_is_applied(
    engine: Engine, witness: Witness, count: int
) -> None:
    """Shards would be lost; below three even one at a time ends without a quorum (F04)."""
    annotate(engine, names.ALLOW_UNSAFE_SCALE_DOWN, str(count))
    edit(engine, {**indexers(count), **workers(3)})
    settle(engine)
    assert replicas(engine, Role.INDEXER) == 3
    assert replicas(engine, Role.MANAGER_WORKER) == 3
    assert told(engine, "SpecValid") == ("False", "UnsafeScaleDown")
    assert status(engine)["phase"] == "Running"
    assert witness.stops == []


def test_fewer_indexers_on_order_go_one_at_a_time() -> None:
    """5 to 3 under the annotation: highest ordinal first, the next one when that is gone (F04)."""
    engine = rested(indexers(5))
    witness, secrets = Witness(engine), identity(engine)
    asked: list[int] = []
    engine.api.watch(
        lambda event: (
            asked.append(event.object["spec"]["replicas"])
            if event.key == ("StatefulSet", "security", "wz-indexer")
            else None
        )
    )
    annotate(engine, names.ALLOW_UNSAFE_SCALE_DOWN, "3")
    edit(engine, indexers(3))
    settle(engine)
    assert list(dict.fromkeys(asked)) == [5, 4, 3] or list(dict.fromkeys(asked)) == [4, 3]
    assert [stop.pod for stop in witness.stops] == ["wz-indexer-4", "wz-indexer-3"]
    assert witness.stops[1].time - witness.stops[0].time > 3
    assert told(engine, "SpecValid") == ("True", "Valid")
    assert identity(engine) == secrets


def test_replicas_changed_by_hand_are_put_back(engine: Engine, witness: Witness) -> None:
    """`kubectl scale` is no wish of the spec (F54)."""
    engine.edit_object(
        "StatefulSet", "wz-manager-worker", lambda one: one["spec"].update(replicas=4)
    )
    settle(engine)
    assert replicas(engine, Role.MANAGER_WORKER) == 2
    assert {stop.pod for stop in witness.stops} <= {"wz-manager-worker-2", "wz-manager-worker-3"}


def test_what_others_added_to_a_workload_stays(engine: Engine) -> None:
    """An injected sidecar and the annotation of `kubectl rollout restart` (F54): no dispute."""

    def inject(one: dict[str, Any]) -> None:
        template = one["spec"]["template"]
        template["metadata"].setdefault("annotations", {})["kubectl.kubernetes.io/restartedAt"] = (
            "2026-11-24T08:00:00Z"
        )
        template["spec"]["containers"].append({"name": "mesh", "image": "mesh:1"})

    engine.edit_object("StatefulSet", "wz-manager-master", inject)
    settle(engine)
    template = engine.find("StatefulSet", "wz-manager-master")["spec"]["template"]
    assert [one["name"] for one in template["spec"]["containers"]] == ["wazuh-manager", "mesh"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]
    # A later change of ours takes nothing of it away.
    edit(engine, {"manager": {"config": {"alerts": {"logAlertLevel": 7}}}})
    settle(engine)
    template = engine.find("StatefulSet", "wz-manager-master")["spec"]["template"]
    assert [one["name"] for one in template["spec"]["containers"]] == ["wazuh-manager", "mesh"]
