"""StatefulSets and Deployments around a pod template.

What the API server never lets change comes from the observed workload where there is one. Update
strategies are spelled to the last default: the server's own would survive a merge, and a change
of the type would then be refused for ever.
"""

from __future__ import annotations

from typing import Any, Final

from app.cluster import Cluster
from app.kubernetes.meta import selector, workload_metadata
from app.kubernetes.pods import knobs
from app.names import INITIAL_CLUSTER_MANAGERS, Role
from app.result import Manifest
from app.schema.indexer import IndexerSpec
from app.schema.manager import ManagerRoleSpec

#: Folder names of volumes follow from these, so they never change.
CLAIM: Final = {
    Role.INDEXER: "indexer-data",
    Role.MANAGER_MASTER: "wazuh-data",
    Role.MANAGER_WORKER: "wazuh-data",
}


def stateful_set(
    cluster: Cluster, role: Role, template: Manifest, *, min_ready_seconds: int = 0
) -> Manifest:
    """StatefulSet of a tier; its pods start together (the indexers elect among three)."""
    annotations = dict(knobs(cluster, role).annotations)
    if role is Role.INDEXER:
        annotations[INITIAL_CLUSTER_MANAGERS] = str(cluster.initial_cluster_managers)
    name = cluster.names.workload(role)
    spec: Manifest = {
        "replicas": cluster.tier(role).replicas,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "persistentVolumeClaimRetentionPolicy": {
            "whenDeleted": cluster.spec.deletion_policy,
            "whenScaled": "Retain",
        },
        "template": template,
        **_fixed(cluster, role),
    }
    if min_ready_seconds:
        spec["minReadySeconds"] = min_ready_seconds
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": workload_metadata(cluster, role, name, annotations),
        "spec": spec,
    }


def deployment(cluster: Cluster, role: Role, template: Manifest) -> Manifest:
    """Deployment of a tier; a new pod is ready before an old one goes, so a roll is no outage."""
    fixed = cluster.tier(role).fixed
    own = {"matchLabels": selector(cluster, role)}
    name = cluster.names.workload(role)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": workload_metadata(cluster, role, name, knobs(cluster, role).annotations),
        "spec": {
            "replicas": cluster.tier(role).replicas,
            "selector": fixed.get("selector", own),
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
            },
            "template": template,
        },
    }


def _fixed(cluster: Cluster, role: Role) -> dict[str, Any]:
    """Immutable fields: each as observed, else as wished."""
    observed = cluster.tier(role).fixed
    fresh: dict[str, Any] = {
        "serviceName": cluster.names.headless(role),
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": selector(cluster, role)},
        "volumeClaimTemplates": [_claim(cluster, role)],
    }
    return {name: observed.get(name, value) for name, value in fresh.items()}


def _claim(cluster: Cluster, role: Role) -> Manifest:
    """Claim template in the form the API server stores: the list is compared as a whole."""
    wish = _storage(cluster, role)
    spec: Manifest = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": wish.storage_size}},
        "volumeMode": "Filesystem",
    }
    storage_class = wish.storage_class_name or cluster.spec.storage_class_name
    if storage_class:
        spec["storageClassName"] = storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM[role], "labels": selector(cluster, role)},
        "spec": spec,
        "status": {"phase": "Pending"},
    }


def _storage(cluster: Cluster, role: Role) -> IndexerSpec | ManagerRoleSpec:
    """The knobs of a tier with volumes."""
    match role:
        case Role.INDEXER:
            return cluster.spec.indexer
        case Role.MANAGER_MASTER:
            return cluster.spec.manager.master
        case _:
            return cluster.spec.manager.workers
