"""Disruption budgets that would block every drain."""

from __future__ import annotations

from typing import Any

import pytest

from app.faults import Effect
from tests.checks.specs import faults, nested, texts


def tier(path: str, replicas: int, **budget: Any) -> dict[str, Any]:
    """Raw spec of a tier with a budget."""
    return nested(path, {"replicas": replicas, "podDisruptionBudget": budget})


@pytest.mark.parametrize(
    ("path", "replicas", "min_available"),
    [("indexer", 3, 3), ("indexer", 1, 1), ("manager.workers", 2, 5)],
)
def test_as_many_as_there_are_may_not_all_be_needed(
    path: str, replicas: int, min_available: int
) -> None:
    """The message says how many may be."""
    assert texts(tier(path, replicas, minAvailable=min_available), Effect.FROZEN) == [
        (
            f"spec.{path}.podDisruptionBudget.minAvailable: {min_available} of {replicas} pods "
            f"would block every drain; allowed: 0 to {replicas - 1}"
        )
    ]


def test_the_dashboards_budget_is_checked_too() -> None:
    """One dashboard with minAvailable 1 could never move."""
    (text,) = texts(tier("dashboard", 1, minAvailable=1), Effect.FROZEN)
    assert text.startswith("spec.dashboard.podDisruptionBudget.minAvailable: 1 of 1")


@pytest.mark.parametrize("path", ["indexer", "manager.workers", "dashboard"])
def test_no_pod_may_be_away_is_refused(path: str) -> None:
    """The same by the other field: maxUnavailable 0."""
    assert texts(tier(path, 1, maxUnavailable=0), Effect.FROZEN) == [
        (
            f"spec.{path}.podDisruptionBudget.maxUnavailable: 0 would block every drain; "
            "allowed: 1 or more"
        )
    ]


@pytest.mark.parametrize(
    "raw",
    [
        tier("indexer", 3, minAvailable=2),
        tier("indexer", 3, maxUnavailable=1),
        tier("indexer", 3, maxUnavailable=7),
        tier("indexer", 3, enabled=False, minAvailable=3),
        tier("manager.workers", 0, minAvailable=1),
        tier("manager.workers", 1, minAvailable=0),
        tier("dashboard", 1, enabled=True, maxUnavailable=1),
        nested(
            "dashboard",
            {"enabled": False, "replicas": 1, "podDisruptionBudget": {"minAvailable": 1}},
        ),
    ],
    ids=str,
)
def test_a_budget_that_lets_a_pod_go_or_does_not_exist_is_accepted(raw: dict[str, Any]) -> None:
    """Disabled budgets and tiers without pods block nothing."""
    assert faults(raw) == ()
