"""Services: headless ones for the pods' names, and those that people publish.

Ports aim at a container's port by its name. No Service has one port number for two protocols:
Metacontroller merges ports by number, so such a pair could never be applied.
"""

from __future__ import annotations

from typing import Final

from app.cluster import Cluster
from app.kubernetes.meta import metadata, selector
from app.kubernetes.ports import Port
from app.names import PORT_API, Role
from app.result import Manifest
from app.schema.pods import ServiceSpec

CLUSTER_IP: Final = "ClusterIP"
#: Kubernetes' default, spelled: the server would add it and refuse it beside sessionAffinity None.
_AFFINITY_SECONDS: Final = 10800


def headless_service(cluster: Cluster, role: Role, ports: tuple[Port, ...]) -> Manifest:
    """Names of a StatefulSet's pods, which must resolve before the pods are ready."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(cluster, role, cluster.names.headless(role)),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": selector(cluster, role),
            "ports": [_port(port, port.number) for port in ports],
        },
    }


def internal_service(cluster: Cluster, role: Role, name: str, ports: tuple[Port, ...]) -> Manifest:
    """ClusterIP Service without knobs: ready pods only."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(cluster, role, name),
        "spec": {
            "type": CLUSTER_IP,
            "selector": selector(cluster, role),
            "ports": [_port(port, port.number) for port in ports],
        },
    }


def published_service(
    cluster: Cluster,
    role: Role,
    name: str,
    *,
    wish: ServiceSpec,
    offered: tuple[Port, ...],
    pods: dict[str, str],
) -> Manifest:
    """Service with the user's knobs over the pods that the labels ``pods`` pick."""
    spec: Manifest = {
        "type": wish.type,
        "selector": pods,
        "ports": _published_ports(wish, offered),
        **_outside(wish),
    }
    if wish.session_affinity == "ClientIP":
        spec["sessionAffinity"] = "ClientIP"
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": _AFFINITY_SECONDS}}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(cluster, role, name, wish.annotations),
        "spec": spec,
    }


def _outside(wish: ServiceSpec) -> Manifest:
    """Fields of Services that are reached from outside; what says nothing is left out."""
    knobs: Manifest = {
        "loadBalancerIP": wish.load_balancer_ip,
        "loadBalancerClass": wish.load_balancer_class,
        "loadBalancerSourceRanges": list(wish.load_balancer_source_ranges),
        "externalTrafficPolicy": wish.external_traffic_policy,
    }
    return {name: value for name, value in knobs.items() if value}


def _published_ports(wish: ServiceSpec, offered: tuple[Port, ...]) -> list[Manifest]:
    """The listed ports that the tier has; without a list all of them.

    An administrator's API goes outside only if it is listed. A list that would leave no port is
    refused before.
    """
    if wish.ports:
        by_name = {port.name: port for port in offered}
        return [
            _port(by_name[item.name], item.port, item.node_port)
            for item in wish.ports
            if item.name in by_name
        ]
    return [
        _port(port, port.number, wish.node_port)
        for port in offered
        if wish.type == CLUSTER_IP or port.name != PORT_API
    ]


def _port(port: Port, number: int, node_port: int | None = None) -> Manifest:
    """One port of a Service."""
    found: Manifest = {
        "name": port.name,
        "port": number,
        "protocol": port.protocol,
        "targetPort": port.name,
    }
    if node_port is not None:
        found["nodePort"] = node_port
    return found
