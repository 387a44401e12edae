"""Every scenario of the goldens through the HTTP edge at debug level: no secret value gets out."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
import pytest

from tests.scenarios import SCENARIOS, base64_of, steady
from tests.secrecy.needles import PEM, Needles, forms, secrets_of
from tests.secrecy.open_edge import OpenEdge, open_edge


@pytest.fixture(scope="module")
def edge() -> Iterator[OpenEdge]:
    """One for all."""
    with open_edge() as found:
        yield found


def searched(edge: OpenEdge, paths: tuple[str, ...], request: Mapping[str, Any]) -> Needles:
    """Ask, and search all that may be seen. AssertionError with what was found."""
    edge.forget()
    answers = [edge.ask(path, request) for path in paths]
    bodies = [orjson.loads(one.content) for one in answers if one.status_code == 200]
    needles = Needles(secrets_of(request, *bodies))
    assert needles.in_(edge.seen) == []
    return needles


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_secret_of_a_scenario_is_seen(edge: OpenEdge, name: str) -> None:
    """In logs, metrics, status, and children that are no Secrets; asked twice, kept answers too."""
    request, edge.now = SCENARIOS[name].build()
    needles = searched(edge, ("/sync", "/sync", "/customize", "/finalize"), request)
    assert len(needles.texts) >= 5
    assert '"hook":"sync"' in edge.log


def test_the_corpus_has_secrets_of_each_kind(edge: OpenEdge) -> None:
    """Keys, passwords, hashes: what is not recognised as secret would not be searched for."""
    request, edge.now = SCENARIOS["steady-state"].build()
    needles = searched(edge, ("/sync",), request)
    data = {secret["metadata"]["name"]: secret["data"] for secret in secrets_of(request)}
    assert len(needles.texts) > 25
    assert sum(one.startswith("$2") for one in needles.texts) >= 2
    assert sum("tls.key" in one for one in data.values()) == 6
    assert any(len(one) == 64 for one in needles.texts)


def test_what_a_user_pasted_where_it_does_not_belong_is_neither_logged_nor_counted(
    edge: OpenEdge,
) -> None:
    """A password in labels, annotations, the status, the registration or a group of children.

    What stands in the WazuhCluster itself may come back in its status, to whoever reads it anyway.
    """
    value = "Paste.d-passw0rd-of-a-user"
    request = steady().request()
    request["parent"]["metadata"]["annotations"] = {"note": value, value: "x"}
    request["parent"]["metadata"]["labels"] = {"note": value}
    request["parent"]["status"] = {"phase": value, "version": value, "requests": {value: value}}
    request["controller"][value] = value
    request["children"][value] = {}
    edge.forget()
    for path in ("/sync", "/finalize", "/customize"):
        assert edge.ask(path, request).status_code == 200
    assert [form for form in forms(value) if form in edge.log + edge.metrics] == []


@pytest.mark.parametrize("key", ["ca.key", "tls.key", "admin-password", "internal_users.yml"])
def test_a_damaged_secret_is_named_and_not_shown(edge: OpenEdge, key: str) -> None:
    """What cannot be read is told by its name."""
    cluster = steady()
    for child in cluster.children.values():
        if child["kind"] == "Secret" and key in child["data"]:
            child["data"][key] = base64_of("d4maged:\n- [value-of-a-secret\n\x00\x01$`'\"")
    request = cluster.request()
    edge.now = cluster.now
    needles = searched(edge, ("/sync", "/finalize"), request)
    assert any("value-of-a-secret" in one for one in needles.texts) or "users" in key
    assert "value-of-a-secret" not in edge.seen


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda body: body.pop("parent"), id="no parent"),
        pytest.param(lambda body: body.update(parent=[]), id="a parent that is a list"),
        pytest.param(lambda body: body.update(children=None), id="no children"),
        pytest.param(lambda body: body["children"].pop("Secret.v1"), id="no Secrets"),
        pytest.param(
            lambda body: body["children"]["Secret.v1"].update(x=None), id="a child that is null"
        ),
        pytest.param(
            lambda body: body["parent"]["metadata"].update(name=["x"]), id="a name that is a list"
        ),
    ],
)
@pytest.mark.parametrize("path", ["/sync", "/finalize", "/customize"])
def test_a_refused_request_is_not_repeated(edge: OpenEdge, path: str, spoil: Any) -> None:
    """Metacontroller makes events of such answers."""
    request = copy.deepcopy(steady().request())
    needles = Needles(secrets_of(request))
    spoil(request)
    edge.forget()
    edge.ask(path, request)
    assert needles.in_(edge.seen) == []
    assert PEM not in edge.seen
