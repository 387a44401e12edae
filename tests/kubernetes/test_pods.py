"""What the pods of all tiers have in common, and the user's knobs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.cluster import Cluster, Tier
from app.components import dashboard, indexer, manager_master, manager_worker
from app.kubernetes import meta, pods
from app.names import TIERS, Role
from app.result import Manifest
from tests.clusters import cluster

WORKLOADS = {
    Role.INDEXER: indexer.workload,
    Role.MANAGER_MASTER: manager_master.workload,
    Role.MANAGER_WORKER: manager_worker.workload,
    Role.DASHBOARD: dashboard.workload,
}


def _raw(role: Role, knobs: Manifest, **spec: Any) -> Manifest:
    """Spec with ``knobs`` on one tier."""
    match role:
        case Role.MANAGER_MASTER:
            return {"manager": {"master": knobs}, **spec}
        case Role.MANAGER_WORKER:
            return {"manager": {"workers": knobs}, **spec}
        case _:
            return {role.value: knobs, **spec}


def _template(role: Role, knobs: Manifest | None = None, **spec: Any) -> Manifest:
    workload = WORKLOADS[role](cluster(_raw(role, knobs or {}, **spec)))
    template: Manifest = workload["spec"]["template"]
    return template


def _pod(role: Role, **knobs: Any) -> Manifest:
    spec: Manifest = _template(role, knobs)["spec"]
    return spec


def _container(role: Role, **knobs: Any) -> Manifest:
    container: Manifest = _pod(role, **knobs)["containers"][0]
    return container


@pytest.mark.parametrize("role", TIERS)
@pytest.mark.parametrize(
    ("knobs", "change"),
    [
        pytest.param({"nodeSelector": {"disk": "fast"}}, {"nodeSelector": {"disk": "fast"}}),
        pytest.param(
            {"tolerations": [{"key": "soc", "operator": "Exists"}]},
            {"tolerations": [{"key": "soc", "operator": "Exists"}]},
        ),
        pytest.param({"priorityClassName": "high"}, {"priorityClassName": "high"}),
        pytest.param({"serviceAccountName": "wazuh"}, {"serviceAccountName": "wazuh"}),
        pytest.param(
            {"affinity": {"nodeAffinity": {"x": [{"weight": 1}]}}},
            {"affinity": {"nodeAffinity": {"x": [{"weight": 1}]}}},
        ),
    ],
    ids=["node selector", "tolerations", "priority class", "service account", "affinity"],
)
def test_a_knob_of_the_pod_reaches_it_and_changes_nothing_else(
    role: Role, knobs: Manifest, change: Manifest
) -> None:
    """On every tier."""
    assert _pod(role, **knobs) == {**_pod(role), **change}


@pytest.mark.parametrize("role", TIERS)
def test_a_pod_gets_no_token_and_no_service_variables(role: Role) -> None:
    """Nothing in it speaks to the API server, and variables of Services could be read as ours."""
    pod = _pod(role)
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["serviceAccountName"] == "default"
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}


@pytest.mark.parametrize("role", TIERS)
def test_pull_secrets_are_in_every_pod(role: Role) -> None:
    """They stand once, in the spec."""
    secrets = [{"name": "registry"}]
    pod = _template(role, imagePullSecrets=secrets)["spec"]
    assert pod["imagePullSecrets"] == secrets
    assert "imagePullSecrets" not in _pod(role)


def test_a_pull_secret_that_is_named_twice_stands_once() -> None:
    """The list has one item for each name: server-side apply refuses a second one."""
    secrets = [{"name": "b"}, {"name": "a"}, {"name": "b"}]
    pod = _template(Role.INDEXER, imagePullSecrets=secrets)["spec"]
    assert pod["imagePullSecrets"] == [{"name": "b"}, {"name": "a"}]


@pytest.mark.parametrize("role", TIERS)
def test_the_users_variables_and_mounts_follow_ours(role: Role) -> None:
    """Ours keep their places: Metacontroller never reorders a list."""
    ours = _container(role)
    variable = {"name": "TZ", "value": "UTC"}
    mount = {"name": "more", "mountPath": "/more"}
    volume = {"name": "more", "emptyDir": {}}
    found = _pod(role, env=[variable], extraVolumeMounts=[mount], extraVolumes=[volume])
    assert found["containers"][0]["env"] == [*ours["env"], variable]
    assert found["containers"][0]["volumeMounts"] == [*ours["volumeMounts"], mount]
    assert found["volumes"] == [*_pod(role)["volumes"], volume]


@pytest.mark.parametrize("role", TIERS)
def test_sources_of_variables_reach_the_container(role: Role) -> None:
    """And there is no empty list without them."""
    source = {"configMapRef": {"name": "proxy"}}
    assert _container(role, envFrom=[source])["envFrom"] == [source]
    assert "envFrom" not in _container(role)


@pytest.mark.parametrize("role", TIERS)
def test_security_contexts_are_merged_key_by_key(role: Role) -> None:
    """The user's key wins, the others stay ours."""
    ours = _pod(role)
    found = _pod(
        role,
        securityContext={"fsGroup": 2000},
        containerSecurityContext={"privileged": False, "allowPrivilegeEscalation": True},
    )
    assert found["securityContext"] == {**ours["securityContext"], "fsGroup": 2000}
    assert found["containers"][0]["securityContext"] == {
        **ours["containers"][0]["securityContext"],
        "privileged": False,
        "allowPrivilegeEscalation": True,
    }


@pytest.mark.parametrize("role", TIERS)
def test_resources_reach_the_container(role: Role) -> None:
    """In canonical form."""
    limits = {"cpu": "2", "memory": "8Gi"}
    found = _container(role, resources={"requests": {"cpu": "0.5"}, "limits": limits})
    assert found["resources"] == {"requests": {"cpu": "500m"}, "limits": limits}


@pytest.mark.parametrize("role", TIERS)
def test_labels_and_annotations_reach_the_pod(role: Role) -> None:
    """Beside ours, on the template only."""
    knobs = {"podLabels": {"team": "soc"}, "podAnnotations": {"example.com/a": "1"}}
    ours, found = _template(role)["metadata"], _template(role, knobs)["metadata"]
    assert found["labels"] == {**ours["labels"], "team": "soc"}
    assert found["annotations"] == {**ours["annotations"], "example.com/a": "1"}


@pytest.mark.parametrize("role", TIERS)
def test_annotations_of_the_workload_stay_off_the_pod(role: Role) -> None:
    """A note on a workload must not roll it."""
    of_cluster = cluster(_raw(role, {"annotations": {"example.com/owner": "soc"}}))
    found = WORKLOADS[role](of_cluster)
    plain = WORKLOADS[role](cluster())
    assert found["metadata"]["annotations"] == {
        **plain["metadata"]["annotations"],
        "example.com/owner": "soc",
    }
    assert found["spec"] == plain["spec"]


def _with_tier(role: Role, **facts: Any) -> Cluster:
    of_cluster = cluster()
    tier = Tier(**{"replicas": 1, **facts})
    return replace(of_cluster, tiers={**of_cluster.tiers, role: tier})


@pytest.mark.parametrize("role", TIERS)
def test_a_template_carries_the_hashes_as_far_as_they_are_known(role: Role) -> None:
    """No annotation rather than an empty one."""

    def annotations(**facts: Any) -> Manifest | None:
        metadata = WORKLOADS[role](_with_tier(role, **facts))["spec"]["template"]["metadata"]
        found: Manifest | None = metadata.get("annotations")
        return found

    assert annotations() is None
    assert annotations(cert_hash="c0") == {"wazuh.com/cert-hash": "c0"}
    assert annotations(cert_hash="c0", kept_config_hash="k0") == {
        "wazuh.com/cert-hash": "c0",
        "wazuh.com/config-hash": "k0",
    }
    fresh = annotations(secret_digests={})
    assert fresh is not None
    assert len(fresh["wazuh.com/config-hash"]) == 16


@pytest.mark.parametrize(
    ("manager", "role", "wanted"),
    [
        pytest.param({}, {}, "wazuh/wazuh-manager:4.14.4", id="default"),
        pytest.param({"tag": "4.14.1"}, {}, "wazuh/wazuh-manager:4.14.1", id="manager's tag"),
        pytest.param(
            {"repository": "r.example.com/m", "tag": "4.14.1"},
            {"tag": "4.13.0"},
            "r.example.com/m:4.13.0",
            id="role's tag, manager's repository",
        ),
        pytest.param(
            {"repository": "r.example.com/m"},
            {"repository": "r.example.com/master"},
            "r.example.com/master:4.14.4",
            id="role's repository",
        ),
    ],
)
def test_an_image_is_found_field_by_field(manager: Manifest, role: Manifest, wanted: str) -> None:
    """Role, then what both roles share, then Wazuh's own."""
    of_cluster = cluster({"manager": {"image": manager, "master": {"image": role}}})
    assert pods.image(of_cluster, Role.MANAGER_MASTER) == wanted


@pytest.mark.parametrize("role", [Role.INDEXER, Role.DASHBOARD])
def test_the_managers_image_is_nobody_elses(role: Role) -> None:
    """The common image is of both manager roles only."""
    of_cluster = cluster({"manager": {"image": {"tag": "4.0.0", "pullPolicy": "Always"}}})
    assert pods.image(of_cluster, role) == f"wazuh/wazuh-{role}:4.14.4"
    assert pods.pull_policy(of_cluster, role) == "IfNotPresent"


def test_a_tag_with_a_digest_stays_whole() -> None:
    """Tag and digest, as a runtime reads them."""
    tag = "4.14.1@sha256:" + "0" * 64
    of_cluster = cluster({"dashboard": {"image": {"tag": tag, "pullPolicy": "Never"}}})
    assert pods.image(of_cluster, Role.DASHBOARD) == f"wazuh/wazuh-dashboard:{tag}"
    assert pods.pull_policy(of_cluster, Role.DASHBOARD) == "Never"


@pytest.mark.parametrize("role", [Role.INDEXER, Role.MANAGER_WORKER, Role.DASHBOARD])
def test_pods_of_a_tier_rather_stand_apart(role: Role) -> None:
    """By host and by zone, but a small cluster can still be placed."""
    pod = _pod(role)
    own = {"labelSelector": {"matchLabels": meta.selector(cluster(), role)}}
    assert pod["affinity"] == {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 100,
                    "podAffinityTerm": {**own, "topologyKey": "kubernetes.io/hostname"},
                }
            ]
        }
    }
    assert pod["topologySpreadConstraints"] == [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
            **own,
        }
    ]


def test_the_one_master_stands_anywhere() -> None:
    """There is nothing to keep it apart from."""
    assert not {"affinity", "topologySpreadConstraints"} & _pod(Role.MANAGER_MASTER).keys()


@pytest.mark.parametrize("role", TIERS)
def test_a_spread_constraint_without_selector_gets_the_tiers_own(role: Role) -> None:
    """One with a selector keeps it."""
    plain = {"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}
    chosen = {**plain, "labelSelector": {"matchLabels": {"a": "b"}}}
    found = _pod(role, topologySpreadConstraints=[plain, chosen])["topologySpreadConstraints"]
    own = {"labelSelector": {"matchLabels": meta.selector(cluster(), role)}}
    assert found == [{**plain, **own}, chosen]


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({"topologySpreadConstraints": []}, id="no constraints"),
        pytest.param({"affinity": {}}, id="no affinity"),
    ],
)
def test_an_empty_wish_replaces_the_default(knobs: Manifest) -> None:
    """Nothing is emitted for it, since the API server drops what is empty."""
    assert not knobs.keys() & _pod(Role.INDEXER, **knobs).keys()


def test_a_role_without_pods_has_no_knobs() -> None:
    """A defect of ours, not a wish."""
    with pytest.raises(ValueError, match="pki has no pods"):
        pods.knobs(cluster(), Role.PKI)
