"""Our identity Secrets: their keys, and which values in them can be worked with.

A person may edit or restore one by hand. Pods read these values as they are, so nothing is cut
off here, and what no image takes is not derived from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
