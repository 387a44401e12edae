"""Configuration of the dashboard: the server's own file and the one of Wazuh's plugin.

The schema of the server is the same in all versions of the range (Dashboards 2.13 to 2.19); an
unknown key stops it. The plugin reads flat dotted keys and checks nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from app.cluster import ApiHost, Cluster
from app.config import yaml_text
from app.config.yaml_text import Quoted
from app.names import CA_CERT, DASHBOARD_PORT, TLS_CERT, TLS_KEY
from app.schema.dashboard import WazuhPlugin

CERTIFICATE_FOLDER: Final = "/usr/share/wazuh-dashboard/certs"
#: The entry point appends an API host of its own to a file in which this number does not stand.
OWNED_MARK: Final = "1513629884013"
_HEADER: Final = (
    f"# Rendered from a WazuhCluster. {OWNED_MARK} keeps the image from adding a host.\n"
)

#: Attribute of the plugin's settings (dotted where nested) -> key in wazuh.yml, in the order of
#: the file. A key is written only where the attribute is set.
_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "pattern": "pattern",
        "timeout": "timeout",
        "ip_selector": "ip.selector",
        "ip_ignore": "ip.ignore",
        "hide_manager_alerts": "hideManagerAlerts",
        "alerts_sample_prefix": "alerts.sample.prefix",
        "enrollment_dns": "enrollment.dns",
        "updates_disabled": "wazuh.updates.disabled",
        "checks.pattern": "checks.pattern",
        "checks.template": "checks.template",
        "checks.api": "checks.api",
        "checks.setup": "checks.setup",
        "checks.fields": "checks.fields",
        "checks.meta_fields": "checks.metaFields",
        "checks.time_filter": "checks.timeFilter",
        "checks.max_buckets": "checks.maxBuckets",
        "monitoring.enabled": "wazuh.monitoring.enabled",
        "monitoring.frequency": "wazuh.monitoring.frequency",
        "monitoring.pattern": "wazuh.monitoring.pattern",
        "monitoring.creation": "wazuh.monitoring.creation",
        "monitoring.shards": "wazuh.monitoring.shards",
        "monitoring.replicas": "wazuh.monitoring.replicas",
        "cron_prefix": "cron.prefix",
        "cron_statistics.status": "cron.statistics.status",
        "cron_statistics.apis": "cron.statistics.apis",
        "cron_statistics.interval": "cron.statistics.interval",
        "cron_statistics.index_name": "cron.statistics.index.name",
        "cron_statistics.index_creation": "cron.statistics.index.creation",
        "cron_statistics.shards": "cron.statistics.index.shards",
        "cron_statistics.replicas": "cron.statistics.index.replicas",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PluginInputs:
    """All that wazuh.yml depends on."""

    settings: WazuhPlugin
    hosts: tuple[ApiHost, ...]


def opensearch_dashboards_yml(cluster: Cluster) -> str:
    """opensearch_dashboards.yml as the ConfigMap holds it.

    Account and password are in the image's keystore, the cookie's password in the environment.
    """
    return _server(cluster.indexer_url)


def wazuh_yml(cluster: Cluster, hosts: tuple[ApiHost, ...]) -> str:
    """wazuh.yml with ``hosts`` in the order given; it holds their passwords.

    Raises ValueError where no host is given or two have one id: both are fatal to the server.
    """
    return _plugin(_PluginInputs(settings=cluster.spec.dashboard.wazuh_plugin, hosts=hosts))


@lru_cache(maxsize=128)
def _server(indexer_url: str) -> str:
    return yaml_text.dump(
        {
            "server.host": "0.0.0.0",  # noqa: S104 - the pod's addresses are not known here
            "server.port": DASHBOARD_PORT,
            "server.ssl.enabled": True,
            "server.ssl.certificate": f"{CERTIFICATE_FOLDER}/{TLS_CERT}",
            "server.ssl.key": f"{CERTIFICATE_FOLDER}/{TLS_KEY}",
            "opensearch.hosts": [indexer_url],
            "opensearch.ssl.verificationMode": "full",
            "opensearch.ssl.certificateAuthorities": [f"{CERTIFICATE_FOLDER}/{CA_CERT}"],
            "opensearch.requestHeadersAllowlist": ["securitytenant", "Authorization"],
            "opensearch_security.multitenancy.enabled": False,
            "opensearch_security.readonly_mode.roles": ["kibana_read_only"],
            # The default is a constant that everybody knows.
            "opensearch_security.cookie.password": "${COOKIE_PASSWORD}",
            "opensearch_security.cookie.secure": True,
            # Milliseconds. Written because the default fell from an hour to this in 4.13.
            "opensearch_security.cookie.ttl": 900_000,
            "opensearch_security.session.ttl": 900_000,
            "opensearch_security.session.keepalive": True,
            "uiSettings.overrides.defaultRoute": "/app/wz-home",
        }
    )


@lru_cache(maxsize=128)
def _plugin(inputs: _PluginInputs) -> str:
    if not inputs.hosts or len({host.id for host in inputs.hosts}) != len(inputs.hosts):
        raise ValueError("wazuh.yml needs at least one host, and one id for each")
    return _HEADER + yaml_text.dump(
        {
            "hosts": [_host(host) for host in inputs.hosts],
            # The file is mounted read-only, so editing it in the UI must fail.
            "configuration.ui_api_editable": False,
            **_settings(inputs.settings),
        }
    )


def _host(host: ApiHost) -> dict[str, Any]:
    """One host as the plugin wants it: a map with its id as the only key."""
    return {
        Quoted(host.id): {
            "url": Quoted(host.url),
            "port": host.port,
            "username": Quoted(host.username),
            "password": Quoted(host.password),
            "run_as": host.run_as,
        }
    }


def _settings(settings: WazuhPlugin) -> dict[str, Any]:
    """Keys of what is set; what is absent keeps the plugin's own default."""
    found: dict[str, Any] = {}
    for path, key in _KEYS.items():
        value: Any = settings
        for attribute in path.split("."):
            value = getattr(value, attribute)
        if value is not None:
            found[key] = _scalar(value)
    return found


def _scalar(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_scalar(item) for item in value]
    return Quoted(value) if isinstance(value, str) else value
