"""The resolver of references finds each dangling one, and nothing in a sound answer."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.references import faults

LABELS: Final = {
    "app.kubernetes.io/component": "indexer",
    "app.kubernetes.io/instance": "wz",
    "app.kubernetes.io/name": "wazuh-indexer",
}
Objects = dict[str, dict[str, Any]]


def _object(kind: str, name: str, api_version: str = "v1", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def sound() -> Objects:
    """Children without a fault, by a short name."""
    container: dict[str, Any] = {
        "name": "main",
        "ports": [{"name": "rest", "containerPort": 9200, "protocol": "TCP"}],
        "readinessProbe": {"tcpSocket": {"port": "rest"}},
        "env": [
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "wz-key", "key": "key"}}},
            {"name": "PLAIN", "value": "1"},
        ],
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "config", "mountPath": "/etc/config.yml", "subPath": "config.yml"},
        ],
    }
    pod = {
        "containers": [container],
        "serviceAccountName": "wz-pods",
        "volumes": [
            {
                "name": "config",
                "configMap": {
                    "name": "wz-config",
                    "items": [{"key": "config.yml", "path": "config.yml"}],
                },
            },
            {"name": "user", "secret": {"secretName": "mine"}},
        ],
    }
    stateful_set = _object(
        "StatefulSet",
        "wz-indexer",
        "apps/v1",
        spec={
            "replicas": 1,
            "serviceName": "wz-headless",
            "selector": {"matchLabels": dict(LABELS)},
            "template": {"metadata": {"labels": {**LABELS, "extra": "1"}}, "spec": pod},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        },
    )
    port = {"name": "rest", "port": 9200, "protocol": "TCP", "targetPort": "rest"}
    rbac = "rbac.authorization.k8s.io/v1"
    return {
        "key": _object("Secret", "wz-key", data={"key": "MQ=="}),
        "config": _object("ConfigMap", "wz-config", data={"config.yml": "a: 1"}),
        "account": _object("ServiceAccount", "wz-pods"),
        "service": _object("Service", "wz", spec={"selector": dict(LABELS), "ports": [port]}),
        "headless": _object(
            "Service",
            "wz-headless",
            spec={"clusterIP": "None", "selector": dict(LABELS), "ports": [dict(port)]},
        ),
        "workload": stateful_set,
        "budget": _object(
            "PodDisruptionBudget",
            "wz",
            "policy/v1",
            spec={"selector": {"matchLabels": dict(LABELS)}},
        ),
        "policy": _object(
            "NetworkPolicy",
            "wz",
            "networking.k8s.io/v1",
            spec={"podSelector": {"matchLabels": dict(LABELS)}},
        ),
        "role": _object("Role", "wz", rbac, rules=[{"resourceNames": ["wz-indexer-0"]}]),
        "binding": _object(
            "RoleBinding",
            "wz",
            rbac,
            roleRef={"name": "wz"},
            subjects=[{"kind": "ServiceAccount", "name": "wz-pods"}],
        ),
    }


def found(objects: Objects) -> list[str]:
    """Faults of the objects, where the user brings the Secret `mine`."""
    return faults(list(objects.values()), external={"Secret/mine"})


def _without(*names: str) -> Callable[[Objects], None]:
    def change(objects: Objects) -> None:
        for name in names:
            del objects[name]

    return change


def _main(objects: Objects) -> dict[str, Any]:
    container: dict[str, Any] = objects["workload"]["spec"]["template"]["spec"]["containers"][0]
    return container


def _selector(name: str, *path: str) -> Callable[[Objects], None]:
    def change(objects: Objects) -> None:
        place = objects[name]["spec"]
        for key in path:
            place = place[key]
        place["app.kubernetes.io/instance"] = "other"

    return change


POD: Final = "StatefulSet/wz-indexer"
DANGLING: Final = [
    pytest.param(_without("key"), f"{POD}: Secret wz-key is missing", id="Secret"),
    pytest.param(_without("config"), f"{POD}: ConfigMap wz-config is missing", id="ConfigMap"),
    pytest.param(_without("account"), f"{POD}: ServiceAccount wz-pods is missing", id="account"),
    pytest.param(_without("headless"), f"{POD}: Service wz-headless is missing", id="Service"),
    pytest.param(_without("role"), "RoleBinding/wz: Role wz is missing", id="Role"),
    pytest.param(
        lambda objects: objects["key"].update(data={"other": "MQ=="}),
        f"{POD}: Secret wz-key has no key key",
        id="key of a Secret",
    ),
    pytest.param(
        lambda objects: objects["config"].update(data={"other": "1"}),
        f"{POD}: ConfigMap wz-config has no key config.yml",
        id="key of a ConfigMap",
    ),
    pytest.param(
        lambda objects: _main(objects)["volumeMounts"][1].update(subPath="other.yml"),
        f"{POD}: main: config has no file other.yml",
        id="file of a volume",
    ),
    pytest.param(
        lambda objects: _main(objects)["volumeMounts"][0].update(name="other"),
        f"{POD}: main: no volume other",
        id="volume",
    ),
    pytest.param(
        lambda objects: _main(objects)["volumeMounts"][0].update(mountPath="/etc/config.yml"),
        f"{POD}: main: 2 mounts at /etc/config.yml",
        id="two mounts",
    ),
    pytest.param(
        lambda objects: _main(objects)["env"].append({"name": "PLAIN", "value": "2"}),
        f"{POD}: main: variable PLAIN is set 2 times",
        id="two variables",
    ),
    pytest.param(
        lambda objects: _main(objects)["readinessProbe"]["tcpSocket"].update(port="http"),
        f"{POD}: main: readinessProbe asks for port http",
        id="port of a probe",
    ),
    pytest.param(
        lambda objects: objects["service"]["spec"]["ports"][0].update(targetPort="http"),
        f"Service/wz: {POD} has no port http",
        id="port of a Service",
    ),
    pytest.param(
        lambda objects: objects["service"]["spec"]["ports"][0].update(protocol="UDP"),
        f"Service/wz: {POD} has no port rest",
        id="protocol of a port",
    ),
    pytest.param(
        lambda objects: objects["service"]["spec"]["ports"].append({"port": 9200}),
        "Service/wz: 2 ports 9200; Metacontroller merges them into one",
        id="two ports of one number",
    ),
    pytest.param(
        lambda objects: objects["headless"]["spec"].pop("clusterIP"),
        f"{POD}: Service wz-headless is not headless",
        id="no headless Service",
    ),
    pytest.param(
        _selector("headless", "selector"),
        f"{POD}: Service wz-headless selects other pods",
        id="pods of the headless Service",
    ),
    pytest.param(
        _selector("service", "selector"),
        f"Service/wz: the selector misses the pods of {POD}",
        id="selector of a Service",
    ),
    pytest.param(
        _selector("budget", "selector", "matchLabels"),
        f"PodDisruptionBudget/wz: the selector misses the pods of {POD}",
        id="selector of a budget",
    ),
    pytest.param(
        _selector("policy", "podSelector", "matchLabels"),
        f"NetworkPolicy/wz: the selector misses the pods of {POD}",
        id="selector of a policy",
    ),
    pytest.param(
        _selector("workload", "selector", "matchLabels"),
        f"{POD}: the selector misses its own pods",
        id="selector of a workload",
    ),
    pytest.param(
        lambda objects: objects["role"]["rules"][0].update(resourceNames=["wz-indexer-1"]),
        "Role/wz: pod wz-indexer-1 is missing",
        id="pod of a role",
    ),
    pytest.param(
        lambda objects: objects["binding"]["subjects"][0].update(name="nobody"),
        "RoleBinding/wz: ServiceAccount nobody is missing",
        id="subject",
    ),
    pytest.param(
        lambda objects: objects["key"]["metadata"].update(name="Upper"),
        "Secret/Upper: no DNS-1123 label of at most 63 characters",
        id="upper case",
    ),
    pytest.param(
        lambda objects: objects["service"]["metadata"].update(name="a" * 64),
        f"Service/{'a' * 64}: no DNS-1123 label of at most 63 characters",
        id="long name",
    ),
    pytest.param(
        lambda objects: objects.update(twin=objects["key"]),
        "Secret/wz-key: emitted 2 times",
        id="twin",
    ),
    pytest.param(
        lambda objects: objects["budget"].update(apiVersion="policy/v1beta1"),
        "PodDisruptionBudget/wz: policy/v1beta1 PodDisruptionBudget is not registered",
        id="other version",
    ),
    pytest.param(
        lambda objects: objects["account"].update(automountServiceAccountToken=None),
        "children[2].automountServiceAccountToken is null",
        id="null",
    ),
    pytest.param(
        lambda objects: objects["workload"]["spec"].update(minReadySeconds=1.0),
        "children[5].spec.minReadySeconds is a float",
        id="float",
    ),
]


def test_a_sound_answer_has_no_fault() -> None:
    """The objects that all rows start from."""
    assert found(sound()) == []


def test_an_object_of_the_user_must_be_declared() -> None:
    """Without being told, the user's Secret is a missing one."""
    assert faults(list(sound().values())) == [f"{POD}: Secret mine is missing"]


@pytest.mark.parametrize(("change", "fault"), DANGLING)
def test_a_dangling_reference_is_found(change: Callable[[Objects], None], fault: str) -> None:
    """Each row breaks one thing, and that is named."""
    objects = copy.deepcopy(sound())
    change(objects)
    assert fault in found(objects)
