"""What was last sent for a child: from the annotation, else from who owns which fields."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from app import components, kinds, names
from app.observed.last_applied import applied_template, last_applied
from app.result import Manifest
from app.secret_data import SecretData
from tests import clusters
from tests.stored_objects import managed_fields, with_defaults
from tests.user_overrides import OVERRIDES

TIME: Final = "2026-11-24T08:00:00Z"
OWNER: Final = {
    "apiVersion": names.API_VERSION,
    "kind": names.KIND,
    "name": clusters.NAME,
    "uid": clusters.UID,
    "controller": True,
    "blockOwnerDeletion": True,
}
SECRETS: Final = (
    (names.Role.PKI, SecretData(name="wz-ca", data={"ca.crt": "YQ==", "ca.key": "Yg=="})),
)
RECORDING: Final = Path(__file__).parent.parent / "recordings" / "5-steady-state.json"


@cache
def _rendered(*, with_overrides: bool) -> tuple[Manifest, ...]:
    raw = {"manager": {"logRotation": {"enabled": True}}}
    cluster = clusters.cluster(OVERRIDES if with_overrides else raw, secrets=SECRETS)
    return tuple(components.render(cluster))


def rendered(*, with_overrides: bool = False) -> list[Manifest]:
    """Every child of a cluster, with the namespace that Metacontroller fills in."""
    found = copy.deepcopy(list(_rendered(with_overrides=with_overrides)))
    for child in found:
        child["metadata"].setdefault("namespace", clusters.NAMESPACE)
    return found


def sent(child: Manifest) -> Manifest:
    """``child`` as Metacontroller sends it: with its label."""
    made = json.loads(json.dumps(child))
    made["metadata"].setdefault("labels", {})[names.LABEL_CONTROLLER_UID] = clusters.UID
    return dict(made)


def by_annotation(child: Manifest) -> Manifest:
    """``child`` observed under dynamic-apply."""
    stored = with_defaults(sent(child))
    _add_system_metadata(stored)
    annotations = stored["metadata"].setdefault("annotations", {})
    annotations[names.LAST_APPLIED] = json.dumps(sent(child))
    stored["metadata"]["managedFields"] = managed_fields(stored, operation="Update", time=TIME)
    return stored


def by_owned_fields(child: Manifest, manager: str = "metacontroller") -> Manifest:
    """``child`` observed under server-side apply: only what was sent is owned."""
    applied = sent(child)
    applied["metadata"]["ownerReferences"] = [OWNER]
    stored = with_defaults(applied)
    _add_system_metadata(stored)
    [entry] = managed_fields(applied, operation="Apply", time=TIME)
    stored["metadata"]["managedFields"] = [{**entry, "manager": manager}]
    return stored


def _add_system_metadata(stored: Manifest) -> None:
    stored["metadata"].update(
        uid="u-1",
        resourceVersion="7",
        creationTimestamp=TIME,
        generation=3,
        ownerReferences=[OWNER],
    )
    stored["status"] = {"replicas": 3, "observedGeneration": 3}


FORMS: Final[dict[str, Callable[[Manifest], Manifest]]] = {
    "annotation": by_annotation,
    "owned fields": by_owned_fields,
}


def workload(name: str, *, with_overrides: bool = False) -> Manifest:
    """A rendered StatefulSet or Deployment."""
    return next(
        child
        for child in rendered(with_overrides=with_overrides)
        if child["kind"] in {"StatefulSet", "Deployment"} and child["metadata"]["name"] == name
    )


# --- both forms say the same ----------------------------------------------------------------------
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("with_overrides", [False, True], ids=["defaults", "every knob"])
def test_what_was_sent_is_found_again_for_every_child(form: str, *, with_overrides: bool) -> None:
    """Without the label and annotations of Metacontroller, and without what the server added."""
    children = rendered(with_overrides=with_overrides)
    seen = {child["kind"] for child in children}
    optional = set() if with_overrides else {kinds.NETWORK_POLICY.name}
    assert seen | optional == {kind.name for kind in kinds.CHILD_KINDS}
    for child in children:
        assert last_applied(FORMS[form](child)) == child


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("with_overrides", [False, True], ids=["defaults", "every knob"])
@pytest.mark.parametrize("name", ["wz-indexer", "wz-manager-worker", "wz-dashboard"])
def test_the_template_that_was_sent_is_found_again(
    form: str, name: str, *, with_overrides: bool
) -> None:
    """The same under both ways of applying, though the stored one has defaults in it."""
    child = workload(name, with_overrides=with_overrides)
    observed = FORMS[form](child)
    assert observed["spec"]["template"] != child["spec"]["template"]
    assert applied_template(observed) == child["spec"]["template"]


def _inject(observed: Manifest) -> None:
    """What others add to a workload, and what they change in it."""
    pod = observed["spec"]["template"]["spec"]
    pod["containers"].append({"name": "sidecar", "image": "x:1"})
    pod["containers"][0]["env"].append({"name": "ADDED", "value": "1"})
    pod["volumes"].append({"name": "added", "emptyDir": {}})
    observed["spec"]["template"]["metadata"]["annotations"]["example.com/restarted"] = TIME
    observed["metadata"]["labels"]["example.com/team"] = "blue"
    observed["metadata"].setdefault("annotations", {})["example.com/team"] = "blue"


@pytest.mark.parametrize("form", FORMS)
def test_what_others_add_is_not_ours(form: str) -> None:
    """An injected sidecar, a restart by hand, labels of other tools: none was sent by us."""
    child = workload("wz-indexer")
    observed = FORMS[form](child)
    _inject(observed)
    assert last_applied(observed) == child
    assert applied_template(observed) == child["spec"]["template"]


@pytest.mark.parametrize("name", sorted(json.loads(RECORDING.read_text())["children"]))
def test_owned_fields_as_a_real_api_server_writes_them_are_understood(name: str) -> None:
    """Whoever owns every field of an object has it as a whole, its keyed lists included."""
    for child in json.loads(RECORDING.read_text(encoding="utf-8"))["children"][name].values():
        observed = copy.deepcopy(child)
        del observed["metadata"]["annotations"][names.LAST_APPLIED]
        for entry in observed["metadata"]["managedFields"]:
            entry["operation"] = "Apply"
        content = {key: value for key, value in child.items() if key not in {"metadata", "status"}}
        found = last_applied(observed)
        assert {**found, "metadata": None} == {**_owned_by_somebody(content), "metadata": None}


def _owned_by_somebody(content: Manifest) -> Manifest:
    """A Service's addresses are drawn by the server; empty metadata is a struct without fields."""
    if content["kind"] == "Service":
        drawn = {"clusterIPs", "ipFamilies", "ipFamilyPolicy"}
        drawn |= set() if content["spec"]["clusterIP"] == "None" else {"clusterIP"}
        kept = {key: value for key, value in content["spec"].items() if key not in drawn}
        return {**content, "spec": kept}
    if content["kind"] == "CronJob":
        job = content["spec"]["jobTemplate"]
        template = {"spec": job["spec"]["template"]["spec"]}
        made = {"spec": {**job["spec"], "template": template}}
        return {**content, "spec": {**content["spec"], "jobTemplate": made}}
    return content


# --- Secrets --------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_what_is_observed(form: str) -> None:
    """A key restored by hand must not be reverted, and a type never changes."""
    observed = FORMS[form](rendered()[0])
    observed["data"]["ca.key"] = "cmVzdG9yZWQ="
    observed["data"]["added"] = "YQ=="
    observed["type"] = "example.com/other"
    found = last_applied(observed)
    assert (found["kind"], found["data"], found["type"]) == (
        "Secret",
        observed["data"],
        "example.com/other",
    )


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_that_was_emptied_has_no_data(form: str) -> None:
    """The API server drops an empty map, so sending one would never come to rest."""
    observed = FORMS[form](rendered()[0])
    del observed["data"]
    assert "data" not in last_applied(observed)


# --- the annotation -------------------------------------------------------------------------------
def test_only_annotations_of_metacontroller_are_taken_out() -> None:
    """Ours, such as the number of initial cluster managers, were sent."""
    child = workload("wz-indexer")
    child["metadata"]["annotations"] = {
        names.INITIAL_CLUSTER_MANAGERS: "3",
        f"{names.METACONTROLLER_PREFIX}x": "y",
    }
    found = last_applied(by_annotation(child))
    assert found["metadata"]["annotations"] == {names.INITIAL_CLUSTER_MANAGERS: "3"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="no JSON"),
        pytest.param("[1]", id="a list"),
        pytest.param("null", id="null"),
        pytest.param("{}", id="an empty object"),
        pytest.param('{"kind":"StatefulSet","metadata":{"name":"wz-indexer"}}', id="no template"),
        pytest.param(
            '{"kind":"StatefulSet","metadata":{"name":"other"},"spec":{"template":{"a":1}}}',
            id="of another object",
        ),
        pytest.param(
            '{"kind":"Deployment","metadata":{"name":"wz-indexer"},"spec":{"template":{"a":1}}}',
            id="of another kind",
        ),
    ],
)
def test_an_annotation_that_cannot_be_ours_says_nothing(text: str) -> None:
    """Then what is observed counts: as it was stored, without status and system metadata."""
    child = workload("wz-indexer")
    observed = by_annotation(child)
    observed["metadata"]["annotations"][names.LAST_APPLIED] = text
    stored = with_defaults(child)
    assert last_applied(observed) == stored
    assert applied_template(observed) == stored["spec"]["template"]


def test_without_any_evidence_what_is_observed_counts() -> None:
    """A child that somebody else made and Metacontroller adopted."""
    child = workload("wz-dashboard")
    observed = by_annotation(child)
    del observed["metadata"]["annotations"][names.LAST_APPLIED]
    del observed["metadata"]["managedFields"]
    assert last_applied(observed) == with_defaults(child)


def test_the_annotation_outranks_owned_fields() -> None:
    """Whoever went back to dynamic-apply has fields of old applies left."""
    child = workload("wz-indexer")
    observed = by_annotation(child)
    old = workload("wz-indexer", with_overrides=True)
    observed["metadata"]["managedFields"] = by_owned_fields(old)["metadata"]["managedFields"]
    assert last_applied(observed) == child


def test_what_is_given_is_not_changed() -> None:
    """The request is read by others after us."""
    for form in FORMS.values():
        for child in rendered(with_overrides=True):
            observed = form(child)
            before = copy.deepcopy(observed)
            last_applied(observed)
            assert observed == before


# --- other managers under server-side apply -------------------------------------------------------
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
