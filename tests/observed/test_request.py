"""What a request says, whatever is malformed below its top level; what is refused as a whole."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app import kinds
from app.errors import RegistrationError, RequestError
from app.observed.request import as_count, as_list, as_map, as_text, as_time, read, time_text
from app.secret_data import SecretData
from tests.observed.requests import NAME, NAMESPACE, UID, named, parent, request, with_children

SECRET_MARKER = "Passw0rd.marker"


# --- refused as a whole ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "text"),
    [
        pytest.param(None, "no parent", id="null"),
        pytest.param([SECRET_MARKER], "no parent", id="a list"),
        pytest.param({}, "no parent", id="empty"),
        pytest.param({"children": {}}, "no parent", id="without parent"),
        pytest.param(request(parent=None), "no parent", id="parent null"),
        pytest.param(request(parent=SECRET_MARKER), "no parent", id="parent a text"),
        pytest.param(request(parent={}), "no name", id="parent without metadata"),
        pytest.param(request(parent=parent(metadata=[])), "no name", id="metadata a list"),
        pytest.param(
            request(parent=parent(metadata={"name": NAME, "namespace": NAMESPACE})),
            "no name",
            id="parent without uid",
        ),
        pytest.param(
            request(parent=parent(metadata={"name": 1, "namespace": NAMESPACE, "uid": UID})),
            "no name",
            id="name a number",
        ),
        pytest.param({"parent": parent()}, "no children", id="without children"),
        pytest.param(request(children=None), "no children", id="children null"),
        pytest.param(request(children=[]), "no children", id="children a list"),
        pytest.param(request(related=[]), "related", id="related a list"),
        pytest.param(request(related=SECRET_MARKER), "related", id="related a text"),
        pytest.param(with_children(Secret=[named("a")]), "group", id="a group is a list"),
        pytest.param(with_children(ConfigMap=SECRET_MARKER), "group", id="a group is a text"),
        pytest.param(request(related={"Secret.v1": [1]}), "group", id="a related group is a list"),
        pytest.param(with_children(Secret={"a": None}), "no name", id="a child is null"),
        pytest.param(with_children(Secret={"a": SECRET_MARKER}), "no name", id="a child is a text"),
        pytest.param(with_children(Secret={"a": {}}), "no name", id="a child without metadata"),
        pytest.param(
            with_children(ConfigMap={"a": named("")}), "no name", id="a child with an empty name"
        ),
    ],
)
def test_a_request_of_another_form_is_refused(body: object, text: str) -> None:
    """HTTP 400: nothing can be answered without deleting what is there. No echo of the input."""
    with pytest.raises(RequestError, match=text) as raised:
        read(body)
    assert SECRET_MARKER not in str(raised.value)


@pytest.mark.parametrize("group", ["Secret.v1", "StatefulSet.apps/v1"])
@pytest.mark.parametrize("is_null", [False, True], ids=["missing", "null"])
def test_a_registration_without_secrets_or_stateful_sets_is_refused(
    group: str, *, is_null: bool
) -> None:
    """HTTP 500 that names the group: identity would be generated in every sync."""
    body = request()
    if is_null:
        body["children"][group] = None
    else:
        del body["children"][group]
    with pytest.raises(RegistrationError, match=group):
        read(body)


# --- tolerated ------------------------------------------------------------------------------------
def test_the_first_request_of_a_cluster_is_read() -> None:
    """No status, no children, no related objects: nothing is there yet."""
    asked = read(request())
    assert (asked.name, asked.namespace, asked.uid, asked.generation) == (NAME, NAMESPACE, UID, 4)
    assert asked.created == datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
    assert not asked.is_deleting
    assert asked.annotations == {}
    assert asked.status == {}
    assert asked.spec == {"version": "4.14.1"}
    assert asked.observed.child_count == 0
    assert list(asked.observed.all_children()) == []
    assert asked.observed.claims == ()


@pytest.mark.parametrize("prefix", ["", f"{NAMESPACE}/", "anything/else/"])
def test_the_inner_keys_are_not_looked_at(prefix: str) -> None:
    """Hook v1 sends names, v2 ``namespace/name``: the object itself says what it is."""
    one = named("wz-ca", kind="Secret")
    asked = read(with_children(Secret={f"{prefix}wz-ca": one}))
    assert asked.observed.children["Secret.v1"] == {"wz-ca": one}
    assert asked.observed.child(kinds.SECRET, "wz-ca") == one


@pytest.mark.parametrize("namespace", [None, "", NAMESPACE])
def test_an_object_without_namespace_is_one_of_the_parent(namespace: str | None) -> None:
    """Metacontroller fills in the parent's namespace."""
    one = {"metadata": {"name": "wz-ca", "namespace": namespace}}
    assert read(with_children(Secret={"wz-ca": one})).observed.child_count == 1


def test_objects_of_another_namespace_do_not_count() -> None:
    """Neither a child nor a Secret of the same name elsewhere is one of this cluster."""
    foreign = {"metadata": {"name": "wz-ca", "namespace": "other"}, "data": {"a": "Yg=="}}
    body = with_children(Secret={"other/wz-ca": foreign})
    body["related"] = {"Secret.v1": {"other/wz-ca": foreign}}
    asked = read(body)
    assert asked.observed.secrets == {}
    assert asked.observed.user_secret("wz-ca") is None


@pytest.mark.parametrize("group", [{}, None])
def test_other_groups_may_be_empty_or_missing(group: Any) -> None:
    """A group that was not evaluated says that nothing of it was seen."""
    body = with_children(Deployment=group, ConfigMap=group)
    body["related"] = None if group is None else {"PersistentVolumeClaim.v1": group}
    observed = read(body).observed
    assert observed.workloads == {}
    assert observed.child(kinds.DEPLOYMENT, "wz-dashboard") is None
    assert observed.child_count == 0
    assert observed.claims == ()


def test_groups_and_fields_that_nobody_knows_are_kept() -> None:
    """A kind that the registration lists besides ours is no reason to refuse."""
    body = request(unknown=1, finalizing=False, controller={"spec": {}})
    body["children"]["Job.batch/v1"] = {"b": named("b"), "a": named("a")}
    names = [one["metadata"]["name"] for one in read(body).observed.all_children()]
    assert names == ["a", "b"]


def test_a_terminating_child_is_still_there() -> None:
    """Metacontroller sends it, and what it holds is still mounted."""
    leaving = named("wz-ca", data={"a": "Yg=="})
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T08:00:00Z"
    observed = read(with_children(Secret={"wz-ca": leaving})).observed
    assert observed.secrets["wz-ca"].value("a") == b"b"


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param({}, False, id="absent"),
        pytest.param({"deletionTimestamp": None}, False, id="null"),
        pytest.param({"deletionTimestamp": "2026-11-24T08:00:00Z"}, True, id="set"),
    ],
)
def test_a_parent_that_is_going_is_known_by_its_timestamp(
    metadata: dict[str, Any], *, expected: bool
) -> None:
    """Whatever the time is."""
    one = parent()
    one["metadata"].update(metadata)
    assert read(request(parent=one)).is_deleting is expected


def test_annotations_that_are_no_texts_are_left_out() -> None:
    """The API server lets none through; a request by hand might."""
    one = parent()
    one["metadata"]["annotations"] = {"a": "b", "c": 1, "d": None}
    assert read(request(parent=one)).annotations == {"a": "b"}
    one["metadata"]["annotations"] = ["a"]
    assert read(request(parent=one)).annotations == {}


@pytest.mark.parametrize("status", [None, [], "Running", 7, True])
def test_a_status_that_is_no_object_is_absent(status: Any) -> None:
    """As before the first status write."""
    assert read(request(parent=parent(status=status))).status == {}


@pytest.mark.parametrize("generation", [None, "4", 4.5, True, [4]])
def test_a_generation_that_is_no_number_is_zero(generation: Any) -> None:
    """Nothing observed is older than it."""
    one = parent()
    one["metadata"]["generation"] = generation
    assert read(request(parent=one)).generation == 0


# --- Secrets --------------------------------------------------------------------------------------
def test_a_secret_is_read_with_our_annotations_only() -> None:
    """What others annotate is not ours to send again; what is no text cannot be sent."""
    manifest = named("wz-ca", type="Opaque", data={"a": "Yg==", "b": 1}, immutable=True)
    manifest["metadata"]["annotations"] = {
        "wazuh.com/data-hash": "x",
        "wazuh.com/number": 1,
        "metacontroller.k8s.io/last-applied-configuration": "{}",
        "example.com/team": "blue",
    }
    assert read(with_children(Secret={"x": manifest})).observed.secrets == {
        "wz-ca": SecretData(
            name="wz-ca",
            data={"a": "Yg=="},
            annotations={"wazuh.com/data-hash": "x"},
            immutable=True,
        )
    }


@pytest.mark.parametrize("data", [None, [], "text"])
def test_a_secret_without_data_is_empty(data: Any) -> None:
    """The API server drops an empty map."""
    found = read(with_children(Secret={"x": named("wz-ca", data=data)})).observed.secrets["wz-ca"]
    assert found == SecretData(name="wz-ca")


def test_no_repr_shows_what_is_in_a_secret() -> None:
    """Neither of the request nor of its parts: a log may hold them."""
    body = with_children(Secret={"x": named("wz-ca", data={"a": SECRET_MARKER})})
    body["related"] = {"Secret.v1": {"x": named("mine", data={"a": SECRET_MARKER})}}
    body["parent"]["spec"] = {"note": SECRET_MARKER}
    body["parent"]["status"] = {"note": SECRET_MARKER}
    asked = read(body)
    assert SECRET_MARKER not in repr(asked)
    assert SECRET_MARKER not in repr(asked.observed.user_secret("mine"))


def test_claims_are_given_by_name_the_terminating_ones_too() -> None:
    """One that is going still holds an index."""
    leaving = named("data-wz-indexer-0")
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T08:00:00Z"
    group = {"b": named("data-wz-indexer-1"), "a": leaving}
    observed = read(request(related={"PersistentVolumeClaim.v1": group})).observed
    assert [one["metadata"]["name"] for one in observed.claims] == [
        "data-wz-indexer-0",
        "data-wz-indexer-1",
    ]


# --- values ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-11-24T08:00:00Z", "2026-11-24T08:00:00Z", id="as Kubernetes writes it"),
        pytest.param("2026-11-24T08:00:00.999Z", "2026-11-24T08:00:00Z", id="fractions are cut"),
        pytest.param("2026-11-24T10:00:00+02:00", "2026-11-24T08:00:00Z", id="with an offset"),
        pytest.param("2026-11-24T08:00:00", None, id="without a zone"),
        pytest.param("2026-11-24", None, id="a date"),
        pytest.param("yesterday", None, id="no time"),
        pytest.param("2026-02-30T08:00:00Z", None, id="no such day"),
        pytest.param("0001-01-01T00:00:00+23:59", None, id="before the calendar"),
        pytest.param("9999-12-31T23:59:59-23:59", None, id="after the calendar"),
        pytest.param("", None, id="empty"),
        pytest.param(1764000000, None, id="a number"),
        pytest.param(None, None, id="null"),
    ],
)
def test_times_are_read_in_whole_seconds_or_not_at_all(text: object, expected: str | None) -> None:
    """A person may have written one by hand, into a status or an annotation."""
    found = as_time(text)
    assert (None if found is None else time_text(found)) == expected


@pytest.mark.parametrize(
    ("value", "as_"),
    [
        pytest.param({"a": 1}, ({"a": 1}, [], None, 0), id="object"),
        pytest.param([1], ({}, [1], None, 0), id="list"),
        pytest.param("text", ({}, [], "text", 0), id="text"),
        pytest.param("", ({}, [], None, 0), id="empty text"),
        pytest.param(7, ({}, [], None, 7), id="number"),
        pytest.param(7.0, ({}, [], None, 0), id="fraction"),
        pytest.param(True, ({}, [], None, 0), id="boolean"),
        pytest.param(None, ({}, [], None, 0), id="null"),
    ],
)
def test_a_value_of_another_type_is_none(value: object, as_: tuple[Any, ...]) -> None:
    """Each reader gives its own nothing for what it does not expect."""
    assert (as_map(value), as_list(value), as_text(value), as_count(value)) == as_
