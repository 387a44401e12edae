"""The kustomize base: complete, valid, and where it says what the chart says, it says the same."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from app.names import GROUP, PLURAL
from app.result import Manifest
from hack.generate_crd import CRD_FILE
from tests.charts.helm import ROOT
from tests.charts.operator import only, rendered
from tests.e2e.controlplane.build import KUSTOMIZE, build_module
from tests.kubernetes_schema import VERSIONS, schema_faults
from tests.pod_security import Level, violations

BASE: Final = ROOT / "metacontroller"
#: By which all of the base find the hook's pods.
LABEL: Final = {"app.kubernetes.io/name": "wazuh-hook"}


def _read(path: Path) -> Manifest:
    """The only document of a file."""
    manifest: Manifest = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return manifest


def _base() -> list[Manifest]:
    return [_read(BASE / name) for name in _read(BASE / "kustomization.yaml")["resources"]]


def _key(manifest: Manifest) -> tuple[str, str]:
    return manifest["kind"], manifest["metadata"]["name"]


def _without_names(value: Any) -> Any:
    """Names, namespace and labels aside, which the two choose for themselves."""
    if isinstance(value, list):
        return [_without_names(one) for one in value]
    if not isinstance(value, dict):
        return value
    own = {"labels", "matchLabels", "serviceAccountName"}
    return {key: _without_names(one) for key, one in value.items() if key not in own}


def test_every_file_is_listed_once() -> None:
    """No file of the folder is left out, and none is missing."""
    listed = _read(BASE / "kustomization.yaml")["resources"]
    files = {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml"}
    assert sorted(listed) == sorted(files)


def test_kustomize_builds_what_is_listed() -> None:
    """With the real one: every object as it stands in its file, and the image with a tag."""
    built = subprocess.run(  # noqa: S603 - our own arguments
        [build_module(KUSTOMIZE)["kustomize"], "build", BASE],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = list(yaml.load_all(built.stdout, yaml.CSafeLoader))
    wanted = _base()
    [container] = only(wanted, "Deployment")["spec"]["template"]["spec"]["containers"]
    chart = _read(ROOT / "charts" / "wazuh-operator" / "Chart.yaml")
    container["image"] = f"wazuh-hook:{chart['appVersion']}"
    assert sorted(found, key=_key) == sorted(wanted, key=_key)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(version: str) -> None:
    """On the oldest and the newest Kubernetes."""
    known = [
        one
        for one in _base()
        if one["kind"] not in {"CompositeController", "CustomResourceDefinition"}
    ]
    assert [fault for one in known for fault in schema_faults(one, version)] == []


def test_the_pod_is_admitted_by_the_namespace() -> None:
    """The namespace takes restricted pods only."""
    base = _base()
    enforced = only(base, "Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    assert violations(only(base, "Deployment")["spec"]["template"], Level(enforced)) == []


def test_the_definition_is_the_generated_one() -> None:
    """A copy, since kustomize reads no file above its folder."""
    definition = only(_base(), "CustomResourceDefinition", f"{PLURAL}.{GROUP}")
    assert definition == _read(CRD_FILE)


def test_rights_are_those_of_the_chart() -> None:
    """Rule by rule, for the same account."""
    base, chart = _base(), rendered("default")
    assert only(base, "ClusterRole")["rules"] == only(chart, "ClusterRole")["rules"]
    bound = only(base, "ClusterRoleBinding")
    assert bound["subjects"] == only(chart, "ClusterRoleBinding")["subjects"]
    assert bound["roleRef"]["name"] == only(base, "ClusterRole")["metadata"]["name"]


@pytest.mark.parametrize("kind", ["NetworkPolicy", "PodDisruptionBudget"])
def test_policy_and_budget_are_those_of_the_chart(kind: str) -> None:
    """Names and labels aside."""
    chart = only(rendered("default"), kind, "operator")["spec"]
    base = only(_base(), kind)["spec"]
    assert _without_names(base) == _without_names(chart)


def test_the_pod_is_the_one_of_the_chart_without_tls_and_token() -> None:
    """The chart's smallest set has one replica, no TLS and no token."""
    chart = copy.deepcopy(only(rendered("minimal"), "Deployment")["spec"])
    base = only(_base(), "Deployment")["spec"]
    [container] = chart["template"]["spec"]["containers"]
    container["image"] = "wazuh-hook"
    chart["replicas"] = base["replicas"]
    assert _without_names(base) == _without_names(chart)


def test_selectors_find_the_hook_and_the_registration_finds_the_service() -> None:
    """One label, and the host and port of both URLs."""
    base = _base()
    service = only(base, "Service")
    assert service["spec"]["selector"] == LABEL
    assert only(base, "Deployment")["spec"]["template"]["metadata"]["labels"] == LABEL
    assert only(base, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == LABEL
    assert only(base, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == LABEL
    metadata = service["metadata"]
    port = service["spec"]["ports"][0]["port"]
    address = f"http://{metadata['name']}.{metadata['namespace']}.svc.cluster.local:{port}/"
    for hook in only(base, "CompositeController")["spec"]["hooks"].values():
        assert hook["webhook"]["url"].startswith(address)
