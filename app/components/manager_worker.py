"""Manager workers: take and analyse the events of the agents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.cluster import Cluster
from app.components import manager
from app.kubernetes import policies, ports
from app.kubernetes.meta import selector
from app.kubernetes.services import headless_service, published_service
from app.names import Role
from app.result import Manifest

ROLE: Final = Role.MANAGER_WORKER


def children(cluster: Cluster) -> Iterator[Manifest]:
    """Every object of the workers, in the order a reader meets them.

    Without replicas too: the master takes the agents, and scaling up needs no new names.
    """
    spec = cluster.spec.manager.workers
    yield config_map(cluster)
    yield headless(cluster)
    yield service(cluster)
    yield workload(cluster)
    if cluster.tier(ROLE).replicas >= 1 and spec.pod_disruption_budget.enabled is not False:
        yield budget(cluster)
    if spec.network_policy.enabled:
        yield network_policy(cluster)


def config_map(cluster: Cluster) -> Manifest:
    """ossec.conf of the workers and what is copied beside it."""
    return manager.config_map(cluster, ROLE)


def headless(cluster: Cluster) -> Manifest:
    """Names of the workers' pods."""
    return headless_service(cluster, ROLE, (ports.CLUSTER,))


def service(cluster: Cluster) -> Manifest:
    """Events, and enrolment where workers enrol."""
    return published_service(
        cluster,
        ROLE,
        cluster.names.service(ROLE),
        wish=cluster.spec.manager.workers.service,
        offered=ports.agent_ports(cluster, ROLE),
        pods=selector(cluster, ROLE),
    )


def workload(cluster: Cluster) -> Manifest:
    """StatefulSet of the workers."""
    return manager.workload(cluster, ROLE)


def budget(cluster: Cluster) -> Manifest:
    """One worker away at a time: its agents go to the others."""
    wish = cluster.spec.manager.workers.pod_disruption_budget
    return policies.disruption_budget(cluster, ROLE, wish, {"maxUnavailable": 1})


def network_policy(cluster: Cluster) -> Manifest:
    """Who may reach the workers."""
    return manager.network_policy(cluster, ROLE)
