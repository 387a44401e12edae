"""The security Job's script as rendered, against real nodes: command, variables, files of the Job.

Each test takes a copy of the cluster through a change, as the hook orders it; afterwards the nodes
have the passwords of before.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Final

import orjson
import pytest

from app.credentials.index_state import SECURITY_PATCH
from app.names import CA_CERT, TLS_KEY
from app.result import Manifest
from tests.cluster_builder import NAMES
from tests.indexer.client import Client, User
from tests.indexer.kubelet import data_of
from tests.indexer.live.conftest import NewNodes
from tests.indexer.nodes import Nodes
from tests.indexer.people import administrator_of, dashboard_of, login
from tests.indexer.programs import job
from tests.indexer.rendered import Rendered
from tests.scenarios import at_rest

API: Final = "/_plugins/_security/api"
#: Every document of the security plugin: users, roles, mappings and the rest.
INDEX: Final = "/.opendistro_security/_search?size=100"
SOMEBODY: Final[User] = ("somebody", "a Str0ng one, really")
#: Exit status of a run that another one may better.
ANOTHER_TRY: Final = 1


@pytest.fixture
def changing(nodes: Nodes, rendered: Rendered) -> Iterator[Rendered]:
    """The cluster that the nodes run, to be changed; then they take the former passwords again."""
    former = rendered.secret(NAMES.indexer_security)[SECURITY_PATCH]
    yield rendered.copy()
    nodes.start()
    with nodes.administrator() as client:
        give_back(client, former)


def give_back(client: Client, patch: str) -> None:
    """Have the index take a patch; whom people made goes."""
    client.call("DELETE", f"{API}/internalusers/{SOMEBODY[0]}")
    taken = client.call("PATCH", f"{API}/internalusers", orjson.loads(patch))
    assert taken.status == 200, taken
    assert client.call("DELETE", f"{API}/cache").status == 200


def name_of(rendered: Rendered) -> str:
    """Name of the only Job, as soon as the hook has nothing else to do."""
    at_rest(rendered.cluster)
    [found] = rendered.cluster.jobs()
    name: str = found["metadata"]["name"]
    return name


def run(nodes: Nodes, rendered: Rendered, ordinal: int = 0) -> None:
    """Run the Job that the hook makes once it has nothing else to do; it succeeds."""
    name = name_of(rendered)
    done = job(nodes, rendered.objects, name, ordinal=ordinal)
    assert done.returncode == 0, done.stdout + done.stderr


def users_of(rendered: Rendered) -> list[User]:
    """Administrator and dashboard with the passwords that pods log in with."""
    return [administrator_of(rendered), dashboard_of(rendered)]


def logins(nodes: Nodes, users: list[User]) -> list[int]:
    """What each node says to each of them."""
    found = []
    for node in nodes:
        with node.client() as client:
            found += [login(client, user) for user in users]
    return found


def content(client: Client) -> dict[str, object]:
    """What the index knows, document by document."""
    answer = client.call("GET", INDEX)
    assert answer.status == 200, answer
    return {one["_id"]: one["_source"] for one in answer.body["hits"]["hits"]}


def test_changed_passwords_hold_at_once_and_the_old_ones_end(
    nodes: Nodes, changing: Rendered, by_certificate: Client
) -> None:
    """On every node, for both users; a user made by people stays, and a second run does nothing."""
    by_certificate.call("PUT", f"{API}/internalusers/{SOMEBODY[0]}", {"password": SOMEBODY[1]})
    old = users_of(changing)
    changing.cluster.annotate(rotate_passwords="one")
    name_of(changing)
    assert users_of(changing) == old
    assert logins(nodes, old) == [200] * 4
    contents = [content(by_certificate)]
    for ordinal in range(2):
        run(nodes, changing, ordinal)
        contents.append(content(by_certificate))
    before, after, later = contents
    assert {name for name in before if before[name] != after[name]} == {"internalusers"}
    assert later == after
    changing.cluster.end_jobs()
    at_rest(changing.cluster)
    new = users_of(changing)
    assert not {word for _, word in old} & {word for _, word in new}
    assert (logins(nodes, old), logins(nodes, new)) == ([401] * 4, [200] * 4)
    assert logins(nodes, [SOMEBODY]) == [200] * 2
    assert changing.cluster.jobs() == []


def test_a_lost_password_is_replaced_by_a_new_one(nodes: Nodes, changing: Rendered) -> None:
    """The administrator's Secret was deleted and given up; the dashboard keeps its password."""
    old = users_of(changing)
    changing.cluster.remove("Secret", NAMES.indexer_credentials)
    changing.cluster.annotate(recreate_secret=f"{NAMES.indexer_credentials}/again")
    run(nodes, changing)
    new = users_of(changing)
    assert (old[0][1] == new[0][1], old[1]) == (False, new[1])
    assert logins(nodes, [old[0], *new]) == [401, 200, 200] * 2


def test_a_node_that_is_away_has_the_new_passwords_when_it_returns(
    nodes: Nodes, changing: Rendered
) -> None:
    """The Job succeeds without it: with the one that votes."""
    old = users_of(changing)
    staying = nodes.manager()
    nodes[1 - staying].stop()
    changing.cluster.annotate(rotate_passwords="one-away")
    run(nodes, changing, ordinal=staying)
    nodes.start()
    changing.cluster.end_jobs()
    at_rest(changing.cluster)
    assert logins(nodes, old + users_of(changing)) == [401, 401, 200, 200] * 2


def test_a_new_cluster_on_old_claims_takes_its_passwords(new_nodes: NewNodes) -> None:
    """Another CA and other passwords than those of the data; users made by people stay."""
    spec = {"indexer": {"replicas": 1}}
    first, second = Rendered(spec), Rendered(spec, seed=1, claims=1)
    nodes = new_nodes(first, 1)
    nodes.start()
    with nodes.administrator() as client:
        made = client.call("PUT", f"{API}/internalusers/{SOMEBODY[0]}", {"password": SOMEBODY[1]})
    assert made.status == 201, made
    nodes.recreate(second)
    old, new = users_of(first), users_of(second)
    assert logins(nodes, old + new) == [200, 200, 401, 401]
    run(nodes, second)
    assert logins(nodes, [*old, *new, SOMEBODY]) == [401, 401, 200, 200, 200]
    second.cluster.end_jobs()
    at_rest(second.cluster)
    assert (users_of(second), second.cluster.jobs()) == (new, [])


@pytest.mark.parametrize(
    ("leaf", "is_strangers", "has_our_ca", "says"),
    [
        pytest.param("filebeat", False, True, "security index: HTTP status 401", id="another leaf"),
        pytest.param("admin", True, True, "security plugin: no answer: curl: (", id="not our CA's"),
        pytest.param("admin", True, False, "security plugin: no answer: curl: (60)", id="no CA"),
    ],
)
def test_with_a_wrong_certificate_it_gives_up_and_tells_no_secret(
    nodes: Nodes,
    changing: Rendered,
    run_stranger: Rendered,
    *,
    leaf: str,
    is_strangers: bool,
    has_our_ca: bool,
    says: str,
) -> None:
    """Exit status 1, for the next pod may mount the right one; the passwords stay.

    At the first refusal: only its patience of four minutes is shortened.
    """
    old = users_of(changing)
    changing.cluster.annotate(rotate_passwords="with-a-wrong-certificate")
    name = name_of(changing)
    source = run_stranger if is_strangers else changing
    wrong = copy.deepcopy(source.child("Secret", NAMES.certs(leaf)))
    if has_our_ca:
        wrong["data"][CA_CERT] = changing.child("Secret", NAMES.certs("admin"))["data"][CA_CERT]
    objects = {**changing.objects, ("Secret", NAMES.certs("admin")): wrong}
    done = job(nodes, objects, name, environment={"PATIENCE": "0"})
    assert done.returncode == ANOTHER_TRY
    assert done.stderr.startswith(f"security: gave up: {says}"), done.stderr
    assert logins(nodes, old) == [200] * 4
    said = done.stdout + done.stderr
    assert not [secret for secret in secrets_of(changing, wrong) if secret in said]


def secrets_of(rendered: Rendered, certificate: Manifest) -> Iterator[str]:
    """What nobody may say: passwords present and coming, hashes, lines of keys."""
    for name in (NAMES.indexer_credentials, NAMES.dashboard_credentials):
        yield from (word for key, word in rendered.secret(name).items() if "password" in key)
    patch = orjson.loads(rendered.secret(NAMES.indexer_security)[SECURITY_PATCH])
    yield from (one["value"]["hash"] for one in patch)
    yield from data_of(certificate)[TLS_KEY].decode().splitlines()[1:-1]
