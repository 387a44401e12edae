"""The indexers' objects."""

from __future__ import annotations

from typing import Any

import pytest

from app.components import indexer
from app.config.opensearch import opensearch_yml
from app.kubernetes import meta, probes
from app.names import Role
from app.result import Manifest
from tests.clusters import cluster

FILES = [
    "action_groups.yml",
    "config.yml",
    "internal_users.yml",
    "nodes_dn.yml",
    "roles.yml",
    "roles_mapping.yml",
    "tenants.yml",
    "whitelist.yml",
]


def _pod(raw: Manifest | None = None, **overrides: Any) -> Manifest:
    spec: Manifest = indexer.workload(cluster(raw, **overrides))["spec"]["template"]["spec"]
    return spec


def _paths(raw: Manifest) -> dict[str, str]:
    return {
        mount["name"]: mount["mountPath"] for mount in _pod(raw)["containers"][0]["volumeMounts"]
    }


def test_the_config_map_holds_the_nodes_configuration() -> None:
    """One file, with the bootstrap list."""
    of_cluster = cluster()
    assert indexer.config_map(of_cluster) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta.metadata(of_cluster, Role.INDEXER, "wz-indexer-config"),
        "data": {"opensearch.yml": opensearch_yml(of_cluster)},
    }


def test_the_container_is_the_images_own_with_files_beside_it() -> None:
    """Whole folders for certificates and security files, a single file for the configuration."""
    home = "/usr/share/wazuh-indexer/config"
    assert _pod()["containers"] == [
        {
            "name": "wazuh-indexer",
            "image": "wazuh/wazuh-indexer:4.14.4",
            "imagePullPolicy": "IfNotPresent",
            "env": [
                {
                    "name": "POD_NAME",
                    "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}},
                },
                {"name": "OPENSEARCH_JAVA_OPTS", "value": "-Xms2048m -Xmx2048m"},
            ],
            "volumeMounts": [
                {"name": "indexer-data", "mountPath": "/var/lib/wazuh-indexer"},
                {
                    "name": "config",
                    "mountPath": f"{home}/opensearch.yml",
                    "subPath": "opensearch.yml",
                    "readOnly": True,
                },
                {"name": "certs", "mountPath": f"{home}/certs", "readOnly": True},
                {
                    "name": "security",
                    "mountPath": f"{home}/opensearch-security",
                    "readOnly": True,
                },
            ],
            "resources": {
                "requests": {"cpu": "500m", "memory": "4Gi"},
                "limits": {"memory": "4Gi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
            "ports": [
                {"name": "rest", "containerPort": 9200, "protocol": "TCP"},
                {"name": "transport", "containerPort": 9300, "protocol": "TCP"},
            ],
            **probes.indexer_probes(),
        }
    ]


def test_the_pod_runs_as_the_images_user_and_can_read_its_files() -> None:
    """Files are handed to the group, since the container is not user 0."""
    pod = _pod()
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 1000,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod["terminationGracePeriodSeconds"] == 120
    assert pod["volumes"] == [
        {"name": "config", "configMap": {"name": "wz-indexer-config", "defaultMode": 0o440}},
        {"name": "certs", "secret": {"secretName": "wz-indexer-certs", "defaultMode": 0o440}},
        {
            "name": "security",
            "secret": {
                "secretName": "wz-indexer-security",
                "defaultMode": 0o440,
                "items": [{"key": name, "path": name} for name in FILES],
            },
        },
    ]


@pytest.mark.parametrize(
    ("version", "home"),
    [
        pytest.param("4.9.0", "/usr/share/wazuh-indexer", id="oldest"),
        pytest.param("4.13.1", "/usr/share/wazuh-indexer", id="before the move"),
        pytest.param("4.14.0", "/usr/share/wazuh-indexer/config", id="after the move"),
        pytest.param("4.15.0", "/usr/share/wazuh-indexer/config", id="unknown minor"),
    ],
)
def test_files_lie_where_the_version_looks_for_them(version: str, home: str) -> None:
    """They moved in 4.14.0; the data did not."""
    assert _paths({"version": version}) == {
        "indexer-data": "/var/lib/wazuh-indexer",
        "config": f"{home}/opensearch.yml",
        "certs": f"{home}/certs",
        "security": f"{home}/opensearch-security",
    }


@pytest.mark.parametrize(
    ("heap", "java_opts", "wanted"),
    [
        pytest.param(2048, None, "-Xms2048m -Xmx2048m", id="heap"),
        pytest.param(512, "-Dx=1", "-Xms512m -Xmx512m -Dx=1", id="heap before options"),
        pytest.param(None, "-Xms1g -Xmx1g", "-Xms1g -Xmx1g", id="the user's heap"),
    ],
)
def test_the_heap_is_always_said(heap: int | None, java_opts: str | None, wanted: str) -> None:
    """The image sets none."""
    of_cluster = cluster({"indexer": {"javaOpts": java_opts}}, heap_mib=heap)
    assert indexer.java_opts(of_cluster) == wanted


def test_only_init_brings_a_privileged_container() -> None:
    """It raises the node's setting and overrides the pod's user."""
    current = "/proc/sys/vm/max_map_count"
    script = f'[ "$(cat {current})" -ge 262144 ] || echo 262144 >{current}'
    init = _pod({"indexer": {"vmMaxMapCount": "Init"}})["initContainers"]
    assert init == [
        {
            "name": "sysctl",
            "image": "wazuh/wazuh-indexer:4.14.4",
            "imagePullPolicy": "IfNotPresent",
            "command": [
                "/bin/sh",
                "-c",
                script,
            ],
            "resources": {
                "requests": {"cpu": "10m", "memory": "16Mi"},
                "limits": {"memory": "64Mi"},
            },
            "securityContext": {"privileged": True, "runAsNonRoot": False, "runAsUser": 0},
        }
    ]
    assert "initContainers" not in _pod({"indexer": {"vmMaxMapCount": "Preset"}})
    assert "initContainers" not in _pod()


def test_the_bootstrap_list_rolls_no_pod() -> None:
    """It is read by a node without data only."""

    def template(bootstrapping: int) -> Manifest:
        of_cluster = cluster(initial_cluster_managers=bootstrapping)
        found: Manifest = indexer.workload(of_cluster)["spec"]["template"]
        return found

    assert template(1) == template(3)
