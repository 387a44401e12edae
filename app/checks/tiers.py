"""The four tiers with their place in the spec, and how one of them is exchanged for another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.names import Role
from app.schema.pods import ServiceSpec, TierSpec
from app.schema.wazuhcluster import WazuhClusterSpec

PATHS: Final[Mapping[Role, str]] = {
    Role.INDEXER: "spec.indexer",
    Role.MANAGER_MASTER: "spec.manager.master",
    Role.MANAGER_WORKER: "spec.manager.workers",
    Role.DASHBOARD: "spec.dashboard",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TierKnobs:
    """The user's knobs of one tier: its role, the path of its object, the object, its Service."""

    role: Role
    path: str
    spec: TierSpec
    service: ServiceSpec


def tiers(spec: WazuhClusterSpec) -> Iterator[TierKnobs]:
    """All tiers in the order in which they are created."""
    manager = spec.manager
    for role, tier, service in (
        (Role.INDEXER, spec.indexer, spec.indexer.service),
        (Role.MANAGER_MASTER, manager.master, manager.master.service),
        (Role.MANAGER_WORKER, manager.workers, manager.workers.service),
        (Role.DASHBOARD, spec.dashboard, spec.dashboard.service),
    ):
        yield TierKnobs(role=role, path=PATHS[role], spec=tier, service=service)


def with_fields(spec: WazuhClusterSpec, role: Role, fields: Mapping[str, Any]) -> WazuhClusterSpec:
    """``spec`` with other values of ``fields`` in the tier of ``role``; values are taken as valid.

    Raises ValueError for a role without pods of its own.
    """
    update = dict(fields)
    manager = spec.manager
    match role:
        case Role.INDEXER:
            parts: dict[str, Any] = {"indexer": spec.indexer.model_copy(update=update)}
        case Role.DASHBOARD:
            parts = {"dashboard": spec.dashboard.model_copy(update=update)}
        case Role.MANAGER_MASTER:
            master = manager.master.model_copy(update=update)
            parts = {"manager": manager.model_copy(update={"master": master})}
        case Role.MANAGER_WORKER:
            workers = manager.workers.model_copy(update=update)
            parts = {"manager": manager.model_copy(update={"workers": workers})}
        case _:
            raise ValueError(f"{role} is no tier")
    return spec.model_copy(update=parts)
