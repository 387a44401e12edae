"""Wishes that a living cluster cannot follow are held one by one, while the rest is applied."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from app.hook.sync import sync
from app.result import Manifest
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.scenarios import at_rest, base64_of, steady
from tests.steps import (
    INDEXER,
    MASTER,
    TIERS,
    WORKER,
    answer,
    changed_tiers,
    child,
    condition,
    judged,
    rested,
    status,
    workload,
)

CREDENTIALS = {"indexer": {"credentials": {"secretName": "admin-login"}}}


def _replicas(cluster: ClusterBuilder) -> int:
    found: int = workload(answer(cluster), INDEXER)["spec"]["replicas"]
    return found


# --- indexer replicas ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("running", "wished", "allowed", "sent", "message"),
    [
        pytest.param(3, 5, None, 5, None, id="raised"),
        pytest.param(3, 3, None, 3, None, id="unchanged"),
        pytest.param(
            5,
            3,
            None,
            5,
            "5 to 3 would drop shards; stays 5. Annotate wazuh.com/allow-unsafe-scale-down: "
            '"3" to do it without draining',
            id="lowered",
        ),
        pytest.param(
            5,
            3,
            "4",
            5,
            "5 to 3 would drop shards; stays 5. Annotate wazuh.com/allow-unsafe-scale-down: "
            '"3" to do it without draining',
            id="allowed-for-another-number",
        ),
        pytest.param(5, 3, "3", 4, None, id="allowed-one-at-a-time"),
        pytest.param(4, 3, "3", 3, None, id="allowed-last-step"),
        pytest.param(
            3,
            2,
            "2",
            3,
            "3 to 2 would drop shards; stays 3. Below 3 there is no way yet: the voting"
            " configuration does not shrink by itself",
            id="never-below-three",
        ),
        pytest.param(
            5,
            1,
            "1",
            5,
            "5 to 1 would drop shards; stays 5. Below 3 there is no way yet: the voting"
            " configuration does not shrink by itself",
            id="never-far-below-three",
        ),
    ],
)
def test_indexer_replicas_fall_only_by_annotation(
    running: int, wished: int, allowed: str | None, sent: int, message: str | None
) -> None:
    """Shards would be lost, and the voting configuration does not shrink below three."""
    cluster = rested({"indexer": {"replicas": running}})
    cluster.edit(lambda spec: spec["indexer"].update(replicas=wished))
    if allowed is not None:
        cluster.annotate(allow_unsafe_scale_down=allowed)
    result = answer(cluster)
    assert workload(result, INDEXER)["spec"]["replicas"] == sent
    told = condition(result, "SpecValid")
    if message is None:
        assert told["status"] == "True"
    else:
        assert (told["status"], told["reason"]) == ("False", "UnsafeScaleDown")
        assert f"spec.indexer.replicas: {message}" in told["message"]
        assert status(result)["phase"] == "Running"


def test_an_allowed_scale_down_waits_for_each_step() -> None:
    """The next pod goes only when all others are updated, ready and available."""
    cluster = rested({"indexer": {"replicas": 6}})
    cluster.edit(lambda spec: spec["indexer"].update(replicas=3))
    cluster.annotate(allow_unsafe_scale_down="3")
    sent = []
    for ready in (5, 5, 4, 4, 3):
        cluster.sync(sync)
        found = cluster.child("StatefulSet", INDEXER)["spec"]["replicas"]
        sent.append(found)
        cluster.roll(INDEXER, updated=found, ready=found - 1)
        assert _replicas(cluster) == found, "a step that was begun is not skipped"
        if ready == found:
            cluster.settle(INDEXER)
    assert sent == [5, 4, 4, 3, 3]
    assert judged(answer(cluster), "SpecValid") == ("True", "Valid")


def test_scaling_by_hand_is_reverted_unless_shards_would_be_lost() -> None:
    """`kubectl scale`: fewer indexers and other workers come back to the spec."""
    cluster = steady()
    cluster.child("StatefulSet", INDEXER)["spec"]["replicas"] = 1
    cluster.child("StatefulSet", WORKER)["spec"]["replicas"] = 7
    result = answer(cluster)
    assert workload(result, INDEXER)["spec"]["replicas"] == 3
    assert workload(result, WORKER)["spec"]["replicas"] == 2
    cluster.child("StatefulSet", INDEXER)["spec"]["replicas"] = 5
    result = answer(cluster)
    assert workload(result, INDEXER)["spec"]["replicas"] == 5
    assert judged(result, "SpecValid") == ("False", "UnsafeScaleDown")


@pytest.mark.parametrize("replicas", [0, 1])
def test_workers_fall_freely(replicas: int) -> None:
    """The master remains."""
    cluster = steady()
    cluster.edit(lambda spec: spec.update(manager={"workers": {"replicas": replicas}}))
    result = answer(cluster)
    assert workload(result, WORKER)["spec"]["replicas"] == replicas
    assert judged(result, "SpecValid")[0] == "True"


# --- storage ------------------------------------------------------------------------------------
def _tier_with(role: str, fields: dict[str, Any]) -> Manifest:
    if role == INDEXER:
        return {"indexer": fields}
    return {"manager": {"master" if role == MASTER else "workers": fields}}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        pytest.param(INDEXER, "spec.indexer", id="indexer"),
        pytest.param(MASTER, "spec.manager.master", id="master"),
        pytest.param(WORKER, "spec.manager.workers", id="workers"),
    ],
)
@pytest.mark.parametrize(
    ("change", "reason", "message"),
    [
        pytest.param(
            {"storageSize": "20Gi"},
            "StorageShrinkRefused",
            ".storageSize: 40Gi to 20Gi: volumes cannot shrink; stays 40Gi",
            id="smaller",
        ),
        pytest.param(
            {"storageSize": "80Gi"},
            "StorageGrowthHeld",
            ".storageSize: 40Gi to 80Gi: claim templates are immutable; stays 40Gi. By hand:",
            id="larger",
        ),
        pytest.param(
            {"storageClassName": "slow"},
            "FieldHeld",
            '.storageClassName: "slow" is immutable on a living tier;',
            id="another-class",
        ),
    ],
)
def test_volumes_of_a_living_tier_stay_and_the_rest_is_applied(
    name: str, path: str, change: dict[str, Any], reason: str, message: str
) -> None:
    """Sent, such a change would be refused at every sync and block the whole StatefulSet."""
    volumes = {"storageSize": "40Gi", "storageClassName": "fast"}
    cluster = rested(_tier_with(name, volumes))
    before = copy.deepcopy(cluster.child("StatefulSet", name)["spec"])
    wish = {**volumes, **change}
    more = {} if name == MASTER else {"replicas": 4}
    cluster.edit(lambda spec: spec.update(_tier_with(name, {**wish, **more})))
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("False", reason)
    assert path + message in condition(result, "SpecValid")["message"]
    sent = workload(result, name)["spec"]
    assert sent["volumeClaimTemplates"] == before["volumeClaimTemplates"]
    assert sent["replicas"] == more.get("replicas", before["replicas"])
    assert changed_tiers(cluster, result) == []
    assert status(result)["phase"] == ("Running" if name == MASTER else "Updating")


@pytest.mark.parametrize(
    ("spelled", "running"),
    [("51200Mi", "50Gi"), ("53687091200", "50Gi")],
)
def test_another_spelling_of_the_same_size_is_no_change(spelled: str, running: str) -> None:
    """Sizes are compared, not texts."""
    cluster = rested({"indexer": {"storageSize": running}})
    cluster.edit(lambda spec: spec["indexer"].update(storageSize=spelled))
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("True", "Valid")
    stored = cluster.child("StatefulSet", INDEXER)["spec"]["volumeClaimTemplates"]
    assert workload(result, INDEXER)["spec"]["volumeClaimTemplates"] == stored


def test_the_default_class_of_all_tiers_is_held_too() -> None:
    """The path names the field that was changed; each tier that keeps its class is named."""
    cluster = steady()
    cluster.edit(lambda spec: spec.update(storageClassName="fast"))
    told = condition(answer(cluster), "SpecValid")
    assert (told["status"], told["reason"]) == ("False", "FieldHeld")
    for name in (INDEXER, MASTER, WORKER):
        text = (
            f'spec.storageClassName: "fast" is immutable on a living tier; {name} stays "(default)"'
        )
        assert text in told["message"]


def test_a_wish_on_storage_counts_for_a_stateful_set_that_is_created_again() -> None:
    """Deleted with --cascade=orphan, as the message says: the new size is in its templates."""
    cluster = steady()
    cluster.edit(lambda spec: spec.update(indexer={"storageSize": "80Gi"}))
    cluster.remove("StatefulSet", INDEXER)
    result = answer(cluster)
    [claim] = workload(result, INDEXER)["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "80Gi"
    assert judged(result, "SpecValid") == ("True", "Valid")


def test_immutable_fields_are_taken_from_the_observed_object() -> None:
    """A StatefulSet of an older make keeps what the API server would refuse to change."""
    cluster = steady()
    spec = cluster.child("StatefulSet", INDEXER)["spec"]
    spec["podManagementPolicy"] = "OrderedReady"
    spec["serviceName"] = "former"
    spec["selector"] = {"matchLabels": {"app": "former"}}
    sent = workload(answer(cluster), INDEXER)["spec"]
    for field in ("podManagementPolicy", "serviceName", "selector"):
        assert sent[field] == spec[field]


# --- the index's name and administrator ---------------------------------------------------------
def test_another_cluster_name_freezes_a_living_cluster() -> None:
    """Nodes of two names do not join: nothing moves until it is taken back."""
    cluster = steady()
    before = answer(cluster)
    cluster.edit(
        lambda spec: spec.update(
            indexer={"clusterName": "other"}, manager={"workers": {"replicas": 5}}
        )
    )
    result = answer(cluster)
    assert status(result)["phase"] == "Failed"
    assert judged(result, "SpecValid") == ("False", "Invalid")
    assert condition(result, "SpecValid")["message"] == (
        'spec.indexer.clusterName: "other" is immutable; the cluster runs as "wz"'
    )
    for name in TIERS:
        assert workload(result, name)["spec"] == workload(before, name)["spec"]


def test_a_cluster_name_is_free_before_the_first_indexer() -> None:
    """Nothing runs under the former name yet."""
    cluster = ClusterBuilder()
    cluster.sync(sync)
    cluster.edit(lambda spec: spec.update(indexer={"clusterName": "other"}))
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("True", "Valid")
    text = child(result, "ConfigMap", "wz-indexer-config")["data"]["opensearch.yml"]
    assert "cluster.name: other" in text


def _with_login(password: str, username: str = "boss") -> dict[str, str]:
    return {"username": base64_of(username), "password": base64_of(password)}


def _with_user_credentials() -> ClusterBuilder:
    cluster = ClusterBuilder(CREDENTIALS)
    cluster.add_user_secret("admin-login", _with_login("Once-and-4-all"))
    return at_rest(cluster)


@pytest.mark.parametrize("word", ["Once-and-4-all", "Another-1"])
def test_another_name_of_the_administrator_is_held(word: str) -> None:
    """The index keeps the user that it has, and a password of another user is not taken."""
    cluster = _with_user_credentials()
    before = answer(cluster)
    cluster.add_user_secret("admin-login", _with_login(word, "chief"))
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("False", "FieldHeld")
    message = condition(result, "SpecValid")["message"]
    assert message.startswith("spec.indexer.credentials: ")
    assert 'it stays "boss"' in message
    assert result.response.children == before.response.children


def test_another_password_of_the_administrator_is_no_fault() -> None:
    """It is taken to the index; until then it stands beside the present one."""
    cluster = _with_user_credentials()
    before = child(answer(cluster), "Secret", NAMES.indexer_credentials)["data"]
    cluster.add_user_secret("admin-login", _with_login("Another-1"))
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("True", "Valid")
    data = child(result, "Secret", NAMES.indexer_credentials)["data"]
    assert data == {**before, "next-admin-password": base64_of("Another-1")}


def test_an_immutable_copy_takes_no_other_password() -> None:
    """A write would be refused for ever; the condition names the Secret."""
    cluster = _with_user_credentials()
    cluster.child("Secret", NAMES.indexer_credentials)["immutable"] = True
    before = answer(cluster)
    cluster.add_user_secret("admin-login", _with_login("Another-1"))
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("False", "FieldHeld")
    assert f"{NAMES.indexer_credentials} is immutable" in condition(result, "SpecValid")["message"]
    assert result.response.children == before.response.children


def test_removing_the_administrators_secret_changes_nothing() -> None:
    """Pods read our copy: the field's Secret is awaited, and what runs goes on."""
    cluster = _with_user_credentials()
    before = answer(cluster)
    del cluster.related["v1", "Secret", "admin-login"]
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("False", "SecretNotFound")
    assert result.response.children == before.response.children
    assert status(result)["phase"] == "Running"


def test_credentials_given_to_a_cluster_that_generated_its_own_are_held() -> None:
    """The same as a change: the index knows the generated password."""
    cluster = steady()
    before = answer(cluster)
    cluster.add_user_secret("admin-login", _with_login("Another-1"))
    cluster.edit(lambda spec: spec.update(CREDENTIALS))
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("False", "FieldHeld")
    secret = child(before, "Secret", NAMES.indexer_credentials)
    assert child(result, "Secret", NAMES.indexer_credentials) == secret


# --- several at once ----------------------------------------------------------------------------
def test_several_faults_are_reported_together() -> None:
    """All of them in the message by field path, the reason that comes first in the list."""
    cluster = rested({"indexer": {"replicas": 5}})
    edits: list[Callable[[Manifest], object]] = [
        lambda spec: spec["indexer"].update(replicas=3, storageSize="20Gi"),
        lambda spec: spec.update(version="4.13.1", manager={"master": {"storageSize": "90Gi"}}),
        lambda spec: spec.update(storageClassName="fast"),
    ]
    for edit in edits:
        cluster.edit(edit)
    told = condition(answer(cluster), "SpecValid")
    assert (told["status"], told["reason"]) == ("False", "FieldHeld")
    paths = [part.split(": ", 1)[0] for part in told["message"].split("; spec.")]
    assert [path.removeprefix("spec.") for path in paths] == [
        "indexer.replicas",
        "indexer.storageSize",
        "manager.master.storageSize",
        "storageClassName",
        "storageClassName",
        "storageClassName",
        "version",
    ]
