"""A changed value of a user's Secret rolls exactly the tiers that read it, once, and in time."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import pytest

from app.hook.sync import sync
from app.result import Manifest
from tests.cluster_builder import ClusterBuilder, rfc3339
from tests.scenarios import at_rest, base64_of
from tests.steps import (
    DASHBOARD,
    INDEXER,
    MASTER,
    WORKER,
    answer,
    changed_tiers,
    child,
    condition,
    hashes,
    judged,
    rested,
    rolled_until_rest,
    status,
    template,
)

KEYS = ("0123456789abcdef0123456789ABCDEF", "fedcba9876543210fedcba9876543210")


def _login(password: str, username: str = "wazuh-wui") -> dict[str, str]:
    return {"username": base64_of(username), "password": base64_of(password)}


SPEC: Manifest = {
    "indexer": {"credentials": {"secretName": "admin"}},
    "manager": {
        "apiCredentials": {"secretName": "api"},
        "clusterKeySecretRef": {"name": "key", "key": "key"},
        "authdPasswordSecretRef": {"name": "authd", "key": "word"},
        "config": {"auth": {"usePassword": True}},
    },
    "dashboard": {
        "wazuhPlugin": {
            "defaultApiEndpoint": {"credentialsSecret": {"secretName": "plugin"}},
            "apiEndpoints": [
                {
                    "id": "other",
                    "url": "https://other.example",
                    "credentialsSecretRef": {"secretName": "other"},
                }
            ],
        }
    },
}
SECRETS = {
    "admin": _login("Admin-word-1", "boss"),
    "api": _login("Api-word-1"),
    "key": {"key": base64_of(KEYS[0])},
    "authd": {"word": base64_of("Enrol-word-1")},
    "plugin": _login("Plugin-word-1"),
    "other": _login("Other-word-1"),
}


@cache
def _running(*, on_workers: bool) -> ClusterBuilder:
    cluster = ClusterBuilder(SPEC)
    if on_workers:
        auth = cluster.parent["spec"]["manager"]["config"]["auth"]
        auth["enabledOnMasterOnly"] = False
    for name, data in SECRETS.items():
        cluster.add_user_secret(name, data)
    return at_rest(cluster)


def _cluster(*, on_workers: bool = False) -> ClusterBuilder:
    return _running(on_workers=on_workers).copy()


CASES = [
    pytest.param("admin", _login("Admin-word-2", "boss"), False, [], id="administrator-is-held"),
    pytest.param(
        "api", _login("Api-word-2"), False, [MASTER, WORKER], id="api-account-of-the-managers"
    ),
    pytest.param("key", {"key": base64_of(KEYS[1])}, False, [MASTER, WORKER], id="cluster-key"),
    pytest.param(
        "authd", {"word": base64_of("Enrol-word-2")}, False, [MASTER], id="enrolment-on-master"
    ),
    pytest.param(
        "authd",
        {"word": base64_of("Enrol-word-2")},
        True,
        [MASTER, WORKER],
        id="enrolment-on-workers-too",
    ),
    pytest.param("plugin", _login("Plugin-word-2"), False, [DASHBOARD], id="default-endpoint"),
    pytest.param("other", _login("Other-word-2"), False, [DASHBOARD], id="further-endpoint"),
]


@pytest.mark.parametrize(("secret", "data", "on_workers", "tiers"), CASES)
def test_a_changed_value_rolls_those_who_read_it(
    secret: str,
    data: dict[str, str],
    on_workers: bool,  # noqa: FBT001 - a column of the table
    tiers: list[str],
) -> None:
    """Each tier once, in order, and nobody else."""
    cluster = _cluster(on_workers=on_workers)
    cluster.add_user_secret(secret, data)
    assert rolled_until_rest(cluster) == tiers


@pytest.mark.parametrize("secret", sorted(SECRETS))
def test_a_key_that_nobody_reads_rolls_nobody(secret: str) -> None:
    """Values enter by the keys that a tier reads; the object around them does not count."""
    cluster = _cluster()
    cluster.add_user_secret(secret, {**SECRETS[secret], "note": base64_of("hello")})
    assert rolled_until_rest(cluster) == []


def test_the_managers_account_reaches_the_dashboard_where_it_has_none_of_its_own() -> None:
    """wazuh.yml holds the same password then: managers first, the dashboard after them."""
    cluster = ClusterBuilder({"manager": {"apiCredentials": {"secretName": "api"}}})
    cluster.add_user_secret("api", _login("Api-word-1"))
    at_rest(cluster)
    cluster.add_user_secret("api", _login("Api-word-2"))
    assert rolled_until_rest(cluster) == [MASTER, WORKER, DASHBOARD]


def test_generated_values_roll_their_readers_when_they_are_replaced_by_hand() -> None:
    """A restored or edited Secret of ours counts like a user's."""
    cluster = rested()
    secret = cluster.child("Secret", "wz-cluster-key")
    secret["data"]["cluster-key"] = base64_of(KEYS[1])
    assert rolled_until_rest(cluster) == [MASTER, WORKER]
    assert cluster.child("Secret", "wz-cluster-key")["data"]["cluster-key"] == base64_of(KEYS[1])


def test_a_secret_of_ours_that_was_edited_by_hand_counts_its_age_from_the_hooks_stamp() -> None:
    """The time beside the data is that of the former content: it proves nothing."""
    cluster = rested()
    cluster.wait(days=1)
    cluster.child("Secret", "wz-cluster-key")["data"]["cluster-key"] = base64_of(KEYS[1])
    assert changed_tiers(cluster, cluster.sync(sync)) == []
    cluster.wait(seconds=89)
    assert changed_tiers(cluster, answer(cluster)) == []
    cluster.wait(seconds=1)
    assert changed_tiers(cluster, answer(cluster)) == [MASTER]


def _written(cluster: ClusterBuilder, name: str, times: list[Any]) -> None:
    """A user's Secret whose managers wrote at these times."""
    metadata = cluster.related["v1", "Secret", name]["metadata"]
    metadata["managedFields"] = [
        {"manager": f"tool-{index}", "operation": "Update", "time": time}
        for index, time in enumerate(times)
    ]


@pytest.mark.parametrize(
    ("ages", "waits"),
    [
        pytest.param([], None, id="no-time"),
        pytest.param([0], 90, id="just-written"),
        pytest.param([89], 1, id="a-second-too-young"),
        pytest.param([90], None, id="old-enough"),
        pytest.param([3600, 30], 60, id="the-newest-counts"),
        pytest.param([30, 3600], 60, id="the-newest-counts-in-any-order"),
        pytest.param([-86400], None, id="future"),
        pytest.param(["yesterday"], None, id="no-time-at-all"),
        pytest.param([None, 45], 45, id="one-without"),
    ],
)
def test_a_running_template_waits_until_a_users_secret_is_old_enough(
    ages: list[Any], waits: int | None
) -> None:
    """A kubelet may still mount the former content; the sync asks for that very moment."""
    cluster = _cluster()
    cluster.wait(days=1)
    cluster.add_user_secret("key", {"key": base64_of(KEYS[1])})
    now = cluster.now.timestamp()
    times = [
        rfc3339(cluster.now.fromtimestamp(now - age, tz=cluster.now.tzinfo))
        if isinstance(age, int)
        else age
        for age in ages
    ]
    _written(cluster, "key", times)
    result = answer(cluster)
    assert changed_tiers(cluster, result) == ([MASTER] if waits is None else [])
    if waits is not None:
        assert result.response.resync_after_seconds == waits
        assert status(result)["manager"]["master"]["message"] == (
            "waits until its Secrets have reached every node"
        )
        assert condition(result, "Ready")["status"] == "True"
        cluster.wait(seconds=waits)
        assert changed_tiers(cluster, answer(cluster)) == [MASTER]


@pytest.mark.parametrize("secret", ["api", "key", "authd"])
def test_a_users_secret_that_goes_missing_keeps_its_tiers_and_holds_nobody(secret: str) -> None:
    """The observed hash stays; the dashboard takes its own change all the same."""
    cluster = _cluster()
    before = answer(cluster)
    del cluster.related["v1", "Secret", secret]
    cluster.edit(lambda spec: spec["dashboard"].update(podAnnotations={"team": "blue"}))
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("False", "SecretNotFound")
    for name in (INDEXER, MASTER, WORKER):
        assert template(result, name) == template(before, name)
    assert template(result, DASHBOARD)["metadata"]["annotations"]["team"] == "blue"


def test_digests_are_keyed_so_that_weak_passwords_cannot_be_guessed() -> None:
    """The same password under another cluster key gives another hash."""
    cluster = _cluster()
    first = hashes(template(answer(cluster), MASTER))
    cluster.add_user_secret("key", {"key": base64_of(KEYS[1])})
    second = hashes(template(answer(cluster), MASTER))
    assert first[0] == second[0]
    assert first[1] != second[1]


def test_an_agent_ca_counts_where_enrolment_runs() -> None:
    """Master only by default."""
    pem = base64.b64decode(child(answer(rested()), "Secret", "wz-ca")["data"]["ca.crt"]).decode()
    auth = {"sslAgentCASecretRef": {"name": "agents", "key": "ca.crt"}}
    cluster = ClusterBuilder({"manager": {"config": {"auth": auth}}})
    cluster.add_user_secret("agents", {"ca.crt": base64_of(pem)})
    at_rest(cluster)
    cluster.add_user_secret("agents", {"ca.crt": base64_of(pem + pem)})
    assert rolled_until_rest(cluster) == [MASTER]
