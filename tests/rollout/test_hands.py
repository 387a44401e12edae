"""What people and other controllers do to workloads: repaired where it is ours, else kept."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from app.hook.sync import sync
from app.result import Manifest
from tests.cluster_builder import ClusterBuilder
from tests.steps import (
    DASHBOARD,
    INDEXER,
    MASTER,
    TIERS,
    WORKER,
    answer,
    rested,
    sent_template,
    status,
    stored,
)

RESTARTED = "kubectl.kubernetes.io/restartedAt"


def _image(template: Manifest) -> None:
    template["spec"]["containers"][0]["image"] = "wazuh/other:1.0.0"


def _hash(template: Manifest) -> None:
    template["metadata"]["annotations"]["wazuh.com/cert-hash"] = "0000000000000000"


def _no_environment(template: Manifest) -> None:
    del template["spec"]["containers"][0]["env"]


def _grace(template: Manifest) -> None:
    template["spec"]["terminationGracePeriodSeconds"] = 1


def _no_volume(template: Manifest) -> None:
    del template["spec"]["volumes"][-1]


EDITS: dict[str, Callable[[Manifest], None]] = {
    "image": _image,
    "hash": _hash,
    "environment-removed": _no_environment,
    "grace-period": _grace,
    "volume-removed": _no_volume,
}


def _edited(name: str, edit: Callable[[Manifest], None]) -> ClusterBuilder:
    """A quiet cluster of which a template was edited by hand; its pods have rolled for it."""
    cluster = rested()
    edit(stored(cluster, name)["spec"]["template"])
    stored(cluster, name)["metadata"]["generation"] += 1
    cluster.settle(name)
    return cluster


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("name", [INDEXER, DASHBOARD])
def test_a_template_edited_by_hand_is_put_back(name: str, edit: str) -> None:
    """It has not passed until then, though every pod is ready."""
    cluster = _edited(name, EDITS[edit])
    wanted = stored(rested(), name)["spec"]["template"]
    result = cluster.sync(sync)
    assert stored(cluster, name)["spec"]["template"] == wanted
    assert status(result)["phase"] == "Updating"
    assert status(result)["rollout"]["tier"] == name.removeprefix("wz-")
    cluster.settle(name)
    assert status(answer(cluster))["phase"] == "Running"


def test_a_hand_edit_of_an_earlier_tier_holds_the_changes_of_later_ones() -> None:
    """Its roll back comes first."""
    cluster = _edited(INDEXER, _image)
    cluster.edit(lambda spec: spec.update(dashboard={"podAnnotations": {"team": "blue"}}))
    assert set(answer(cluster).report.held) == {"dashboard"}


def test_a_hand_edit_of_a_held_tier_is_put_back_to_what_was_last_applied() -> None:
    """Not to what it waits for."""
    cluster = _edited(DASHBOARD, _image)
    last = copy.deepcopy(sent_template(cluster, DASHBOARD))
    cluster.edit(
        lambda spec: spec.update(
            indexer={"podAnnotations": {"team": "blue"}},
            dashboard={"podAnnotations": {"team": "blue"}},
        )
    )
    cluster.sync(sync)
    assert sent_template(cluster, DASHBOARD) == last
    image = stored(cluster, DASHBOARD)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == "wazuh/wazuh-dashboard:4.14.1"


def _injected(name: str) -> ClusterBuilder:
    """A quiet cluster into one of whose templates others have put things."""

    def edit(template: Manifest) -> None:
        spec = template["spec"]
        spec["containers"].append({"name": "mesh", "image": "mesh:1"})
        spec.setdefault("initContainers", []).append({"name": "mesh-init", "image": "mesh:1"})
        spec["containers"][0].setdefault("env", []).append({"name": "MESH", "value": "on"})
        spec["volumes"].append({"name": "mesh", "emptyDir": {}})
        template["metadata"]["annotations"][RESTARTED] = "2026-11-24T07:00:00Z"

    return _edited(name, edit)


@pytest.mark.parametrize("name", TIERS)
def test_what_others_add_to_a_template_is_kept_and_holds_nobody(name: str) -> None:
    """An injected sidecar and the annotation of a restart: no write, no loop, all settled."""
    cluster = _injected(name)
    before, template = cluster.writes, copy.deepcopy(stored(cluster, name)["spec"]["template"])
    result = cluster.sync(sync)
    assert cluster.writes == before
    assert stored(cluster, name)["spec"]["template"] == template
    assert status(result)["phase"] == "Running"
    assert result.report.held == {}
    assert result.response.resync_after_seconds == 43_200


def test_what_others_added_survives_while_the_tier_is_held_and_when_it_rolls() -> None:
    """Under the three-way merge both sides keep their own."""
    cluster = _injected(WORKER)
    cluster.edit(
        lambda spec: spec.update(
            indexer={"podAnnotations": {"team": "blue"}},
            manager={"workers": {"podAnnotations": {"team": "blue"}}},
        )
    )
    for team in (None, "blue"):
        cluster.sync(sync)
        template = stored(cluster, WORKER)["spec"]["template"]
        names = [one["name"] for one in template["spec"]["containers"]]
        assert names == ["wazuh-manager", "mesh"]
        assert template["metadata"]["annotations"][RESTARTED] == "2026-11-24T07:00:00Z"
        assert template["metadata"]["annotations"].get("team") == team
        cluster.settle()


def test_a_restart_by_hand_is_a_roll_that_later_tiers_wait_for() -> None:
    """`kubectl rollout restart`: the order stands while its pods go one by one."""
    cluster = rested()
    annotations = stored(cluster, INDEXER)["spec"]["template"]["metadata"]["annotations"]
    annotations[RESTARTED] = "2026-11-24T07:00:00Z"
    stored(cluster, INDEXER)["metadata"]["generation"] += 1
    cluster.roll(INDEXER, updated=1, ready=2)
    cluster.edit(lambda spec: spec.update(manager={"master": {"podAnnotations": {"a": "b"}}}))
    result = answer(cluster)
    assert set(result.report.held) == {"manager-master"}
    assert status(result)["rollout"] == {
        "tier": "indexer",
        "reason": "RollingOut",
        "waitingFor": "wz-indexer-2",
    }
    cluster.settle(INDEXER)
    assert answer(cluster).report.held == {}


def test_replicas_of_the_master_by_hand_are_put_back() -> None:
    """There is one."""
    cluster = rested()
    stored(cluster, MASTER)["spec"]["replicas"] = 3
    cluster.sync(sync)
    assert stored(cluster, MASTER)["spec"]["replicas"] == 1
