"""Server-side apply: which fields are Metacontroller's, among those of others."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app import names
from app.observed.last_applied import applied_template, last_applied
from app.result import Manifest
from tests.observed.forms import (
    by_owned_fields,
    workload,
)
from tests.stored_objects import with_defaults


def _entry(fields: Any, **changes: Any) -> Manifest:
    return {"manager": "metacontroller", "operation": "Apply", "fieldsV1": fields, **changes}


def _labels(*keys: str) -> Manifest:
    return {"f:metadata": {"f:labels": {f"f:{key}": {} for key in keys}}}


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(None, id="null"),
        pytest.param("text", id="a text"),
        pytest.param(_entry(None), id="no fields"),
        pytest.param(_entry([]), id="fields a list"),
        pytest.param(_entry(_labels("example.com/team"), manager="argocd"), id="another tool"),
        pytest.param(
            _entry({"f:spec": {"f:replicas": {}}}, manager="hpa", subresource="scale"), id="scale"
        ),
        pytest.param(
            _entry({"f:status": {}}, manager="kubelet", subresource="status"), id="status"
        ),
        pytest.param(
            _entry({"f:spec": {"f:template": {}}}, manager="kubectl", operation="Update"),
            id="an update",
        ),
        pytest.param(
            _entry(_labels(names.LABEL_CONTROLLER_UID), manager="a-person"),
            id="a copy applied by hand, without a template",
        ),
    ],
)
def test_other_managers_are_not_taken_for_metacontroller(stranger: Any) -> None:
    """Even where they stand first, as entries of an apply with an older time do."""
    child = workload("wz-indexer")
    observed = by_owned_fields(child)
    observed["metadata"]["managedFields"].insert(0, stranger)
    assert last_applied(observed) == child
    assert applied_template(observed) == child["spec"]["template"]


def test_the_field_manager_may_have_another_name() -> None:
    """It is a setting of Metacontroller."""
    child = workload("wz-indexer")
    observed = by_owned_fields(child, manager="mc-eu-1")
    stranger = _entry({"f:spec": {"f:replicas": {}}}, manager="flux")
    observed["metadata"]["managedFields"].insert(0, stranger)
    assert last_applied(observed) == child


def test_applies_of_strangers_alone_say_nothing() -> None:
    """One annotation of theirs is not the whole workload that we sent."""
    child = workload("wz-indexer")
    observed = by_owned_fields(child)
    observed["metadata"]["managedFields"] = [
        _entry(_labels("example.com/team"), manager="argocd"),
        _entry(_labels(names.LABEL_CONTROLLER_UID)),
    ]
    assert last_applied(observed) == with_defaults(child)


# --- projection, rule by rule ---------------------------------------------------------------------
OURS: Final = _labels(names.LABEL_CONTROLLER_UID)


def projected(spec: Any, fields: Any) -> Any:
    """``spec`` of an object without template, as far as ``fields`` owns it."""
    observed = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a", "managedFields": [_entry({**OURS, "f:spec": fields})]},
        "spec": spec,
    }
    return last_applied(observed).get("spec")


@pytest.mark.parametrize(
    ("spec", "fields", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, {"f:a": {}}, {"a": 1}, id="a leaf"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"f:a": {"f:c": {}}}, {"a": {"c": 2}}, id="nested"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"f:a": {}}, {"a": {"b": 1, "c": 2}}, id="atomic"),
        pytest.param(
            {"a": {"b": 1, "c": 2}},
            {"f:a": {".": {}, "f:b": {}}},
            {"a": {"b": 1}},
            id="map as such",
        ),
        pytest.param({"a": {}}, {"f:a": {}}, {"a": {}}, id="an empty object"),
        pytest.param({"a": {}}, {"f:a": {".": {}}}, {"a": {}}, id="an empty object as such"),
        pytest.param({"a": [1, 2]}, {"f:a": {}}, {"a": [1, 2]}, id="an atomic list"),
        pytest.param(
            {"a": [{"name": "x", "v": 1, "w": 2}, {"name": "y", "v": 3}]},
            {"f:a": {'k:{"name":"x"}': {".": {}, "f:name": {}, "f:v": {}}}},
            {"a": [{"name": "x", "v": 1}]},
            id="a list by key",
        ),
        pytest.param(
            {"a": [{"p": 1, "q": "TCP", "n": "t"}, {"p": 1, "q": "UDP", "n": "u"}]},
            {"f:a": {'k:{"p":1,"q":"UDP"}': {".": {}, "f:n": {}, "f:p": {}}}},
            {"a": [{"p": 1, "n": "u"}]},
            id="a list by two keys, one of them a default",
        ),
        pytest.param(
            {"a": [{"name": "x", "b": [{"name": "y", "v": 1}, {"name": "z"}]}]},
            {"f:a": {'k:{"name":"x"}': {"f:name": {}, "f:b": {'k:{"name":"z"}': {"f:name": {}}}}}},
            {"a": [{"name": "x", "b": [{"name": "z"}]}]},
            id="a list in a list",
        ),
        pytest.param(
            {"a": ["x", "y", "z"]},
            {"f:a": {'v:"z"': {}, 'v:"x"': {}}},
            {"a": ["x", "z"]},
            id="a set, in the stored order",
        ),
        pytest.param({"a": [1, 2]}, {"f:a": {"v:2": {}}}, {"a": [2]}, id="a set of numbers"),
        pytest.param({"a": 1}, {"f:a": {}, "f:gone": {}}, {"a": 1}, id="a field that is gone"),
        pytest.param(
            {"a": [{"name": "x"}]}, {"f:a": {'k:{"name":"gone"}': {}}}, {"a": []}, id="an item gone"
        ),
        pytest.param({"a": [{"name": "x"}]}, {"f:a": {"k:{": {}}}, {"a": []}, id="a broken key"),
        pytest.param({"a": [{"name": "x"}]}, {"f:a": {"k:{}": {}}}, {"a": []}, id="an empty key"),
        pytest.param({"a": [{"name": "x"}]}, {"f:a": {"k:7": {}}}, {"a": []}, id="a key of no map"),
        pytest.param({"a": ["x"]}, {"f:a": {"v:{": {}}}, {"a": []}, id="a broken value"),
        pytest.param({"a": [7]}, {"f:a": {'k:{"name":"x"}': {}}}, {"a": []}, id="items of no map"),
        pytest.param({"a": 1}, {"f:a": {"f:b": {}}}, {"a": 1}, id="deeper than what is there"),
        pytest.param({"a": 1}, {"f:a": None}, {"a": 1}, id="a mark that is null"),
        pytest.param({"a": 1}, {"a": {}, "x:a": {}}, {}, id="marks of another form"),
    ],
)
def test_the_owned_part_of_a_value(spec: Any, fields: Any, expected: Any) -> None:
    """FieldsV1: ``f:`` a field, ``k:`` an item by key, ``v:`` an item by value, ``.`` itself."""
    assert projected(spec, fields) == expected
