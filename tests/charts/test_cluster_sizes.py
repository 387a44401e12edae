"""The profiles of the chart wazuh-cluster: each is a cluster that runs, and they are ordered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Final

import pytest

from app.checks.resources import MAX_HEAP_MIB
from app.kubernetes import quantity
from app.names import Names, Role
from app.result import Manifest
from app.schema.parse import parse_spec
from app.simulation.engine import Engine
from hack.generate_cluster_chart import SIZES
from tests.charts.helm import CHARTS, NAMESPACE, RELEASE, template
from tests.convergence.world import condition, empty, settle

CHART: Final = CHARTS / "wazuh-cluster"
NAMES: Final = Names(cluster=RELEASE, namespace=NAMESPACE, domain="cluster.local")
TIERS: Final = ("indexer", "manager.master", "manager.workers", "dashboard")
STEPS: Final = tuple(pairwise(SIZES))
MIB: Final = 2**20


def wazuh_cluster(values: Mapping[str, Any]) -> Manifest:
    """The WazuhCluster that the chart makes."""
    (found,) = (one for one in template(CHART, values) if one["kind"] == "WazuhCluster")
    return found


@cache
def of_size(size: str) -> Manifest:
    """The WazuhCluster of a size."""
    return wazuh_cluster({"size": size})


@cache
def running(size: str) -> Engine:
    """A world in which the WazuhCluster of a size has come to rest."""
    engine = empty()
    engine.apply(of_size(size))
    settle(engine)
    return engine


def tier(spec: Mapping[str, Any], path: str) -> Any:
    """The part of a spec at a dotted path."""
    found: Any = spec
    for step in path.split("."):
        found = found[step]
    return found


def heap_mib(engine: Engine) -> int:
    """Heap of the indexers' JVM as their pods get it, in MiB."""
    workload = engine.find("StatefulSet", NAMES.workload(Role.INDEXER))
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    (options,) = (one["value"] for one in container["env"] if one["name"] == "OPENSEARCH_JAVA_OPTS")
    flags = re.match(r"-Xms(\d+)m -Xmx(\d+)m( |$)", options)
    assert flags is not None, options
    assert flags.group(1) == flags.group(2)
    return int(flags.group(1))


def indexer_memory(engine: Engine) -> int:
    """Memory limit of an indexer, in bytes."""
    workload = engine.find("StatefulSet", NAMES.workload(Role.INDEXER))
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    return quantity.bytes_of(container["resources"]["limits"]["memory"])


@pytest.mark.parametrize("size", SIZES)
def test_the_hook_has_nothing_to_say_about_a_size(size: str) -> None:
    """Neither a fault nor a warning."""
    spec, faults = parse_spec(of_size(size)["spec"])
    assert spec is not None
    assert faults == ()


@pytest.mark.parametrize("size", SIZES)
def test_a_size_comes_to_run(size: str) -> None:
    """With all pods that the profile asks for, and a spec without a remark."""
    engine = running(size)
    valid = condition(engine, "SpecValid")
    assert (valid["status"], valid["reason"]) == ("True", "Valid")
    spec = of_size(size)["spec"]
    wanted = {
        Role.INDEXER: spec["indexer"]["replicas"],
        Role.MANAGER_MASTER: 1,
        Role.MANAGER_WORKER: spec["manager"]["workers"]["replicas"],
        Role.DASHBOARD: spec["dashboard"]["replicas"],
    }
    pods = [
        one["metadata"]["labels"]["app.kubernetes.io/component"] for one in engine.objects("Pod")
    ]
    assert {role: pods.count(role) for role in wanted} == wanted


@pytest.mark.parametrize("size", SIZES)
def test_the_heap_fits_the_memory(size: str) -> None:
    """Half of the limit; what is left is for the page cache and the JVM itself."""
    engine = running(size)
    assert heap_mib(engine) * MIB == indexer_memory(engine) // 2
    assert heap_mib(engine) <= MAX_HEAP_MIB


def test_the_heap_follows_another_memory_and_stays_below_31_gib() -> None:
    """A profile fixes no heap, so none can be too large for what the user says."""
    engine = empty()
    memory = {"requests": {"memory": "128Gi"}, "limits": {"memory": "128Gi"}}
    engine.apply(wazuh_cluster({"size": "xs", "spec": {"indexer": {"resources": memory}}}))
    settle(engine)
    assert indexer_memory(engine) == 128 * 1024 * MIB
    assert heap_mib(engine) == MAX_HEAP_MIB == 31 * 1024


def dimensions(spec: Mapping[str, Any]) -> dict[str, int]:
    """All that a size has an amount of: pods, mCPU, bytes."""
    found: dict[str, int] = {}
    for path in TIERS:
        part = tier(spec, path)
        found[f"{path} pods"] = part.get("replicas", 1)
        resources = part["resources"]
        found[f"{path} cpu"] = int(quantity.parse(resources["requests"]["cpu"]) * 1000)
        for kind in ("requests", "limits"):
            found[f"{path} memory {kind}"] = quantity.bytes_of(resources[kind]["memory"])
        if "storageSize" in part:
            found[f"{path} volume"] = quantity.bytes_of(part["storageSize"])
    return found


@pytest.mark.parametrize(("smaller", "larger"), STEPS)
def test_a_larger_size_has_less_of_nothing(smaller: str, larger: str) -> None:
    """And more of most, so that nobody takes a step up for nothing."""
    small, large = (dimensions(of_size(size)["spec"]) for size in (smaller, larger))
    assert small.keys() == large.keys()
    assert [name for name in small if small[name] > large[name]] == []
    grown = {name for name in small if small[name] < large[name]}
    assert {"indexer cpu", "indexer memory limits", "indexer volume"} <= grown
    assert {"manager.workers pods"} <= grown


@pytest.mark.parametrize("size", SIZES)
def test_no_size_is_below_what_wazuh_lives_on(size: str) -> None:
    """Managers with less than 2Gi and a 4Gi limit end in kills; two indexers help nobody."""
    spec = of_size(size)["spec"]
    for path in ("manager.master", "manager.workers"):
        resources = tier(spec, path)["resources"]
        assert quantity.compare(resources["requests"]["memory"], "2Gi") >= 0
        assert quantity.compare(resources["limits"]["memory"], "4Gi") >= 0
        assert quantity.compare(tier(spec, path)["storageSize"], "20Gi") >= 0
    assert spec["indexer"]["replicas"] % 2 == 1


@pytest.mark.parametrize("size", SIZES)
def test_no_size_has_a_cpu_limit(size: str) -> None:
    """Throttling stretches garbage collections and starts."""
    spec = of_size(size)["spec"]
    assert [path for path in TIERS if "cpu" in tier(spec, path)["resources"]["limits"]] == []


@pytest.mark.parametrize("size", SIZES)
def test_indexers_have_all_the_memory_they_may_use(size: str) -> None:
    """Request and limit are equal, so that no indexer is evicted for memory it was promised."""
    resources = of_size(size)["spec"]["indexer"]["resources"]
    assert resources["requests"]["memory"] == resources["limits"]["memory"]


@pytest.mark.parametrize(("smaller", "larger"), STEPS)
def test_a_cluster_grows_into_the_next_size(smaller: str, larger: str) -> None:
    """Everything but the volumes, which are said to keep their size."""
    engine = empty()
    engine.apply(of_size(smaller))
    settle(engine)
    engine.apply(of_size(larger))
    engine.run_for(120)
    settle(engine)
    wanted = of_size(larger)["spec"]
    workload = engine.find("StatefulSet", NAMES.workload(Role.INDEXER))
    assert workload["status"]["readyReplicas"] == wanted["indexer"]["replicas"]
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == wanted["indexer"]["resources"]
    valid = condition(engine, "SpecValid")
    assert (valid["status"], valid["reason"]) == ("False", "StorageGrowthHeld")
