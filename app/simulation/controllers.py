"""The built-in controllers of a cluster and what its pods keep, wired to one API server."""

from __future__ import annotations

import random
from typing import Final

from app.simulation.api_calls import Event, EventType
from app.simulation.api_server import ApiServer
from app.simulation.timeline import Timeline
from app.simulation.workloads import (
    budgets,
    cron_jobs,
    deployments,
    jobs,
    replica_sets,
    stateful_sets,
)
from app.simulation.workloads.dispatcher import Dispatcher
from app.simulation.workloads.garbage import ClaimProtection, GarbageCollector
from app.simulation.workloads.index import Indices
from app.simulation.workloads.kubelet import Habits, Kubelet

_BALANCER_ACTOR: Final = "cloud-controller-manager"


class Controllers:
    """kube-controller-manager, scheduler, kubelets and the garbage collector."""

    __slots__ = ("_api", "collector", "dispatcher", "indices", "kubelet")

    def __init__(
        self, timeline: Timeline, api: ApiServer, rng: random.Random, habits: Habits
    ) -> None:
        """``habits``: how long pods take."""
        self._api = api
        self.collector = GarbageCollector(timeline, api)
        self.kubelet = Kubelet(timeline, api, habits)
        self.indices = Indices(api, self.kubelet)
        self.dispatcher = dispatcher = Dispatcher(timeline, api)
        dispatcher.register(stateful_sets.KIND, stateful_sets.StatefulSets(timeline, api).reconcile)
        rollouts = deployments.Deployments(timeline, api)
        dispatcher.register(deployments.KIND, rollouts.reconcile)
        dispatcher.map("Pod", rollouts.concerned)
        dispatcher.register(
            replica_sets.KIND, replica_sets.ReplicaSets(timeline, api, rng).reconcile
        )
        dispatcher.register(jobs.KIND, jobs.Jobs(timeline, api, rng).reconcile)
        dispatcher.register(cron_jobs.KIND, cron_jobs.CronJobs(timeline, api).reconcile)
        disruption = budgets.Budgets(timeline, api)
        dispatcher.register(budgets.KIND, disruption.reconcile)
        dispatcher.map("Pod", disruption.concerned)
        protection = ClaimProtection(api)
        dispatcher.register("PersistentVolumeClaim", protection.reconcile)
        dispatcher.map("Pod", protection.concerned)
        dispatcher.register("Service", self._balance)
        dispatcher.map("PersistentVolumeClaim", self._freed_claim)

    def take_over(self, other: Controllers) -> None:
        """Go on where ``other`` was, as after a restart."""
        self.collector.take_over(other.collector)
        self.kubelet.take_over(other.kubelet)
        self.indices.take_over(other.indices)
        self.dispatcher.start()

    def _balance(self, namespace: str, name: str) -> float | None:
        """Give a LoadBalancer its address."""
        item = self._api.find("Service", namespace, name)
        if item is None or item["spec"]["type"] != "LoadBalancer":
            return None
        if not item["status"].get("loadBalancer"):
            # From the range for documentation: no such host exists.
            status = {"loadBalancer": {"ingress": [{"ip": "203.0.113.10", "ipMode": "VIP"}]}}
            self._api.update_status({**item, "status": status}, _BALANCER_ACTOR)
        return None

    def _freed_claim(self, event: Event) -> list[tuple[str, str, str]]:
        """A StatefulSet may have waited for the name of a claim that is gone now."""
        if event.type is not EventType.DELETED:
            return []
        return [
            ("StatefulSet", event.key[1], item["metadata"]["name"])
            for item in self._api.objects("StatefulSet", event.key[1])
        ]
