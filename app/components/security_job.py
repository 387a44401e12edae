"""The security Job: takes new passwords to the index, with the administrator's certificate.

It runs the indexers' image and mounts two folders, the certificate and the patch. The patch holds
hashes; no password is in it, nor in a variable, an argument or a log.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.certificates.leaves import ADMIN
from app.cluster import Cluster, SecurityJob
from app.config.security import security_sh
from app.kubernetes import pods
from app.names import RENDERER, RENDERER_VERSION, SECURITY_CONTAINER, Names
from app.result import Manifest

PATCH: Final = "security-patch.json"
_CERTIFICATES_FOLDER: Final = "/certs"
_PATCH_FOLDER: Final = "/security"
_USER: Final = 1000
#: A pod that waits for the index so long, and two calls that take their time, end well before it.
_DEADLINE_SECONDS: Final = 600
_PATIENCE_SECONDS: Final = 240
_RETRIES: Final = 6
#: Exit status of the script where the same again would fail the same way.
_NO_USE: Final = 2


def children(cluster: Cluster) -> Iterator[Manifest]:
    """The Job, where one is to be created."""
    if cluster.security_job is not None:
        yield job(cluster.names, cluster.security_job)


def job(names: Names, wanted: SecurityJob) -> Manifest:
    """Job for one patch; it never changes, for a changed one would have another name."""
    labels = dict(wanted.labels)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": names.security_job(wanted.digest),
            "namespace": names.namespace,
            "labels": labels,
            "annotations": {RENDERER: RENDERER_VERSION},
        },
        "spec": {
            "backoffLimit": _RETRIES,
            "activeDeadlineSeconds": _DEADLINE_SECONDS,
            "podFailurePolicy": _failure_policy(),
            "template": {"metadata": {"labels": labels}, "spec": _pod(names, wanted)},
        },
    }


def _failure_policy() -> Manifest:
    """A pod that was evicted counts for nothing; one that says so ends the Job at once."""
    return {
        "rules": [
            {
                "action": "Ignore",
                "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
            },
            {
                "action": "FailJob",
                "onExitCodes": {
                    "containerName": SECURITY_CONTAINER,
                    "operator": "In",
                    "values": [_NO_USE],
                },
            },
        ]
    }


# --- the pod ------------------------------------------------------------------------------
def _pod(names: Names, wanted: SecurityJob) -> Manifest:
    return {
        **wanted.placement,
        "containers": [_container(wanted)],
        "volumes": [
            # One folder each, never single files: certificate and key are replaced together.
            pods.secret_volume("certs", wanted.certs or names.certs(ADMIN), pods.GROUP_READS),
            pods.secret_volume("patch", names.indexer_security, pods.GROUP_READS, {PATCH: PATCH}),
        ],
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _container(wanted: SecurityJob) -> Manifest:
    return {
        "name": SECURITY_CONTAINER,
        "image": wanted.image,
        "imagePullPolicy": wanted.pull_policy,
        "command": ["/bin/bash", "-c", security_sh(), "security", wanted.digest],
        "env": [
            pods.literal("INDEX_URL", wanted.url),
            pods.literal("CERTIFICATES", _CERTIFICATES_FOLDER),
            pods.literal("PATCH", f"{_PATCH_FOLDER}/{PATCH}"),
            pods.literal("PATIENCE", str(_PATIENCE_SECONDS)),
        ],
        "volumeMounts": [
            pods.folder("certs", _CERTIFICATES_FOLDER),
            pods.folder("patch", _PATCH_FOLDER),
        ],
        "resources": {
            "requests": {"cpu": "10m", "memory": "32Mi"},
            "limits": {"memory": "64Mi"},
        },
        # The last words of a pod that failed are then shown with the pod.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
