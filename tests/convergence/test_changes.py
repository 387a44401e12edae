"""Changes of the spec: which tiers roll, in which order, and how a bad one is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from app.names import Role
from app.result import Manifest
from app.simulation.engine import Engine
from app.simulation.workloads.pods import role_of
from tests.cluster_builder import NAMES
from tests.convergence.shapes import shape
from tests.convergence.witness import Witness, workloads
from tests.convergence.world import (
    child_keys,
    complaints,
    condition,
    edit,
    identity,
    pods,
    repair,
    rested,
    secret_data,
    settle,
    status,
    told,
)

ALERTS: Final = {"manager": {"config": {"alerts": {"logAlertLevel": 7}}}}
WAZUH_YML: Final = {"dashboard": {"wazuhPlugin": {"timeout": 30000}}}
EVERY_TIER: Final = ["indexer", "manager-master", "manager-worker", "dashboard"]


@pytest.mark.parametrize(
    ("change", "stopped"),
    [
        pytest.param(ALERTS, ["manager-master", *["manager-worker"] * 2], id="alerts"),
        pytest.param(
            {"manager": {"master": {"extraConfig": "<sca>\n  <enabled>yes</enabled>\n</sca>"}}},
            ["manager-master"],
            id="one role of the managers",
        ),
        pytest.param(
            {"dashboard": {"podAnnotations": {"team": "blue"}}}, ["dashboard"], id="dashboard"
        ),
        pytest.param({"indexer": {"podLabels": {"team": "blue"}}}, ["indexer"] * 3, id="indexer"),
        pytest.param({"indexer": {"annotations": {"team": "blue"}}}, [], id="no pod's business"),
        pytest.param({"indexer": {"service": {"type": "NodePort"}}}, [], id="a Service"),
    ],
)
def test_only_the_tiers_that_a_change_concerns_roll(
    engine: Engine, witness: Witness, change: Mapping[str, Any], stopped: list[str]
) -> None:
    """In order, pod by pod, on settled ground; no other pod and no Secret is touched."""
    secrets = secret_data(engine)
    edit(engine, change)
    settle(engine)
    assert witness.stopped() == stopped
    assert all(stop.others_ready for stop in witness.stops)
    assert secret_data(engine) == secrets
    assert shape(engine) == shape(rested(change))


def test_a_later_tier_is_held_until_the_one_before_has_passed(engine: Engine) -> None:
    """Template and ConfigMap both; the status names what it waits for and what lifts it."""
    before = engine.find("ConfigMap", "wz-manager-worker-config")["data"]
    edit(engine, ALERTS)
    assert engine.run_until(
        lambda: status(engine)["manager"]["workers"]["phase"] == "Held", timeout=60
    )
    engine.run_for(5)
    workers = status(engine)["manager"]["workers"]
    assert "manager-master" in workers["message"]
    assert "spec.rollout.update: Parallel" in workers["message"]
    assert engine.find("ConfigMap", "wz-manager-worker-config")["data"] == before
    assert engine.find("ConfigMap", "wz-manager-master-config")["data"] != before
    assert status(engine)["rollout"]["tier"] == "manager-master"
    settle(engine)
    assert engine.find("ConfigMap", "wz-manager-worker-config")["data"] != before


def test_parallel_lets_all_tiers_go_at_once(engine: Engine, witness: Witness) -> None:
    """`rollout.update: Parallel`: all roll at the same time."""
    edit(engine, {**ALERTS, "rollout": {"update": "Parallel"}})
    settle(engine)
    assert sorted(witness.stopped()) == ["manager-master", "manager-worker", "manager-worker"]
    first = {stop.role: stop.time for stop in reversed(witness.stops)}
    assert abs(first["manager-master"] - first["manager-worker"]) < 2


@pytest.mark.parametrize(
    ("change", "stopped"),
    [
        pytest.param(
            {"dashboard": {"podAnnotations": {"team": "blue"}, "wazuhPlugin": {"timeout": 30000}}},
            ["dashboard"],
            id="wazuh.yml and the pods",
        ),
        pytest.param(
            {"clusterDomain": "corp.example"},
            ["indexer"] * 3 + ["manager-master", "manager-worker", "manager-worker", "dashboard"],
            id="C36 the cluster domain",
        ),
    ],
)
def test_a_change_that_writes_secrets_as_well_rolls_each_pod_once(
    engine: Engine, witness: Witness, change: Mapping[str, Any], stopped: list[str]
) -> None:
    """What else changes waits with the hash of the Secret, which is written at once."""
    edit(engine, change)
    settle(engine)
    assert witness.stopped() == stopped
    assert shape(engine) == shape(rested(change))


def test_a_new_wazuh_yml_waits_until_every_node_mounts_it(engine: Engine, witness: Witness) -> None:
    """A kubelet may show the former content for a while: the roll comes 90 s after the write."""
    began = engine.elapsed
    edit(engine, WAZUH_YML)
    settle(engine)
    assert witness.stopped() == ["dashboard"]
    [(_, _), (written, _)] = witness.data["Secret", NAMES.dashboard_wazuh]
    [started] = [time for time, role, _ in witness.starts if role == "dashboard"]
    assert written - began < 5
    assert 90 <= started - written < 95
    [pod] = [name for name in pods(engine) if "dashboard" in name]
    loaded = engine.loaded(pod)
    assert loaded is not None
    now = secret_data(engine)[NAMES.dashboard_wazuh]
    assert loaded.secrets[NAMES.dashboard_wazuh] == now


def test_an_upgrade_goes_tier_by_tier() -> None:
    """4.13.1 to 4.14.1, where the paths change: one tier at a time, then the version is set."""
    engine = rested({"version": "4.13.1"})
    witness, secrets = Witness(engine), secret_data(engine)
    versions: list[tuple[str, str]] = []
    engine.api.watch(
        lambda event: (
            versions.append((event.object["status"]["phase"], event.object["status"]["version"]))
            if event.object["kind"] == "WazuhCluster" and "status" in event.object
            else None
        )
    )
    edit(engine, {"version": "4.14.1"})
    settle(engine)
    assert witness.stopped() == [
        *["indexer"] * 3, "manager-master", *["manager-worker"] * 2, "dashboard",
    ]  # fmt: skip
    assert all(stop.others_ready for stop in witness.stops)
    assert list(dict.fromkeys(versions)) == [
        ("Running", "4.13.1"),
        ("Upgrading", "4.13.1"),
        ("Running", "4.14.1"),
    ]
    assert secret_data(engine) == secrets
    assert shape(engine) == shape(rested())
    images = {
        one["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[2]
        for one in workloads(engine).values()
    }
    assert images == {"4.14.1"}


def test_going_back_to_an_older_version_is_refused(engine: Engine, witness: Witness) -> None:
    """An older OpenSearch does not open newer data."""
    edit(engine, {"version": "4.13.1"})
    settle(engine)
    assert told(engine, "SpecValid") == ("False", "DowngradeRefused")
    assert witness.stops == []
    assert status(engine)["version"] == "4.14.1"


def test_a_field_that_was_set_and_removed_is_as_never_set(engine: Engine) -> None:
    """For fields of every tier (F29)."""
    before = shape(engine)
    edit(
        engine,
        {
            "imagePullSecrets": [{"name": "mine"}],
            "indexer": {"env": [{"name": "A", "value": "b"}], "nodeSelector": {"disk": "ssd"}},
            "manager": {"workers": {"tolerations": [{"key": "k", "operator": "Exists"}]}},
            "dashboard": {"resources": {"limits": {"cpu": "2"}}},
        },
    )
    settle(engine)
    assert shape(engine) != before
    edit(
        engine,
        {
            "imagePullSecrets": None,
            "indexer": None,
            "manager": {"workers": {"tolerations": None}},
            "dashboard": {"resources": None},
        },
    )
    settle(engine)
    assert shape(engine) == before


def test_the_dashboard_is_switched_off_and_on(engine: Engine, witness: Witness) -> None:
    """Its Deployment goes and comes back, and nothing else (F30)."""
    before, everything, secrets = shape(engine), child_keys(engine), secret_data(engine)
    edit(engine, {"dashboard": {"enabled": False}})
    settle(engine)
    assert everything - child_keys(engine) == {("Deployment", "wz-dashboard")}
    assert status(engine)["dashboard"]["phase"] == "Disabled"
    edit(engine, {"dashboard": {"enabled": True}})
    settle(engine)
    assert shape(engine) == before
    assert secret_data(engine) == secrets
    assert witness.stopped() == ["dashboard"]
    assert witness.deletes() == ["Deployment wz-dashboard"]


def test_log_rotation_is_switched_on_and_off(engine: Engine, witness: Witness) -> None:
    """Four children come and go; no pod of a tier is touched."""
    before, everything = shape(engine), child_keys(engine)
    edit(engine, {"manager": {"logRotation": {"enabled": True}}})
    settle(engine)
    assert child_keys(engine) - everything == {
        (kind, "wz-log-rotation") for kind in ("CronJob", "Role", "ServiceAccount")
    } | {one for one in child_keys(engine) if one[0] == "RoleBinding"}
    edit(engine, {"manager": {"logRotation": {"enabled": False}}})
    settle(engine)
    assert shape(engine) == before
    assert witness.stops == []


# --- changes that go wrong ----------------------------------------------------------------------
def unready_with(tag: str) -> Any:
    """Predicate: pods of an image that does not exist."""

    def predicate(pod: Manifest) -> bool:
        return bool(pod["spec"]["containers"][0]["image"].endswith(f":{tag}"))

    return predicate


@pytest.mark.parametrize(
    ("path", "pod", "untouched"),
    [
        pytest.param("indexer", "wz-indexer-2", EVERY_TIER[1:], id="first tier"),
        pytest.param("dashboard", "wz-dashboard", EVERY_TIER[:3], id="last tier"),
    ],
)
def test_an_image_that_does_not_exist_stops_the_roll_at_its_first_pod(
    engine: Engine, witness: Witness, path: str, pod: str, untouched: list[str]
) -> None:
    """Later tiers are held; taking the change back recovers, though that pod never gets ready.

    F17 and F60; the status says which pod is waited for.
    """
    before, running = shape(engine), pods(engine)
    engine.controllers.kubelet.break_pods(unready=unready_with("nonsense"))
    edit(engine, {path: {"image": {"tag": "nonsense"}}, **(ALERTS if path == "indexer" else {})})
    engine.run_for(900)
    changed = {name for name, uid in pods(engine).items() if running.get(name) != uid}
    assert len(changed) == 1
    assert next(iter(changed)).startswith(pod)
    assert {stop.role for stop in witness.stops}.isdisjoint(untouched)
    assert told(engine, "Progressing")[0] == "True"
    assert told(engine, "Ready") == ("False", "TiersNotReady")
    assert path in condition(engine, "Ready")["message"]
    witness.stops.clear()
    edit(
        engine,
        {
            path: {"image": None},
            "manager": {"config": {"alerts": None}},
        },
    )
    settle(engine)
    assert shape(engine) == before
    assert {stop.role for stop in witness.stops} <= {path}
    assert len(witness.stops) == 1


def test_a_broken_tier_is_repaired_by_any_later_change(engine: Engine, witness: Witness) -> None:
    """The first tier that has not passed is never held: the repair needs no healthy pod."""
    engine.controllers.kubelet.break_pods(unready=unready_with("nonsense"))
    edit(engine, {"indexer": {"image": {"tag": "nonsense"}}})
    engine.run_for(300)
    edit(engine, {"indexer": {"image": {"tag": "4.14.1"}, "podLabels": {"repaired": "yes"}}})
    settle(engine)
    assert witness.rolls() == ["indexer"]


def test_an_upgrade_to_an_image_that_does_not_exist_is_taken_back() -> None:
    """No pod was ready on the newer version, so going back is no downgrade."""
    engine = rested({"version": "4.13.1"})
    before = shape(engine)
    engine.controllers.kubelet.break_pods(unready=unready_with("4.14.99"))
    edit(engine, {"version": "4.14.99"})
    engine.run_for(600)
    assert status(engine)["phase"] == "Upgrading"
    assert status(engine)["version"] == "4.13.1"
    edit(engine, {"version": "4.13.1"})
    settle(engine)
    assert shape(engine) == before


# --- a pod that is away -------------------------------------------------------------------------
def unschedulable(*away: str) -> Any:
    """Predicate: pods by name."""

    def predicate(pod: Manifest) -> bool:
        return pod["metadata"]["name"] in away

    return predicate


def test_an_indexer_that_is_away_for_ever_holds_no_change_of_later_tiers(
    engine: Engine, witness: Witness
) -> None:
    """One pod of three cannot be placed: it holds nothing that leaves its own template alone."""
    engine.controllers.kubelet.break_pods(unschedulable=unschedulable("wz-indexer-1"))
    engine.delete("Pod", "wz-indexer-1")
    engine.run_for(120)
    assert told(engine, "Degraded") == ("True", "ReplicasUnavailable")
    assert status(engine)["phase"] == "Running"
    witness.stops.clear()
    edit(engine, ALERTS)
    engine.run_for(600)
    assert witness.stopped() == ["manager-master", "manager-worker", "manager-worker"]
    assert status(engine)["manager"]["phase"] == "Running"
    assert status(engine)["phase"] == "Running"
    assert told(engine, "Degraded") == ("True", "ReplicasUnavailable")
    assert condition(engine, "Degraded")["message"] == "indexer: 2 of 3 ready"
    repair(engine)
    assert told(engine, "Degraded") == ("False", "AsExpected")


def test_two_indexers_that_are_away_hold_later_tiers(engine: Engine, witness: Witness) -> None:
    """There is no quorum: nothing else is restarted now."""
    away = ("wz-indexer-1", "wz-indexer-2")
    engine.controllers.kubelet.break_pods(unschedulable=unschedulable(*away))
    for pod in away:
        engine.delete("Pod", pod)
    engine.run_for(120)
    assert told(engine, "Available") == ("False", "IndexerUnavailable")
    witness.stops.clear()
    edit(engine, ALERTS)
    engine.run_for(600)
    assert witness.stops == []
    assert status(engine)["manager"]["phase"] == "Held"
    repair(engine)
    assert witness.stopped() == ["manager-master", "manager-worker", "manager-worker"]


def test_a_roll_that_begins_while_a_pod_is_away_names_it_and_waits(
    engine: Engine, witness: Witness
) -> None:
    """The StatefulSet itself waits for that pod, so the tiers behind it wait too."""
    engine.controllers.kubelet.break_pods(unschedulable=unschedulable("wz-indexer-2"))
    engine.delete("Pod", "wz-indexer-2")
    engine.run_for(120)
    witness.stops.clear()
    edit(engine, {"indexer": {"podLabels": {"a": "b"}}, **ALERTS})
    engine.run_for(600)
    assert {stop.pod for stop in witness.stops} <= {"wz-indexer-2"}
    assert "wz-indexer-2" in condition(engine, "Ready")["message"]
    assert status(engine)["manager"]["phase"] == "Held"
    assert "wz-indexer-2" in status(engine)["manager"]["message"]
    repair(engine)
    assert witness.rolls()[-3:] == ["indexer", "manager-master", "manager-worker"]


def test_pods_that_crash_in_a_quiet_cluster_make_it_degraded_and_no_more(
    engine: Engine, witness: Witness
) -> None:
    """The phase stays Running; nothing is written to a child."""
    engine.controllers.kubelet.break_pods(unready=lambda pod: role_of(pod) == Role.MANAGER_MASTER)
    engine.run_for(300)
    assert status(engine)["phase"] == "Running", complaints(engine)
    assert told(engine, "Degraded") == ("True", "ReplicasUnavailable")
    assert told(engine, "Available") == ("False", "MasterUnavailable")
    assert witness.child_writes() == []
    repair(engine)
    assert witness.child_writes() == []
    assert identity(engine) == identity(rested())
