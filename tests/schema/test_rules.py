"""Rules across fields: the twins in Python, case by case."""

from __future__ import annotations

from collections import Counter

import pytest

from app.faults import Effect
from app.schema.parse import parse_spec
from app.schema.rules import ROOT_RULES, RULES
from tests.schema.rule_cases import CASES, ROOT, Case, wazuh_cluster

_BY_ID = {case.id: case for case in CASES}


def _broken_paths(case: Case) -> set[str]:
    """Paths of the rules that ``case`` breaks; ``[0]`` counts as ``[]``."""
    spec = wazuh_cluster(case.after)["spec"]
    _, found = parse_spec(spec)
    paths = {fault.path.replace("[0]", "[]").replace("[1]", "[]") for fault in found}
    before = None if case.before is None else wazuh_cluster(case.before, case.name)
    after = wazuh_cluster(case.after, case.name)
    if not all(rule.holds(after, before) for rule in ROOT_RULES):
        paths.add(ROOT)
    return paths


def test_every_case_has_a_name_of_its_own() -> None:
    """A table with two rows of one id hides one of them."""
    assert [name for name, count in Counter(case.id for case in CASES).items() if count > 1] == []


@pytest.mark.parametrize("case_id", _BY_ID)
def test_a_case_is_refused_at_its_rule_and_nowhere_else(case_id: str) -> None:
    """What the API server allows raises no fault; what it refuses is found at the same path."""
    case = _BY_ID[case_id]
    assert _broken_paths(case) == (set() if case.refused is None else {case.refused})


@pytest.mark.parametrize("index", range(len(RULES)), ids=lambda index: RULES[index].path)
def test_every_rule_is_broken_by_some_case(index: int) -> None:
    """A rule that no case breaks would be untested on the API server as well."""
    rule = RULES[index]
    messages = {
        fault.message
        for case in CASES
        if case.refused == rule.path
        for fault in parse_spec(wazuh_cluster(case.after)["spec"])[1]
    }
    assert any(message.endswith(rule.message) for message in messages)


def test_a_rule_is_silent_about_a_field_that_is_wrong_by_itself() -> None:
    """One mistake, one message: no second one about a password that is missing for it."""
    _, found = parse_spec({"version": "4.14.1", "manager": {"authdPasswordSecretRef": "secret"}})
    assert [str(fault) for fault in found] == [
        "spec.manager.authdPasswordSecretRef: a string stands where an object belongs"
    ]


def test_days_that_do_not_fit_only_warn() -> None:
    """A cluster that went around the API server renews at a third of the lifetime instead."""
    spec, found = parse_spec({"version": "4.14.1", "tls": {"certConfig": {"validityDays": 20}}})
    assert spec is not None
    assert [(fault.path, fault.effect) for fault in found] == [
        ("spec.tls.certConfig", Effect.WARNS)
    ]
