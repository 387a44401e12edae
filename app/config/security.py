"""Files of the security plugin, read by the very first start of an index and never again.

All eight, since the first start and ``securityadmin -cd`` ask for different ones. Two users and
no other: those that the image brings have published passwords. Later their passwords change by
a patch, which a script takes to the index.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

import orjson

from app.config import yaml_text

_SCRIPT: Final = (resources.files("app.config") / "scripts" / "security.sh").read_text("utf-8")

#: What the first start and ``securityadmin -cd`` want to find, by name.
FILES: Final = frozenset(
    {
        "internal_users.yml",
        "roles.yml",
        "roles_mapping.yml",
        "action_groups.yml",
        "tenants.yml",
        "config.yml",
        "nodes_dn.yml",
        "whitelist.yml",
    }
)

#: bcrypt as OpenSearch reads it. The plugin takes any text for a hash and locks the user out.
BCRYPT: Final = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
_USERNAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_ANY_INDEX_METADATA: Final = (
    "indices_monitor",
    "indices:admin/aliases/get",
    "indices:admin/mappings/get",
)

#: Actions on the whole cluster, by role. The plugin's static roles come on top of these.
_CLUSTER_PERMISSIONS: Final[MappingProxyType[str, tuple[str, ...]]] = MappingProxyType(
    {
        "kibana_read_only": (),
        "security_rest_api_access": (),
        "alerting_read_access": (
            "cluster:admin/opendistro/alerting/alerts/get",
            "cluster:admin/opendistro/alerting/destination/get",
            "cluster:admin/opendistro/alerting/monitor/get",
            "cluster:admin/opendistro/alerting/monitor/search",
        ),
        "alerting_ack_alerts": ("cluster:admin/opendistro/alerting/alerts/*",),
        "alerting_full_access": ("cluster_monitor", "cluster:admin/opendistro/alerting/*"),
        "anomaly_read_access": (
            "cluster:admin/opendistro/ad/detector/info",
            "cluster:admin/opendistro/ad/detector/search",
            "cluster:admin/opendistro/ad/detectors/get",
            "cluster:admin/opendistro/ad/result/search",
            "cluster:admin/opendistro/ad/tasks/search",
        ),
        "anomaly_full_access": ("cluster_monitor", "cluster:admin/opendistro/ad/*"),
        "notebooks_read_access": (
            "cluster:admin/opendistro/notebooks/get",
            "cluster:admin/opendistro/notebooks/list",
        ),
        "notebooks_full_access": (
            "cluster:admin/opendistro/notebooks/create",
            "cluster:admin/opendistro/notebooks/delete",
            "cluster:admin/opendistro/notebooks/get",
            "cluster:admin/opendistro/notebooks/list",
            "cluster:admin/opendistro/notebooks/update",
        ),
        "reports_instances_read_access": (
            "cluster:admin/opendistro/reports/instance/get",
            "cluster:admin/opendistro/reports/instance/list",
            "cluster:admin/opendistro/reports/menu/download",
        ),
        "reports_read_access": (
            "cluster:admin/opendistro/reports/definition/get",
            "cluster:admin/opendistro/reports/definition/list",
            "cluster:admin/opendistro/reports/instance/get",
            "cluster:admin/opendistro/reports/instance/list",
            "cluster:admin/opendistro/reports/menu/download",
        ),
        "reports_full_access": (
            "cluster:admin/opendistro/reports/definition/create",
            "cluster:admin/opendistro/reports/definition/delete",
            "cluster:admin/opendistro/reports/definition/get",
            "cluster:admin/opendistro/reports/definition/list",
            "cluster:admin/opendistro/reports/definition/on_demand",
            "cluster:admin/opendistro/reports/definition/update",
            "cluster:admin/opendistro/reports/instance/get",
            "cluster:admin/opendistro/reports/instance/list",
            "cluster:admin/opendistro/reports/menu/download",
        ),
        "asynchronous_search_full_access": ("cluster:admin/opendistro/asynchronous_search/*",),
        "asynchronous_search_read_access": ("cluster:admin/opendistro/asynchronous_search/get",),
        "wazuh_ui_user": (),
        "wazuh_ui_admin": (),
        "manage_ism": ("manage_ism",),
    }
)

#: Index patterns and actions on them, by role.
_INDEX_PERMISSIONS: Final[MappingProxyType[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "alerting_full_access": ("*", _ANY_INDEX_METADATA),
        "anomaly_full_access": ("*", _ANY_INDEX_METADATA),
        "asynchronous_search_full_access": ("*", ("indices:data/read/search*",)),
        "wazuh_ui_user": ("wazuh-*", ("read",)),
        "wazuh_ui_admin": ("wazuh-*", ("read", "delete", "manage", "index")),
    }
)


def security_files(
    *, admin_username: str, admin_hash: str, dashboard_username: str, dashboard_hash: str
) -> dict[str, str]:
    """The eight `FILES`, by name.

    The hashes are bcrypt in its text form. Raises ValueError for a name or a hash of another form
    and for one name given to both users.
    """
    users = _users(admin_username, admin_hash, dashboard_username, dashboard_hash)
    return {
        "internal_users.yml": _file("internalusers", users),
        "roles.yml": _roles(),
        "roles_mapping.yml": _file("rolesmapping", _mappings(dashboard_username)),
        **_constant_files(),
    }


def security_patch(
    *, admin_username: str, admin_hash: str, dashboard_username: str, dashboard_hash: str
) -> bytes:
    """JSON patch of the REST API that gives both users whole: one call, nobody else touched.

    In one line, the hash first in each value: the script refuses every other form. Raises
    ValueError as `security_files` does.
    """
    users = _users(admin_username, admin_hash, dashboard_username, dashboard_hash)
    return orjson.dumps(
        [{"op": "add", "path": f"/{name}", "value": user} for name, user in users.items()]
    )


def security_sh() -> str:
    """Script that takes a patch to the index, with the administrator's certificate."""
    return _SCRIPT


def _users(
    admin_username: str, admin_hash: str, dashboard_username: str, dashboard_hash: str
) -> dict[str, Any]:
    """Both users by name."""
    if admin_username == dashboard_username:
        raise ValueError("administrator and dashboard need users of their own")
    return {
        admin_username: _user(
            admin_username, admin_hash, "Administrator of the index", backend_roles=["admin"]
        ),
        dashboard_username: _user(
            dashboard_username, dashboard_hash, "Account of the dashboard's server"
        ),
    }


def _file(kind: str, content: dict[str, Any]) -> str:
    """Text of one file; without ``_meta`` the plugin refuses it."""
    return yaml_text.dump({"_meta": {"type": kind, "config_version": 2}, **content})


def _user(
    username: str, password_hash: str, description: str, backend_roles: list[str] | None = None
) -> dict[str, Any]:
    """A user that only the administrator's certificate can change."""
    if _USERNAME.fullmatch(username) is None:
        raise ValueError("not a user name")
    if BCRYPT.fullmatch(password_hash) is None:
        raise ValueError("not a bcrypt hash")
    # The hash stands first: the script that changes passwords looks for it there.
    user: dict[str, Any] = {"hash": password_hash, "reserved": True}
    if backend_roles:
        user["backend_roles"] = backend_roles
    return {**user, "description": description}


@lru_cache(maxsize=1)
def _roles() -> str:
    return _file("roles", {name: _role(name) for name in _CLUSTER_PERMISSIONS})


def _role(name: str) -> dict[str, Any]:
    role: dict[str, Any] = {"reserved": True}
    if actions := _CLUSTER_PERMISSIONS[name]:
        role["cluster_permissions"] = list(actions)
    if name in _INDEX_PERMISSIONS:
        pattern, allowed = _INDEX_PERMISSIONS[name]
        role["index_permissions"] = [
            {"index_patterns": [pattern], "allowed_actions": list(allowed)}
        ]
    return role


def _mappings(dashboard_username: str) -> dict[str, Any]:
    """Who has which role: people by backend roles, the dashboard's server by its name."""
    by_backend_role = {
        "all_access": "admin",
        "logstash": "logstash",
        "kibana_user": "kibanauser",
        "readall": "readall",
        "manage_snapshots": "snapshotrestore",
        "wazuh_ui_user": "wazuh_ui_user",
    }
    for_dashboard = ("kibana_server", "wazuh_ui_admin", "manage_ism")
    return {
        **{
            role: {"reserved": False, "backend_roles": [backend_role]}
            for role, backend_role in by_backend_role.items()
        },
        "own_index": {"reserved": False, "users": ["*"]},
        **{role: {"reserved": True, "users": [dashboard_username]} for role in for_dashboard},
    }


@lru_cache(maxsize=1)
def _constant_files() -> MappingProxyType[str, str]:
    """Files that are the same for every cluster."""
    manage_ism = {
        "reserved": True,
        "type": "cluster",
        "allowed_actions": ["cluster:admin/opendistro/ism/*"],
    }
    return MappingProxyType(
        {
            "action_groups.yml": _file("actiongroups", {"manage_ism": manage_ism}),
            "tenants.yml": _file("tenants", {}),
            "config.yml": _file("config", {"config": {"dynamic": _authentication()}}),
            "nodes_dn.yml": _file("nodesdn", {}),
            "whitelist.yml": _file("whitelist", {"config": {"enabled": False, "requests": {}}}),
        }
    )


def _authentication() -> dict[str, Any]:
    """One domain: basic authentication against the internal users."""
    return {
        "http": {"anonymous_auth_enabled": False},
        "authc": {
            "basic_internal_auth_domain": {
                "description": "Internal users, by name and password",
                "http_enabled": True,
                "transport_enabled": True,
                "order": 0,
                "http_authenticator": {"type": "basic", "challenge": True},
                "authentication_backend": {"type": "intern"},
            }
        },
    }
