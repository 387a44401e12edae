"""Every key of opensearch.yml is one that the node knows: real nodes of three versions judge it."""

from __future__ import annotations

import pytest

from app.versions import parse_version
from tests.indexer.distribution.assemble import CURRENT, OLDER, PREVIOUS
from tests.indexer.live.conftest import NewNodes
from tests.indexer.nodes import Nodes
from tests.indexer.rendered import WAZUH, Rendered
from tests.indexer.since import OLDEST_ASKED

#: A node that refuses a setting says so before it opens anything.
END_SECONDS = 60.0


def opensearch_of(wazuh: str) -> str:
    """OpenSearch inside a version of Wazuh."""
    version = parse_version(wazuh)
    assert version is not None
    return ".".join(str(part) for part in version.opensearch)


@pytest.fixture
def single(request: pytest.FixtureRequest, new_nodes: NewNodes) -> Nodes:
    """One node: of the OpenSearch and with the files of the Wazuh version that are asked for."""
    opensearch, wazuh = request.param
    return new_nodes(Rendered({"indexer": {"replicas": 1}}, version=wazuh), 1, opensearch)


def test_the_nodes_are_of_the_versions_that_are_rendered_for() -> None:
    """Else the tests of this folder say nothing about them."""
    assert opensearch_of(WAZUH) == CURRENT
    assert opensearch_of("4.14.1") == PREVIOUS
    assert tuple(int(part) for part in OLDER.split(".")) == OLDEST_ASKED


@pytest.mark.parametrize(
    "single",
    [
        pytest.param((PREVIOUS, "4.14.1"), id="4.14.1 on its OpenSearch"),
        # What is not gated is older than the range, so that no version of it can miss it.
        pytest.param((OLDER, "4.9.0"), id="4.9.0 on an OpenSearch before its own"),
    ],
    indirect=True,
)
def test_a_node_takes_every_key(single: Nodes) -> None:
    """It starts, and its security index is made from the rendered files."""
    single.start()


@pytest.mark.parametrize(
    ("single", "unknown"),
    [
        pytest.param(
            (OLDER, WAZUH),
            "plugins.security.ssl.certificates_hot_reload.enabled",
            id="the keys of a newer version",
        ),
    ],
    indirect=["single"],
)
def test_an_older_node_refuses_the_gated_keys(single: Nodes, unknown: str) -> None:
    """So the gate is needed, and a node does tell."""
    single[0].start()
    assert single[0].wait_for_end(END_SECONDS) != 0
    assert f"unknown setting [{unknown}]" in single[0].tail(200)


@pytest.mark.parametrize("key", ["plugins.security.ssl.hot", "cluster.names"])
@pytest.mark.parametrize("single", [(CURRENT, WAZUH)], indirect=True)
def test_a_node_refuses_an_unknown_key(single: Nodes, key: str) -> None:
    """Of the plugin's and of the core's: the test of the tests above."""
    path = single[0].pod.path("/usr/share/wazuh-indexer/config/opensearch.yml")
    path.write_text(f"{path.read_text(encoding='utf-8')}{key}: true\n", encoding="utf-8")
    single[0].start()
    assert single[0].wait_for_end(END_SECONDS) != 0
    assert f"unknown setting [{key}]" in single[0].tail(200)
