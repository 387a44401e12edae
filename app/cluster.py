"""What every builder needs, decided once.

``resolve`` makes this value; configuration files and components only lay it out. A builder
takes this one argument: wanting a third means that a fact is missing here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.names import INDEXER_REST_PORT, Names, Role
from app.schema.wazuhcluster import WazuhClusterSpec
from app.secret_data import SecretData
from app.versions import WazuhVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Facts of one tier: indexer, manager master, manager workers, dashboard.

    ``replicas``: what is sent, after holds. ``cert_hash``: the annotation, or None where the
    tier's leaf Secrets are not observed and nothing runs. ``secret_digests``: HMAC-SHA256 of the
    values of the non-certificate Secrets the tier reads, by ``<Secret>/<key>``; None means that
    ``kept_config_hash`` (the observed annotation) stays. ``fixed``: immutable fields of the
    observed workload (``volumeClaimTemplates``, ``serviceName``, ``selector``,
    ``podManagementPolicy``), empty before there is one.
    """

    replicas: int
    cert_hash: str | None = None
    secret_digests: Mapping[str, str] | None = None
    kept_config_hash: str | None = None
    fixed: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiHost:
    """One host of wazuh.yml. ``password`` is shown in no repr."""

    id: str
    url: str
    port: int
    username: str
    password: str = field(repr=False)
    run_as: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKey:
    """A key of a Secret that pods refer to: one of ours or the user's."""

    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityJob:
    """A Job to create, which takes the passwords of a patch to the index.

    ``digest``: SHA-256 of the patch in hex. ``labels``: of the Job and its pod. ``image``,
    ``pull_policy``, ``placement`` (fields of a pod's spec): as the running indexers have them.
    ``certs``: the Secret with the administrator's leaf, ours where it is empty.
    """

    digest: str
    labels: Mapping[str, str]
    image: str
    pull_policy: str
    placement: Mapping[str, object]
    url: str
    certs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One resolved cluster.

    ``spec`` is the effective spec: a held field holds its running value, a left-out item is
    gone. ``heap_mib``: indexer heap in MiB, or None where ``javaOpts`` brings its own.
    ``initial_cluster_managers``: how many of the first indexer pods bootstrap, frozen at
    creation. ``node_dns``, ``admin_dns``: entries of nodes_dn and admin_dn. ``secrets``: every
    Secret of ours to emit. ``tiers``: by role. ``leaf_secrets``: the Secret that pods read, by
    leaf, where it is not ours.
    """

    name: str
    namespace: str
    uid: str
    spec: WazuhClusterSpec
    version: WazuhVersion
    names: Names
    heap_mib: int | None
    initial_cluster_managers: int
    node_dns: tuple[str, ...]
    admin_dns: tuple[str, ...]
    cluster_key: SecretKey
    api_username: SecretKey
    api_password: SecretKey
    authd_password: SecretKey | None
    sets_wazuh_password: bool
    tiers: Mapping[Role, Tier]
    secrets: tuple[tuple[Role, SecretData], ...] = field(repr=False, default=())
    security_job: SecurityJob | None = None
    leaf_secrets: tuple[tuple[str, str], ...] = ()

    def leaf_secret(self, leaf: str) -> str:
        """The Secret that pods read a leaf from."""
        return dict(self.leaf_secrets).get(leaf, self.names.certs(leaf))

    def tier(self, role: Role) -> Tier:
        """Facts of one tier."""
        return self.tiers[role]

    @property
    def hot_reload(self) -> bool:
        """Whether indexers reload leaves while running."""
        return self.spec.tls.hot_reload.enabled and self.version.reloads_certificates

    def runs_authd(self, role: Role) -> bool:
        """Whether managers of ``role`` run the enrolment service."""
        return self.spec.manager.config.auth.runs_on(role)

    @property
    def rest_port(self) -> int:
        """Published port of the indexer's REST API, which our own URLs follow."""
        for port in self.spec.indexer.service.ports:
            if port.name == "rest":
                return port.port
        return INDEXER_REST_PORT

    @property
    def indexer_url(self) -> str:
        """URL of the index for managers, dashboard and Jobs."""
        return (
            f"https://{self.names.service_dns(self.names.service(Role.INDEXER))}:{self.rest_port}"
        )
