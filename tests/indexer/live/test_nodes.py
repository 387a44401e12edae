"""What the tests of Jobs and rotations rest on: scripts, a node away, pods made anew."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.cluster_builder import NAMES
from tests.indexer.client import Client, User
from tests.indexer.live.conftest import NewNodes
from tests.indexer.nodes import Nodes
from tests.indexer.people import WHO_AM_I, login
from tests.indexer.programs import script
from tests.indexer.rendered import Rendered

#: Asks who it is, as a Job does: with curl, by the name in the URL, with the mounted files.
WHO = (
    'curl -sS --max-time 5 --cacert "$CERTS/ca.crt" --cert "$CERTS/tls.crt" --key "$CERTS/tls.key" '
    f'"$URL{WHO_AM_I}" && cat "$BODY"\n'
)


@pytest.fixture
def who(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A script and its variables."""
    (tmp_path / "who.sh").write_text(WHO, encoding="utf-8")
    (tmp_path / "body").write_text("a body", encoding="utf-8")
    return tmp_path / "who.sh", {"BODY": str(tmp_path / "body")}


def test_a_script_is_the_administrator(nodes: Nodes, who: tuple[Path, dict[str, str]]) -> None:
    """On either node, with the files and variables of a Job."""
    path, environment = who
    for ordinal in range(2):
        done = script(path, nodes, environment, ordinal=ordinal)
        assert done.returncode == 0, done.stderr
        assert "CN=admin,OU=Wazuh" in done.stdout
        assert done.stdout.endswith("a body")


def test_a_script_with_another_leaf_is_nobody(
    nodes: Nodes, rendered: Rendered, who: tuple[Path, dict[str, str]]
) -> None:
    """The test of the test."""
    path, environment = who
    folder = rendered.show_secret(NAMES.certs("filebeat"), nodes.folder / "shown-to-script")
    done = script(path, nodes, environment, certs=folder)
    assert "CN=admin" not in done.stdout


def test_a_node_goes_away_and_returns(
    nodes: Nodes, administrator: User, who: tuple[Path, dict[str, str]]
) -> None:
    """The other one goes on: the one that votes."""
    path, environment = who
    staying = nodes.manager()
    assert nodes[1 - staying].stop() == 143  # ended by SIGTERM, in its own time
    assert script(path, nodes, environment, ordinal=1 - staying).returncode == 7  # curl: refused
    assert script(path, nodes, environment, ordinal=staying).returncode == 0
    with nodes[staying].client() as client:
        assert login(client, administrator) == 200
    nodes.restart(1 - staying, kill=True)
    with nodes[1 - staying].client() as client:
        assert login(client, administrator) == 200


def test_new_pods_on_old_claims_keep_the_old_passwords(new_nodes: NewNodes) -> None:
    """A cluster made again has another CA, which holds at once, and passwords, which do not."""
    spec = {"indexer": {"replicas": 1}}
    first, second = Rendered(spec), Rendered(spec, seed=1)
    nodes = new_nodes(first, 1)
    nodes.start()
    former, wanted = (
        ("admin", one.secret(NAMES.indexer_credentials)["admin-password"])
        for one in (first, second)
    )
    nodes.recreate(second)
    with nodes[0].client() as client:
        assert [login(client, user) for user in (former, wanted)] == [200, 401]
    with nodes.administrator() as client:
        assert login(client, None) == 200
    old = first.show_secret(NAMES.certs("admin"), nodes.folder / "former")
    with (
        Client(
            nodes[0].place.rest_port,
            nodes.admin_certificate() / "ca.crt",
            certificate=(old / "tls.crt", old / "tls.key"),
        ) as client,
        pytest.raises(httpx.TransportError, match="certificate"),
    ):
        login(client, None)
