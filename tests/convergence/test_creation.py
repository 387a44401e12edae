"""From nothing to Running and quiet, however late each kind is seen."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, Final

import pytest

from app import names
from app.simulation.api_calls import CREATED
from app.simulation.engine import Engine
from app.simulation.informers import Lag, NaturalLag, UniformLag
from app.simulation.sync_record import Ending
from tests.cluster_builder import NAMES
from tests.convergence.shapes import shape
from tests.convergence.witness import Witness
from tests.convergence.world import (
    EVERYTHING,
    IDENTITY,
    condition,
    created,
    edit,
    empty,
    rested,
    settle,
    status,
    wazuh_cluster,
)

AT_ONCE: Final = UniformLag(0, 0)
#: Kinds of which a creation depends on what is seen.
STARVED: Final = (
    ("Secret", 45),
    ("ConfigMap", 45),
    ("StatefulSet", 2),
    ("StatefulSet", 45),
    ("Deployment", 45),
    ("WazuhCluster", 45),
)


def born(engine: Engine) -> list[set[str]]:
    """Kinds and names that each sync created, for the syncs that created something."""
    found = []
    for sync in engine.syncs:
        made = {
            f"{one.kind} {one.name}"
            for one in engine.writes_since(-1, "metacontroller")
            if one.verb == "create"
            and one.code == CREATED
            and sync.started < one.time <= sync.ended
        }
        if made:
            found.append(made)
    return found


class ShortParentLag(NaturalLag):
    """The parent is seen so late that a sync which follows another at once misses its status."""

    def seconds(self, kind: str, rng: random.Random) -> float:
        """Less than a sync takes, but not nothing."""
        return 0.005 if kind == names.KIND else super().seconds(kind, rng)


@pytest.mark.parametrize("start", [0.55, 0.7, 0.85, 0.95])
def test_two_states_of_the_status_do_not_follow_each_other(start: float) -> None:
    """Syncs on both sides of a full second give their conditions different times.

    Were each written status followed by a sync, one that had not seen it would put the times of
    the status before back, and so on without end.
    """
    engine = empty(lag=ShortParentLag(), seed=2)
    engine.run_for(start)
    engine.apply(wazuh_cluster())
    engine.run_for(90)
    assert engine.is_running()
    assert engine.violations == []
    assert len(engine.syncs) < 60


def test_a_fresh_cluster_takes_three_rounds() -> None:
    """Identity and plain objects, then what derives from identity, then the workloads."""
    engine = created(lag=AT_ONCE)
    settle(engine)
    first, second, third = born(engine)
    secrets = {f"Secret {one}" for one in IDENTITY if one != NAMES.authd_password}
    assert {one for one in first if one.startswith("Secret")} == secrets
    leaves = ("indexer", "manager-master", "manager-worker", "dashboard", "filebeat", "admin")
    assert second == {
        *(f"Secret {NAMES.certs(leaf)}" for leaf in leaves),
        f"Secret {NAMES.indexer_security}",
        f"Secret {NAMES.dashboard_wazuh}",
    }
    assert third == {
        "StatefulSet wz-indexer",
        "StatefulSet wz-manager-master",
        "StatefulSet wz-manager-worker",
        "Deployment wz-dashboard",
    }


@pytest.mark.parametrize(
    ("seed", "spec"),
    [
        pytest.param(11, {}, id="default-11"),
        pytest.param(12, {}, id="default-12"),
        pytest.param(13, {}, id="default-13"),
        pytest.param(14, EVERYTHING, id="all-14"),
        pytest.param(15, EVERYTHING, id="all-15"),
    ],
)
def test_every_order_of_events_ends_in_the_same_cluster(seed: int, spec: dict[str, Any]) -> None:
    """Random material aside, the lag of informers leaves no trace in what is stored."""
    engine = created(spec, seed=seed)
    witness = Witness(engine)
    settle(engine)
    assert shape(engine) == shape(rested(spec))
    assert witness.phases == ["Pending", "Creating", "Running"]
    assert_untouched_identity(witness)
    assert_each_pod_started_at_once(engine, witness)


def assert_untouched_identity(witness: Witness) -> None:
    """No identity Secret was ever written twice, and nothing was deleted."""
    assert {name: len(witness.versions(name)) for name in IDENTITY if witness.versions(name)} == {
        name: 1 for name in IDENTITY if witness.versions(name)
    }
    assert witness.deletes() == []


def assert_each_pod_started_at_once(engine: Engine, witness: Witness) -> None:
    """No pod waited for a Secret or ConfigMap; none was made twice."""
    assert witness.stuck == set()
    assert witness.stops == []
    made = Counter(pod for _, _, pod in witness.starts)
    assert set(made.values()) == {1}
    assert all(engine.loaded(pod) is not None for pod in made)


@pytest.mark.parametrize(
    "lag",
    [
        pytest.param(AT_ONCE, id="none"),
        pytest.param(UniformLag(0, 0.4), id="slow"),
    ],
)
def test_any_lag_is_survived(lag: Lag) -> None:
    """All at once, and core kinds as late as the others."""
    engine = created(lag=lag, seed=3)
    witness = Witness(engine)
    settle(engine)
    assert shape(engine) == shape(rested())
    assert_untouched_identity(witness)


@pytest.mark.parametrize(("kind", "seconds"), STARVED)
def test_a_kind_that_is_seen_late_delays_and_changes_nothing(kind: str, seconds: int) -> None:
    """An informer that stands still from the start and then catches up."""
    engine = created(lag=NaturalLag(), seed=7)
    witness = Witness(engine)
    engine.hold(kind)
    engine.at(engine.elapsed + seconds, lambda: engine.release(kind))
    settle(engine)
    assert shape(engine) == shape(rested())
    assert_untouched_identity(witness)
    assert_each_pod_started_at_once(engine, witness)


@pytest.mark.parametrize("name", [NAMES.ca, NAMES.indexer_credentials, NAMES.api_credentials])
def test_one_secret_that_is_seen_late_is_generated_once(name: str) -> None:
    """The informer shows some identity Secrets a moment before the others."""
    engine = created(seed=8)
    witness = Witness(engine)
    engine.hold("Secret", name)
    engine.at(40, lambda: engine.release("Secret", name))
    settle(engine)
    assert_untouched_identity(witness)
    assert_each_pod_started_at_once(engine, witness)
    assert shape(engine) == shape(rested())


@pytest.mark.parametrize(
    "spec", [pytest.param({}, id="default"), pytest.param(EVERYTHING, id="all")]
)
def test_a_quiet_cluster_is_not_written_to(spec: dict[str, Any]) -> None:
    """Ten virtual minutes: a sync every 30 seconds, no write, the status included."""
    engine = rested(spec, all_resyncs=True)
    settle(engine)
    witness, before = Witness(engine), len(engine.syncs)
    engine.run_for(600)
    assert witness.writes() == []
    later = engine.syncs[before:]
    assert [one.ending for one in later] == [Ending.SUCCESS] * 20
    assert {one.resync_after for one in later} == {43_200.0}


def test_a_quiet_cluster_says_that_all_is_well() -> None:
    """Phase, version and every condition."""
    engine = rested()
    found = status(engine)
    assert (found["phase"], found["version"]) == ("Running", "4.14.1")
    assert {one["type"]: (one["status"], one["reason"]) for one in found["conditions"]} == {
        "Ready": ("True", "AllTiersReady"),
        "Available": ("True", "MinimumAvailable"),
        "Progressing": ("False", "Idle"),
        "Degraded": ("False", "AsExpected"),
        "CertificatesReady": ("True", "Valid"),
        "SpecValid": ("True", "Valid"),
    }
    assert condition(engine, "Ready")["observedGeneration"] == 1
    assert "rollout" not in found


def test_skipped_resyncs_make_no_difference() -> None:
    """The engine leaves out periodic resyncs that can only find what the last one found."""
    worlds = [rested(seed=4, all_resyncs=every) for every in (False, True)]
    for engine in worlds:
        edit(engine, {"manager": {"workers": {"replicas": 3}}})
        settle(engine)
        engine.run_for(1800)
    assert shape(worlds[0]) == shape(worlds[1])
    assert status(worlds[0])["conditions"] == status(worlds[1])["conditions"]
    assert len(worlds[0].syncs) < len(worlds[1].syncs)


def test_ordered_creation_starts_a_tier_when_the_one_before_is_settled() -> None:
    """The optional waiting: no pod of a tier exists before the tier before it is ready."""
    engine = created({"rollout": {"creation": "Ordered"}}, seed=5)
    witness = Witness(engine)
    settle(engine)
    order = list(dict.fromkeys(role for _, role, _ in witness.starts))
    assert order == ["indexer", "manager-master", "manager-worker", "dashboard"]
    first = {role: time for time, role, _ in reversed(witness.starts)}
    # An indexer takes 25 seconds to get ready, and 30 more to count as available.
    assert first["manager-master"] - first["indexer"] > 55
    assert first["manager-worker"] - first["manager-master"] > 40
    assert first["dashboard"] - first["manager-worker"] > 35
    assert_each_pod_started_at_once(engine, witness)
    assert_untouched_identity(witness)
