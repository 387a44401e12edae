"""What the dashboard's server does with its account, and what it may not do."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import yaml

from app.config import security
from tests.indexer.client import Client, User
from tests.indexer.kubelet import Pod
from tests.indexer.nodes import Nodes

API = "/_plugins/_security/api"
DASHBOARDS_YML = "/usr/share/wazuh-dashboard/config/opensearch_dashboards.yml"


@pytest.fixture
def server(dashboard_pod: Pod, nodes: Nodes) -> Iterator[tuple[Client, User]]:
    """A client and a login as the pod of the dashboard has them: by its own file and variables."""
    settings = yaml.safe_load(dashboard_pod.path(DASHBOARDS_YML).read_text(encoding="utf-8"))
    (url,) = settings["opensearch.hosts"]
    host = urlsplit(url).hostname
    assert host is not None
    assert settings["opensearch.ssl.verificationMode"] == "full"
    (ca,) = settings["opensearch.ssl.certificateAuthorities"]
    found = dashboard_pod.environment()
    port = nodes[1].place.rest_port
    with Client(port, dashboard_pod.path(ca), server_name=host) as client:
        yield client, (found["DASHBOARD_USERNAME"], found["DASHBOARD_PASSWORD"])


#: In this order: each needs what the former ones made.
ALLOWED = (
    ("GET", "/_nodes?filter_path=nodes.*.version", None, 200),
    ("PUT", "/.kibana_1", {"settings": {"auto_expand_replicas": "0-1"}}, 200),
    ("POST", "/_aliases", {"actions": [{"add": {"index": ".kibana_1", "alias": ".kibana"}}]}, 200),
    ("PUT", "/.kibana/_doc/config:1?refresh=true", {"type": "config"}, 201),
    ("GET", "/.kibana/_search", None, 200),
    ("GET", "/_cluster/health", None, 200),
    ("PUT", "/_template/wazuh-agent", {"index_patterns": ["wazuh-monitoring-*"]}, 200),
    ("PUT", "/wazuh-monitoring-2026.48w", None, 200),
    ("POST", "/wazuh-monitoring-2026.48w/_doc", {"id": "001", "status": "active"}, 201),
    ("PUT", "/_template/wazuh-statistics", {"index_patterns": ["wazuh-statistics-*"]}, 200),
    ("POST", "/wazuh-statistics-2026.48w/_doc", {"analysisd": 1}, 201),
    ("GET", "/wazuh-*/_search", None, 200),
    ("GET", "/wazuh-*/_mapping", None, 200),
    ("GET", "/_cat/indices/wazuh-*", None, 200),
)


def test_the_server_does_its_work(server: tuple[Client, User]) -> None:
    """Saved objects, and the indices that Wazuh's plugin fills with its account."""
    client, user = server
    found = [
        (method, path, client.call(method, path, body, user=user).status)
        for method, path, body, _ in ALLOWED
    ]
    assert found == [(method, path, status) for method, path, _, status in ALLOWED]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{API}/internalusers", None),
        ("PUT", f"{API}/internalusers/me", {"password": "a Str0ng one, really"}),
        ("PUT", "/other", None),
        ("DELETE", "/.opendistro_security", None),
        ("PUT", "/_cluster/settings", {"persistent": {"action.auto_create_index": "false"}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_server_may_not(
    server: tuple[Client, User], method: str, path: str, body: object
) -> None:
    """It is no administrator."""
    client, user = server
    assert client.call(method, path, body, user=user).status == 403


def test_every_rendered_role_and_mapping_is_there(by_certificate: Client) -> None:
    """As rendered, beside the plugin's own; nothing of it was dropped on the way."""
    files = security.security_files(
        admin_username="admin",
        admin_hash="$2b$12$" + "a" * 53,
        dashboard_username="kibanaserver",
        dashboard_hash="$2b$12$" + "b" * 53,
    )
    for kind, name in (
        ("roles", "roles.yml"),
        ("rolesmapping", "roles_mapping.yml"),
        ("actiongroups", "action_groups.yml"),
    ):
        rendered = yaml.safe_load(files[name])
        del rendered["_meta"]
        found = by_certificate.call("GET", f"{API}/{kind}").body
        for entry, content in rendered.items():
            for field, value in content.items():
                assert _same(value, found[entry][field]), (name, entry, field)


def _same(rendered: object, found: object) -> bool:
    """Whether a value is held as rendered; the plugin adds empty fields to what is inside lists."""
    if isinstance(rendered, list) and rendered and isinstance(rendered[0], dict):
        assert isinstance(found, list)
        pairs = zip(rendered, found, strict=True)
        return all(there[key] == value for one, there in pairs for key, value in one.items())
    return rendered == found
