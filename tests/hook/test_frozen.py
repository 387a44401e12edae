"""A refused spec: children as last applied, certificates renewed by time, nothing else moves."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from app.hook.sync import sync
from app.result import Manifest, Outcome, Result
from tests.cluster_builder import NAMES, ClusterBuilder, key_of
from tests.scenarios import at_rest
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
    condition,
    has_child,
    hashes,
    judged,
    rested,
    rolled_until_rest,
    sent_template,
    status,
    stored,
    template,
)

BLUE: Manifest = {"podAnnotations": {"team": "blue"}}
BAD: Manifest = {"indexer": {"javaOpts": "-Xms1g"}}


def _spoilt(cluster: ClusterBuilder) -> ClusterBuilder:
    cluster.edit(lambda spec: spec.update(copy.deepcopy(BAD)))
    return cluster


def _keys(result: Result) -> set[tuple[str, str, str]]:
    return {key_of(one) for one in result.response.children}


def test_every_observed_child_is_answered_as_last_applied() -> None:
    """No write at all: what runs, runs on."""
    cluster = _spoilt(rested())
    before = cluster.writes
    result = cluster.sync(sync)
    assert result.report.outcome is Outcome.FROZEN
    assert _keys(result) == set(cluster.children)
    assert cluster.writes == before + 1, "the status"
    cluster.sync(sync)
    assert cluster.writes == before + 1


def test_nothing_is_created_and_nothing_is_deleted() -> None:
    """Neither what the spec would want now nor what it would not."""
    cluster = rested({"manager": {"logRotation": {"enabled": True}}})
    cluster.remove("ConfigMap", "wz-dashboard-config")
    cluster.remove("Secret", NAMES.certs("admin"))
    cluster.edit(
        lambda spec: spec.update(copy.deepcopy(BAD), manager={"agentService": {"enabled": True}})
    )
    result = answer(cluster)
    assert _keys(result) == set(cluster.children)
    assert has_child(result, "CronJob", "wz-log-rotation")


def test_a_spec_refused_from_the_start_makes_nothing() -> None:
    """No identity, no certificate; the fault is told."""
    result = answer(_spoilt(ClusterBuilder()))
    assert result.response.children == ()
    assert result.report.reissues == ()
    assert status(result)["phase"] == "Failed"


def test_every_fault_is_named_with_its_path() -> None:
    """In Ready and in SpecValid."""
    cluster = rested()
    cluster.edit(
        lambda spec: spec.update(
            copy.deepcopy(BAD), manager={"master": {"extraConfig": "<cluster></cluster>"}}
        )
    )
    result = answer(cluster)
    assert judged(result, "Ready") == ("False", "ReconcileError")
    assert judged(result, "SpecValid") == ("False", "Invalid")
    for kind in ("Ready", "SpecValid"):
        text = condition(result, kind)["message"]
        assert text.startswith("spec.indexer.javaOpts: ")
        assert "; spec.manager.master.extraConfig: " in text


@pytest.mark.parametrize(
    "raw",
    [None, [], "text", 3, {"version": 4}, {"version": "5.0.0"}, {"version": "4.14.1", "x": {}}],
    ids=repr,
)
def test_whatever_stands_in_the_spec_keeps_what_runs(raw: Any) -> None:
    """Objects that went around the API server; an unknown field alone is only a warning."""
    cluster = rested()
    cluster.parent["spec"] = raw
    result = answer(cluster)
    assert _keys(result) == set(cluster.children)
    is_fine = isinstance(raw, dict) and "x" in raw
    assert status(result)["phase"] == ("Running" if is_fine else "Failed")


def test_edits_by_hand_are_put_back_and_secrets_are_not() -> None:
    """A key restored by hand must not be reverted."""
    cluster = _spoilt(rested())
    wanted = copy.deepcopy(cluster.child("ConfigMap", "wz-indexer-config")["data"])
    cluster.child("ConfigMap", "wz-indexer-config")["data"]["opensearch.yml"] = "by hand"
    restored = cluster.child("Secret", NAMES.cluster_key)["data"]
    restored["cluster-key"] = "cmVzdG9yZWQ="
    stored(cluster, WORKER)["spec"]["replicas"] = 7
    result = answer(cluster)
    assert child(result, "ConfigMap", "wz-indexer-config")["data"] == wanted
    assert child(result, "Secret", NAMES.cluster_key)["data"] == restored
    cluster.sync(sync)
    assert stored(cluster, WORKER)["spec"]["replicas"] == 2


def test_a_roll_that_was_under_way_goes_on_and_later_tiers_stay() -> None:
    """The template that was last applied is finished; nobody else takes anything."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(indexer=BLUE, dashboard=BLUE))
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=1, ready=2)
    _spoilt(cluster)
    for _ in range(2):
        assert changed_tiers(cluster, cluster.sync(sync)) == []
        cluster.settle()
    assert template(answer(cluster), INDEXER)["metadata"]["annotations"]["team"] == "blue"
    assert "team" not in template(answer(cluster), DASHBOARD)["metadata"]["annotations"]


# --- certificates -------------------------------------------------------------------------------
def test_leaves_are_renewed_by_time_and_tiers_roll_for_them() -> None:
    """C69: a typing error that nobody looks at for weeks must not let a cluster expire."""
    cluster = _spoilt(rested())
    cluster.sync(sync)
    names = {"indexer", "manager-master", "manager-worker", "dashboard", "filebeat", "admin"}
    old = {name: cluster.child("Secret", NAMES.certs(name))["data"] for name in names}
    templates = {name: sent_template(cluster, name) for name in TIERS}
    cluster.wait(days=341)
    result = cluster.sync(sync)
    assert {one.reason for one in result.report.reissues} == {"NearExpiry"}
    assert result.response.resync_after_seconds == 1
    assert changed_tiers(cluster, result) == []
    for name in names:
        assert cluster.child("Secret", NAMES.certs(name))["data"] != old[name]
    cluster.wait(seconds=30)
    assert answer(cluster).response.resync_after_seconds == 60
    cluster.wait(seconds=60)
    order = rolled_until_rest(cluster)
    assert order == [MASTER, WORKER, DASHBOARD]
    for name in order:
        now = copy.deepcopy(dict(sent_template(cluster, name)))
        assert hashes(now)[0] != hashes(templates[name])[0]
        now["metadata"]["annotations"]["wazuh.com/cert-hash"] = hashes(templates[name])[0]
        assert now == templates[name]
    assert status(answer(cluster))["phase"] == "Failed"


def test_a_roll_for_certificates_is_told_and_goes_tier_by_tier() -> None:
    """Later tiers are held behind it, as with a valid spec."""
    cluster = _spoilt(rested())
    cluster.wait(days=341)
    cluster.sync(sync)
    cluster.wait(seconds=AGED)
    result = cluster.sync(sync)
    assert set(result.report.held) == {"manager-worker", "dashboard"}
    assert judged(result, "Progressing") == ("True", "RollingOut")
    assert status(result)["rollout"] == {
        "tier": "manager-master",
        "reason": "CertificatesChanged",
    }
    assert result.response.resync_after_seconds == 10


def test_the_ca_is_renewed_too() -> None:
    """Two years with a refused spec, the hook alive all the time: nothing expires."""
    cluster = _spoilt(rested())
    cluster.sync(sync)
    reasons: list[str] = []
    ends = cluster.now
    cluster.wait(days=1)
    for _ in range(80):
        result = cluster.sync(sync)
        reasons += [one.reason for one in result.report.reissues if one.secret == NAMES.ca]
        assert not [
            one
            for one in status(result)["certificates"]
            if one["notAfter"] < cluster.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        ]
        cluster.settle()
        cluster.wait(days=10)
    assert reasons == ["CANearExpiry"]
    assert (cluster.now - ends).days > 730


def test_a_tier_whose_secret_is_gone_holds_no_renewal_of_later_tiers() -> None:
    """Nothing is made while the spec is refused, so it would hold them until they expire."""
    cluster = _spoilt(rested())
    cluster.remove("Secret", NAMES.cluster_key)
    cluster.wait(days=341)
    assert rolled_until_rest(cluster) == [DASHBOARD]


def test_a_lost_ca_holds_everything_and_is_told() -> None:
    """As with a valid spec."""
    cluster = _spoilt(rested())
    cluster.remove("Secret", NAMES.ca)
    cluster.wait(days=350)
    result = answer(cluster)
    assert changed_tiers(cluster, result) == []
    assert judged(result, "CertificatesReady") == ("False", "CASecretMissing")
    assert result.report.reissues == ()
    assert result.response.resync_after_seconds == 10


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"certConfig": {"organization": "Example"}}, id="subject"),
        pytest.param({"certConfig": {"validityDays": 10, "renewalThresholdDays": 3}}, id="shorter"),
        pytest.param({"certConfig": {"keyAlgorithm": "RSA-2048"}}, id="key"),
        pytest.param({"certConfig": {"extraSANs": {"indexer": ["idx.example"]}}}, id="names"),
        pytest.param({"hotReload": {"enabled": False}}, id="hot-reload"),
    ],
)
def test_nothing_is_done_that_needs_the_spec(change: Manifest) -> None:
    """Neither new names nor another key, however right that part of the spec is."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(copy.deepcopy(BAD), tls=change))
    before = cluster.writes
    cluster.sync(sync)
    assert cluster.writes == before + 1, "the status"
    assert changed_tiers(cluster, answer(cluster)) == []


# --- recovery -----------------------------------------------------------------------------------
SPOILS: dict[str, Manifest] = {
    "heap": BAD,
    "section": {"manager": {"master": {"extraConfig": "<cluster></cluster>"}}},
    "name": {"indexer": {"clusterName": "other"}},
    "schedule": {"manager": {"logRotation": {"enabled": True, "schedule": "x"}}},
    "version": {"version": "5.0.0"},
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_spec_that_is_put_right_again_ends_where_it_began(spoil: str) -> None:
    """A, bad, A is A: children and status, and nobody rolled."""
    cluster = rested({"indexer": {"replicas": 3}, "manager": {"workers": {"replicas": 2}}})
    spec, before = copy.deepcopy(cluster.parent["spec"]), answer(cluster)
    cluster.edit(lambda wish: wish.update(copy.deepcopy(SPOILS[spoil])))
    assert status(cluster.sync(sync))["phase"] == "Failed"
    cluster.wait(seconds=AGED)
    cluster.sync(sync)
    cluster.parent["spec"] = spec
    cluster.parent["metadata"]["generation"] += 1
    assert changed_tiers(cluster, answer(cluster)) == []
    at_rest(cluster)
    after = answer(cluster)
    assert after.response.children == before.response.children
    assert status(after)["phase"] == "Running"
    assert judged(after, "SpecValid") == ("True", "Valid")
    assert judged(after, "Ready") == ("True", "AllTiersReady")


def test_a_spec_that_is_put_right_in_the_middle_of_a_creation_goes_on() -> None:
    """What was there is taken up, nothing is generated twice."""
    cluster = ClusterBuilder()
    cluster.sync(sync)
    identity = {
        name: cluster.child("Secret", name)["data"]
        for name in (NAMES.ca, NAMES.cluster_key, NAMES.indexer_credentials)
    }
    spec = copy.deepcopy(cluster.parent["spec"])
    _spoilt(cluster)
    cluster.sync(sync)
    cluster.parent["spec"] = spec
    at_rest(cluster)
    assert status(answer(cluster))["phase"] == "Running"
    for name, data in identity.items():
        assert cluster.child("Secret", name)["data"] == data
