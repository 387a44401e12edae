"""Watches a world from now on: what was written, which pods started and stopped, in which order."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography import x509

from app import names
from app.names import TIERS, Role
from app.result import Manifest
from app.simulation.api_calls import Event, EventType
from app.simulation.engine import Engine
from app.simulation.workloads.pods import is_ready, is_terminating, role_of

_NOT_STARTED: Final = "ContainersNotReady"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A pod was told to stop. ``others_ready``: every pod of every other tier was ready then."""

    time: float
    role: str
    pod: str
    others_ready: bool


class Witness:
    """Everything that a test may ask about the past."""

    def __init__(self, engine: Engine) -> None:
        """Look on from now."""
        self.engine = engine
        self.since = engine.elapsed
        self.stops: list[Stop] = []
        self.starts: list[tuple[float, str, str]] = []
        self.stuck: set[str] = set()
        self.phases: list[str] = []
        self.data: dict[tuple[str, str], list[tuple[float, Mapping[str, str]]]] = defaultdict(list)
        for item in [*engine.objects("Secret"), *engine.objects("ConfigMap")]:
            self._content(item)
        engine.api.watch(self._seen)

    # --- questions --------------------------------------------------------------------
    def rolls(self) -> list[str]:
        """Roles whose pods were told to stop, in order, repetitions in a row counted once."""
        found: list[str] = []
        for stop in self.stops:
            if not found or found[-1] != stop.role:
                found.append(stop.role)
        return found

    def stopped(self) -> list[str]:
        """Role of every pod that was told to stop, in order."""
        return [stop.role for stop in self.stops]

    def versions(self, name: str, kind: str = "Secret") -> list[Mapping[str, str]]:
        """Contents that a Secret or ConfigMap has had, in order."""
        return [data for _, data in self.data[kind, name]]

    def certificates(self, name: str, key: str = names.TLS_CERT) -> list[x509.Certificate]:
        """Certificates that a Secret has held, in order, each once."""
        found: list[x509.Certificate] = []
        for data in self.versions(name):
            one = certificate(data[key])
            if one not in found:
                found.append(one)
        return found

    def writes(self) -> list[str]:
        """``verb kind name`` of each write of Metacontroller since then."""
        found = self.engine.writes_since(self.since, "metacontroller")
        return [f"{one.verb} {one.kind} {one.name}" for one in found]

    def child_writes(self) -> list[str]:
        """Writes to children: everything but the status."""
        return [one for one in self.writes() if not one.startswith("update-status")]

    def deletes(self) -> list[str]:
        """``kind name`` of each object that Metacontroller has deleted."""
        found = self.engine.writes_since(self.since, "metacontroller")
        return [f"{one.kind} {one.name}" for one in found if one.verb == "delete" and one.changed]

    # --- looking on -------------------------------------------------------------------
    def _seen(self, event: Event) -> None:
        item = event.object
        match item["kind"]:
            case "Secret" | "ConfigMap":
                if event.type is not EventType.DELETED:
                    self._content(item)
            case "Pod":
                self._pod(event)
            case names.KIND:
                phase = item.get("status", {}).get("phase")
                if phase and (not self.phases or self.phases[-1] != phase):
                    self.phases.append(phase)
            case _:
                pass

    def _content(self, item: Manifest) -> None:
        key = (item["kind"], item["metadata"]["name"])
        data = item.get("data", {})
        if not self.data[key] or self.data[key][-1][1] != data:
            self.data[key].append((self.engine.elapsed, data))

    def _pod(self, event: Event) -> None:
        pod, role = event.object, role_of(event.object)
        name, now = pod["metadata"]["name"], self.engine.elapsed
        if role not in TIERS:
            return
        if event.type is EventType.ADDED:
            self.starts.append((now, role, name))
        elif is_terminating(pod) and event.old is not None and not is_terminating(event.old):
            self.stops.append(Stop(time=now, role=role, pod=name, others_ready=self._ready(role)))
        reasons = {one.get("reason") for one in pod["status"].get("conditions", ())}
        if event.type is EventType.MODIFIED and _NOT_STARTED in reasons:
            self.stuck.add(name)

    def _ready(self, but: str) -> bool:
        """Whether every pod of the other tiers is ready."""
        others = [
            pod
            for pod in self.engine.objects("Pod")
            if role_of(pod) in TIERS and role_of(pod) != but
        ]
        return all(is_ready(pod) and not is_terminating(pod) for pod in others)


def certificate(data: str) -> x509.Certificate:
    """First certificate of a value as a Secret stores it."""
    return x509.load_pem_x509_certificate(base64.b64decode(data))


def not_after(data: str) -> datetime:
    """End of a certificate."""
    return certificate(data).not_valid_after_utc


def workloads(engine: Engine) -> dict[Role, Any]:
    """StatefulSets and the Deployment by role."""
    found = [*engine.objects("StatefulSet"), *engine.objects("Deployment")]
    return {Role(role_of(one)): one for one in found}
