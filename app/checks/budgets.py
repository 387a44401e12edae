"""Disruption budgets that would never let a pod go, so that a node could not be drained."""

from __future__ import annotations

from collections.abc import Iterator

from app.faults import Fault, frozen
from app.schema.pods import PodDisruptionBudgetSpec
from app.schema.wazuhcluster import WazuhClusterSpec


def check_budgets(spec: WazuhClusterSpec) -> Iterator[Fault]:
    """Budgets of the tiers that may have one; a tier without pods, or a disabled budget, passes."""
    workers = spec.manager.workers
    yield from _check(
        "spec.indexer.podDisruptionBudget",
        spec.indexer.pod_disruption_budget,
        spec.indexer.replicas,
    )
    yield from _check(
        "spec.manager.workers.podDisruptionBudget", workers.pod_disruption_budget, workers.replicas
    )
    if spec.dashboard.enabled:
        yield from _check(
            "spec.dashboard.podDisruptionBudget",
            spec.dashboard.pod_disruption_budget,
            spec.dashboard.replicas,
        )


def _check(path: str, budget: PodDisruptionBudgetSpec, replicas: int) -> Iterator[Fault]:
    if budget.enabled is False or replicas == 0:
        return
    if budget.min_available is not None and budget.min_available >= replicas:
        yield frozen(
            f"{path}.minAvailable",
            f"{budget.min_available} of {replicas} pods would block every drain; "
            f"allowed: 0 to {replicas - 1}",
        )
    if budget.max_unavailable == 0:
        yield frozen(f"{path}.maxUnavailable", "0 would block every drain; allowed: 1 or more")
