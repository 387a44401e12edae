"""A cluster under server-side apply: no annotation, ownership by Metacontroller's manager."""

from __future__ import annotations

import json

from app.names import LAST_APPLIED
from app.result import Manifest
from tests.cluster_builder import ClusterBuilder, rfc3339
from tests.stored_objects import managed_fields


def under_server_side_apply(cluster: ClusterBuilder) -> ClusterBuilder:
    """Copy of ``cluster`` as the API server stores it under server-side apply."""
    copied = cluster.copy()
    for child in copied.children.values():
        _convert(child, rfc3339(cluster.now))
    return copied


def _convert(child: Manifest, time: str) -> None:
    metadata = child["metadata"]
    text = metadata["annotations"].pop(LAST_APPLIED)
    if not metadata["annotations"]:
        del metadata["annotations"]
    [entry] = managed_fields(json.loads(text), operation="Apply", time=time)
    status = {
        "manager": "kube-controller-manager",
        "operation": "Update",
        "subresource": "status",
        "apiVersion": child["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:status": {}},
        "time": time,
    }
    metadata["managedFields"] = [status, entry]
