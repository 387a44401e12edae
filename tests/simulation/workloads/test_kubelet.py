"""Pods: what keeps them from starting, what they have read, what breaks and repairs them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from app.result import Manifest
from app.simulation.workloads.kubelet import Habits
from tests.simulation.workloads.world import QUICK, World, deployment, placed, template


def secret(name: str = "s", value: str = "1", key: str = "k") -> Manifest:
    """A Secret of one key."""
    return placed(
        "v1", "Secret", name, data={key: base64.b64encode(value.encode()).decode()}, type="Opaque"
    )


def volume(**source: Any) -> dict[str, Any]:
    """Spec of a pod with one volume."""
    return {"volumes": [{"name": "v", **source}]}


def variable(**reference: Any) -> dict[str, Any]:
    """Spec of a pod with one variable."""
    return {"container": {"env": [{"name": "V", "valueFrom": reference}]}}


def started(world: World, **spec: Any) -> Manifest:
    """The only pod of a Deployment, some time after its creation."""
    world.api.create(deployment(replicas=1, template=template(**spec)), "me")
    world.advance(20)
    [pod] = world.api.objects("Pod")
    return pod


def is_ready(world: World) -> bool:
    """Whether the Deployment's pod is."""
    return bool(world.get("Deployment")["status"].get("readyReplicas"))


@pytest.mark.parametrize(
    ("spec", "missing"),
    [
        pytest.param(volume(secret={"secretName": "s"}), secret(), id="mounted Secret"),
        pytest.param(
            volume(configMap={"name": "s"}),
            placed("v1", "ConfigMap", "s", data={"k": "1"}),
            id="mounted ConfigMap",
        ),
        pytest.param(
            volume(projected={"sources": [{"secret": {"name": "s"}}]}), secret(), id="projected"
        ),
        pytest.param(variable(secretKeyRef={"name": "s", "key": "k"}), secret(), id="variable"),
        pytest.param(
            {"container": {"envFrom": [{"secretRef": {"name": "s"}}]}}, secret(), id="envFrom"
        ),
    ],
)
def test_a_pod_waits_for_what_it_refers_to(spec: dict[str, Any], missing: Manifest) -> None:
    """ContainerCreating until it is there."""
    world = World()
    started(world, **spec)
    assert not is_ready(world)
    world.advance(60)
    assert not is_ready(world)
    world.api.create(missing, "me")
    world.advance(20)
    assert is_ready(world)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(variable(secretKeyRef={"name": "s", "key": "other"}), id="variable"),
        pytest.param(
            volume(secret={"secretName": "s", "items": [{"key": "other", "path": "p"}]}), id="items"
        ),
    ],
)
def test_a_missing_key_is_as_bad_as_a_missing_secret(spec: dict[str, Any]) -> None:
    """The Secret is there, the key is not."""
    world = World()
    world.api.create(secret(), "me")
    started(world, **spec)
    assert not is_ready(world)


def test_what_is_optional_may_be_absent() -> None:
    """Nothing is loaded then."""
    world = World()
    pod = started(world, **volume(secret={"secretName": "s", "optional": True}))
    assert is_ready(world)
    assert world.kubelet.loaded[pod["metadata"]["uid"]].secrets == {}


def test_a_pod_keeps_what_it_read_at_its_start() -> None:
    """Files follow the Secret, what was loaded does not; a restart loads anew."""
    world = World()
    world.api.create(secret(value="old"), "me")
    pod = started(world, **volume(secret={"secretName": "s"}))
    uid, name = pod["metadata"]["uid"], pod["metadata"]["name"]
    world.api.update(secret(value="new"), "me")
    world.advance(5)
    assert world.kubelet.loaded[uid].secrets["s"] == secret(value="old")["data"]
    assert world.kubelet.files(pod)["s"] == secret(value="new")["data"]
    world.kubelet.restart_pod("demo", name)
    world.advance(1)
    assert not is_ready(world)
    world.advance(20)
    assert is_ready(world)
    assert world.kubelet.loaded[uid].secrets["s"] == secret(value="new")["data"]


def test_a_kubelet_may_mount_former_content() -> None:
    """A pod that starts soon after a change may read what was there before it."""
    world = World(Habits(start={}, start_else=10, mount_delay=60))
    world.api.create(secret(value="old"), "me")
    world.advance(100)
    world.api.update(secret(value="new"), "me")
    pod = started(world, **volume(secret={"secretName": "s"}))
    assert world.kubelet.loaded[pod["metadata"]["uid"]].secrets["s"] == secret(value="old")["data"]
    world.advance(60)
    assert world.kubelet.files(pod)["s"] == secret(value="new")["data"]


def test_a_new_object_is_read_at_once_in_spite_of_the_delay() -> None:
    """There is no former content to show."""
    world = World(Habits(start={}, start_else=10, mount_delay=60))
    world.api.create(secret(), "me")
    started(world, **volume(secret={"secretName": "s"}))
    assert is_ready(world)


def test_broken_pods_come_back_after_the_repair() -> None:
    """Running pods too."""
    world = World()
    started(world)
    assert is_ready(world)
    world.kubelet.break_pods(unready=lambda _: True)
    world.advance(60)
    assert not is_ready(world)
    world.kubelet.repair()
    world.advance(20)
    assert is_ready(world)


def test_an_unschedulable_pod_says_so() -> None:
    """In its condition PodScheduled; it starts when there is room."""
    world = World()
    world.kubelet.break_pods(unschedulable=lambda _: True)
    pod = started(world)
    assert pod["status"]["conditions"][0]["reason"] == "Unschedulable"
    world.kubelet.repair()
    world.advance(20)
    assert is_ready(world)


def test_a_deleted_pod_stops_with_grace() -> None:
    """It is terminating for a while and its successor is there before it is gone."""
    world = World(QUICK)
    pod = started(world)
    world.api.delete(("Pod", "demo", pod["metadata"]["name"]), "me", grace=True)
    world.advance(1)
    assert len(world.names("Pod")) == 2
    world.advance(2)
    assert len(world.names("Pod")) == 1


def test_a_budget_counts_ready_pods() -> None:
    """As recorded: status and condition."""
    world = World()
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "x"}}}
    world.api.create(placed("policy/v1", "PodDisruptionBudget", spec=spec), "me")
    world.api.create(deployment(replicas=3), "me")
    world.advance(5)
    assert world.get("PodDisruptionBudget")["status"]["disruptionsAllowed"] == 0
    world.advance(20)
    status = world.get("PodDisruptionBudget")["status"]
    assert (status["currentHealthy"], status["desiredHealthy"]) == (3, 2)
    assert status["disruptionsAllowed"] == 1
    assert status["conditions"][0]["reason"] == "SufficientPods"


def test_a_load_balancer_gets_an_address() -> None:
    """Other Services do not."""
    world = World()
    for name, kind in (("a", "LoadBalancer"), ("b", "ClusterIP")):
        spec = {"type": kind, "ports": [{"port": 80}], "selector": {"app": "x"}}
        world.api.create(placed("v1", "Service", name, spec=spec), "me")
    world.advance(1)
    assert world.get("Service", "a")["status"]["loadBalancer"]["ingress"]
    assert world.get("Service", "a")["spec"]["ports"][0]["nodePort"] >= 30000
    assert world.get("Service", "b")["status"] == {"loadBalancer": {}}
