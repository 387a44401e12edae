"""The real hook behind the edge: recorded requests, refused ones, and silence about Secrets."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from app.cli.main import hook
from app.edge.http import create_app
from app.edge.server import serving
from app.edge.settings import Settings
from app.edge.telemetry import Telemetry
from tests.http.edge import NOW

RECORDINGS = sorted((Path(__file__).parent.parent / "recordings").glob("*.json"))
SHORTEST_SECRET = 6


class Real:
    """The real hook with a client and what it logged."""

    def __init__(self, client: httpx.Client, stream: io.BytesIO) -> None:
        """A running one."""
        self.client = client
        self._stream = stream

    @property
    def log(self) -> str:
        """Everything logged so far."""
        return self._stream.getvalue().decode()


@pytest.fixture(scope="module")
def real() -> Iterator[Real]:
    """The hook as `serve` composes it, at debug level."""
    stream = io.BytesIO()
    settings = Settings.model_construct()
    telemetry = Telemetry(stream=stream, clock=lambda: NOW, level="debug")
    seeds = iter(range(1, 10_000))
    app = create_app(
        hook(),
        settings=settings,
        clock=lambda: NOW,
        seed=lambda: next(seeds).to_bytes(32, "big"),
        telemetry=telemetry,
    )
    with serving(app, settings) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield Real(client, stream)


def _recorded(index: int = 4) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(RECORDINGS[index].read_bytes())
    return loaded


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.name[0])
def test_recorded_requests_are_answered(real: Real, file: Path) -> None:
    """What Metacontroller really sent, byte for byte."""
    answer = real.client.post("/sync", content=file.read_bytes())
    assert answer.status_code == 200
    body = orjson.loads(answer.content)
    assert set(body) <= {"status", "children", "resyncAfterSeconds", "finalized"}
    assert all(child["kind"] for child in body["children"])


def test_a_recorded_parent_is_customized(real: Real) -> None:
    """Claims and Secrets are asked for, none by an empty list of names."""
    parent = _recorded()["parent"]
    answer = real.client.post("/customize", json={"controller": {}, "parent": parent})
    rules = orjson.loads(answer.content)["relatedResources"]
    assert {rule["resource"] for rule in rules} == {"persistentvolumeclaims", "secrets"}
    assert all(rule.get("names", True) for rule in rules)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"parent": None}, id="parent null"),
        pytest.param({"parent": []}, id="parent a list"),
        pytest.param({"parent": {}}, id="parent without metadata"),
        pytest.param({"parent": {"metadata": {"name": 1}}}, id="name a number"),
        pytest.param({"children": None}, id="children null"),
        pytest.param({"children": []}, id="children a list"),
        pytest.param({"children": {"Secret.v1": [], "StatefulSet.apps/v1": {}}}, id="group a list"),
        pytest.param(
            {"children": {"Secret.v1": {"a/b": None}, "StatefulSet.apps/v1": {}}}, id="child null"
        ),
    ],
)
@pytest.mark.parametrize("path", ["/sync", "/finalize"])
def test_a_body_without_the_form_of_a_request_is_400(
    real: Real, path: str, change: dict[str, Any]
) -> None:
    """One line that repeats nothing; nothing is generated for it."""
    answer = real.client.post(path, json=_recorded() | change)
    assert answer.status_code == 400
    assert answer.text.count("\n") == 1
    assert len(answer.text) < 200


@pytest.mark.parametrize("missing", ["parent", "children"])
def test_a_missing_part_is_400(real: Real, missing: str) -> None:
    """As null is."""
    request = _recorded()
    del request[missing]
    assert real.client.post("/sync", json=request).status_code == 400


@pytest.mark.parametrize("group", ["Secret.v1", "StatefulSet.apps/v1"])
def test_a_registration_without_what_must_be_seen_is_500(real: Real, group: str) -> None:
    """Else identity would be generated in every sync; the text says what to do."""
    request = _recorded()
    del request["children"][group]
    answer = real.client.post("/sync", json=request)
    assert answer.status_code == 500
    assert group in answer.text
    assert answer.text.count("\n") == 1


def _secret_values(request: dict[str, Any], answer: dict[str, Any]) -> set[str]:
    """Values of all Secrets of a request and an answer, in base64 and decoded."""
    secrets = [*request["children"].get("Secret.v1", {}).values()]
    secrets += request["related"].get("Secret.v1", {}).values()
    secrets += [child for child in answer["children"] if child["kind"] == "Secret"]
    found: set[str] = set()
    for secret in secrets:
        for key, value in secret.get("data", {}).items():
            decoded = base64.b64decode(value).decode(errors="replace").strip()
            if "username" not in key and len(decoded) >= SHORTEST_SECRET:
                found |= {value, decoded}
    return found


def test_no_secret_of_any_recorded_request_is_logged_or_counted(real: Real) -> None:
    """Neither a value nor its base64 nor a PEM header, at debug level."""
    values: set[str] = set()
    for file in RECORDINGS:
        request = orjson.loads(file.read_bytes())
        answer = real.client.post("/sync", content=file.read_bytes())
        values |= _secret_values(request, orjson.loads(answer.content))
    everything = real.log + real.client.get("/metrics").text
    assert len(values) > 50
    assert [value for value in values if value in everything] == []
    assert "-----BEGIN" not in everything
