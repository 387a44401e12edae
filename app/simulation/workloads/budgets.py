"""Disruption controller: the status of PodDisruptionBudgets."""

from __future__ import annotations

from typing import Final

from app.result import Manifest
from app.simulation.api_calls import Event, Key, key_of
from app.simulation.api_server import ApiServer
from app.simulation.related import selects
from app.simulation.timeline import Timeline
from app.simulation.workloads.pods import is_ready, is_terminating, write_status

KIND: Final = "PodDisruptionBudget"
ACTOR: Final = "disruption-controller"
_HUNDRED: Final = 100


class Budgets:
    """Reconciles one budget at a time."""

    __slots__ = ("_api", "_timeline")

    def __init__(self, timeline: Timeline, api: ApiServer) -> None:
        """Without state of its own."""
        self._timeline = timeline
        self._api = api

    def concerned(self, event: Event) -> list[Key]:
        """Budgets whose pods an event of a pod may be."""
        labels = event.object["metadata"].get("labels", {})
        return [
            key_of(item)
            for item in self._api.objects(KIND, event.key[1])
            if selects(item["spec"].get("selector", {}), labels)
        ]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Count pods and say how many may be disrupted."""
        item = self._api.find(KIND, namespace, name)
        if item is None:
            return None
        selector = item["spec"].get("selector", {})
        pods = [
            pod
            for pod in self._api.objects("Pod", namespace)
            if selects(selector, pod["metadata"].get("labels", {}))
        ]
        expected = len(pods)
        healthy = sum(is_ready(pod) and not is_terminating(pod) for pod in pods)
        desired = _desired(item["spec"], expected)
        allowed = max(0, healthy - desired) if expected else 0
        status = {
            "conditions": [self._condition(item, allowed=bool(allowed))],
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": item["metadata"]["generation"],
        }
        write_status(self._api, item, status, ACTOR)
        return None

    def _condition(self, item: Manifest, *, allowed: bool) -> Manifest:
        value = "True" if allowed else "False"
        known: Manifest = next(iter(item["status"].get("conditions", ())), {})
        since = known.get("lastTransitionTime") if known.get("status") == value else None
        return {
            "lastTransitionTime": since or self._timeline.stamp(),
            "message": "",
            "observedGeneration": item["metadata"]["generation"],
            "reason": "SufficientPods" if allowed else "InsufficientPods",
            "status": value,
            "type": "DisruptionAllowed",
        }


def _desired(spec: Manifest, expected: int) -> int:
    if "minAvailable" in spec:
        return _share(spec["minAvailable"], expected)
    return max(0, expected - _share(spec.get("maxUnavailable", 1), expected))


def _share(value: int | str, expected: int) -> int:
    if isinstance(value, int):
        return value
    return -(-int(value.removesuffix("%")) * expected // _HUNDRED)
