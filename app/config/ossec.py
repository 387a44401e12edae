"""ossec.conf of a manager and what belongs to it: one complete file for each role.

The image copies it over the volume at every start and puts host name and cluster key into two
placeholders. The control script finds ``<cluster>`` and ``<auth>`` by text search, so each stands
once, one element a line, without comments.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from xml.etree.ElementTree import Element

from app.cluster import Cluster
from app.config import ossec_constants
from app.config.xml_text import document, leaf, section, wrapped
from app.names import CA_CERT, MANAGER_CLUSTER_PORT, MANAGERS, TLS_CERT, TLS_KEY, Role
from app.schema.ossec import AlertsConfig, AuthConfig, GlobalConfig, ManagerConfig, RemoteConfig
from app.versions import WazuhVersion

ROOT: Final = "ossec_config"
#: Replaced by the image; spelled exactly so, alone in their elements.
HOSTNAME_PLACEHOLDER: Final = "to_be_replaced_by_hostname"
CLUSTER_KEY_PLACEHOLDER: Final = "to_be_replaced_by_cluster_key"
#: Folder of the leaf that Filebeat and the indexer connector use.
CERTIFICATE_FOLDER: Final = "/etc/ssl/wazuh"
#: CA of the agents' certificates, below /var/ossec, where it is mounted.
AGENT_CA: Final = "etc/agent-ca.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """All that an ossec.conf depends on."""

    role: Role
    version: WazuhVersion
    config: ManagerConfig
    extra_config: str
    runs_authd: bool
    master: str
    indexer_url: str


def ossec_conf(cluster: Cluster, role: Role) -> str:
    """ossec.conf of the master or of the workers.

    Raises ValueError for another role, and for a value that Wazuh's readers would not read back:
    the checks of the spec let none through.
    """
    if role not in MANAGERS:
        raise ValueError(f"{role} has no ossec.conf")
    manager = cluster.spec.manager
    is_master = role is Role.MANAGER_MASTER
    tier = manager.master if is_master else manager.workers
    return _rendered(
        _Inputs(
            role=role,
            version=cluster.version,
            config=manager.config,
            extra_config=tier.extra_config or "",
            runs_authd=cluster.runs_authd(role),
            master=cluster.names.pod_dns(Role.MANAGER_MASTER, 0),
            indexer_url=cluster.indexer_url,
        )
    )


def local_internal_options(cluster: Cluster) -> str:
    """local_internal_options.conf; never empty, for what is not mounted stays on the volume."""
    lines = cluster.spec.manager.config.local_internal_options.rstrip("\n")
    header = "# From spec.manager.config.localInternalOptions; edits made here are lost.\n"
    return f"{header}{lines}\n" if lines else header


@lru_cache(maxsize=128)
def _rendered(inputs: _Inputs) -> str:
    config = inputs.config
    text = document(
        ROOT,
        _global(config.global_),
        _alerts(config.alerts),
        section("logging", leaf("log_format", config.logging.log_format)),
        _remote(config.remote),
        *ossec_constants.host_checks(inputs.version),
        ossec_constants.vulnerability_detection(),
        _indexer(inputs.indexer_url),
        ossec_constants.white_list(),
        *ossec_constants.commands(),
        ossec_constants.own_log(),
        ossec_constants.ruleset(inputs.version),
        ossec_constants.rule_test(),
        _auth(config.auth, runs_authd=inputs.runs_authd),
        _cluster(inputs.role, inputs.master),
    )
    extra = inputs.extra_config
    return text + wrapped(ROOT, extra) if extra.strip() else text


def _global(config: GlobalConfig) -> Element:
    """What is written and mailed; on every node, for each analyses its own agents' events."""
    elements = [
        leaf("jsonout_output", config.jsonout_output),
        leaf("alerts_log", config.alerts_log),
        leaf("logall", config.log_all),
        leaf("logall_json", config.log_all_json),
        leaf("email_notification", config.email_notification),
    ]
    if config.smtp_server is not None:
        elements.append(leaf("smtp_server", config.smtp_server))
    if config.email_from is not None:
        elements.append(leaf("email_from", config.email_from))
    if config.email_to is not None:
        elements.extend(leaf("email_to", to.strip()) for to in config.email_to.split(","))
    return section(
        "global",
        *elements,
        leaf("email_maxperhour", config.email_max_per_hour),
        leaf("email_log_source", config.email_log_source),
        leaf("agents_disconnection_time", config.agents_disconnection_time),
        leaf("agents_disconnection_alert_time", config.agents_disconnection_alert_time),
    )


def _alerts(config: AlertsConfig) -> Element:
    return section(
        "alerts",
        leaf("log_alert_level", config.log_alert_level),
        leaf("email_alert_level", config.email_alert_level),
    )


def _remote(config: RemoteConfig) -> Element:
    """The agents' listener; a second secure one would be refused."""
    return section(
        "remote",
        leaf("connection", config.connection),
        leaf("port", config.port),
        leaf("protocol", config.protocol),
        leaf("queue_size", config.queue_size),
    )


def _indexer(url: str) -> Element:
    """Where modulesd sends states and inventory; its account stands in the image's keystore."""
    return section(
        "indexer",
        leaf("enabled", value=True),
        section("hosts", leaf("host", url)),
        section(
            "ssl",
            section("certificate_authorities", leaf("ca", f"{CERTIFICATE_FOLDER}/{CA_CERT}")),
            leaf("certificate", f"{CERTIFICATE_FOLDER}/{TLS_CERT}"),
            leaf("key", f"{CERTIFICATE_FOLDER}/{TLS_KEY}"),
        ),
    )


def _auth(config: AuthConfig, *, runs_authd: bool) -> Element:
    """Enrolment. What rests on the agents' CA is said only where that CA is mounted."""
    agent_ca = runs_authd and config.ssl_agent_ca_secret_ref is not None
    return section(
        "auth",
        leaf("disabled", not runs_authd),
        leaf("port", config.port),
        leaf("use_source_ip", config.use_source_ip),
        section(
            "force",
            leaf("enabled", value=True),
            leaf("key_mismatch", value=True),
            # Without the attribute authd refuses the file.
            leaf("disconnected_time", "1h", enabled="yes"),
            leaf("after_registration_time", "1h"),
        ),
        leaf("purge", config.purge),
        leaf("use_password", config.use_password),
        leaf("ciphers", config.ciphers),
        *([leaf("ssl_agent_ca", AGENT_CA)] if agent_ca else []),
        leaf("ssl_verify_host", agent_ca and config.ssl_verify_host),
        leaf("ssl_manager_cert", config.ssl_manager_cert),
        leaf("ssl_manager_key", config.ssl_manager_key),
        leaf("ssl_auto_negotiate", config.ssl_auto_negotiate),
    )


def _cluster(role: Role, master: str) -> Element:
    """Cluster of the managers; workers dial the master's pod, ready or not."""
    return section(
        "cluster",
        leaf("name", "wazuh"),
        leaf("node_name", HOSTNAME_PLACEHOLDER),
        leaf("node_type", "master" if role is Role.MANAGER_MASTER else "worker"),
        leaf("key", CLUSTER_KEY_PLACEHOLDER),
        leaf("port", MANAGER_CLUSTER_PORT),
        leaf("bind_addr", "0.0.0.0"),  # noqa: S104 - the pod's addresses are not known here
        section("nodes", leaf("node", master)),
        leaf("hidden", value=False),
        leaf("disabled", value=False),
    )
