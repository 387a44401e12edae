"""Wishes that are well-formed and cannot be followed, or that break the pods they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from app import names
from app.result import Manifest
from app.schema.crd import crd
from app.simulation.engine import Engine
from tests.cluster_builder import ClusterBuilder
from tests.convergence.shapes import shape
from tests.convergence.witness import Witness, workloads
from tests.convergence.world import (
    condition,
    edit,
    identity,
    pods,
    rested,
    settle,
    status,
    told,
    wazuh_cluster,
)
from tests.faults.ordeal import Ordeal
from tests.steps import answer, judged
from tests.steps import condition as answered

EVERY_TIER: Final = ["indexer", "manager-master", "manager-worker", "dashboard"]
ALERTS: Final[Mapping[str, Any]] = {"manager": {"config": {"alerts": {"logAlertLevel": 9}}}}


def storage(engine: Engine) -> list[Any]:
    """Claim templates of all StatefulSets."""
    return [one["spec"]["volumeClaimTemplates"] for one in engine.objects("StatefulSet")]


def held_storage(engine: Engine, change: Mapping[str, Any], reason: str, *texts: str) -> None:
    """``change`` of the volumes is held with ``reason``; the rest of the same edit is applied."""
    ordeal, before = Ordeal(engine), storage(engine)
    ordeal.ask({**change, **ALERTS})
    settle(engine)
    ordeal.is_told(("False", reason), *texts)
    assert storage(engine) == before
    assert status(engine)["phase"] == "Running"
    assert ordeal.witness.rolls() == ["manager-master", "manager-worker"]
    ordeal.take_back()


def test_f08_smaller_volumes_are_refused_and_the_rest_is_applied(engine: Engine) -> None:
    """A volume cannot shrink."""
    held_storage(
        engine,
        {"indexer": {"storageSize": "20Gi"}},
        "StorageShrinkRefused",
        "spec.indexer.storageSize",
        "stays 50Gi",
    )


def test_f09_larger_volumes_are_told_how_and_no_workload_is_made_again(engine: Engine) -> None:
    """The steps by hand stand in the message."""
    held_storage(
        engine,
        {"indexer": {"storageSize": "80Gi"}},
        "StorageGrowthHeld",
        "spec.indexer.storageSize",
        "--cascade=orphan",
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param({"storageClassName": "fast"}, "spec.storageClassName", id="of all tiers"),
        pytest.param(
            {"indexer": {"storageClassName": "fast"}},
            "spec.indexer.storageClassName",
            id="of one tier",
        ),
    ],
)
def test_f10_another_storage_class_is_refused(
    engine: Engine, change: Mapping[str, Any], path: str
) -> None:
    """It is immutable; access modes are no field of the API."""
    held_storage(engine, change, "FieldHeld", path)


def test_f14_a_cluster_under_another_name_is_a_new_one(engine: Engine) -> None:
    """Own authority, passwords and volumes; of the former one the claims are left."""
    before = identity(engine)
    claims = {one["metadata"]["name"] for one in engine.objects("PersistentVolumeClaim")}
    engine.delete_parent()
    engine.run_for(120)
    assert engine.objects("Secret") == []
    other = wazuh_cluster()
    other["metadata"]["name"] = "other"
    engine.apply(other)
    settle(engine)
    made = {one["metadata"]["name"]: one["data"] for one in engine.objects("Secret")}
    assert {name.removeprefix("other-") for name in made} >= {
        name.removeprefix("wz-") for name in before
    }
    assert all(made[name.replace("wz-", "other-", 1)] != data for name, data in before.items())
    kept = {one["metadata"]["name"] for one in engine.objects("PersistentVolumeClaim")}
    assert kept >= claims
    assert {name for name in kept - claims if "other-" not in name} == set()


def test_f15_a_minor_version_may_be_skipped_and_a_major_one_may_not() -> None:
    """4.11 to 4.14 goes tier by tier; 5.0 is refused before anything moves."""
    engine = rested({"version": "4.11.0"})
    before = identity(engine)
    witness = Witness(engine)
    edit(engine, {"version": "5.0.0"})
    engine.run_for(30)
    assert status(engine)["phase"] == "Failed"
    assert "migration" in condition(engine, "SpecValid")["message"]
    edit(engine, {"version": "4.14.1"})
    settle(engine)
    assert witness.rolls() == EVERY_TIER
    assert all(stop.others_ready for stop in witness.stops)
    assert identity(engine) == before
    assert shape(engine) == shape(rested())


def asks_for(cpu: str) -> Callable[[Manifest], bool]:
    """Predicate: pods that ask for so much that no node has it."""

    def predicate(pod: Manifest) -> bool:
        return any(
            one.get("resources", {}).get("requests", {}).get("cpu") == cpu
            for one in pod["spec"]["containers"]
        )

    return predicate


def is_picky(pod: Manifest) -> bool:
    """Whether a pod asks for a node that is not there."""
    return "nowhere" in str(pod["spec"].get("affinity"))


NOWHERE: Final[Mapping[str, Any]] = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["nowhere"]}]}
            ]
        }
    }
}


def pending(engine: Engine, change: Mapping[str, Any], tier: str, role: str) -> None:
    """``change`` leaves one pod of a tier unplaced; later tiers are untouched; taken back."""
    ordeal, running = Ordeal(engine), pods(engine)
    ordeal.ask({tier: change, **ALERTS}, seconds=900)
    assert told(engine, "Progressing")[0] == "True"
    assert role in condition(engine, "Ready")["message"]
    assert {stop.role for stop in ordeal.witness.stops} == {role}
    assert len(ordeal.witness.stops) == 1
    assert {name for name, uid in running.items() if pods(engine).get(name) != uid} == {
        ordeal.witness.stops[0].pod
    }
    assert len([one for one in pods(engine) if one.startswith(f"wz-{role}")]) == 3
    ordeal.holds()
    ordeal.take_back()
    assert ordeal.witness.rolls() == [role]


def test_f18_a_pod_that_no_node_has_room_for_touches_no_other_tier(engine: Engine) -> None:
    """1000 CPUs: one pod waits for a node, the roll stops there, and is taken back."""
    engine.controllers.kubelet.break_pods(unschedulable=asks_for("1k"))
    pending(engine, {"resources": {"requests": {"cpu": "1000"}}}, "indexer", "indexer")


@pytest.mark.parametrize("tier", ["indexer", "dashboard"])
def test_f18_a_limit_below_its_request_is_refused(engine: Engine, tier: str) -> None:
    """The API server would refuse the pods."""
    ordeal = Ordeal(engine)
    resources = {"requests": {"memory": "4Gi"}, "limits": {"memory": "2Gi"}}
    ordeal.ask({tier: {"resources": resources}})
    ordeal.is_refused(f"spec.{tier}.resources.limits.memory")
    ordeal.take_back()


def test_f19_an_affinity_that_no_node_fulfils_waits_and_is_taken_back(engine: Engine) -> None:
    """Progressing says so; later tiers keep what they have."""
    engine.controllers.kubelet.break_pods(unschedulable=is_picky)
    pending(engine, {"affinity": dict(NOWHERE)}, "indexer", "indexer")


@pytest.mark.parametrize(
    ("spec", "expected", "path"),
    [
        pytest.param(
            {"indexer": {"securityContext": {"runAsUser": 0, "runAsNonRoot": False}}},
            ("True", "ValidWithWarnings"),
            "spec.indexer.securityContext.runAsUser",
            id="an indexer as 0 is warned of",
        ),
        pytest.param(
            {"indexer": {"containerSecurityContext": {"runAsUser": 70000}}},
            ("True", "ValidWithWarnings"),
            "spec.indexer.containerSecurityContext.runAsUser",
            id="an indexer as somebody else is warned of",
        ),
        pytest.param(
            {"dashboard": {"securityContext": {"runAsUser": 0}}},
            ("False", "Invalid"),
            "spec.dashboard.securityContext.runAsUser",
            id="a dashboard starts as 1000 only",
        ),
        pytest.param(
            {"manager": {"master": {"containerSecurityContext": {"runAsUser": 1000}}}},
            ("False", "Invalid"),
            "spec.manager.master.containerSecurityContext.runAsUser",
            id="a master starts as 0 only",
        ),
        pytest.param(
            {"manager": {"workers": {"securityContext": {"runAsNonRoot": True}}}},
            ("False", "Invalid"),
            "spec.manager.workers.securityContext.runAsNonRoot",
            id="workers too",
        ),
    ],
)
def test_f21_a_user_that_the_image_cannot_run_as(
    spec: Manifest, expected: tuple[str, str], path: str
) -> None:
    """Refused where no container would start, said where a namespace might refuse the pods."""
    cluster = ClusterBuilder(spec)
    result = answer(cluster)
    assert judged(result, "SpecValid") == expected
    assert path in answered(result, "SpecValid")["message"]


def test_f22_the_api_has_no_probes_to_override() -> None:
    """So a bad one cannot be asked for; pods that never get ready are F17."""
    spec = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    own = {
        path: known
        for path, known in _fields(spec, "spec")
        if path.rpartition(".")[2].lower().endswith("probe")
    }
    assert own == {}


def test_f36_the_api_has_no_ingress_whose_host_could_clash() -> None:
    """The dashboard is published by its Service; only network policies speak of ingress."""
    spec = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    found = {path for path, _ in _fields(spec, "spec") if path.endswith((".ingress", ".host"))}
    assert {path for path in found if not path.endswith(".networkPolicy.ingress")} <= {
        path for path in found if ".httpGet." in path or ".tcpSocket." in path
    }


def _fields(schema: Mapping[str, Any], path: str) -> list[tuple[str, Mapping[str, Any]]]:
    """Every field below a schema by its path; items of lists are at the path of the list."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for name, known in schema.get("properties", {}).items():
        found += [(f"{path}.{name}", known), *_fields(known, f"{path}.{name}")]
    if isinstance(items := schema.get("items"), dict):
        found += _fields(items, path)
    return found


@pytest.mark.parametrize(
    ("change", "path"),
    [
        pytest.param(
            {"extraVolumes": [{"name": "certs", "emptyDir": {}}]},
            "spec.indexer.extraVolumes[0].name",
            id="a name of ours",
        ),
        pytest.param(
            {
                "extraVolumes": [{"name": "mine", "emptyDir": {}}],
                "extraVolumeMounts": [{"name": "mine", "mountPath": "/var/lib/wazuh-indexer"}],
            },
            "spec.indexer.extraVolumeMounts[0].mountPath",
            id="a path of ours",
        ),
    ],
)
def test_f24_a_volume_that_is_in_the_way_is_left_out(
    engine: Engine, change: Mapping[str, Any], path: str
) -> None:
    """That item alone; what else is asked for is applied."""
    ordeal = Ordeal(engine)
    ordeal.ask({"indexer": {**change, "podLabels": {"team": "blue"}}})
    settle(engine)
    ordeal.is_told(("False", "FieldHeld"), path)
    template = workloads(engine)[names.Role.INDEXER]["spec"]["template"]
    assert template["metadata"]["labels"]["team"] == "blue"
    mounts = template["spec"]["containers"][0]["volumeMounts"]
    paths = [one["mountPath"] for one in mounts]
    assert len(paths) == len(set(paths))
    [data] = [one for one in mounts if one["mountPath"] == "/var/lib/wazuh-indexer"]
    assert data["name"] == "indexer-data"
    assert ordeal.witness.rolls() == ["indexer"]
    ordeal.take_back()
