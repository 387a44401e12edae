"""The answer is the same under server-side apply, where no annotation tells what was applied."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.hook.sync import sync
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.rollout.applied import under_server_side_apply
from tests.steps import (
    AGED,
    DASHBOARD,
    INDEXER,
    MASTER,
    WORKER,
    answer,
    changed_tiers,
    rested,
    template,
)
from tests.user_overrides import OVERRIDES

BLUE = {"podAnnotations": {"team": "blue"}}


def _rolling() -> ClusterBuilder:
    cluster = rested()
    cluster.edit(
        lambda spec: spec.update(
            indexer=BLUE,
            manager={"master": BLUE, "config": {"global": {"emailMaxPerHour": 99}}},
            dashboard={**BLUE, "wazuhPlugin": {"timeout": 9000}},
        )
    )
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=1, ready=2)
    return cluster


def _upgrading() -> ClusterBuilder:
    cluster = rested({"version": "4.13.1"})
    cluster.edit(lambda spec: spec.update(version="4.14.1"))
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=1, ready=2)
    return cluster


def _passed() -> ClusterBuilder:
    cluster = _rolling()
    cluster.settle(INDEXER)
    cluster.wait(seconds=AGED)
    return cluster


def _frozen() -> ClusterBuilder:
    cluster = _rolling()
    cluster.edit(lambda spec: spec.update(indexer={"javaOpts": "-Xms1g"}))
    return cluster


def _frozen_renewal() -> ClusterBuilder:
    cluster = rested()
    cluster.edit(lambda spec: spec.update(indexer={"javaOpts": "-Xms1g"}))
    cluster.wait(days=341)
    cluster.sync(sync)
    cluster.wait(seconds=AGED)
    return cluster


def _lost_key() -> ClusterBuilder:
    cluster = rested()
    cluster.remove("Secret", NAMES.cluster_key)
    cluster.edit(lambda spec: spec.update(manager={"workers": BLUE}))
    return cluster


def _lost_ca() -> ClusterBuilder:
    cluster = _rolling()
    cluster.remove("Secret", NAMES.ca)
    return cluster


def _overridden() -> ClusterBuilder:
    return rested({key: value for key, value in OVERRIDES.items() if key not in _REFERRING})


_REFERRING = ("manager", "dashboard")
SITUATIONS: dict[str, Callable[[], ClusterBuilder]] = {
    "at-rest": rested,
    "rolling": _rolling,
    "upgrading": _upgrading,
    "passed": _passed,
    "frozen": _frozen,
    "frozen-renewal": _frozen_renewal,
    "lost-key": _lost_key,
    "lost-ca": _lost_ca,
    "user-overrides": _overridden,
    "deleting": lambda: _deleted(_rolling()),
}


def _deleted(cluster: ClusterBuilder) -> ClusterBuilder:
    cluster.delete()
    return cluster


@pytest.mark.parametrize("situation", SITUATIONS)
def test_both_strategies_get_the_same_answer(situation: str) -> None:
    """Children, status and time of the next sync."""
    cluster = SITUATIONS[situation]()
    other = under_server_side_apply(cluster)
    wanted, found = answer(cluster), answer(other)
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in wanted.response.children}
    for one in found.response.children:
        assert one == by_name[one["kind"], one["metadata"]["name"]]
    assert found.response == wanted.response
    assert found.report == wanted.report


def test_what_others_own_is_not_sent_by_us() -> None:
    """An injected sidecar and the annotation of a restart belong to their own managers."""
    cluster = under_server_side_apply(_rolling())
    spec = cluster.child("StatefulSet", MASTER)["spec"]["template"]
    spec["spec"]["containers"].append({"name": "mesh", "image": "mesh:1"})
    spec["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "2026-11-24T07:00:00Z"
    held = template(answer(cluster), MASTER)
    assert [one["name"] for one in held["spec"]["containers"]] == ["wazuh-manager"]
    assert "kubectl.kubernetes.io/restartedAt" not in held["metadata"]["annotations"]


def test_another_persons_apply_is_not_taken_for_ours() -> None:
    """`kubectl apply --server-side` by hand owns a label; what we last applied is ours alone."""
    cluster = under_server_side_apply(_rolling())
    other = {
        "manager": "kubectl",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:metadata": {"f:labels": {"f:team": {}}}},
        "time": "2026-11-24T07:00:00Z",
    }
    for child in cluster.children.values():
        child["metadata"].setdefault("labels", {})["team"] = "blue"
        child["metadata"]["managedFields"].insert(0, other)
    result = answer(cluster)
    assert result.response.children == answer(_rolling()).response.children
    assert set(result.report.held) == {"manager-master", "manager-worker", "dashboard"}


def test_a_change_is_seen_under_server_side_apply() -> None:
    """A field that is no longer wanted changes the template, though what is observed holds it."""
    cluster = rested({"dashboard": BLUE, "manager": {"workers": BLUE}})
    other = under_server_side_apply(cluster)
    assert answer(other).report.held == {}
    other.edit(lambda spec: (spec.pop("dashboard"), spec.pop("manager")))
    result = answer(other)
    assert set(result.report.held) == {"dashboard"}
    annotations = template(result, WORKER)["metadata"]["annotations"]
    assert "team" not in annotations
    assert template(result, DASHBOARD)["metadata"]["annotations"]["team"] == "blue"
    assert changed_tiers(other, result) == [WORKER]
