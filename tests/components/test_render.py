"""All objects of a cluster together: nothing twice, nothing dangling, nothing unsettled."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from app.checks.mounts import OUR_VOLUMES, our_mounts
from app.checks.pods import PROTECTED_ENV
from app.cluster import Cluster, SecretKey
from app.components import manager_master, render
from app.config import security
from app.names import TIERS, Names, Role
from app.result import Manifest
from app.secret_data import SecretData
from tests.clusters import cluster
from tests.kubernetes_schema import VERSIONS, schema_faults
from tests.pod_security import Level, pod_templates, violations
from tests.references import faults
from tests.user_overrides import OVERRIDES

#: Keys by which Metacontroller merges lists, in its order.
MERGE_KEYS = ("containerPort", "port", "mountPath", "name", "uid", "ip", "path")

EVERYTHING: Manifest = {
    "indexer": {"vmMaxMapCount": "Init", "networkPolicy": {"enabled": True, "egress": []}},
    "manager": {
        "config": {
            "remote": {"port": 1600, "protocol": "udp"},
            "auth": {
                "port": 1514,
                "usePassword": True,
                "enabledOnMasterOnly": False,
                "sslAgentCASecretRef": {"name": "agents", "key": "ca.pem"},
            },
        },
        "agentService": {"enabled": True, "type": "NodePort"},
        "logRotation": {"enabled": True, "maxFileSizeMB": 100},
        "master": {"networkPolicy": {"enabled": True}, "service": {"type": "LoadBalancer"}},
        "workers": {"networkPolicy": {"enabled": True}},
    },
    "dashboard": {"replicas": 2, "networkPolicy": {"enabled": True, "egress": []}},
}
SPECS = [
    pytest.param({}, id="default"),
    pytest.param(EVERYTHING, id="everything on"),
    pytest.param({"version": "4.9.0"}, id="oldest version"),
    pytest.param({"version": "4.13.1", **EVERYTHING}, id="everything on an older version"),
    pytest.param(
        {
            "manager": {
                "workers": {"replicas": 0},
                "config": {"auth": {"disabled": True}},
                "logRotation": {"enabled": True},
            },
            "dashboard": {"enabled": False},
        },
        id="as little as possible",
    ),
]
OUTSIDE = ("Secret/agents",)


def _secrets(names: Names) -> tuple[tuple[Role, SecretData], ...]:
    """All Secrets that pods refer to, with the keys they need."""
    leaf = ("ca.crt", "tls.crt", "tls.key")
    leaves = ("indexer", "manager-master", "manager-worker", "dashboard", "filebeat", "admin")
    keys = {
        **{names.certs(name): leaf for name in leaves},
        names.indexer_credentials: ("admin-username", "admin-password"),
        names.dashboard_credentials: (
            "dashboard-username",
            "dashboard-password",
            "cookie-password",
        ),
        names.api_credentials: (
            "api-username",
            "api-password",
            "admin-username",
            "admin-password",
        ),
        names.cluster_key: ("cluster-key",),
        names.authd_password: ("authd.pass",),
        names.indexer_security: (*security.FILES, "password-digests"),
        names.dashboard_wazuh: ("wazuh.yml",),
    }
    return tuple(
        (Role.CREDENTIALS, SecretData(name=name, data=dict.fromkeys(found, "eA==")))
        for name, found in keys.items()
    )


def _cluster(raw: Manifest) -> Cluster:
    of_cluster = cluster(raw)
    return cluster(raw, secrets=_secrets(of_cluster.names))


@pytest.mark.parametrize("raw", SPECS)
def test_every_reference_resolves_and_no_object_comes_twice(raw: Manifest) -> None:
    """Secrets, ConfigMaps, keys, Services, port names, accounts, selectors."""
    assert faults(render(_cluster(raw)), external=OUTSIDE) == []


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("raw", SPECS)
def test_every_object_is_valid_in_the_oldest_and_a_new_kubernetes(
    raw: Manifest, version: str
) -> None:
    """Strictly: an unknown field is a fault."""
    found = [fault for child in render(_cluster(raw)) for fault in schema_faults(child, version)]
    assert found == []


def _lists(value: Any, path: str) -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _lists(item, f"{path}.{key}")
    if isinstance(value, list):
        yield path, value
        for index, item in enumerate(value):
            yield from _lists(item, f"{path}[{index}]")


def _collisions(child: Manifest) -> Iterator[str]:
    """Lists in which two items have the same value of the key Metacontroller merges by."""
    for path, items in _lists(child, child["metadata"]["name"]):
        if not items or not all(isinstance(item, dict) for item in items):
            continue
        common = [key for key in MERGE_KEYS if all(key in item for item in items)]
        values = [item[common[0]] for item in items] if common else []
        # A policy's ports are a list inside an atomic one: they are never merged by item.
        if len({repr(value) for value in values}) < len(values) and "egress" not in path:
            yield path


@pytest.mark.parametrize("raw", [*SPECS, pytest.param(OVERRIDES, id="every knob")])
def test_no_two_items_of_a_list_collapse_in_a_merge(raw: Manifest) -> None:
    """Two mounts of one path, or one port number twice, could never be applied."""
    assert [path for child in render(_cluster(raw)) for path in _collisions(child)] == []


@pytest.mark.parametrize("raw", SPECS)
def test_nothing_is_emitted_that_the_api_server_drops(raw: Manifest) -> None:
    """No null, no empty list, no empty text: each would be written in every sync."""

    def dropped(value: Any, path: str) -> Iterator[str]:
        if value is None or value in ([], ""):
            yield path
        if isinstance(value, dict):
            for key, item in value.items():
                yield from dropped(item, f"{path}.{key}")
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from dropped(item, f"{path}[{index}]")

    allowed = {"rules[0].apiGroups[0]", "rules[1].apiGroups[0]"}  # the core group has no name
    found = [
        path
        for child in render(_cluster(raw))
        for path in dropped(child, child["metadata"]["name"])
        if ".data." not in path and path.partition(".")[2] not in allowed
    ]
    assert found == []


@pytest.mark.parametrize("raw", SPECS)
def test_a_rendering_leaves_nothing_behind_that_changes_the_next(raw: Manifest) -> None:
    """Manifests may share parts with the spec, and no builder may write into them."""
    of_cluster = _cluster(raw)
    first = copy.deepcopy(render(of_cluster))
    assert render(of_cluster) == first


def _mounts(of_cluster: Cluster, role: Role) -> dict[str, str]:
    workload = next(
        child
        for child in render(of_cluster)
        if child["kind"] in {"StatefulSet", "Deployment"}
        and child["metadata"]["name"] == of_cluster.names.workload(role)
    )
    container = workload["spec"]["template"]["spec"]["containers"][0]
    return {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}


@pytest.mark.parametrize("version", ["4.9.0", "4.13.1", "4.14.1"])
@pytest.mark.parametrize("role", TIERS)
@pytest.mark.parametrize(
    "config",
    [
        pytest.param({}, id="default"),
        pytest.param(EVERYTHING["manager"]["config"], id="enrolment with all"),
        pytest.param(
            {"auth": {"sslManagerCert": "etc/a.cert", "sslManagerKey": "etc/a.key"}},
            id="a pair of the user's",
        ),
    ],
)
def test_the_checks_know_our_mounts(version: str, role: Role, config: Manifest) -> None:
    """A mount they do not know could be hidden by one of the user's."""
    of_cluster = cluster({"version": version, "manager": {"config": config}})
    known = our_mounts(of_cluster.spec, role, of_cluster.version)
    assert _mounts(of_cluster, role) == {mount.path: mount.volume for mount in known}


@pytest.mark.parametrize("role", TIERS)
def test_the_checks_know_our_volumes_and_variables(role: Role) -> None:
    """Another of the same name would take the place of ours."""
    of_cluster = _cluster(EVERYTHING)
    templates = pod_templates([*render(of_cluster)])
    spec = next(
        template["spec"]
        for name, template in templates.items()
        if name.endswith(f"/{of_cluster.names.workload(role)}")
    )
    assert {volume["name"] for volume in spec["volumes"]} <= OUR_VOLUMES[role]
    variables = {variable["name"] for variable in spec["containers"][0]["env"]}
    assert variables <= PROTECTED_ENV[role].keys()


@pytest.mark.parametrize("version", ["4.9.0", "4.14.1"])
def test_pods_reach_the_levels_of_the_security_standards(version: str) -> None:
    """Managers start as user 0 and reach baseline, all others restricted."""
    raw = {"version": version, "manager": {"logRotation": {"enabled": True}}}
    for name, template in pod_templates([*render(_cluster(raw))]).items():
        level = Level.BASELINE if "-manager-" in name else Level.RESTRICTED
        assert violations(template, level) == [], name


def test_the_names_of_the_children_are_those_that_people_know() -> None:
    """With everything on; by kind, sorted."""
    found: dict[str, list[str]] = {}
    for child in render(cluster(EVERYTHING)):
        name = child["metadata"]["name"].removeprefix("wz-")
        found.setdefault(child["kind"], []).append(name)
    tiers = ["dashboard", "indexer", "manager-master", "manager-worker"]
    rotation = ["log-rotation"]
    assert {kind: sorted(names) for kind, names in found.items()} == {
        "ConfigMap": [f"{tier}-config" for tier in tiers],
        "Service": [
            "agents",
            "dashboard",
            "indexer",
            "indexer-headless",
            "manager-api",
            "manager-master",
            "manager-master-headless",
            "manager-worker",
            "manager-worker-headless",
        ],
        "StatefulSet": ["indexer", "manager-master", "manager-worker"],
        "Deployment": ["dashboard"],
        "PodDisruptionBudget": ["dashboard", "indexer", "manager-worker"],
        "NetworkPolicy": tiers,
        "ServiceAccount": rotation,
        "Role": rotation,
        "RoleBinding": rotation,
        "CronJob": rotation,
    }


def test_a_password_of_the_users_is_mounted_under_its_own_key() -> None:
    """The file has one name whatever the key is called."""
    reference = SecretKey(name="mine", key="word")
    of_cluster = cluster(EVERYTHING, authd_password=reference)
    pod = manager_master.workload(of_cluster)["spec"]["template"]["spec"]
    volume = next(item for item in pod["volumes"] if item["name"] == "authd-password")
    assert volume["secret"]["items"] == [{"key": "word", "path": "authd.pass"}]
