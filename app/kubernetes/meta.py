"""Metadata, labels and selectors: the one place where a child gets its identity.

A selector can never change on a live workload, so it holds nothing that ever changes; the
version is a label of workloads and pod templates only.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.cluster import Cluster
from app.names import (
    APPLICATION,
    LABEL_CLUSTER,
    LABEL_COMPONENT,
    LABEL_INSTANCE,
    LABEL_MANAGED_BY,
    LABEL_NAME,
    LABEL_PART_OF,
    LABEL_VERSION,
    MANAGED_BY,
    PART_OF,
    RENDERER,
    RENDERER_VERSION,
    Role,
)
from app.result import Manifest


def selector(cluster: Cluster, role: Role) -> dict[str, str]:
    """Labels that pick the pods of one role of one cluster."""
    return {
        LABEL_NAME: APPLICATION[role],
        LABEL_INSTANCE: cluster.name,
        LABEL_COMPONENT: role.value,
    }


def application_selector(cluster: Cluster, role: Role) -> dict[str, str]:
    """Labels that pick the pods of every role with the application of ``role``.

    For the managers: master and workers together.
    """
    return {LABEL_NAME: APPLICATION[role], LABEL_INSTANCE: cluster.name}


def labels(cluster: Cluster, role: Role) -> dict[str, str]:
    """Labels of every child: the selector's, and those that people and tools look for."""
    return {
        LABEL_NAME: APPLICATION[role],
        LABEL_INSTANCE: cluster.name,
        LABEL_COMPONENT: role.value,
        LABEL_PART_OF: PART_OF,
        LABEL_MANAGED_BY: MANAGED_BY,
        LABEL_CLUSTER: cluster.name,
    }


def versioned_labels(cluster: Cluster, role: Role) -> dict[str, str]:
    """Labels of a workload or a pod template: those of every child and the version."""
    return {**labels(cluster, role), LABEL_VERSION: str(cluster.version)}


def metadata(
    cluster: Cluster, role: Role, name: str, annotations: Mapping[str, str] | None = None
) -> Manifest:
    """Metadata of a child that runs nothing; no annotations rather than empty ones."""
    return _metadata(cluster, name, labels(cluster, role), annotations)


def workload_metadata(
    cluster: Cluster, role: Role, name: str, annotations: Mapping[str, str] | None = None
) -> Manifest:
    """Metadata of a workload: with the version, and stamped with the renderer's."""
    stamped = {**(annotations or {}), RENDERER: RENDERER_VERSION}
    return _metadata(cluster, name, versioned_labels(cluster, role), stamped)


def _metadata(
    cluster: Cluster, name: str, own_labels: dict[str, str], annotations: Mapping[str, str] | None
) -> Manifest:
    found: Manifest = {"name": name, "namespace": cluster.namespace, "labels": own_labels}
    if annotations:
        found["annotations"] = dict(annotations)
    return found
