"""What is stored for what is written; the recorded objects are stored as they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from app.names import LAST_APPLIED
from app.result import Manifest
from app.simulation.merge import same
from app.simulation.server.defaulting import stored

RECORDINGS: Final = sorted((Path(__file__).parents[2] / "recordings").glob("*.json"))


def recorded() -> list[Manifest]:
    """Every child of the recorded requests that Metacontroller made."""
    found = []
    for path in RECORDINGS:
        for group in json.loads(path.read_text())["children"].values():
            found.extend(group.values())
    return found


def test_what_a_real_server_made_of_a_manifest_is_what_the_model_makes() -> None:
    """From the manifest in the last-applied annotation to the stored spec, object by object."""
    children = recorded()
    assert len(children) > 50
    for child in children:
        applied = json.loads(child["metadata"]["annotations"][LAST_APPLIED])
        made = stored(applied)
        for key in child.keys() - {"metadata", "status"}:
            wanted = child[key]
            if child["kind"] == "Service" and key == "spec":
                wanted = {k: v for k, v in wanted.items() if not k.startswith("clusterIP")}
                made["spec"].pop("clusterIP", None)
            assert same(made[key], wanted), (child["kind"], child["metadata"]["name"], key)


def test_what_is_stored_is_stored_again_without_a_change() -> None:
    """Defaulting is idempotent."""
    for child in recorded():
        body = {key: value for key, value in child.items() if key != "status"}
        once = stored(body)
        assert same(stored(once), once)


def pod(**spec: Any) -> Manifest:
    """A Deployment around one container."""
    return {
        "kind": "Deployment",
        "metadata": {},
        "spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:1", **spec}]}}},
    }


def container(manifest: Manifest) -> dict[str, Any]:
    """Its container as stored."""
    found: dict[str, Any] = stored(manifest)["spec"]["template"]["spec"]["containers"][0]
    return found


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        pytest.param({"env": [{"name": "A", "value": ""}]}, {"env": [{"name": "A"}]}, id="value"),
        pytest.param({"args": [], "command": []}, {}, id="empty lists"),
        pytest.param({"stdin": False, "tty": False}, {}, id="false"),
        pytest.param(
            {"resources": {"requests": {"cpu": "0.5"}, "limits": {}}},
            {"resources": {"requests": {"cpu": "500m"}}},
            id="quantities",
        ),
        pytest.param(
            {"readinessProbe": {"initialDelaySeconds": 0, "successThreshold": 0, "httpGet": {}}},
            {
                "readinessProbe": {
                    "httpGet": {"path": "/", "scheme": "HTTP"},
                    "timeoutSeconds": 1,
                    "periodSeconds": 10,
                    "successThreshold": 1,
                    "failureThreshold": 3,
                }
            },
            id="probe",
        ),
        pytest.param(
            {"securityContext": {"runAsUser": 0, "privileged": False, "capabilities": {"add": []}}},
            {"securityContext": {"runAsUser": 0, "privileged": False, "capabilities": {}}},
            id="optional fields keep their zero",
        ),
        pytest.param({"image": "i"}, {"imagePullPolicy": "Always"}, id="no tag"),
        pytest.param({"image": "r:5000/i"}, {"imagePullPolicy": "Always"}, id="port is no tag"),
        pytest.param({"image": "i@sha256:0"}, {"imagePullPolicy": "IfNotPresent"}, id="digest"),
    ],
)
def test_a_container(written: dict[str, Any], kept: dict[str, Any]) -> None:
    """Everything besides the given fields is a default."""
    result = container(pod(**written))
    assert {key: result[key] for key in kept} == kept
    assert set(result) - set(kept) <= {
        "name", "image", "imagePullPolicy", "resources", "terminationMessagePath",
        "terminationMessagePolicy",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        pytest.param({}, {"emptyDir": {}}, id="no source"),
        pytest.param({"secret": {}}, {"secret": {"defaultMode": 420}}, id="mode"),
        pytest.param(
            {"hostPath": {"path": "/a"}}, {"hostPath": {"path": "/a", "type": ""}}, id="a type"
        ),
        pytest.param(
            {"hostPath": {"path": "/a", "type": ""}},
            {"hostPath": {"path": "/a", "type": ""}},
            id="an empty type of a path on the host stays",
        ),
    ],
)
def test_a_volume(written: dict[str, Any], kept: dict[str, Any]) -> None:
    """What the server adds to a volume's source."""
    manifest = pod()
    manifest["spec"]["template"]["spec"]["volumes"] = [{"name": "v", **written}]
    assert stored(manifest)["spec"]["template"]["spec"]["volumes"] == [{"name": "v", **kept}]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        pytest.param(
            {"kind": "Secret", "stringData": {"a": "b"}},
            {"kind": "Secret", "data": {"a": "Yg=="}, "type": "Opaque"},
            id="stringData moves",
        ),
        pytest.param(
            {
                "kind": "NetworkPolicy",
                "spec": {"egress": [], "ingress": [{"ports": [{"port": 1}]}]},
            },
            {
                "kind": "NetworkPolicy",
                "spec": {
                    "ingress": [{"ports": [{"port": 1, "protocol": "TCP"}]}],
                    "podSelector": {},
                    "policyTypes": ["Ingress"],
                },
            },
            id="an empty egress leaves egress open",
        ),
        pytest.param(
            {"kind": "ConfigMap", "data": {"empty": ""}, "metadata": {"labels": {}}},
            {"kind": "ConfigMap", "data": {"empty": ""}, "metadata": {}},
            id="content keeps its empty texts",
        ),
        pytest.param(
            {"kind": "PodDisruptionBudget", "spec": {"maxUnavailable": 0, "selector": {}}},
            {"kind": "PodDisruptionBudget", "spec": {"maxUnavailable": 0, "selector": {}}},
            id="a budget of 0 stays",
        ),
        pytest.param(
            {"kind": "Role", "rules": [{"apiGroups": [""], "verbs": ["get"]}]},
            {"kind": "Role", "rules": [{"apiGroups": [""], "verbs": ["get"]}]},
            id="the core group stays",
        ),
        pytest.param(
            {"kind": "ConfigMap", "data": None, "immutable": None},
            {"kind": "ConfigMap"},
            id="null",
        ),
    ],
)
def test_an_object(written: Manifest, kept: Manifest) -> None:
    """The whole stored object."""
    assert stored(written) == kept
