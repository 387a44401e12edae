"""What was last sent for a child: from the annotation, else from who owns which fields."""

from __future__ import annotations

import copy
import json

import pytest

from app import kinds, names
from app.observed.last_applied import applied_template, last_applied
from app.result import Manifest
from tests.observed.forms import (
    FORMS,
    RECORDING,
    TIME,
    by_annotation,
    by_owned_fields,
    rendered,
    workload,
)
from tests.stored_objects import with_defaults


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
