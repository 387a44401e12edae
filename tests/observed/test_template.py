"""Pod templates: whether the observed one holds the wanted one, and small changes to one."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from app import components
from app.observed.template import (
    annotations_of,
    contains,
    is_in_force,
    template_of,
    with_annotations,
    with_replicas,
    with_template,
)
from tests import clusters
from tests.stored_objects import with_defaults
from tests.user_overrides import OVERRIDES


@pytest.mark.parametrize(
    ("observed", "wanted", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1}, True, id="a default beside it"),
        pytest.param({"a": 1}, {"a": 2}, False, id="another value"),
        pytest.param({}, {"a": 1}, False, id="a field is missing"),
        pytest.param({"a": None}, {"a": 1}, False, id="null instead"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, True, id="nested"),
        pytest.param({"a": 1}, {"a": {"b": 1}}, False, id="no map there"),
        pytest.param({"a": {"b": 1}}, {"a": [1]}, False, id="no list there"),
        pytest.param({"a": [1, 2]}, {"a": [1, 2]}, True, id="atomic list"),
        pytest.param({"a": [2, 1]}, {"a": [1, 2]}, False, id="atomic list in another order"),
        pytest.param({"a": [1, 2, 3]}, {"a": [1, 2]}, False, id="atomic list with more"),
        pytest.param({"a": []}, {"a": []}, True, id="empty lists"),
        pytest.param(
            {"a": [{"name": "y", "v": 2}, {"name": "x", "v": 1, "d": 0}]},
            {"a": [{"name": "x", "v": 1}, {"name": "y"}]},
            True,
            id="by name, in any order, with defaults",
        ),
        pytest.param(
            {"a": [{"name": "x"}, {"name": "sidecar"}]},
            {"a": [{"name": "x"}]},
            True,
            id="an injected item",
        ),
        pytest.param(
            {"a": [{"name": "x"}]},
            {"a": [{"name": "x"}, {"name": "y"}]},
            False,
            id="a new item that is not there yet",
        ),
        pytest.param(
            {"a": [{"name": "x", "v": 1}]}, {"a": [{"name": "x", "v": 2}]}, False, id="item changed"
        ),
        pytest.param(
            {"a": [{"containerPort": 1, "name": "b"}, {"containerPort": 2, "name": "a"}]},
            {"a": [{"containerPort": 2, "name": "a"}]},
            True,
            id="ports by number, not by name",
        ),
        pytest.param(
            {"a": [{"name": "x"}, 7]}, {"a": [{"name": "x"}]}, False, id="not all are objects"
        ),
        pytest.param(
            {"a": [{"key": "x", "v": 1}]}, {"a": [{"key": "x"}]}, True, id="no key: item by item"
        ),
    ],
)
def test_the_observed_value_holds_the_wanted_one(
    observed: Any, wanted: Any, *, expected: bool
) -> None:
    """Lists by the key by which Metacontroller merges them, else item by item."""
    assert contains(observed, wanted) is expected
    assert is_in_force(orjson.dumps(observed), wanted) is expected


@pytest.mark.parametrize("spec", [{}, OVERRIDES], ids=["defaults", "every knob"])
def test_a_rendered_template_is_in_force_once_it_is_stored(spec: dict[str, Any]) -> None:
    """The server's defaults make no difference; any change of ours does."""
    for child in components.render(clusters.cluster(spec)):
        if child["kind"] not in {"StatefulSet", "Deployment"}:
            continue
        wanted = template_of(child)
        stored = template_of(with_defaults(child))
        assert stored != wanted
        assert is_in_force(orjson.dumps(stored), wanted)
        changed = with_annotations(wanted, {"wazuh.com/cert-hash": "other"})
        assert not is_in_force(orjson.dumps(stored), changed)


def test_changes_make_new_values() -> None:
    """Rendered manifests and templates in a cache are read-only."""
    workload = {"kind": "StatefulSet", "spec": {"replicas": 3, "template": {"a": 1}}}
    before = copy.deepcopy(workload)
    assert with_replicas(workload, 5)["spec"] == {"replicas": 5, "template": {"a": 1}}
    assert with_template(workload, {"b": 2})["spec"] == {"replicas": 3, "template": {"b": 2}}
    assert workload == before


@pytest.mark.parametrize(
    ("template", "changed", "expected"),
    [
        pytest.param({}, {"a": "1"}, {"a": "1"}, id="the first"),
        pytest.param(
            {"metadata": {"annotations": {"a": "1", "b": "2"}}},
            {"a": "3"},
            {"a": "3", "b": "2"},
            id="replaced",
        ),
        pytest.param(
            {"metadata": {"annotations": {"a": "1", "b": "2"}}}, {"a": None}, {"b": "2"}, id="gone"
        ),
        pytest.param(
            {"metadata": {"annotations": {"a": "1"}}}, {"a": None}, {}, id="the last gone"
        ),
        pytest.param({"metadata": {"annotations": None}}, {"a": "1"}, {"a": "1"}, id="null before"),
    ],
)
def test_annotations_of_a_template_change_one_by_one(
    template: dict[str, Any], changed: dict[str, str | None], expected: dict[str, str]
) -> None:
    """No empty map is left behind: the API server drops it, and sending one never rests."""
    before = copy.deepcopy(template)
    made = with_annotations({**template, "spec": {"x": 1}}, changed)
    assert annotations_of(made) == expected
    assert ("annotations" in made["metadata"]) is bool(expected)
    assert made["spec"] == {"x": 1}
    assert template == before
