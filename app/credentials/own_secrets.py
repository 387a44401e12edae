"""Our identity Secrets: their keys, and which values in them can be worked with.

A person may edit or restore one by hand. Pods read these values as they are, so nothing is cut
off here, and what no image takes is not derived from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from app.credentials import passwords
from app.same import Same
from app.secret_data import SecretData, SecretGroup

API_USERNAME: Final = "api-username"
API_PASSWORD: Final = "api-password"  # noqa: S105 - a key of a Secret
ADMIN_USERNAME: Final = "admin-username"
ADMIN_PASSWORD: Final = "admin-password"  # noqa: S105 - a key of a Secret
DASHBOARD_USERNAME: Final = "dashboard-username"
DASHBOARD_PASSWORD: Final = "dashboard-password"  # noqa: S105 - a key of a Secret
COOKIE_PASSWORD: Final = "cookie-password"  # noqa: S105 - a key of a Secret
#: The coming password, beside the one that the index has.
NEXT_ADMIN_PASSWORD: Final = "next-admin-password"  # noqa: S105 - a key of a Secret
NEXT_DASHBOARD_PASSWORD: Final = "next-dashboard-password"  # noqa: S105 - a key of a Secret
CLUSTER_KEY: Final = "cluster-key"
AUTHD_PASSWORD: Final = "authd.pass"  # noqa: S105 - a key of a Secret

#: What the value of each key must be.
Values = Mapping[str, Callable[[str], bool]]

INDEXER_CREDENTIALS: Final[Values] = MappingProxyType(
    {ADMIN_USERNAME: passwords.is_administrator_name, ADMIN_PASSWORD: passwords.is_password}
)
DASHBOARD_CREDENTIALS: Final[Values] = MappingProxyType(
    {
        COOKIE_PASSWORD: passwords.is_cookie_password,
        DASHBOARD_USERNAME: passwords.is_dashboard_name,
        DASHBOARD_PASSWORD: passwords.is_password,
    }
)
API_CREDENTIALS: Final[Values] = MappingProxyType(
    {
        ADMIN_PASSWORD: passwords.is_api_password,
        API_USERNAME: passwords.is_user_name,
        API_PASSWORD: passwords.is_api_password,
    }
)
CLUSTER_KEYS: Final[Values] = MappingProxyType({CLUSTER_KEY: passwords.is_cluster_key})
AUTHD_PASSWORDS: Final[Values] = MappingProxyType({AUTHD_PASSWORD: passwords.is_password})


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexAccount:
    """Where one user of the index stands in its Secret: keys, and what their values must be."""

    username: str
    password: str
    next_password: str
    values: Values


ADMINISTRATOR: Final = IndexAccount(
    username=ADMIN_USERNAME,
    password=ADMIN_PASSWORD,
    next_password=NEXT_ADMIN_PASSWORD,
    values=INDEXER_CREDENTIALS,
)
DASHBOARD_SERVER: Final = IndexAccount(
    username=DASHBOARD_USERNAME,
    password=DASHBOARD_PASSWORD,
    next_password=NEXT_DASHBOARD_PASSWORD,
    values=DASHBOARD_CREDENTIALS,
)


def next_password(secret: SecretData | None, account: IndexAccount) -> str | None:
    """The password that ``account`` shall have instead of its present one; None if there is none.

    One that cannot be used, or is the present one, was put there by hand and counts for nothing:
    it cannot be taken away either, for Metacontroller leaves keys alone that it has not written.
    """
    raw = None if secret is None else secret.value(account.next_password)
    if secret is None or raw is None or raw == secret.value(account.password):
        return None
    text = raw.decode("ascii", errors="replace")
    return text if passwords.is_password(text) else None


def usable_text(secret: SecretData | None, key: str, values: Values) -> str | None:
    """The value of ``key`` as it is; None where it is absent or cannot be worked with."""
    raw = None if secret is None else secret.value(key)
    try:
        text = None if raw is None else raw.decode("ascii")
    except UnicodeDecodeError:
        return None
    return text if text is not None and values[key](text) else None


def unusable_keys(secret: SecretData, values: Values) -> tuple[str, ...]:
    """Keys whose value is absent or cannot be worked with, sorted."""
    return _unusable_keys(SecretGroup(secret), Same(values))


@lru_cache(maxsize=1024)
def _unusable_keys(group: SecretGroup, wanted: Same[Values]) -> tuple[str, ...]:
    [secret] = group.secrets
    values = wanted.value
    return tuple(key for key in sorted(values) if usable_text(secret, key, values) is None)
