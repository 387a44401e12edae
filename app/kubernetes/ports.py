"""The ports each tier listens on, from which containers, Services and policies are written.

A Service aims at a port by its name, so the numbers of spec.manager.config change in one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.cluster import Cluster
from app.names import (
    DASHBOARD_PORT,
    INDEXER_REST_PORT,
    INDEXER_TRANSPORT_PORT,
    MANAGER_API_PORT,
    MANAGER_CLUSTER_PORT,
    PORT_API,
    PORT_AUTH,
    PORT_CLUSTER,
    PORT_EVENTS,
    PORT_HTTPS,
    PORT_REST,
    PORT_TRANSPORT,
    Role,
)
from app.result import Manifest

TCP: Final = "TCP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One port of a pod: its name, number and protocol (TCP or UDP)."""

    name: str
    number: int
    protocol: str = TCP


REST: Final = Port(name=PORT_REST, number=INDEXER_REST_PORT)
TRANSPORT: Final = Port(name=PORT_TRANSPORT, number=INDEXER_TRANSPORT_PORT)
CLUSTER: Final = Port(name=PORT_CLUSTER, number=MANAGER_CLUSTER_PORT)
API: Final = Port(name=PORT_API, number=MANAGER_API_PORT)
HTTPS: Final = Port(name=PORT_HTTPS, number=DASHBOARD_PORT)


def events(cluster: Cluster) -> Port:
    """Where managers take agents' events."""
    remote = cluster.spec.manager.config.remote
    return Port(name=PORT_EVENTS, number=remote.port, protocol=remote.protocol.upper())


def enrolment(cluster: Cluster, role: Role) -> tuple[Port, ...]:
    """Where a manager of ``role`` enrols agents; nothing where its authd does not run."""
    number = cluster.spec.manager.config.auth.port
    return (Port(name=PORT_AUTH, number=number),) if cluster.runs_authd(role) else ()


def agent_ports(cluster: Cluster, role: Role) -> tuple[Port, ...]:
    """What agents need of a manager of ``role``."""
    return (events(cluster), *enrolment(cluster, role))


def container_ports(ports: tuple[Port, ...]) -> list[Manifest]:
    """Ports of a container; Metacontroller merges them by number, so no number comes twice."""
    return [
        {"name": port.name, "containerPort": port.number, "protocol": port.protocol}
        for port in ports
    ]
