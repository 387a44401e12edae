"""The committed CompositeController, read for tests: which kinds it registers and how."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

COMPOSITE_CONTROLLER: Final = (
    Path(__file__).parent.parent / "metacontroller" / "compositecontroller.yaml"
)

#: Kind of each plural that may stand in childResources; discovery does this in a real cluster.
KINDS: Final = {
    "configmaps": "ConfigMap",
    "cronjobs": "CronJob",
    "deployments": "Deployment",
    "jobs": "Job",
    "networkpolicies": "NetworkPolicy",
    "poddisruptionbudgets": "PodDisruptionBudget",
    "rolebindings": "RoleBinding",
    "roles": "Role",
    "secrets": "Secret",
    "serviceaccounts": "ServiceAccount",
    "services": "Service",
    "statefulsets": "StatefulSet",
}


def composite_controller() -> dict[str, Any]:
    """Parsed CompositeController, a fresh one for each call."""
    loaded: dict[str, Any] = yaml.safe_load(COMPOSITE_CONTROLLER.read_text(encoding="utf-8"))
    return loaded


@cache
def registered_kinds() -> frozenset[tuple[str, str]]:
    """Pairs (apiVersion, kind) of all registered children."""
    rules = composite_controller()["spec"]["childResources"]
    return frozenset((rule["apiVersion"], KINDS[rule["resource"]]) for rule in rules)


def group_key(api_version: str, kind: str) -> str:
    """Key of a kind in ``children``: ``Secret.v1``, ``StatefulSet.apps/v1``."""
    return f"{kind}.{api_version}"


@cache
def group_keys() -> tuple[str, ...]:
    """Keys of all groups that a request carries, sorted."""
    return tuple(sorted(group_key(version, kind) for version, kind in registered_kinds()))
