"""Wazuh indexer: a StatefulSet of OpenSearch nodes and what it needs to run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.checksums import config_hash
from app.cluster import Cluster
from app.config import security
from app.config.opensearch import hashed_opensearch_yml, opensearch_yml
from app.kubernetes import pods, policies, ports, probes
from app.kubernetes.meta import metadata, selector
from app.kubernetes.services import headless_service, published_service
from app.kubernetes.workloads import CLAIM, stateful_set
from app.names import CERTS_VOLUME, Role
from app.result import Manifest

ROLE: Final = Role.INDEXER

OPENSEARCH_YML: Final = "opensearch.yml"
_USER: Final = 1000
_GRACE_SECONDS: Final = 120
#: Recovery of shards has begun on a returned node before the next one goes.
_MIN_READY_SECONDS: Final = 30
#: OpenSearch refuses to start on mapped files with less.
_MAP_COUNT: Final = 262144


def children(cluster: Cluster) -> Iterator[Manifest]:
    """Every object of the indexers, in the order a reader meets them."""
    spec = cluster.spec.indexer
    yield config_map(cluster)
    yield headless(cluster)
    yield service(cluster)
    yield workload(cluster)
    if spec.pod_disruption_budget.enabled is not False:
        yield budget(cluster)
    if spec.network_policy.enabled:
        yield network_policy(cluster)


def config_map(cluster: Cluster) -> Manifest:
    """opensearch.yml, with the nodes that bootstrap the cluster."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(cluster, ROLE, cluster.names.config_map(ROLE)),
        "data": {OPENSEARCH_YML: opensearch_yml(cluster)},
    }


def headless(cluster: Cluster) -> Manifest:
    """Names of the nodes; they must find each other before any of them is ready."""
    return headless_service(cluster, ROLE, (ports.TRANSPORT, ports.REST))


def service(cluster: Cluster) -> Manifest:
    """The REST API, on nodes whose security index is loaded."""
    return published_service(
        cluster,
        ROLE,
        cluster.names.service(ROLE),
        wish=cluster.spec.indexer.service,
        offered=(ports.REST,),
        pods=selector(cluster, ROLE),
    )


def workload(cluster: Cluster) -> Manifest:
    """StatefulSet of the nodes.

    The bootstrap list stays out of the hash: nodes with data never read it again.
    """
    texts = {OPENSEARCH_YML: hashed_opensearch_yml(cluster)}
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
    if cluster.spec.indexer.vm_max_map_count == "Init":
        pod["initContainers"] = [_map_count_container(cluster)]
    template = pods.pod_template(
        cluster, ROLE, config_hash=config_hash(cluster, ROLE, texts), pod=pod
    )
    return stateful_set(cluster, ROLE, template, min_ready_seconds=_MIN_READY_SECONDS)


def budget(cluster: Cluster) -> Manifest:
    """One node away at a time: the others keep quorum and a copy of each shard."""
    wish = cluster.spec.indexer.pod_disruption_budget
    return policies.disruption_budget(cluster, ROLE, wish, {"maxUnavailable": 1})


def network_policy(cluster: Cluster) -> Manifest:
    """Nodes among themselves; managers, dashboard and Jobs on the REST API; nobody else."""
    nodes = policies.pods_of(cluster, ROLE)
    clients = (
        policies.managers(cluster),
        policies.pods_of(cluster, Role.DASHBOARD),
        policies.jobs(cluster),
    )
    return policies.network_policy(
        cluster,
        ROLE,
        cluster.spec.indexer.network_policy,
        ingress=(
            policies.incoming([ports.TRANSPORT], [nodes]),
            policies.incoming([ports.REST], clients),
        ),
        egress=(policies.outgoing([ports.TRANSPORT], [nodes]),),
    )


# --- the pod ------------------------------------------------------------------------------
def _container(cluster: Cluster) -> Manifest:
    return pods.container(
        cluster,
        ROLE,
        env=(
            pods.from_field("POD_NAME", "metadata.name"),
            pods.literal("OPENSEARCH_JAVA_OPTS", java_opts(cluster)),
        ),
        mounts=_mounts(cluster),
        security_context={
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        rest={
            "ports": ports.container_ports((ports.REST, ports.TRANSPORT)),
            **probes.indexer_probes(),
        },
    )


def java_opts(cluster: Cluster) -> str:
    """Heap flags, unless the user brings them, then the user's; the image sets no heap."""
    heap = cluster.heap_mib
    flags = f"-Xms{heap}m -Xmx{heap}m" if heap is not None else ""
    return f"{flags} {cluster.spec.indexer.java_opts or ''}".strip()


def _volumes(cluster: Cluster) -> list[Manifest]:
    names = cluster.names
    # The Secret holds more than the files that the first start loads.
    files = {name: name for name in sorted(security.FILES)}
    return [
        pods.config_volume("config", names.config_map(ROLE), pods.GROUP_READS),
        pods.secret_volume(CERTS_VOLUME, cluster.leaf_secret(ROLE), pods.GROUP_READS),
        pods.secret_volume("security", names.indexer_security, pods.GROUP_READS, files),
    ]


def _mounts(cluster: Cluster) -> list[Manifest]:
    """Single files and two folders: the folder around them holds the keystore, written at start."""
    home = cluster.version.indexer_config_folder
    return [
        {"name": CLAIM[ROLE], "mountPath": "/var/lib/wazuh-indexer"},
        pods.file("config", f"{home}/{OPENSEARCH_YML}", OPENSEARCH_YML),
        pods.folder(CERTS_VOLUME, f"{home}/certs"),
        pods.folder("security", f"{home}/opensearch-security"),
    ]


def _map_count_container(cluster: Cluster) -> Manifest:
    """Raises the node's number of memory maps; privileged, so only on request."""
    current = "/proc/sys/vm/max_map_count"
    script = f'[ "$(cat {current})" -ge {_MAP_COUNT} ] || echo {_MAP_COUNT} >{current}'
    return {
        "name": "sysctl",
        "image": pods.image(cluster, ROLE),
        "imagePullPolicy": pods.pull_policy(cluster, ROLE),
        "command": ["/bin/sh", "-c", script],
        "resources": {
            "requests": {"cpu": "10m", "memory": "16Mi"},
            "limits": {"memory": "64Mi"},
        },
        "securityContext": {"privileged": True, "runAsNonRoot": False, "runAsUser": 0},
    }
