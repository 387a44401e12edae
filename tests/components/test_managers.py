"""The managers' objects: master and workers, which share their builders."""

from __future__ import annotations

from typing import Any

import pytest

from app.cluster import SecretKey
from app.components import manager_master, manager_worker
from app.config.manager_scripts import api_users_sh, permissions_sh
from app.config.ossec import local_internal_options, ossec_conf
from app.kubernetes import meta, probes
from app.names import MANAGERS, Role
from app.result import Manifest
from tests.clusters import cluster

MODULES = {Role.MANAGER_MASTER: manager_master, Role.MANAGER_WORKER: manager_worker}
COPIED = "/wazuh-config-mount/etc"
PASSWORD = SecretKey(name="enrolment", key="secret-word")


def _pod(role: Role, config: Manifest | None = None, **overrides: Any) -> Manifest:
    of_cluster = cluster({"manager": {"config": config or {}}}, **overrides)
    spec: Manifest = MODULES[role].workload(of_cluster)["spec"]["template"]["spec"]
    return spec


def _mounts(pod: Manifest) -> dict[str, tuple[str, str | None]]:
    """Mount path to volume and sub-path."""
    return {
        mount["mountPath"]: (mount["name"], mount.get("subPath"))
        for mount in pod["containers"][0]["volumeMounts"]
    }


def _volume(pod: Manifest, name: str) -> Manifest | None:
    found: list[Manifest] = [volume for volume in pod["volumes"] if volume["name"] == name]
    return found[0] if found else None


@pytest.mark.parametrize("role", MANAGERS)
def test_the_config_map_holds_four_files(role: Role) -> None:
    """All of them always: what is no longer mounted would stay on the volume."""
    of_cluster = cluster()
    assert MODULES[role].config_map(of_cluster) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta.metadata(of_cluster, role, f"wz-{role}-config"),
        "data": {
            "ossec.conf": ossec_conf(of_cluster, role),
            "local_internal_options.conf": local_internal_options(of_cluster),
            "00-permissions.sh": permissions_sh(),
            "10-api-users.sh": api_users_sh(),
        },
    }


@pytest.mark.parametrize("role", MANAGERS)
def test_the_volume_is_mounted_by_the_official_sub_paths(role: Role) -> None:
    """So that a volume made by the official manifests fits; /etc/filebeat is left to the image."""
    folders = (
        "/var/ossec/api/configuration",
        "/var/ossec/etc",
        "/var/ossec/logs",
        "/var/ossec/queue",
        "/var/ossec/agentless",
        "/var/ossec/var/multigroups",
        "/var/ossec/integrations",
        "/var/ossec/active-response/bin",
        "/var/ossec/wodles",
    )
    wanted = {path: f"wazuh{path}" for path in folders}
    wanted["/var/lib/filebeat"] = "filebeat/var/lib/filebeat"
    found = {
        path: sub_path
        for path, (volume, sub_path) in _mounts(_pod(role)).items()
        if volume == "wazuh-data"
    }
    assert found == wanted


@pytest.mark.parametrize("role", MANAGERS)
def test_files_are_mounted_one_by_one_where_they_are_copied_from(role: Role) -> None:
    """A whole ConfigMap would bring its symbolic links along."""
    found = {path: rest for path, rest in _mounts(_pod(role)).items() if rest[0] != "wazuh-data"}
    assert found == {
        f"{COPIED}/ossec.conf": ("config", "ossec.conf"),
        f"{COPIED}/local_internal_options.conf": ("config", "local_internal_options.conf"),
        "/entrypoint-scripts/00-permissions.sh": ("config", "00-permissions.sh"),
        "/entrypoint-scripts/10-api-users.sh": ("config", "10-api-users.sh"),
        "/etc/ssl/wazuh": ("certs", None),
        f"{COPIED}/sslmanager.cert": ("authd-certs", "tls.crt"),
        f"{COPIED}/sslmanager.key": ("authd-certs", "tls.key"),
    }
    assert _pod(role)["volumes"] == [
        {"name": "config", "configMap": {"name": f"wz-{role}-config", "defaultMode": 0o444}},
        {"name": "certs", "secret": {"secretName": "wz-filebeat-certs", "defaultMode": 0o400}},
        {
            "name": "authd-certs",
            "secret": {"secretName": f"wz-{role}-certs", "defaultMode": 0o400},
        },
    ]


@pytest.mark.parametrize("role", MANAGERS)
def test_every_variable_of_the_image_is_set(role: Role) -> None:
    """Secrets by reference only."""

    def secret(name: str, secret_name: str, key: str) -> Manifest:
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name, "key": key}}}

    credentials, api = "wz-indexer-credentials", "wz-api-credentials"
    assert _pod(role)["containers"][0]["env"] == [
        {"name": "INDEXER_URL", "value": "https://wz-indexer.security.svc.cluster.local:9200"},
        secret("INDEXER_USERNAME", credentials, "admin-username"),
        secret("INDEXER_PASSWORD", credentials, "admin-password"),
        {"name": "FILEBEAT_SSL_VERIFICATION_MODE", "value": "full"},
        {"name": "SSL_CERTIFICATE_AUTHORITIES", "value": "/etc/ssl/wazuh/ca.crt"},
        {"name": "SSL_CERTIFICATE", "value": "/etc/ssl/wazuh/tls.crt"},
        {"name": "SSL_KEY", "value": "/etc/ssl/wazuh/tls.key"},
        secret("API_USERNAME", api, "api-username"),
        secret("API_PASSWORD", api, "api-password"),
        secret("WAZUH_CLUSTER_KEY", "wz-cluster-key", "cluster-key"),
        secret("WAZUH_ADMIN_PASSWORD", api, "admin-password"),
    ]


@pytest.mark.parametrize("role", MANAGERS)
def test_the_users_secrets_are_referred_to_directly(role: Role) -> None:
    """A copy would have to follow them."""
    pod = _pod(
        role,
        cluster_key=SecretKey(name="mine", key="k"),
        api_username=SecretKey(name="api", key="u"),
        api_password=SecretKey(name="api", key="p"),
    )
    found = {
        variable["name"]: variable["valueFrom"]["secretKeyRef"]
        for variable in pod["containers"][0]["env"]
        if "valueFrom" in variable
    }
    assert found["WAZUH_CLUSTER_KEY"] == {"name": "mine", "key": "k"}
    assert found["API_USERNAME"] == {"name": "api", "key": "u"}
    assert found["API_PASSWORD"] == {"name": "api", "key": "p"}


@pytest.mark.parametrize("role", MANAGERS)
def test_an_account_the_user_names_wazuh_is_not_set_twice(role: Role) -> None:
    """The image sets its password already; the script would set another."""
    pod = _pod(role, sets_wazuh_password=False)
    assert "/entrypoint-scripts/10-api-users.sh" not in _mounts(pod)
    names = [variable["name"] for variable in pod["containers"][0]["env"]]
    assert "WAZUH_ADMIN_PASSWORD" not in names
    assert "API_PASSWORD" in names


@pytest.mark.parametrize(
    ("role", "config", "mounted"),
    [
        pytest.param(Role.MANAGER_MASTER, {}, True, id="master"),
        pytest.param(Role.MANAGER_WORKER, {}, False, id="worker that enrols nobody"),
        pytest.param(
            Role.MANAGER_WORKER,
            {"auth": {"enabledOnMasterOnly": False}},
            True,
            id="worker that enrols",
        ),
        pytest.param(
            Role.MANAGER_MASTER, {"auth": {"disabled": True}}, False, id="master that enrols nobody"
        ),
        pytest.param(
            Role.MANAGER_WORKER,
            {"auth": {"disabled": True, "enabledOnMasterOnly": False}},
            False,
            id="enrolment is off",
        ),
    ],
)
def test_what_enrolment_needs_is_where_it_runs(
    role: Role, config: Manifest, *, mounted: bool
) -> None:
    """The password, and the agents' authority."""
    agent_ca = {"sslAgentCASecretRef": {"name": "agents", "key": "root.pem"}}
    pod = _pod(
        role,
        {"auth": {**config.get("auth", {}), "usePassword": True, **agent_ca}},
        authd_password=PASSWORD,
    )
    mounts = _mounts(pod)
    assert (mounts.get(f"{COPIED}/authd.pass") == ("authd-password", "authd.pass")) is mounted
    assert (mounts.get(f"{COPIED}/agent-ca.pem") == ("agent-ca", "agent-ca.pem")) is mounted
    password = {
        "name": "authd-password",
        "secret": {
            "secretName": "enrolment",
            "defaultMode": 0o444,
            "items": [{"key": "secret-word", "path": "authd.pass"}],
        },
    }
    authority = {
        "name": "agent-ca",
        "secret": {
            "secretName": "agents",
            "defaultMode": 0o400,
            "items": [{"key": "root.pem", "path": "agent-ca.pem"}],
        },
    }
    assert _volume(pod, "authd-password") == (password if mounted else None)
    assert _volume(pod, "agent-ca") == (authority if mounted else None)


@pytest.mark.parametrize("role", MANAGERS)
def test_a_pair_of_the_users_takes_the_place_of_ours(role: Role) -> None:
    """It comes by an extra mount."""
    pair = {"sslManagerCert": "etc/own.cert", "sslManagerKey": "etc/own.key"}
    pod = _pod(role, {"auth": pair})
    assert f"{COPIED}/sslmanager.cert" not in _mounts(pod)
    assert f"{COPIED}/sslmanager.key" not in _mounts(pod)
    assert _volume(pod, "authd-certs") is None


@pytest.mark.parametrize("role", MANAGERS)
def test_the_container_starts_as_root_with_few_capabilities(role: Role) -> None:
    """What the init scripts need, within level baseline; no fsGroup."""
    pod = _pod(role)
    assert pod["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert pod["containers"][0]["securityContext"] == {
        "runAsUser": 0,
        "allowPrivilegeEscalation": False,
        "capabilities": {
            "drop": ["ALL"],
            "add": [
                "CHOWN",
                "DAC_OVERRIDE",
                "FOWNER",
                "SETUID",
                "SETGID",
                "SYS_CHROOT",
                "KILL",
                "NET_BIND_SERVICE",
            ],
        },
    }
    assert "initContainers" not in pod


@pytest.mark.parametrize("role", MANAGERS)
def test_a_manager_is_stopped_by_its_control_script_in_time(role: Role) -> None:
    """Older ones wait for one hanging daemon after the other."""
    pod = _pod(role)
    stop = {"exec": {"command": ["/var/ossec/bin/wazuh-control", "stop"]}}
    assert pod["containers"][0]["lifecycle"] == {"preStop": stop}
    assert pod["terminationGracePeriodSeconds"] == 300


def _ports(pod: Manifest) -> list[tuple[str, int, str]]:
    return [
        (port["name"], port["containerPort"], port["protocol"])
        for port in pod["containers"][0]["ports"]
    ]


def test_ports_follow_role_and_configuration() -> None:
    """Enrolment only where it runs."""
    config = {"remote": {"port": 1600, "protocol": "udp"}, "auth": {"port": 1601}}
    events = ("agent-events", 1600, "UDP")
    common = [("cluster", 1516, "TCP"), ("api", 55000, "TCP")]
    assert _ports(_pod(Role.MANAGER_MASTER, config)) == [
        events,
        ("agent-auth", 1601, "TCP"),
        *common,
    ]
    assert _ports(_pod(Role.MANAGER_WORKER, config)) == [events, *common]


def test_each_role_has_its_own_readiness() -> None:
    """The API on the master, events on a worker."""

    def readiness(role: Role, protocol: str) -> Manifest:
        pod = _pod(role, {"remote": {"protocol": protocol}})
        found: Manifest = pod["containers"][0]["readinessProbe"]
        return found

    for protocol in ("tcp", "udp"):
        master = readiness(Role.MANAGER_MASTER, protocol)
        assert master == probes.master_probes()["readinessProbe"]
        worker = readiness(Role.MANAGER_WORKER, protocol)
        assert worker == probes.worker_probes(protocol)["readinessProbe"]


@pytest.mark.parametrize("mode", ["full", "certificate", "none"])
def test_filebeats_verification_mode_reaches_it(mode: str) -> None:
    """By the image's variable."""
    of_cluster = cluster({"manager": {"filebeatSSLVerificationMode": mode}})
    pod = manager_worker.workload(of_cluster)["spec"]["template"]["spec"]
    found = {item["name"]: item.get("value") for item in pod["containers"][0]["env"]}
    assert found["FILEBEAT_SSL_VERIFICATION_MODE"] == mode


def test_the_indexers_url_follows_its_published_port() -> None:
    """Managers go by the Service, as everybody does."""
    service = {"ports": [{"name": "rest", "port": 443}]}
    of_cluster = cluster({"indexer": {"service": service}, "clusterDomain": "example.internal"})
    pod = manager_master.workload(of_cluster)["spec"]["template"]["spec"]
    url = pod["containers"][0]["env"][0]["value"]
    assert url == "https://wz-indexer.security.svc.example.internal:443"
