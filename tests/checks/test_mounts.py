"""Extra volumes and mounts: what collides with ours is left out, the rest is applied."""

from __future__ import annotations

from typing import Any

import pytest

from app.checks.mounts import OUR_VOLUMES, Kind, our_mounts
from app.checks.tiers import PATHS
from app.faults import Effect, Reason
from app.names import TIERS, Role
from app.schema.wazuhcluster import WazuhClusterSpec
from app.versions import WazuhVersion
from tests.checks.specs import NEWEST, checked, faults, nested, texts

OLD = "4.13.1"
MINE: list[dict[str, Any]] = [{"name": "mine", "emptyDir": {}}]


def mounting(path: str, *mount_paths: str, **rest: Any) -> dict[str, Any]:
    """Raw spec of a tier with a volume ``mine`` mounted at each path."""
    mounts = [{"name": "mine", "mountPath": mount_path} for mount_path in mount_paths]
    return nested(path, {"extraVolumes": MINE, "extraVolumeMounts": mounts, **rest})


REFUSED = [
    ("indexer", NEWEST, "/usr/share/wazuh-indexer/config/certs", "the certificates"),
    ("indexer", NEWEST, "/usr/share/wazuh-indexer/config/certs/", "the certificates"),
    ("indexer", NEWEST, "/usr/share//wazuh-indexer/./config/certs", "the certificates"),
    ("indexer", NEWEST, "/opt/../usr/share/wazuh-indexer/config/certs", "the certificates"),
    ("indexer", NEWEST, "usr/share/wazuh-indexer/config/certs", "the certificates"),
    ("indexer", NEWEST, "/usr/share/wazuh-indexer/config/certs/extra", "nothing can be mounted"),
    ("indexer", NEWEST, "/usr/share/wazuh-indexer/config/opensearch-security/x.yml", "nothing"),
    ("indexer", NEWEST, "/usr/share/wazuh-indexer/config/opensearch.yml", "hides opensearch.yml"),
    ("indexer", NEWEST, "/usr/share/wazuh-indexer/config", "hides opensearch.yml"),
    ("indexer", NEWEST, "/usr/share/wazuh-indexer", "hides"),
    ("indexer", NEWEST, "/", "hides persistent data"),
    ("indexer", NEWEST, "/var/lib/wazuh-indexer", "hides persistent data"),
    ("indexer", NEWEST, "/var/lib", "hides persistent data"),
    ("indexer", OLD, "/usr/share/wazuh-indexer/certs", "hides the certificates"),
    ("indexer", OLD, "/usr/share/wazuh-indexer/opensearch.yml", "hides opensearch.yml"),
    ("manager.master", NEWEST, "/var/ossec", "hides persistent data"),
    ("manager.master", NEWEST, "/var/ossec/etc", "hides persistent data"),
    ("manager.workers", NEWEST, "/var/ossec/active-response/bin", "hides persistent data"),
    ("manager.workers", NEWEST, "/var/ossec/active-response", "hides persistent data"),
    ("manager.master", NEWEST, "/wazuh-config-mount", "hides ossec.conf"),
    ("manager.master", NEWEST, "/wazuh-config-mount/etc", "hides ossec.conf"),
    ("manager.master", NEWEST, "/wazuh-config-mount/etc/ossec.conf", "hides ossec.conf"),
    ("manager.master", NEWEST, "/wazuh-config-mount/etc/ossec.conf/x", "nothing can be mounted"),
    ("manager.master", NEWEST, "/wazuh-config-mount/etc/sslmanager.key", "the enrolment key"),
    ("manager.workers", NEWEST, "/wazuh-config-mount/etc/sslmanager.cert", "certificate"),
    ("manager.master", NEWEST, "/entrypoint-scripts", "hides a script"),
    ("manager.master", NEWEST, "/entrypoint-scripts/10-api-users.sh", "hides a script"),
    ("manager.master", NEWEST, "/etc/ssl", "hides the certificates"),
    ("manager.master", NEWEST, "/etc/ssl/wazuh/mine.crt", "nothing can be mounted"),
    ("dashboard", NEWEST, "/usr/share/wazuh-dashboard/certs/x", "nothing can be mounted"),
    ("dashboard", NEWEST, "/usr/share/wazuh-dashboard/data/wazuh/config", "hides wazuh.yml"),
    ("dashboard", OLD, "/usr/share/wazuh-dashboard/config", "hides opensearch_dashboards.yml"),
]


@pytest.mark.parametrize(("path", "version", "mount_path", "message"), REFUSED)
def test_a_mount_that_is_in_the_way_is_left_out(
    path: str, version: str, mount_path: str, message: str
) -> None:
    """Equal to one of ours, above it, or below a Secret or ConfigMap; the other mount stays."""
    raw = mounting(path, "/opt/mine", mount_path)
    result = checked(raw, version)
    (fault,) = result.faults
    assert fault.path == f"spec.{path}.extraVolumeMounts[1].mountPath"
    assert (fault.effect, fault.reason) == (Effect.HELD, Reason.FIELD_HELD)
    assert f'"{mount_path}"; left out' in fault.message
    assert message in fault.message
    role = next(role for role in TIERS if PATHS[role] == f"spec.{path}")
    assert mounts_of(result.spec, role) == ["/opt/mine"]


def mounts_of(spec: WazuhClusterSpec, role: Role) -> list[str]:
    """Paths of the extra mounts of a tier."""
    tiers = {
        Role.INDEXER: spec.indexer,
        Role.MANAGER_MASTER: spec.manager.master,
        Role.MANAGER_WORKER: spec.manager.workers,
        Role.DASHBOARD: spec.dashboard,
    }
    return [mount["mountPath"] for mount in tiers[role].extra_volume_mounts]


@pytest.mark.parametrize(
    ("path", "version", "mount_path"),
    [
        ("manager.master", NEWEST, "/var/ossec/integrations/custom"),
        ("manager.master", NEWEST, "/var/ossec/etc/shared/group"),
        ("manager.master", NEWEST, "/wazuh-config-mount/etc/rules.xml"),
        ("manager.master", NEWEST, "/wazuh-config-mount/etc/authd.pass"),
        ("manager.workers", NEWEST, "/wazuh-config-mount/etc/agent-ca.pem"),
        ("manager.workers", NEWEST, "/entrypoint-scripts/20-mine.sh"),
        ("manager.workers", NEWEST, "/var/ossec/ruleset"),
        ("manager.master", NEWEST, "/etc/ssl/wazuh-mine"),
        ("manager.master", NEWEST, "/etc/filebeat"),
        ("indexer", NEWEST, "/var/lib/wazuh-indexer/snapshots"),
        ("indexer", NEWEST, "/usr/share/wazuh-indexer/certs"),
        ("indexer", OLD, "/usr/share/wazuh-indexer/config/certs"),
        ("indexer", NEWEST, "/usr/share/wazuh-indexer/config/certs2"),
        ("indexer", NEWEST, "/snapshots"),
        ("dashboard", NEWEST, "/usr/share/wazuh-dashboard/plugins/wazuh/public/assets/custom"),
    ],
)
def test_a_mount_beside_ours_is_accepted(path: str, version: str, mount_path: str) -> None:
    """Below persistent data, single files beside ours, and names that only begin alike."""
    raw = mounting(path, mount_path)
    assert faults(raw, version) == ()


@pytest.mark.parametrize(
    ("config", "role", "names"),
    [
        ({}, Role.MANAGER_MASTER, {"sslmanager.cert", "sslmanager.key"}),
        (
            {"auth": {"usePassword": True}},
            Role.MANAGER_MASTER,
            {"sslmanager.cert", "sslmanager.key", "authd.pass"},
        ),
        (
            {"auth": {"usePassword": True}},
            Role.MANAGER_WORKER,
            {"sslmanager.cert", "sslmanager.key"},
        ),
        (
            {"auth": {"usePassword": True, "enabledOnMasterOnly": False}},
            Role.MANAGER_WORKER,
            {"sslmanager.cert", "sslmanager.key", "authd.pass"},
        ),
        (
            {"auth": {"sslAgentCASecretRef": {"name": "a", "key": "b"}}},
            Role.MANAGER_MASTER,
            {"sslmanager.cert", "sslmanager.key", "agent-ca.pem"},
        ),
        (
            {
                "auth": {
                    "disabled": True,
                    "usePassword": True,
                    "sslAgentCASecretRef": {"name": "a", "key": "b"},
                }
            },
            Role.MANAGER_MASTER,
            {"sslmanager.cert", "sslmanager.key"},
        ),
        (
            {"auth": {"sslManagerCert": "etc/my.cert", "sslManagerKey": "etc/my.key"}},
            Role.MANAGER_MASTER,
            set(),
        ),
    ],
)
def test_files_of_enrolment_follow_the_configuration(
    config: dict[str, Any], role: Role, names: set[str]
) -> None:
    """A file that is not mounted leaves its place to the user."""
    spec = WazuhClusterSpec.model_validate({"version": NEWEST, "manager": {"config": config}})
    always = {"ossec.conf", "local_internal_options.conf"}
    found = {
        mount.path.rpartition("/")[2]
        for mount in our_mounts(spec, role, WazuhVersion(4, 14, 7))
        if mount.path.startswith("/wazuh-config-mount/")
    }
    assert found - always == names


def test_the_users_own_enrolment_pair_may_be_mounted() -> None:
    """Named by the spec, at the place from which the image copies it."""
    auth = {"sslManagerCert": "etc/my.cert", "sslManagerKey": "etc/my.key"}
    raw = mounting("manager.master", "/wazuh-config-mount/etc/my.cert")
    raw["manager"]["config"] = {"auth": auth}
    assert faults(raw) == ()


@pytest.mark.parametrize(
    ("role", "name"), [(role, name) for role in TIERS for name in sorted(OUR_VOLUMES[role])]
)
def test_a_volume_with_a_name_of_ours_is_left_out_with_its_mounts(role: Role, name: str) -> None:
    """Its mount would show our volume instead."""
    path = PATHS[role].removeprefix("spec.")
    tier = {
        "extraVolumes": [{"name": name, "emptyDir": {}}, *MINE],
        "extraVolumeMounts": [
            {"name": name, "mountPath": "/opt/other"},
            {"name": "mine", "mountPath": "/opt/mine"},
        ],
    }
    result = checked(nested(path, tier))
    assert [fault.path for fault in result.faults] == [
        f"spec.{path}.extraVolumeMounts[0].name",
        f"spec.{path}.extraVolumes[0].name",
    ]
    assert {fault.effect for fault in result.faults} == {Effect.HELD}
    assert mounts_of(result.spec, role) == ["/opt/mine"]


def test_a_mount_of_our_own_volume_at_another_place_is_accepted() -> None:
    """Backups may go to the persistent volume."""
    mount = {"name": "wazuh-data", "mountPath": "/var/ossec/backup", "subPath": "backup"}
    assert faults(nested("manager.master.extraVolumeMounts", [mount])) == ()


def test_a_mount_without_a_volume_is_left_out() -> None:
    """The API server would refuse the whole workload."""
    raw = nested("indexer.extraVolumeMounts", [{"name": "gone", "mountPath": "/opt/x"}])
    assert texts(raw, Effect.HELD) == [
        'spec.indexer.extraVolumeMounts[0].name: "gone" is no volume of the pod; left out'
    ]


def test_a_spec_without_collisions_stays_the_same_object() -> None:
    """Nothing is copied where nothing is left out."""
    raw = mounting("indexer", "/opt/mine")
    assert checked(raw).spec.indexer.extra_volumes == ({"name": "mine", "emptyDir": {}},)
    spec = WazuhClusterSpec.model_validate({"version": NEWEST})
    assert checked({}).spec == spec


def test_below_no_mount_of_ours_lies_another_of_a_closed_kind() -> None:
    """Our own table keeps the rule it enforces."""
    spec = WazuhClusterSpec.model_validate({"version": NEWEST})
    for role in TIERS:
        for mount in our_mounts(spec, role, WazuhVersion(4, 9, 0)):
            below = [
                other.path
                for other in our_mounts(spec, role, WazuhVersion(4, 9, 0))
                if other.path.startswith(f"{mount.path}/") and mount.kind is not Kind.DATA
            ]
            assert below == []


def test_roles_without_pods_of_their_own_have_no_mounts() -> None:
    """Secrets and the log rotation mount nothing of a tier."""
    spec = WazuhClusterSpec.model_validate({"version": NEWEST})
    assert our_mounts(spec, Role.LOG_ROTATION, WazuhVersion(4, 14, 0)) == ()
