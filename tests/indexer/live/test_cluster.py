"""Two nodes on the rendered files: one cluster, secured, and closed to everybody else."""

from __future__ import annotations

import httpx
import pytest

from app.names import Role
from tests.cluster_builder import NAMES
from tests.indexer.client import Client, User, with_leaf
from tests.indexer.nodes import HEALTH, Nodes
from tests.indexer.people import DEMO_USERS, login, roles_of
from tests.indexer.rendered import Rendered


def test_two_nodes_form_one_cluster(nodes: Nodes, by_certificate: Client) -> None:
    """Under the names of their pods and the name of the WazuhCluster, both with data."""
    found = by_certificate.call("GET", "/_cluster/health").body
    assert (found["cluster_name"], found["number_of_data_nodes"]) == (NAMES.cluster, 2)
    assert found["status"] == "green"
    listed = by_certificate.call("GET", "/_cat/nodes?h=name").body.split()
    assert sorted(listed) == [NAMES.pod(Role.INDEXER, ordinal) for ordinal in (0, 1)]


def test_every_node_says_that_security_is_up(nodes: Nodes) -> None:
    """As the readiness probe asks: without a login."""
    for node in nodes:
        with node.client() as client:
            answer = client.call("GET", HEALTH)
        assert (answer.status, answer.body["status"]) == (200, "UP")


def test_the_version_is_one_that_filebeat_talks_to(by_certificate: Client) -> None:
    """Filebeat 7.10.2 refuses any other number."""
    assert by_certificate.call("GET", "/").body["version"]["number"] == "7.10.2"


def test_the_settings_in_force_are_the_rendered_ones(
    nodes: Nodes, by_certificate: Client, rendered: Rendered
) -> None:
    """What a node shows of its settings; the plugin hides its own."""
    listed = by_certificate.call("GET", "/_nodes/settings?flat_settings=true").body["nodes"]
    for one in listed.values():
        settings = one["settings"]
        assert settings["node.name"] == one["name"]
        assert settings["node.store.allow_mmap"] == "false"
        assert settings["compatibility.override_main_response_version"] == "true"
        first = rendered.settings["cluster.initial_master_nodes"]
        assert settings["cluster.initial_master_nodes"] == first


def test_administrator_and_dashboard_log_in_on_every_node(
    nodes: Nodes, administrator: User, dashboard: User
) -> None:
    """With the generated passwords, and each with its own rights."""
    for node in nodes:
        with node.client() as client:
            assert "all_access" in roles_of(client, administrator)
            assert "all_access" not in roles_of(client, dashboard)
            assert roles_of(client, dashboard) >= {"kibana_server", "wazuh_ui_admin", "manage_ism"}


def test_nobody_else_logs_in(
    nodes: Nodes, by_password: Client, administrator: User, dashboard: User
) -> None:
    """No wrong or exchanged password, no unknown name, and nobody without a name."""
    refused: list[User | None] = [
        None,
        (administrator[0], ""),
        (administrator[0], administrator[1] + "x"),
        (administrator[0], administrator[1].swapcase()),
        (administrator[0], dashboard[1]),
        (dashboard[0], administrator[1]),
        ("root", administrator[1]),
    ]
    assert [login(by_password, user) for user in refused] == [401] * len(refused)


@pytest.mark.parametrize("name", DEMO_USERS)
def test_a_demo_user_does_not_log_in(by_password: Client, name: str) -> None:
    """Their passwords are published."""
    assert login(by_password, (name, name)) == 401


def test_the_index_holds_two_users_and_no_other(
    by_certificate: Client, administrator: User, dashboard: User
) -> None:
    """Both reserved, so that no login can change them."""
    users = by_certificate.call("GET", "/_plugins/_security/api/internalusers").body
    assert users.keys() == {administrator[0], dashboard[0]}
    assert all(user["reserved"] for user in users.values())
    assert all(user["hash"] == "" for user in users.values())  # never shown


@pytest.mark.parametrize("leaf", ["filebeat", "dashboard", "indexer", "manager-master"])
def test_only_the_admin_certificate_is_a_login(nodes: Nodes, rendered: Rendered, leaf: str) -> None:
    """Every other leaf of the cluster is let through TLS and is nobody."""
    folder = rendered.show_secret(NAMES.certs(leaf), nodes.folder / f"shown-{leaf}")
    with with_leaf(nodes[0].place.rest_port, folder) as client:
        assert login(client, None) == 401
    with nodes.administrator() as client:
        assert login(client, None) == 200


def test_a_leaf_of_another_ca_gets_no_answer(nodes: Nodes, run_stranger: Rendered) -> None:
    """It says `admin` as ours does, and is signed by somebody else."""
    folder = run_stranger.show_secret(NAMES.certs("admin"), nodes.folder / "stranger")
    ours = nodes.admin_certificate() / "ca.crt"
    pair = (folder / "tls.crt", folder / "tls.key")
    with (
        Client(nodes[0].place.rest_port, ours, certificate=pair) as client,
        pytest.raises(httpx.TransportError),
    ):
        client.call("GET", HEALTH)


def test_a_node_is_called_by_every_name_of_its_leaf(nodes: Nodes) -> None:
    """The Service, in all its forms, the pod, and localhost; any other name is refused."""
    port, ca = nodes[0].place.rest_port, nodes.admin_certificate() / "ca.crt"
    service = NAMES.service_names(NAMES.service(Role.INDEXER))
    for name in (*service, NAMES.pod_dns(Role.INDEXER, 0), "localhost"):
        with Client(port, ca, server_name=name) as client:
            assert client.call("GET", HEALTH).status == 200
    with (
        Client(port, ca, server_name="opensearch.example.org") as client,
        pytest.raises(httpx.ConnectError, match="not valid for"),
    ):
        client.call("GET", HEALTH)
