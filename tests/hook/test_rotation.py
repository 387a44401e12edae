"""A rotation of the CA as whole calls of the hook; rows of the acceptance table by their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from app.certificates.leaves import TIER_LEAVES
from app.certificates.observation import NEXT_CERT, PREVIOUS_CERT
from app.hook.sync import sync
from app.names import CA_CERT, CA_KEY, RENEW_CERTIFICATES, ROTATE_CA
from app.result import Result
from tests.cluster_builder import NAMES, ClusterBuilder
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
    has_child,
    judged,
    rested,
    settled_step,
    stored,
)

FILEBEAT: Final = NAMES.certs("filebeat")
STEPS: Final = 60


def reasons(result: Result) -> set[str]:
    """Why Secrets are written."""
    return {str(one.reason) for one in result.report.reissues}


def rotating(spec: dict[str, Any] | None = None) -> ClusterBuilder:
    """A quiet cluster that is told to rotate its CA."""
    cluster = rested(spec)
    cluster.annotate(rotate_ca="today")
    return cluster


def until(cluster: ClusterBuilder, reason: str) -> Result:
    """Steps until the next answer would write for ``reason``; that answer, not stored."""
    for _ in range(STEPS):
        result = answer(cluster)
        if reason in reasons(result):
            return result
        settled_step(cluster, seconds=30)
    raise AssertionError(f"no {reason} in {STEPS} steps")


@pytest.mark.parametrize(
    ("count", "row"),
    [pytest.param((5, 4), "C31", id="C31 more"), pytest.param((3, 1), "C32", id="C32 fewer")],
)
def test_c31_and_c32_scaling_neither_reissues_nor_rolls(count: tuple[int, int], row: str) -> None:
    """The names of a leaf never depend on the number of pods."""
    indexers, workers = count
    cluster = rested({"manager": {"workers": {"replicas": 3}}})
    cluster.edit(
        lambda spec: spec.update(
            indexer={"replicas": indexers}, manager={"workers": {"replicas": workers}}
        )
    )
    result = answer(cluster)
    assert result.report.reissues == (), row
    assert changed_tiers(cluster, result) == []
    assert child(result, "StatefulSet", WORKER)["spec"]["replicas"] == workers


def test_a_rotation_rolls_each_tier_twice_in_order_and_ends_with_the_new_ca_alone() -> None:
    """Trust, then the new leaves; pruning rolls nothing."""
    cluster = rotating()
    rolled: list[str] = []
    for _ in range(STEPS):
        result = answer(cluster)
        rolled += changed_tiers(cluster, result)
        settled_step(cluster, seconds=30)
    assert rolled == [*TIERS, *TIERS]
    data = cluster.child("Secret", NAMES.ca)["data"]
    assert set(data) == {CA_CERT, CA_KEY}
    for leaf in {name for leaves in TIER_LEAVES.values() for name in leaves}:
        assert cluster.child("Secret", NAMES.certs(leaf))["data"][CA_CERT] == data[CA_CERT]


def test_c44_a_pod_that_is_still_terminating_holds_no_stage() -> None:
    """Its successor is ready, and that is what counts."""
    cluster = rotating()
    until(cluster, "CAPromoted")
    stored(cluster, DASHBOARD)["status"]["terminatingReplicas"] = 1
    assert "CAPromoted" in reasons(answer(cluster))


@pytest.mark.parametrize("name", TIERS)
def test_c49_a_workload_that_lacks_a_pod_holds_the_stage(name: str) -> None:
    """Whichever it is."""
    cluster = rotating()
    until(cluster, "CAPromoted")
    stored(cluster, name)["status"]["readyReplicas"] = 0
    result = answer(cluster)
    assert reasons(result) == set()
    assert judged(result, "CertificatesReady") == ("True", "Valid")


def test_c63_a_refused_bundle_holds_the_templates_of_every_tier_that_mounts_it() -> None:
    """Both of the managers must have it and be 90 s old; then one roll, after the indexers."""
    cluster = rotating()
    until(cluster, "BundleChanged")
    before = cluster.child("Secret", FILEBEAT)
    _refused(cluster, lambda: cluster.sync(sync), before)
    rolled: list[str] = []
    for _ in range(8):
        rolled += changed_tiers(cluster, answer(cluster))
        _refused(cluster, lambda: settled_step(cluster, seconds=60), before)
    assert MASTER not in rolled
    assert WORKER not in rolled
    assert rolled.count(INDEXER) == 1
    for _ in range(8):
        rolled += changed_tiers(cluster, answer(cluster))
        settled_step(cluster, seconds=60)
        if "CAPromoted" in reasons(answer(cluster)):
            break
    assert rolled.count(MASTER) == rolled.count(WORKER) == rolled.count(INDEXER) == 1
    assert rolled.index(INDEXER) < rolled.index(MASTER) < rolled.index(WORKER)


def _refused(cluster: ClusterBuilder, step: Callable[[], object], secret: dict[str, Any]) -> None:
    """A step in which the write of one Secret fails."""
    step()
    cluster.children["v1", "Secret", secret["metadata"]["name"]] = secret


def test_c72_without_a_dashboard_a_rotation_waits_for_none() -> None:
    """Its kept Secret takes every bundle like the others."""
    cluster = rotating({"dashboard": {"enabled": False}})
    assert not has_child(answer(cluster), "Deployment", DASHBOARD)
    until(cluster, "CAPromoted")
    until(cluster, "CAPruned")
    for _ in range(4):
        settled_step(cluster)
    ca = cluster.child("Secret", NAMES.ca)["data"]
    assert {NEXT_CERT, PREVIOUS_CERT}.isdisjoint(ca)
    assert cluster.child("Secret", NAMES.certs("dashboard"))["data"][CA_CERT] == ca[CA_CERT]


def test_c60_secrets_restored_without_our_label_are_waited_for() -> None:
    """A WazuhCluster in another namespace has another uid; nothing is made over what is there."""
    former = rested()
    cluster = ClusterBuilder()
    for (_, kind, name), manifest in former.children.items():
        if kind == "Secret":
            cluster.add_user_secret(name, manifest["data"])
    for _ in range(3):
        result = cluster.sync(sync)
        made = {
            one["metadata"]["name"] for one in result.response.children if one["kind"] == "Secret"
        }
        assert made.isdisjoint({NAMES.ca, *NAMES.identity_secrets})
        cluster.wait(seconds=AGED)
    assert judged(result, "CertificatesReady") == ("False", "CASecretMissing")
    message = next(
        one["message"]
        for one in result.response.status["conditions"]  # type: ignore[index]  # a status is JSON
        if one["type"] == "CertificatesReady"
    )
    assert "label it: kubectl" in message
    assert not any(one["kind"] == "StatefulSet" for one in result.response.children)


def test_the_stage_is_told_while_a_rotation_is_under_way() -> None:
    """In the status, and in the condition with what it waits for."""
    cluster = rotating()
    stages = []
    for _ in range(STEPS):
        result = answer(cluster)
        found = result.response.status or {}
        stages.append(found["certificateAuthority"]["stage"])
        settled_step(cluster, seconds=30)
    order = list(dict.fromkeys(stages))
    assert order in (
        ["Steady", "Trust", "Reissue", "Prune"],
        ["Steady", "Trust", "Reissue"],
    ), "and back to Steady"
    assert stages[-1] == "Steady"


def test_each_value_that_was_acted_upon_is_told() -> None:
    """Once what it asks for is stored, and only then."""
    cluster = rotating()
    assert "requests" not in (answer(cluster).response.status or {})
    settled_step(cluster)
    assert (answer(cluster).response.status or {})["requests"] == {ROTATE_CA: "today"}
    cluster = rested()
    cluster.annotate(renew_certificates="monday")
    settled_step(cluster)
    assert (answer(cluster).response.status or {})["requests"] == {RENEW_CERTIFICATES: "monday"}
