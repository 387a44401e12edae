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
from app.credentials import access, passwords, recovery
from app.credentials.access import UserAccess
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
    """An identity Secret that is gone: what tells that it was there, and what to do."""

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
    """One identity Secret: how it is made, who reads it, what is derived from it.

    ``make`` gives None while a user's Secret is awaited. ``is_known_to_index``: the index holds
    these passwords, so a claim of the indexers is a trace and nothing but a restore helps.
    """

    name: str
    is_wanted: bool
    readers: tuple[Role, ...]
    make: Callable[[], Mapping[str, bytes] | None] = field(repr=False)
    derived: str | None = None
    is_known_to_index: bool = False


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
        return _Decision(secret=stamped(observed, observed, now))
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
        secret=stamped(_generated(request, identity.name, data), None, now),
        reissue=Reissue(secret=identity.name, reason=reason),
    )


def _generated(request: SyncRequest, name: str, data: Mapping[str, bytes]) -> SecretData:
    """A new Secret; it records a standing order to recreate it, so that none fires later."""
    order = request.annotations.get(names.RECREATE_SECRET, "")
    recorded = {names.RECREATE_SECRET: order} if order.startswith(f"{name}/") else {}
    return SecretData(name=name, data=encode(data), annotations=recorded)


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
    if identity.is_known_to_index and observed.claims:
        claim = as_map(observed.claims[0].get("metadata")).get("name")
        return f"volume claim {claim} holds an index that knows its passwords"
    return None


def _is_on_its_way(request: SyncRequest, name: str) -> bool:
    """Whether the Secret exists with our label: the informer of children shows it soon."""
    manifest = request.observed.related.get(kinds.SECRET.group_key, {}).get(name)
    return (
        manifest is not None
        and recovery.has_our_label(request, manifest)
        and recovery.foreign_owner(request, manifest) is None
    )


def _is_recreated(request: SyncRequest, identity: Identity) -> bool:
    """Whether a person ordered this Secret anew by a value not acted upon before."""
    order = request.annotations.get(names.RECREATE_SECRET, "")
    if identity.is_known_to_index or not order.startswith(f"{identity.name}/"):
        return False
    if (
        kinds.SECRET.group_key in request.observed.related
        and identity.name in (request.observed.related[kinds.SECRET.group_key])
    ):
        return False
    return order not in acted_upon(request).values()


def acted_upon(request: SyncRequest) -> dict[str, str]:
    """Annotations that act once per value, with the last value acted upon.

    Recorded on the Secret that was written for it, and mirrored in the status.
    """
    recorded = {
        name: value
        for name, value in as_map(request.status.get("requests")).items()
        if isinstance(value, str)
    }
    for secret in request.observed.secrets.values():
        value = secret.annotations.get(names.RECREATE_SECRET)
        if value is not None and value == request.annotations.get(names.RECREATE_SECRET):
            recorded[names.RECREATE_SECRET] = value
    return recorded


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
    restore = (
        f"Secret {name} is missing ({trace}); restore it: {recovery.restore_command(request, name)}"
    )
    if not identity.is_known_to_index:
        return f"{restore} or have it generated anew: {recovery.recreate_command(request, name)}"
    if request.observed.claims:
        return f"{restore} or delete the indexers' volume claims and with them the index"
    return f"{restore} (the index still knows the old password)"


def identities(
    spec: WazuhClusterSpec, named: Names, user: UserAccess, entropy: Entropy
) -> tuple[Identity, ...]:
    """The identity Secrets of a cluster but the CA, by name."""
    auth = spec.manager.config.auth
    own_authd = auth.use_password and access.authd_password_reference(spec) is None
    return (
        Identity(
            name=named.api_credentials,
            is_wanted=True,
            readers=MANAGERS,
            derived=named.dashboard_wazuh if user.api is None else None,
            make=lambda: _api_credentials(named, entropy),
        ),
        Identity(
            name=named.authd_password,
            is_wanted=own_authd,
            readers=(Role.MANAGER_MASTER,),
            make=lambda: _one(named.authd_password, access.AUTHD_PASSWORD, entropy),
        ),
        Identity(
            name=named.cluster_key,
            is_wanted=spec.manager.cluster_key_secret_ref is None,
            readers=MANAGERS,
            make=lambda: {
                access.CLUSTER_KEY: passwords.cluster_key(
                    entropy, f"{named.cluster_key}/{access.CLUSTER_KEY}"
                ).encode()
            },
        ),
        Identity(
            name=named.dashboard_credentials,
            is_wanted=True,
            readers=(Role.DASHBOARD,),
            derived=named.indexer_security,
            is_known_to_index=True,
            make=lambda: _dashboard_credentials(named, entropy),
        ),
        Identity(
            name=named.indexer_credentials,
            is_wanted=True,
            readers=MANAGERS,
            derived=named.indexer_security,
            is_known_to_index=True,
            make=lambda: _indexer_credentials(named, user, entropy),
        ),
    )


def _one(secret: str, key: str, entropy: Entropy) -> dict[str, bytes]:
    return {key: passwords.password(entropy, f"{secret}/{key}").encode()}


def _api_credentials(named: Names, entropy: Entropy) -> dict[str, bytes]:
    secret = named.api_credentials
    return {
        access.API_USERNAME: b"wazuh-wui",
        access.ADMIN_USERNAME: b"wazuh",
        **_one(secret, access.API_PASSWORD, entropy),
        **_one(secret, access.ADMIN_PASSWORD, entropy),
    }


def _dashboard_credentials(named: Names, entropy: Entropy) -> dict[str, bytes]:
    secret = named.dashboard_credentials
    cookie = passwords.cookie_password(entropy, f"{secret}/{access.COOKIE_PASSWORD}")
    return {
        access.DASHBOARD_USERNAME: b"kibanaserver",
        access.COOKIE_PASSWORD: cookie.encode(),
        **_one(secret, access.DASHBOARD_PASSWORD, entropy),
    }


def _indexer_credentials(
    named: Names, user: UserAccess, entropy: Entropy
) -> dict[str, bytes] | None:
    """Generated, or a copy of the user's: pods read the copy, for the index is the truth."""
    if user.administrator is None:
        return {
            access.ADMIN_USERNAME: b"admin",
            **_one(named.indexer_credentials, access.ADMIN_PASSWORD, entropy),
        }
    username, word = user.administrator.username.text, user.administrator.password.text
    if username is None or word is None:
        return None
    return {access.ADMIN_USERNAME: username.encode(), access.ADMIN_PASSWORD: word.encode()}
