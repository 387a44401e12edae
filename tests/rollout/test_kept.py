"""Tiers that are kept: a Secret is lost or awaited, the CA is lost, a newer hook wrote them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from app.hook.sync import sync
from app.names import CERT_HASH, RENDERER
from app.result import Manifest, Result
from app.rollout.renderer import newer_renderer
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.scenarios import KEY_REFERENCE, at_rest, base64_of
from tests.steps import (
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
    judged,
    rested,
    sent_template,
    status,
    stored,
    template,
    workload,
)

BLUE: Manifest = {"podAnnotations": {"team": "blue"}}
ALL_BLUE: Manifest = {
    "indexer": BLUE,
    "manager": {"master": BLUE, "workers": BLUE},
    "dashboard": BLUE,
}


def _blue(result: Result) -> list[str]:
    return [
        name
        for name in TIERS
        if template(result, name)["metadata"]["annotations"].get("team") == "blue"
    ]


def _taken_in_order(cluster: ClusterBuilder) -> list[str]:
    """Who takes a change of all tiers in the end, with every pod ready at once."""
    cluster.edit(lambda spec: spec.update(ALL_BLUE))
    for _ in range(len(TIERS) + 1):
        cluster.sync(sync)
        cluster.settle()
    return _blue(answer(cluster))


@pytest.mark.parametrize(
    ("lost", "taken"),
    [
        pytest.param(NAMES.cluster_key, [INDEXER, DASHBOARD], id="cluster-key"),
        pytest.param(NAMES.api_credentials, [INDEXER, DASHBOARD], id="api-credentials"),
        pytest.param(NAMES.indexer_credentials, [INDEXER, DASHBOARD], id="indexer-credentials"),
        pytest.param(
            NAMES.dashboard_credentials, [INDEXER, MASTER, WORKER], id="dashboard-credentials"
        ),
    ],
)
def test_a_lost_identity_secret_keeps_those_who_read_it_and_holds_nobody(
    lost: str, taken: list[str]
) -> None:
    """Everything else goes on; what to do stands in the condition."""
    cluster = rested()
    before = {name: sent_template(cluster, name) for name in TIERS}
    cluster.remove("Secret", lost)
    assert _taken_in_order(cluster) == taken
    result = answer(cluster)
    for name in TIERS:
        if name not in taken:
            assert template(result, name) == before[name]
    assert not has_child(result, "Secret", lost)
    assert judged(result, "Degraded") == ("True", "IdentitySecretMissing")
    assert f"Secret {lost} is missing" in condition(result, "Degraded")["message"]
    assert result.response.resync_after_seconds == 10


def test_a_kept_tier_keeps_its_config_map_and_gets_no_more_pods() -> None:
    """New pods could not start; fewer are possible."""
    cluster = rested()
    config = child(answer(cluster), "ConfigMap", "wz-manager-worker-config")
    cluster.remove("Secret", NAMES.cluster_key)
    extra = "<syscheck><disabled>no</disabled></syscheck>"
    for wished, sent in ((5, 2), (1, 1)):
        manager = {"workers": {"replicas": wished, "extraConfig": extra}}
        cluster.edit(partial(dict.update, manager=manager))
        result = answer(cluster)
        assert workload(result, WORKER)["spec"]["replicas"] == sent
        assert child(result, "ConfigMap", "wz-manager-worker-config") == config


def test_a_lost_secret_that_comes_back_ends_it() -> None:
    """The tiers take what they missed, in order."""
    cluster = rested()
    secret = cluster.child("Secret", NAMES.cluster_key)
    cluster.remove("Secret", NAMES.cluster_key)
    _taken_in_order(cluster)
    cluster.children["v1", "Secret", NAMES.cluster_key] = secret
    at_rest(cluster)
    assert _blue(answer(cluster)) == list(TIERS)
    assert judged(answer(cluster), "Degraded") == ("False", "AsExpected")


def test_a_wish_for_a_secret_of_the_user_that_is_not_there_keeps_the_tiers() -> None:
    """The running key is read on; the dashboard is not held."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(manager=KEY_REFERENCE["manager"], dashboard=BLUE))
    result = answer(cluster)
    assert changed_tiers(cluster, result) == [DASHBOARD]
    assert has_child(result, "Secret", NAMES.cluster_key)
    assert judged(result, "SpecValid") == ("False", "SecretNotFound")
    found = status(result)["manager"]["master"]
    assert (found["phase"], found["message"]) == ("Running", "waits for Secret my-key")
    assert result.response.resync_after_seconds == 10


def test_a_workload_that_cannot_be_created_for_want_of_a_person_holds_nobody() -> None:
    """The master was deleted and the key is lost: the dashboard takes its change."""
    cluster = rested()
    cluster.remove("Secret", NAMES.cluster_key)
    cluster.remove("StatefulSet", MASTER)
    cluster.edit(lambda spec: spec.update(dashboard=BLUE))
    result = answer(cluster)
    assert not has_child(result, "StatefulSet", MASTER)
    assert template(result, DASHBOARD)["metadata"]["annotations"]["team"] == "blue"


def test_a_leaf_that_is_being_reissued_keeps_its_tier_for_a_moment_and_holds_later_ones() -> None:
    """Nobody waits for a person there: the order stands."""
    cluster = rested()
    cluster.remove("Secret", NAMES.certs("indexer"))
    cluster.edit(lambda spec: spec.update(ALL_BLUE))
    result = answer(cluster)
    assert _blue(result) == []
    assert result.report.held.keys() == {"manager-master", "manager-worker", "dashboard"}


# --- the CA -------------------------------------------------------------------------------------
def test_a_lost_ca_keeps_every_template() -> None:
    """Everything observed as it is, with its present hash; replicas and Services go on."""
    cluster = rested()
    before = answer(cluster)
    cluster.remove("Secret", NAMES.ca)
    cluster.edit(lambda spec: spec.update(ALL_BLUE))
    cluster.edit(lambda spec: spec["manager"]["workers"].update(replicas=4))
    result = answer(cluster)
    for name in TIERS:
        assert template(result, name) == template(before, name)
    assert workload(result, WORKER)["spec"]["replicas"] == 4
    assert not has_child(result, "Secret", NAMES.ca)
    assert judged(result, "Ready") == ("False", "TiersNotReady")
    assert f"Secret {NAMES.ca}" in condition(result, "Ready")["message"]
    assert judged(result, "CertificatesReady") == ("False", "CASecretMissing")


def test_a_lost_ca_keeps_leaves_byte_for_byte() -> None:
    """And those that are missing are not made."""
    cluster = rested()
    before = answer(cluster)
    cluster.remove("Secret", NAMES.ca)
    cluster.remove("Secret", NAMES.certs("dashboard"))
    cluster.wait(days=350)
    result = answer(cluster)
    for leaf in ("indexer", "manager-master", "manager-worker", "filebeat", "admin"):
        name = NAMES.certs(leaf)
        assert child(result, "Secret", name)["data"] == child(before, "Secret", name)["data"]
    assert not has_child(result, "Secret", NAMES.certs("dashboard"))
    assert template(result, DASHBOARD) == template(before, DASHBOARD)


# --- a newer hook -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("stamp", "newer"),
    [
        ("2", 2),
        ("10", 10),
        ("1", None),
        ("0", None),
        ("", None),
        ("-3", None),
        ("2.0", None),
        ("two", None),
        ("²", None),
        ("9" * 5000, None),
        (None, None),
        (2, None),
    ],
    ids=repr,
)
def test_a_stamp_is_newer_only_as_a_higher_number(stamp: Any, newer: int | None) -> None:
    """Whatever else stands there was not written by a hook."""
    assert newer_renderer({"metadata": {"annotations": {RENDERER: stamp}}}) == newer


def test_a_workload_without_metadata_was_written_by_nobody_newer() -> None:
    """Nothing is assumed about the form."""
    assert newer_renderer({}) is None
    assert newer_renderer({"metadata": None}) is None


def _rendered_by_a_newer_hook(name: str) -> ClusterBuilder:
    """A quiet cluster of which a newer hook wrote one workload and its ConfigMap."""
    cluster = rested()
    result = answer(cluster)
    for one in result.response.children:
        if one["metadata"]["name"] == name and "template" in one.get("spec", {}):
            one["metadata"]["annotations"][RENDERER] = "2"
            one["spec"]["template"]["spec"]["priorityClassName"] = "new-in-two"
            one["spec"]["revisionHistoryLimit"] = 3
        if one["metadata"]["name"] == f"{name}-config":
            one["data"]["new-in-two"] = "text"
    cluster.apply(result.response.on_wire())
    cluster.settle()
    return cluster


@pytest.mark.parametrize("name", TIERS)
def test_an_older_hook_leaves_what_a_newer_one_rendered(name: str) -> None:
    """Two versions answer in turn during their roll-out: no template goes back and forth."""
    cluster = _rendered_by_a_newer_hook(name)
    before = cluster.writes
    result = cluster.sync(sync)
    found = stored(cluster, name)
    assert found["metadata"]["annotations"][RENDERER] == "2"
    assert found["spec"]["template"]["spec"]["priorityClassName"] == "new-in-two"
    assert found["spec"]["revisionHistoryLimit"] == 3
    assert cluster.child("ConfigMap", f"{name}-config")["data"]["new-in-two"] == "text"
    cluster.sync(sync)
    assert cluster.writes <= before + 1, "nothing but the status"
    role = name.removeprefix("wz-")
    messages = [str(one) for one in (status(result)["indexer"], status(result)["manager"])]
    messages.append(str(status(result)["dashboard"]))
    text = "left as it is: a newer version of this hook wrote it (renderer 2, this one is 1)"
    assert sum(text in one for one in messages) == 1, role
    assert status(result)["phase"] == "Running"
    assert judged(result, "Ready") == ("True", "AllTiersReady")


def test_what_a_newer_hook_rendered_holds_nobody_and_is_still_scaled() -> None:
    """Later tiers take their changes; replicas are not held."""
    cluster = _rendered_by_a_newer_hook(WORKER)
    cluster.edit(lambda spec: spec.update(manager={"workers": {"replicas": 5}}, dashboard=BLUE))
    result = answer(cluster)
    assert workload(result, WORKER)["spec"]["replicas"] == 5
    assert changed_tiers(cluster, result) == [DASHBOARD]


def test_a_newer_hook_takes_what_an_older_one_rendered() -> None:
    """An older or missing stamp is no reason to wait."""
    cluster = rested()
    del stored(cluster, DASHBOARD)["metadata"]["annotations"][RENDERER]
    stored(cluster, INDEXER)["metadata"]["annotations"][RENDERER] = "0"
    cluster.edit(lambda spec: spec.update(dashboard=BLUE))
    result = answer(cluster)
    assert template(result, DASHBOARD)["metadata"]["annotations"]["team"] == "blue"
    assert workload(result, INDEXER)["metadata"]["annotations"][RENDERER] == "1"


def test_certificates_do_not_roll_what_a_newer_hook_rendered() -> None:
    """Its hash is the newer hook's affair."""
    cluster = _rendered_by_a_newer_hook(DASHBOARD)
    before = sent_template(cluster, DASHBOARD)["metadata"]["annotations"][CERT_HASH]
    cluster.remove("Secret", NAMES.certs("dashboard"))
    cluster.sync(sync)
    cluster.wait(seconds=100)
    after = template(answer(cluster), DASHBOARD)["metadata"]["annotations"][CERT_HASH]
    assert after == before


def test_a_users_secret_that_vanishes_in_the_middle_of_a_roll_keeps_the_former_key() -> None:
    """Old pods still read the generated key, new ones the user's: both stay."""
    cluster = rested()
    cluster.add_user_secret("my-key", {"key": base64_of("0123456789abcdef0123456789ABCDEF")})
    cluster.edit(lambda spec: spec.update(KEY_REFERENCE))
    cluster.sync(sync)
    cluster.roll(MASTER, updated=0, ready=1)
    del cluster.related["v1", "Secret", "my-key"]
    assert has_child(answer(cluster), "Secret", NAMES.cluster_key)
