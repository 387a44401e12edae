"""Disruption budgets and network policies.

Ports of network policies name their protocol and every policy names its types: the server would
add them inside lists that are compared as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from app.cluster import Cluster
from app.kubernetes.meta import application_selector, metadata, selector
from app.kubernetes.ports import Port
from app.names import Role
from app.result import Manifest
from app.schema.pods import NetworkPolicySpec, PodDisruptionBudgetSpec

#: Names are asked for on both protocols, of any address: node-local caches have their own.
DNS: Final = (
    Port(name="dns", number=53, protocol="UDP"),
    Port(name="dns-tcp", number=53, protocol="TCP"),
)


def disruption_budget(
    cluster: Cluster, role: Role, wish: PodDisruptionBudgetSpec, default: Manifest
) -> Manifest:
    """Budget of a tier: the user's bound, else ``default`` (one of the two bounds)."""
    bound = default
    if wish.min_available is not None:
        bound = {"minAvailable": wish.min_available}
    elif wish.max_unavailable is not None:
        bound = {"maxUnavailable": wish.max_unavailable}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(cluster, role, cluster.names.workload(role)),
        "spec": {**bound, "selector": {"matchLabels": selector(cluster, role)}},
    }


def network_policy(
    cluster: Cluster,
    role: Role,
    wish: NetworkPolicySpec,
    *,
    ingress: Iterable[Manifest],
    egress: Iterable[Manifest],
) -> Manifest:
    """Policy of a tier's pods: ``ingress`` and the user's rules.

    Egress is policed only where the user says so, by an empty list too; then names and
    ``egress``, the cluster's own traffic, stay open beside the user's rules.
    """
    spec: Manifest = {
        "podSelector": {"matchLabels": selector(cluster, role)},
        "policyTypes": ["Ingress"],
        "ingress": [*ingress, *wish.ingress],
    }
    if wish.egress is not None:
        spec["policyTypes"] = ["Ingress", "Egress"]
        spec["egress"] = [outgoing(DNS), *egress, *wish.egress]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(cluster, role, cluster.names.workload(role)),
        "spec": spec,
    }


def incoming(ports: Iterable[Port], peers: Iterable[Manifest] = ()) -> Manifest:
    """Rule that lets ``peers`` reach ``ports``; without peers, everybody."""
    return _rule("from", ports, peers)


def outgoing(ports: Iterable[Port], peers: Iterable[Manifest] = ()) -> Manifest:
    """Rule that lets the pods reach ``ports`` of ``peers``; without peers, of everybody."""
    return _rule("to", ports, peers)


def pods_of(cluster: Cluster, role: Role) -> Manifest:
    """Peer: the pods of one tier."""
    return {"podSelector": {"matchLabels": selector(cluster, role)}}


def managers(cluster: Cluster) -> Manifest:
    """Peer: the managers of both roles."""
    return {"podSelector": {"matchLabels": application_selector(cluster, Role.MANAGER_MASTER)}}


def jobs(cluster: Cluster) -> Manifest:
    """Peer: the pods of this cluster's Jobs, which belong to no tier."""
    return {"podSelector": {"matchLabels": application_selector(cluster, Role.CREDENTIALS)}}


def _rule(direction: str, ports: Iterable[Port], peers: Iterable[Manifest]) -> Manifest:
    rule: dict[str, Any] = {
        "ports": [{"protocol": port.protocol, "port": port.number} for port in ports]
    }
    found = list(peers)
    if found:
        rule[direction] = found
    return rule
