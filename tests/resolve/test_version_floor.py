"""Below which version the data of a cluster cannot go, and how an upgrade is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from app.hook.sync import sync
from app.names import LABEL_VERSION
from app.resolve.held_fields import version_floor
from tests.cluster_builder import ClusterBuilder
from tests.scenarios import at_rest, steady
from tests.steps import (
    INDEXER,
    TIERS,
    answer,
    asked,
    condition,
    judged,
    status,
    template,
    version,
)

OLD, NEW = "4.13.1", "4.14.1"
HELD = ("False", "DowngradeRefused")


def _indexer(cluster: ClusterBuilder, of_version: str, **found: int) -> None:
    """Indexers on a template of ``of_version``, with these numbers in their status."""
    workload = cluster.child("StatefulSet", INDEXER)
    workload["spec"]["template"]["metadata"]["labels"][LABEL_VERSION] = of_version
    workload["metadata"]["generation"] = found.pop("generation", 2)
    workload["status"].update({"observedGeneration": 2, "replicas": 3, **found})


@pytest.mark.parametrize(
    ("reached", "sent", "found", "floor"),
    [
        pytest.param(OLD, OLD, {"updatedReplicas": 3, "readyReplicas": 3}, OLD, id="at-rest"),
        pytest.param(OLD, NEW, {"updatedReplicas": 0, "readyReplicas": 3}, OLD, id="just-sent"),
        pytest.param(
            OLD, NEW, {"updatedReplicas": 1, "readyReplicas": 2}, OLD, id="first-pod-never-ready"
        ),
        pytest.param(
            OLD, NEW, {"updatedReplicas": 1, "readyReplicas": 3}, NEW, id="first-pod-is-ready"
        ),
        pytest.param(
            OLD, NEW, {"updatedReplicas": 2, "readyReplicas": 2}, NEW, id="first-ready-second-not"
        ),
        pytest.param(
            OLD, NEW, {"updatedReplicas": 3, "readyReplicas": 0}, OLD, id="all-new-none-ready"
        ),
        pytest.param(
            OLD,
            NEW,
            {"updatedReplicas": 3, "readyReplicas": 3, "generation": 3},
            OLD,
            id="the-numbers-are-those-of-the-template-before",
        ),
        pytest.param(
            NEW, OLD, {"updatedReplicas": 3, "readyReplicas": 3}, NEW, id="status-is-higher"
        ),
        pytest.param(
            None, NEW, {"updatedReplicas": 3, "readyReplicas": 0}, None, id="never-started"
        ),
        pytest.param(
            None, NEW, {"updatedReplicas": 3, "readyReplicas": 1}, NEW, id="first-start-half-way"
        ),
        pytest.param(
            "no version", OLD, {"updatedReplicas": 0, "readyReplicas": 0}, None, id="no-version"
        ),
    ],
)
def test_the_floor_is_what_the_data_has_seen(
    reached: str | None, sent: str, found: dict[str, int], floor: str | None
) -> None:
    """The higher of the version all tiers ran and that of an indexer pod that got ready."""
    cluster = steady("4.13")
    cluster.parent["status"]["version"] = reached
    _indexer(cluster, sent, **found)
    known = version_floor(asked(cluster))
    assert (None if known is None else str(known)) == floor


def test_a_cluster_without_indexers_has_no_floor_but_its_status() -> None:
    """Nothing is there: the status alone tells."""
    assert version_floor(asked(ClusterBuilder())) is None
    cluster = steady("4.13")
    cluster.remove("StatefulSet", INDEXER)
    assert str(version_floor(asked(cluster))) == OLD


def _upgrading() -> ClusterBuilder:
    """A cluster of 4.13.1 whose indexers were just sent 4.14.1."""
    cluster = steady("4.13")
    cluster.edit(lambda spec: spec.update(version=NEW))
    cluster.sync(sync)
    return cluster


def test_a_downgrade_is_refused_and_the_rest_of_the_edit_applied() -> None:
    """Every tier stays at the version it has; more workers come all the same."""
    cluster = steady()
    cluster.edit(lambda spec: spec.update(version=OLD, manager={"workers": {"replicas": 4}}))
    result = answer(cluster)
    assert judged(result, "SpecValid") == HELD
    assert condition(result, "SpecValid")["message"] == (
        "spec.version: Wazuh cannot go from 4.14.1 back to 4.13.1; the cluster stays at 4.14.1."
        " An older OpenSearch does not open newer data"
    )
    assert [version(template(result, name)) for name in TIERS] == [NEW] * 4
    [workers] = [
        one
        for one in result.response.children
        if (one["kind"], one["metadata"]["name"]) == ("StatefulSet", "wz-manager-worker")
    ]
    assert workers["spec"]["replicas"] == 4
    assert status(result)["phase"] == "Updating"


@pytest.mark.parametrize("is_seen", [False, True], ids=["unseen", "seen"])
def test_an_upgrade_may_be_taken_back_before_a_newer_pod_was_ready(*, is_seen: bool) -> None:
    """An image that does not exist breaks the first pod of the first tier and nothing else."""
    cluster = _upgrading()
    if is_seen:
        cluster.roll(INDEXER, updated=1, ready=2)
    cluster.edit(lambda spec: spec.update(version=OLD))
    result = cluster.sync(sync)
    assert [version(template(result, name)) for name in TIERS] == [OLD] * 4
    assert judged(result, "SpecValid") == ("True", "ValidWithWarnings")
    assert "may refuse its data" in condition(result, "SpecValid")["message"]
    cluster.roll(INDEXER, updated=1, ready=2)
    assert judged(answer(cluster), "SpecValid") == ("True", "ValidWithWarnings")
    at_rest(cluster)
    assert judged(answer(cluster), "SpecValid") == ("True", "Valid")
    assert status(answer(cluster))["phase"] == "Running"


def test_an_upgrade_cannot_be_taken_back_once_a_newer_pod_was_ready() -> None:
    """The first indexer has written data of the newer version."""
    cluster = _upgrading()
    cluster.roll(INDEXER, updated=1, ready=3)
    cluster.edit(lambda spec: spec.update(version=OLD))
    result = answer(cluster)
    assert judged(result, "SpecValid") == HELD
    assert version(template(result, INDEXER)) == NEW


def test_an_ordinary_roll_warns_of_nothing() -> None:
    """Neither an upgrade nor a change of configuration is an upgrade taken back."""
    cluster = _upgrading()
    cluster.roll(INDEXER, updated=1, ready=2)
    assert judged(answer(cluster), "SpecValid") == ("True", "Valid")
    other: dict[str, Any] = {"podAnnotations": {"team": "blue"}}
    cluster = steady()
    cluster.edit(lambda spec: spec.update(indexer=other))
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=1, ready=2)
    assert judged(answer(cluster), "SpecValid") == ("True", "Valid")
