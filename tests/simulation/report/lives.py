"""A recorded run of the real hook, with an account of its events that is not the recorder's."""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from app import names
from app.hook.customize import customize
from app.hook.finalize import finalize
from app.hook.sync import sync
from app.result import Manifest
from app.simulation.api_calls import Event, EventType
from app.simulation.engine import Engine
from app.simulation.report.life import Lane, Life
from app.simulation.report.recorder import LIMIT, Recorder

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
DAY: Final = 86400.0
NAME: Final = "wazuh"
NAMESPACE: Final = "wazuh"
QUICKSTART: Final = Path(__file__).parents[3] / "examples" / "quickstart.yaml"


@dataclass
class Account:
    """What an observer of its own has counted."""

    pods: Counter[str] = field(default_factory=Counter)
    certificates: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    phases: list[str] = field(default_factory=list)
    values: set[str] = field(default_factory=set, repr=False)

    def seen(self, event: Event) -> None:
        """Count one event."""
        kind, _, name = event.key
        data: dict[str, str] = event.object.get("data", {})
        if kind == "Pod" and event.type is EventType.ADDED:
            self.pods[name] += 1
        elif kind == "Secret":
            self.values.update(data.values())
            for key in ("tls.crt", "ca.crt"):
                if key in data:
                    self.certificates[f"{name}/{key}"].add(data[key])
        elif kind == names.KIND:
            phase = event.object.get("status", {}).get("phase")
            if phase and [phase] != self.phases[-1:]:
                self.phases.append(phase)

    def secrets(self) -> set[str]:
        """Values of Secrets, as stored and in plain text, that are too long to meet by chance."""
        plain = {base64.b64decode(value).decode("utf-8", "replace") for value in self.values}
        lines = {line for text in plain for line in text.splitlines()}
        return {value for value in self.values | plain | lines if len(value) > 15}


@dataclass
class Run:
    """An engine that is recorded twice."""

    engine: Engine
    recorder: Recorder
    account: Account

    def lane(self, name: str) -> Lane:
        """A lane of what was recorded up to now."""
        return lane_of(self.recorder.life(), name)


def quickstart() -> Manifest:
    """The WazuhCluster of the quickstart, with leaves that live for 60 days."""
    document: Manifest = yaml.safe_load(QUICKSTART.read_text(encoding="utf-8"))
    lifetimes = {"validityDays": 60, "renewalThresholdDays": 20}
    document["spec"]["tls"] = {"certConfig": lifetimes}
    return document


def started(*, seed: int = 0, limit: int = LIMIT) -> Run:
    """The quickstart, applied at the start of 2026 and not run yet."""
    engine = Engine.direct(sync, customize, finalize=finalize, seed=seed, now=START)
    cluster = quickstart()
    metadata = cluster["metadata"]
    recorder = Recorder(engine, metadata["namespace"], metadata["name"], limit=limit)
    account = Account()
    engine.api.watch(account.seen)
    with recorder.edit("quickstart.yaml"):
        engine.apply(cluster)
    return Run(engine, recorder, account)


def eventful(*, seed: int = 0, limit: int = LIMIT) -> Run:
    """Creation, a rotation of the CA, an upgrade, a pod that is deleted, a renewal of leaves."""
    run = started(seed=seed, limit=limit)
    engine, recorder = run.engine, run.recorder

    def annotated() -> None:
        cluster = quickstart()
        cluster["metadata"]["annotations"] = {names.ROTATE_CA: "1"}
        with recorder.edit("rotate.yaml"):
            engine.apply(cluster)

    def upgraded(cluster: Manifest) -> None:
        cluster["spec"]["version"] = "4.14.2"

    engine.at(10 * DAY, annotated)
    engine.at(20 * DAY, lambda: engine.edit(upgraded))
    engine.at(30 * DAY, lambda: engine.delete("Pod", f"{NAME}-indexer-1"))
    engine.run_for(60 * DAY)
    return run


def lane_of(life: Life, name: str) -> Lane:
    """The lane with a name."""
    [found] = [lane for lane in life.lanes if lane.name == name]
    return found


def pod(name: str = "p", **changes: Any) -> Manifest:
    """A pod of no workload."""
    metadata = {
        "name": name,
        "namespace": NAMESPACE,
        "labels": {names.LABEL_VERSION: changes.get("version", "4.14.1")},
        "annotations": {
            names.CERT_HASH: changes.get("cert", "a"),
            names.CONFIG_HASH: changes.get("config", "a"),
        },
    }
    container = {
        "name": "c",
        "image": changes.get("image", "wazuh:1"),
        "env": changes.get("env", []),
    }
    return {"kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
