"""Small requests for the tests of what is read from them."""

from __future__ import annotations

from typing import Any, Final

from app.result import Manifest

NAME: Final = "wz"
NAMESPACE: Final = "security"
UID: Final = "6f1c2a34-9b7e-4c55-8f21-0d3a6b5c7e90"


def named(name: str, **rest: Any) -> Manifest:
    """Object ``name`` of the parent's namespace."""
    return {"metadata": {"name": name, "namespace": NAMESPACE}, **rest}


def parent(**changes: Any) -> Manifest:
    """A WazuhCluster; ``changes`` replace its top-level fields."""
    metadata = {
        "name": NAME,
        "namespace": NAMESPACE,
        "uid": UID,
        "generation": 4,
        "creationTimestamp": "2026-11-24T08:00:00Z",
    }
    return {"metadata": metadata, "spec": {"version": "4.14.1"}, **changes}


def request(**changes: Any) -> Manifest:
    """A request with the groups that must be there; ``changes`` replace its top-level fields."""
    groups: Manifest = {"Secret.v1": {}, "StatefulSet.apps/v1": {}}
    return {"parent": parent(), "children": groups, "related": {}, **changes}


def with_children(**groups: Any) -> Manifest:
    """A request with further groups: ``Secret``, ``StatefulSet``, ``Deployment``, ``ConfigMap``."""
    keys = {
        "Secret": "Secret.v1",
        "StatefulSet": "StatefulSet.apps/v1",
        "Deployment": "Deployment.apps/v1",
        "ConfigMap": "ConfigMap.v1",
    }
    made = request()
    made["children"].update({keys[kind]: group for kind, group in groups.items()})
    return made
