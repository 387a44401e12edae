"""Files of the security plugin: eight, two users, nobody from the image."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from app.config.security import FILES, security_files

ADMIN_HASH = "$2b$12$" + "a" * 53
DASHBOARD_HASH = "$2b$12$" + "b" * 53
TYPES = {
    "internal_users.yml": "internalusers",
    "roles.yml": "roles",
    "roles_mapping.yml": "rolesmapping",
    "action_groups.yml": "actiongroups",
    "tenants.yml": "tenants",
    "config.yml": "config",
    "nodes_dn.yml": "nodesdn",
    "whitelist.yml": "whitelist",
}
#: Users whose passwords are published with the image.
DEMO_USERS = {
    "kibanaro",
    "logstash",
    "readall",
    "snapshotrestore",
    "wazuh_admin",
    "wazuh_user",
}
#: Roles that the plugin brings along.
STATIC_ROLES = {
    "all_access",
    "own_index",
    "logstash",
    "kibana_user",
    "readall",
    "manage_snapshots",
    "kibana_server",
}


def files(**overrides: str) -> dict[str, str]:
    """The eight texts, for users `admin` and `kibanaserver`."""
    arguments = {
        "admin_username": "admin",
        "admin_hash": ADMIN_HASH,
        "dashboard_username": "kibanaserver",
        "dashboard_hash": DASHBOARD_HASH,
    }
    return security_files(**{**arguments, **overrides})


def parsed(name: str, **overrides: str) -> dict[str, Any]:
    """Content of one file without its ``_meta``."""
    loaded = yaml.safe_load(files(**overrides)[name])
    assert isinstance(loaded, dict)
    return {key: value for key, value in loaded.items() if key != "_meta"}


def test_there_are_eight_files_each_of_its_type() -> None:
    """Neither the first start nor securityadmin takes a file without ``_meta``."""
    found = {name: yaml.safe_load(text)["_meta"] for name, text in files().items()}
    assert found == {name: {"type": kind, "config_version": 2} for name, kind in TYPES.items()}
    assert found.keys() == FILES


def test_the_two_users_are_the_only_ones() -> None:
    """The administrator by backend role, the dashboard's account by mappings; both reserved."""
    users = parsed("internal_users.yml", admin_username="root")
    assert users.keys() == {"root", "kibanaserver"}
    descriptions = [user.pop("description") for user in users.values()]
    assert all(descriptions)
    assert users == {
        "root": {"hash": ADMIN_HASH, "reserved": True, "backend_roles": ["admin"]},
        "kibanaserver": {"hash": DASHBOARD_HASH, "reserved": True},
    }


def test_no_user_of_the_image_is_named() -> None:
    """Neither as a user nor in a mapping's list of users."""
    assert not DEMO_USERS & parsed("internal_users.yml").keys()
    mapped = {
        user
        for mapping in parsed("roles_mapping.yml").values()
        for user in mapping.get("users", [])
    }
    assert mapped == {"*", "kibanaserver"}


def test_every_mapped_role_exists() -> None:
    """Ours or one that the plugin brings."""
    roles = parsed("roles.yml").keys()
    assert parsed("roles_mapping.yml").keys() <= roles | STATIC_ROLES


@pytest.mark.parametrize(
    ("role", "mapping"),
    [
        ("all_access", {"reserved": False, "backend_roles": ["admin"]}),
        ("own_index", {"reserved": False, "users": ["*"]}),
        ("kibana_server", {"reserved": True, "users": ["dashboards"]}),
        ("wazuh_ui_admin", {"reserved": True, "users": ["dashboards"]}),
        ("manage_ism", {"reserved": True, "users": ["dashboards"]}),
        ("logstash", {"reserved": False, "backend_roles": ["logstash"]}),
        ("kibana_user", {"reserved": False, "backend_roles": ["kibanauser"]}),
        ("readall", {"reserved": False, "backend_roles": ["readall"]}),
        ("manage_snapshots", {"reserved": False, "backend_roles": ["snapshotrestore"]}),
        ("wazuh_ui_user", {"reserved": False, "backend_roles": ["wazuh_ui_user"]}),
    ],
)
def test_a_role_is_mapped(role: str, mapping: dict[str, Any]) -> None:
    """The dashboard's mappings follow the name of its account."""
    found = parsed("roles_mapping.yml", dashboard_username="dashboards")
    assert found[role] == mapping
    assert len(found) == 10


def test_wazuhs_roles_reach_wazuhs_indices_alone() -> None:
    """Reading for users, everything for the dashboard's server."""
    roles = parsed("roles.yml")
    permissions = {
        name: [
            (tuple(entry["index_patterns"]), tuple(entry["allowed_actions"]))
            for entry in roles[name]["index_permissions"]
        ]
        for name in ("wazuh_ui_user", "wazuh_ui_admin")
    }
    assert permissions == {
        "wazuh_ui_user": [(("wazuh-*",), ("read",))],
        "wazuh_ui_admin": [(("wazuh-*",), ("read", "delete", "manage", "index"))],
    }
    assert roles["manage_ism"] == {"reserved": True, "cluster_permissions": ["manage_ism"]}
    assert all(role["reserved"] is True for role in roles.values())


def test_the_action_group_of_index_management_is_defined() -> None:
    """The role ``manage_ism`` refers to it."""
    assert parsed("action_groups.yml") == {
        "manage_ism": {
            "reserved": True,
            "type": "cluster",
            "allowed_actions": ["cluster:admin/opendistro/ism/*"],
        }
    }


def test_authentication_is_basic_against_the_internal_users() -> None:
    """Without a top-level ``config`` the index is never initialised; nobody is anonymous."""
    dynamic = parsed("config.yml")["config"]["dynamic"]
    assert dynamic["http"] == {"anonymous_auth_enabled": False}
    (domain,) = dynamic["authc"].values()
    assert domain["http_authenticator"] == {"type": "basic", "challenge": True}
    assert domain["authentication_backend"] == {"type": "intern"}
    assert domain["http_enabled"] is True


@pytest.mark.parametrize(
    "overrides",
    [
        {"admin_hash": "not-a-hash"},
        {"admin_hash": ""},
        {"dashboard_hash": "$2b$12$" + "b" * 52},
        {"dashboard_hash": DASHBOARD_HASH + "\n"},
        {"admin_hash": "$1$12$" + "a" * 54},
        {"admin_username": ""},
        {"admin_username": "a\nkibanaro: {}"},
        {"admin_username": "_meta"},
        {"admin_username": "kibanaserver"},
    ],
    ids=[
        "no hash",
        "an empty hash",
        "a short hash",
        "a hash with a line break",
        "another kind of hash",
        "no name",
        "a name with a line break",
        "a name that the file needs itself",
        "one name for both",
    ],
)
def test_a_name_or_hash_that_would_lock_out_raises(overrides: dict[str, str]) -> None:
    """The plugin checks no hash; the error repeats neither name nor hash."""
    with pytest.raises(ValueError, match=r"^(not a|administrator and)") as error:
        files(**overrides)
    assert ADMIN_HASH not in str(error.value)


@pytest.mark.parametrize("prefix", ["$2a$12$", "$2b$10$", "$2y$12$"])
def test_every_form_of_bcrypt_that_opensearch_reads_passes(prefix: str) -> None:
    """Hashes may come from other tools."""
    users = parsed("internal_users.yml", admin_hash=prefix + "./aZ09" + "c" * 47)
    assert users["admin"]["hash"].startswith(prefix)
