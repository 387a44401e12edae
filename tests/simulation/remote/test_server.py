"""The remote API as the model sees it: caches from watches, live reads, logged writes."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from app.result import Manifest
from app.simulation.api_calls import ApiError, Event, EventType
from app.simulation.remote.connection import Access, Connection
from app.simulation.remote.loop import Loop
from app.simulation.remote.server import RemoteApi
from app.simulation.sync_record import SyncError
from app.simulation.timeline import Timeline
from tests.simulation.remote.scripted_server import Said, ScriptedServer, serving

SECRETS: Final = "/api/v1/secrets"
ONE: Final = "/api/v1/namespaces/a/secrets/one"
PATIENCE_SECONDS: Final = 10.0


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that says nothing yet."""
    with serving() as script:
        yield script


@pytest.fixture
def loop() -> Loop:
    """A loop that starts now."""
    return Loop(Timeline(datetime(2026, 1, 1, tzinfo=UTC)))


@pytest.fixture
def api(server: ScriptedServer, loop: Loop) -> Iterator[RemoteApi]:
    """A client of the scripted server."""
    access = Access(server=server.url, context=ssl.create_default_context())
    client = RemoteApi(Connection(access, "tests"), loop)
    yield client
    client.close()


def _secret(name: str, version: str, uid: str = "u", **rest: Any) -> Manifest:
    metadata = {"name": name, "namespace": "a", "uid": uid, "resourceVersion": version}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, **rest}


def _listed(version: str, *items: Manifest) -> Said:
    bare = [{key: item[key] for key in item if key not in ("kind", "apiVersion")} for item in items]
    return Said(body={"metadata": {"resourceVersion": version}, "items": bare})


def _watched(*events: tuple[str, Manifest]) -> Said:
    return Said(lines=tuple({"type": kind, "object": item} for kind, item in events))


def _run(loop: Loop, ended: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    loop.run(lambda: ended() or time.monotonic() > end)


def _summary(events: list[Event]) -> list[tuple[str, str, str, str | None]]:
    return [
        (
            event.type.value,
            event.object["metadata"]["name"],
            event.object["metadata"]["resourceVersion"],
            None if event.old is None else event.old["metadata"]["resourceVersion"],
        )
        for event in events
    ]


def test_a_cache_is_listed_and_then_watched(
    server: ScriptedServer, loop: Loop, api: RemoteApi
) -> None:
    """Items of the list get their kind; events carry what was known before; bookmarks are none."""
    server.say(f"GET {SECRETS}", _listed("5", _secret("one", "4")))
    server.say(
        f"WATCH {SECRETS}",
        _watched(
            ("ADDED", _secret("two", "6")),
            ("BOOKMARK", _secret("", "7")),
            ("MODIFIED", _secret("one", "8")),
            ("DELETED", _secret("two", "9")),
        ),
    )
    seen: list[Event] = []
    api.watch(seen.append)
    assert api.objects("Secret") == [_secret("one", "4")]
    _run(loop, lambda: len(seen) == 3)
    assert _summary(seen) == [
        ("ADDED", "two", "6", None),
        ("MODIFIED", "one", "8", "4"),
        ("DELETED", "two", "9", "6"),
    ]
    assert api.objects("Secret") == [_secret("one", "8")]
    assert api.objects("Secret", "b") == []
    watches = [asked.target for asked in server.asked if "watch=true" in asked.target]
    assert "resourceVersion=5" in watches[0]


def test_a_kind_that_is_not_served_yet_is_asked_for_again(
    server: ScriptedServer, api: RemoteApi
) -> None:
    """Its definition was created a moment ago; another refusal is final."""
    server.say(f"GET {SECRETS}", Said(status=429, body={"reason": "TooManyRequests"}))
    server.say(f"GET {SECRETS}", _listed("5", _secret("one", "4")))
    assert api.objects("Secret") == [_secret("one", "4")]
    with pytest.raises(ApiError, match="NotFound"):
        api.objects("ConfigMap")


def test_a_watch_that_is_too_old_begins_anew_with_a_list(
    server: ScriptedServer, loop: Loop, api: RemoteApi
) -> None:
    """What happened meanwhile is told as events, a re-created object as two."""
    gone = {"kind": "Status", "code": 410, "reason": "Expired"}
    server.say(
        f"GET {SECRETS}", _listed("5", _secret("one", "1"), _secret("two", "2"), _secret("x", "3"))
    )
    server.say(f"WATCH {SECRETS}", _watched(("ERROR", gone)))
    server.say(
        f"GET {SECRETS}",
        _listed("9", _secret("one", "6"), _secret("x", "7", "v"), _secret("new", "8")),
    )
    seen: list[Event] = []
    api.watch(seen.append)
    api.objects("Secret")
    _run(loop, lambda: len(seen) == 5)
    assert _summary(seen) == [
        ("DELETED", "two", "2", "2"),
        ("DELETED", "x", "3", "3"),
        ("MODIFIED", "one", "6", "1"),
        ("ADDED", "x", "7", None),
        ("ADDED", "new", "8", None),
    ]


def test_writes_are_logged_with_what_they_changed(server: ScriptedServer, api: RemoteApi) -> None:
    """A PUT that leads to what is stored keeps its version: it was useless, and where it says."""
    server.say(f"PUT {ONE}", Said(body=_secret("one", "5", data={"a": "MQ=="})))
    server.say(f"PUT {ONE}", Said(body=_secret("one", "6")))
    server.say("POST /api/v1/namespaces/a/secrets", Said(status=201, body=_secret("one", "1")))
    api.create(_secret("one", ""), "us")
    api.update(_secret("one", "5", data={"a": "MQ"}), "us")
    api.update(_secret("one", "5"), "us")
    assert [(write.verb, write.code, write.changed, write.detail) for write in api.log.writes] == [
        ("create", 201, True, ""),
        ("update", 200, False, "data.a"),
        ("update", 200, True, ""),
    ]


def test_a_refused_write_is_logged_and_raised(server: ScriptedServer, api: RemoteApi) -> None:
    """With the server's code."""
    server.say(f"PUT {ONE}", Said(status=409, body={"reason": "Conflict", "message": "modified"}))
    with pytest.raises(ApiError, match="Conflict"):
        api.update(_secret("one", "5"), "us")
    assert [(write.code, write.detail) for write in api.log.writes] == [(409, "Conflict: modified")]


def test_a_deletion_names_the_uid_and_leaves_dependents_to_the_collector(
    server: ScriptedServer, api: RemoteApi
) -> None:
    """Another object of the same name stays."""
    server.say(f"DELETE {ONE}", Said(body={"kind": "Status", "status": "Success"}))
    api.delete(("Secret", "a", "one"), "us", uid="u-1")
    [asked] = server.asked
    assert asked.body["preconditions"] == {"uid": "u-1"}
    assert asked.body["propagationPolicy"] == "Background"


def test_a_live_read(server: ScriptedServer, api: RemoteApi) -> None:
    """An object, None for one that is not there, and the end of the sync if nobody answers."""
    server.say(f"GET {ONE}", Said(body=_secret("one", "1")))
    server.say(f"GET {ONE}", Said(status=404, body={"reason": "NotFound"}))
    server.say(f"GET {ONE}", Said(status=503, body={"reason": "ServiceUnavailable"}))
    assert api.find("Secret", "a", "one") == _secret("one", "1")
    assert api.find("Secret", "a", "one") is None
    with pytest.raises(SyncError, match="can't get Secret one"):
        api.find("Secret", "a", "one")


def test_own_writes_are_told_from_those_of_others(server: ScriptedServer, api: RemoteApi) -> None:
    """By the version a write led to."""
    server.say(f"PUT {ONE}", Said(body=_secret("one", "6")))
    api.update(_secret("one", "5"), "us")
    events = [
        Event(type=EventType.MODIFIED, object=_secret("one", version)) for version in ("6", "7")
    ]
    assert [api.is_own(event) for event in events] == [True, False]
