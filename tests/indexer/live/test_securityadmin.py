"""securityadmin with the rendered files and the admin Secret, as a person would run it."""

from __future__ import annotations

from tests.cluster_builder import NAMES
from tests.indexer.client import Client, User
from tests.indexer.nodes import HEALTH, Nodes
from tests.indexer.people import login
from tests.indexer.programs import securityadmin
from tests.indexer.rendered import Rendered

USERS = "/_plugins/_security/api/internalusers"
#: Where the pod shows the rendered files.
FOLDER = "/usr/share/wazuh-indexer/config/opensearch-security"


def test_the_rendered_folder_is_loaded_as_a_whole(
    nodes: Nodes, by_certificate: Client, administrator: User, dashboard: User
) -> None:
    """Every file is taken, what people had put beside is gone, and the generated users hold."""
    by_certificate.call("PUT", f"{USERS}/somebody", {"password": "a Str0ng one, really"})
    with nodes[1].client() as client:
        assert login(client, ("somebody", "a Str0ng one, really")) == 200
        done = securityadmin(
            nodes, nodes.admin_certificate(), "-cd", str(nodes[0].pod.path(FOLDER))
        )
        assert (done.returncode, "Done with success" in done.stdout) == (0, True), done.stdout
        assert done.stdout.count("created or updated") == 8, done.stdout
        assert login(client, ("somebody", "a Str0ng one, really")) == 401
        assert [login(client, user) for user in (administrator, dashboard)] == [200, 200]


def test_it_brings_back_a_generated_password(
    nodes: Nodes, by_certificate: Client, administrator: User, run_stranger: Rendered
) -> None:
    """So a person who locked themselves out is let in again by the rendered files."""
    name = administrator[0]
    other = run_stranger.secret(NAMES.indexer_credentials)["admin-password"]
    assert other != administrator[1]
    changed = by_certificate.call("PUT", f"{USERS}/{name}", {"password": other, "reserved": True})
    assert changed.status == 200, changed
    with nodes[1].client() as client:
        assert [login(client, user) for user in ((name, other), administrator)] == [200, 401]
        done = securityadmin(
            nodes, nodes.admin_certificate(), "-cd", str(nodes[0].pod.path(FOLDER))
        )
        assert done.returncode == 0, done.stdout
        assert [login(client, user) for user in ((name, other), administrator)] == [401, 200]


def test_it_refuses_a_leaf_that_is_not_the_admins(nodes: Nodes, rendered: Rendered) -> None:
    """A manager's own leaf changes nobody."""
    folder = rendered.show_secret(NAMES.certs("filebeat"), nodes.folder / "not-admin")
    done = securityadmin(nodes, folder, "-cd", str(nodes[0].pod.path(FOLDER)))
    assert done.returncode != 0
    assert "is not an admin user" in done.stdout


def test_a_first_start_needs_no_securityadmin(nodes: Nodes) -> None:
    """The nodes of these tests have loaded the files by themselves."""
    text = nodes[0].log.read_text(encoding="utf-8") + nodes[1].log.read_text(encoding="utf-8")
    assert "Doc with id 'internalusers' and version 2 is updated" in text
    with nodes[0].client() as client:
        assert client.call("GET", HEALTH).status == 200
