"""opensearch.yml: values, version gates, and what is read back from an observed one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from app.config.opensearch import (
    cluster_name_of,
    distinguished_names_of,
    hashed_opensearch_yml,
    hashed_text_of,
    initial_cluster_managers_of,
    opensearch_yml,
    reloads_certificates,
)
from tests.clusters import cluster

DN = "OU=Wazuh,O=Wazuh,L=California,C=US"
HOT_RELOAD = "plugins.security.ssl.certificates_hot_reload.enabled"
DN_CHECKS = (
    "plugins.security.ssl.http.enforce_cert_reload_dn_verification",
    "plugins.security.ssl.transport.enforce_cert_reload_dn_verification",
)


def settings(raw: dict[str, Any] | None = None, **overrides: Any) -> dict[str, Any]:
    """Settings as a YAML 1.1 reader sees them."""
    loaded = yaml.safe_load(opensearch_yml(cluster(raw, **overrides)))
    assert isinstance(loaded, dict)
    return loaded


def test_the_smallest_spec_gives_exactly_these_settings() -> None:
    """The whole file, value by value, in the order in which a reader meets them."""
    certs = "/usr/share/wazuh-indexer/config/certs"
    assert list(settings().items()) == [
        ("cluster.name", "wz"),
        ("node.name", "${POD_NAME}"),
        ("network.host", "0.0.0.0"),  # noqa: S104 - an expectation
        ("path.data", "/var/lib/wazuh-indexer"),
        ("path.logs", "/var/log/wazuh-indexer"),
        ("discovery.seed_hosts", ["wz-indexer-headless.security.svc.cluster.local"]),
        ("cluster.initial_master_nodes", ["wz-indexer-0", "wz-indexer-1", "wz-indexer-2"]),
        ("node.store.allow_mmap", False),
        ("compatibility.override_main_response_version", True),
        ("plugins.security.ssl.http.enabled", True),
        ("plugins.security.ssl.http.pemcert_filepath", f"{certs}/tls.crt"),
        ("plugins.security.ssl.http.pemkey_filepath", f"{certs}/tls.key"),
        ("plugins.security.ssl.http.pemtrustedcas_filepath", f"{certs}/ca.crt"),
        ("plugins.security.ssl.transport.pemcert_filepath", f"{certs}/tls.crt"),
        ("plugins.security.ssl.transport.pemkey_filepath", f"{certs}/tls.key"),
        ("plugins.security.ssl.transport.pemtrustedcas_filepath", f"{certs}/ca.crt"),
        ("plugins.security.ssl.transport.enforce_hostname_verification", False),
        ("plugins.security.ssl.transport.resolve_hostname", False),
        (HOT_RELOAD, True),
        (DN_CHECKS[0], False),
        (DN_CHECKS[1], False),
        ("plugins.security.nodes_dn", [f"CN=wz-indexer,{DN}"]),
        ("plugins.security.authcz.admin_dn", [f"CN=admin,{DN}"]),
        ("plugins.security.allow_default_init_securityindex", True),
        ("plugins.security.restapi.roles_enabled", ["all_access", "security_rest_api_access"]),
        ("plugins.security.check_snapshot_restore_write_privileges", True),
        ("plugins.security.enable_snapshot_restore_privilege", True),
        ("plugins.security.system_indices.enabled", True),
        (
            "plugins.security.system_indices.indices",
            [
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
            ],
        ),
    ]


@pytest.mark.parametrize(
    ("version", "reloads", "folder"),
    [
        ("4.9.0", False, "/usr/share/wazuh-indexer/certs"),
        ("4.10.0", False, "/usr/share/wazuh-indexer/certs"),
        ("4.10.4", True, "/usr/share/wazuh-indexer/certs"),
        ("4.11.0", False, "/usr/share/wazuh-indexer/certs"),
        ("4.12.0", True, "/usr/share/wazuh-indexer/certs"),
        ("4.13.1", True, "/usr/share/wazuh-indexer/certs"),
        ("4.14.0", True, "/usr/share/wazuh-indexer/config/certs"),
        ("4.14.4", True, "/usr/share/wazuh-indexer/config/certs"),
    ],
)
def test_a_version_gets_the_keys_and_paths_it_knows(
    version: str, folder: str, *, reloads: bool
) -> None:
    """Hot reload needs OpenSearch 2.19.1, whose order is not Wazuh's; 4.14.0 moved the folder."""
    found = settings({"version": version})
    assert found["plugins.security.ssl.http.pemkey_filepath"] == f"{folder}/tls.key"
    assert found.get(HOT_RELOAD) is (True if reloads else None)
    assert [found.get(key) for key in DN_CHECKS] == [False if reloads else None] * 2


@pytest.mark.parametrize(
    ("raw", "key", "expected"),
    [
        pytest.param({"indexer": {"clusterName": "soc"}}, "cluster.name", "soc", id="clusterName"),
        pytest.param(
            {"clusterDomain": "example.org"},
            "discovery.seed_hosts",
            ["wz-indexer-headless.security.svc.example.org"],
            id="clusterDomain",
        ),
        pytest.param(
            {"indexer": {"vmMaxMapCount": "Init"}}, "node.store.allow_mmap", None, id="Init"
        ),
        pytest.param(
            {"indexer": {"vmMaxMapCount": "Preset"}}, "node.store.allow_mmap", None, id="Preset"
        ),
        pytest.param({"tls": {"hotReload": {"enabled": False}}}, HOT_RELOAD, None, id="hotReload"),
        pytest.param(
            {"tls": {"certConfig": {"state": "Nevada", "organization": "Acme"}}},
            "plugins.security.nodes_dn",
            ["CN=wz-indexer,OU=Wazuh,O=Acme,L=California,ST=Nevada,C=US"],
            id="certConfig",
        ),
    ],
)
def test_a_field_of_the_spec_changes_its_setting(
    raw: dict[str, Any], key: str, expected: object
) -> None:
    """None means that the setting is left out."""
    assert settings(raw).get(key) == expected
    assert settings().get(key) != expected


def test_old_and_new_names_are_listed_side_by_side() -> None:
    """While a subject changes both names are accepted."""
    found = settings(node_dns=("CN=old", "CN=new"), admin_dns=("CN=a", "CN=b"))
    assert found["plugins.security.nodes_dn"] == ["CN=old", "CN=new"]
    assert found["plugins.security.authcz.admin_dn"] == ["CN=a", "CN=b"]


def test_the_hashed_text_lacks_the_bootstrap_list_alone() -> None:
    """So a changed list restarts nobody."""
    full, hashed = opensearch_yml(cluster()), hashed_opensearch_yml(cluster())
    removed = [line for line in full.splitlines() if line not in hashed.splitlines()]
    assert removed == [
        "cluster.initial_master_nodes:",
        "- wz-indexer-0",
        "- wz-indexer-1",
        "- wz-indexer-2",
    ]
    assert hashed_opensearch_yml(cluster(initial_cluster_managers=1)) == hashed
    assert opensearch_yml(cluster(initial_cluster_managers=1)) != full


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_number_of_initial_managers_is_read_back(count: int) -> None:
    """From the very text that was rendered, whatever the name of the cluster."""
    text = opensearch_yml(cluster(name="wz-2", initial_cluster_managers=count))
    assert initial_cluster_managers_of(text) == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cluster.name: wz\n",
        "cluster.initial_master_nodes: wz-indexer-0\n",
        "cluster.initial_master_nodes: []\n",
        "cluster.initial_master_nodes: [[wz-indexer-0]]\n",
        "cluster.initial_master_nodes: [wz-indexer-1]\n",
        "cluster.initial_master_nodes: [wz-indexer-0, wz-indexer-2]\n",
        "cluster.initial_master_nodes: [a-0, a-1, a-2, a-3]\n",
        "cluster.initial_master_nodes: [wz-indexer-0\n",
    ],
    ids=[
        "empty",
        "no list",
        "a text",
        "an empty list",
        "lists in the list",
        "not from the first pod on",
        "a gap",
        "more than three",
        "not YAML",
    ],
)
def test_an_edited_bootstrap_list_says_nothing(text: str) -> None:
    """Then the number comes from elsewhere, instead of from somebody's edit."""
    assert initial_cluster_managers_of(text) is None


def test_distinguished_names_are_read_back() -> None:
    """Both lists, in their order."""
    text = opensearch_yml(cluster(node_dns=("CN=old,C=US", "CN=new,C=US"), admin_dns=("CN=a",)))
    assert distinguished_names_of(text) == (("CN=old,C=US", "CN=new,C=US"), ("CN=a",))


@pytest.mark.parametrize(
    "text",
    [
        "plugins.security.nodes_dn: [CN=a]\n",
        "plugins.security.nodes_dn: [CN=a]\nplugins.security.authcz.admin_dn: []\n",
        "plugins.security.nodes_dn: CN=a\nplugins.security.authcz.admin_dn: [CN=b]\n",
        "plugins.security.nodes_dn: [{CN: a}]\nplugins.security.authcz.admin_dn: [CN=b]\n",
        "- plugins.security.nodes_dn\n",
    ],
    ids=["one is missing", "one is empty", "one is a text", "one holds a map", "a list"],
)
def test_names_of_a_text_that_is_not_ours_are_none(text: str) -> None:
    """Nothing is guessed from half a file."""
    assert distinguished_names_of(text) is None


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_hashed_part_of_an_observed_text_is_the_rendered_one(count: int) -> None:
    """Else a hash could not be recomputed from what the ConfigMap holds."""
    rendered = cluster(initial_cluster_managers=count)
    assert hashed_text_of(opensearch_yml(rendered)) == hashed_opensearch_yml(rendered)


def test_the_hashed_part_of_an_edited_text_differs() -> None:
    """Only the bootstrap list itself is skipped, not what follows it."""
    text = opensearch_yml(cluster()) + "node.roles: []\n"
    assert hashed_text_of(text) == hashed_opensearch_yml(cluster()) + "node.roles: []\n"
    assert hashed_text_of("a: b\n- c\n") == "a: b\n- c\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (opensearch_yml(cluster()), "wz"),
        (opensearch_yml(cluster({"indexer": {"clusterName": "007"}})), "007"),
        ("cluster.name: [a]\n", None),
        ("cluster.name: ''\n", None),
        ("", None),
    ],
    ids=["rendered", "digits", "a list", "empty", "no text"],
)
def test_the_name_of_the_cluster_is_read_back(text: str, expected: str | None) -> None:
    """Nodes of two names do not join, so the running name counts."""
    assert cluster_name_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (opensearch_yml(cluster()), True),
        (opensearch_yml(cluster({"tls": {"hotReload": {"enabled": False}}})), False),
        (opensearch_yml(cluster({"version": "4.9.0"})), False),
        (f"{HOT_RELOAD}: false\n", False),
        ("", False),
    ],
    ids=["on", "off", "unknown to the version", "said to be off", "no text"],
)
def test_hot_reload_is_read_back(text: str, *, expected: bool) -> None:
    """Whether the running nodes watch their files, whatever the spec says now."""
    assert reloads_certificates(text) is expected


@pytest.mark.parametrize("name", ["a: b", "CN=a\nnode.roles: []", '"', "# no comment", "${X}"])
def test_no_value_can_add_a_setting(name: str) -> None:
    """A text with YAML in it stays one text."""
    found = settings(node_dns=(name,))
    assert found["plugins.security.nodes_dn"] == [name]
    assert found.keys() == settings().keys()
