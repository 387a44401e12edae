"""Disruption budgets and network policies."""

from __future__ import annotations

from typing import Any

import pytest

from app.components import dashboard, indexer, manager_master, manager_worker, render
from app.kubernetes import meta
from app.names import Role
from app.result import Manifest
from tests.clusters import cluster

INDEXERS = {"podSelector": {"matchLabels": meta.selector(cluster(), Role.INDEXER)}}
MASTER = {"podSelector": {"matchLabels": meta.selector(cluster(), Role.MANAGER_MASTER)}}
DASHBOARD = {"podSelector": {"matchLabels": meta.selector(cluster(), Role.DASHBOARD)}}
MANAGERS = {
    "podSelector": {
        "matchLabels": {
            "app.kubernetes.io/name": "wazuh-manager",
            "app.kubernetes.io/instance": "wz",
        }
    }
}
JOBS = {
    "podSelector": {
        "matchLabels": {"app.kubernetes.io/name": "wazuh", "app.kubernetes.io/instance": "wz"}
    }
}


def _tcp(*ports: int) -> list[Manifest]:
    return [{"protocol": "TCP", "port": port} for port in ports]


DNS = {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]}
INGRESS = {
    "wz-indexer": [
        {"ports": _tcp(9300), "from": [INDEXERS]},
        {"ports": _tcp(9200), "from": [MANAGERS, DASHBOARD, JOBS]},
    ],
    "wz-manager-master": [
        {"ports": _tcp(1514, 1515)},
        {"ports": _tcp(1516), "from": [MANAGERS]},
        {"ports": _tcp(55000), "from": [DASHBOARD]},
    ],
    "wz-manager-worker": [
        {"ports": _tcp(1514)},
        {"ports": _tcp(1516), "from": [MANAGERS]},
    ],
    "wz-dashboard": [{"ports": _tcp(5601)}],
}
EGRESS = {
    "wz-indexer": [DNS, {"ports": _tcp(9300), "to": [INDEXERS]}],
    "wz-manager-master": [
        DNS,
        {"ports": _tcp(9200), "to": [INDEXERS]},
        {"ports": _tcp(1516), "to": [MANAGERS]},
    ],
    "wz-manager-worker": [
        DNS,
        {"ports": _tcp(9200), "to": [INDEXERS]},
        {"ports": _tcp(1516), "to": [MANAGERS]},
    ],
    "wz-dashboard": [
        DNS,
        {"ports": _tcp(9200), "to": [INDEXERS]},
        {"ports": _tcp(55000), "to": [MASTER]},
    ],
}


def _policies(policy: Manifest, **config: Any) -> dict[str, Manifest]:
    """Specs of all network policies by name, with ``policy`` on every tier."""
    knob = {"networkPolicy": policy}
    raw = {
        "indexer": knob,
        "manager": {"master": knob, "workers": knob, "config": config},
        "dashboard": knob,
    }
    found = [child for child in render(cluster(raw)) if child["kind"] == "NetworkPolicy"]
    return {child["metadata"]["name"]: child["spec"] for child in found}


def test_there_are_no_policies_by_default() -> None:
    """A client nobody named must not be cut off."""
    assert _policies({}) == {}


def test_a_policy_lets_in_what_the_tier_is_for() -> None:
    """And leaves egress open: managers fetch the vulnerability feed."""
    found = _policies({"enabled": True})
    assert {name: spec["ingress"] for name, spec in found.items()} == INGRESS
    assert {tuple(spec["policyTypes"]) for spec in found.values()} == {("Ingress",)}
    assert not any("egress" in spec for spec in found.values())


def test_a_policy_is_about_the_pods_of_its_tier() -> None:
    """By the tier's selector."""
    found = _policies({"enabled": True})
    assert found["wz-indexer"]["podSelector"] == INDEXERS["podSelector"]


@pytest.mark.parametrize(
    ("egress", "more"),
    [
        pytest.param([], [], id="an empty list polices too"),
        pytest.param(
            [{"ports": [{"port": 443}]}], [{"ports": _tcp(443)}], id="a rule without protocol"
        ),
        pytest.param(
            [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
            [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}],
            id="a rule without ports",
        ),
    ],
)
def test_policed_egress_keeps_names_and_the_clusters_own_traffic(
    egress: list[Manifest], more: list[Manifest]
) -> None:
    """A cluster must not be able to cut itself off."""
    found = _policies({"enabled": True, "egress": egress})
    wanted = {name: [*rules, *more] for name, rules in EGRESS.items()}
    assert {name: spec["egress"] for name, spec in found.items()} == wanted
    types = {tuple(spec["policyTypes"]) for spec in found.values()}
    assert types == {("Ingress", "Egress")}


def test_the_users_ingress_rules_are_added() -> None:
    """Each port names its protocol, as it is stored."""
    rule = {
        "from": [{"namespaceSelector": {"matchLabels": {"team": "soc"}}}],
        "ports": [{"port": 9200}],
    }
    found = _policies({"enabled": True, "ingress": [rule]})
    assert found["wz-indexer"]["ingress"] == [
        *INGRESS["wz-indexer"],
        {**rule, "ports": _tcp(9200)},
    ]


def test_agents_are_let_in_where_they_are_served() -> None:
    """Ports and protocol follow the managers' configuration."""
    found = _policies(
        {"enabled": True},
        remote={"port": 1600, "protocol": "udp"},
        auth={"port": 1601, "enabledOnMasterOnly": False},
    )
    wanted = {"ports": [{"protocol": "UDP", "port": 1600}, *_tcp(1601)]}
    assert found["wz-manager-master"]["ingress"][0] == wanted
    assert found["wz-manager-worker"]["ingress"][0] == wanted


def _budgets(raw: Manifest) -> dict[str, Manifest]:
    """Bounds of all budgets by name."""
    found = [child for child in render(cluster(raw)) if child["kind"] == "PodDisruptionBudget"]
    return {
        child["metadata"]["name"]: {
            key: value for key, value in child["spec"].items() if key != "selector"
        }
        for child in found
    }


ONE_AWAY = {"maxUnavailable": 1}
DEFAULT = {"wz-indexer": ONE_AWAY, "wz-manager-worker": ONE_AWAY}


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        pytest.param({}, DEFAULT, id="default"),
        pytest.param(
            {"indexer": {"podDisruptionBudget": {"enabled": False}}},
            {"wz-manager-worker": ONE_AWAY},
            id="none for the indexers",
        ),
        pytest.param(
            {"indexer": {"podDisruptionBudget": {"minAvailable": 2}}},
            {**DEFAULT, "wz-indexer": {"minAvailable": 2}},
            id="another bound",
        ),
        pytest.param(
            {"manager": {"workers": {"podDisruptionBudget": {"enabled": False}}}},
            {"wz-indexer": ONE_AWAY},
            id="none for the workers",
        ),
        pytest.param(
            {"manager": {"workers": {"replicas": 0}}},
            {"wz-indexer": ONE_AWAY},
            id="no workers",
        ),
        pytest.param(
            {"manager": {"workers": {"podDisruptionBudget": {"maxUnavailable": 2}}}},
            {**DEFAULT, "wz-manager-worker": {"maxUnavailable": 2}},
            id="two workers away",
        ),
        pytest.param(
            {"dashboard": {"replicas": 2}},
            {**DEFAULT, "wz-dashboard": {"minAvailable": 1}},
            id="two dashboards",
        ),
        pytest.param(
            {"dashboard": {"replicas": 2, "podDisruptionBudget": {"enabled": False}}},
            DEFAULT,
            id="none for two dashboards",
        ),
        pytest.param(
            {"dashboard": {"podDisruptionBudget": {"enabled": True}}},
            DEFAULT,
            id="one dashboard: the default would block drains",
        ),
        pytest.param(
            {"dashboard": {"podDisruptionBudget": {"maxUnavailable": 1}}},
            DEFAULT,
            id="one dashboard, not asked for",
        ),
        pytest.param(
            {"dashboard": {"podDisruptionBudget": {"enabled": True, "maxUnavailable": 1}}},
            {**DEFAULT, "wz-dashboard": ONE_AWAY},
            id="one dashboard, asked for with a bound",
        ),
    ],
)
def test_budgets_exist_where_they_do_not_block_drains(
    raw: Manifest, wanted: dict[str, Manifest]
) -> None:
    """One pod with minAvailable 1 could never be moved."""
    assert _budgets(raw) == wanted


def test_a_budget_is_about_the_pods_of_its_tier() -> None:
    """The whole object, once."""
    of_cluster = cluster()
    assert indexer.budget(of_cluster) == {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta.metadata(of_cluster, Role.INDEXER, "wz-indexer"),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": meta.selector(of_cluster, Role.INDEXER)},
        },
    }


def test_a_network_policy_is_named_after_its_tier() -> None:
    """The whole object, once."""
    of_cluster = cluster({"dashboard": {"networkPolicy": {"enabled": True}}})
    assert dashboard.network_policy(of_cluster) == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta.metadata(of_cluster, Role.DASHBOARD, "wz-dashboard"),
        "spec": {
            "podSelector": DASHBOARD["podSelector"],
            "policyTypes": ["Ingress"],
            "ingress": INGRESS["wz-dashboard"],
        },
    }


def test_the_managers_policies_carry_their_own_role() -> None:
    """Two policies from one builder."""
    of_cluster = cluster()
    found = [manager_master.network_policy(of_cluster), manager_worker.network_policy(of_cluster)]
    components = [item["metadata"]["labels"]["app.kubernetes.io/component"] for item in found]
    assert components == ["manager-master", "manager-worker"]
