"""The dashboard's objects."""

from __future__ import annotations

from typing import Any

import pytest

from app.components import dashboard
from app.config.dashboard import opensearch_dashboards_yml
from app.kubernetes import meta, probes
from app.names import Role
from app.result import Manifest
from tests.clusters import cluster


def _kinds(raw: Manifest) -> list[str]:
    return [child["kind"] for child in dashboard.children(cluster(raw))]


def _pod(raw: Manifest | None = None) -> Manifest:
    spec: Manifest = dashboard.workload(cluster(raw))["spec"]["template"]["spec"]
    return spec


def test_the_config_map_holds_the_servers_configuration() -> None:
    """wazuh.yml holds passwords, so it is a Secret."""
    of_cluster = cluster()
    assert dashboard.config_map(of_cluster) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta.metadata(of_cluster, Role.DASHBOARD, "wz-dashboard-config"),
        "data": {"opensearch_dashboards.yml": opensearch_dashboards_yml(of_cluster)},
    }


def test_disabling_the_dashboard_removes_its_deployment_alone() -> None:
    """It comes back as it was."""
    raw: Manifest = {"dashboard": {"replicas": 2, "networkPolicy": {"enabled": True}}}
    everything = ["ConfigMap", "Service", "Deployment", "PodDisruptionBudget", "NetworkPolicy"]
    assert _kinds(raw) == everything
    raw["dashboard"]["enabled"] = False
    assert _kinds(raw) == [kind for kind in everything if kind != "Deployment"]


def test_the_container_is_the_images_own_with_files_beside_it() -> None:
    """Passwords by reference; files one by one, for the folders around them are written."""

    def secret(name: str, key: str) -> Manifest:
        reference = {"name": "wz-dashboard-credentials", "key": key}
        return {"name": name, "valueFrom": {"secretKeyRef": reference}}

    def file(volume: str, path: str, name: str) -> Manifest:
        return {"name": volume, "mountPath": path, "subPath": name, "readOnly": True}

    home = "/usr/share/wazuh-dashboard"
    assert _pod()["containers"] == [
        {
            "name": "wazuh-dashboard",
            "image": "wazuh/wazuh-dashboard:4.14.4",
            "imagePullPolicy": "IfNotPresent",
            "env": [
                secret("DASHBOARD_USERNAME", "dashboard-username"),
                secret("DASHBOARD_PASSWORD", "dashboard-password"),
                secret("COOKIE_PASSWORD", "cookie-password"),
            ],
            "volumeMounts": [
                file(
                    "config",
                    f"{home}/config/opensearch_dashboards.yml",
                    "opensearch_dashboards.yml",
                ),
                {"name": "certs", "mountPath": f"{home}/certs", "readOnly": True},
                file("wazuh", f"{home}/data/wazuh/config/wazuh.yml", "wazuh.yml"),
            ],
            "resources": {
                "requests": {"cpu": "250m", "memory": "512Mi"},
                "limits": {"memory": "1Gi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
            "ports": [{"name": "https", "containerPort": 5601, "protocol": "TCP"}],
            "lifecycle": {"preStop": {"exec": {"command": ["sleep", "5"]}}},
            **probes.dashboard_probes(),
        }
    ]


def test_the_pod_runs_as_the_images_user_and_can_read_its_files() -> None:
    """A stop lasts the whole grace period, so it is short."""
    pod = _pod()
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "fsGroup": 1000,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert pod["terminationGracePeriodSeconds"] == 15
    assert pod["volumes"] == [
        {"name": "config", "configMap": {"name": "wz-dashboard-config", "defaultMode": 0o440}},
        {"name": "certs", "secret": {"secretName": "wz-dashboard-certs", "defaultMode": 0o440}},
        {"name": "wazuh", "secret": {"secretName": "wz-dashboard-wazuh", "defaultMode": 0o440}},
    ]


@pytest.mark.parametrize(
    ("version", "added"),
    [
        pytest.param("4.9.2", ["NET_BIND_SERVICE"], id="node's file has the capability"),
        pytest.param("4.10.0", None, id="it was taken away"),
        pytest.param("4.14.1", None, id="newest minor"),
    ],
)
def test_the_oldest_images_need_a_capability_to_start(version: str, added: Any) -> None:
    """A file with a capability outside the bounding set cannot be executed."""
    capabilities = _pod({"version": version})["containers"][0]["securityContext"]["capabilities"]
    assert capabilities["drop"] == ["ALL"]
    assert capabilities.get("add") == added


def test_the_deployment_is_named_after_its_tier() -> None:
    """And selects its own pods."""
    of_cluster = cluster({"dashboard": {"replicas": 2}})
    found = dashboard.workload(of_cluster)
    selector = meta.selector(of_cluster, Role.DASHBOARD)
    assert found["metadata"] == meta.workload_metadata(of_cluster, Role.DASHBOARD, "wz-dashboard")
    assert found["spec"]["replicas"] == 2
    assert found["spec"]["selector"] == {"matchLabels": selector}
    labels = found["spec"]["template"]["metadata"]["labels"]
    assert selector.items() <= labels.items()
