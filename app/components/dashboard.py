"""Wazuh dashboard: a Deployment without state; saved objects live in the index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.checksums import config_hash
from app.cluster import Cluster, SecretKey
from app.config.dashboard import opensearch_dashboards_yml
from app.kubernetes import pods, policies, ports, probes
from app.kubernetes.meta import metadata, selector
from app.kubernetes.services import published_service
from app.kubernetes.workloads import deployment
from app.names import CERTS_VOLUME, Role
from app.result import Manifest

ROLE: Final = Role.DASHBOARD

DASHBOARDS_YML: Final = "opensearch_dashboards.yml"
WAZUH_YML: Final = "wazuh.yml"
_HOME: Final = "/usr/share/wazuh-dashboard"
_USER: Final = 1000
#: The entry point does not hand SIGTERM on to the server, so a longer wait is lost time.
_GRACE_SECONDS: Final = 15
#: From 4.10 on node carries no file capability any more.
_NODE_WITHOUT_CAPABILITY: Final = 10


def children(cluster: Cluster) -> Iterator[Manifest]:
    """Every object of the dashboard, in the order a reader meets them.

    Disabling it removes its Deployment and nothing else.
    """
    spec = cluster.spec.dashboard
    yield config_map(cluster)
    yield service(cluster)
    if spec.enabled:
        yield workload(cluster)
    if wants_budget(cluster):
        yield budget(cluster)
    if spec.network_policy.enabled:
        yield network_policy(cluster)


def wants_budget(cluster: Cluster) -> bool:
    """Whether a budget does more good than harm: one pod with a default bound blocks drains."""
    wish = cluster.spec.dashboard.pod_disruption_budget
    if cluster.tier(ROLE).replicas > 1:
        return wish.enabled is not False
    return wish.enabled is True and wish.max_unavailable is not None


def config_map(cluster: Cluster) -> Manifest:
    """opensearch_dashboards.yml; what is secret in it comes by variables."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(cluster, ROLE, cluster.names.config_map(ROLE)),
        "data": {DASHBOARDS_YML: opensearch_dashboards_yml(cluster)},
    }


def service(cluster: Cluster) -> Manifest:
    """The page people open."""
    return published_service(
        cluster,
        ROLE,
        cluster.names.service(ROLE),
        wish=cluster.spec.dashboard.service,
        offered=(ports.HTTPS,),
        pods=selector(cluster, ROLE),
    )


def workload(cluster: Cluster) -> Manifest:
    """Deployment of the dashboard.

    wazuh.yml is a Secret, so it enters the hash with the tier's other Secrets, not as a text.
    """
    texts = {DASHBOARDS_YML: opensearch_dashboards_yml(cluster)}
    pod: Manifest = {
        "containers": [_container(cluster)],
        "volumes": _volumes(cluster),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
    }
    template = pods.pod_template(
        cluster, ROLE, config_hash=config_hash(cluster, ROLE, texts), pod=pod
    )
    return deployment(cluster, ROLE, template)


def budget(cluster: Cluster) -> Manifest:
    """One page always there."""
    wish = cluster.spec.dashboard.pod_disruption_budget
    return policies.disruption_budget(cluster, ROLE, wish, {"minAvailable": 1})


def network_policy(cluster: Cluster) -> Manifest:
    """The page from anywhere; out to the index and the master's API."""
    return policies.network_policy(
        cluster,
        ROLE,
        cluster.spec.dashboard.network_policy,
        ingress=(policies.incoming([ports.HTTPS]),),
        egress=(
            policies.outgoing([ports.REST], [policies.pods_of(cluster, Role.INDEXER)]),
            policies.outgoing([ports.API], [policies.pods_of(cluster, Role.MANAGER_MASTER)]),
        ),
    )


# --- the pod ------------------------------------------------------------------------------
def _container(cluster: Cluster) -> Manifest:
    return pods.container(
        cluster,
        ROLE,
        env=_environment(cluster),
        mounts=_mounts(),
        security_context={
            "allowPrivilegeEscalation": False,
            "capabilities": _capabilities(cluster),
        },
        rest={
            "ports": ports.container_ports((ports.HTTPS,)),
            "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
            **probes.dashboard_probes(),
        },
    )


def _environment(cluster: Cluster) -> list[Manifest]:
    """The account on the index, and the password of session cookies that all replicas share."""
    credentials = cluster.names.dashboard_credentials
    keys = {
        "DASHBOARD_USERNAME": "dashboard-username",
        "DASHBOARD_PASSWORD": "dashboard-password",
        "COOKIE_PASSWORD": "cookie-password",
    }
    return [
        pods.from_secret(name, SecretKey(name=credentials, key=key)) for name, key in keys.items()
    ]


def _volumes(cluster: Cluster) -> list[Manifest]:
    names = cluster.names
    return [
        pods.config_volume("config", names.config_map(ROLE), pods.GROUP_READS),
        pods.secret_volume(CERTS_VOLUME, cluster.leaf_secret(ROLE), pods.GROUP_READS),
        pods.secret_volume("wazuh", names.dashboard_wazuh, pods.GROUP_READS),
    ]


def _mounts() -> list[Manifest]:
    """Files one by one: the folders around them are written by the image."""
    return [
        pods.file("config", f"{_HOME}/config/{DASHBOARDS_YML}", DASHBOARDS_YML),
        pods.folder(CERTS_VOLUME, f"{_HOME}/certs"),
        pods.file("wazuh", f"{_HOME}/data/wazuh/config/{WAZUH_YML}", WAZUH_YML),
    ]


def _capabilities(cluster: Cluster) -> Manifest:
    """None; below 4.10 the one that node's file asks for, else it cannot be executed."""
    if cluster.version.at_least(_NODE_WITHOUT_CAPABILITY):
        return {"drop": ["ALL"]}
    return {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
