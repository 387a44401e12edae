"""The spec of one request: judged by itself, and by what a living cluster cannot change."""

from __future__ import annotations

from dataclasses import replace

from app.names import Names
from app.observed.request import SyncRequest
from app.resolve import held_fields, load_balancers
from app.resolve.specification import Specification, specification


def judge(asked: SyncRequest) -> Specification:
    """Effective spec with all faults; where it is not usable, the cluster is frozen."""
    judged = specification(asked.spec, asked.name, held_fields.version_floor(asked))
    if judged.spec is None:
        return judged
    named = Names(cluster=asked.name, namespace=asked.namespace, domain=judged.spec.cluster_domain)
    effective, held = load_balancers.with_running_classes(judged.spec, named, asked.observed)
    refused = tuple(held_fields.cluster_name_fault(judged.spec, named, asked.observed))
    if not held and not refused:
        return judged
    return replace(judged, spec=effective, faults=(*judged.faults, *held, *refused))
