"""Conditions: their order, reasons and messages, and when their time moves."""

from __future__ import annotations

from typing import Any

import pytest

from app.hook.sync import sync
from app.status.conditions import Condition, by_kind, joined, on_wire, true_since
from tests.cluster_builder import NAMES, NOW, ClusterBuilder, rfc3339, seeded_entropy
from tests.scenarios import KEY_REFERENCE, base64_of
from tests.steps import (
    DASHBOARD,
    INDEXER,
    WORKER,
    answer,
    condition,
    judged,
    rested,
    status,
    stored,
)

_ENTROPY = seeded_entropy(0)
KINDS = ["Ready", "Available", "Progressing", "Degraded", "CertificatesReady", "SpecValid"]


# --- on the wire --------------------------------------------------------------------------------
def _wire(before: dict[str, Any], *, is_true: bool = True) -> dict[str, Any]:
    one = Condition(kind="Ready", is_true=is_true, reason="AllTiersReady", message="fine")
    [found] = on_wire([one], before, NOW, 7)
    return found


def test_a_condition_on_the_wire_has_six_fields() -> None:
    """As the API's condition type."""
    assert _wire({}) == {
        "type": "Ready",
        "status": "True",
        "reason": "AllTiersReady",
        "message": "fine",
        "lastTransitionTime": rfc3339(NOW),
        "observedGeneration": 7,
    }


EARLIER = "2026-11-20T08:00:00Z"


@pytest.mark.parametrize(
    ("before", "time"),
    [
        pytest.param({"status": "True", "lastTransitionTime": EARLIER}, EARLIER, id="same"),
        pytest.param(
            {"status": "True", "reason": "Other", "message": "x", "lastTransitionTime": EARLIER},
            EARLIER,
            id="reason-and-message-alone-move-nothing",
        ),
        pytest.param(
            {"status": "False", "lastTransitionTime": EARLIER}, rfc3339(NOW), id="flipped"
        ),
        pytest.param({"status": "True"}, rfc3339(NOW), id="without-time"),
        pytest.param({"status": "True", "lastTransitionTime": "soon"}, rfc3339(NOW), id="no-time"),
        pytest.param(
            {"status": "True", "lastTransitionTime": "2026-11-20T09:00:00.5+01:00"},
            EARLIER,
            id="in-another-spelling",
        ),
        pytest.param(
            {"status": "True", "lastTransitionTime": "0001-01-01T00:00:00+14:00"},
            rfc3339(NOW),
            id="beyond-the-calendar",
        ),
        pytest.param({"status": True, "lastTransitionTime": EARLIER}, rfc3339(NOW), id="boolean"),
    ],
)
def test_the_time_of_a_condition_moves_only_when_its_status_flips(
    before: dict[str, Any], time: str
) -> None:
    """Else every sync would write, and so trigger the next one."""
    found = _wire({"conditions": [{"type": "Ready", **before}]})
    assert found["lastTransitionTime"] == time


def test_times_of_conditions_move_with_flips_alone_in_a_life() -> None:
    """Ready falls when a pod is lost, and rises when it is back; SpecValid does not move."""
    cluster = rested()
    ready, spec = (condition(answer(cluster), kind) for kind in ("Ready", "SpecValid"))
    cluster.wait(hours=1)
    lost_at = rfc3339(cluster.now)
    stored(cluster, WORKER)["status"].update(readyReplicas=1, availableReplicas=1)
    cluster.sync(sync)
    cluster.wait(hours=1)
    stored(cluster, WORKER)["status"].update(readyReplicas=0, availableReplicas=0)
    result = cluster.sync(sync)
    assert (
        condition(result, "Ready")["lastTransitionTime"] == lost_at != ready["lastTransitionTime"]
    )
    assert condition(result, "SpecValid") == spec
    cluster.settle()
    assert condition(cluster.sync(sync), "Ready")["lastTransitionTime"] == rfc3339(cluster.now)


def test_conditions_stand_in_the_order_of_the_api() -> None:
    """All six, always."""
    for cluster in (ClusterBuilder(), rested()):
        assert [one["type"] for one in status(answer(cluster))["conditions"]] == KINDS


def test_a_condition_that_is_malformed_is_read_as_absent() -> None:
    """One by one; of two with one type the last counts."""
    found = by_kind(
        {
            "conditions": [
                None,
                "Ready",
                {"status": "True"},
                {"type": 3, "status": "True"},
                {"type": "Ready", "status": "False"},
                {"type": "Ready", "status": "True"},
            ]
        }
    )
    assert found == {"Ready": {"type": "Ready", "status": "True"}}
    assert by_kind({"conditions": {"type": "Ready"}}) == {}


@pytest.mark.parametrize(
    ("one", "since"),
    [
        ({"status": "True", "lastTransitionTime": rfc3339(NOW)}, NOW),
        ({"status": "False", "lastTransitionTime": rfc3339(NOW)}, None),
        ({"status": "True"}, None),
        ({}, None),
    ],
)
def test_since_when_a_condition_is_true(one: dict[str, Any], since: object) -> None:
    """None where it is not, or nobody knows."""
    assert true_since({"conditions": [{"type": "Ready", **one}]}, "Ready") == since


# --- messages -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, ""),
        (1, "0"),
        (3, "0; 1; 2"),
        (10, "0; 1; 2; 3; 4; 5; 6; 7; 8; 9"),
        (12, "0; 1; 2; 3; 4; 5; 6; 7; 8; 9; and 2 more"),
    ],
)
def test_a_message_names_the_first_ten_and_counts_the_rest(count: int, text: str) -> None:
    """A hundred faults help nobody."""
    assert joined(map(str, range(count))) == text


def test_a_message_ends_at_4096_characters() -> None:
    """However long a part of it is."""
    assert joined(["x" * 4096]) == "x" * 4096
    assert joined(["x" * 5000]) == "x" * 4095 + "…"
    assert len(joined(["ü" * 3000, "y" * 3000])) == 4096


def test_many_faults_of_a_spec_are_counted_in_its_conditions() -> None:
    """Ready and SpecValid say the same, with paths."""
    cluster = rested()
    variables = [{"name": "INDEXER_PASSWORD", "value": "x"} for _ in range(1)]
    labels = {f"app.kubernetes.io/{name}": "x" for name in ("name", "instance", "component")}
    part = {"podLabels": labels, "podAnnotations": {"wazuh.com/cert-hash": "x"}}
    cluster.edit(
        lambda spec: spec.update(
            indexer={**part, "javaOpts": "-Xms1g"},
            dashboard=part,
            manager={
                "master": {**part, "env": variables, "extraConfig": "<cluster></cluster>"},
                "workers": {**part, "extraConfig": "<nope></nope>"},
            },
        )
    )
    result = answer(cluster)
    for kind in ("Ready", "SpecValid"):
        text = condition(result, kind)["message"]
        assert text.count("; spec.") == 9
        assert "; and " in text
        assert text.endswith(" more")


# --- reasons ------------------------------------------------------------------------------------
def test_a_quiet_cluster_is_ready_and_idle() -> None:
    """The reasons of a good day."""
    assert [judged(answer(rested()), kind) for kind in KINDS] == [
        ("True", "AllTiersReady"),
        ("True", "MinimumAvailable"),
        ("False", "Idle"),
        ("False", "AsExpected"),
        ("True", "Valid"),
        ("True", "Valid"),
    ]


def test_a_new_cluster_is_creating() -> None:
    """The reasons of the first minute."""
    assert [judged(answer(ClusterBuilder()), kind) for kind in KINDS] == [
        ("False", "Creating"),
        ("False", "Creating"),
        ("True", "Creating"),
        ("False", "AsExpected"),
        ("False", "Issuing"),
        ("True", "Valid"),
    ]


def test_a_child_that_is_not_observed_yet_is_progress() -> None:
    """While every tier runs."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(manager={"logRotation": {"enabled": True}}))
    result = answer(cluster)
    assert judged(result, "Progressing") == ("True", "Creating")
    assert condition(result, "Progressing")["message"] == (
        "waits for CronJob wz-log-rotation; Role wz-log-rotation; RoleBinding wz-log-rotation;"
        " ServiceAccount wz-log-rotation"
    )
    assert result.response.resync_after_seconds == 10


def test_an_awaited_secret_is_progress() -> None:
    """WaitingForSecret, with the field that names it."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(KEY_REFERENCE))
    result = answer(cluster)
    assert judged(result, "Progressing") == ("True", "WaitingForSecret")
    assert condition(result, "Progressing")["message"] == (
        'spec.manager.clusterKeySecretRef: Secret "my-key" does not exist in this namespace'
    )
    assert judged(result, "SpecValid") == ("False", "SecretNotFound")


def test_a_secret_about_to_be_shown_is_progress() -> None:
    """Restored with our label: the informer of the children has it soon."""
    cluster = rested()
    secret = cluster.child("Secret", NAMES.cluster_key)
    cluster.remove("Secret", NAMES.cluster_key)
    cluster.related["v1", "Secret", NAMES.cluster_key] = secret
    result = answer(cluster)
    assert judged(result, "Progressing") == ("True", "WaitingForSecret")
    text = f"waits for Secret {NAMES.cluster_key} to be shown"
    assert condition(result, "Progressing")["message"] == text
    assert judged(result, "Degraded") == ("False", "AsExpected")


def test_an_unusable_secret_has_a_reason_of_its_own() -> None:
    """The value is not shown."""
    cluster = rested()
    cluster.add_user_secret("my-key", {"key": base64_of("too-short-a-key")})
    cluster.edit(lambda spec: spec.update(KEY_REFERENCE))
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("False", "SecretUnusable")
    assert "too-short-a-key" not in str(status(result))


def test_a_rotation_of_the_ca_is_progress() -> None:
    """A CA beside the active one: the stage is told, every tier runs."""
    cluster = rested()
    data = cluster.child("Secret", NAMES.ca)["data"]
    data["previous.crt"] = data["ca.crt"]
    result = answer(cluster)
    assert status(result)["certificateAuthority"]["stage"] == "Reissue"
    assert judged(result, "Progressing") == ("True", "CertificateRotation")


def test_a_hold_for_the_ca_is_no_readiness() -> None:
    """CertificatesNotReady, with what to do."""
    cluster = rested()
    cluster.remove("Secret", NAMES.ca)
    result = answer(cluster)
    assert judged(result, "Ready") == ("False", "CertificatesNotReady")
    assert (
        condition(result, "Ready")["message"] == condition(result, "CertificatesReady")["message"]
    )
    assert result.response.resync_after_seconds == 10


def test_a_leaf_that_is_made_is_no_fault() -> None:
    """Issuing passes by the next call: pods that run stay ready."""
    cluster = rested()
    cluster.remove("Secret", NAMES.certs("admin"))
    result = answer(cluster)
    assert judged(result, "Ready") == ("True", "AllTiersReady")
    assert judged(result, "CertificatesReady") == ("False", "Issuing")


def test_warnings_leave_the_spec_valid() -> None:
    """They are said all the same."""
    cluster = rested({"indexer": {"replicas": 2}})
    result = answer(cluster)
    assert judged(result, "SpecValid") == ("True", "ValidWithWarnings")
    assert condition(result, "SpecValid")["message"] == (
        "spec.indexer.replicas: 2 nodes cannot lose one; use 1 or 3"
    )


def test_several_things_missing_are_told_together_by_the_first_reason() -> None:
    """Pods before Secrets."""
    cluster = rested()
    cluster.remove("Secret", NAMES.dashboard_credentials)
    stored(cluster, INDEXER)["status"].update(readyReplicas=2, availableReplicas=2)
    result = answer(cluster)
    assert judged(result, "Degraded") == ("True", "ReplicasUnavailable")
    text = condition(result, "Degraded")["message"]
    assert text.startswith("indexer: 2 of 3 ready; ")
    assert f"Secret {NAMES.dashboard_credentials} is missing" in text


def test_availability_does_not_ask_for_what_is_not_wanted() -> None:
    """No workers, no dashboard: enough all the same."""
    cluster = rested({"manager": {"workers": {"replicas": 0}}, "dashboard": {"enabled": False}})
    assert judged(answer(cluster), "Available") == ("True", "MinimumAvailable")


def test_several_tiers_down_are_told_by_the_first_reason() -> None:
    """All of them in the message."""
    cluster = rested()
    for name in (WORKER, DASHBOARD):
        stored(cluster, name)["status"].update(readyReplicas=0, availableReplicas=0)
    result = answer(cluster)
    assert judged(result, "Available") == ("False", "WorkersUnavailable")
    text = "no manager worker is ready; no dashboard is ready"
    assert condition(result, "Available")["message"] == text


def test_the_generation_of_the_spec_stands_in_every_condition() -> None:
    """And in the status."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(rollout={"update": "Parallel"}))
    found = status(answer(cluster))
    assert found["observedGeneration"] == 2
    assert {one["observedGeneration"] for one in found["conditions"]} == {2}
