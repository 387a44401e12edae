"""One event a sync with listed fields only, and exceptions without their values."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import orjson
import pytest

from app.edge.telemetry import FIELDS, LibraryHandler, Telemetry, error_id, frames
from tests.http.edge import MARKER, NOW, REQUEST, Running, report, running


@pytest.fixture
def stream() -> io.BytesIO:
    """Where the log goes."""
    return io.BytesIO()


@pytest.fixture
def telemetry(stream: io.BytesIO) -> Telemetry:
    """A log at debug level."""
    return Telemetry(stream=stream, clock=lambda: NOW, level="debug")


@pytest.fixture
def library(telemetry: Telemetry) -> Iterator[logging.Logger]:
    """A library's logger that is carried over to the log."""
    logger = logging.getLogger("some.library")
    handler = LibraryHandler(telemetry)
    logger.addHandler(handler)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)
    logger.propagate = True


def test_a_sync_is_one_event_with_everything_that_is_to_be_known() -> None:
    """Whole event but for the time that it took and was logged at."""
    with running() as edge:
        edge.client.post("/sync", json=REQUEST)
        edge.client.post("/finalize", json=REQUEST)
        first, second = edge.events("sync")
    assert first.pop("timestamp").endswith("Z")
    assert 0 <= first.pop("seconds") < 20
    assert first == {
        "event": "sync",
        "level": "info",
        "hook": "sync",
        "namespace": "security",
        "name": "demo",
        "generation": 3,
        "outcome": "applied",
        "phase": "Updating",
        "observed": 31,
        "emitted": 32,
        "reissues": [
            {"secret": "demo-indexer-certs", "reason": "NearExpiry"},
            {"secret": "demo-ca", "reason": "Missing"},
            {"secret": "demo-cluster-key", "reason": "Missing"},
        ],
        "held": {"dashboard": "waits for manager-worker"},
        "resync_after_seconds": 10,
        "reused": False,
    }
    assert second["hook"] == "finalize"


@pytest.mark.parametrize(
    ("request_", "events"),
    [
        pytest.param(REQUEST, 1, id="answered"),
        pytest.param({**REQUEST, "heavy": True}, 1, id="answered in a thread"),
        pytest.param({**REQUEST, "do": "defect", "value": "x"}, 1, id="failed"),
        pytest.param({**REQUEST, "do": "request-error"}, 1, id="refused"),
    ],
)
def test_every_call_is_one_event(request_: dict[str, object], events: int) -> None:
    """Neither more nor less, however it ends."""
    with running(level="info") as edge:
        edge.client.post("/sync", json=request_)
    assert len(edge.log.splitlines()) == events


def test_probes_log_nothing(edge: Running) -> None:
    """They come every few seconds."""
    before = edge.log
    for path in ("/healthz", "/readyz", "/metrics"):
        edge.client.get(path)
    assert edge.log == before


def test_a_level_leaves_lower_events_out() -> None:
    """At warning a quiet cluster logs nothing."""
    with running(level="warning") as edge:
        edge.client.post("/sync", json=REQUEST)
        edge.client.post("/sync", content=b"{")
    assert [orjson.loads(line)["event"] for line in edge.log.splitlines()] == ["request_refused"]


def test_a_field_that_is_not_listed_is_not_logged(telemetry: Telemetry, stream: io.BytesIO) -> None:
    """A careless call later on must not bring a body into the log."""
    telemetry.log.info("sync", name="demo", body=MARKER, exc_info=MARKER)
    event = orjson.loads(stream.getvalue())
    assert set(event) == {"event", "level", "timestamp", "name"}
    assert set(event) <= FIELDS


@pytest.mark.parametrize(
    "name", ["UPPER", "with blank", "-x", "x" * 300, "", 7, None, ["x"]], ids=repr
)
def test_a_name_that_kubernetes_would_refuse_is_not_logged(edge: Running, name: object) -> None:
    """Anything may stand in its place."""
    request = {"parent": {"metadata": {"name": name, "namespace": "fine"}}, "do": "defect"}
    edge.client.post("/sync", json=request)
    event = edge.events("sync_failed")[-1]
    assert "name" not in event
    assert event["namespace"] == "fine"


def test_frames_show_causes_and_places_but_no_values() -> None:
    """Types and places of the whole chain, outermost exception first."""
    with pytest.raises(KeyError) as raised:
        _nested(MARKER)
    found = frames(raised.value)
    assert [line for line in found if ":" not in line] == ["KeyError", "ValueError"]
    assert any(line.startswith("tests/http/test_telemetry.py:") for line in found)
    assert MARKER not in "".join(found)


def test_an_endless_chain_of_causes_ends() -> None:
    """Two exceptions can be each other's cause."""
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert len(frames(first)) == 100
    assert len(error_id(first)) == 12


def test_two_defects_have_two_ids() -> None:
    """Another place is another defect."""
    with pytest.raises(KeyError) as raised:
        _nested("x")
    assert error_id(raised.value) != error_id(KeyError("x"))


def test_what_a_library_logs_comes_without_its_values(
    library: logging.Logger, stream: io.BytesIO
) -> None:
    """First line of the template, type and frames; neither arguments nor texts."""
    try:
        _nested(MARKER)
    except KeyError:
        library.exception("Task failed: %s\n" + MARKER, MARKER)
    event = orjson.loads(stream.getvalue())
    assert (event["event"], event["logger"]) == ("library", "some.library")
    assert event["message"] == "Task failed: %s"
    assert event["error_type"] == "KeyError"
    assert MARKER not in stream.getvalue().decode()


def test_what_a_library_logs_below_warning_is_left_out(
    library: logging.Logger, stream: io.BytesIO
) -> None:
    """Libraries are talkative."""
    library.info("started")
    assert stream.getvalue() == b""


def test_an_unforeseen_value_shows_its_type_only(telemetry: Telemetry, stream: io.BytesIO) -> None:
    """Logging never fails a sync."""
    telemetry.log.info("sync", held={"indexer": object()})
    assert orjson.loads(stream.getvalue())["held"] == {"indexer": "object"}


def test_no_reissue_message_is_logged(telemetry: Telemetry, stream: io.BytesIO) -> None:
    """Secret and reason say enough."""
    telemetry.synced(report(), hook="sync", seconds=0.1, resync=0)
    assert b"12 days left" not in stream.getvalue()


def _nested(value: str) -> None:
    """Raise with ``value`` in texts and local variables of a chain."""
    try:
        int(value)
    except ValueError as error:
        raise KeyError(value) from error
