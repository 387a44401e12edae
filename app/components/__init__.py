"""The components of a cluster, one module each, all of one shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from app.cluster import Cluster
from app.components import (
    dashboard,
    indexer,
    log_rotation,
    manager_master,
    manager_worker,
    shared,
)
from app.result import Manifest

#: What each component yields, in the order in which people read a cluster.
COMPONENTS: Final[tuple[Callable[[Cluster], Iterator[Manifest]], ...]] = (
    shared.children,
    indexer.children,
    manager_master.children,
    manager_worker.children,
    dashboard.children,
    log_rotation.children,
)


def render(cluster: Cluster) -> list[Manifest]:
    """Every child that the cluster wants, wherever it stands in its life.

    The manifests are read-only: parts of them are the spec's own values.
    """
    return [child for children in COMPONENTS for child in children(cluster)]
