"""Identity Secrets but the CA: generated once, kept for ever, held for when lost.

An identity Secret is generated only if it is not observed and nothing tells that it ever was:
the informer of another kind may be ahead, and a second password for a living index or cluster
is an outage (behaviour 2).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from app import kinds, names
from app.certificates.leaves import leaf_plans
from app.credentials import access, own_secrets, passwords, recovery
from app.credentials.access import UserAccess
from app.credentials.own_secrets import Values
from app.entropy import Entropy
from app.names import MANAGERS, Names, Role
from app.observed.references import secret_references
from app.observed.request import SyncRequest, as_map, as_text
from app.result import Reissue
from app.schema.wazuhcluster import WazuhClusterSpec
from app.secret_data import SecretData, encode
from app.stamps import stamped


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An identity Secret that is gone or damaged, and what to do: nothing may rest on it."""

    secret: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPlan:
    """Identity Secrets to emit, those held for, and those about to be shown by an informer."""

    secrets: tuple[SecretData, ...] = field(repr=False)
    lost: tuple[Lost, ...]
    expected: tuple[str, ...]
    reissues: tuple[Reissue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One identity Secret: what is in it, how it is made, who reads it, what is derived from it.

    ``make`` gives None while a user's Secret is awaited. ``orders``: annotations that act on it
    once per value.
    """

    name: str
    is_wanted: bool
    readers: tuple[Role, ...]
    values: Values
    make: Callable[[], Mapping[str, bytes] | None] = field(repr=False)
    derived: str | None = None
    orders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    secret: SecretData | None = None
    lost: Lost | None = None
    expected: str | None = None
    reissue: Reissue | None = None


def plan(
    request: SyncRequest,
    identities: tuple[Identity, ...],
    *,
    now: datetime,
) -> IdentityPlan:
    """Keep, generate or hold for each wanted identity Secret."""
    decisions = [_decide(request, one, now) for one in identities if one.is_wanted]
    return IdentityPlan(
        secrets=tuple(one.secret for one in decisions if one.secret is not None),
        lost=tuple(one.lost for one in decisions if one.lost is not None),
        expected=tuple(one.expected for one in decisions if one.expected is not None),
        reissues=tuple(one.reissue for one in decisions if one.reissue is not None),
    )


def _decide(request: SyncRequest, identity: Identity, now: datetime) -> _Decision:
    observed = request.observed.secrets.get(identity.name)
    if observed is not None:
        damage = _damage(request, identity, observed)
        return _Decision(secret=stamped(observed, observed, now), lost=damage)
    reason = "Missing"
    trace = _trace(request, identity)
    if trace is not None:
        if _is_on_its_way(request, identity.name):
            return _Decision(expected=identity.name)
        if not _is_recreated(request, identity):
            message = _lost_message(request, identity, trace)
            return _Decision(lost=Lost(secret=identity.name, message=message))
        reason = "RecreateRequested"
    data = identity.make()
    if data is None:
        return _Decision()
    return _Decision(
        secret=stamped(_generated(request, identity, data), None, now),
        reissue=Reissue(secret=identity.name, reason=reason),
    )


def _damage(request: SyncRequest, identity: Identity, observed: SecretData) -> Lost | None:
    """A value that no pod could work with: people edit and restore these Secrets by hand."""
    keys = own_secrets.unusable_keys(observed, identity.values)
    if not keys:
        return None
    named = ", ".join(f'"{key}"' for key in keys)
    message = (
        f"Secret {identity.name}: key {named} is absent or cannot be used (the value is not"
        " shown). What runs goes on, and nothing is derived from it; put it right, or restore"
        f" the Secret: {recovery.restore_command(request, identity.name)}"
    )
    return Lost(secret=identity.name, message=message)


def _generated(request: SyncRequest, identity: Identity, data: Mapping[str, bytes]) -> SecretData:
    """A new Secret; it records the standing orders that concern it, so that none fires later."""
    order = request.annotations.get(names.RECREATE_SECRET, "")
    recorded = {names.RECREATE_SECRET: order} if order.startswith(f"{identity.name}/") else {}
    standing = {key: request.annotations.get(key, "") for key in identity.orders}
    recorded |= {key: value for key, value in standing.items() if value}
    return SecretData(name=identity.name, data=encode(data), annotations=recorded)


def _trace(request: SyncRequest, identity: Identity) -> str | None:
    """What tells that this Secret was there before; None if nothing does (behaviour 2.1)."""
    observed = request.observed
    for workload in observed.workloads.values():
        if identity.name in secret_references(workload.template):
            return f"{workload.name} refers to it"
    if identity.derived is not None and identity.derived in observed.secrets:
        return f"Secret {identity.derived} was made from it"
    if as_text(request.status.get("version")) and not any(
        role in observed.workloads for role in identity.readers
    ):
        return "the cluster has been running"
    if observed.related.get(kinds.SECRET.group_key, {}).get(identity.name) is not None:
        return "a Secret of this name exists"
    return None


def _is_on_its_way(request: SyncRequest, name: str) -> bool:
    """Whether the Secret exists with our label: the informer of children shows it soon."""
    manifest = request.observed.related.get(kinds.SECRET.group_key, {}).get(name)
    return manifest is not None and recovery.has_our_label(request, manifest)


def _is_recreated(request: SyncRequest, identity: Identity) -> bool:
    """Whether a person ordered this Secret anew by a value not acted upon before."""
    order = request.annotations.get(names.RECREATE_SECRET, "")
    secret, _, word = order.partition("/")
    if secret != identity.name or not word:
        return False
    if identity.name in request.observed.related.get(kinds.SECRET.group_key, {}):
        return False
    return order != acted_upon(request).get(names.RECREATE_SECRET)


def acted_upon(request: SyncRequest) -> dict[str, str]:
    """Annotations that act once per value, with the last value acted upon.

    Recorded on the Secret that was written for it, and mirrored in the status.
    """
    recorded = {
        name: value
        for name, value in as_map(request.status.get("requests")).items()
        if isinstance(value, str)
    }
    named = Names(cluster=request.name, namespace=request.namespace, domain="")
    credentials = (named.indexer_credentials, named.dashboard_credentials)
    leaves = tuple(plan.secret for plan in leaf_plans(named, None))
    for name, recorders in (
        (names.ROTATE_PASSWORDS, credentials),
        (names.RENEW_CERTIFICATES, leaves),
        (names.ROTATE_CA, (named.ca,)),
        (names.RECREATE_CA, (named.ca,)),
    ):
        if all(_has_recorded(request, secret, name) for secret in recorders):
            recorded[name] = request.annotations[name]
    if any(
        _has_recorded(request, secret, names.RECREATE_SECRET) for secret in request.observed.secrets
    ):
        recorded[names.RECREATE_SECRET] = request.annotations[names.RECREATE_SECRET]
    return recorded


def _has_recorded(request: SyncRequest, secret: str, name: str) -> bool:
    """Whether a Secret was written for the value that an annotation has now."""
    wanted, observed = request.annotations.get(name), request.observed.secrets.get(secret)
    return bool(wanted) and observed is not None and observed.annotations.get(name) == wanted


def _lost_message(request: SyncRequest, identity: Identity, trace: str) -> str:
    name = identity.name
    manifest = request.observed.related.get(kinds.SECRET.group_key, {}).get(name)
    if manifest is not None:
        owner = recovery.foreign_owner(request, manifest)
        if owner is not None:
            return f"Secret {name} belongs to {owner}; give it back or remove it"
        return (
            f"Secret {name} exists without the label of this WazuhCluster; label it: "
            f"{recovery.label_command(request, name)}"
        )
    command = recovery.restore_command(request, name)
    restore = f"Secret {name} is missing ({trace}); restore it: {command}"
    used = {*acted_upon(request).values(), request.annotations.get(names.RECREATE_SECRET, "")}
    anew = recovery.recreate_command(request, name, used)
    return f"{restore} or have it generated anew: {anew}"


def identities(
    spec: WazuhClusterSpec, named: Names, user: UserAccess, entropy: Entropy
) -> tuple[Identity, ...]:
    """The identity Secrets of a cluster but the CA, by name."""
    auth = spec.manager.config.auth
    own_authd = auth.use_password and access.authd_password_reference(spec) is None
    enrols_everywhere = not auth.disabled and not auth.enabled_on_master_only
    return (
        Identity(
            name=named.api_credentials,
            is_wanted=True,
            readers=MANAGERS,
            values=own_secrets.API_CREDENTIALS,
            derived=named.dashboard_wazuh,
            make=lambda: _api_credentials(named, entropy),
        ),
        Identity(
            name=named.authd_password,
            is_wanted=own_authd,
            readers=MANAGERS if enrols_everywhere else (Role.MANAGER_MASTER,),
            values=own_secrets.AUTHD_PASSWORDS,
            make=lambda: _one(named.authd_password, own_secrets.AUTHD_PASSWORD, entropy),
        ),
        Identity(
            name=named.cluster_key,
            is_wanted=spec.manager.cluster_key_secret_ref is None,
            readers=MANAGERS,
            values=own_secrets.CLUSTER_KEYS,
            make=lambda: {
                own_secrets.CLUSTER_KEY: passwords.cluster_key(
                    entropy, f"{named.cluster_key}/{own_secrets.CLUSTER_KEY}"
                ).encode()
            },
        ),
        Identity(
            name=named.dashboard_credentials,
            is_wanted=True,
            readers=(Role.DASHBOARD,),
            values=own_secrets.DASHBOARD_CREDENTIALS,
            derived=named.indexer_security,
            orders=(names.ROTATE_PASSWORDS,),
            make=lambda: _dashboard_credentials(named, entropy),
        ),
        Identity(
            name=named.indexer_credentials,
            is_wanted=True,
            readers=MANAGERS,
            values=own_secrets.INDEXER_CREDENTIALS,
            derived=named.indexer_security,
            orders=(names.ROTATE_PASSWORDS,),
            make=lambda: _indexer_credentials(named, user, entropy),
        ),
    )


def _one(secret: str, key: str, entropy: Entropy) -> dict[str, bytes]:
    return {key: passwords.password(entropy, f"{secret}/{key}").encode()}


def _api_credentials(named: Names, entropy: Entropy) -> dict[str, bytes]:
    secret = named.api_credentials
    return {
        own_secrets.API_USERNAME: b"wazuh-wui",
        own_secrets.ADMIN_USERNAME: b"wazuh",
        **_one(secret, own_secrets.API_PASSWORD, entropy),
        **_one(secret, own_secrets.ADMIN_PASSWORD, entropy),
    }


def _dashboard_credentials(named: Names, entropy: Entropy) -> dict[str, bytes]:
    secret = named.dashboard_credentials
    cookie = passwords.cookie_password(entropy, f"{secret}/{own_secrets.COOKIE_PASSWORD}")
    return {
        own_secrets.DASHBOARD_USERNAME: passwords.DASHBOARD_USER.encode(),
        own_secrets.COOKIE_PASSWORD: cookie.encode(),
        **_one(secret, own_secrets.DASHBOARD_PASSWORD, entropy),
    }


def _indexer_credentials(
    named: Names, user: UserAccess, entropy: Entropy
) -> dict[str, bytes] | None:
    """Generated, or a copy of the user's: pods read the copy, for the index is the truth."""
    if user.administrator is None:
        return {
            own_secrets.ADMIN_USERNAME: b"admin",
            **_one(named.indexer_credentials, own_secrets.ADMIN_PASSWORD, entropy),
        }
    username, word = user.administrator.username.text, user.administrator.password.text
    if username is None or word is None:
        return None
    return {
        own_secrets.ADMIN_USERNAME: username.encode(),
        own_secrets.ADMIN_PASSWORD: word.encode(),
    }
