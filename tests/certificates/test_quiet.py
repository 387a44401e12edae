"""A kept plan can never be told from a fresh one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from app.certificates import quiet
from app.certificates.plan import CertificateRequest, plan
from app.certificates.quiet import quiet_plan
from app.schema.tls import CertConfig
from tests.certificates.scenario import INDEXER, World, edited, new_world

CALM = new_world()


@pytest.mark.parametrize(
    "order",
    list(permutations((-1, 0, 1), 3)),
    ids=lambda order: "then ".join(f"{one:+d}" for one in order),
)
def test_around_a_due_moment_it_is_the_fresh_one(order: tuple[int, ...]) -> None:
    """Whatever the clock does around the renewal time, a second before and after included."""
    world = new_world(seed=7)
    due = world.plan().next_due
    assert due is not None
    quiet_plan(world.request())
    for seconds in order:
        request = world.at(due + timedelta(seconds=seconds)).request()
        assert quiet_plan(request) == plan(request)


@pytest.mark.parametrize("days", [-400, -1, 0, 1, 200, 334, 335, 336, 365, 366, 700, 740, 1000])
def test_at_any_time_it_is_the_fresh_one(days: int) -> None:
    """A clock that jumps far, also back, finds the answer of its own time."""
    quiet_plan(CALM.request())
    request = CALM.later(days=days).request()
    assert quiet_plan(request) == plan(request)
    assert quiet_plan(CALM.request()) == plan(CALM.request())


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"config": CertConfig(validity_days=90)}, id="spec"),
        pytest.param({"config": None}, id="invalid spec"),
        pytest.param({"renew_request": "now"}, id="renewal asked for"),
        pytest.param({"ca": None}, id="CA not observed"),
        pytest.param({"leaves": {}}, id="leaves not observed"),
        pytest.param({"trace": "a workload"}, id="trace"),
    ],
)
def test_another_question_has_its_own_answer(changed: dict[str, Any]) -> None:
    """Everything that a plan rests on counts."""
    quiet_plan(CALM.request())
    request = replace(CALM, **changed).request()
    assert quiet_plan(request) == plan(request)


def test_data_edited_by_hand_is_seen() -> None:
    """The digest is of the data that is observed, not of the annotation beside it."""
    quiet_plan(CALM.request())
    damaged = CALM.with_leaf(edited(CALM.leaves[INDEXER], tls_key=b"rubbish"))
    assert quiet_plan(damaged.request()) == plan(damaged.request())
    assert quiet_plan(damaged.request()).reissues


def test_a_quiet_question_is_answered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two due moments nothing is judged again."""
    world = new_world(seed=11)
    quiet_plan(world.request())

    def judged_again(request: CertificateRequest) -> None:
        raise AssertionError(f"judged again at {request.now}")

    monkeypatch.setattr(quiet, "plan", judged_again)
    assert quiet_plan(world.later(hours=1).request()) == _fresh(world.later(hours=1))


def _fresh(world: World) -> object:
    return plan(world.request())
