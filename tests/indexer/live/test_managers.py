"""What Filebeat does in a manager's pod: by its variables, its files, its account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson
import pytest

from tests.indexer.client import Client, User
from tests.indexer.kubelet import Pod
from tests.indexer.nodes import Nodes

#: The day's index, as Filebeat names it.
DAY = datetime(2026, 11, 24, tzinfo=UTC)
ALERTS = f"wazuh-alerts-4.x-{DAY:%Y.%m.%d}"
PIPELINE = "filebeat-7.10.2-wazuh-alerts-pipeline"
#: Parts of Wazuh's template that need no plugin: patterns, settings, dynamic strings, dates.
TEMPLATE = {
    "order": 0,
    "index_patterns": ["wazuh-alerts-4.x-*", "wazuh-archives-4.x-*"],
    "settings": {
        "index.refresh_interval": "5s",
        "index.number_of_shards": "3",
        "index.number_of_replicas": "0",
        "index.auto_expand_replicas": "0-1",
        "index.mapping.total_fields.limit": 10000,
    },
    "mappings": {
        "dynamic_templates": [
            {
                "string_as_keyword": {
                    "mapping": {"type": "keyword"},
                    "match_mapping_type": "string",
                }
            }
        ],
        "date_detection": False,
        "properties": {"@timestamp": {"type": "date"}, "timestamp": {"type": "date"}},
    },
}


@pytest.fixture
def filebeat(master: Pod, nodes: Nodes) -> Iterator[tuple[Client, User]]:
    """A client and a login as the pod of the manager master has them."""
    found = master.environment()
    pair = (master.path(found["SSL_CERTIFICATE"]), master.path(found["SSL_KEY"]))
    host = urlsplit(found["INDEXER_URL"]).hostname
    assert host is not None
    assert found["FILEBEAT_SSL_VERIFICATION_MODE"] == "full"  # so name and chain are verified
    port, ca = nodes[0].place.rest_port, master.path(found["SSL_CERTIFICATE_AUTHORITIES"])
    with Client(port, ca, certificate=pair, server_name=host) as client:
        yield client, (found["INDEXER_USERNAME"], found["INDEXER_PASSWORD"])


def test_it_connects_and_sets_up(filebeat: tuple[Client, User]) -> None:
    """At its start: version, template, pipeline."""
    client, user = filebeat
    assert client.call("GET", "/", user=user).body["version"]["number"] == "7.10.2"
    for path, body in (("/_template/wazuh", TEMPLATE), (f"/_ingest/pipeline/{PIPELINE}", {})):
        wanted = body or {"description": "Wazuh alerts", "processors": []}
        answer = client.call("PUT", path, wanted, user=user)
        assert (answer.status, answer.body) == (200, {"acknowledged": True}), answer
        assert client.call("GET", path, user=user).status == 200


def test_it_writes_alerts_in_bulk(filebeat: tuple[Client, User], nodes: Nodes) -> None:
    """Into an index of the day, which takes the template; every node finds the alert."""
    client, user = filebeat
    test_it_connects_and_sets_up(filebeat)
    alert = {"@timestamp": DAY.isoformat(), "rule": {"id": "5710", "level": 5}, "agent": "001"}
    lines = [{"index": {"_index": ALERTS}}, alert]
    written = client.call(
        "POST",
        f"/_bulk?pipeline={PIPELINE}&refresh=true",
        content="".join(orjson.dumps(line).decode() + "\n" for line in lines),
        headers={"Content-Type": "application/x-ndjson"},
        user=user,
    )
    assert (written.status, written.body["errors"]) == (200, False), written
    with nodes[1].client() as other:
        found = other.call("GET", f"/{ALERTS}/_search?q=rule.id:5710", user=user).body
        shards = other.call("GET", f"/{ALERTS}/_settings?flat_settings=true", user=user).body
    assert found["hits"]["hits"][0]["_source"] == alert
    assert shards[ALERTS]["settings"]["index.number_of_shards"] == "3"


def test_its_certificate_alone_writes_nothing(filebeat: tuple[Client, User]) -> None:
    """The login is what counts; the leaf is there because managers verify each other by it."""
    client, _ = filebeat
    assert client.call("POST", f"/{ALERTS}/_doc", {"a": 1}).status == 401
