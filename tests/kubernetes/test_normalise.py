"""Kubernetes' own types in the form in which the API server stores them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.kubernetes import normalise

Row = tuple[Callable[[Mapping[str, Any]], dict[str, Any]], dict[str, Any], dict[str, Any]]

ROWS: dict[str, Row] = {
    "an empty value of a variable is dropped": (
        normalise.env_var,
        {"name": "A", "value": ""},
        {"name": "A"},
    ),
    "nulls are dropped, optional zero values stay": (
        normalise.env_var,
        {"name": "A", "value": None, "valueFrom": {"secretKeyRef": {"key": "", "optional": False}}},
        {"name": "A", "valueFrom": {"secretKeyRef": {"key": "", "optional": False}}},
    ),
    "a divisor becomes canonical": (
        normalise.env_var,
        {"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "x", "divisor": "1024Ki"}}},
        {"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "x", "divisor": "1Mi"}}},
    ),
    "an empty prefix is dropped, an empty reference stays": (
        normalise.env_from,
        {"prefix": "", "secretRef": {}},
        {"secretRef": {}},
    ),
    "quantities become canonical, empty maps go": (
        normalise.resources,
        {"requests": {"cpu": 1, "memory": "1024Mi"}, "limits": {}},
        {"requests": {"cpu": "1", "memory": "1Gi"}},
    ),
    "zero values of plain fields of a mount go": (
        normalise.volume_mount,
        {"name": "a", "mountPath": "/a", "readOnly": False, "subPath": ""},
        {"name": "a", "mountPath": "/a"},
    ),
    "true stays": (
        normalise.volume_mount,
        {"name": "a", "mountPath": "/a", "readOnly": True},
        {"name": "a", "mountPath": "/a", "readOnly": True},
    ),
    "an empty volume source stays, its empty medium goes": (
        normalise.volume,
        {"name": "a", "emptyDir": {"medium": "", "sizeLimit": "1024Mi"}},
        {"name": "a", "emptyDir": {"sizeLimit": "1Gi"}},
    ),
    "a volume without a source is an empty folder": (
        normalise.volume,
        {"name": "a", "secret": None},
        {"name": "a", "emptyDir": {}},
    ),
    "an empty emptyDir stays": (
        normalise.volume,
        {"name": "a", "emptyDir": {}},
        {"name": "a", "emptyDir": {}},
    ),
    "readOnly is optional in a CSI source only": (
        normalise.volume,
        {"name": "a", "csi": {"driver": "d", "readOnly": False}, "nfs": {"readOnly": False}},
        {"name": "a", "csi": {"driver": "d", "readOnly": False}, "nfs": {}},
    ),
    "projected sources spell their defaults": (
        normalise.volume,
        {
            "name": "a",
            "projected": {
                "sources": [
                    {"serviceAccountToken": {"path": "t", "audience": ""}},
                    {
                        "downwardAPI": {
                            "items": [
                                {"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}},
                                {"path": "c", "resourceFieldRef": {"resource": "limits.cpu"}},
                            ]
                        }
                    },
                    {"secret": {"name": "s", "optional": False}},
                ]
            },
        },
        {
            "name": "a",
            "projected": {
                "sources": [
                    {"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}},
                    {
                        "downwardAPI": {
                            "items": [
                                {
                                    "path": "l",
                                    "fieldRef": {
                                        "apiVersion": "v1",
                                        "fieldPath": "metadata.labels",
                                    },
                                },
                                {
                                    "path": "c",
                                    "resourceFieldRef": {"divisor": "0", "resource": "limits.cpu"},
                                },
                            ]
                        }
                    },
                    {"secret": {"name": "s", "optional": False}},
                ]
            },
        },
    ),
    "a given expiry stays": (
        normalise.volume,
        {
            "name": "a",
            "projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 600}}]},
        },
        {
            "name": "a",
            "projected": {"sources": [{"serviceAccountToken": {"expirationSeconds": 600}}]},
        },
    ),
    "a toleration of everything": (
        normalise.toleration,
        {"key": "", "operator": "Exists", "effect": "", "tolerationSeconds": 0},
        {"operator": "Exists", "tolerationSeconds": 0},
    ),
    "a label's empty value stays, an empty map of labels goes": (
        normalise.topology_spread_constraint,
        {"maxSkew": 1, "labelSelector": {"matchLabels": {"a": ""}}, "matchLabelKeys": []},
        {"maxSkew": 1, "labelSelector": {"matchLabels": {"a": ""}}},
    ),
    "an empty selector stays": (
        normalise.affinity,
        {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {
                        "topologyKey": "z",
                        "labelSelector": {"matchLabels": {}},
                        "namespaceSelector": {},
                        "namespaces": [],
                    }
                ],
                "preferredDuringSchedulingIgnoredDuringExecution": [],
            },
            "nodeAffinity": None,
        },
        {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"topologyKey": "z", "labelSelector": {}, "namespaceSelector": {}}
                ]
            }
        },
    ),
    "an empty affinity stays: it means none": (normalise.affinity, {}, {}),
    "user 0 and false stay in a security context": (
        normalise.security_context,
        {"runAsUser": 0, "privileged": False, "capabilities": {"add": [], "drop": ["ALL"]}},
        {"runAsUser": 0, "privileged": False, "capabilities": {"drop": ["ALL"]}},
    ),
    "ports of a policy name their protocol": (
        normalise.network_policy_rule,
        {"from": [{"podSelector": {}}], "ports": [{"port": 1}, {"port": "x", "protocol": "UDP"}]},
        {
            "from": [{"podSelector": {}}],
            "ports": [{"port": 1, "protocol": "TCP"}, {"port": "x", "protocol": "UDP"}],
        },
    ),
    "a rule for everything stays": (normalise.network_policy_rule, {"ports": [], "to": None}, {}),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_value_becomes_what_the_api_server_stores(case: str) -> None:
    """Otherwise the template would differ from the observed one in every sync."""
    function, written, stored = ROWS[case]
    assert function(written) == stored


@pytest.mark.parametrize("case", ROWS)
def test_what_is_stored_stays(case: str) -> None:
    """Normalising twice changes nothing more."""
    function, _, stored = ROWS[case]
    assert function(stored) == stored


def test_the_given_value_is_not_changed() -> None:
    """The spec is kept in a cache and must not change under a builder's hands."""
    given = {"name": "a", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}
    normalise.volume(given)
    assert given == {
        "name": "a",
        "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]},
    }
