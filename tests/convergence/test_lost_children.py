"""Every child deleted by hand: plain ones return, identity is held for, leaves are reissued."""

from __future__ import annotations

from typing import Final

import pytest

from app import names
from app.simulation.engine import Engine
from tests.cluster_builder import NAMES
from tests.convergence import people
from tests.convergence.shapes import shape
from tests.convergence.witness import Witness
from tests.convergence.world import (
    EVERYTHING,
    IDENTITY,
    child_keys,
    edit,
    identity,
    pods,
    rested,
    secret_data,
    settle,
    status,
    told,
)

MASTER, WORKERS, DASHBOARD = ["manager-master"], ["manager-worker"] * 2, ["dashboard"]
#: Pods that roll when a leaf Secret is made anew; indexers reload it while they run.
LEAVES: Final = {
    NAMES.certs("admin"): [],
    NAMES.certs("indexer"): [],
    NAMES.certs("manager-master"): MASTER,
    NAMES.certs("manager-worker"): WORKERS,
    NAMES.certs("filebeat"): [*MASTER, *WORKERS],
    NAMES.certs("dashboard"): DASHBOARD,
}
#: Pods that roll when an identity Secret is generated anew.
RECREATED: Final = {
    NAMES.cluster_key: [*MASTER, *WORKERS],
    NAMES.api_credentials: [*MASTER, *WORKERS, *DASHBOARD],
    NAMES.authd_password: MASTER,
    NAMES.indexer_credentials: [*MASTER, *WORKERS],
    NAMES.dashboard_credentials: DASHBOARD,
}
WORKLOADS: Final = {
    ("StatefulSet", "wz-indexer"): "indexer",
    ("StatefulSet", "wz-manager-master"): "manager-master",
    ("StatefulSet", "wz-manager-worker"): "manager-worker",
    ("Deployment", "wz-dashboard"): "dashboard",
}
TIERS: Final = tuple(WORKLOADS.values())
PLAIN: Final = (
    *(("ConfigMap", f"wz-{tier}-config") for tier in TIERS),
    *(("NetworkPolicy", f"wz-{tier}") for tier in TIERS),
    *(("Service", f"wz-{tier}") for tier in TIERS),
    *(("Service", f"wz-{tier}-headless") for tier in TIERS[:3]),
    ("Service", "wz-manager-api"),
    ("PodDisruptionBudget", "wz-indexer"),
    ("PodDisruptionBudget", "wz-manager-worker"),
    ("CronJob", "wz-log-rotation"),
    ("ServiceAccount", "wz-log-rotation"),
    ("Role", "wz-log-rotation"),
    ("RoleBinding", "wz-log-rotation"),
    ("Secret", NAMES.dashboard_wazuh),
)
#: Made anew too, and taken to the index once: `test_passwords`.
SECURITY: Final = ("Secret", NAMES.indexer_security)


def test_the_tables_name_every_child(full: Engine) -> None:
    """A child that is in none of them would not be tested."""
    secrets = {("Secret", name) for name in (*LEAVES, *IDENTITY)}
    found = {
        ("RoleBinding", "wz-log-rotation") if kind == "RoleBinding" else (kind, name)
        for kind, name in child_keys(full)
    }
    assert found == {*PLAIN, SECURITY, *WORKLOADS, *secrets}


@pytest.mark.parametrize(("kind", "name"), PLAIN, ids=str)
def test_a_plain_child_comes_back_and_no_pod_is_touched(full: Engine, kind: str, name: str) -> None:
    """The same content (F47), although another uid; the claims of pods are not concerned."""
    before, running = shape(full), pods(full)
    if kind == "RoleBinding":
        name = full.objects(kind)[0]["metadata"]["name"]
    uid = full.find(kind, name)["metadata"]["uid"]
    witness = Witness(full)
    full.delete(kind, name)
    settle(full)
    assert full.find(kind, name)["metadata"]["uid"] != uid
    assert shape(full) == before
    assert pods(full) == running
    assert witness.child_writes().count(f"create {kind} {name}") >= 1
    assert {one for one in witness.child_writes() if not one.endswith(f" {name}")} == set()
    assert told(full, "Degraded") == ("False", "AsExpected")


@pytest.mark.parametrize(("key", "role"), WORKLOADS.items(), ids=TIERS)
def test_a_workload_deleted_with_its_pods_is_made_again_on_its_claims(
    full: Engine, key: tuple[str, str], role: str
) -> None:
    """Other tiers are left alone; no claim and no Secret changes (F49)."""
    before, secrets = shape(full), secret_data(full)
    claims = {one["metadata"]["uid"] for one in full.objects("PersistentVolumeClaim")}
    witness = Witness(full)
    full.delete(*key)
    settle(full)
    assert {stop.role for stop in witness.stops} == {role}
    assert shape(full) == before
    assert secret_data(full) == secrets
    assert {one["metadata"]["uid"] for one in full.objects("PersistentVolumeClaim")} == claims
    assert "Creating" not in witness.phases


@pytest.mark.parametrize("name", [name for kind, name in WORKLOADS if kind == "StatefulSet"])
def test_a_stateful_set_deleted_without_its_pods_adopts_them(full: Engine, name: str) -> None:
    """`--cascade=orphan`: created again, nothing restarts (F48)."""
    before, running = shape(full), pods(full)
    full.delete("StatefulSet", name, orphan=True)
    settle(full)
    assert pods(full) == running
    assert shape(full) == before


@pytest.mark.parametrize("name", IDENTITY)
def test_a_lost_identity_secret_is_held_for_until_it_is_restored(full: Engine, name: str) -> None:
    """Nothing is generated, nothing rolls; the message gives the command that ends it (C15)."""
    before, running, data = shape(full), pods(full), secret_data(full)
    witness, backup = Witness(full), people.saved(full, name)
    full.delete("Secret", name)
    full.run_for(300)
    if name == NAMES.ca:
        assert told(full, "CertificatesReady") == ("False", "CASecretMissing")
    else:
        assert told(full, "Degraded") == ("True", "IdentitySecretMissing")
    assert witness.child_writes() == []
    assert status(full)["phase"] == "Running"
    people.restore(full, backup)
    full.run_for(30)
    settle(full)
    assert secret_data(full) == data
    assert shape(full) == {**before, **_restored(full, name)}
    assert pods(full) == running
    assert witness.deletes() == []
    assert told(full, "Degraded") == ("False", "AsExpected")
    assert told(full, "CertificatesReady") == ("True", "Valid")
    full.check()


def _restored(engine: Engine, name: str) -> dict[str, object]:
    """The restored Secret, which kubectl has left an annotation on."""
    return {f"Secret {name}": shape(engine)[f"Secret {name}"]}


@pytest.mark.parametrize(("name", "stopped"), RECREATED.items(), ids=RECREATED)
def test_a_lost_secret_is_generated_anew_on_order_and_only_once(
    full: Engine, name: str, stopped: list[str]
) -> None:
    """Its readers roll once, in order; the same order does not act a second time."""
    witness, before = Witness(full), identity(full)
    full.delete("Secret", name)
    full.run_for(30)
    value = people.recreate(full, name)
    settle(full)
    assert witness.stopped() == stopped
    assert all(stop.others_ready for stop in witness.stops)
    assert {one for one, data in identity(full).items() if data != before[one]} == {name}
    assert len(witness.versions(name)) == 2
    assert status(full)["requests"] == {names.RECREATE_SECRET: value}
    assert told(full, "Degraded") == ("False", "AsExpected")
    full.delete("Secret", name)
    full.run_for(120)
    assert name not in secret_data(full)
    assert told(full, "Degraded") == ("True", "IdentitySecretMissing")
    assert people.recreate(full, name) != value
    settle(full)
    assert len(witness.versions(name)) == 3


@pytest.mark.parametrize("name", [NAMES.indexer_credentials, NAMES.dashboard_credentials])
def test_passwords_that_the_index_knows_are_not_generated_unasked(full: Engine, name: str) -> None:
    """The message offers it; until a person says so nothing is made and nothing rolls."""
    witness = Witness(full)
    full.delete("Secret", name)
    full.run_for(330)
    assert names.RECREATE_SECRET in people.message(full)
    assert name not in secret_data(full)
    assert witness.child_writes() == []


def test_the_rest_goes_on_while_a_secret_is_held_for(engine: Engine) -> None:
    """A tier that is kept counts as passed: others take their changes."""
    witness, backup = Witness(engine), people.saved(engine, NAMES.cluster_key)
    engine.delete("Secret", NAMES.cluster_key)
    engine.run_for(30)
    edit(engine, {"indexer": {"podLabels": {"a": "b"}}, "dashboard": {"podLabels": {"a": "b"}},
                  "manager": {"config": {"alerts": {"logAlertLevel": 9}}}})  # fmt: skip
    engine.run_for(900)
    assert witness.stopped() == [*["indexer"] * 3, "dashboard"]
    people.restore(engine, backup)
    engine.run_for(30)
    settle(engine)
    assert witness.rolls() == ["indexer", "dashboard", "manager-master", "manager-worker"]


@pytest.mark.parametrize(("name", "stopped"), LEAVES.items(), ids=LEAVES)
def test_a_lost_leaf_is_reissued_by_the_same_authority(
    engine: Engine, witness: Witness, name: str, stopped: list[str]
) -> None:
    """One roll of the tiers that read it, 90 s after it was written (F50)."""
    before = secret_data(engine)
    engine.delete("Secret", name)
    settle(engine)
    old, new = witness.certificates(name)
    assert (old.issuer, old.subject) == (new.issuer, new.subject)
    assert old.serial_number != new.serial_number
    after = secret_data(engine)
    assert {one for one, data in after.items() if data != before[one]} == {name}
    assert witness.stopped() == stopped
    assert all(stop.others_ready for stop in witness.stops)
    written = witness.data["Secret", name][-1][0]
    assert all(stop.time - written >= 90 for stop in witness.stops)


def test_indexers_that_do_not_reload_roll_for_a_lost_leaf() -> None:
    """OpenSearch of 4.11 reads its certificates at the start only."""
    engine = rested({"version": "4.11.0"})
    witness = Witness(engine)
    engine.delete("Secret", NAMES.certs("indexer"))
    settle(engine)
    assert witness.stopped() == ["indexer"] * 3


def test_all_children_gone_is_no_fresh_cluster(full: Engine) -> None:
    """Everything was deleted by hand: no new CA and no new password on old claims (F53)."""
    before, data = shape(full), identity(full)
    backups = [people.saved(full, name) for name in IDENTITY]
    witness = Witness(full)
    for kind, name in child_keys(full):
        full.delete(kind, name)
    full.run_for(120)
    assert identity(full) == {}
    assert told(full, "CertificatesReady") == ("False", "CASecretMissing")
    assert told(full, "Degraded") == ("True", "IdentitySecretMissing")
    for backup in backups:
        people.restore(full, backup)
    full.run_for(30)
    settle(full)
    assert identity(full) == data
    assert shape(full).keys() == before.keys()
    # What the index has is not known any more, so it is told once.
    assert [one.split("-")[:2] for one in witness.deletes()] == [["Job wz", "security"]]


def test_a_secret_without_our_label_is_to_be_labelled(full: Engine) -> None:
    """Metacontroller lets go of it; nothing is derived from it and nothing overwrites it (F55)."""
    running, data = pods(full), secret_data(full)
    witness = Witness(full)
    full.edit_object(
        "Secret",
        NAMES.cluster_key,
        lambda one: one["metadata"]["labels"].pop(names.LABEL_CONTROLLER_UID),
    )
    full.run_for(120)
    assert told(full, "Degraded") == ("True", "IdentitySecretMissing")
    people.label(full, NAMES.cluster_key)
    full.run_for(30)
    settle(full)
    assert told(full, "Degraded") == ("False", "AsExpected")
    assert (pods(full), secret_data(full)) == (running, data)
    assert witness.stops == []
    assert full.find("Secret", NAMES.cluster_key)["metadata"]["ownerReferences"][0]["name"] == "wz"


def test_claims_go_with_a_deleted_stateful_set_where_the_policy_says_so() -> None:
    """`deletionPolicy: Delete` counts for a deletion by hand too: documented."""
    engine = rested({**EVERYTHING, "deletionPolicy": "Delete"})
    claims = {
        one["metadata"]["name"]: one["metadata"]["uid"]
        for one in engine.objects("PersistentVolumeClaim")
    }
    engine.delete("StatefulSet", "wz-manager-worker")
    settle(engine)
    after = {
        one["metadata"]["name"]: one["metadata"]["uid"]
        for one in engine.objects("PersistentVolumeClaim")
    }
    assert after.keys() == claims.keys()
    changed = {name for name, uid in after.items() if claims[name] != uid}
    assert changed == {"wazuh-data-wz-manager-worker-0", "wazuh-data-wz-manager-worker-1"}
