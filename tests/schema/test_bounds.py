"""Bounds of single fields, in the hook and in the CRD."""

from __future__ import annotations

from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from app.faults import Effect, Fault
from app.schema.crd import crd, schema_fields
from app.schema.parse import parse_spec
from tests.schema.bound_cases import BOUNDS, spec_with
from tests.schema.bounds import CORE, Bound

IDS: Final = [f"{number}-{bound.path}" for number, bound in enumerate(BOUNDS)]

#: Fields that mean something beside others only: `rule_cases` has them.
RULED: Final = frozenset(
    {
        "spec.manager.config.auth.sslManagerKey",
        "spec.manager.config.auth.sslVerifyHost",
    }
)


def _refusals(spec: dict[str, Any]) -> list[Fault]:
    return [fault for fault in parse_spec(spec)[1] if fault.effect is Effect.FROZEN]


def _json_schema(node: dict[str, Any]) -> dict[str, Any]:
    """A structural schema in the words of JSON Schema."""
    result = {key: value for key, value in node.items() if not key.startswith("x-")}
    if node.get("x-kubernetes-int-or-string"):
        result["type"] = ["integer", "string"]
    if node.get("nullable"):
        kinds = result["type"] if isinstance(result["type"], list) else [result["type"]]
        result = {"anyOf": [result | {"type": kinds}, {"type": "null"}]}
    inner = result["anyOf"][0] if "anyOf" in result else result
    if "properties" in node:
        inner["properties"] = {key: _json_schema(item) for key, item in node["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in node:
            inner[key] = _json_schema(node[key])
    if node.get("x-kubernetes-list-type") == "set":
        inner["uniqueItems"] = True
    return result


@pytest.fixture(scope="module")
def published() -> Draft202012Validator:
    """The CRD's schema of the spec, read by a validator that is not ours."""
    root = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return Draft202012Validator(_json_schema(root["properties"]["spec"]))


@pytest.mark.parametrize("bound", BOUNDS, ids=IDS)
def test_what_is_within_bounds_is_taken(bound: Bound) -> None:
    """A value at the edge of what is allowed raises no fault."""
    for value in bound.allowed:
        spec, found = parse_spec(spec_with(bound.path, value))
        assert spec is not None, (value, [str(fault) for fault in found])


@pytest.mark.parametrize("bound", BOUNDS, ids=IDS)
def test_what_is_out_of_bounds_is_refused_at_its_path(bound: Bound) -> None:
    """Every refused value gives a fault at its path or below, and no spec."""
    for value in bound.refused:
        spec, found = parse_spec(spec_with(bound.path, value))
        assert spec is None, value
        assert all(fault.path.startswith(f"spec.{bound.path}") for fault in found), value


@pytest.mark.parametrize("bound", BOUNDS, ids=IDS)
def test_null_is_absent(bound: Bound) -> None:
    """A null that a template leaves behind means the default, in every field."""
    spec, found = parse_spec(spec_with(bound.path, None))
    assert spec == parse_spec({"version": "4.14.1"})[0]
    assert found == ()


@pytest.mark.parametrize("bound", BOUNDS, ids=IDS)
def test_the_crd_agrees(bound: Bound, published: Draft202012Validator) -> None:
    """What the CRD takes and refuses by its schema is what the hook takes and refuses.

    Uniqueness by key is no part of JSON Schema, a value of type bool is no integer there either,
    and Python's ``$`` lets a line feed through, unlike the API server's.
    """
    for value in (*bound.allowed, None):
        assert list(published.iter_errors(spec_with(bound.path, value))) == []
    for value in bound.refused:
        message = " ".join(str(fault) for fault in _refusals(spec_with(bound.path, value)))
        if "twice" in message or "\\n" in message:
            continue
        assert not published.is_valid(spec_with(bound.path, value)), value


def test_every_field_of_our_own_has_bounds() -> None:
    """A new field needs a row in the table, or a rule's case where it cannot stand alone."""
    elsewhere = ("spec.version", "spec.manager.authdPasswordSecretRef.")
    whole = {"indexer", "manager", "dashboard", "tls"}
    tabled = {f"spec.{bound.path}" for bound in BOUNDS if bound.path not in whole}
    paths = [path.replace("{}", ".").replace("[]", ".") for path, _ in schema_fields()]
    missing = [
        path
        for path in paths
        if not any(f".{name}." in path for name in CORE)
        and not any(path.rstrip(".") == row or path.startswith(f"{row}.") for row in tabled)
        and not path.startswith(elsewhere)
        and path not in RULED
    ]
    assert missing == []
