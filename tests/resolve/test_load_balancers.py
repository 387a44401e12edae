"""The class of a load balancer cannot change while the Service stays one."""

from __future__ import annotations

from typing import Any

import pytest

from app.hook.sync import sync
from app.names import Role
from app.result import Manifest
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.steps import answer, child, condition, judged, rested

BALANCER: Manifest = {"type": "LoadBalancer"}
CLASSED: Manifest = {"type": "LoadBalancer", "loadBalancerClass": "example.com/a"}
#: Field path and name of each Service with knobs.
SERVICES = {
    "spec.indexer.service": NAMES.service(Role.INDEXER),
    "spec.manager.master.service": NAMES.service(Role.MANAGER_MASTER),
    "spec.manager.workers.service": NAMES.service(Role.MANAGER_WORKER),
    "spec.manager.agentService": NAMES.agents,
    "spec.dashboard.service": NAMES.service(Role.DASHBOARD),
}


def _spec(path: str, service: Manifest) -> dict[str, Any]:
    if path == "spec.manager.agentService":
        service = {"enabled": True, **service}
    found: Any = service
    for key in reversed(path.split(".")[1:]):
        found = {key: found}
    auth = {"enabledOnMasterOnly": False}
    manager = {"config": {"auth": auth}, **found.get("manager", {})}
    return {"version": "4.14.1", **found, "manager": manager}


def _edited(before: Manifest, after: Manifest, path: str) -> ClusterBuilder:
    cluster = rested(_spec(path, before))
    cluster.parent["spec"] = _spec(path, after)
    return cluster


@pytest.mark.parametrize("path", SERVICES)
@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        pytest.param(BALANCER, CLASSED, ("example.com/a", "(none)"), id="added"),
        pytest.param(CLASSED, BALANCER, ("(none)", "example.com/a"), id="removed"),
        pytest.param(
            CLASSED,
            {**CLASSED, "loadBalancerClass": "b"},
            ("b", "example.com/a"),
            id="changed",
        ),
    ],
)
def test_another_class_is_held(
    path: str, before: Manifest, after: Manifest, shown: tuple[str, str]
) -> None:
    """Sent, it would be refused in every sync; the rest of the Service is applied."""
    cluster = _edited(before, {**after, "annotations": {"example.com/a": "b"}}, path)
    result = answer(cluster)
    service = child(result, "Service", SERVICES[path])
    assert service["spec"].get("loadBalancerClass") == before.get("loadBalancerClass")
    assert service["metadata"]["annotations"] == {"example.com/a": "b"}
    assert judged(result, "SpecValid") == ("False", "FieldHeld")
    assert condition(result, "SpecValid")["message"] == (
        f'{path}.loadBalancerClass: "{shown[0]}" cannot take effect on a load balancer that exists;'
        f' {SERVICES[path]} stays "{shown[1]}". Set type: ClusterIP, and back once it is applied'
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(CLASSED, CLASSED, id="unchanged"),
        pytest.param({"type": "NodePort"}, CLASSED, id="becomes a load balancer"),
        pytest.param(CLASSED, {"type": "ClusterIP"}, id="is one no more"),
    ],
)
def test_a_class_that_can_take_effect_is_sent(before: Manifest, after: Manifest) -> None:
    """Without a fault."""
    path = "spec.indexer.service"
    result = answer(_edited(before, after, path))
    service = child(result, "Service", SERVICES[path])
    assert service["spec"].get("loadBalancerClass") == after.get("loadBalancerClass")
    assert judged(result, "SpecValid") == ("True", "Valid")


def test_a_class_that_admission_put_there_is_nobodys_fault() -> None:
    """It was never sent, so a merge keeps it."""
    cluster = rested(_spec("spec.indexer.service", BALANCER))
    cluster.child("Service", NAMES.service(Role.INDEXER))["spec"]["loadBalancerClass"] = "cloud"
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("True", "Valid")
    cluster.sync(sync)
    stored = cluster.child("Service", NAMES.service(Role.INDEXER))["spec"]
    assert stored["loadBalancerClass"] == "cloud"
