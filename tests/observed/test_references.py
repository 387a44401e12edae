"""Which Secrets and ConfigMaps a pod template refers to, in each place where it can."""

from __future__ import annotations

from typing import Any

import pytest

from app import components
from app.observed.references import config_map_references, secret_references
from app.observed.template import template_of
from tests import clusters


def _volume(**source: Any) -> dict[str, Any]:
    return {"spec": {"volumes": [{"name": "a", **source}]}}


def _container(kind: str = "containers", **fields: Any) -> dict[str, Any]:
    return {"spec": {kind: [{"name": "a", **fields}]}}


SECRETS = [
    pytest.param(_volume(secret={"secretName": "x"}), {"x"}, id="volume"),
    pytest.param(
        _volume(projected={"sources": [{"secret": {"name": "x"}}, {"secret": {"name": "y"}}]}),
        {"x", "y"},
        id="projected volume",
    ),
    pytest.param(
        _container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "x", "key": "k"}}}]),
        {"x"},
        id="variable",
    ),
    pytest.param(_container(envFrom=[{"secretRef": {"name": "x"}}]), {"x"}, id="all variables"),
    pytest.param(
        _container("initContainers", envFrom=[{"secretRef": {"name": "x"}}]),
        {"x"},
        id="init container",
    ),
    pytest.param({"spec": {"imagePullSecrets": [{"name": "x"}]}}, set(), id="pull secrets"),
    pytest.param(_volume(configMap={"name": "x"}), set(), id="a ConfigMap"),
]
CONFIG_MAPS = [
    pytest.param(_volume(configMap={"name": "x"}), {"x"}, id="volume"),
    pytest.param(
        _volume(projected={"sources": [{"configMap": {"name": "x"}}]}), {"x"}, id="projected volume"
    ),
    pytest.param(
        _container(env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "x"}}}]),
        {"x"},
        id="variable",
    ),
    pytest.param(_container(envFrom=[{"configMapRef": {"name": "x"}}]), {"x"}, id="all variables"),
    pytest.param(_volume(secret={"secretName": "x"}), set(), id="a Secret"),
]
MALFORMED = [
    {},
    {"spec": None},
    {"spec": {"volumes": {}, "containers": "a"}},
    _volume(secret=None, configMap=[]),
    _volume(secret={"secretName": 7}, configMap={"name": ""}),
    _volume(projected={"sources": [None, {"secret": None, "configMap": 1}]}),
    _container(
        env=[None, {"valueFrom": None}], envFrom=[None, {"secretRef": [], "configMapRef": 1}]
    ),
    {"spec": {"containers": [None, "a"], "volumes": [None, "a"]}},
]


@pytest.mark.parametrize(("template", "expected"), SECRETS)
def test_secrets_that_pods_read(template: dict[str, Any], expected: set[str]) -> None:
    """By mount or variable; the kubelet alone reads pull secrets."""
    assert secret_references(template) == expected


@pytest.mark.parametrize(("template", "expected"), CONFIG_MAPS)
def test_config_maps_that_pods_read(template: dict[str, Any], expected: set[str]) -> None:
    """By mount or variable."""
    assert config_map_references(template) == expected


@pytest.mark.parametrize("template", MALFORMED)
def test_a_template_of_another_form_refers_to_nothing(template: dict[str, Any]) -> None:
    """An observed one may hold anything that a fake or a later API writes."""
    assert secret_references(template) == frozenset()
    assert config_map_references(template) == frozenset()


@pytest.mark.parametrize(
    ("name", "secrets", "config_map"),
    [
        ("wz-indexer", {"wz-indexer-certs", "wz-indexer-security"}, "wz-indexer-config"),
        (
            "wz-manager-master",
            {
                "wz-api-credentials",
                "wz-cluster-key",
                "wz-filebeat-certs",
                "wz-indexer-credentials",
                "wz-manager-master-certs",
            },
            "wz-manager-master-config",
        ),
        (
            "wz-dashboard",
            {"wz-dashboard-certs", "wz-dashboard-credentials", "wz-dashboard-wazuh"},
            "wz-dashboard-config",
        ),
    ],
)
def test_references_of_our_own_workloads(name: str, secrets: set[str], config_map: str) -> None:
    """What custom-resource 8 says that each tier reads."""
    [workload] = [
        child
        for child in components.render(clusters.cluster())
        if child["kind"] in {"StatefulSet", "Deployment"} and child["metadata"]["name"] == name
    ]
    assert secret_references(template_of(workload)) == secrets
    assert config_map_references(template_of(workload)) == {config_map}
