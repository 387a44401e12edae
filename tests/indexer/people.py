"""Who may log in to the index: names and passwords of the rendered Secrets, and nobody else."""

from __future__ import annotations

from typing import Final

from tests.cluster_builder import NAMES
from tests.indexer.client import Client, User
from tests.indexer.rendered import Rendered

#: Users of OpenSearch's demo configuration, whose passwords are their names.
DEMO_USERS: Final = (
    "admin",
    "anomalyadmin",
    "kibanaro",
    "kibanaserver",
    "logstash",
    "readall",
    "snapshotrestore",
)
WHO_AM_I: Final = "/_plugins/_security/authinfo"


def administrator_of(rendered: Rendered) -> User:
    """Name and generated password of the administrator."""
    found = rendered.secret(NAMES.indexer_credentials)
    return found["admin-username"], found["admin-password"]


def dashboard_of(rendered: Rendered) -> User:
    """Name and generated password of the dashboard's server."""
    found = rendered.secret(NAMES.dashboard_credentials)
    return found["dashboard-username"], found["dashboard-password"]


def login(client: Client, user: User | None) -> int:
    """Status of a login: 200 or 401."""
    return client.call("GET", WHO_AM_I, user=user).status


def roles_of(client: Client, user: User) -> set[str]:
    """Roles that a login has."""
    return set(client.call("GET", WHO_AM_I, user=user).body["roles"])
