"""A server with the built-in controllers and nothing else."""

from __future__ import annotations

import random
from typing import Any

import orjson

from app.result import Manifest
from app.simulation.api_server import ApiServer
from app.simulation.controllers import Controllers
from app.simulation.timeline import Timeline
from app.simulation.workloads.kubelet import Habits
from tests.simulation.trial_hook import NOW

LABELS = {"app": "x"}
QUICK = Habits(start={}, start_else=10, schedule=0.5, stop=2, run=5)


class World:
    """Objects are written by hand; time passes on demand."""

    def __init__(self, habits: Habits = QUICK) -> None:
        """``habits``: every pod takes ten seconds to get ready by default."""
        rng = random.Random(0)  # noqa: S311 - a seeded model
        self.timeline = Timeline(NOW)
        self.api = ApiServer(self.timeline, rng)
        self.controllers = Controllers(self.timeline, self.api, rng, habits)
        self.kubelet = self.controllers.kubelet

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        limit = self.timeline.elapsed + seconds
        while self.timeline.step(limit):
            pass

    def get(self, kind: str, name: str = "x") -> Manifest:
        """Stored object."""
        return self.api.get(kind, "demo", name)

    def names(self, kind: str) -> list[str]:
        """Names of the stored objects of a kind, sorted."""
        return sorted(item["metadata"]["name"] for item in self.api.objects(kind))

    def pods(self, key: str = "controller-revision-hash") -> dict[str, str]:
        """A label of each pod, by name."""
        pods = self.api.objects("Pod")
        return {p["metadata"]["name"]: p["metadata"]["labels"].get(key, "") for p in pods}

    def edit(self, kind: str, name: str = "x", **spec: Any) -> None:
        """Change fields of a spec."""
        copy = orjson.loads(orjson.dumps(self.get(kind, name)))
        copy["spec"].update(spec)
        self.api.update(copy, "me")


def placed(api_version: str, kind: str, name: str = "x", **fields: Any) -> Manifest:
    """An object in the namespace."""
    metadata = {"name": name, "namespace": "demo"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}


def template(image: str = "i:1", **spec: Any) -> Manifest:
    """A pod template."""
    container = {"name": "c", "image": image, **spec.pop("container", {})}
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [container], **spec}}


def stateful_set(image: str = "i:1", **spec: Any) -> Manifest:
    """A StatefulSet of three, Parallel."""
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    wanted = {
        "replicas": 3,
        "serviceName": "x",
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": LABELS},
        "template": template(image),
        "volumeClaimTemplates": [claim],
        **spec,
    }
    return placed("apps/v1", "StatefulSet", spec=wanted)


def deployment(image: str = "i:1", **spec: Any) -> Manifest:
    """A Deployment of two without loss while it rolls."""
    rolling = {"maxSurge": 1, "maxUnavailable": 0}
    wanted = {
        "replicas": 2,
        "selector": {"matchLabels": LABELS},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
        "template": template(image),
        **spec,
    }
    return placed("apps/v1", "Deployment", spec=wanted)


def job(**spec: Any) -> Manifest:
    """A Job of one pod."""
    pod = template(restartPolicy="Never")
    return placed("batch/v1", "Job", spec={"template": pod, **spec})
