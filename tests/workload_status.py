"""Status of workloads at any point of a start or a roll, as Kubernetes' controllers write it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from app.result import Manifest
from app.simulation.merge import canonical_json


def workload_status(
    workload: Mapping[str, Any],
    *,
    updated: int,
    ready: int,
    current_revision: str | None = None,
) -> Manifest:
    """Status of a StatefulSet or Deployment whose controller has seen its newest generation."""
    metadata, replicas = workload["metadata"], workload["spec"]["replicas"]
    counts: Manifest = {
        "observedGeneration": metadata["generation"],
        "replicas": replicas,
        "readyReplicas": ready,
        "updatedReplicas": updated,
        "availableReplicas": ready,
    }
    if workload["kind"] == "Deployment":
        counts["unavailableReplicas"] = replicas - ready
        kept = {"observedGeneration", "replicas"}
        shown = {key: value for key, value in counts.items() if value or key in kept}
        return shown | {"conditions": _deployment_conditions(metadata, available=ready >= replicas)}
    revision = revision_of(workload)
    if current_revision in {None, revision} or updated >= replicas:
        current_revision, current = revision, replicas
    else:
        current = replicas - updated
    return {key: value for key, value in counts.items() if value or key != "readyReplicas"} | {
        "collisionCount": 0,
        "currentReplicas": current,
        "currentRevision": current_revision,
        "updateRevision": revision,
    }


def revision_of(workload: Mapping[str, Any]) -> str:
    """Name of the ControllerRevision of a StatefulSet's template."""
    digest = hashlib.sha256(canonical_json(workload["spec"]["template"]).encode()).hexdigest()
    return f"{workload['metadata']['name']}-{digest[:10]}"


def _deployment_conditions(metadata: Mapping[str, Any], *, available: bool) -> list[Manifest]:
    since = metadata["creationTimestamp"]
    times = {"lastTransitionTime": since, "lastUpdateTime": since}
    return [
        {
            "type": "Available",
            "status": "True" if available else "False",
            "reason": "MinimumReplicasAvailable" if available else "MinimumReplicasUnavailable",
            "message": "Minimum availability " + ("is there." if available else "is missing."),
            **times,
        },
        {
            "type": "Progressing",
            "status": "True",
            "reason": "NewReplicaSetAvailable" if available else "ReplicaSetUpdated",
            "message": "ReplicaSet is progressing.",
            **times,
        },
    ]


def job_status(reason: str, *, time: str) -> Manifest:
    """Status of a Job that has ended: complete, or failed for ``reason`` where there is one."""
    kind = "Failed" if reason else "Complete"
    condition = {
        "type": kind,
        "status": "True",
        "reason": reason or "CompletionsReached",
        "lastProbeTime": time,
        "lastTransitionTime": time,
    }
    return {"conditions": [condition], "startTime": time}


def first_status(stored: Mapping[str, Any]) -> Manifest:
    """Status that an object has before its controller has looked at it."""
    match stored["kind"]:
        case "StatefulSet":
            return {"status": {"availableReplicas": 0, "replicas": 0}}
        case "Deployment" | "CronJob" | "Job":
            return {"status": {}}
        case "Service":
            return {"status": {"loadBalancer": {}}}
        case "PodDisruptionBudget":
            return {
                "status": {
                    "currentHealthy": 0,
                    "desiredHealthy": 0,
                    "disruptionsAllowed": 0,
                    "expectedPods": 0,
                }
            }
        case _:
            return {}
