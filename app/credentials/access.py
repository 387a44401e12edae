"""Which Secrets hold the cluster's credentials: ours, or the user's by reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.certificates import pem
from app.cluster import SecretKey
from app.credentials import own_secrets, user_secrets
from app.credentials.user_secrets import Lookup
from app.faults import Fault
from app.names import Names
from app.observed.request import Observed
from app.schema.base import CredentialsRef
from app.schema.wazuhcluster import WazuhClusterSpec

WAZUH_YML = "wazuh.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """User name and password of one of the user's Secrets."""

    username: Lookup
    password: Lookup

    @property
    def is_usable(self) -> bool:
        """Whether both values can be used."""
        return self.username.text is not None and self.password.text is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAccess:
    """What the spec refers to, looked up; None where it refers to nothing."""

    administrator: Account | None
    api: Account | None
    cluster_key: Lookup | None
    authd_password: Lookup | None
    agent_ca: Lookup | None
    dashboard_api: Account | None
    endpoints: tuple[Account, ...]

    def _lookups(self) -> Iterator[Lookup]:
        for account in (self.administrator, self.api, self.dashboard_api, *self.endpoints):
            if account is not None:
                yield account.username
                yield account.password
        for lookup in (self.cluster_key, self.authd_password, self.agent_ca):
            if lookup is not None:
                yield lookup

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every absent or unusable value, once each."""
        found = {lookup.fault: None for lookup in self._lookups() if lookup.fault is not None}
        return tuple(found)

    @property
    def unusable_secrets(self) -> frozenset[str]:
        """Names of the user's Secrets on which nothing may rest now.

        The administrator's is not among them: pods read our copy, never the user's Secret.
        """
        skipped = () if self.administrator is None else (self.administrator,)
        own = {id(one) for account in skipped for one in (account.username, account.password)}
        return frozenset(
            lookup.secret
            for lookup in self._lookups()
            if lookup.fault is not None and id(lookup) not in own
        )


def look_up(spec: WazuhClusterSpec, observed: Observed) -> UserAccess:
    """Look up every Secret that ``spec`` refers to."""
    manager = spec.manager
    auth = manager.config.auth
    plugin = spec.dashboard.wazuh_plugin
    administrator = spec.indexer.credentials
    return UserAccess(
        administrator=None
        if administrator is None
        else Account(
            username=user_secrets.administrator_name(
                observed,
                "spec.indexer.credentials",
                administrator.secret_name,
                administrator.username_key,
            ),
            password=user_secrets.password(
                observed,
                "spec.indexer.credentials",
                administrator.secret_name,
                administrator.password_key,
            ),
        ),
        api=_api_account(observed, "spec.manager.apiCredentials", manager.api_credentials),
        cluster_key=None
        if manager.cluster_key_secret_ref is None
        else user_secrets.cluster_key(
            observed,
            "spec.manager.clusterKeySecretRef",
            manager.cluster_key_secret_ref.name,
            manager.cluster_key_secret_ref.key,
        ),
        authd_password=_authd_password(spec, observed),
        agent_ca=None
        if auth.ssl_agent_ca_secret_ref is None
        else user_secrets.certificates(
            observed,
            "spec.manager.config.auth.sslAgentCASecretRef",
            auth.ssl_agent_ca_secret_ref.name,
            auth.ssl_agent_ca_secret_ref.key,
            _is_bundle,
        ),
        dashboard_api=_api_account(
            observed,
            "spec.dashboard.wazuhPlugin.defaultApiEndpoint.credentialsSecret",
            plugin.default_api_endpoint.credentials_secret,
        ),
        endpoints=tuple(
            account
            for index, endpoint in enumerate(plugin.api_endpoints)
            if (
                account := _api_account(
                    observed,
                    f"spec.dashboard.wazuhPlugin.apiEndpoints[{index}].credentialsSecretRef",
                    endpoint.credentials_secret_ref,
                )
            )
            is not None
        ),
    )


def _is_bundle(text: str) -> bool:
    return bool(pem.parse_certificates(text.encode()))


def _api_account(observed: Observed, path: str, reference: CredentialsRef | None) -> Account | None:
    if reference is None:
        return None
    return Account(
        username=user_secrets.user_name(
            observed, path, reference.secret_name, reference.username_key
        ),
        password=user_secrets.api_password(
            observed, path, reference.secret_name, reference.password_key
        ),
    )


def _authd_password(spec: WazuhClusterSpec, observed: Observed) -> Lookup | None:
    reference = authd_password_reference(spec)
    if reference is None:
        return None
    path, key = reference
    return user_secrets.password(observed, path, key.name, key.key)


def authd_password_reference(spec: WazuhClusterSpec) -> tuple[str, SecretKey] | None:
    """Field path and key of the user's enrolment password; the field has two spellings."""
    auth = spec.manager.config.auth
    if not auth.use_password:
        return None
    for path, reference in (
        ("spec.manager.authdPasswordSecretRef", spec.manager.authd_password_secret_ref),
        ("spec.manager.config.auth.passwordSecretRef", auth.password_secret_ref),
    ):
        if reference is not None:
            return path, SecretKey(name=reference.name, key=reference.key)
    return None


def cluster_key_source(spec: WazuhClusterSpec, names: Names) -> SecretKey:
    """Where the managers read the cluster key."""
    reference = spec.manager.cluster_key_secret_ref
    if reference is None:
        return SecretKey(name=names.cluster_key, key=own_secrets.CLUSTER_KEY)
    return SecretKey(name=reference.name, key=reference.key)


def api_account_source(spec: WazuhClusterSpec, names: Names) -> tuple[SecretKey, SecretKey]:
    """Where the managers read the name and the password of the dashboard's API account."""
    reference = spec.manager.api_credentials
    if reference is None:
        own = names.api_credentials
        return (
            SecretKey(name=own, key=own_secrets.API_USERNAME),
            SecretKey(name=own, key=own_secrets.API_PASSWORD),
        )
    return (
        SecretKey(name=reference.secret_name, key=reference.username_key),
        SecretKey(name=reference.secret_name, key=reference.password_key),
    )


def authd_password_source(spec: WazuhClusterSpec, names: Names) -> SecretKey | None:
    """Where the managers read the enrolment password; None where none is used."""
    if not spec.manager.config.auth.use_password:
        return None
    reference = authd_password_reference(spec)
    if reference is None:
        return SecretKey(name=names.authd_password, key=own_secrets.AUTHD_PASSWORD)
    return reference[1]
