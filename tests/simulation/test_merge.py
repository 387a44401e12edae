"""The three-way merge, case by case and over random values."""

from __future__ import annotations

import copy
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.names import LAST_APPLIED
from app.simulation.merge import canonical_json, last_applied, merge, same, update_of

JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "port", "path", "k"]), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS: Final = st.dictionaries(st.sampled_from(["spec", "data", "list"]), JSON, max_size=3)

SCALARS: Final = st.integers(-3, 3) | st.sampled_from(["", "a", "b"])
ITEMS: Final[st.SearchStrategy[dict[str, Any]]] = st.fixed_dictionaries(
    {"name": st.sampled_from(["x", "y", "z"])},
    optional={"value": SCALARS, "from": st.fixed_dictionaries({"key": SCALARS})},
)
#: Objects as a schema allows them: a field has one type, keys of a list are unique.
TYPED: Final[st.SearchStrategy[dict[str, Any]]] = st.fixed_dictionaries(
    {},
    optional={
        "data": st.dictionaries(st.sampled_from(["a", "b", "c"]), SCALARS),
        "args": st.lists(SCALARS, max_size=3),
        "env": st.lists(ITEMS, max_size=3, unique_by=lambda item: str(item["name"])),
    },
)


@pytest.mark.parametrize(
    ("observed", "applied", "desired", "expected"),
    [
        pytest.param({"a": 1}, {}, {"b": 2}, {"a": 1, "b": 2}, id="keys of others survive"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, {"b": 3}, {"b": 3}, id="what was applied goes"),
        pytest.param(1, 2, 3, 3, id="the wish wins over scalars"),
        pytest.param(None, {"a": 1}, {"b": 2}, {"b": 2}, id="nothing observed: the wish"),
        pytest.param({"a": None}, {}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="null grows"),
        pytest.param({"a": {"b": 1}}, {"a": {"b": 1}}, {"a": None}, {"a": {}}, id="null"),
        pytest.param([1, 2], [1], [3], [3], id="an atomic list is replaced"),
        pytest.param([1], [1], "x", None, id="an atomic list that is not wanted is null"),
        pytest.param([], [], [], [], id="empty lists are atomic"),
        pytest.param(
            [{"name": "a", "v": 1}, {"name": "s", "v": 9}],
            [{"name": "a", "v": 1}],
            [{"name": "b", "v": 2}, {"name": "a", "v": 3}],
            [{"name": "a", "v": 3}, {"name": "s", "v": 9}, {"name": "b", "v": 2}],
            id="the observed order wins and what is new comes last",
        ),
        pytest.param(
            [{"name": "a"}, {"name": "b"}],
            [{"name": "a"}, {"name": "b"}],
            [{"name": "b"}],
            [{"name": "b"}],
            id="an applied item that is not wanted goes",
        ),
        pytest.param(
            [{"port": 514, "protocol": "TCP"}, {"port": 514, "protocol": "UDP"}],
            [],
            [{"port": 514, "protocol": "TCP"}, {"port": 514, "protocol": "UDP"}],
            [{"port": 514, "protocol": "UDP"}, {"port": 514, "protocol": "UDP"}],
            id="one port number for two protocols collapses (371)",
        ),
        pytest.param(
            [{"containerPort": 1, "name": "x"}],
            [],
            [{"containerPort": 2, "name": "x"}],
            [{"containerPort": 1, "name": "x"}, {"containerPort": 2, "name": "x"}],
            id="containerPort comes before name",
        ),
        pytest.param(
            [{"name": "a"}], [], [{"key": "b"}], [{"key": "b"}], id="no common key: atomic"
        ),
        pytest.param(
            [{"name": "a", "v": 1}], [{"name": "a", "v": 1}], "x", [],
            id="a keyed list that is not wanted loses what was applied",
        ),
        pytest.param(
            [{"port": True}], [], [{"port": "true", "v": 1}], [{"port": "true", "v": 1}],
            id="keys are compared as text",
        ),
        pytest.param(
            [{"name": None, "v": 1}], [], [{"name": "<nil>", "v": 2}], [{"name": "<nil>", "v": 2}],
            id="a null key prints as nil",
        ),
    ],
)  # fmt: skip
def test_merge(observed: Any, applied: Any, desired: Any, expected: Any) -> None:
    """Each rule of the merge has a row."""
    assert same(merge(observed, applied, desired), expected)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        pytest.param(1, 1.0, False, id="integer and float"),
        pytest.param(1, True, False, id="integer and boolean"),
        pytest.param({"a": None}, {}, False, id="null and absent"),
        pytest.param([], {}, False, id="empty list and empty object"),
        pytest.param({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, True, id="deep"),
        pytest.param({"a": [1]}, {"a": [1, 2]}, False, id="a longer list"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, True, id="order of keys"),
    ],
)
def test_same_is_gos_deep_equal(left: Any, right: Any, *, equal: bool) -> None:
    """Types count, order of keys does not."""
    assert same(left, right) is equal


def observed_object() -> dict[str, Any]:
    """A ConfigMap as the API server holds it."""
    applied = {"metadata": {"name": "x", "labels": {"ours": "1"}}, "data": {"old": "1"}}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "x",
            "uid": "u",
            "resourceVersion": "7",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"ours": "1", "theirs": "2"},
            "annotations": {LAST_APPLIED: canonical_json(applied), "note": "kept"},
            "managedFields": [{"manager": "m"}],
        },
        "data": {"old": "1", "foreign": "2"},
        "status": {"phase": "Bound"},
    }


def test_an_update_moves_neither_system_metadata_nor_status() -> None:
    """Whatever is wanted there is put back to what is observed."""
    desired = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "x",
            "uid": "other",
            "generation": 5,
            "resourceVersion": "1",
            "labels": {"new": "3"},
        },
        "data": {"new": "3"},
        "status": {"phase": "Lost"},
    }
    new = update_of(observed_object(), desired)
    assert new["data"] == {"new": "3", "foreign": "2"}
    assert new["status"] == {"phase": "Bound"}
    assert new["metadata"]["uid"] == "u"
    assert new["metadata"]["resourceVersion"] == "7"
    assert "generation" not in new["metadata"]
    assert new["metadata"]["labels"] == {"theirs": "2", "new": "3"}
    assert new["metadata"]["annotations"]["note"] == "kept"
    assert orjson.loads(new["metadata"]["annotations"][LAST_APPLIED]) == desired


def test_an_echoed_annotation_is_taken_out_of_what_is_remembered() -> None:
    """A hook that returns the observed object would otherwise nest it without end."""
    observed = observed_object()
    new = update_of(observed, observed)
    remembered = last_applied(new)
    assert LAST_APPLIED not in remembered["metadata"]["annotations"]


@pytest.mark.parametrize("text", ["", "{", "[1]", None], ids=["empty", "broken", "list", "absent"])
def test_an_unreadable_annotation_counts_as_nothing_applied(text: str | None) -> None:
    """Nothing is removed then."""
    observed = observed_object()
    observed["metadata"]["annotations"][LAST_APPLIED] = text
    assert last_applied(observed) == {}
    assert update_of(observed, {"data": {}})["data"] == {"old": "1", "foreign": "2"}


def test_json_is_written_with_gos_escapes() -> None:
    """Go writes three characters of markup as six each."""
    assert canonical_json({"b": "<a&b>", "a": "\u2028"}) == (
        r'{"a":"\u2028","b":"\u003ca\u0026b\u003e"}'
    )
    assert orjson.loads(canonical_json({"x": "<&>\u2028\u2029"})) == {"x": "<&>\u2028\u2029"}


@given(first=TYPED, foreign=TYPED, desired=TYPED)
def test_an_update_is_a_fixed_point(
    first: dict[str, Any], foreign: dict[str, Any], desired: dict[str, Any]
) -> None:
    """What was just written needs no second write, whatever was there before."""
    observed = update_of(foreign, first)
    once = update_of(observed, desired)
    assert same(update_of(once, desired), once)
    for key, value in desired.items():
        if key == "env":
            assert all(item["name"] in {i["name"] for i in once[key]} for item in value)
        elif key == "args":
            assert once[key] == value
        else:
            assert value.items() <= once[key].items()


def test_a_list_that_turns_into_a_scalar_needs_two_updates() -> None:
    """The first one only clears it: so a change of type is no fixed point."""
    once = update_of({"spec": [1]}, {"spec": "x"})
    assert once["spec"] is None
    assert update_of(once, {"spec": "x"})["spec"] == "x"


@given(observed=JSON, applied=JSON, desired=JSON)
def test_merging_changes_none_of_its_arguments(observed: Any, applied: Any, desired: Any) -> None:
    """Caches hand out shared objects."""
    before = copy.deepcopy([observed, applied, desired])
    merge(observed, applied, desired)
    assert same([observed, applied, desired], before)


@given(observed=OBJECTS, desired=OBJECTS)
def test_an_update_changes_none_of_its_arguments(
    observed: dict[str, Any], desired: dict[str, Any]
) -> None:
    """The same for the whole update."""
    before = copy.deepcopy([observed, desired])
    update_of(observed, desired)
    assert same([observed, desired], before)


@given(value=JSON)
def test_what_is_observed_and_wanted_stays(value: Any) -> None:
    """Merging a value with itself gives it back, whatever was applied; equal keys aside."""
    merged = merge(value, value, value)
    assert same(merge(merged, merged, merged), merged)
