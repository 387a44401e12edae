"""What is said of one tier: which pod its roll waits for, whether it scales."""

from __future__ import annotations

import pytest

from app.names import Role
from app.observed.request import Workload
from app.rollout.tier_state import Standing, TierState, away, rolling_pod


def _workload(**changes: object) -> Workload:
    """Three indexers at rest, with ``changes``."""
    found: dict[str, object] = {
        "role": Role.INDEXER,
        "name": "wz-indexer",
        "manifest": {},
        "is_stateful": True,
        "wanted": 3,
        "replicas": 3,
        "updated": 3,
        "ready": 3,
        "available": 3,
        "generation": 2,
        "observed_generation": 2,
        "current_revision": "a",
        "update_revision": "a",
    }
    return Workload(**{**found, **changes})  # type: ignore[arg-type]  # typed by the table


def _state(workload: Workload | None, **changes: object) -> TierState:
    found: dict[str, object] = {
        "role": Role.INDEXER,
        "standing": Standing.APPLIED,
        "workload": workload,
        "replicas": 3,
    }
    return TierState(**{**found, **changes})  # type: ignore[arg-type]  # typed by the table


ROLLS = {"update_revision": "b"}


@pytest.mark.parametrize(
    ("changes", "pod"),
    [
        pytest.param({}, "", id="at-rest"),
        pytest.param({"ready": 2}, "", id="a-pod-away-and-no-roll"),
        pytest.param({**ROLLS, "updated": 0}, "wz-indexer-2", id="begins"),
        pytest.param(
            {**ROLLS, "updated": 0, "ready": 2, "available": 2},
            "wz-indexer-2",
            id="begins-with-a-pod-away",
        ),
        pytest.param(
            {**ROLLS, "updated": 1, "ready": 2, "available": 2}, "wz-indexer-2", id="first-starts"
        ),
        pytest.param(
            {**ROLLS, "updated": 1, "available": 2}, "wz-indexer-2", id="first-not-available-yet"
        ),
        pytest.param({**ROLLS, "updated": 1}, "wz-indexer-1", id="first-is-through"),
        pytest.param(
            {**ROLLS, "updated": 3, "ready": 2, "available": 2}, "wz-indexer-0", id="last-starts"
        ),
        pytest.param({**ROLLS, "updated": 3}, "wz-indexer-0", id="last-is-through"),
        pytest.param({**ROLLS, "observed_generation": 1}, "", id="not-seen"),
        pytest.param({**ROLLS, "is_stateful": False, "updated": 0}, "", id="a-deployment"),
        pytest.param({**ROLLS, "wanted": 0, "updated": 0}, "wz-indexer-0", id="no-pods"),
    ],
)
def test_a_roll_waits_for_one_pod(changes: dict[str, object], pod: str) -> None:
    """The highest ordinal goes first, and the next one when it is ready and available."""
    assert rolling_pod(_workload(**changes)) == pod


@pytest.mark.parametrize(
    ("changes", "replicas", "scales"),
    [
        pytest.param({}, 3, False, id="at-rest"),
        pytest.param({}, 5, True, id="more-wanted"),
        pytest.param({}, 1, True, id="fewer-wanted"),
        pytest.param({"replicas": 4}, 3, True, id="pods-still-to-go"),
        pytest.param({"replicas": 2, "ready": 2}, 3, False, id="a-pod-lost"),
        pytest.param(
            {"is_stateful": False, "replicas": 4, "updated": 1}, 3, False, id="surge-of-a-roll"
        ),
        pytest.param(
            {"is_stateful": False, "replicas": 4, "updated": 4}, 3, True, id="deployment-shrinks"
        ),
    ],
)
def test_scaling_is_told_from_lost_pods_and_rolls(
    changes: dict[str, object],
    replicas: int,
    scales: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Another number is wanted than was sent, or pods are still to go."""
    assert _state(_workload(**changes), replicas=replicas).is_scaling is scales


def test_a_tier_that_is_not_there_does_not_scale() -> None:
    """It is created."""
    assert not _state(None).is_scaling


@pytest.mark.parametrize(
    ("state", "text"),
    [
        pytest.param(_state(None), "not observed yet", id="not-there"),
        pytest.param(
            _state(None, waits_for="waits for Secret x"), "waits for Secret x", id="waits"
        ),
        pytest.param(_state(_workload()), "", id="at-rest"),
        pytest.param(
            _state(_workload(observed_generation=1)),
            "its controller has not seen the change yet",
            id="not-seen",
        ),
        pytest.param(_state(_workload(ready=2)), "2 of 3 ready", id="away"),
        pytest.param(
            _state(_workload(update_revision="b", updated=2, ready=2)),
            "2 of 3 ready, waits for wz-indexer-1",
            id="rolls",
        ),
    ],
)
def test_what_is_away_is_said_in_words(state: TierState, text: str) -> None:
    """Numbers, and the pod by name where one is known."""
    assert away(state) == text
