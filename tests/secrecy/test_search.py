"""The search itself: a hook that lets something out is found, wherever and however it does so."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from app.edge.metrics import Metrics
from app.edge.telemetry import FIELDS, Telemetry
from app.hook import sync
from app.hook.answer import answer
from app.result import Result
from tests.cluster_builder import NAMES
from tests.scenarios import base64_of, steady
from tests.secrecy import moments
from tests.secrecy.needles import Needles, atoms
from tests.secrecy.open_edge import OpenEdge, open_edge

SECRET: Final = {"metadata": {"name": "x"}, "data": {"password": base64_of("Passw0rd.of-somebody")}}


def twice(text: str) -> str:
    """Base64 of base64."""
    return base64_of(base64_of(text))


ENCODINGS: Final[dict[str, Callable[[str], str]]] = {
    "as it is": lambda text: text,
    "base64": base64_of,
    "base64 of base64": twice,
    "hex": lambda text: text.encode().hex(),
    "in a sentence": lambda text: f"cannot log in with '{text}' (401)",
    "in base64 of a sentence": lambda text: base64_of(f"password: {text}\n"),
    "in base64 of JSON of base64": lambda text: base64_of(f'{{"p":"{base64_of(text)}"}}'),
    "in base64 of base64 of a sentence": lambda text: twice(f"a {text} b"),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "abcd"])
def test_a_value_is_found_in_any_form_and_place(encode: Callable[[str], str], before: str) -> None:
    """Whatever stands before it in what was encoded."""
    needles = Needles([SECRET])
    assert needles.in_(f"{before}{encode('Passw0rd.of-somebody')} and more") != []
    assert needles.in_(encode(f"{before}Passw0rd.of-somebody and more")) != []


def test_nothing_is_found_where_nothing_is() -> None:
    """Another value, a public one, its length."""
    needles = Needles([SECRET, {"metadata": {}, "data": {"username": base64_of("administrator")}}])
    assert needles.texts == ["Passw0rd.of-somebody"]
    text = f"administrator Passw0rd.of-nobody 20 {base64_of('Passw0rd.of-anybody')}"
    assert needles.in_(text) == []


def test_each_line_of_a_key_and_each_hash_of_a_file_is_searched_for() -> None:
    """A part of a key is found, and what stands in the files of the security plugin."""
    cluster = steady()
    key = cluster.child("Secret", NAMES.ca)
    pem = base64.b64decode(key["data"]["ca.key"]).decode().splitlines()
    assert set(pem[1:-1]) <= set(atoms(key))
    security = set(atoms(cluster.child("Secret", NAMES.indexer_security)))
    assert sum(one.startswith("$2b$12$") for one in security) == 2
    wazuh = set(atoms(cluster.child("Secret", NAMES.dashboard_wazuh)))
    password = cluster.child("Secret", NAMES.api_credentials)["data"]["api-password"]
    assert base64.b64decode(password).decode() in wazuh
    assert len(wazuh) == 1


# --- hooks that leak ------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def edge() -> Iterator[OpenEdge]:
    """One for all: each leak ends with its test."""
    with open_edge(reuse_max_bytes=0) as found:
        yield found


def found(edge: OpenEdge, path: str = "/sync", name: str = "steady-state") -> list[str]:
    """What the search finds after one call."""
    call = moments.moment(path, name)
    edge.now = call.now
    edge.forget()
    edge.ask(path, call.request)
    edge.wait_for_log()
    return call.needles.in_(edge.seen)


def password() -> str:
    """The administrator's, of the cluster that is asked about."""
    value = steady().child("Secret", NAMES.indexer_credentials)["data"]["admin-password"]
    return base64.b64decode(value).decode()


def key_line() -> str:
    """One line of the authority's key."""
    value = steady().child("Secret", NAMES.ca)["data"]["ca.key"]
    return base64.b64decode(value).decode().splitlines()[1]


LEAKS: Final[dict[str, Callable[[], str]]] = {
    "a password": password,
    "base64 of a password": lambda: base64_of(password()),
    "base64 of base64 of a password": lambda: twice(password()),
    "a line of a key": key_line,
    "the head of a key": lambda: "-----BEGIN PRIVATE KEY-----",
    "base64 of the head of a key": lambda: base64_of("\n-----BEGIN EC PRIVATE KEY-----\n"),
}
leaks = pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)


def test_the_sound_hook_passes(edge: OpenEdge) -> None:
    """Or nothing below would say anything."""
    assert found(edge) == []


def leaking(monkeypatch: pytest.MonkeyPatch, change: Callable[[Result], Result]) -> None:
    """Let the hook's answers be changed."""
    monkeypatch.setattr(sync, "answer", lambda *args, **kwargs: change(answer(*args, **kwargs)))


@leaks
def test_a_leak_in_the_status_is_found(
    edge: OpenEdge, monkeypatch: pytest.MonkeyPatch, leak: Callable[[], str]
) -> None:
    """In the message of a condition."""
    text = leak()

    def change(result: Result) -> Result:
        status = {**(result.response.status or {}), "conditions": [{"message": f"it is {text}"}]}
        return replace(result, response=replace(result.response, status=status))

    leaking(monkeypatch, change)
    assert found(edge) != []


@leaks
@pytest.mark.parametrize("kind", ["ConfigMap", "Secret", "StatefulSet"])
def test_a_leak_in_a_child_is_found(
    edge: OpenEdge, monkeypatch: pytest.MonkeyPatch, leak: Callable[[], str], kind: str
) -> None:
    """In an annotation of any child; a Secret's data alone may hold it."""
    text = leak()

    def change(result: Result) -> Result:
        children = tuple(
            {**one, "metadata": {**one["metadata"], "annotations": {"note": text}}}
            if one["kind"] == kind
            else one
            for one in result.response.children
        )
        return replace(result, response=replace(result.response, children=children))

    leaking(monkeypatch, change)
    assert found(edge) != []


@leaks
def test_a_leak_in_the_log_is_found(
    edge: OpenEdge, monkeypatch: pytest.MonkeyPatch, leak: Callable[[], str]
) -> None:
    """A field of the allow-list that holds what it should not."""
    text, sound = leak(), Telemetry.synced

    def synced(self: Telemetry, report: Any, **fields: Any) -> None:
        sound(self, replace(report, held={"indexer": f"waits for {text}"}), **fields)

    monkeypatch.setattr(Telemetry, "synced", synced)
    assert found(edge) != []


@leaks
def test_a_leak_in_a_metric_is_found(
    monkeypatch: pytest.MonkeyPatch, leak: Callable[[], str]
) -> None:
    """As the value of a label, which stays in the metrics of that hook."""
    text, sound = leak(), Metrics.synced

    def synced(self: Metrics, *args: Any, **fields: Any) -> None:
        self._issued.labels(text).inc()
        sound(self, *args, **fields)

    monkeypatch.setattr(Metrics, "synced", synced)
    with open_edge() as edge:
        assert found(edge) != []


@pytest.mark.parametrize("place", ["answer", "frames", "type"])
def test_a_leak_of_an_exception_is_found(
    edge: OpenEdge, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Its text in the answer, where Metacontroller makes an event of it, or in the log."""
    text = password()

    def judge(*_: object) -> None:
        raise LookupError(text)

    monkeypatch.setattr(sync, "judge", judge)
    assert found(edge) == []
    if place == "answer":
        monkeypatch.setattr(Telemetry, "failed", lambda _self, error, **_: str(error))
        monkeypatch.setattr(OpenEdge, "wait_for_log", lambda _: None)
    elif place == "frames":
        monkeypatch.setattr("app.edge.telemetry.frames", lambda error: [repr(error)])
    else:
        monkeypatch.setattr("app.edge.telemetry.error_id", str)
    assert found(edge) != []


def test_a_body_in_the_log_is_found(edge: OpenEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of fields keeps it out; without the list it is found."""
    sound = Telemetry.synced

    def synced(self: Telemetry, report: Any, **fields: Any) -> None:
        self.log.debug("request", body=moments.moment("/sync", "steady-state").request)
        sound(self, report, **fields)

    monkeypatch.setattr(Telemetry, "synced", synced)
    assert found(edge) == []
    monkeypatch.setattr("app.edge.telemetry.FIELDS", FIELDS | {"body"})
    assert found(edge) != []
