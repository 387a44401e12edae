"""Services and their knobs."""

from __future__ import annotations

from typing import Any

import pytest

from app.components import dashboard, indexer, manager_master, manager_worker
from app.kubernetes import meta
from app.names import Role
from app.result import Manifest
from tests.clusters import cluster


def _port(name: str, port: int, **more: Any) -> Manifest:
    return {"name": name, "port": port, "protocol": "TCP", "targetPort": name, **more}


REST = _port("rest", 9200)
API = _port("api", 55000)
EVENTS = _port("agent-events", 1514)
AUTH = _port("agent-auth", 1515)


def _indexer(**service: Any) -> Manifest:
    spec: Manifest = indexer.service(cluster({"indexer": {"service": service}}))["spec"]
    return spec


def _master(config: Manifest | None = None, **service: Any) -> list[Manifest]:
    raw = {"manager": {"config": config or {}, "master": {"service": service}}}
    ports: list[Manifest] = manager_master.service(cluster(raw))["spec"]["ports"]
    return ports


def _worker(config: Manifest | None = None, **service: Any) -> list[Manifest]:
    raw = {"manager": {"config": config or {}, "workers": {"service": service}}}
    ports: list[Manifest] = manager_worker.service(cluster(raw))["spec"]["ports"]
    return ports


def test_a_headless_service_names_pods_before_they_are_ready() -> None:
    """Nodes and managers must find each other to become ready."""
    of_cluster = cluster()
    assert indexer.headless(of_cluster) == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta.metadata(of_cluster, Role.INDEXER, "wz-indexer-headless"),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": meta.selector(of_cluster, Role.INDEXER),
            "ports": [_port("transport", 9300), REST],
        },
    }


@pytest.mark.parametrize(
    ("manifest", "name"),
    [
        pytest.param(manager_master.headless(cluster()), "wz-manager-master-headless", id="master"),
        pytest.param(manager_worker.headless(cluster()), "wz-manager-worker-headless", id="worker"),
    ],
)
def test_the_managers_headless_services_have_the_cluster_port(
    manifest: Manifest, name: str
) -> None:
    """Workers dial the master there."""
    assert manifest["metadata"]["name"] == name
    assert manifest["spec"]["ports"] == [_port("cluster", 1516)]
    assert manifest["spec"]["publishNotReadyAddresses"] is True


def test_the_dashboards_way_to_the_api_has_ready_masters_only() -> None:
    """An address that swallows packets stops a dashboard that starts."""
    of_cluster = cluster({"manager": {"master": {"service": {"type": "LoadBalancer"}}}})
    found = manager_master.api_service(of_cluster)
    assert found["metadata"]["name"] == "wz-manager-api"
    assert found["spec"] == {
        "type": "ClusterIP",
        "selector": meta.selector(of_cluster, Role.MANAGER_MASTER),
        "ports": [API],
    }


def test_a_service_without_knobs_is_a_cluster_ip() -> None:
    """Nothing goes outside by default."""
    assert _indexer() == {
        "type": "ClusterIP",
        "selector": meta.selector(cluster(), Role.INDEXER),
        "ports": [REST],
    }


@pytest.mark.parametrize(
    ("knobs", "change"),
    [
        pytest.param({"type": "NodePort"}, {"type": "NodePort"}, id="type"),
        pytest.param(
            {"type": "NodePort", "nodePort": 30920},
            {"type": "NodePort", "ports": [_port("rest", 9200, nodePort=30920)]},
            id="node port",
        ),
        pytest.param(
            {"type": "NodePort", "ports": [{"name": "rest", "port": 443, "nodePort": 30443}]},
            {"type": "NodePort", "ports": [_port("rest", 443, nodePort=30443)]},
            id="listed port",
        ),
        pytest.param(
            {
                "type": "LoadBalancer",
                "loadBalancerIP": "192.0.2.1",
                "loadBalancerClass": "example.com/lb",
                "loadBalancerSourceRanges": ["10.0.0.0/8"],
                "externalTrafficPolicy": "Local",
            },
            {
                "type": "LoadBalancer",
                "loadBalancerIP": "192.0.2.1",
                "loadBalancerClass": "example.com/lb",
                "loadBalancerSourceRanges": ["10.0.0.0/8"],
                "externalTrafficPolicy": "Local",
            },
            id="load balancer",
        ),
        pytest.param({"sessionAffinity": "None"}, {}, id="no affinity"),
        pytest.param(
            {"sessionAffinity": "ClientIP"},
            {
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
            },
            id="affinity, with the default that the server would refuse to lose",
        ),
    ],
)
def test_each_knob_of_a_service_reaches_it(knobs: Manifest, change: Manifest) -> None:
    """And nothing else changes with it."""
    assert _indexer(**knobs) == {**_indexer(), **change}


def test_annotations_of_a_service_reach_its_metadata() -> None:
    """Load balancers are configured by them."""
    raw = {"dashboard": {"service": {"annotations": {"example.com/scheme": "internal"}}}}
    found = dashboard.service(cluster(raw))
    assert found["metadata"]["annotations"] == {"example.com/scheme": "internal"}


@pytest.mark.parametrize(
    ("service", "ports"),
    [
        pytest.param({}, [API, EVENTS, AUTH], id="inside"),
        pytest.param({"type": "NodePort"}, [EVENTS, AUTH], id="node port without the API"),
        pytest.param({"type": "LoadBalancer"}, [EVENTS, AUTH], id="balancer without the API"),
        pytest.param(
            {"type": "LoadBalancer", "ports": [{"name": "api", "port": 443}]},
            [{**API, "port": 443}],
            id="the API because it is listed",
        ),
    ],
)
def test_the_api_goes_outside_only_if_it_is_listed(
    service: Manifest, ports: list[Manifest]
) -> None:
    """It administers every agent."""
    assert _master(**service) == ports


@pytest.mark.parametrize(
    ("config", "master", "worker"),
    [
        pytest.param({}, [API, EVENTS, AUTH], [EVENTS], id="enrolment on the master"),
        pytest.param(
            {"auth": {"enabledOnMasterOnly": False}},
            [API, EVENTS, AUTH],
            [EVENTS, AUTH],
            id="enrolment everywhere",
        ),
        pytest.param(
            {"auth": {"disabled": True, "enabledOnMasterOnly": False}},
            [API, EVENTS],
            [EVENTS],
            id="no enrolment",
        ),
        pytest.param(
            {"remote": {"port": 1600, "protocol": "udp"}, "auth": {"port": 1601}},
            [
                API,
                _port("agent-events", 1600, protocol="UDP"),
                _port("agent-auth", 1601),
            ],
            [_port("agent-events", 1600, protocol="UDP")],
            id="other numbers, udp",
        ),
    ],
)
def test_the_managers_ports_follow_their_configuration(
    config: Manifest, master: list[Manifest], worker: list[Manifest]
) -> None:
    """A Service with a port where nobody listens is a trap."""
    assert _master(config) == master
    assert _worker(config) == worker


def test_a_listed_port_on_which_nobody_listens_is_left_out() -> None:
    """Nothing that is not listed takes its place."""
    config = {"auth": {"disabled": True}}
    listed = [{"name": "agent-auth", "port": 1515}, {"name": "agent-events", "port": 443}]
    assert _master(config, ports=listed) == [{**EVENTS, "port": 443}]


def test_the_agents_service_picks_all_managers() -> None:
    """Its selector names the application without a component."""
    raw = {
        "manager": {
            "config": {"auth": {"enabledOnMasterOnly": False}},
            "agentService": {"enabled": True, "type": "LoadBalancer"},
        }
    }
    of_cluster = cluster(raw)
    found = manager_master.agents_service(of_cluster)
    assert found["metadata"]["name"] == "wz-agents"
    assert found["spec"] == {
        "type": "LoadBalancer",
        "selector": meta.application_selector(of_cluster, Role.MANAGER_WORKER),
        "ports": [EVENTS, AUTH],
    }
