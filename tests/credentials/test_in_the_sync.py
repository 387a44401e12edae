"""Credentials in whole syncs: what waits, what is said, what is kept, and what never shows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from app.hook.sync import sync
from app.names import RECREATE_SECRET
from app.result import Manifest, Result
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.credentials.test_user_secrets import REFERENCES
from tests.scenarios import at_rest, base64_of, rounds, steady
from tests.seeded import answer, seeded

#: A value that nobody may print: refused by every rule, and easy to find.
VALUE: Final = "QxZ 7$QxZ"


def condition(result: Result, kind: str) -> Manifest:
    """One condition of an answer's status."""
    assert result.response.status is not None
    return next(one for one in result.response.status["conditions"] if one["type"] == kind)


def child(result: Result, kind: str, name: str) -> Manifest | None:
    """One child of an answer."""
    found = (one for one in result.response.children if one["kind"] == kind)
    return next((one for one in found if one["metadata"]["name"] == name), None)


def workloads(result: Result) -> set[str]:
    """Workloads of an answer."""
    kinds = {"StatefulSet", "Deployment"}
    return {one["metadata"]["name"] for one in result.response.children if one["kind"] in kinds}


# --- a user's Secret that cannot be used ----------------------------------------------------------
ALL: Final = {"wz-indexer", "wz-manager-master", "wz-manager-worker", "wz-dashboard"}
#: What is not created while the Secret of a field is awaited.
WAITING: Final[Mapping[str, set[str]]] = {
    "spec.manager.apiCredentials": {"wz-manager-master", "wz-manager-worker", "wz-dashboard"},
    "spec.manager.clusterKeySecretRef": {"wz-manager-master", "wz-manager-worker"},
    "spec.manager.authdPasswordSecretRef": {"wz-manager-master"},
    "spec.manager.config.auth.passwordSecretRef": {"wz-manager-master"},
    "spec.manager.config.auth.sslAgentCASecretRef": {"wz-manager-master"},
    "spec.dashboard.wazuhPlugin.defaultApiEndpoint.credentialsSecret": {"wz-dashboard"},
    "spec.dashboard.wazuhPlugin.apiEndpoints[1].credentialsSecretRef": {"wz-dashboard"},
}
ACCOUNT: Final = {"username": base64_of("a"), "password": base64_of("aB3.efgh")}


def waiting(path: str, data: Mapping[str, str] | None) -> Result:
    """Third answer to a new cluster whose spec refers to ``mine`` by ``path``."""
    cluster = seeded(REFERENCES[path])
    cluster.add_user_secret("other", ACCOUNT)
    if data is not None:
        cluster.add_user_secret("mine", data)
    return answer(rounds(cluster, 2))


@pytest.mark.parametrize("path", WAITING)
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(None, "SecretNotFound", id="no Secret"),
        pytest.param({"x": base64_of(VALUE)}, "SecretNotFound", id="no key"),
        pytest.param(
            {key: base64_of(VALUE) for key in "kup"}, "SecretUnusable", id="an unusable value"
        ),
    ],
)
def test_only_what_reads_an_unusable_secret_waits(
    path: str, data: Mapping[str, str] | None, reason: str
) -> None:
    """Everything else is created; the condition names field, Secret and rule, never the value."""
    result = waiting(path, data)
    said = condition(result, "SpecValid")
    assert (said["status"], said["reason"]) == ("False", reason)
    assert f"{path}: " in said["message"]
    assert '"mine"' in said["message"]
    assert workloads(result) == ALL - WAITING[path]
    shown = json.dumps([result.response.status, list(result.response.children)])
    assert "QxZ" not in shown + repr(result)
    assert base64_of(VALUE) not in shown
    assert result.response.resync_after_seconds <= 10


@pytest.mark.parametrize(
    "data",
    [None, {"u": base64_of("kibanaserver"), "p": base64_of("aB3.efgh")}],
    ids=["no Secret", "a reserved name"],
)
def test_without_an_administrator_only_the_dashboard_is_created(
    data: Mapping[str, str] | None,
) -> None:
    """Indexers start with their users, managers log in by them; the dashboard needs neither."""
    cluster = ClusterBuilder(REFERENCES["spec.indexer.credentials"])
    if data is not None:
        cluster.add_user_secret("mine", data)
    result = answer(rounds(cluster, 3))
    assert workloads(result) == {"wz-dashboard"}
    assert child(result, "Secret", NAMES.indexer_security) is None
    assert child(result, "Secret", NAMES.cluster_key) is not None
    assert "spec.indexer.credentials: " in condition(result, "SpecValid")["message"]


def test_a_password_that_arrives_is_taken_up() -> None:
    """Nothing but its arrival is needed."""
    cluster = seeded(REFERENCES["spec.manager.clusterKeySecretRef"])
    rounds(cluster, 3)
    cluster.add_user_secret("mine", {"k": base64_of("0123456789abcdef0123456789ABCDEF")})
    assert workloads(answer(cluster)) == ALL


def test_a_user_secret_that_vanishes_stops_nothing_that_runs() -> None:
    """Every child stays as it is, and the condition says what is missing."""
    cluster = seeded(REFERENCES["spec.manager.clusterKeySecretRef"])
    cluster.add_user_secret("mine", {"k": base64_of("0123456789abcdef0123456789ABCDEF")})
    at_rest(cluster)
    del cluster.related["v1", "Secret", "mine"]
    before = cluster.writes
    result = cluster.sync(sync)
    assert cluster.writes == before + 1  # the status
    assert condition(result, "SpecValid")["reason"] == "SecretNotFound"


# --- identity that is lost or damaged -------------------------------------------------------------
#: Those of the default spec but the CA, whose damage is a matter of its own.
IDENTITY: Final = tuple(
    name for name in NAMES.identity_secrets if name not in {NAMES.ca, NAMES.authd_password}
)


def _unreadable(secret: Manifest) -> None:
    secret["data"] = {key: base64_of(VALUE) for key in secret["data"]}


def _emptied(secret: Manifest) -> None:
    del secret["data"]


@pytest.mark.parametrize("damage", [_unreadable, _emptied])
@pytest.mark.parametrize("name", IDENTITY)
def test_a_damaged_identity_secret_changes_nothing_that_runs(
    name: str, damage: Callable[[Manifest], None]
) -> None:
    """No 500, no new password, no roll: it is named, and its data is left as it is."""
    cluster = steady()
    damage(cluster.child("Secret", name))
    data = cluster.child("Secret", name).get("data")
    before = {key: one for key, one in cluster.children.items() if key[2] != name}
    result = cluster.sync(sync)
    assert {key: one for key, one in cluster.children.items() if key[2] != name} == before
    assert cluster.child("Secret", name).get("data") == data
    said = condition(result, "Degraded")
    assert (said["status"], said["reason"]) == ("True", "IdentitySecretMissing")
    assert f"Secret {name}: key " in said["message"]
    assert "QxZ" not in json.dumps(result.response.status)


@pytest.mark.parametrize("name", [NAMES.cluster_key, NAMES.indexer_credentials])
def test_a_lost_identity_secret_is_held_for_and_found_again(name: str) -> None:
    """Nothing is generated, nothing rolls; a restore ends it without a trace."""
    cluster = steady()
    lost = cluster.child("Secret", name)
    cluster.remove("Secret", name)
    before = {key: one for key, one in cluster.children.items() if key[1] != "Secret"}
    result = cluster.sync(sync)
    assert child(result, "Secret", name) is None
    assert {key: one for key, one in cluster.children.items() if key[1] != "Secret"} == before
    assert condition(result, "Degraded")["reason"] == "IdentitySecretMissing"
    cluster.children["v1", "Secret", name] = lost
    cluster.sync(sync)
    written = cluster.writes
    result = cluster.sync(sync)
    assert cluster.writes == written
    assert condition(result, "Degraded")["status"] == "False"


def test_a_key_is_made_anew_by_order_and_the_order_is_shown() -> None:
    """Managers roll onto it once; the value stands in the status and fires nothing later."""
    cluster = steady()
    old = cluster.child("Secret", NAMES.cluster_key)["data"]
    cluster.remove("Secret", NAMES.cluster_key)
    cluster.annotate(recreate_secret=f"{NAMES.cluster_key}/now")
    at_rest(cluster)
    assert cluster.child("Secret", NAMES.cluster_key)["data"] != old
    assert cluster.parent["status"]["requests"] == {RECREATE_SECRET: f"{NAMES.cluster_key}/now"}
    cluster.remove("Secret", NAMES.cluster_key)
    result = cluster.sync(sync)
    assert child(result, "Secret", NAMES.cluster_key) is None
    assert f"{NAMES.cluster_key}/again" in condition(result, "Degraded")["message"]


def test_a_cluster_on_old_volumes_is_created_without_a_person() -> None:
    """Its index knows other passwords: everything is made, and a Job gives it the new ones."""
    cluster = ClusterBuilder()
    cluster.add_claims(3)
    rounds(cluster, 3)
    assert cluster.jobs() == []
    cluster.settle()
    result = cluster.sync(sync)
    [job] = cluster.jobs()
    assert condition(result, "Degraded")["status"] == "False"
    assert f"waits for Job {job['metadata']['name']}" in condition(result, "Progressing")["message"]


# --- immutable ------------------------------------------------------------------------------------
def _longer_timeout(cluster: ClusterBuilder) -> None:
    cluster.edit(lambda spec: spec.update(dashboard={"wazuhPlugin": {"timeout": 30000}}))


def _other_name(cluster: ClusterBuilder) -> None:
    sans = {"dashboard": ["siem.example.com"]}
    cluster.edit(lambda spec: spec.update(tls={"certConfig": {"extraSANs": sans}}))


def _new_password(cluster: ClusterBuilder) -> None:
    secret = cluster.child("Secret", NAMES.indexer_credentials)
    secret["data"]["admin-password"] = base64_of("aB3.efgh-restored")


@pytest.mark.parametrize(
    ("name", "change", "kind", "reason"),
    [
        pytest.param(
            NAMES.dashboard_wazuh, _longer_timeout, "SpecValid", "FieldHeld", id="wazuh.yml"
        ),
        pytest.param(
            NAMES.indexer_security, _new_password, "SpecValid", "FieldHeld", id="security files"
        ),
        pytest.param(
            NAMES.certs("dashboard"), _other_name, "CertificatesReady", "SecretImmutable", id="leaf"
        ),
    ],
)
def test_an_immutable_secret_that_should_change_is_named_not_sent(
    name: str, change: Callable[[ClusterBuilder], None], kind: str, reason: str
) -> None:
    """A write would be refused with 422 in every sync; the rest of the cluster goes on."""
    cluster = steady()
    cluster.child("Secret", name)["immutable"] = True
    change(cluster)
    data = cluster.child("Secret", name)["data"]
    for _ in range(2):
        result = cluster.sync(sync)
        sent = child(result, "Secret", name)
        assert sent is not None
        assert (sent["data"], sent.get("immutable")) == (data, True)
        said = condition(result, kind)
        assert (said["status"], said["reason"]) == ("False", reason)
        assert f"Secret {name} is immutable" in said["message"]
        assert name not in {one.secret for one in result.report.reissues}
    at_rest(cluster)


@pytest.mark.parametrize("name", [*IDENTITY, NAMES.ca, NAMES.dashboard_wazuh])
def test_an_immutable_secret_that_need_not_change_is_no_fault(name: str) -> None:
    """Its flag is sent along, and nothing else is written."""
    cluster = steady()
    cluster.child("Secret", name)["immutable"] = True
    result = cluster.sync(sync)
    before = cluster.writes
    result = cluster.sync(sync)
    assert cluster.writes == before
    assert [one["status"] for one in status_of(result)] == ["True", "True", "False", "False"] + [
        "True"
    ] * 2


def status_of(result: Result) -> list[dict[str, Any]]:
    """Conditions of an answer."""
    assert result.response.status is not None
    return list(result.response.status["conditions"])
