"""What a Secret becomes that is derived from others; and the dashboard's wazuh.yml.

Nothing is derived from what this call has just generated: the create may be refused, and a file
made from the loser would lock everybody out (behaviour 2.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from app.cluster import ApiHost, Cluster
from app.config import dashboard as dashboard_config
from app.credentials import access, own_secrets, recovery
from app.credentials.access import Account, UserAccess
from app.credentials.own_secrets import Values
from app.faults import Fault, held
from app.names import MANAGER_API_PORT
from app.observed.request import Observed
from app.result import Reissue
from app.secret_data import SecretData, encode
from app.stamps import stamped


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One derived Secret to emit (None: wait), and why its content is new, if it is.

    ``fault``: it should change and cannot.
    """

    secret: SecretData | None = field(repr=False)
    reissue: Reissue | None = None
    fault: Fault | None = None


def kept(present: SecretData | None, now: datetime) -> Derived:
    """As it is, or not there yet."""
    return Derived(secret=None if present is None else stamped(present, present, now))


def refused(cluster: Cluster, present: SecretData, path: str, now: datetime) -> Derived:
    """As it is, and said: the API server would answer 422 to the change, in every sync."""
    message = (
        f"Secret {present.name} is immutable and cannot take the change; what runs goes on with"
        " what is in it. Delete it, and it is made anew:"
        f" {recovery.delete_command(cluster.namespace, present.name)}"
    )
    return Derived(secret=stamped(present, present, now), fault=held(path, message))


def written(
    name: str, present: SecretData | None, data: Mapping[str, bytes], now: datetime
) -> SecretData:
    """A Secret with ``data``; keys that others added stay."""
    if present is None:
        return stamped(SecretData(name=name, data=encode(data)), None, now)
    merged = dict(sorted({**present.data, **encode(data)}.items()))
    return stamped(replace(present, data=merged), present, now)


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
        return kept(present, now)
    text = dashboard_config.wazuh_yml(cluster, hosts)
    if present is not None and present.data.get(access.WAZUH_YML) == _in_base64(text):
        return kept(present, now)
    wanted = written(name, present, {access.WAZUH_YML: text.encode()}, now)
    if present is not None and present.immutable:
        return refused(cluster, present, "spec.dashboard.wazuhPlugin", now)
    reason = "Missing" if present is None else "ConfigurationChanged"
    return Derived(secret=wanted, reissue=Reissue(secret=name, reason=reason))
