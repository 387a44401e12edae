"""Secrets derived from observed identity Secrets: security plugin files, the dashboard's wazuh.yml.

Nothing is derived from what this call has just generated: the create may be refused, and a file
made from the loser would lock everybody out (behaviour 2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

import orjson

from app.cluster import ApiHost, Cluster
from app.config import dashboard as dashboard_config
from app.config import security as security_config
from app.credentials import access, own_secrets, passwords, recovery
from app.credentials.access import Account, UserAccess
from app.credentials.own_secrets import Values
from app.entropy import Entropy
from app.faults import Fault, held
from app.names import MANAGER_API_PORT
from app.observed.request import Observed, as_map, as_text
from app.result import Reissue
from app.secret_data import SecretData, SecretGroup, encode
from app.stamps import stamped

PASSWORD_DIGESTS = "password-digests"  # noqa: S105 - a key of a Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One derived Secret to emit (None: wait), and why its content is new, if it is.

    ``fault``: it should change and cannot.
    """

    secret: SecretData | None = field(repr=False)
    reissue: Reissue | None = None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    name: str
    password: str = field(repr=False)


def _user(
    secret: SecretData | None, name_key: str, password_key: str, values: Values
) -> _User | None:
    name = own_secrets.usable_text(secret, name_key, values)
    password = own_secrets.usable_text(secret, password_key, values)
    return None if name is None or password is None else _User(name=name, password=password)


def _index_users(
    credentials: SecretData | None, dashboard_credentials: SecretData | None
) -> tuple[_User, _User] | None:
    """Administrator and kibanaserver as observed; None until both can be worked with."""
    administrator = _user(
        credentials,
        own_secrets.ADMIN_USERNAME,
        own_secrets.ADMIN_PASSWORD,
        own_secrets.INDEXER_CREDENTIALS,
    )
    dashboard = _user(
        dashboard_credentials,
        own_secrets.DASHBOARD_USERNAME,
        own_secrets.DASHBOARD_PASSWORD,
        own_secrets.DASHBOARD_CREDENTIALS,
    )
    return None if administrator is None or dashboard is None else (administrator, dashboard)


def needs_hashing(
    security: SecretData | None, credentials: tuple[SecretData | None, SecretData | None]
) -> bool:
    """Whether a bcrypt hash is about to be made from observed ``credentials``.

    They are those of the administrator and of the dashboard, in this order.
    """
    users = _index_users(*credentials)
    if users is None or (security is not None and security.immutable):
        return False
    known = _known_hashes(security)
    return any(_kept_hash(known, user) is None for user in users)


def indexer_security(
    cluster: Cluster, observed: Observed, *, now: datetime, entropy: Entropy
) -> Derived:
    """Files of the security plugin; a hash is made only for a password that is new.

    The files are read by the very first start alone, so their content enters no hash.
    """
    name = cluster.names.indexer_security
    present = observed.secrets.get(name)
    credentials = (
        observed.secrets.get(cluster.names.indexer_credentials),
        observed.secrets.get(cluster.names.dashboard_credentials),
    )
    if _is_done(SecretGroup(present, *credentials)):
        return _kept(present, now)
    users = _index_users(*credentials)
    if users is None:
        return _kept(present, now)
    known = _known_hashes(present)
    hashes = [_kept_hash(known, user) for user in users]
    if present is not None and present.immutable:
        return _refused(cluster, present, "spec.indexer.credentials", now)
    made = [
        kept or passwords.bcrypt_hash(user.password, entropy, f"{name}/{user.name}")
        for kept, user in zip(hashes, users, strict=True)
    ]
    data = _security_data(users, (made[0], made[1]))
    reason = (
        "Missing" if present is None else ("FilesMissing" if all(hashes) else "PasswordChanged")
    )
    return Derived(
        secret=_written(name, present, data, now), reissue=Reissue(secret=name, reason=reason)
    )


@lru_cache(maxsize=512)
def _is_done(group: SecretGroup) -> bool:
    """Whether the files (the first Secret) are those of the credentials behind it."""
    present, administrator, dashboard = group.secrets
    users = _index_users(administrator, dashboard)
    if present is None or users is None:
        return False
    known = _known_hashes(present)
    has_files = present.data.keys() >= security_config.FILES
    return has_files and all(_kept_hash(known, user) is not None for user in users)


def _kept(present: SecretData | None, now: datetime) -> Derived:
    """As it is, or not there yet."""
    return Derived(secret=None if present is None else stamped(present, present, now))


def _refused(cluster: Cluster, present: SecretData, path: str, now: datetime) -> Derived:
    """As it is, and said: the API server would answer 422 to the change, in every sync."""
    message = (
        f"Secret {present.name} is immutable and cannot take the change; what runs goes on with"
        " what is in it. Delete it, and it is made anew:"
        f" {recovery.delete_command(cluster.namespace, present.name)}"
    )
    return Derived(secret=stamped(present, present, now), fault=held(path, message))


def _security_data(users: tuple[_User, _User], hashes: tuple[str, str]) -> dict[str, bytes]:
    files = security_config.security_files(
        admin_username=users[0].name,
        admin_hash=hashes[0],
        dashboard_username=users[1].name,
        dashboard_hash=hashes[1],
    )
    digests = {
        user.name: {"hash": made, "digest": passwords.password_digest(user.password, made)}
        for user, made in zip(users, hashes, strict=True)
    }
    return {
        **{file: text.encode() for file, text in files.items()},
        PASSWORD_DIGESTS: orjson.dumps(digests, option=orjson.OPT_SORT_KEYS),
    }


def _known_hashes(security: SecretData | None) -> Mapping[str, object]:
    raw = None if security is None else security.value(PASSWORD_DIGESTS)
    if raw is None:
        return {}
    try:
        return as_map(orjson.loads(raw))
    except orjson.JSONDecodeError:
        return {}


def _kept_hash(known: Mapping[str, object], user: _User) -> str | None:
    """The hash on record for ``user``, if it was made from the present password."""
    record = as_map(known.get(user.name))
    hashed, digest = as_text(record.get("hash")), as_text(record.get("digest"))
    if hashed is None or digest is None:
        return None
    if security_config.BCRYPT.fullmatch(hashed) is None:
        return None
    return hashed if passwords.password_digest(user.password, hashed) == digest else None


def _written(
    name: str, present: SecretData | None, data: Mapping[str, bytes], now: datetime
) -> SecretData:
    """A Secret with ``data``; keys that others added stay."""
    if present is None:
        return stamped(SecretData(name=name, data=encode(data)), None, now)
    merged = dict(sorted({**present.data, **encode(data)}.items()))
    return stamped(replace(present, data=merged), present, now)


def api_hosts(cluster: Cluster, observed: Observed, user: UserAccess) -> tuple[ApiHost, ...] | None:
    """Hosts of wazuh.yml with their passwords; None until every Secret is there."""
    plugin = cluster.spec.dashboard.wazuh_plugin
    account = user.dashboard_api or user.api
    default = (
        _user(
            observed.secrets.get(cluster.names.api_credentials),
            own_secrets.API_USERNAME,
            own_secrets.API_PASSWORD,
            own_secrets.API_CREDENTIALS,
        )
        if account is None
        else _account_user(account)
    )
    others = [_account_user(one) for one in user.endpoints]
    if default is None or any(one is None for one in others):
        return None
    hosts = [
        ApiHost(
            id="default",
            url=f"https://{cluster.names.service_dns(cluster.names.manager_api)}",
            port=MANAGER_API_PORT,
            username=default.name,
            password=default.password,
            run_as=plugin.default_api_endpoint.run_as,
        )
    ]
    hosts += [
        ApiHost(
            id=endpoint.id,
            url=endpoint.url,
            port=endpoint.port,
            username=one.name,
            password=one.password,
            run_as=endpoint.run_as,
        )
        for endpoint, one in zip(plugin.api_endpoints, others, strict=True)
        if one is not None
    ]
    return tuple(hosts)


def _account_user(account: Account) -> _User | None:
    name, password = account.username.text, account.password.text
    return None if name is None or password is None else _User(name=name, password=password)


@lru_cache(maxsize=256)
def _in_base64(text: str) -> str:
    return encode({access.WAZUH_YML: text.encode()})[access.WAZUH_YML]


def dashboard_wazuh(
    cluster: Cluster, observed: Observed, user: UserAccess, *, now: datetime
) -> Derived:
    """wazuh.yml of the dashboard, from observed Secrets and the spec.

    It is a trace of our API credentials, so it is not made before they are observed, whichever
    account it names.
    """
    name = cluster.names.dashboard_wazuh
    present = observed.secrets.get(name)
    hosts = api_hosts(cluster, observed, user)
    is_early = present is None and cluster.names.api_credentials not in observed.secrets
    if hosts is None or is_early:
        return _kept(present, now)
    text = dashboard_config.wazuh_yml(cluster, hosts)
    if present is not None and present.data.get(access.WAZUH_YML) == _in_base64(text):
        return _kept(present, now)
    wanted = _written(name, present, {access.WAZUH_YML: text.encode()}, now)
    if present is not None and present.immutable:
        return _refused(cluster, present, "spec.dashboard.wazuhPlugin", now)
    reason = "Missing" if present is None else "ConfigurationChanged"
    return Derived(secret=wanted, reissue=Reissue(secret=name, reason=reason))
