"""Hashes that may not move yet: while a Secret is written, and until it has reached every node."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.hook.sync import sync
from app.names import DATA_WRITTEN
from app.result import Result
from tests.cluster_builder import NAMES, ClusterBuilder, rfc3339, seeded_entropy
from tests.scenarios import KEY_REFERENCE, base64_of
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
    hashes,
    judged,
    rested,
    rolled_until_rest,
    sent_template,
    status,
    template,
)

WAITS = "waits until its Secrets have reached every node"


def _renewing() -> ClusterBuilder:
    """A quiet cluster whose leaves are all due."""
    cluster = rested()
    cluster.wait(days=341)
    return cluster


def _renewed() -> ClusterBuilder:
    """The same after the call that wrote them."""
    cluster = _renewing()
    result = cluster.sync(sync)
    assert {one.reason for one in result.report.reissues} == {"NearExpiry"}
    return cluster


def test_the_call_that_rewrites_keeps_every_annotation() -> None:
    """One change, one roll: a hash is never computed from what this call makes."""
    cluster = _renewing()
    result = answer(cluster)
    assert changed_tiers(cluster, result) == []
    assert result.response.resync_after_seconds == 1


def test_templates_wait_until_the_leaves_have_reached_every_node() -> None:
    """90 s, and the sync asks for that very moment; all is ready meanwhile."""
    cluster = _renewed()
    cluster.wait(seconds=10)
    result = cluster.sync(sync)
    assert changed_tiers(cluster, result) == []
    assert result.response.resync_after_seconds == 80
    assert judged(result, "Ready") == ("True", "AllTiersReady")
    assert judged(result, "Progressing") == ("True", "RollingOut")
    assert f"manager-master: {WAITS}" in condition(result, "Progressing")["message"]
    cluster.wait(seconds=79)
    result = answer(cluster)
    assert changed_tiers(cluster, result) == []
    assert result.response.resync_after_seconds == 1
    cluster.wait(seconds=1)
    assert changed_tiers(cluster, answer(cluster)) == [MASTER]


def test_a_renewed_leaf_rolls_no_indexer_that_reloads_it() -> None:
    """OpenSearch 2.19.1 and later, with hot reload on; every other tier rolls once, in order."""
    assert rolled_until_rest(_renewing()) == [MASTER, WORKER, DASHBOARD]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"version": "4.11.2"}, id="too-old-to-reload"),
        pytest.param({"tls": {"hotReload": {"enabled": False}}}, id="switched-off"),
    ],
)
def test_a_renewed_leaf_rolls_indexers_that_do_not_reload(spec: dict[str, object]) -> None:
    """Then the indexers go first."""
    cluster = rested(spec)
    cluster.wait(days=341)
    assert rolled_until_rest(cluster) == list(TIERS)


def test_a_renewed_ca_rolls_each_tier_once() -> None:
    """Same key and name, a new certificate in every bundle."""
    cluster = rested()
    cluster.wait(days=300)
    rolled_until_rest(cluster)
    cluster.wait(days=390)
    order = rolled_until_rest(cluster)
    assert order == list(TIERS)


def test_a_leaf_that_is_deleted_by_hand_rolls_its_tier_once() -> None:
    """It is reissued by the same CA."""
    cluster = rested()
    cluster.remove("Secret", NAMES.certs("dashboard"))
    assert rolled_until_rest(cluster) == [DASHBOARD]


def test_a_secret_that_two_tiers_mount_rolls_both() -> None:
    """Filebeat's leaf lies in master and workers."""
    cluster = rested()
    cluster.remove("Secret", NAMES.certs("filebeat"))
    assert rolled_until_rest(cluster) == [MASTER, WORKER]


def test_a_tier_that_waits_has_not_passed() -> None:
    """A change of a later tier is held behind it, as behind a roll."""
    cluster = _renewed()
    cluster.wait(seconds=10)
    cluster.edit(lambda spec: spec.update(dashboard={"podAnnotations": {"team": "blue"}}))
    result = answer(cluster)
    assert result.report.held == {
        "dashboard": f"waits for manager-master ({WAITS}); spec.rollout.update: Parallel lifts it"
    }
    assert result.response.resync_after_seconds == 10


def test_the_security_files_of_the_first_start_enter_no_hash() -> None:
    """They are read once; what is in them rolls nobody."""
    cluster = rested()
    secret = cluster.child("Secret", NAMES.indexer_security)
    secret["data"]["roles.yml"] = base64_of("{}")
    assert rolled_until_rest(cluster) == []


def test_a_change_of_configuration_rolls_together_with_young_certificates() -> None:
    """One hash would roll the tier now, the other once more a minute later."""
    cluster = rested()
    cluster.remove("Secret", NAMES.certs("manager-master"))
    cluster.sync(sync)
    cluster.wait(seconds=5)
    old = hashes(sent_template(cluster, MASTER))
    config = {"global": {"emailMaxPerHour": 99}}
    cluster.edit(lambda spec: spec.update(manager={"config": config}))
    result = answer(cluster)
    assert hashes(template(result, MASTER)) == old
    assert status(result)["manager"]["master"]["message"] == WAITS
    cluster.wait(seconds=AGED)
    found = hashes(template(answer(cluster), MASTER))
    assert found[0] != old[0]
    assert found[1] != old[1]


# --- a template that reads another Secret than before -------------------------------------------
def _takes_a_young_key() -> ClusterBuilder:
    """A quiet cluster that is told to read a cluster key which was written 30 s ago."""
    cluster = rested()
    cluster.wait(days=1)
    cluster.add_user_secret("my-key", {"key": base64_of("0123456789abcdef0123456789ABCDEF")})
    metadata = cluster.related["v1", "Secret", "my-key"]["metadata"]
    metadata["managedFields"] = [{"time": rfc3339(cluster.now - timedelta(seconds=30))}]
    cluster.edit(lambda spec: spec.update(KEY_REFERENCE))
    return cluster


def test_a_reference_to_a_young_secret_waits_with_the_hash_of_its_value() -> None:
    """Else the reference would roll the tier now, and the hash once more a minute later."""
    cluster = _takes_a_young_key()
    result = answer(cluster)
    assert changed_tiers(cluster, result) == []
    assert result.response.resync_after_seconds == 10, "the workers are held behind the master"
    assert status(result)["manager"]["master"]["message"] == WAITS
    assert judged(result, "Ready") == ("True", "AllTiersReady")
    cluster.wait(seconds=60)
    assert changed_tiers(cluster, answer(cluster)) == [MASTER]


def test_a_new_reference_rolls_each_tier_once() -> None:
    """However young the Secret was."""
    cluster = _takes_a_young_key()
    order: list[str] = []
    for _ in range(30):
        order += changed_tiers(cluster, answer(cluster, cluster.calls + 1))
        cluster.sync(sync)
        cluster.settle()
        cluster.wait(seconds=10)
    assert order == [MASTER, WORKER]


def test_configuration_waits_with_the_template_that_reads_a_young_secret() -> None:
    """A pod that restarts meanwhile must not ask for a password that it does not mount."""
    cluster = rested()
    before = child(answer(cluster), "ConfigMap", "wz-manager-master-config")
    cluster.edit(lambda spec: spec.update(manager={"config": {"auth": {"usePassword": True}}}))
    cluster.sync(sync)
    cluster.wait(seconds=30)
    result = cluster.sync(sync)
    assert child(result, "ConfigMap", "wz-manager-master-config") == before
    cluster.wait(seconds=60)
    result = cluster.sync(sync)
    assert child(result, "ConfigMap", "wz-manager-master-config") != before


def test_another_change_of_the_pods_rolls_together_with_the_hash_of_a_young_secret() -> None:
    """Whatever the change: it waits for at most 90 seconds, and the tier rolls once."""
    cluster = _renewed()
    cluster.wait(seconds=10)
    blue = {"podAnnotations": {"team": "blue"}}
    cluster.edit(lambda spec: spec.update(manager={"master": blue}))
    old = sent_template(cluster, MASTER)
    assert template(answer(cluster), MASTER) == old
    cluster.wait(seconds=AGED)
    found = template(answer(cluster), MASTER)
    assert found["metadata"]["annotations"]["team"] == "blue"
    assert hashes(found) != hashes(old)


# --- clocks -------------------------------------------------------------------------------------
@pytest.mark.parametrize("ahead", [-60, 60], ids=["behind", "ahead"])
def test_two_replicas_whose_clocks_differ_by_a_minute_never_undo_each_other(ahead: int) -> None:
    """They answer in turn through a renewal: each Secret is written once, each tier rolls once."""
    cluster = _renewing()
    order: list[str] = []
    written: list[str] = []
    for turn in range(40):
        before = {name: sent_template(cluster, name) for name in TIERS}
        result = _ask(cluster, ahead if turn % 2 else 0)
        order += [name for name in TIERS if sent_template(cluster, name) != before[name]]
        written += [one.secret for one in result.report.reissues]
        cluster.settle()
        cluster.wait(seconds=10)
    assert order == [MASTER, WORKER, DASHBOARD]
    leaves = ("admin", "dashboard", "filebeat", "indexer", "manager-master", "manager-worker")
    assert sorted(written) == [NAMES.certs(leaf) for leaf in leaves]


def _ask(cluster: ClusterBuilder, ahead: int) -> Result:
    """One answer of a replica whose clock is ``ahead`` seconds ahead, stored."""
    cluster.calls += 1
    moment = cluster.now + timedelta(seconds=ahead)
    entropy = seeded_entropy(cluster.calls)
    result = sync(cluster.request(), now=moment, entropy=entropy)
    cluster.apply(result.response.on_wire())
    return result


@pytest.mark.parametrize("time", ["", "yesterday", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
def test_a_time_of_nonsense_counts_as_old_enough(time: str) -> None:
    """Nobody waits for a moment that never comes."""
    cluster = _renewed()
    for leaf in ("manager-master", "filebeat"):
        metadata = cluster.child("Secret", NAMES.certs(leaf))["metadata"]
        metadata["annotations"][DATA_WRITTEN] = time
    assert changed_tiers(cluster, answer(cluster)) == [MASTER]


def test_the_youngest_secret_of_a_tier_decides() -> None:
    """The due moment of two that were written apart."""
    cluster = _renewed()
    cluster.wait(seconds=50)
    metadata = cluster.child("Secret", NAMES.certs("filebeat"))["metadata"]
    metadata["annotations"][DATA_WRITTEN] = rfc3339(cluster.now - timedelta(seconds=20))
    result = answer(cluster)
    assert status(result)["manager"]["master"]["message"] == WAITS
    cluster.wait(seconds=41)
    assert changed_tiers(cluster, answer(cluster)) == []
    cluster.wait(seconds=29)
    assert changed_tiers(cluster, answer(cluster)) == [MASTER]


def test_nothing_is_due_on_a_quiet_cluster() -> None:
    """Twelve hours at most, nothing rests on the periodic sync."""
    cluster = rested()
    cluster.wait(seconds=AGED)
    assert answer(cluster).response.resync_after_seconds == 43_200
    assert INDEXER not in changed_tiers(cluster, answer(cluster))
