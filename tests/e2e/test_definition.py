"""The CRD on a real API server: its size, its rules in CEL and the bounds of every field."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest
import yaml

from app import names
from app.schema.rules import ROOT_RULES, RULES
from app.simulation.api_calls import ApiError
from app.simulation.remote.connection import Connection
from tests.e2e.cluster import MERGE_PATCH, Namespace
from tests.e2e.conftest import Namespaces
from tests.e2e.stack.content import CRD
from tests.schema.bound_cases import BOUNDS, spec_with
from tests.schema.rule_cases import CASES, ROOT, Case, wazuh_cluster

pytestmark = pytest.mark.timeout(120)

DRY_RUN: Final = {"dryRun": "All"}
INVALID: Final = 422
#: The API server refuses an object whose annotations have more bytes.
ANNOTATIONS_MAX: Final = 262_144
_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_DEFINITION: Final = (
    f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{names.PLURAL}.{names.GROUP}"
)
#: A chosen name of the index cannot come later, whatever else a case is about.
_CREATE_ONLY: Final = frozenset({"a cluster name may be chosen at creation"})

_CREATED: Final = tuple(case for case in CASES if case.before is None)
_UPDATED: Final = tuple(
    case._replace(before={})
    for case in _CREATED
    if case.name == "wz" and case.id not in _CREATE_ONLY
)
_TRANSITIONS: Final = tuple(case for case in CASES if case.before is not None)


@pytest.fixture(scope="module")
def field(namespaces: Namespaces) -> Namespace:
    """A namespace in which nothing is created, but by dry run."""
    return namespaces()


@pytest.fixture(scope="module")
def smallest(namespaces: Namespaces) -> Namespace:
    """A namespace with the smallest WazuhCluster, which is never changed but by dry run."""
    namespace = namespaces()
    namespace.create(wazuh_cluster({}))
    return namespace


def test_the_definition_is_established_and_not_violating(connection: Connection) -> None:
    """The API server found no fault in the schema: every condition of it is good."""
    status = connection.call("GET", _DEFINITION).body["status"]
    assert {item["type"]: item["status"] for item in status["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }


def test_the_definition_can_be_applied_by_the_client(connection: Connection) -> None:
    """`kubectl apply` keeps the whole of it in an annotation, and the server takes that."""
    definition = yaml.safe_load(CRD.read_text(encoding="utf-8"))
    applied = orjson.dumps(definition).decode() + "\n"
    assert len(_APPLIED) + len(applied) < ANNOTATIONS_MAX
    change = {"metadata": {"annotations": {_APPLIED: applied}}, "spec": definition["spec"]}
    reply = connection.call("PATCH", _DEFINITION, change, query=DRY_RUN, content_type=MERGE_PATCH)
    assert reply.body["metadata"]["annotations"][_APPLIED] == applied
    assert reply.warnings == ()


@pytest.mark.parametrize("case", _CREATED, ids=lambda case: case.id)
def test_a_rule_judges_a_creation(case: Case, field: Namespace) -> None:
    """What the table allows is created, what it refuses is refused by its rule's own words."""
    _judge(case, lambda: field.create(wazuh_cluster(case.after, case.name), **DRY_RUN))


@pytest.mark.parametrize("case", _UPDATED, ids=lambda case: case.id)
def test_a_rule_judges_an_update(case: Case, smallest: Namespace) -> None:
    """The same for an object that exists, whose parents of the field come with the edit."""
    _judge(case, lambda: _updated(smallest, "wz", case.after))


@pytest.mark.parametrize("case", _TRANSITIONS, ids=lambda case: case.id)
def test_a_rule_judges_a_transition(case: Case, namespaces: Namespaces) -> None:
    """What may not change is held whether its parent is emptied, set to null or removed."""
    assert case.before is not None
    namespace = namespaces()
    namespace.create(wazuh_cluster(case.before, case.name))
    try:
        _judge(case, lambda: _updated(namespace, case.name, case.after))
    finally:
        namespace.delete(names.KIND, case.name)


@pytest.mark.parametrize("number", range(len(BOUNDS)), ids=lambda n: f"{n}-{BOUNDS[n].path}")
def test_a_bound_holds(number: int, field: Namespace) -> None:
    """Each value at the edge is taken, and each value beyond it is refused at its path."""
    bound = BOUNDS[number]
    for value in (*bound.allowed, None):
        field.create(wazuh_cluster(spec_with(bound.path, value)), **DRY_RUN)
    said = {str(value): _refusal(field, spec_with(bound.path, value)) for value in bound.refused}
    assert {value for value, text in said.items() if f"spec.{bound.path}" not in text} == set()


def test_a_null_in_a_map_is_dropped(field: Namespace) -> None:
    """So the hook never sees it, and takes it for absent where it comes another way."""
    reply = field.create(wazuh_cluster({"indexer": {"nodeSelector": {"a": None}}}), **DRY_RUN)
    assert reply.body["spec"]["indexer"] == {"nodeSelector": {}}


def test_a_misspelt_field_is_refused(field: Namespace) -> None:
    """Under strict validation, kubectl's default, a field that we don't know is an error."""
    spec = {"indexer": {"replica": 3}}
    with pytest.raises(ApiError, match=r'unknown field "spec.indexer.replica"') as refused:
        field.create(wazuh_cluster(spec), fieldValidation="Strict", **DRY_RUN)
    assert refused.value.code == 400


def _refusal(namespace: Namespace, spec: dict[str, Any]) -> str:
    """What the server says against a spec; nothing if it takes it."""
    try:
        namespace.create(wazuh_cluster(spec), **DRY_RUN)
    except ApiError as error:
        return str(error) if error.code in (400, INVALID) else f"{error.code}"
    return ""


def _updated(namespace: Namespace, name: str, spec: dict[str, Any]) -> None:
    """Replace by dry run, whatever the status does meanwhile."""
    manifest = wazuh_cluster(spec, name)
    while True:
        stored = namespace.get(names.KIND, name)
        try:
            namespace.replace({**stored, "spec": manifest["spec"]}, **DRY_RUN)
        except ApiError as error:
            if error.code == 409:
                continue
            raise
        return


def _judge(case: Case, call: Any) -> None:
    if case.refused is None:
        call()
        return
    with pytest.raises(ApiError) as refused:
        call()
    text = str(refused.value)
    assert refused.value.code == INVALID, text
    if case.refused != ROOT:
        assert f"{case.refused.replace('[]', '[0]')}: " in text or (
            f"{case.refused.replace('[]', '[1]')}: " in text
        ), text
    assert _says_a_rule(case.refused, text), text


def _says_a_rule(path: str, text: str) -> bool:
    """Whether the message is one of the rules at ``path``, or of a pattern there."""
    rules = ROOT_RULES if path == ROOT else [rule for rule in RULES if rule.path == path]
    return any(rule.message in text for rule in rules) or "should match" in text
