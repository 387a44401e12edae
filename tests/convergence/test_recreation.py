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
    annotate,
    condition,
    identity,
    rested,
    secret_data,
    settle,
    told,
    wazuh_cluster,
)

PASSWORDS: Final = (NAMES.indexer_credentials, NAMES.dashboard_credentials)
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


def test_a_cluster_on_old_claims_is_held_until_its_passwords_are_restored(engine: Engine) -> None:
    """The index on the volumes knows the old ones; the message says both ways out."""
    backups = [people.saved(engine, name) for name in PASSWORDS]
    before, old = identity(engine), claims(engine)
    deleted(engine)
    engine.apply(wazuh_cluster())
    engine.run_for(300)
    assert told(engine, "Degraded") == ("True", "IdentitySecretMissing")
    assert "give up the index with all its data" in condition(engine, "Degraded")["message"]
    assert not identity(engine).keys() & set(PASSWORDS)
    assert NAMES.indexer_security not in secret_data(engine)
    assert engine.objects("Pod") == []
    for backup in backups:
        people.restore(engine, backup)
    settle(engine)
    after = identity(engine)
    assert {name: after[name] for name in PASSWORDS} == {name: before[name] for name in PASSWORDS}
    assert all(after[name] != before[name] for name in after.keys() - set(PASSWORDS))
    assert claims(engine) == old
    assert told(engine, "Degraded") == ("False", "AsExpected")
    assert [one["metadata"]["name"] for one in engine.objects("StatefulSet")] != []


def test_a_cluster_on_old_claims_goes_on_when_they_are_given_up(engine: Engine) -> None:
    """By the command of the message: the claims of the indexers go, those of managers stay."""
    before, old = identity(engine), claims(engine)
    deleted(engine)
    engine.apply(wazuh_cluster())
    engine.run_for(120)
    people.delete_claims(engine)
    settle(engine)
    after = identity(engine)
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in after)
    kept = {name for name, uid in claims(engine).items() if old[name] == uid}
    assert kept == {name for name in old if "manager" in name}
    assert shape(engine) == shape(rested())


def test_an_order_does_not_make_passwords_for_old_claims(engine: Engine) -> None:
    """`recreate-secret` would lock everybody out of the old index."""
    deleted(engine)
    engine.apply(wazuh_cluster())
    engine.run_for(60)
    for name in PASSWORDS:
        annotate(engine, "wazuh.com/recreate-secret", f"{name}/again")
        engine.run_for(60)
    assert not identity(engine).keys() & set(PASSWORDS)


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
    """It is in use, so its index may come back with it."""
    deleted(engine)
    for name in [one for one in claims(engine) if "indexer" in one]:
        engine.edit_object(
            CLAIM, name, lambda one: one["metadata"]["finalizers"].append("example.com/backup")
        )
        engine.delete(CLAIM, name)
    engine.apply(wazuh_cluster())
    engine.run_for(120)
    assert told(engine, "Degraded") == ("True", "IdentitySecretMissing")
    assert not identity(engine).keys() & set(PASSWORDS)


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
