"""On a quiet cluster nothing in the status changes, and no sync writes."""

from __future__ import annotations

from typing import Any

import pytest

from app.hook.sync import sync
from app.result import Manifest
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.scenarios import KEY_REFERENCE
from tests.steps import INDEXER, WORKER, answer, rested, status, stored


def _lossy() -> ClusterBuilder:
    cluster = rested()
    stored(cluster, WORKER)["status"].update(readyReplicas=1, availableReplicas=1)
    return cluster


def _held() -> ClusterBuilder:
    cluster = rested()
    blue = {"podAnnotations": {"team": "blue"}}
    cluster.edit(lambda spec: spec.update(indexer=blue, dashboard=blue))
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=1, ready=2)
    return cluster


def _frozen() -> ClusterBuilder:
    cluster = rested()
    cluster.edit(lambda spec: spec.update(indexer={"javaOpts": "-Xms1g"}))
    return cluster


def _without(secret: str) -> ClusterBuilder:
    cluster = rested()
    cluster.remove("Secret", secret)
    return cluster


def _awaiting() -> ClusterBuilder:
    cluster = rested()
    cluster.edit(lambda spec: spec.update(KEY_REFERENCE))
    return cluster


def _deleting() -> ClusterBuilder:
    cluster = rested()
    cluster.delete()
    return cluster


SITUATIONS = {
    "running": rested,
    "degraded": _lossy,
    "held": _held,
    "frozen": _frozen,
    "key-lost": lambda: _without(NAMES.cluster_key),
    "ca-lost": lambda: _without(NAMES.ca),
    "awaiting": _awaiting,
    "deleting": _deleting,
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_nothing_is_written_while_nothing_happens(situation: str) -> None:
    """Ten minutes of periodic syncs, after two in which the situation was noticed."""
    cluster = SITUATIONS[situation]()
    for _ in range(2):
        cluster.sync(sync)
        cluster.wait(seconds=30)
    cluster.wait(minutes=2)
    cluster.sync(sync)
    before, told = cluster.writes, cluster.parent["status"]
    for _ in range(20):
        cluster.wait(seconds=30)
        cluster.sync(sync)
    assert cluster.writes == before
    assert cluster.parent["status"] == told


def _leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(leaf for one in value.values() for leaf in _leaves(one))]
    if isinstance(value, list):
        return [leaf for one in value for leaf in _leaves(one)]
    return []


def test_no_clock_stands_in_the_status() -> None:
    """No lastUpdateTime, no age; every time in it is that of a certificate or of a flip."""
    allowed = {"lastTransitionTime", "notBefore", "notAfter", "renewalTime"}
    found = {key for key in _leaves(dict(status(answer(rested())))) if "ime" in key or "not" in key}
    assert found <= allowed


def test_the_status_of_a_quiet_cluster_in_full() -> None:
    """Every field of the API that a cluster at rest has."""
    found: Manifest = dict(status(answer(rested())))
    certificates = found.pop("certificates")
    authority = found.pop("certificateAuthority")
    conditions = found.pop("conditions")
    assert len(conditions) == 6
    running = {"phase": "Running", "version": "4.14.1"}
    assert found == {
        "phase": "Running",
        "observedGeneration": 1,
        "version": "4.14.1",
        "indexer": {**running, "replicas": 3, "readyReplicas": 3},
        "manager": {
            **running,
            "replicas": 3,
            "readyReplicas": 3,
            "master": {**running, "replicas": 1, "readyReplicas": 1},
            "workers": {**running, "replicas": 2, "readyReplicas": 2},
        },
        "dashboard": {**running, "replicas": 1, "readyReplicas": 1},
        "nextCertificateExpiry": min(one["notAfter"] for one in [*certificates, authority]),
    }
    assert [one["name"] for one in certificates] == sorted(
        NAMES.certs(leaf)
        for leaf in (
            "admin",
            "dashboard",
            "filebeat",
            "indexer",
            "manager-master",
            "manager-worker",
        )
    )
    for one in certificates:
        assert one["component"] == one["name"].removeprefix("wz-").removesuffix("-certs")
        assert one["issuerFingerprint"] == authority["fingerprint"]
        assert one.keys() == {
            "name",
            "component",
            "notBefore",
            "notAfter",
            "renewalTime",
            "serialNumber",
            "issuerFingerprint",
            "fingerprint",
        }
    assert authority.keys() == {
        "name",
        "fingerprint",
        "notBefore",
        "notAfter",
        "renewalTime",
        "stage",
    }
    assert (authority["name"], authority["stage"]) == (NAMES.ca, "Steady")


def test_certificates_that_are_not_observed_are_not_told() -> None:
    """What was just made is not there yet."""
    cluster = ClusterBuilder()
    cluster.sync(sync)
    found = status(cluster.sync(sync))
    assert "certificates" not in found
    assert found["nextCertificateExpiry"] == found["certificateAuthority"]["notAfter"]
    assert "certificateAuthority" not in status(answer(ClusterBuilder()))


def test_an_order_that_acts_once_is_mirrored_in_the_status() -> None:
    """The last value acted upon; it stays when the annotation goes."""
    cluster = rested()
    cluster.remove("Secret", NAMES.cluster_key)
    cluster.annotate(recreate_secret=f"{NAMES.cluster_key}/again")
    result = cluster.sync(sync)
    assert [(one.secret, one.reason) for one in result.report.reissues] == [
        (NAMES.cluster_key, "RecreateRequested")
    ]
    wanted = {"wazuh.com/recreate-secret": f"{NAMES.cluster_key}/again"}
    assert status(cluster.sync(sync))["requests"] == wanted
    del cluster.parent["metadata"]["annotations"]
    assert status(cluster.sync(sync))["requests"] == wanted
    cluster.remove("Secret", NAMES.cluster_key)
    cluster.annotate(recreate_secret=f"{NAMES.cluster_key}/again")
    assert cluster.sync(sync).report.reissues == ()


def test_a_cluster_without_orders_has_no_requests() -> None:
    """The field is absent then."""
    assert "requests" not in status(answer(rested()))
