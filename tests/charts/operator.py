"""The chart of the hook: values it is looked at with, and what it makes of them."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from app.result import Manifest
from tests.charts.helm import CHARTS, template

CHART: Final = CHARTS / "wazuh-operator"
_REVISION: Final = re.compile(r"\?rev=[0-9a-f]{12}$")
_ISSUER: Final = {"issuerRef": {"name": "cluster-ca", "kind": "ClusterIssuer"}}

#: Values by the name of their golden.
VALUE_SETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "default": {},
    "existing-secrets": {
        "tls": {"source": "existingSecret", "existingSecret": "hook-tls"},
        "token": {"existingSecret": "hook-token", "key": "metacontroller"},
    },
    "cert-manager": {
        "tls": {"source": "certManager", "certManager": _ISSUER},
        "clientTLS": {"enabled": True, "source": "certManager", "certManager": _ISSUER},
    },
    "mutual-tls": {
        "clientTLS": {"enabled": True},
        "compositeController": {"finalize": True, "labels": {"team": "security"}},
    },
    "monitoring": {
        "networkPolicy": {
            "metricsFrom": [
                {
                    "namespaceSelector": {
                        "matchLabels": {"kubernetes.io/metadata.name": "monitoring"}
                    }
                }
            ]
        },
        "metrics": {
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
            "dashboard": {"enabled": True},
        },
    },
    "minimal": {
        "replicas": 1,
        "tls": {"enabled": False},
        "token": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "podDisruptionBudget": {"enabled": False},
        "crd": {"create": False},
        "compositeController": {"create": False},
        "rbac": {"create": False},
    },
    "everything-set": {
        "nameOverride": "hook",
        "fullnameOverride": "wazuh-hook",
        "replicas": 3,
        "image": {
            "repository": "registry.example/wazuh-hook",
            "digest": f"sha256:{'0' * 64}",
            "pullPolicy": "Always",
        },
        "imagePullSecrets": [{"name": "registry"}],
        "host": "::",
        "settings": {"log_level": "debug", "max_body_bytes": 16777216, "stop_delay_seconds": 2.5},
        "podAnnotations": {"example.com/note": "x"},
        "podLabels": {"team": "security"},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "infra", "operator": "Exists"}],
        "affinity": {"podAntiAffinity": {}},
        "topologySpreadConstraints": [
            {
                "topologyKey": "kubernetes.io/hostname",
                "maxSkew": 1,
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": "hook"}},
            }
        ],
        "priorityClassName": "system-cluster-critical",
        "service": {"port": 9443, "annotations": {"example.com/note": "x"}},
        "clusterDomain": "k8s.example",
        "metacontroller": {"enabled": True},
    },
}


@cache
def _rendered(name: str) -> list[Manifest]:
    return template(CHART, VALUE_SETS[name])


def rendered(name: str) -> list[Manifest]:
    """What the chart makes of a value set; fresh objects, one rendering for all tests."""
    return copy.deepcopy(_rendered(name))


def only(manifests: list[Manifest], kind: str, ending: str = "") -> Manifest:
    """The one manifest of a kind whose name ends so."""
    [found] = [
        one for one in manifests if one["kind"] == kind and one["metadata"]["name"].endswith(ending)
    ]
    return found


def described(manifests: list[Manifest]) -> list[Manifest]:
    """For a golden: what differs with each rendering, or stands in a file of its own, is named."""
    shown = copy.deepcopy(manifests)
    for one in shown:
        match one["kind"]:
            case "Secret":
                one["data"] = dict.fromkeys(sorted(one["data"]), "<made by helm>")
            case "CustomResourceDefinition":
                one["spec"] = f"<as in crds/: {one['spec']['group']}>"
            case "ConfigMap":
                one["data"] = {key: f"<files/dashboard.json as {key}>" for key in one["data"]}
            case "CompositeController":
                for hook in one["spec"]["hooks"].values():
                    url = hook["webhook"]["url"]
                    hook["webhook"]["url"] = _REVISION.sub("?rev=<revision>", url)
    return shown
