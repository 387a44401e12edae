"""Log rotation: a CronJob that deletes old dated logs in every manager pod.

Wazuh keeps alerts and archives for ever. kubectl gets arguments only, no shell, so that no error
is swallowed; it may enter the named manager pods and no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.cluster import Cluster
from app.kubernetes.meta import metadata, versioned_labels, workload_metadata
from app.kubernetes.pods import pull_secrets
from app.names import MANAGER_CONTAINER, MANAGERS, Role
from app.result import Manifest

ROLE: Final = Role.LOG_ROTATION

_RBAC: Final = "rbac.authorization.k8s.io"
_MINUTES_PER_DAY: Final = 1440
#: Any user but 0 will do: kubectl needs no home.
_USER: Final = 65532
_HISTORY: Final = 3
_DEADLINE_SECONDS: Final = 3600


def children(cluster: Cluster) -> Iterator[Manifest]:
    """Every object of log rotation, in the order a reader meets them."""
    if not cluster.spec.manager.log_rotation.enabled:
        return
    yield service_account(cluster)
    yield role(cluster)
    yield role_binding(cluster)
    yield cron_job(cluster)


def service_account(cluster: Cluster) -> Manifest:
    """Whom kubectl speaks as."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(cluster, ROLE, cluster.names.log_rotation),
    }


def role(cluster: Cluster) -> Manifest:
    """Entering the manager pods by name; ``get`` on exec is what clients over WebSocket ask."""
    pods = [pod for _, pod in manager_pods(cluster)]
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "Role",
        "metadata": metadata(cluster, ROLE, cluster.names.log_rotation),
        "rules": [
            {
                "apiGroups": [""],
                "resources": ["pods"],
                "resourceNames": pods,
                "verbs": ["get"],
            },
            {
                "apiGroups": [""],
                "resources": ["pods/exec"],
                "resourceNames": pods,
                "verbs": ["create", "get"],
            },
        ],
    }


def role_binding(cluster: Cluster) -> Manifest:
    """The role for the account."""
    name = cluster.names.log_rotation
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": metadata(cluster, ROLE, name),
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": cluster.namespace}],
    }


def cron_job(cluster: Cluster) -> Manifest:
    """One Job at a time; a start missed by more than an hour is skipped."""
    wish = cluster.spec.manager.log_rotation
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": workload_metadata(cluster, ROLE, cluster.names.log_rotation),
        "spec": {
            "schedule": wish.schedule,
            "timeZone": wish.time_zone,
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": _HISTORY,
            "failedJobsHistoryLimit": _HISTORY,
            "startingDeadlineSeconds": _DEADLINE_SECONDS,
            "jobTemplate": {
                "metadata": {"labels": versioned_labels(cluster, ROLE)},
                "spec": {
                    "backoffLimit": 1,
                    "activeDeadlineSeconds": _DEADLINE_SECONDS,
                    "template": _pod_template(cluster),
                },
            },
        },
    }


def manager_pods(cluster: Cluster) -> list[tuple[str, str]]:
    """Container name and pod name for each manager pod: ``master-0``, ``worker-0``, ….

    As many as the tiers are sent, in the order of their ordinals.
    """
    return [
        (f"{role.removeprefix('manager-')}-{ordinal}", cluster.names.pod(role, ordinal))
        for role in MANAGERS
        for ordinal in range(cluster.tier(role).replicas)
    ]


# --- the pod ------------------------------------------------------------------------------
def _pod_template(cluster: Cluster) -> Manifest:
    return {
        "metadata": {"labels": versioned_labels(cluster, ROLE)},
        "spec": {
            "containers": [
                _container(cluster, container, pod) for container, pod in manager_pods(cluster)
            ],
            "restartPolicy": "Never",
            "serviceAccountName": cluster.names.log_rotation,
            "automountServiceAccountToken": True,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _USER,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            **pull_secrets(cluster),
        },
    }


def _container(cluster: Cluster, name: str, pod: str) -> Manifest:
    """Cleans one manager pod: a pod that cannot be entered fails its own container."""
    target = ["exec", "-n", cluster.namespace, pod, "-c", MANAGER_CONTAINER, "--"]
    return {
        "name": name,
        "image": cluster.spec.manager.log_rotation.image,
        "imagePullPolicy": "IfNotPresent",
        "args": [*target, *find_arguments(cluster)],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"memory": "64Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def find_arguments(cluster: Cluster) -> list[str]:
    """``find`` below the dated folders, by age and size in MiB.

    Never a file younger than a day: the live file is a hard link of today's.
    """
    wish = cluster.spec.manager.log_rotation
    chosen = ["-mmin", f"+{wish.retention_days * _MINUTES_PER_DAY}"]
    if wish.max_file_size_mb > 0:
        joined = "-a" if wish.combination_mode == "and" else "-o"
        chosen += [joined, "-size", f"+{wish.max_file_size_mb}M"]
    older_than_a_day = ["-mmin", f"+{_MINUTES_PER_DAY}"]
    files = ["-mindepth", "3", "-type", "f"]
    return [
        "find", *wish.paths, *files, *older_than_a_day, "(", *chosen, ")", "-print", "-delete",
    ]  # fmt: skip
