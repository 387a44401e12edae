"""Every row of the error table, and that no answer, event or metric repeats the request."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from tests.http.edge import MARKER, REQUEST, Running, answer_of, head, running

_TEXT = "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(b"", "the body is not valid JSON", id="empty"),
        pytest.param(f'{{"parent": {MARKER}'.encode(), "the body is not valid JSON", id="cut"),
        pytest.param(
            f'{{"a": NaN, "b": "{MARKER}"}}'.encode(), "the body is not valid JSON", id="nan"
        ),
        pytest.param(b'{"a": -Infinity}', "the body is not valid JSON", id="infinity"),
        pytest.param(b'{"a": "\xff"}', "the body is not valid JSON", id="no UTF-8"),
        pytest.param(rb'{"a": "\ud800"}', "the body is not valid JSON", id="lone surrogate"),
        pytest.param(b'{"a": 1} {}', "the body is not valid JSON", id="two documents"),
        pytest.param(b"[" * 10_000 + b"]" * 10_000, "the body is not valid JSON", id="deep"),
        pytest.param(b"\x1f\x8b\x08\x00", "the body is not valid JSON", id="compressed"),
        pytest.param(b"null", "the body is not a JSON object", id="null"),
        pytest.param(f'["{MARKER}"]'.encode(), "the body is not a JSON object", id="list"),
        pytest.param(b'"text"', "the body is not a JSON object", id="string"),
    ],
)
@pytest.mark.parametrize("path", ["/sync", "/finalize", "/customize"])
def test_a_body_that_is_no_json_object_is_refused_with_400(
    edge: Running, path: str, body: bytes, text: str
) -> None:
    """One line that repeats nothing."""
    answer = edge.client.post(path, content=body)
    assert (answer.status_code, answer.text) == (400, f"{text}\n")
    assert answer.headers["content-type"] == _TEXT


@pytest.mark.parametrize("path", ["/sync", "/finalize", "/customize"])
def test_a_request_error_of_the_core_is_400_with_its_text_in_one_line(
    edge: Running, path: str
) -> None:
    """The core knows what a request must have."""
    answer = edge.client.post(path, json={**REQUEST, "do": "request-error", "value": MARKER})
    assert (answer.status_code, answer.text) == (400, "no parent in the request\n")


def test_a_heavy_request_may_be_refused_as_well(edge: Running) -> None:
    """An exception comes back from the thread as it was raised."""
    answer = edge.client.post("/sync", json={**REQUEST, "do": "request-error", "heavy": True})
    assert (answer.status_code, answer.text) == (400, "no parent in the request\n")


def test_a_registration_error_is_500_with_its_text(edge: Running) -> None:
    """It says what to do, and the same at every retry."""
    answer = edge.client.post("/sync", json={**REQUEST, "do": "registration-error"})
    assert answer.status_code == 500
    assert answer.text == "the CompositeController does not list Secret.v1\n"


@pytest.mark.parametrize("heavy", [False, True], ids=["in the loop", "in a thread"])
@pytest.mark.parametrize("path", ["/sync", "/finalize", "/customize"])
def test_a_defect_is_500_with_an_id_that_the_log_has_too(
    edge: Running, path: str, *, heavy: bool
) -> None:
    """The id is all that connects both: the exception's text may be a Secret."""
    request = {**REQUEST, "do": "defect", "value": MARKER, "heavy": heavy}
    answer = edge.client.post(path, json=request)
    found = re.fullmatch(
        r"internal error, the log of the hook has it as ([0-9a-f]{12})\n", answer.text
    )
    assert answer.status_code == 500
    assert found is not None
    event = next(
        event for event in edge.events("sync_failed") if event["error_id"] == found.group(1)
    )
    assert event["error_type"] == "KeyError"
    assert event["frames"][-1].endswith("_fail")
    assert (event["namespace"], event["name"]) == ("security", "demo")


def test_the_same_defect_has_the_same_id(edge: Running) -> None:
    """Metacontroller makes an event of the answer at each retry: equal ones are counted."""
    request = {**REQUEST, "do": "defect", "value": MARKER}
    answers = {edge.client.post("/sync", json=request).text for _ in range(3)}
    assert len(answers) == 1


def test_an_answer_that_cannot_be_encoded_is_a_defect_and_no_partial_list(edge: Running) -> None:
    """What is missing in a list of children is deleted."""
    answer = edge.client.post("/sync", json={**REQUEST, "do": "unserialisable"})
    assert answer.status_code == 500
    assert "children" not in answer.text


def test_others_are_served_after_a_defect(edge: Running) -> None:
    """A defect costs one cluster its sync, not the process."""
    edge.client.post("/sync", json={**REQUEST, "do": "defect", "value": MARKER})
    assert edge.client.post("/sync", json=REQUEST).status_code == 200


def _oversized(edge: Running, **headers: str) -> tuple[int, bytes]:
    with edge.connect() as connection:
        connection.sendall(head(**headers))
        return answer_of(connection)


def test_a_promised_length_above_the_limit_is_413_before_the_body(edge: Running) -> None:
    """Nothing of the body is sent here, so nothing was waited for."""
    status, body = _oversized(edge, content_length="10000000")
    assert (status, body) == (413, b"the body is larger than 8388608 bytes\n")


def test_an_absurd_length_is_refused_too(edge: Running) -> None:
    """Longer than any integer that Python would convert."""
    status, _ = _oversized(edge, content_length="9" * 5000)
    assert status in {400, 413}


def test_a_chunked_body_is_counted_as_it_arrives() -> None:
    """No length is promised: 413 as soon as the limit is passed."""
    with running(max_body_bytes=100_000) as edge:
        answer = edge.client.post("/sync", content=iter([MARKER.encode() * 1000] * 100))
        assert (answer.status_code, answer.text) == (413, "the body is larger than 100000 bytes\n")
        assert edge.fake.calls == []


def test_an_honest_body_of_two_megabytes_passes(edge: Running) -> None:
    """Objects are limited to 1.5 MB each."""
    answer = edge.client.post("/sync", json={**REQUEST, "filler": "x" * 2_000_000})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        pytest.param("GET", "/sync", 405, "method not allowed", id="GET of a hook"),
        pytest.param("POST", "/metrics", 405, "method not allowed", id="POST to metrics"),
        pytest.param("POST", "/sync/", 404, "not found", id="trailing slash is no redirect"),
        pytest.param("GET", "/docs", 404, "not found", id="docs"),
        pytest.param("GET", "/redoc", 404, "not found", id="redoc"),
        pytest.param("GET", "/openapi.json", 404, "not found", id="openapi"),
        pytest.param("GET", f"/{MARKER}", 404, "not found", id="unknown path"),
    ],
)
def test_other_paths_and_methods_are_refused_in_one_line(
    edge: Running, method: str, path: str, status: int, text: str
) -> None:
    """No documentation, no redirect, no JSON."""
    answer = edge.client.request(method, path)
    assert (answer.status_code, answer.text) == (status, f"{text}\n")


def test_a_malformed_request_line_is_refused_without_echo(edge: Running) -> None:
    """The server answers before the application is asked."""
    with edge.connect() as connection:
        connection.sendall(f"{MARKER}\r\n\r\n".encode())
        received = connection.recv(65_536)
    assert received.startswith(b"HTTP/1.1 400 ")
    assert MARKER.encode() not in received


def test_a_header_above_16_kib_is_refused(edge: Running) -> None:
    """The parser holds no more than that."""
    with edge.connect() as connection:
        connection.sendall(head(x_filler="y" * 20_000))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")


def test_a_query_selects_the_same_route(edge: Running) -> None:
    """The revision of the hook stands in the registered URL."""
    assert edge.client.post("/sync?rev=1.2.3", json=REQUEST).status_code == 200


def test_no_header_names_the_server_or_the_time(edge: Running) -> None:
    """Only what the caller needs."""
    answer = edge.client.post("/sync", json=REQUEST)
    assert set(answer.headers) == {"content-type", "content-length"}


def test_nothing_of_a_request_reaches_answers_events_or_metrics() -> None:
    """The marker stands in names, keys, values, headers, paths and exceptions."""
    requests: list[dict[str, Any]] = [
        {**REQUEST, MARKER: MARKER, "do": do, "value": MARKER, "heavy": heavy}
        for do in ("request-error", "registration-error", "defect", "unserialisable", None)
        for heavy in (False, True)
    ]
    requests.append(
        {"parent": {"metadata": {"namespace": MARKER, "name": [MARKER]}}, "do": "defect"}
    )
    answers = []
    with running() as edge:
        for path in ("/sync", "/finalize", "/customize", f"/{MARKER}", f"/sync?x={MARKER}"):
            for request in [*(orjson.dumps(item) for item in requests), MARKER.encode()]:
                answer = edge.client.post(path, content=request, headers={"x-marker": MARKER})
                answers.append(f"{answer.headers} {answer.text}")
        everything = edge.log + edge.client.get("/metrics").text + "".join(answers)
    assert len(answers) == 60
    assert MARKER not in everything
