"""ReplicaSet controller: as many pods of one template as wanted."""

from __future__ import annotations

import random
from typing import Final

from app.result import Manifest
from app.simulation.api_calls import NOT_FOUND, ApiError, key_of
from app.simulation.api_server import ApiServer
from app.simulation.timeline import Timeline
from app.simulation.workloads.pods import (
    is_available,
    is_finished,
    is_ready,
    is_terminating,
    pod_of,
    pods_of,
    seconds_to_available,
    write_status,
)

KIND: Final = "ReplicaSet"
ACTOR: Final = "replicaset-controller"
_SUFFIX_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_SUFFIX_LENGTH: Final = 5


class ReplicaSets:
    """Reconciles one ReplicaSet at a time."""

    __slots__ = ("_api", "_rng", "_timeline")

    def __init__(self, timeline: Timeline, api: ApiServer, rng: random.Random) -> None:
        """``rng``: for the names of pods."""
        self._timeline = timeline
        self._api = api
        self._rng = rng

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One pass; seconds until a ready pod will count as available, or None."""
        item = self._api.find(KIND, namespace, name)
        if item is None or "deletionTimestamp" in item["metadata"]:
            return None
        pods = active_pods(self._api, item)
        missing = item["spec"]["replicas"] - len(pods)
        for _ in range(missing):
            self._create(item)
        # The ones that are not ready go first, then the youngest.
        surplus = sorted(pods, key=_worth)[: max(0, -missing)]
        for pod in surplus:
            delete_pod(self._api, pod, ACTOR)
        self._write_status(item)
        least, now = item["spec"].get("minReadySeconds", 0), self._timeline.now()
        waits = [seconds_to_available(pod, least, now) for pod in pods if is_ready(pod)]
        return min((wait for wait in waits if wait > 0), default=None)

    def _create(self, item: Manifest) -> None:
        suffix = "".join(self._rng.choices(_SUFFIX_LETTERS, k=_SUFFIX_LENGTH))
        pod = pod_of(item["spec"]["template"], item, f"{item['metadata']['name']}-{suffix}", {})
        self._api.create(pod, ACTOR)

    def _write_status(self, item: Manifest) -> None:
        pods = active_pods(self._api, item)
        least, now = item["spec"].get("minReadySeconds", 0), self._timeline.now()
        counts = {
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": sum(map(is_ready, pods)),
            "availableReplicas": sum(is_available(pod, least, now) for pod in pods),
        }
        status = {
            "replicas": len(pods),
            "observedGeneration": item["metadata"]["generation"],
            **{key: count for key, count in counts.items() if count},
        }
        write_status(self._api, item, status, ACTOR)


def active_pods(api: ApiServer, owner: Manifest) -> list[Manifest]:
    """Pods of an owner that neither stop nor have ended."""
    return [p for p in pods_of(api, owner) if not is_terminating(p) and not is_finished(p)]


def delete_pod(api: ApiServer, pod: Manifest, actor: str) -> None:
    """Delete with grace; a pod that is gone is no error."""
    try:
        api.delete(key_of(pod), actor, uid=pod["metadata"]["uid"], grace=True)
    except ApiError as error:
        if error.code != NOT_FOUND:
            raise


def _worth(pod: Manifest) -> tuple[bool, str]:
    return (is_ready(pod), pod["metadata"]["name"])
