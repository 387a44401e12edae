"""Children as they are observed under both ways in which Metacontroller applies."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from app import components, names
from app.result import Manifest
from app.secret_data import SecretData
from tests import clusters
from tests.stored_objects import managed_fields, with_defaults
from tests.user_overrides import OVERRIDES

TIME: Final = "2026-11-24T08:00:00Z"
OWNER: Final = {
    "apiVersion": names.API_VERSION,
    "kind": names.KIND,
    "name": clusters.NAME,
    "uid": clusters.UID,
    "controller": True,
    "blockOwnerDeletion": True,
}
SECRETS: Final = (
    (names.Role.PKI, SecretData(name="wz-ca", data={"ca.crt": "YQ==", "ca.key": "Yg=="})),
)
RECORDING: Final = Path(__file__).parent.parent / "recordings" / "5-steady-state.json"


@cache
def _rendered(*, with_overrides: bool) -> tuple[Manifest, ...]:
    raw = {"manager": {"logRotation": {"enabled": True}}}
    cluster = clusters.cluster(
        OVERRIDES if with_overrides else raw,
        secrets=SECRETS,
        security_job=clusters.security_job(),
    )
    return tuple(components.render(cluster))


def rendered(*, with_overrides: bool = False) -> list[Manifest]:
    """Every child of a cluster, with the namespace that Metacontroller fills in."""
    found = copy.deepcopy(list(_rendered(with_overrides=with_overrides)))
    for child in found:
        child["metadata"].setdefault("namespace", clusters.NAMESPACE)
    return found


def sent(child: Manifest) -> Manifest:
    """``child`` as Metacontroller sends it: with its label."""
    made = json.loads(json.dumps(child))
    made["metadata"].setdefault("labels", {})[names.LABEL_CONTROLLER_UID] = clusters.UID
    return dict(made)


def by_annotation(child: Manifest) -> Manifest:
    """``child`` observed under dynamic-apply."""
    stored = with_defaults(sent(child))
    _add_system_metadata(stored)
    annotations = stored["metadata"].setdefault("annotations", {})
    annotations[names.LAST_APPLIED] = json.dumps(sent(child))
    stored["metadata"]["managedFields"] = managed_fields(stored, operation="Update", time=TIME)
    return stored


def by_owned_fields(child: Manifest, manager: str = "metacontroller") -> Manifest:
    """``child`` observed under server-side apply: only what was sent is owned."""
    applied = sent(child)
    applied["metadata"]["ownerReferences"] = [OWNER]
    stored = with_defaults(applied)
    _add_system_metadata(stored)
    [entry] = managed_fields(applied, operation="Apply", time=TIME)
    stored["metadata"]["managedFields"] = [{**entry, "manager": manager}]
    return stored


def _add_system_metadata(stored: Manifest) -> None:
    stored["metadata"].update(
        uid="u-1",
        resourceVersion="7",
        creationTimestamp=TIME,
        generation=3,
        ownerReferences=[OWNER],
    )
    stored["status"] = {"replicas": 3, "observedGeneration": 3}


FORMS: Final[dict[str, Callable[[Manifest], Manifest]]] = {
    "annotation": by_annotation,
    "owned fields": by_owned_fields,
}


def workload(name: str, *, with_overrides: bool = False) -> Manifest:
    """A rendered StatefulSet or Deployment."""
    return next(
        child
        for child in rendered(with_overrides=with_overrides)
        if child["kind"] in {"StatefulSet", "Deployment"} and child["metadata"]["name"] == name
    )
