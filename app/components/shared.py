"""Secrets: identity, certificates and what is derived from them. They belong to no tier.

What is in them was decided before; data is passed on as it is, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.cluster import Cluster
from app.kubernetes.meta import metadata
from app.names import Role
from app.result import Manifest
from app.secret_data import SecretData


def children(cluster: Cluster) -> Iterator[Manifest]:
    """Every Secret of the cluster, in the order in which they were decided."""
    for role, content in cluster.secrets:
        yield secret(cluster, role, content)


def secret(cluster: Cluster, role: Role, content: SecretData) -> Manifest:
    """One Secret; immutable only where the observed one is, which cannot be taken back."""
    found: Manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(cluster, role, content.name, content.annotations),
        "type": content.type,
    }
    if content.data:
        found["data"] = dict(content.data)
    if content.immutable:
        found["immutable"] = True
    return found
