"""opensearch.yml: the settings of one indexer node, the same text for all of them.

Every key is known to every OpenSearch of the supported range (2.13 to 2.19) or gated: an unknown
one stops the node. What comes from the pod stands as ``${POD_NAME}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from app.cluster import Cluster
from app.config import yaml_text
from app.names import CA_CERT, TLS_CERT, TLS_KEY, Role

INITIAL_MASTER_NODES: Final = "cluster.initial_master_nodes"
_NODES_DN: Final = "plugins.security.nodes_dn"
_ADMIN_DN: Final = "plugins.security.authcz.admin_dn"
#: At most so many of the first pods bootstrap a cluster.
_MOST_INITIAL: Final = 3

#: Indices that only their plugins may write (the list of Wazuh's own file).
_SYSTEM_INDICES: Final = (
    ".opendistro-alerting-config",
    ".opendistro-alerting-alert*",
    ".opendistro-anomaly-results*",
    ".opendistro-anomaly-detector*",
    ".opendistro-anomaly-checkpoints",
    ".opendistro-anomaly-detection-state",
    ".opendistro-reports-*",
    ".opendistro-notifications-*",
    ".opendistro-notebooks",
    ".opensearch-observability",
    ".opendistro-asynchronous-search-response*",
    ".replication-metadata-store",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """All that opensearch.yml depends on."""

    cluster_name: str
    seed_host: str
    initial_master_nodes: tuple[str, ...]
    config_folder: str
    allow_mmap: bool
    hot_reload: bool
    node_dns: tuple[str, ...]
    admin_dns: tuple[str, ...]


def opensearch_yml(cluster: Cluster) -> str:
    """opensearch.yml as the ConfigMap holds it."""
    names = cluster.names
    count = cluster.initial_cluster_managers
    return _rendered(
        _inputs(cluster, tuple(names.pod(Role.INDEXER, ordinal) for ordinal in range(count)))
    )


def hashed_opensearch_yml(cluster: Cluster) -> str:
    """The part of opensearch.yml that rolls the indexers when it changes.

    A node reads the bootstrap list only while it has no cluster state, so a change of that list
    alone must not restart anybody.
    """
    return _rendered(_inputs(cluster, ()))


@lru_cache(maxsize=128)
def initial_cluster_managers_of(text: str) -> int | None:
    """How many of the first pods an observed opensearch.yml names for the bootstrap (1 to 3).

    None unless its list is one that we wrote: pods from ordinal 0 on, without a gap.
    """
    nodes = _strings(yaml_text.load(text) or {}, INITIAL_MASTER_NODES)
    if nodes is None or len(nodes) > _MOST_INITIAL:
        return None
    if any(not name.endswith(f"-{ordinal}") for ordinal, name in enumerate(nodes)):
        return None
    return len(nodes)


@lru_cache(maxsize=128)
def distinguished_names_of(text: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """``nodes_dn`` and ``admin_dn`` of an observed opensearch.yml; None unless it has both.

    A node reads them at start only, so while a subject changes the running names stay listed.
    """
    settings = yaml_text.load(text) or {}
    nodes, admins = _strings(settings, _NODES_DN), _strings(settings, _ADMIN_DN)
    return None if nodes is None or admins is None else (nodes, admins)


@lru_cache(maxsize=128)
def hashed_text_of(text: str) -> str:
    """What `hashed_opensearch_yml` gives, from an observed opensearch.yml."""
    kept: list[str] = []
    skips = False
    for line in text.splitlines(keepends=True):
        skips = line.startswith(f"{INITIAL_MASTER_NODES}:") or (skips and line.startswith("- "))
        if not skips:
            kept.append(line)
    return "".join(kept)


@lru_cache(maxsize=128)
def cluster_name_of(text: str) -> str | None:
    """``cluster.name`` of an observed opensearch.yml: nodes of two names do not join."""
    name = (yaml_text.load(text) or {}).get("cluster.name")
    return name if isinstance(name, str) and name else None


@lru_cache(maxsize=128)
def reloads_certificates(text: str) -> bool:
    """Whether an observed opensearch.yml has its node watch the certificate files."""
    settings = yaml_text.load(text) or {}
    return settings.get("plugins.security.ssl.certificates_hot_reload.enabled") == "true"


def _strings(settings: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    """Non-empty list of non-empty texts under ``key``, or None."""
    values = settings.get(key)
    if not isinstance(values, list) or not values:
        return None
    if any(not isinstance(value, str) or not value for value in values):
        return None
    return tuple(values)


def _inputs(cluster: Cluster, initial_master_nodes: tuple[str, ...]) -> _Inputs:
    indexer = cluster.spec.indexer
    names = cluster.names
    return _Inputs(
        cluster_name=indexer.cluster_name or cluster.name,
        seed_host=names.service_dns(names.headless(Role.INDEXER)),
        initial_master_nodes=initial_master_nodes,
        config_folder=cluster.version.indexer_config_folder,
        allow_mmap=indexer.vm_max_map_count is not None,
        hot_reload=cluster.hot_reload,
        node_dns=cluster.node_dns,
        admin_dns=cluster.admin_dns,
    )


@lru_cache(maxsize=128)
def _rendered(inputs: _Inputs) -> str:
    return yaml_text.dump({**_node(inputs), **_tls(inputs), **_authorization(inputs)})


def _node(inputs: _Inputs) -> dict[str, Any]:
    """Cluster, node, discovery and storage."""
    settings: dict[str, Any] = {
        "cluster.name": inputs.cluster_name,
        "node.name": "${POD_NAME}",
        "network.host": "0.0.0.0",  # noqa: S104 - the pod's addresses are not known here
        "path.data": "/var/lib/wazuh-indexer",
        "path.logs": "/var/log/wazuh-indexer",
        "discovery.seed_hosts": [inputs.seed_host],
    }
    if inputs.initial_master_nodes:
        settings[INITIAL_MASTER_NODES] = list(inputs.initial_master_nodes)
    if not inputs.allow_mmap:
        # Else a bootstrap check asks for a kernel setting that a pod cannot change.
        settings["node.store.allow_mmap"] = False
    # Filebeat 7.10.2 talks to no other version number.
    settings["compatibility.override_main_response_version"] = True
    return settings


def _tls(inputs: _Inputs) -> dict[str, Any]:
    """Certificates of both layers, from one folder, and how they are checked and reloaded."""
    folder = f"{inputs.config_folder}/certs"
    settings: dict[str, Any] = {"plugins.security.ssl.http.enabled": True}
    for layer in ("http", "transport"):
        prefix = f"plugins.security.ssl.{layer}"
        settings[f"{prefix}.pemcert_filepath"] = f"{folder}/{TLS_CERT}"
        settings[f"{prefix}.pemkey_filepath"] = f"{folder}/{TLS_KEY}"
        settings[f"{prefix}.pemtrustedcas_filepath"] = f"{folder}/{CA_CERT}"
    # Peers dial addresses. 2.19.3 ignores the default (true), 2.19.4 enforces it.
    settings["plugins.security.ssl.transport.enforce_hostname_verification"] = False
    settings["plugins.security.ssl.transport.resolve_hostname"] = False
    if inputs.hot_reload:
        settings["plugins.security.ssl.certificates_hot_reload.enabled"] = True
        # Off on one layer only, neither of them reloads a leaf of another issuer.
        for layer in ("http", "transport"):
            settings[f"plugins.security.ssl.{layer}.enforce_cert_reload_dn_verification"] = False
    return settings


def _authorization(inputs: _Inputs) -> dict[str, Any]:
    """Who is a node, who is the administrator, and the security index."""
    return {
        _NODES_DN: list(inputs.node_dns),
        _ADMIN_DN: list(inputs.admin_dns),
        "plugins.security.allow_default_init_securityindex": True,
        "plugins.security.restapi.roles_enabled": ["all_access", "security_rest_api_access"],
        "plugins.security.check_snapshot_restore_write_privileges": True,
        "plugins.security.enable_snapshot_restore_privilege": True,
        "plugins.security.system_indices.enabled": True,
        "plugins.security.system_indices.indices": list(_SYSTEM_INDICES),
    }
