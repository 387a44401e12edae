"""Order of changes: a tier takes its template and ConfigMaps when those before have passed."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from app.hook.sync import sync
from app.result import Manifest, Result
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.scenarios import at_rest, base64_of
from tests.steps import (
    AGED,
    DASHBOARD,
    INDEXER,
    MASTER,
    TIERS,
    WORKER,
    answer,
    changed_tiers,
    child,
    rested,
    rolled_until_rest,
    status,
    template,
    version,
    workload,
)

PATHS = {
    INDEXER: ("indexer",),
    MASTER: ("manager", "master"),
    WORKER: ("manager", "workers"),
    DASHBOARD: ("dashboard",),
}
LIFTS = "spec.rollout.update: Parallel lifts it"


def _mark(spec: Manifest, name: str, value: str = "blue") -> None:
    """A change of one tier's pods that nothing else rests on."""
    found = spec
    for field in PATHS[name]:
        found = found.setdefault(field, {})
    found["podAnnotations"] = {"team": value}


def _marked(cluster: ClusterBuilder, *names: str, value: str = "blue") -> None:
    def change(spec: Manifest) -> None:
        for name in names:
            _mark(spec, name, value)

    cluster.edit(change)


def _taken(result: Result, value: str = "blue") -> list[str]:
    """Workloads whose answered template has the mark."""
    return [
        name
        for name in TIERS
        if template(result, name)["metadata"]["annotations"].get("team") == value
    ]


def _message(result: Result, name: str) -> str:
    found: Any = status(result)
    for field in PATHS[name]:
        found = found[field]
    return str(found.get("message", ""))


# --- Ordered and Parallel -----------------------------------------------------------------------
def test_a_change_of_all_tiers_goes_through_them_in_order() -> None:
    """Each takes it when the one before has rolled; nothing is skipped and nothing is doubled."""
    cluster = rested()
    _marked(cluster, *TIERS)
    steps = []
    for name in TIERS:
        steps.append(_taken(cluster.sync(sync)))
        assert _taken(answer(cluster)) == steps[-1], "unseen by its controller"
        cluster.roll(name, updated=0, ready=2 if name == INDEXER else 1)
        assert _taken(answer(cluster)) == steps[-1], "its roll has just begun"
        cluster.settle(name)
    assert steps == [list(TIERS[: count + 1]) for count in range(4)]


def test_parallel_lets_all_tiers_go_at_once() -> None:
    """`spec.rollout.update: Parallel`."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(rollout={"update": "Parallel"}))
    _marked(cluster, *TIERS)
    assert _taken(answer(cluster)) == list(TIERS)


def test_a_new_version_is_a_change_like_any_other() -> None:
    """Templates and configuration of the version before stay with the tiers that are held."""
    cluster = rested({"version": "4.13.1"})
    before = answer(cluster)
    cluster.edit(lambda spec: spec.update(version="4.14.1"))
    result = cluster.sync(sync)
    assert [version(template(result, name)) for name in TIERS] == [
        "4.14.1",
        "4.13.1",
        "4.13.1",
        "4.13.1",
    ]
    for role in ("manager-master", "manager-worker", "dashboard"):
        name = f"wz-{role}-config"
        assert child(result, "ConfigMap", name)["data"] == child(before, "ConfigMap", name)["data"]
    assert rolled_until_rest(_settled(cluster)) == [MASTER, WORKER, DASHBOARD]


def _settled(cluster: ClusterBuilder) -> ClusterBuilder:
    cluster.settle()
    cluster.wait(seconds=AGED)
    return cluster


def test_a_held_tier_says_what_it_waits_for_and_what_lifts_it() -> None:
    """With the pod, in words a person can act on."""
    cluster = rested()
    _marked(cluster, INDEXER, DASHBOARD)
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=1, ready=2)
    result = answer(cluster)
    text = f"waits for indexer (2 of 3 ready, waits for wz-indexer-2); {LIFTS}"
    assert _message(result, DASHBOARD) == text
    assert status(result)["dashboard"]["phase"] == "Held"
    assert result.report.held == {"dashboard": text}
    assert result.response.resync_after_seconds == 10


def test_a_tier_without_a_change_of_its_own_is_not_held() -> None:
    """The master has nothing to wait for while the indexers roll."""
    cluster = rested()
    _marked(cluster, INDEXER)
    result = cluster.sync(sync)
    assert result.report.held == {}
    assert status(result)["manager"]["phase"] == "Running"


def test_a_later_change_starts_again_at_the_first_tier() -> None:
    """It does not wait for a later tier that still rolls, which might be broken."""
    cluster = rested()
    _marked(cluster, MASTER)
    cluster.sync(sync)
    cluster.roll(MASTER, updated=1, ready=0)
    _marked(cluster, INDEXER, MASTER, value="green")
    result = cluster.sync(sync)
    assert _taken(result, "green") == [INDEXER]
    assert _taken(result, "blue") == [MASTER]
    assert _taken(_settled_answer(cluster, INDEXER), "green") == [INDEXER, MASTER]


def _settled_answer(cluster: ClusterBuilder, name: str) -> Result:
    cluster.settle(name)
    return answer(cluster)


@pytest.mark.parametrize("name", TIERS)
def test_the_first_tier_that_has_not_passed_can_always_be_repaired(name: str) -> None:
    """A broken template is replaced although its roll never completed."""
    cluster = rested()
    _marked(cluster, name, value="broken")
    cluster.sync(sync)
    cluster.roll(name, updated=1, ready=0)
    _marked(cluster, name, value="repaired")
    assert _taken(answer(cluster), "repaired") == [name]


# --- passed and settled -------------------------------------------------------------------------
SIZES: Manifest = {"indexer": {"replicas": 3}, "manager": {"workers": {"replicas": 2}}}
SMALL: Manifest = {"indexer": {"replicas": 1}, "manager": {"workers": {"replicas": 1}}}


@pytest.mark.parametrize(
    ("spec", "name", "ready", "passes"),
    [
        pytest.param(SIZES, INDEXER, 2, True, id="three-indexers-one-away"),
        pytest.param(SIZES, INDEXER, 1, False, id="three-indexers-two-away"),
        pytest.param({"indexer": {"replicas": 2}}, INDEXER, 1, False, id="two-indexers-one-away"),
        pytest.param(SMALL, INDEXER, 0, False, id="the-only-indexer-away"),
        pytest.param(SIZES, MASTER, 0, False, id="the-master-away"),
        pytest.param(SIZES, WORKER, 1, True, id="two-workers-one-away"),
        pytest.param(SIZES, WORKER, 0, False, id="two-workers-both-away"),
        pytest.param(SMALL, WORKER, 0, False, id="the-only-worker-away"),
    ],
)
def test_one_pod_that_is_away_holds_nothing_where_there_are_spares(
    spec: Manifest,
    name: str,
    ready: int,
    passes: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Indexers with three replicas or more, workers with two or more."""
    cluster = rested(spec)
    found = cluster.child("StatefulSet", name)
    replicas = found["spec"]["replicas"]
    found["status"].update(readyReplicas=ready, availableReplicas=ready)
    assert found["status"]["updatedReplicas"] == replicas
    _marked(cluster, DASHBOARD)
    assert _taken(answer(cluster)) == ([DASHBOARD] if passes else [])


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        pytest.param({}, True, id="at-rest"),
        pytest.param({"availableReplicas": 2}, True, id="one-not-available-yet"),
        pytest.param({"availableReplicas": 1}, False, id="two-not-available-yet"),
        pytest.param({"updatedReplicas": 2, "readyReplicas": 2}, True, id="one-pod-not-there"),
        pytest.param({"replicas": 2, "readyReplicas": 2}, True, id="one-pod-not-created"),
        pytest.param({"replicas": 4}, False, id="one-pod-too-many"),
        pytest.param({"observedGeneration": 0}, False, id="generation-not-seen"),
        pytest.param({"updateRevision": "wz-indexer-other"}, False, id="revisions-differ"),
        pytest.param({"readyReplicas": None}, False, id="a-missing-number-is-none"),
    ],
)
def test_a_tier_has_passed_when_its_roll_was_completed(
    change: dict[str, Any],
    passes: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """The generation is seen, both revisions agree, and one pod at most is away since."""
    cluster = rested()
    found = cluster.child("StatefulSet", INDEXER)["status"]
    for field, value in change.items():
        found[field] = value
        if value is None:
            del found[field]
    _marked(cluster, DASHBOARD)
    assert _taken(answer(cluster)) == ([DASHBOARD] if passes else [])


def test_an_indexer_that_is_away_for_ever_does_not_hold_later_tiers() -> None:
    """An unschedulable pod: managers and dashboard take their changes, one after another."""
    cluster = rested()
    _marked(cluster, MASTER, WORKER, DASHBOARD)
    for name in (MASTER, WORKER, DASHBOARD):
        cluster.child("StatefulSet", INDEXER)["status"].update(readyReplicas=2, availableReplicas=2)
        cluster.sync(sync)
        cluster.settle(name)
    assert _taken(answer(cluster)) == [MASTER, WORKER, DASHBOARD]
    found = status(answer(cluster))
    assert found["phase"] == "Running"
    assert found["indexer"]["phase"] == "Degraded"


def test_a_roll_begun_while_a_pod_is_away_holds_later_tiers_and_names_the_pod() -> None:
    """It cannot complete: the controller waits for that pod."""
    cluster = rested()
    _marked(cluster, INDEXER, DASHBOARD)
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=2, ready=2)
    result = answer(cluster)
    assert _taken(result) == [INDEXER]
    assert _message(result, DASHBOARD) == (
        f"waits for indexer (2 of 3 ready, waits for wz-indexer-1); {LIFTS}"
    )


# --- what is held and what is not ---------------------------------------------------------------
def test_replicas_of_a_held_tier_are_not_held() -> None:
    """They restart no pod; neither do Services and budgets."""
    cluster = rested()
    _marked(cluster, INDEXER, WORKER)
    cluster.edit(
        lambda spec: spec["manager"]["workers"].update(
            replicas=4, service={"annotations": {"dns": "agents"}}
        )
    )
    result = answer(cluster)
    assert _taken(result) == [INDEXER]
    assert workload(result, WORKER)["spec"]["replicas"] == 4
    service = child(result, "Service", "wz-manager-worker")
    assert service["metadata"]["annotations"] == {"dns": "agents"}


def test_a_held_tier_keeps_template_and_config_map_as_last_applied() -> None:
    """Whole objects: nothing of the new configuration reaches a pod that restarts meanwhile."""
    cluster = rested()
    before = answer(cluster)
    _marked(cluster, INDEXER)
    cluster.edit(
        lambda spec: spec.update(
            manager={"config": {"global": {"emailNotification": False, "emailMaxPerHour": 99}}}
        )
    )
    result = answer(cluster)
    assert set(result.report.held) == {"manager-master", "manager-worker"}
    for name, config in (
        (MASTER, "wz-manager-master-config"),
        (WORKER, "wz-manager-worker-config"),
    ):
        assert template(result, name) == template(before, name)
        kept, was = (child(one, "ConfigMap", config) for one in (result, before))
        assert kept == was


def test_a_held_config_map_edited_by_hand_is_put_back() -> None:
    """What was last applied counts, not what is observed."""
    cluster = rested()
    name = "wz-dashboard-config"
    before = child(answer(cluster), "ConfigMap", name)
    cluster.child("ConfigMap", name)["data"]["opensearch_dashboards.yml"] = "by hand"
    _marked(cluster, INDEXER, DASHBOARD)
    result = answer(cluster)
    assert DASHBOARD not in _taken(result)
    assert child(result, "ConfigMap", name) == before


def test_a_held_config_map_that_is_not_observed_is_rendered_anew() -> None:
    """Pods could not start without it."""
    cluster = rested({"version": "4.13.1"})
    cluster.edit(lambda spec: spec.update(version="4.14.1"))
    cluster.remove("ConfigMap", "wz-dashboard-config")
    result = answer(cluster)
    assert version(template(result, DASHBOARD)) == "4.13.1"
    fresh = child(answer(rested()), "ConfigMap", "wz-dashboard-config")
    assert child(result, "ConfigMap", "wz-dashboard-config") == fresh


def test_a_held_dashboard_keeps_its_wazuh_yml() -> None:
    """It is held like a ConfigMap, though it is a Secret; nothing is reported as written."""
    cluster = rested()
    before = child(answer(cluster), "Secret", NAMES.dashboard_wazuh)
    plugin = {"defaultApiEndpoint": {"runAs": True}}
    cluster.edit(lambda spec: spec.update(dashboard={"wazuhPlugin": plugin}))
    assert child(answer(cluster), "Secret", NAMES.dashboard_wazuh)["data"] != before["data"]
    _marked(cluster, INDEXER)
    result = answer(cluster)
    assert child(result, "Secret", NAMES.dashboard_wazuh) == before
    assert result.report.reissues == ()
    assert result.response.resync_after_seconds == 10
    assert DASHBOARD not in changed_tiers(cluster, result)
    order = rolled_until_rest(cluster)
    assert order == [INDEXER, DASHBOARD]


def test_no_other_secret_is_held() -> None:
    """A key restored by hand must reach its Secret, whatever its tier waits for."""
    cluster = ClusterBuilder({"manager": {"apiCredentials": {"secretName": "api"}}})
    login = {"username": base64_of("wazuh-wui"), "password": base64_of("Api-word-1")}
    cluster.add_user_secret("api", login)
    at_rest(cluster)
    secret = cluster.child("Secret", NAMES.api_credentials)
    secret["data"]["admin-password"] = base64_of("Restored-by-hand-1")
    data = copy.deepcopy(secret["data"])
    _marked(cluster, INDEXER, MASTER)
    result = answer(cluster)
    assert child(result, "Secret", NAMES.api_credentials)["data"] == data


def test_a_disabled_dashboard_holds_nobody_and_is_held_by_nobody() -> None:
    """Its Deployment goes at once."""
    cluster = rested()
    _marked(cluster, INDEXER)
    cluster.edit(lambda spec: spec.update(dashboard={"enabled": False}))
    result = answer(cluster)
    assert not [one for one in result.response.children if one["kind"] == "Deployment"]
    assert result.report.held == {}
