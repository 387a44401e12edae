"""Job controller: pods until enough have succeeded, or too many have failed."""

from __future__ import annotations

import random
from typing import Final

from app.result import Manifest
from app.simulation.api_calls import key_of
from app.simulation.api_server import ApiServer
from app.simulation.timeline import Timeline, parsed
from app.simulation.workloads.pods import is_terminating, pod_of, pods_of, write_status
from app.simulation.workloads.replica_sets import delete_pod

KIND: Final = "Job"
ACTOR: Final = "job-controller"
_LABEL_PREFIX: Final = "batch.kubernetes.io/"
_SUFFIX_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_FIRST_BACK_OFF_SECONDS: Final = 10.0


class Jobs:
    """Reconciles one Job at a time (completions 1 to n, NonIndexed)."""

    __slots__ = ("_api", "_rng", "_timeline")

    def __init__(self, timeline: Timeline, api: ApiServer, rng: random.Random) -> None:
        """``rng``: for the names of pods."""
        self._timeline = timeline
        self._api = api
        self._rng = rng

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One pass; seconds until a deadline or the end of its time to live, or None."""
        item = self._api.find(KIND, namespace, name)
        if item is None or "deletionTimestamp" in item["metadata"]:
            return None
        if finished(item):
            return self._expire(item)
        return None if item["spec"].get("suspend") else self._run(item)

    def _run(self, item: Manifest) -> float | None:
        """Make pods, or say how the Job ended."""
        pods = pods_of(self._api, item)
        phases = [pod["status"].get("phase") for pod in pods]
        succeeded, failed = phases.count("Succeeded"), phases.count("Failed")
        active = [
            pod
            for pod, phase in zip(pods, phases, strict=True)
            if phase not in ("Succeeded", "Failed") and not is_terminating(pod)
        ]
        started = item["status"].get("startTime") or self._timeline.stamp()
        left = self._seconds_left(item, started)
        completions = item["spec"].get("completions", 1)
        verdict = None
        if left is not None and left <= 0:
            verdict = ("Failed", "DeadlineExceeded")
        elif any(_fails_job(item, pod) for pod in pods):
            verdict = ("Failed", "PodFailurePolicy")
        elif failed > item["spec"]["backoffLimit"]:
            verdict = ("Failed", "BackoffLimitExceeded")
        elif succeeded >= completions:
            verdict = ("Complete", "CompletionsReached")
        if verdict is not None:
            return self._end(item, active, started, verdict)
        missing = min(item["spec"]["parallelism"], completions - succeeded) - len(active)
        pause = self._back_off(item, failed)
        if missing > 0 and pause is None:
            for _ in range(missing):
                self._create(item)
        self._write(item, started, len(active) + max(0, missing if pause is None else 0))
        return min((wait for wait in (left, pause) if wait is not None), default=None)

    def _create(self, item: Manifest) -> None:
        metadata = item["metadata"]
        suffix = "".join(self._rng.choices(_SUFFIX_LETTERS, k=5))
        labels = {
            f"{_LABEL_PREFIX}job-name": metadata["name"],
            f"{_LABEL_PREFIX}controller-uid": metadata["uid"],
        }
        pod = pod_of(item["spec"]["template"], item, f"{metadata['name']}-{suffix}", labels)
        self._api.create(pod, ACTOR)

    def _seconds_left(self, item: Manifest, started: str) -> float | None:
        limit = item["spec"].get("activeDeadlineSeconds")
        if limit is None:
            return None
        return float(limit) - (self._timeline.now() - parsed(started)).total_seconds()

    def _back_off(self, item: Manifest, failed: int) -> float | None:
        """Seconds to wait before the next pod; None for now. Doubled with each failure."""
        if not failed:
            return None
        last = max(parsed(pod["metadata"]["creationTimestamp"]) for pod in pods_of(self._api, item))
        pause = _FIRST_BACK_OFF_SECONDS * 2 ** (failed - 1)
        left = pause - (self._timeline.now() - last).total_seconds()
        return left if left > 0 else None

    def _end(
        self, item: Manifest, active: list[Manifest], started: str, verdict: tuple[str, str]
    ) -> float | None:
        for pod in active:
            delete_pod(self._api, pod, ACTOR)
        kind, reason = verdict
        now = self._timeline.stamp()
        criteria = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
        status = self._status(item, started, 0)
        status["conditions"] = [
            {
                "type": name,
                "status": "True",
                "reason": reason,
                "lastProbeTime": now,
                "lastTransitionTime": now,
            }
            for name in (criteria, kind)
        ]
        if kind == "Complete":
            status["completionTime"] = now
        write_status(self._api, item, status, ACTOR)
        limit: float | None = item["spec"].get("ttlSecondsAfterFinished")
        return limit

    def _write(self, item: Manifest, started: str, active: int) -> None:
        write_status(self._api, item, self._status(item, started, active), ACTOR)

    def _status(self, item: Manifest, started: str, active: int) -> Manifest:
        phases = [pod["status"].get("phase") for pod in pods_of(self._api, item)]
        counts = {
            "active": active,
            "succeeded": phases.count("Succeeded"),
            "failed": phases.count("Failed"),
        }
        return {
            "startTime": started,
            "terminating": 0,
            "uncountedTerminatedPods": {},
            **{key: count for key, count in counts.items() if count},
        }

    def _expire(self, item: Manifest) -> float | None:
        """Delete a finished Job when its time to live is over."""
        limit = item["spec"].get("ttlSecondsAfterFinished")
        if limit is None:
            return None
        ended = parsed(finished(item)["lastTransitionTime"])
        left = float(limit) - (self._timeline.now() - ended).total_seconds()
        if left > 0:
            return left
        self._api.delete(key_of(item), ACTOR)
        return None


def _fails_job(item: Manifest, pod: Manifest) -> bool:
    """Whether the Job's pod failure policy ends it for the exit status of this pod."""
    rules = item["spec"].get("podFailurePolicy", {}).get("rules", [])
    fatal = {
        status
        for rule in rules
        if rule["action"] == "FailJob" and rule.get("onExitCodes", {}).get("operator") == "In"
        for status in rule["onExitCodes"]["values"]
    }
    ended = (one["state"].get("terminated", {}) for one in _containers(pod))
    return any(one.get("exitCode") in fatal for one in ended)


def _containers(pod: Manifest) -> list[Manifest]:
    found: list[Manifest] = pod["status"].get("containerStatuses", [])
    return found


def finished(item: Manifest) -> Manifest:
    """Condition Complete or Failed of a Job; empty while it runs."""
    conditions = item.get("status", {}).get("conditions", ())
    found: Manifest = next(
        (c for c in conditions if c["type"] in ("Complete", "Failed") and c["status"] == "True"),
        {},
    )
    return found
