"""Log rotation: who may do what, and which files go."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.components import log_rotation
from app.kubernetes import meta
from app.names import Role
from app.result import Manifest
from tests.clusters import cluster


def _raw(workers: int = 2, **rotation: Any) -> Manifest:
    manager = {"logRotation": {"enabled": True, **rotation}, "workers": {"replicas": workers}}
    return {"manager": manager}


def _arguments(**rotation: Any) -> list[str]:
    return log_rotation.find_arguments(cluster(_raw(**rotation)))


def test_there_is_nothing_unless_it_is_enabled() -> None:
    """Off by default, gone when disabled."""
    assert list(log_rotation.children(cluster())) == []
    kinds = [child["kind"] for child in log_rotation.children(cluster(_raw()))]
    assert kinds == ["ServiceAccount", "Role", "RoleBinding", "CronJob"]


def test_the_account_may_enter_the_manager_pods_and_no_others() -> None:
    """Metacontroller must hold the same rights to grant them."""
    of_cluster = cluster(_raw())
    pods = ["wz-manager-master-0", "wz-manager-worker-0", "wz-manager-worker-1"]
    metadata = meta.metadata(of_cluster, Role.LOG_ROTATION, "wz-log-rotation")
    account, role, binding, _ = log_rotation.children(of_cluster)
    assert account == {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
    named = {"apiGroups": [""], "resourceNames": pods}
    assert role == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata,
        "rules": [
            {**named, "resources": ["pods"], "verbs": ["get"]},
            {**named, "resources": ["pods/exec"], "verbs": ["create", "get"]},
        ],
    }
    name = "wz-log-rotation"
    assert binding == {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": "security"}],
    }


def test_the_cron_job_cleans_each_manager_in_a_container_of_its_own() -> None:
    """Arguments only: without a shell no error is swallowed."""
    of_cluster = cluster(_raw(workers=1, schedule="30 2 * * *", timeZone="Europe/Vienna"))
    labels = meta.versioned_labels(of_cluster, Role.LOG_ROTATION)

    def container(name: str, pod: str) -> Manifest:
        target = ["exec", "-n", "security", pod, "-c", "wazuh-manager", "--"]
        return {
            "name": name,
            "image": "registry.k8s.io/kubectl:v1.34.1",
            "imagePullPolicy": "IfNotPresent",
            "args": [*target, *log_rotation.find_arguments(of_cluster)],
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

    assert log_rotation.cron_job(of_cluster) == {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": meta.workload_metadata(of_cluster, Role.LOG_ROTATION, "wz-log-rotation"),
        "spec": {
            "schedule": "30 2 * * *",
            "timeZone": "Europe/Vienna",
            "concurrencyPolicy": "Forbid",
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 3,
            "startingDeadlineSeconds": 3600,
            "jobTemplate": {
                "metadata": {"labels": labels},
                "spec": {
                    "backoffLimit": 1,
                    "activeDeadlineSeconds": 3600,
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {
                            "containers": [
                                container("master-0", "wz-manager-master-0"),
                                container("worker-0", "wz-manager-worker-0"),
                            ],
                            "restartPolicy": "Never",
                            "serviceAccountName": "wz-log-rotation",
                            "automountServiceAccountToken": True,
                            "enableServiceLinks": False,
                            "securityContext": {
                                "runAsNonRoot": True,
                                "runAsUser": 65532,
                                "seccompProfile": {"type": "RuntimeDefault"},
                            },
                        },
                    },
                },
            },
        },
    }


def test_pull_secrets_and_image_reach_the_job() -> None:
    """As in every pod."""
    raw = {**_raw(image="r.example.com/kubectl:1.34"), "imagePullSecrets": [{"name": "registry"}]}
    job = log_rotation.cron_job(cluster(raw))["spec"]["jobTemplate"]
    pod = job["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    images = {container["image"] for container in pod["containers"]}
    assert images == {"r.example.com/kubectl:1.34"}


START = ["-mindepth", "3", "-type", "f", "-mmin", "+1440", "("]
END = [")", "-print", "-delete"]
DEFAULT_PATHS = ["/var/ossec/logs/alerts/", "/var/ossec/logs/archives/"]


@pytest.mark.parametrize(
    ("rotation", "paths", "chosen"),
    [
        pytest.param({}, DEFAULT_PATHS, ["-mmin", "+10080"], id="a week"),
        pytest.param({"retentionDays": 30}, DEFAULT_PATHS, ["-mmin", "+43200"], id="a month"),
        pytest.param(
            {"maxFileSizeMB": 512},
            DEFAULT_PATHS,
            ["-mmin", "+10080", "-o", "-size", "+512M"],
            id="age or size",
        ),
        pytest.param(
            {"maxFileSizeMB": 512, "combinationMode": "and"},
            DEFAULT_PATHS,
            ["-mmin", "+10080", "-a", "-size", "+512M"],
            id="age and size",
        ),
        pytest.param(
            {"paths": ["/var/ossec/logs/api"]},
            ["/var/ossec/logs/api"],
            ["-mmin", "+10080"],
            id="other folders",
        ),
    ],
)
def test_files_are_chosen_by_age_and_size(
    rotation: Manifest, paths: list[str], chosen: list[str]
) -> None:
    """Always below the dated folders, and never younger than a day."""
    assert _arguments(**rotation) == ["find", *paths, *START, *chosen, *END]


DAY = 86400


@pytest.mark.parametrize(
    ("rotation", "gone"),
    [
        pytest.param({}, {"old-small", "old-large"}, id="age"),
        pytest.param(
            {"maxFileSizeMB": 1}, {"old-small", "old-large", "young-large"}, id="age or size"
        ),
        pytest.param(
            {"maxFileSizeMB": 1, "combinationMode": "and"}, {"old-large"}, id="age and size"
        ),
    ],
)
def test_a_real_find_deletes_what_is_meant(
    tmp_path: Path, rotation: Manifest, gone: set[str]
) -> None:
    """Today's file stays whatever its size, and so does what is not dated."""
    ages = {"old": 9 * DAY, "young": 3 * DAY, "live": 0}
    sizes = {"small": 10, "large": 3 * 1024 * 1024}
    dated = tmp_path / "2026" / "Nov"
    dated.mkdir(parents=True)
    for age in ages:
        for size, length in sizes.items():
            (dated / f"{age}-{size}").write_bytes(b"\0" * length)
    (tmp_path / "undated").write_bytes(b"")
    for path in [*dated.iterdir(), tmp_path / "undated"]:
        seconds = ages.get(path.name.split("-")[0], 9 * DAY)
        subprocess.run(  # noqa: S603 - fixed arguments
            ["/usr/bin/touch", "-d", f"-{seconds} seconds", str(path)], check=True
        )
    arguments = _arguments(**rotation)
    paths = len(DEFAULT_PATHS)
    command = ["find", str(tmp_path), *arguments[1 + paths :]]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - fixed arguments
    everything = {f"{age}-{size}" for age in ages for size in sizes}
    assert {path.name for path in dated.iterdir()} == everything - gone
    assert (tmp_path / "undated").exists()
