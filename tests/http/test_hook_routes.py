"""What an answered call looks like, and what the hook is given."""

from __future__ import annotations

import orjson

from tests.http.edge import NOW, REQUEST, Running, running


def test_sync_answers_what_metacontroller_reads(edge: Running) -> None:
    """Strictly four fields, children and their keys in the order of the hook."""
    answer = edge.client.post("/sync", json=REQUEST)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == (
        b'{"status":{"phase":"Running"},'
        b'"children":[{"kind":"ConfigMap","data":{"b":"1","a":"2"}}],'
        b'"resyncAfterSeconds":10}'
    )


def test_finalize_says_when_it_is_done(edge: Running) -> None:
    """The finalize hook has the same form."""
    answer = edge.client.post("/finalize", json={**REQUEST, "finalizing": True})
    assert orjson.loads(answer.content)["finalized"] is True


def test_customize_answers_related_resources(edge: Running) -> None:
    """The customize hook is asked with the parent only."""
    answer = edge.client.post("/customize", json=REQUEST)
    assert orjson.loads(answer.content) == {
        "relatedResources": [{"apiVersion": "v1", "resource": "secrets"}]
    }


def test_a_chunked_body_is_accepted(edge: Running) -> None:
    """A proxy in between may send it so."""
    body = orjson.dumps(REQUEST)
    assert edge.client.post("/sync", content=iter([body[:7], body[7:]])).status_code == 200


def test_time_is_handed_over_in_whole_seconds() -> None:
    """A certificate knows no fraction of a second."""
    with running() as edge:
        edge.client.post("/sync", json=REQUEST)
        edge.client.post("/sync", json={**REQUEST, "heavy": True})
    assert edge.fake.times == [NOW, NOW]


def test_every_call_has_entropy_of_its_own() -> None:
    """Two calls never share a key."""
    with running() as edge:
        for heavy in (False, True, False, True):
            edge.client.post("/sync", json={**REQUEST, "heavy": heavy})
    assert len(set(edge.fake.drawn)) == 4


def test_a_connection_is_used_again() -> None:
    """Metacontroller keeps idle connections for 90 s."""
    with running() as edge, edge.connect() as connection:
        for _ in range(3):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: hook\r\n\r\n")
            assert connection.recv(65_536).endswith(b"ok\n")
