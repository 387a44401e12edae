"""Manager master: enrols agents, owns rules and groups, serves the API. Always one pod."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.cluster import Cluster
from app.components import manager
from app.kubernetes import ports
from app.kubernetes.meta import application_selector, selector
from app.kubernetes.services import headless_service, internal_service, published_service
from app.names import Role
from app.result import Manifest

ROLE: Final = Role.MANAGER_MASTER


def children(cluster: Cluster) -> Iterator[Manifest]:
    """Every object of the master, in the order a reader meets them.

    No disruption budget: with one pod it would block every drain.
    """
    yield config_map(cluster)
    yield headless(cluster)
    yield api_service(cluster)
    yield service(cluster)
    if cluster.spec.manager.agent_service.enabled:
        yield agents_service(cluster)
    yield workload(cluster)
    if cluster.spec.manager.master.network_policy.enabled:
        yield network_policy(cluster)


def config_map(cluster: Cluster) -> Manifest:
    """ossec.conf of the master and what is copied beside it."""
    return manager.config_map(cluster, ROLE)


def headless(cluster: Cluster) -> Manifest:
    """Name of the master's pod: workers dial it before it is ready for agents."""
    return headless_service(cluster, ROLE, (ports.CLUSTER,))


def api_service(cluster: Cluster) -> Manifest:
    """The API of a ready master, for the dashboard.

    Up to 4.14.4 an address that swallows packets stops every dashboard that starts.
    """
    return internal_service(cluster, ROLE, cluster.names.manager_api, (ports.API,))


def service(cluster: Cluster) -> Manifest:
    """API, events and enrolment. Events too, for clusters without workers."""
    return published_service(
        cluster,
        ROLE,
        cluster.names.service(ROLE),
        wish=cluster.spec.manager.master.service,
        offered=(ports.API, *ports.agent_ports(cluster, ROLE)),
        pods=selector(cluster, ROLE),
    )


def agents_service(cluster: Cluster) -> Manifest:
    """Events and enrolment of all managers behind one name."""
    return published_service(
        cluster,
        ROLE,
        cluster.names.agents,
        wish=cluster.spec.manager.agent_service,
        offered=ports.agent_ports(cluster, ROLE),
        pods=application_selector(cluster, ROLE),
    )


def workload(cluster: Cluster) -> Manifest:
    """StatefulSet of the one master."""
    return manager.workload(cluster, ROLE)


def network_policy(cluster: Cluster) -> Manifest:
    """Who may reach the master."""
    return manager.network_policy(cluster, ROLE)
