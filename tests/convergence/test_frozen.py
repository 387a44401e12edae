"""A spec that is refused: everything stays as it was last applied, only certificates go on."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.simulation.engine import Engine
from tests.cluster_builder import NAMES
from tests.convergence.shapes import shape
from tests.convergence.test_certificates import BEHIND_INDEXERS, LEAVES, before, leaf_due
from tests.convergence.witness import Witness
from tests.convergence.world import (
    condition,
    created,
    edit,
    pods,
    rested,
    secret_data,
    settle,
    status,
    told,
)

HEAP: Final = {"indexer": {"javaOpts": "-Xmx1g"}}
NO_INDEXERS: Final = {"indexer": {"replicas": 0}}


@pytest.mark.parametrize(
    ("fault", "path"),
    [
        pytest.param(HEAP, "spec.indexer.javaOpts", id="heap"),
        pytest.param(NO_INDEXERS, "spec.indexer.replicas", id="F01"),
        pytest.param({"version": "latest"}, "spec.version", id="F16"),
        pytest.param(
            {"manager": {"master": {"extraConfig": "<a"}}},
            "spec.manager.master.extraConfig",
            id="F25",
        ),
    ],
)
def test_a_refused_spec_writes_nothing_until_it_is_mended(
    engine: Engine, witness: Witness, fault: dict[str, Any], path: str
) -> None:
    """Phase Failed, the field named; what else was changed waits and then takes effect."""
    before_it, running = shape(engine), pods(engine)
    edit(engine, {**fault, "dashboard": {"podLabels": {"a": "b"}}})
    engine.run_for(600)
    assert status(engine)["phase"] == "Failed"
    assert told(engine, "SpecValid") == ("False", "Invalid")
    assert told(engine, "Ready") == ("False", "ReconcileError")
    assert path in condition(engine, "SpecValid")["message"]
    assert witness.child_writes() == []
    assert (shape(engine), pods(engine)) == (before_it, running)
    [field] = fault
    edit(engine, {field: "4.14.1" if field == "version" else None})
    settle(engine)
    assert witness.stopped() == ["dashboard"]
    assert shape(engine) == shape(rested({"dashboard": {"podLabels": {"a": "b"}}}))


def test_a_spec_that_never_was_valid_creates_nothing() -> None:
    """Mended, it becomes a cluster like any other."""
    engine = created(HEAP)
    engine.run_for(300)
    assert status(engine)["phase"] == "Failed"
    assert engine.children() == []
    edit(engine, {"indexer": None})
    settle(engine)
    assert shape(engine) == shape(rested())


def test_what_is_deleted_meanwhile_is_neither_made_again_nor_missed_for_ever(
    engine: Engine,
) -> None:
    """Frozen means as last applied: what is not observed is not created."""
    everything = shape(engine)
    edit(engine, HEAP)
    engine.run_for(30)
    engine.delete("ConfigMap", "wz-indexer-config")
    engine.delete("Service", "wz-dashboard")
    engine.run_for(300)
    assert everything.keys() - shape(engine).keys() == {
        "ConfigMap wz-indexer-config",
        "Service wz-dashboard",
    }
    edit(engine, {"indexer": None})
    settle(engine)
    assert shape(engine) == everything


def test_a_refused_spec_in_the_middle_of_a_roll_lets_the_tier_finish(engine: Engine) -> None:
    """What was sent goes on; the tiers behind it keep what they have until the spec is mended."""
    witness = Witness(engine)
    edit(engine, {"version": "4.14.2"})
    assert engine.run_until(lambda: len(witness.stops) == 2, timeout=300)
    edit(engine, HEAP)
    engine.run_for(900)
    assert witness.stopped() == ["indexer"] * 3
    assert status(engine)["version"] == "4.14.1"
    edit(engine, {"indexer": None})
    settle(engine)
    assert status(engine)["version"] == "4.14.2"
    assert witness.rolls() == ["indexer", "manager-master", "manager-worker", "dashboard"]


def test_certificates_go_on_while_a_spec_is_refused() -> None:
    """Leaves that come due are renewed as they are; tiers roll as last applied (C69)."""
    due = leaf_due(rested())
    engine = before(due, {}, seconds=600)
    edit(engine, {**HEAP, "dashboard": {"podLabels": {"a": "b"}}})
    engine.run_for(60)
    witness, secrets, running = Witness(engine), secret_data(engine), shape(engine)
    engine.run_for(1500)
    assert status(engine)["phase"] == "Failed"
    assert all(len(witness.certificates(name)) == 2 for name in LEAVES)
    assert {name for name, data in secret_data(engine).items() if data != secrets[name]} == set(
        LEAVES
    )
    assert witness.stopped() == BEHIND_INDEXERS
    assert all(stop.others_ready for stop in witness.stops)
    assert shape(engine) == running
    assert NAMES.ca not in {one.split()[-1] for one in witness.child_writes()}
    quiet = Witness(engine)
    engine.run_for(3600)
    assert quiet.writes() == []
    engine.check()
