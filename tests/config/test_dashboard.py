"""Files of the dashboard: the server's whole, and each key of the plugin's."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from app.cluster import ApiHost
from app.config.dashboard import opensearch_dashboards_yml, wazuh_yml
from tests.clusters import cluster

DEFAULT = ApiHost(
    id="default",
    url="https://wz-manager-api.security.svc.cluster.local",
    port=55000,
    username="wazuh-wui",
    password="Password.1",
)


def plugin_text(raw: dict[str, Any] | None = None, *hosts: ApiHost) -> str:
    """wazuh.yml for a raw ``wazuhPlugin``, with the default host unless others are given."""
    return wazuh_yml(cluster({"dashboard": {"wazuhPlugin": raw or {}}}), hosts or (DEFAULT,))


def plugin(raw: dict[str, Any] | None = None, *hosts: ApiHost) -> dict[str, Any]:
    """Its content as a YAML reader sees it."""
    loaded = yaml.safe_load(plugin_text(raw, *hosts))
    assert isinstance(loaded, dict)
    return loaded


def test_the_servers_file_holds_exactly_these_settings() -> None:
    """An unknown key stops the server, a missing one falls back to a published constant."""
    certs = "/usr/share/wazuh-dashboard/certs"
    loaded = yaml.safe_load(opensearch_dashboards_yml(cluster()))
    assert loaded == {
        "server.host": "0.0.0.0",  # noqa: S104 - an expectation
        "server.port": 5601,
        "server.ssl.enabled": True,
        "server.ssl.certificate": f"{certs}/tls.crt",
        "server.ssl.key": f"{certs}/tls.key",
        "opensearch.hosts": ["https://wz-indexer.security.svc.cluster.local:9200"],
        "opensearch.ssl.verificationMode": "full",
        "opensearch.ssl.certificateAuthorities": [f"{certs}/ca.crt"],
        "opensearch.requestHeadersAllowlist": ["securitytenant", "Authorization"],
        "opensearch_security.multitenancy.enabled": False,
        "opensearch_security.readonly_mode.roles": ["kibana_read_only"],
        "opensearch_security.cookie.password": "${COOKIE_PASSWORD}",
        "opensearch_security.cookie.secure": True,
        "opensearch_security.cookie.ttl": 900000,
        "opensearch_security.session.ttl": 900000,
        "opensearch_security.session.keepalive": True,
        "uiSettings.overrides.defaultRoute": "/app/wz-home",
    }


@pytest.mark.parametrize(
    "version", ["4.9.0", "4.10.4", "4.11.0", "4.12.0", "4.13.1", "4.14.0", "4.14.4"]
)
def test_the_files_are_the_same_in_all_versions(version: str) -> None:
    """The schema of these keys did not change; so no upgrade rolls a dashboard for its text."""
    old, new = cluster({"version": version}), cluster()
    assert opensearch_dashboards_yml(old) == opensearch_dashboards_yml(new)
    assert wazuh_yml(old, (DEFAULT,)) == wazuh_yml(new, (DEFAULT,))


def test_the_index_is_called_by_its_published_port() -> None:
    """The user may publish another one."""
    raw = {"indexer": {"service": {"ports": [{"name": "rest", "port": 443}]}}}
    loaded = yaml.safe_load(opensearch_dashboards_yml(cluster(raw)))
    assert loaded["opensearch.hosts"] == ["https://wz-indexer.security.svc.cluster.local:443"]


def test_an_empty_plugin_gives_this_text() -> None:
    """The number in the first line keeps the image from appending a host of its own."""
    assert plugin_text() == (
        "# Rendered from a WazuhCluster. 1513629884013 keeps the image from adding a host.\n"
        "hosts:\n"
        '- "default":\n'
        '    url: "https://wz-manager-api.security.svc.cluster.local"\n'
        "    port: 55000\n"
        '    username: "wazuh-wui"\n'
        '    password: "Password.1"\n'
        "    run_as: false\n"
        "configuration.ui_api_editable: false\n"
    )


#: Field of ``wazuhPlugin``, its raw form, key in wazuh.yml, value there.
FIELDS = [
    ("pattern", {"pattern": "wazuh-alerts-4.x-*"}, "pattern", "wazuh-alerts-4.x-*"),
    ("timeout", {"timeout": 30000}, "timeout", 30000),
    ("ipSelector", {"ipSelector": False}, "ip.selector", False),
    ("ipIgnore", {"ipIgnore": ["a-*", "b"]}, "ip.ignore", ["a-*", "b"]),
    ("ipIgnore, none", {"ipIgnore": []}, "ip.ignore", []),
    ("hideManagerAlerts", {"hideManagerAlerts": True}, "hideManagerAlerts", True),
    ("alertsSamplePrefix", {"alertsSamplePrefix": "sample-"}, "alerts.sample.prefix", "sample-"),
    ("enrollmentDns", {"enrollmentDns": "a.example.org"}, "enrollment.dns", "a.example.org"),
    ("cronPrefix", {"cronPrefix": "wazuh-soc"}, "cron.prefix", "wazuh-soc"),
    ("updatesDisabled", {"updatesDisabled": True}, "wazuh.updates.disabled", True),
    *(
        (f"monitoring.{field}", {"monitoring": {field: value}}, f"wazuh.monitoring.{field}", value)
        for field, value in {
            "enabled": False,
            "frequency": 1800,
            "pattern": "wazuh-monitoring-soc-*",
            "creation": "d",
            "shards": 2,
            "replicas": 1,
        }.items()
    ),
    *(
        (f"checks.{field}", {"checks": {field: False}}, f"checks.{field}", False)
        for field in (
            "pattern",
            "template",
            "api",
            "setup",
            "fields",
            "metaFields",
            "timeFilter",
            "maxBuckets",
        )
    ),
    *(
        (f"cronStatistics.{field}", {"cronStatistics": {field: value}}, key, value)
        for field, key, value in (
            ("status", "cron.statistics.status", False),
            ("apis", "cron.statistics.apis", ["default"]),
            ("interval", "cron.statistics.interval", "0 */10 * * * *"),
            ("indexName", "cron.statistics.index.name", "figures"),
            ("indexCreation", "cron.statistics.index.creation", "m"),
            ("shards", "cron.statistics.index.shards", 3),
            ("replicas", "cron.statistics.index.replicas", 0),
        )
    ),
]


@pytest.mark.parametrize(
    ("raw", "key", "expected"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS]
)
def test_a_field_is_written_under_its_key_and_nothing_else(
    raw: dict[str, Any], key: str, expected: object
) -> None:
    """A value equal to the plugin's default counts as set: it is what the user wrote."""
    assert plugin(raw) == {**plugin(), key: expected}
    assert key not in plugin()


def test_every_text_is_quoted() -> None:
    """The plugin checks no types: a text that reads as a number would become one."""
    raw = {
        "pattern": "123",
        "ipIgnore": ["1e3"],
        "cronStatistics": {"apis": ["007"], "interval": "0 */5 * * * *"},
    }
    lines = plugin_text(raw).splitlines()
    assert 'pattern: "123"' in lines
    assert '- "1e3"' in lines
    assert '- "007"' in lines
    assert 'cron.statistics.interval: "0 */5 * * * *"' in lines


def test_hosts_are_a_list_of_one_key_maps_in_their_order() -> None:
    """Ids that read as other types stay texts."""
    other = ApiHost(
        id="1e3", url="http://x", port=443, username="wazuh", password="Pw.1", run_as=True
    )
    assert plugin(None, DEFAULT, other)["hosts"] == [
        {
            "default": {
                "url": DEFAULT.url,
                "port": 55000,
                "username": "wazuh-wui",
                "password": "Password.1",
                "run_as": False,
            }
        },
        {
            "1e3": {
                "url": "http://x",
                "port": 443,
                "username": "wazuh",
                "password": "Pw.1",
                "run_as": True,
            }
        },
    ]


@pytest.mark.parametrize("hosts", [(), (DEFAULT, DEFAULT)], ids=["no host", "one id twice"])
def test_hosts_that_stop_the_server_raise(hosts: tuple[ApiHost, ...]) -> None:
    """Null and a duplicate id are fatal to it; the error shows no password."""
    with pytest.raises(ValueError, match="at least one host") as error:
        wazuh_yml(cluster(), hosts)
    assert DEFAULT.password not in str(error.value)


@pytest.mark.parametrize("text", ["a\nhosts: []", 'a": b', "a # b", "${HOME}", "a\\u0022: b"])
def test_no_value_can_add_a_key(text: str) -> None:
    """Whatever stands in a host's fields stays one text."""
    host = ApiHost(id=text, url=text, port=1, username=text, password=text)
    loaded = plugin(None, host)
    assert loaded.keys() == plugin().keys()
    assert loaded["hosts"] == [
        {text: {"url": text, "port": 1, "username": text, "password": text, "run_as": False}}
    ]
