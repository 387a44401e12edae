"""From spec and observation to one `Cluster`: everything the builders need, decided once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from app import names
from app.certificates.leaves import ADMIN, INDEXER
from app.certificates.pem import distinguished_name
from app.certificates.plan import CertificatePlan
from app.certificates.subject import Subject
from app.checks.resources import heap_mib
from app.checksums import text_hash
from app.cluster import Cluster, SecretKey, Tier
from app.config import opensearch
from app.credentials import access, own_secrets
from app.credentials.access import UserAccess
from app.credentials.index_state import index_state
from app.credentials.own_secrets import ADMINISTRATOR, DASHBOARD_SERVER
from app.names import Names, Role
from app.observed.request import Observed, SyncRequest, as_map, as_text
from app.observed.secret_reader import SecretReader
from app.resolve.authority import Wanted, evidence, observed_hash
from app.resolve.custom_certificates import custom_certificates
from app.resolve.held_fields import OPENSEARCH_YML, observed_text
from app.schema.tls import CertConfig
from app.schema.wazuhcluster import WazuhClusterSpec
from app.versions import WazuhVersion

MOST_INITIAL_MANAGERS = 3
#: Numbers of pods that bootstrap, as the annotation spells them.
_COUNTS: Final[Mapping[object, int]] = {
    str(count): count for count in range(1, MOST_INITIAL_MANAGERS + 1)
}
#: Fields that the API server never lets change, by what a workload may have of them.
_FIXED = ("volumeClaimTemplates", "serviceName", "selector", "podManagementPolicy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What `resolve` rests on: the request, the effective spec, and the plans made before."""

    request: SyncRequest
    spec: WazuhClusterSpec
    version: WazuhVersion
    names: Names
    indexer_replicas: int
    user: UserAccess
    certificates: CertificatePlan


def resolve(facts: Facts) -> Cluster:
    """Decide every fact of the cluster that builders lay out; Secrets to emit come later."""
    spec, named = facts.spec, facts.names
    api_username, api_password = access.api_account_source(spec, named)
    node_dns, admin_dns = _distinguished_names(facts)
    keys = _Keys(
        cluster_key=access.cluster_key_source(spec, named),
        api_username=api_username,
        api_password=api_password,
        authd_password=access.authd_password_source(spec, named),
        sets_wazuh_password=not _is_wazuh_account(facts.user),
    )
    return Cluster(
        name=facts.request.name,
        namespace=facts.request.namespace,
        uid=facts.request.uid,
        spec=spec,
        version=facts.version,
        names=named,
        heap_mib=heap_mib(spec),
        initial_cluster_managers=_initial_managers(facts),
        node_dns=node_dns,
        admin_dns=admin_dns,
        cluster_key=keys.cluster_key,
        api_username=keys.api_username,
        api_password=keys.api_password,
        authd_password=keys.authd_password,
        sets_wazuh_password=keys.sets_wazuh_password,
        leaf_secrets=tuple(sorted(facts.certificates.mounts.items())),
        tiers={role: _tier(facts, keys, role) for role in names.TIERS},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    cluster_key: SecretKey
    api_username: SecretKey
    api_password: SecretKey
    authd_password: SecretKey | None
    sets_wazuh_password: bool


def _is_wazuh_account(user: UserAccess) -> bool:
    """Whether the dashboard's account is `wazuh` itself, whose password the image then sets."""
    return user.api is not None and user.api.username.text == "wazuh"


def _tier(facts: Facts, keys: _Keys, role: Role) -> Tier:
    workload = facts.request.observed.workloads.get(role)
    running: Mapping[str, Any] = {} if workload is None else workload.annotations
    return Tier(
        replicas=_replicas(facts, role),
        cert_hash=_cert_hash(facts, role) or as_text(running.get(names.CERT_HASH)),
        secret_digests=_digests(facts, keys, role),
        kept_config_hash=as_text(running.get(names.CONFIG_HASH)),
        fixed=_fixed(facts.request.observed, role),
    )


def _replicas(facts: Facts, role: Role) -> int:
    match role:
        case Role.INDEXER:
            return facts.indexer_replicas
        case Role.MANAGER_WORKER:
            return facts.spec.manager.workers.replicas
        case Role.DASHBOARD:
            return facts.spec.dashboard.replicas
        case _:
            return 1


def _fixed(observed: Observed, role: Role) -> dict[str, object]:
    workload = observed.workloads.get(role)
    if workload is None:
        return {}
    spec = as_map(workload.manifest.get("spec"))
    return {name: spec[name] for name in _FIXED if name in spec}


def _cert_hash(facts: Facts, role: Role) -> str | None:
    """Hash over the observed leaf Secrets of a tier; None where it may not move."""
    if facts.certificates.hold is not None:
        return None
    reloads = role is Role.INDEXER and _reloads_leaves(facts.spec, facts.version)
    mounts = facts.certificates.mounts
    return observed_hash(facts.request.observed, facts.names, role, mounts, reloads=reloads)


def _reloads_leaves(spec: WazuhClusterSpec, version: WazuhVersion) -> bool:
    """Whether indexers take a renewed leaf while running."""
    return spec.tls.hot_reload.enabled and version.reloads_certificates


def _digests(facts: Facts, keys: _Keys, role: Role) -> Mapping[str, str] | None:
    """Digests of what a tier reads; None: the hash of the running pods stays.

    So it does until the index has taken the password that they read (behaviour 10): pods that
    run would roll onto one with which nobody can log in yet.
    """
    if role is not Role.INDEXER and role in facts.request.observed.workloads:
        account = DASHBOARD_SERVER if role is Role.DASHBOARD else ADMINISTRATOR
        if not index_state(facts.request.observed, facts.names).is_in_force(account):
            return None
    reader = SecretReader(observed=facts.request.observed, names=facts.names)
    match role:
        case Role.INDEXER:
            return {}
        case Role.DASHBOARD:
            own = facts.names.dashboard_credentials
            read = [
                SecretKey(name=own, key=own_secrets.DASHBOARD_USERNAME),
                SecretKey(name=own, key=own_secrets.DASHBOARD_PASSWORD),
                SecretKey(name=own, key=own_secrets.COOKIE_PASSWORD),
                SecretKey(name=facts.names.dashboard_wazuh, key=access.WAZUH_YML),
            ]
            cookie = SecretKey(name=own, key=own_secrets.COOKIE_PASSWORD)
            return reader.digests(read, secret_key=cookie)
        case _:
            return reader.digests(_manager_keys(facts, keys, role), secret_key=keys.cluster_key)


def _manager_keys(facts: Facts, keys: _Keys, role: Role) -> Iterator[SecretKey]:
    """Keys that the pods of a manager role read, certificates of our own excepted."""
    named, auth = facts.names, facts.spec.manager.config.auth
    yield SecretKey(name=named.indexer_credentials, key=own_secrets.ADMIN_USERNAME)
    yield SecretKey(name=named.indexer_credentials, key=own_secrets.ADMIN_PASSWORD)
    yield keys.api_username
    yield keys.api_password
    if keys.sets_wazuh_password:
        yield SecretKey(name=named.api_credentials, key=own_secrets.ADMIN_PASSWORD)
    yield keys.cluster_key
    runs_authd = auth.runs_on(role)
    if runs_authd and keys.authd_password is not None:
        yield keys.authd_password
    if runs_authd and auth.ssl_agent_ca_secret_ref is not None:
        reference = auth.ssl_agent_ca_secret_ref
        yield SecretKey(name=reference.name, key=reference.key)


def _initial_managers(facts: Facts) -> int:
    """How many pods bootstrap: fixed when the StatefulSet is created, never following replicas.

    Read back from the StatefulSet, else from the observed configuration, else from what the
    claims tell of an earlier cluster (behaviour 3).
    """
    observed = facts.request.observed
    workload = observed.workloads.get(Role.INDEXER)
    if workload is not None:
        own = as_map(as_map(workload.manifest.get("metadata")).get("annotations"))
        recorded = own.get(names.INITIAL_CLUSTER_MANAGERS)
        if recorded in _COUNTS:
            return _COUNTS[recorded]
    text = observed_text(observed, facts.names.config_map(Role.INDEXER), OPENSEARCH_YML)
    known = None if text is None else opensearch.initial_cluster_managers_of(text)
    if known is not None:
        return known
    ordinals = [_ordinal(claim) for claim in observed.claims]
    if ordinals:
        return min(MOST_INITIAL_MANAGERS, 1 + max(ordinals))
    return min(MOST_INITIAL_MANAGERS, facts.spec.indexer.replicas)


def _ordinal(claim: Mapping[str, Any]) -> int:
    name = as_text(as_map(claim.get("metadata")).get("name")) or ""
    found = re.search(r"-([0-9]{1,4})$", name)
    return int(found.group(1)) if found else 0


def _distinguished_names(facts: Facts) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Entries of nodes_dn and admin_dn: the wanted name, and those that may still be in use.

    OpenSearch reads both settings at start only. So while a subject changes old and new name
    stand side by side, until the indexers are settled on a leaf that carries the new one.
    """
    observed = facts.request.observed
    text = observed_text(observed, facts.names.config_map(Role.INDEXER), OPENSEARCH_YML)
    listed = (None if text is None else opensearch.distinguished_names_of(text)) or ((), ())
    own = _wanted_names(facts.spec.tls.cert_config, facts.names.cluster)
    plan, roles = facts.certificates, (INDEXER, ADMIN)
    if all(listed) and (plan.is_stuck or _is_unreadable(facts)):
        return listed  # a leaf of the user that cannot be read now: whoever was accepted stays so
    wanted = [plan.given_subjects.get(one, name) for one, name in zip(roles, own, strict=True)]
    present = [plan.leaf_facts.get(plan.mounts[one]) for one in roles]
    used = [() if one is None else (distinguished_name(one.subject),) for one in present]
    if _is_settled_on(facts, wanted[0], used[0]):
        return (wanted[0],), (wanted[1],)
    lists = zip(listed, used, wanted, strict=True)
    nodes, admins = (tuple(dict.fromkeys((*old, *now, new))) for old, now, new in lists)
    return nodes, admins


def _is_unreadable(facts: Facts) -> bool:
    """Whether the spec names a leaf of a node or administrator that cannot be used."""
    custom, known = facts.spec.tls.custom_certs, facts.certificates.given_subjects
    return (custom.node_secret_ref is not None and INDEXER not in known) or (
        custom.admin_secret_ref is not None and ADMIN not in known
    )


def _is_settled_on(facts: Facts, wanted: str, used: tuple[str, ...]) -> bool:
    """Whether every indexer runs on a leaf with the wanted name."""
    workload = facts.request.observed.workloads.get(Role.INDEXER)
    return (
        workload is not None
        and used == (wanted,)
        and workload.is_complete
        and workload.annotations.get(names.CERT_HASH) == _cert_hash(facts, Role.INDEXER)
    )


@lru_cache(maxsize=512)
def _wanted_names(config: CertConfig, cluster: str) -> tuple[str, str]:
    """Distinguished names of a node and of the administrator, as OpenSearch reads them."""
    subject = Subject.of(config)
    node, admin = (
        distinguished_name(subject.attributes(common_name))
        for common_name in (f"{cluster}-{INDEXER}", ADMIN)
    )
    return node, admin


def wanted_certificates(
    request: SyncRequest, named: Names, spec: WazuhClusterSpec, version: WazuhVersion
) -> Wanted:
    """What the spec asks of the certificates, and what its tiers prove."""
    tiers = (role for role in names.TIERS if role is not Role.DASHBOARD or spec.dashboard.enabled)
    custom = custom_certificates(request, named)
    return Wanted(
        config=spec.tls.cert_config,
        accepted=_accepted_names(named, request.observed),
        listed=_listed_names(named, request.observed),
        tiers=evidence(request, named, tiers, custom, reloads=_reloads_leaves(spec, version)),
        custom=custom,
    )


def _listed_names(named: Names, observed: Observed) -> frozenset[str] | None:
    """Distinguished names in the observed configuration; None where no indexer is there."""
    if Role.INDEXER not in observed.workloads:
        return None
    text = observed_text(observed, named.config_map(Role.INDEXER), OPENSEARCH_YML)
    listed = None if text is None else opensearch.distinguished_names_of(text)
    return frozenset() if listed is None else frozenset((*listed[0], *listed[1]))


def _accepted_names(named: Names, observed: Observed) -> frozenset[str] | None:
    """Distinguished names that the running indexers accept; None where there are none to ask.

    Proof is an opensearch.yml whose hash stands on the template of a completed roll.
    """
    workload = observed.workloads.get(Role.INDEXER)
    if workload is None:
        return None
    text = observed_text(observed, named.config_map(Role.INDEXER), OPENSEARCH_YML)
    listed = None if text is None else opensearch.distinguished_names_of(text)
    if text is None or listed is None or not workload.is_complete:
        return frozenset()
    hashed = text_hash({OPENSEARCH_YML: opensearch.hashed_text_of(text)})
    if hashed != workload.annotations.get(names.CONFIG_HASH):
        return frozenset()
    return frozenset((*listed[0], *listed[1]))
