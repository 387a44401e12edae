"""StatefulSets and Deployments: what never changes, and what the server would add."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.components import dashboard, indexer, manager_master, manager_worker
from app.kubernetes import meta
from app.names import Role
from app.result import Manifest
from tests.clusters import cluster

STATEFUL = {
    Role.INDEXER: indexer.workload,
    Role.MANAGER_MASTER: manager_master.workload,
    Role.MANAGER_WORKER: manager_worker.workload,
}


def _claims(raw: Manifest, role: Role = Role.INDEXER) -> list[Manifest]:
    claims: list[Manifest] = STATEFUL[role](cluster(raw))["spec"]["volumeClaimTemplates"]
    return claims


def test_a_claim_template_is_spelled_as_it_is_stored() -> None:
    """The list is compared as a whole: a short form would be written in every sync."""
    labels = meta.selector(cluster(), Role.INDEXER)
    assert _claims({"indexer": {"storageSize": "1024Gi"}}) == [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "indexer-data", "labels": labels},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Ti"}},
                "volumeMode": "Filesystem",
            },
            "status": {"phase": "Pending"},
        }
    ]


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        pytest.param({}, [None, None, None], id="the cluster's default"),
        pytest.param({"storageClassName": "slow"}, ["slow", "slow", "slow"], id="common"),
        pytest.param(
            {
                "storageClassName": "slow",
                "indexer": {"storageClassName": "fast"},
                "manager": {"workers": {"storageClassName": "local"}},
            },
            ["fast", "slow", "local"],
            id="by tier",
        ),
    ],
)
def test_the_storage_class_is_the_tiers_or_the_common_one(
    raw: Manifest, wanted: list[str | None]
) -> None:
    """Absent where neither is set."""
    found = [_claims(raw, role)[0]["spec"].get("storageClassName") for role in STATEFUL]
    assert found == wanted


@pytest.mark.parametrize("role", list(STATEFUL))
def test_immutable_fields_stay_as_observed(role: Role) -> None:
    """Another value would be refused, and with it the rest of the change."""
    fixed = {
        "volumeClaimTemplates": [{"metadata": {"name": "old"}}],
        "serviceName": "old-headless",
        "selector": {"matchLabels": {"app": "old"}},
        "podManagementPolicy": "OrderedReady",
    }
    of_cluster = cluster()
    tier = replace(of_cluster.tier(role), fixed=fixed)
    spec = STATEFUL[role](replace(of_cluster, tiers={**of_cluster.tiers, role: tier}))["spec"]
    assert {name: spec[name] for name in fixed} == fixed


def test_a_deployments_selector_stays_as_observed() -> None:
    """It is immutable as well."""
    of_cluster = cluster()
    selector = {"matchLabels": {"app": "old"}}
    tier = replace(of_cluster.tier(Role.DASHBOARD), fixed={"selector": selector})
    found = dashboard.workload(
        replace(of_cluster, tiers={**of_cluster.tiers, Role.DASHBOARD: tier})
    )
    assert found["spec"]["selector"] == selector


@pytest.mark.parametrize("role", list(STATEFUL))
@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_the_deletion_policy_decides_about_claims(role: Role, policy: str) -> None:
    """Only when the StatefulSet goes: scaling never deletes a volume."""
    spec = STATEFUL[role](cluster({"deletionPolicy": policy}))["spec"]
    assert spec["persistentVolumeClaimRetentionPolicy"] == {
        "whenDeleted": policy,
        "whenScaled": "Retain",
    }


@pytest.mark.parametrize("role", list(STATEFUL))
def test_strategies_are_spelled_to_the_last_default(role: Role) -> None:
    """The server's own block would survive a merge and make the type unchangeable."""
    spec = STATEFUL[role](cluster())["spec"]
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert spec["podManagementPolicy"] == "Parallel"
    assert dashboard.workload(cluster())["spec"]["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
    }


def test_replicas_are_those_of_the_tier_not_of_the_wish() -> None:
    """A lowered number of indexers is held."""
    of_cluster = cluster({"indexer": {"replicas": 3}})
    tier = replace(of_cluster.tier(Role.INDEXER), replicas=5)
    found = indexer.workload(replace(of_cluster, tiers={**of_cluster.tiers, Role.INDEXER: tier}))
    assert found["spec"]["replicas"] == 5


def test_no_workers_are_a_statefulset_with_zero_replicas() -> None:
    """The zero is spelled: without it the server would start one."""
    found = manager_worker.workload(cluster({"manager": {"workers": {"replicas": 0}}}))
    assert found["spec"]["replicas"] == 0


def test_only_indexers_wait_after_ready_and_remember_their_bootstrap() -> None:
    """Shards begin to recover before the next node goes."""
    found = indexer.workload(cluster(initial_cluster_managers=3))
    assert found["spec"]["minReadySeconds"] == 30
    assert found["metadata"]["annotations"]["wazuh.com/initial-cluster-managers"] == "3"
    master = manager_master.workload(cluster())
    assert "minReadySeconds" not in master["spec"]
    assert master["metadata"]["annotations"] == {"wazuh.com/renderer": "1"}
