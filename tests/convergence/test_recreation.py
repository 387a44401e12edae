"""A WazuhCluster that is deleted, and one that is created again under its name."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.simulation.engine import Engine
from app.simulation.registration import composite_controller
from tests.cluster_builder import NAMES
from tests.convergence import people
from tests.convergence.shapes import shape
from tests.convergence.witness import Witness
from tests.convergence.world import (
    EVERYTHING,
    identity,
    rested,
    secret_data,
    settle,
    wazuh_cluster,
)

CLAIM: Final = "PersistentVolumeClaim"


def claims(engine: Engine) -> dict[str, str]:
    """Uid of every claim by name."""
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in engine.objects(CLAIM)}


def left(engine: Engine) -> set[str]:
    """Kinds of which objects are stored."""
    return {kind for kind, _, _ in engine.api.all_keys()}


def deleted(engine: Engine) -> None:
    """Delete the WazuhCluster and wait until all is gone that goes."""
    engine.delete_parent()
    engine.run_for(120)
    assert engine.find_parent() is None


def test_a_deleted_cluster_leaves_nothing_but_claims(full: Engine) -> None:
    """Garbage collection by owner takes the rest, the CA and all Secrets too."""
    before = claims(full)
    deleted(full)
    assert left(full) == {CLAIM}
    assert claims(full) == before
    assert len(before) == 6


def test_claims_go_too_where_the_policy_says_so() -> None:
    """`deletionPolicy: Delete`: nothing is left, and a new cluster is a fresh one."""
    spec = {"deletionPolicy": "Delete"}
    engine = rested(spec)
    deleted(engine)
    assert left(engine) == set()
    engine.apply(wazuh_cluster(spec))
    settle(engine)
    assert shape(engine) == shape(rested(spec))


def test_a_cluster_on_old_claims_gets_new_identity_and_keeps_its_data(engine: Engine) -> None:
    """Every Secret is new, the volumes are the old ones, and nobody is asked for anything."""
    before, old = identity(engine), claims(engine)
    deleted(engine)
    engine.apply(wazuh_cluster())
    settle(engine)
    after = identity(engine)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in after)
    assert claims(engine) == old
    assert shape(engine) == shape(rested())


def test_without_claims_a_new_cluster_of_the_name_is_a_fresh_one(engine: Engine) -> None:
    """Nothing of the old cluster is left, and nothing of it is missed."""
    before = identity(engine)
    deleted(engine)
    for name in claims(engine):
        engine.delete(CLAIM, name)
    engine.run_for(5)
    witness = Witness(engine)
    engine.apply(wazuh_cluster())
    settle(engine)
    after = identity(engine)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in after)
    assert all(len(witness.versions(name)) == 1 for name in after)
    assert shape(engine) == shape(rested())


def test_a_claim_that_is_terminating_still_counts(engine: Engine) -> None:
    """It is in use, so its index may come back with it: nothing is taken for loaded."""
    deleted(engine)
    for name in [one for one in claims(engine) if "indexer" in one]:
        engine.edit_object(
            CLAIM, name, lambda one: one["metadata"]["finalizers"].append("example.com/backup")
        )
        engine.delete(CLAIM, name)
    engine.apply(wazuh_cluster())
    engine.run_for(120)
    assert "applied-digest" not in secret_data(engine)[NAMES.indexer_security]


@pytest.mark.parametrize(
    "spec", [pytest.param({}, id="default"), pytest.param(EVERYTHING, id="all")]
)
def test_the_finalize_hook_tears_down_in_order(spec: dict[str, Any]) -> None:
    """Dashboard and workers, then the master, then the indexers, then the rest (F43)."""
    engine = rested(spec, controller=composite_controller(finalize=True))
    engine.run_for(60)
    before, witness = claims(engine), Witness(engine)
    engine.delete_parent()
    engine.run_for(300)
    assert engine.find_parent() is None
    assert left(engine) == {CLAIM}
    assert claims(engine) == before
    first, second, *rest = witness.deletes()
    assert {first, second} == {"Deployment wz-dashboard", "StatefulSet wz-manager-worker"}
    assert rest == ["StatefulSet wz-manager-master", "StatefulSet wz-indexer"]
    assert "Deleting" in witness.phases


def test_a_deletion_waits_while_the_hook_is_away(engine: Engine) -> None:
    """With the finalizer the cluster stays until the hook answers again; nothing is lost (F44)."""
    guarded = rested(controller=composite_controller(finalize=True))
    guarded.run_for(60)
    hook = guarded.metacontroller.hook
    guarded.metacontroller.hook = people.Down(hook)
    running = {one["metadata"]["uid"] for one in guarded.objects("Pod")}
    guarded.delete_parent()
    guarded.run_for(300)
    assert guarded.find_parent() is not None
    assert {one["metadata"]["uid"] for one in guarded.objects("Pod")} == running
    guarded.metacontroller.hook = hook
    guarded.run_for(1200)
    assert guarded.find_parent() is None
