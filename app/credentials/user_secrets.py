"""The user's own Secrets: read through ``related``, checked, never written.

An absent or unusable value means wait and say so, never a fallback (custom-resource 12). The
messages name Secret and key, never a value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from app.credentials import passwords
from app.faults import Fault, Reason, waits
from app.observed.request import Observed
from app.secret_data import SecretData


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """One value of a user's Secret: ``text`` if usable, else ``fault`` says why not."""

    secret: str
    key: str
    text: str | None = field(repr=False, default=None)
    source: SecretData | None = field(repr=False, default=None)
    fault: Fault | None = None


def look_up(
    observed: Observed,
    *,
    path: str,
    secret: str,
    key: str,
    is_usable: Callable[[str], bool],
    rule: str,
) -> Lookup:
    """Value of ``key`` in the user's Secret ``secret``, checked by ``is_usable``.

    ``path`` is the field that refers to it, ``rule`` says in words what is allowed.
    """
    found = observed.user_secret(secret)
    if found is None:
        return _unusable(path, secret, key, f'Secret "{secret}" does not exist in this namespace')
    if key not in found.data:
        return _unusable(path, secret, key, f'Secret "{secret}" has no key "{key}"')
    text = found.text(key)
    if text is None or not is_usable(text):
        message = f'key "{key}" of Secret "{secret}": allowed: {rule} (the value is not shown)'
        fault = waits(path, message, Reason.SECRET_UNUSABLE)
        return Lookup(secret=secret, key=key, source=found, fault=fault)
    return Lookup(secret=secret, key=key, text=text, source=found)


def _unusable(path: str, secret: str, key: str, message: str) -> Lookup:
    return Lookup(secret=secret, key=key, fault=waits(path, message, Reason.SECRET_NOT_FOUND))


def user_name(observed: Observed, path: str, secret: str, key: str) -> Lookup:
    """A user name."""
    return look_up(
        observed,
        path=path,
        secret=secret,
        key=key,
        is_usable=passwords.is_user_name,
        rule=passwords.USER_NAME_RULE,
    )


def administrator_name(observed: Observed, path: str, secret: str, key: str) -> Lookup:
    """Name of the index's administrator; kibanaserver is the dashboard's."""
    return look_up(
        observed,
        path=path,
        secret=secret,
        key=key,
        is_usable=passwords.is_administrator_name,
        rule=passwords.ADMINISTRATOR_RULE,
    )


def password(observed: Observed, path: str, secret: str, key: str) -> Lookup:
    """A password of the index or of the enrolment."""
    return look_up(
        observed,
        path=path,
        secret=secret,
        key=key,
        is_usable=passwords.is_password,
        rule=passwords.PASSWORD_RULE,
    )


def api_password(observed: Observed, path: str, secret: str, key: str) -> Lookup:
    """A password that also satisfies the policy of the managers' API."""
    return look_up(
        observed,
        path=path,
        secret=secret,
        key=key,
        is_usable=passwords.is_api_password,
        rule=passwords.API_PASSWORD_RULE,
    )


def cluster_key(observed: Observed, path: str, secret: str, key: str) -> Lookup:
    """The managers' cluster key."""
    return look_up(
        observed,
        path=path,
        secret=secret,
        key=key,
        is_usable=passwords.is_cluster_key,
        rule=passwords.CLUSTER_KEY_RULE,
    )


def certificates(
    observed: Observed, path: str, secret: str, key: str, is_usable: Callable[[str], bool]
) -> Lookup:
    """PEM certificates; ``is_usable`` parses them."""
    return look_up(
        observed,
        path=path,
        secret=secret,
        key=key,
        is_usable=is_usable,
        rule="one or more certificates in PEM",
    )
