"""Secrets and ConfigMaps that nobody asks for any more stay as long as pods may read them."""

from __future__ import annotations

import copy

import pytest

from app.hook.sync import sync
from tests.cluster_builder import NAMES, ClusterBuilder, seeded_entropy
from tests.scenarios import KEY_REFERENCE, at_rest, base64_of
from tests.steps import (
    INDEXER,
    MASTER,
    WORKER,
    answer,
    child,
    has_child,
    judged,
    rested,
    rolled_until_rest,
    status,
)

KEY = {"key": base64_of("0123456789abcdef0123456789ABCDEF")}


def _with_own_key() -> ClusterBuilder:
    """A cluster with a generated key that is told to use the user's."""
    cluster = rested()
    cluster.add_user_secret("my-key", KEY)
    cluster.edit(lambda spec: spec.update(KEY_REFERENCE))
    return cluster


def test_a_generated_key_stays_until_every_manager_has_the_users() -> None:
    """Pods of the former template would not start again without it; then it goes."""
    cluster = _with_own_key()
    before = child(answer(rested()), "Secret", NAMES.cluster_key)
    for name in (MASTER, WORKER):
        result = cluster.sync(sync)
        assert child(result, "Secret", NAMES.cluster_key) == before
        cluster.roll(name, updated=0, ready=1)
        assert has_child(answer(cluster), "Secret", NAMES.cluster_key), f"{name} rolls"
        cluster.settle(name)
    result = cluster.sync(sync)
    assert not has_child(result, "Secret", NAMES.cluster_key)
    assert judged(result, "SpecValid") == ("True", "Valid")
    assert rolled_until_rest(cluster) == []


def test_a_generated_key_stays_beside_a_broken_tier() -> None:
    """A tier that has not passed may have pods of former templates."""
    cluster = _with_own_key()
    cluster.sync(sync)
    cluster.settle(MASTER)
    cluster.sync(sync)
    cluster.roll(WORKER, updated=1, ready=0)
    for _ in range(3):
        assert has_child(cluster.sync(sync), "Secret", NAMES.cluster_key)


@pytest.mark.parametrize("name", [MASTER, WORKER])
def test_a_generated_key_stays_while_a_workload_that_may_read_it_is_not_shown(name: str) -> None:
    """An informer that lags is no proof that nobody reads it."""
    cluster = _with_own_key()
    request = cluster.request(unseen=[("apps/v1", "StatefulSet", name)])
    del request["related"]["Secret.v1"]["security/my-key"]
    result = sync(request, now=cluster.now, entropy=seeded_entropy(0))
    assert has_child(result, "Secret", NAMES.cluster_key)


def test_a_reference_removed_from_a_living_cluster_generates_a_key() -> None:
    """None was ever lost, so nothing is held for; managers roll onto it one after another."""
    cluster = ClusterBuilder(KEY_REFERENCE)
    cluster.add_user_secret("my-key", KEY)
    at_rest(cluster)
    assert not has_child(answer(cluster), "Secret", NAMES.cluster_key)
    cluster.edit(lambda spec: spec.pop("manager"))
    result = answer(cluster)
    assert has_child(result, "Secret", NAMES.cluster_key)
    assert judged(result, "Degraded") == ("False", "AsExpected")
    assert [(one.secret, one.reason) for one in result.report.reissues] == [
        (NAMES.cluster_key, "Missing")
    ]
    assert rolled_until_rest(cluster) == [MASTER, WORKER]
    assert status(answer(cluster))["phase"] == "Running"


def test_a_reference_taken_back_before_the_roll_was_through_keeps_the_key() -> None:
    """The generated key was still there: it is used again, byte for byte."""
    cluster = _with_own_key()
    key = copy.deepcopy(cluster.child("Secret", NAMES.cluster_key)["data"])
    cluster.sync(sync)
    cluster.roll(MASTER, updated=1, ready=1)
    cluster.edit(lambda spec: spec.pop("manager"))
    at_rest(cluster)
    assert cluster.child("Secret", NAMES.cluster_key)["data"] == key


def test_an_enrolment_password_that_is_switched_off_goes_after_the_roll() -> None:
    """As long as a template refers to it, it stays."""
    auth = {"manager": {"config": {"auth": {"usePassword": True}}}}
    cluster = rested(auth)
    assert has_child(answer(cluster), "Secret", NAMES.authd_password)
    cluster.edit(lambda spec: spec.pop("manager"))
    assert has_child(cluster.sync(sync), "Secret", NAMES.authd_password)
    cluster.settle(MASTER)
    assert has_child(cluster.sync(sync), "Secret", NAMES.authd_password), "the workers roll"
    cluster.settle(WORKER)
    assert not has_child(cluster.sync(sync), "Secret", NAMES.authd_password)


def test_an_enrolment_password_that_is_switched_on_is_generated_in_a_living_cluster() -> None:
    """A living cluster that starts to want one never had it."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(manager={"config": {"auth": {"usePassword": True}}}))
    assert has_child(cluster.sync(sync), "Secret", NAMES.authd_password)
    assert rolled_until_rest(cluster) == [MASTER, WORKER]


def test_a_child_of_another_kind_goes_at_once() -> None:
    """Log rotation off: its four objects are asked for by nobody."""
    cluster = rested({"manager": {"logRotation": {"enabled": True}}})
    cluster.edit(lambda spec: spec.pop("manager"))
    cluster.edit(lambda spec: spec.update(indexer={"podAnnotations": {"team": "blue"}}))
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=1, ready=2)
    names = {one["metadata"]["name"] for one in answer(cluster).response.children}
    assert "wz-log-rotation" not in names


def test_the_secrets_of_a_disabled_dashboard_stay() -> None:
    """Its Deployment, and nothing else of the cluster, goes and comes back."""
    cluster = rested()
    before = {one["metadata"]["name"] for one in answer(cluster).response.children}
    kinds = [one["kind"] for one in answer(cluster).response.children]
    cluster.edit(lambda spec: spec.update(dashboard={"enabled": False}))
    at_rest(cluster)
    result = answer(cluster)
    assert {one["metadata"]["name"] for one in result.response.children} == before
    left = [one["kind"] for one in result.response.children]
    assert sorted(kinds) == sorted([*left, "Deployment"])
    cluster.edit(lambda spec: spec.pop("dashboard"))
    at_rest(cluster)
    assert sorted(one["kind"] for one in answer(cluster).response.children) == sorted(kinds)


def test_a_secret_of_ours_that_nobody_knows_goes_when_nothing_rolls() -> None:
    """What a former hook made and no template reads is removed, but not during a roll."""
    cluster = rested()
    former = copy.deepcopy(cluster.child("Secret", NAMES.cluster_key))
    former["metadata"]["name"] = "wz-former"
    cluster.children["v1", "Secret", "wz-former"] = former
    assert not has_child(answer(cluster), "Secret", "wz-former")
    cluster.edit(lambda spec: spec.update(indexer={"podAnnotations": {"team": "blue"}}))
    cluster.sync(sync)
    cluster.children["v1", "Secret", "wz-former"] = former
    cluster.roll(INDEXER, updated=1, ready=2)
    kept = child(answer(cluster), "Secret", "wz-former")
    assert kept["data"] == former["data"]
