"""Objects that come again are decoded once, and nothing else differs from decoding all of them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from app.edge.decoding import Decoder, plain
from app.edge.limits import RefusalError
from app.hook.sync import sync
from app.unchanging import Unchanging, kept
from tests.cluster_builder import seeded_entropy
from tests.scenarios import SCENARIOS

SPACE = 2**24


def body_of(**changes: Any) -> bytes:
    """A small request."""
    return orjson.dumps(
        {
            "controller": {"kind": "CompositeController"},
            "parent": {"metadata": {"name": "wazuh"}},
            "children": {"Secret.v1": {"a": {"data": {"k": "v"}}, "b": {}}, "Job.batch/v1": {}},
            "related": {"Secret.v1": {"u": {"data": {}}}},
            "finalizing": False,
        }
        | changes
    )


def without_controller(body: bytes) -> dict[str, Any]:
    """What the core reads of a plainly decoded request."""
    return {key: value for key, value in plain(body).items() if key != "controller"}


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_is_answered_as_when_it_is_decoded_whole(name: str) -> None:
    """Twice: the second time every object and every view of it comes from memory."""
    request, now = SCENARIOS[name].build()
    body = orjson.dumps(request)
    decoder = Decoder(SPACE)
    wanted = sync(plain(body), now=now, entropy=seeded_entropy(1))
    for _ in range(2):
        assert sync(decoder.decode(body), now=now, entropy=seeded_entropy(1)) == wanted


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"finalizing": True},
        {"children": {"Secret.v1": None}},
        {"children": {}},
        {"related": None},
        {"children": 5},
        {"children": [1]},
        {"children": {"Secret.v1": [1]}},
        {"children": {"Secret.v1": {"a": 5, "b": None, "c": "x", "d": [1, {"e": 2}]}}},
        {"finalizing": "yes"},
        {"parent": 5},
        {"parent": None},
        {"children": {"Secret.v1": {"schön\n\u2028": {"k": "\U0001f600\\"}}}},
    ],
    ids=str,
)
def test_any_form_of_request_is_decoded_as_it_is(changes: dict[str, Any]) -> None:
    """Known and unknown, right and wrong; ``finalizing`` that is not true says nothing."""
    body = body_of(**changes)
    decoder = Decoder(SPACE)
    for _ in range(2):
        found, wanted = decoder.decode(body), without_controller(body)
        for request in (found, wanted):
            request.pop("controller", None)
            if request.get("related", 0) is None:
                del request["related"]
            if request.get("finalizing") is False:
                del request["finalizing"]
        assert found == wanted


def test_the_last_of_two_equal_keys_counts() -> None:
    """At every level, as when the body is decoded whole."""
    body = (
        b'{"parent":{"a":1,"a":2},"children":{"x":{"p":{}},"x":{"o":{"k":1},"o":{"k":2}}},'
        b'"parent":{"b":1},"related":null}'
    )
    assert Decoder(SPACE).decode(body) == {"parent": {"b": 1}, "children": {"x": {"o": {"k": 2}}}}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"5",
        b"{",
        b'{"parent":{}}}',
        b'{"parent":{},}',
        b'{"parent":NaN}',
        b'{"parent":{},"children":{"Secret.v1":{"a":{"k":Infinity}}}}',
        b'{"parent":{},"children":{"Secret.v1":{"a":{"k":01}}}}',
        b'{"parent":{},"children":{"Secret.v1":{"a":{"k":"\xff"}}}}',
        b'{"parent":{},"children":{"Secret.v1":{"a":{"k":"\\ud800"}}}}',
        b'{"parent":{},"children":{"Secret.v1":{"\xff":{}}}}',
        b'{"controller":{"k":"\xff"},"parent":{},"children":{}}',
        b'{"parent":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b'{"parent":{},"children":{"x":{"a":' + b'{"b":' * 10_000 + b"1" + b"}" * 10_003,
        b'{"parent":{},"children":' + b"[" * 1_000_000,
    ],
    ids=lambda body: body[:60].decode("latin-1"),
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """With the same text as without a memory, and nothing of it is remembered as good."""
    decoder = Decoder(SPACE)
    with pytest.raises(RefusalError) as wanted:
        plain(body)
    for _ in range(2):
        with pytest.raises(RefusalError) as found:
            decoder.decode(body)
        assert (found.value.status, found.value.text) == (wanted.value.status, wanted.value.text)


def test_an_object_is_the_same_as_long_as_its_bytes_are() -> None:
    """One changed byte makes another of it; the others stay."""
    decoder = Decoder(SPACE)
    first = decoder.decode(body_of())["children"]["Secret.v1"]
    changed = {"Secret.v1": {"a": {"data": {"k": "w"}}, "b": {}}}
    second = decoder.decode(body_of(children=changed))["children"]["Secret.v1"]
    assert second["b"] is first["b"]
    assert second["a"] == {"data": {"k": "w"}}
    assert first["a"] == {"data": {"k": "v"}}


def test_what_was_used_longest_ago_makes_room() -> None:
    """And what is too large for its share is decoded each time."""
    decoder = Decoder(2_000)
    small = {f"s{number}": {"data": "x" * 80, "number": number} for number in range(40)}
    large = {"data": "y" * 1_000}
    for _ in range(2):
        decoder.decode(body_of(children={"Secret.v1": {**small, "large": large}}))
        assert 1_500 < decoder.size <= 2_000
    found = decoder.decode(body_of(children={"Secret.v1": {"large": large}}))
    assert type(found["children"]["Secret.v1"]["large"]) is dict


def test_a_bound_of_zero_keeps_nothing() -> None:
    """Bodies are decoded whole, the controller with them."""
    decoder = Decoder(0)
    assert decoder.decode(body_of()) == plain(body_of())
    assert decoder.size == 0


def test_a_view_is_read_once_of_an_unchanging_object_only() -> None:
    """By function and arguments; a plain dictionary may have changed since."""
    calls = []

    @kept
    def first(content: dict[str, Any], key: str) -> Any:
        calls.append(key)
        return content.get(key)

    fixed, free = Unchanging({"a": 1, "b": None}), {"a": 1}
    assert [first(fixed, "a"), first(fixed, "a"), first(fixed, "b"), first(fixed, "b")] == [
        1,
        1,
        None,
        None,
    ]
    assert calls == ["a", "b"]
    assert first(free, "a") == 1
    free["a"] = 2
    assert first(free, "a") == 2
