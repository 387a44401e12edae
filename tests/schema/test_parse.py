"""Parsing a spec: all faults at once, none of them an exception."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.faults import Effect
from app.schema.crd import schema_fields
from app.schema.openapi import spec_schema
from app.schema.parse import parse_spec, parse_spec_json
from app.schema.structure import MAX_FAULTS, SHOWN_CHARACTERS

MINIMAL: Final = {"version": "4.14.1"}
VERSIONS: Final = "is not supported; allowed: 4.9.0 or later, below 5.0.0 (5.x needs a migration)"
DNS: Final = (
    "is not allowed; allowed: a-z, 0-9, - and dots, a letter or digit at both ends of each part"
)
QUANTITY: Final = "is not allowed; allowed: a quantity such as 500m, 2 or 50Gi"


def _texts(raw: object) -> list[str]:
    return [str(fault) for fault in parse_spec(raw)[1]]


def test_a_good_spec_has_no_faults() -> None:
    """The smallest spec is a cluster."""
    spec, found = parse_spec(MINIMAL)
    assert spec is not None
    assert found == ()


def test_all_faults_are_reported_together_by_path() -> None:
    """Nobody should have to repair a spec one message at a time."""
    raw = {
        "version": "5.0.0",
        "tls": {"enabled": False},
        "indexer": {"replicas": 0, "replica": 3, "storageSize": "100Mi"},
        "dashboard": {"service": {"nodePort": 30000}},
    }
    assert _texts(raw) == [
        "spec.dashboard.service: nodePort is allowed only with type NodePort or LoadBalancer",
        "spec.indexer.replica: unknown field",
        "spec.indexer.replicas: 0 is not in 1..50",
        'spec.indexer.storageSize: "100Mi" is too small; allowed: at least 1Gi',
        "spec.tls.enabled: TLS cannot be turned off",
        f'spec.version: "5.0.0" {VERSIONS}',
    ]


UNUSABLE: Final[dict[str, tuple[object, list[str]]]] = {
    "null": (None, ["spec.version: is required"]),
    "a null version": ({"version": None}, ["spec.version: is required"]),
    "a list": ([], ["spec: a list stands where an object belongs"]),
    "a text": ("x", ["spec: a string stands where an object belongs"]),
    "a number": (1, ["spec: a number stands where an object belongs"]),
    "a version that is no text": ({"version": 4}, ["spec.version: 4 is not a string"]),
    "a key that is no text": (MINIMAL | {1: 2}, ["spec.int: unknown field"]),
    "a number beyond all bounds": (
        MINIMAL | {"indexer": {"replicas": 10**5000}},
        ['spec.indexer.replicas: "a number beyond all bounds" is not in 1..50'],
    ),
    "infinity": (
        MINIMAL | {"indexer": {"replicas": float("inf")}},
        ["spec.indexer.replicas: Infinity is not a whole number; allowed: 1..50"],
    ),
    "half a character": (
        MINIMAL | {"storageClassName": "\ud800"},
        [
            f'spec.storageClassName: "?" {DNS}',
        ],
    ),
    "a boolean as number": (
        MINIMAL | {"indexer": {"replicas": True}},
        ["spec.indexer.replicas: true is not a whole number; allowed: 1..50"],
    ),
    "a map's value": (
        MINIMAL | {"indexer": {"resources": {"limits": {"memory": "lots", "a.b/c": "1 "}}}},
        [
            f'spec.indexer.resources.limits.memory: "lots" {QUANTITY}',
            f'spec.indexer.resources.limits[a.b/c]: "1 " {QUANTITY}',
        ],
    ),
    "a label's key": (
        MINIMAL | {"indexer": {"podLabels": {"a b": "c"}, "annotations": {"/": "d"}}},
        [
            "spec.indexer.annotations[/]: is no key of a label or annotation",
            "spec.indexer.podLabels[a b]: is no key of a label or annotation",
        ],
    ),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_fault_says_where_what_and_what_is_allowed(case: str) -> None:
    """Whatever stands there, the message names it and no exception leaves the parser."""
    raw, texts = UNUSABLE[case]
    assert _texts(raw) == texts


def test_a_null_in_a_map_is_no_entry() -> None:
    """The API server drops it, so an object that went around it is read the same way."""
    spec, found = parse_spec({"version": "4.14.1", "indexer": {"nodeSelector": {"a": None}}})
    assert spec == parse_spec({"version": "4.14.1", "indexer": {"nodeSelector": {}}})[0]
    assert found == ()


def test_unknown_fields_warn_at_every_depth() -> None:
    """Around the API server a misspelt field would otherwise be lost in silence."""
    raw = MINIMAL | {
        "licence": {"deep": {"deeper": 1}},
        "indexer": {"env": [{"name": "A", "valueform": {}}]},
        "manager": {"master": {"podDisruptionBudget": {}, "service": {"nodePort": 30000}}},
        "dashboard": {"resources": {"claims": []}},
    }
    spec, found = parse_spec(raw)
    assert spec is not None
    assert {fault.effect for fault in found} == {Effect.WARNS}
    assert [fault.path for fault in found] == [
        "spec.dashboard.resources.claims",
        "spec.indexer.env[0].valueform",
        "spec.licence",
        "spec.manager.master.podDisruptionBudget",
        "spec.manager.master.service.nodePort",
    ]
    assert spec.indexer.env == ({"name": "A"},)
    assert "claims" not in spec.dashboard.resources
    assert spec.manager.master.service.node_port is None


SECRET: Final = "hunter2-hunter2"
HIDING: Final[dict[str, dict[str, Any]]] = {
    "variable": {"indexer": {"env": [{"name": "A", "value": [SECRET]}]}},
    "variable as number": {"indexer": {"env": [{"name": "A", "value": 20241124}]}},
    "extraConfig": {"manager": {"master": {"extraConfig": [SECRET]}}},
    "javaOpts": {"indexer": {"javaOpts": f'-Dpassword="{SECRET}"'}},
    "reference": {"manager": {"authdPasswordSecretRef": SECRET}},
    "credentials": {"indexer": {"credentials": SECRET}},
    "url": {
        "dashboard": {
            "wazuhPlugin": {
                "apiEndpoints": [
                    {
                        "id": "a",
                        "url": f"https://a:{SECRET}@b",
                        "credentialsSecretRef": {"secretName": "a"},
                    }
                ]
            }
        }
    },
    "unknown": {"manager": {"apiPassword": SECRET}},
}


@pytest.mark.parametrize("case", HIDING)
def test_no_message_shows_what_may_be_secret(case: str) -> None:
    """Faults end in the status and in logs."""
    found = _texts(MINIMAL | HIDING[case])
    assert found
    assert not any(SECRET in text or "20241124" in text for text in found)


def test_a_long_value_is_cut() -> None:
    """A message stays readable whatever stands in the field."""
    (text,) = _texts(MINIMAL | {"deletionPolicy": "x" * 10_000})
    assert len(text) < len("spec.deletionPolicy:  is not allowed; allowed: Retain, Delete") + (
        SHOWN_CHARACTERS + 1
    )


def test_thousands_of_faults_are_counted() -> None:
    """A status must stay small; a refusal is not lost behind warnings."""
    warned = {f"field{index}": index for index in range(1000)}
    spec, found = parse_spec(MINIMAL | warned)
    assert spec is not None
    assert len(found) == MAX_FAULTS + 1
    assert str(found[0]) == f"spec: {1000 - MAX_FAULTS} more faults are not listed"
    spec, found = parse_spec(MINIMAL | warned | {"tls": {"hotReload": 1}})
    assert spec is None
    assert "spec.tls.hotReload" in {fault.path for fault in found}


@pytest.mark.parametrize(
    "text", [b"", b"{", b"NaN", b'{"a": 1e400}x', b"[" * 100_000, b"\xff", b'"\\ud800"']
)
def test_text_that_is_no_json_is_a_fault(text: bytes) -> None:
    """Depth is bounded by the reader of JSON."""
    spec, found = parse_spec_json(text)
    assert spec is None
    assert [fault.path for fault in found] == ["spec"]


def test_a_huge_exponent_is_a_fault_of_its_field() -> None:
    """JSON knows numbers that no machine does."""
    _, found = parse_spec_json(b'{"version": "4.14.1", "indexer": {"replicas": 1e400}}')
    assert [fault.path for fault in found][-1].startswith("spec")
    assert all(fault.effect is Effect.FROZEN for fault in found)


def test_the_same_text_is_parsed_once() -> None:
    """The spec of a quiet cluster comes every 30 seconds."""
    text = orjson.dumps(MINIMAL | {"clusterDomain": "once.example"})
    assert parse_spec_json(text)[0] is parse_spec_json(bytes(bytearray(text)))[0]


_NAMES: Final = sorted(
    {
        step
        for path, _ in schema_fields()
        for step in path.replace("[]", "").replace("{}", "").split(".")
    }
)
_LEAVES: Final = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["", "4.14.1", "1Gi", "and", "NodePort", "Local", "default", "0s", "\ud800"])
)
_ANYTHING: Final = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(_NAMES) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=30,
)


def _like(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that have the structure of ``schema``, now and then broken."""
    value: st.SearchStrategy[Any] = _LEAVES
    if "properties" in schema:
        names = sorted(schema["properties"])
        value = st.lists(st.sampled_from(names), max_size=4, unique=True).flatmap(
            lambda chosen: st.fixed_dictionaries(
                {name: _like(schema["properties"][name]) for name in chosen}
            )
        )
    elif "items" in schema:
        value = st.lists(_like(schema["items"]), max_size=2)
    elif "enum" in schema:
        value = st.sampled_from(schema["enum"])
    elif schema.get("type") == "boolean":
        value = st.booleans()
    elif schema.get("type") == "integer":
        value = st.integers(schema.get("minimum", 0), schema.get("maximum", 100_000))
    return value | _LEAVES if "properties" not in schema else value


@settings(deadline=None, max_examples=300)
@given(_ANYTHING)
def test_no_json_makes_the_parser_raise(raw: object) -> None:
    """A spec is refused exactly where a fault freezes it, and faults are sorted."""
    spec, found = parse_spec(raw)
    assert (spec is None) == any(fault.effect is Effect.FROZEN for fault in found)
    assert list(found) == sorted(found)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_nothing_of_the_right_structure_makes_it_raise(data: st.DataObject) -> None:
    """Values that come far enough for the rules and the models are safe too."""
    raw = data.draw(_like(spec_schema()))
    spec, found = parse_spec({"version": "4.14.1"} | raw)
    assert (spec is None) == any(fault.effect is Effect.FROZEN for fault in found)
