"""Scheduler and kubelet in one: pods are placed, read their content, get ready, stop.

What a pod had read when it started is kept: a test can ask with which certificate it runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from app.names import Role
from app.result import Manifest
from app.simulation.api_calls import ApiError, Event, EventType, key_of
from app.simulation.api_server import ApiServer
from app.simulation.timeline import Timeline
from app.simulation.workloads.pods import is_finished, is_ready, is_terminating, role_of
from app.simulation.workloads.references import Reference, referred

ACTOR: Final = "kubelet"
_CONTENT_KINDS: Final = ("Secret", "ConfigMap")
_START_SECONDS: Final[Mapping[str, float]] = MappingProxyType(
    {
        Role.INDEXER: 25.0,
        Role.MANAGER_MASTER: 40.0,
        Role.MANAGER_WORKER: 35.0,
        Role.DASHBOARD: 20.0,
        Role.LOG_ROTATION: 2.0,
    }
)

Predicate = Callable[[Manifest], bool]
Content = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How long pods take, in virtual seconds.

    ``start``: from containers created to Ready, by component; ``start_else`` for other pods.
    ``run``: life of a pod that ends by itself. ``mount_delay``: how old the content of a Secret
    or ConfigMap may be that a kubelet mounts and shows, if it knew an older one.
    """

    start: Mapping[str, float] = field(default_factory=lambda: _START_SECONDS)
    start_else: float = 10.0
    schedule: float = 0.5
    stop: float = 3.0
    run: float = 4.0
    mount_delay: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a pod had read when its containers started: data by name, as stored.

    ``time``: seconds since the start. Optional objects that were absent are left out.
    """

    time: float
    secrets: Mapping[str, Content] = field(repr=False)
    config_maps: Mapping[str, Content] = field(repr=False)


def _never(_: Manifest) -> bool:
    return False


def _does_nothing(_: Manifest) -> int:
    return 0


class Kubelet:
    """All nodes. The predicates are faults; change them by `break_pods` and `repair`.

    ``program``: what a pod that ends by itself does; gives its exit status.
    """

    def __init__(self, timeline: Timeline, api: ApiServer, habits: Habits) -> None:
        """``habits``: durations."""
        self.loaded: dict[str, Loaded] = {}
        self.program: Callable[[Manifest], int] = _does_nothing
        self._timeline = timeline
        self._api = api
        self._habits = habits
        self._unready: Predicate = _never
        self._unschedulable: Predicate = _never
        self._failing: Predicate = _never
        self._waiting: dict[str, tuple[str, str]] = {}
        self._stopping: set[str] = set()
        self._history: dict[tuple[str, str, str], list[tuple[float, Content]]] = defaultdict(list)
        api.watch(self._seen)

    def take_over(self, other: Kubelet) -> None:
        """Go on with the pods of ``other``: those on their way begin their step anew."""
        for key, versions in other._history.items():
            self._history[key] = list(versions)
        for pod in self._api.objects("Pod"):
            uid, (_, namespace, name) = pod["metadata"]["uid"], key_of(pod)
            if is_terminating(pod):
                self._stop(uid, namespace, name)
            elif is_ready(pod):
                self.loaded[uid] = other.loaded[uid]
            else:
                self._timeline.after(self._habits.schedule, self._scheduling(uid, namespace, name))

    # --- faults -----------------------------------------------------------------------
    def break_pods(
        self,
        *,
        unready: Predicate | None = None,
        unschedulable: Predicate | None = None,
        failing: Predicate | None = None,
    ) -> None:
        """Pods for which a predicate holds get not ready, not placed, or fail (Jobs).

        ``unready`` takes running pods too; they come back after `repair`.
        """
        self._unready = unready or self._unready
        self._unschedulable = unschedulable or self._unschedulable
        self._failing = failing or self._failing
        for pod in self._api.objects("Pod"):
            if is_ready(pod) and self._unready(pod):
                self._set_ready(pod, ready=False)
                self._wait(pod)

    def repair(self) -> None:
        """End of all faults."""
        self._unready = self._unschedulable = self._failing = _never
        self._retry(lambda _: True)

    def restart_pod(self, namespace: str, name: str) -> None:
        """A crash of the containers: the pod is not ready and starts again, reading anew."""
        pod = self._api.get("Pod", namespace, name)
        self._set_ready(pod, ready=False)
        self._start(pod["metadata"]["uid"], namespace, name)

    # --- what pods see ----------------------------------------------------------------
    def files(self, pod: Manifest) -> dict[str, Content]:
        """Data that the pod's volumes show now, by name; variables are in `loaded` only."""
        namespace = pod["metadata"]["namespace"]
        shown = {}
        for reference in referred(pod["spec"]):
            if reference.mounted:
                content = self._content(reference, namespace)
                if content is not None:
                    shown[reference.name] = content
        return shown

    # --- events -----------------------------------------------------------------------
    def _seen(self, event: Event) -> None:
        kind, namespace, name = event.key
        if kind in _CONTENT_KINDS:
            self._remember(event)
            self._retry(lambda place: place == namespace)
        elif kind == "PersistentVolumeClaim" and event.type is EventType.ADDED:
            self._retry(lambda place: place == namespace)
        elif kind == "Pod":
            uid = event.object["metadata"]["uid"]
            if event.type is EventType.ADDED:
                self._timeline.after(self._habits.schedule, self._scheduling(uid, namespace, name))
            elif event.type is EventType.DELETED:
                self._waiting.pop(uid, None)
                self._stopping.discard(uid)
                self.loaded.pop(uid, None)
            elif is_terminating(event.object) and uid not in self._stopping:
                self._stop(uid, namespace, name)

    def _stop(self, uid: str, namespace: str, name: str) -> None:
        self._stopping.add(uid)
        self._timeline.after(self._habits.stop, lambda: self._remove(uid, namespace, name))

    def _retry(self, concerns: Callable[[str], bool]) -> None:
        for uid, (namespace, name) in list(self._waiting.items()):
            if concerns(namespace):
                del self._waiting[uid]
                self._timeline.after(self._habits.schedule, self._scheduling(uid, namespace, name))

    def _scheduling(self, uid: str, namespace: str, name: str) -> Callable[[], None]:
        return lambda: self._schedule(uid, namespace, name)

    def _live(self, uid: str, namespace: str, name: str) -> Manifest | None:
        """The pod if it still is the same and is neither stopping nor finished."""
        pod = self._api.find("Pod", namespace, name)
        if pod is None or pod["metadata"]["uid"] != uid:
            return None
        return None if is_terminating(pod) or is_finished(pod) else pod

    # --- steps of a pod ---------------------------------------------------------------
    def _schedule(self, uid: str, namespace: str, name: str) -> None:
        pod = self._live(uid, namespace, name)
        if pod is None:
            return
        if uid in self.loaded:  # placed and started before: it only was not ready
            self._get_ready(uid, namespace, name)
        elif self._unschedulable(pod):
            self._condition(pod, "PodScheduled", "False", "Unschedulable")
            self._wait(pod)
        else:
            self._bind_claims(pod)
            self._condition(pod, "PodScheduled", "True", "")
            self._start(uid, namespace, name)

    def _start(self, uid: str, namespace: str, name: str) -> None:
        pod = self._live(uid, namespace, name)
        if pod is None:
            return
        loaded = self._load(pod)
        if loaded is None:
            self._condition(pod, "Ready", "False", "ContainersNotReady")
            self._wait(pod)
            return
        self.loaded[uid] = loaded
        if pod["spec"]["restartPolicy"] != "Always":
            self._timeline.after(self._habits.run, lambda: self._end(uid, namespace, name))
        else:
            seconds = self._habits.start.get(role_of(pod), self._habits.start_else)
            self._timeline.after(seconds, lambda: self._get_ready(uid, namespace, name))

    def _get_ready(self, uid: str, namespace: str, name: str) -> None:
        pod = self._live(uid, namespace, name)
        if pod is None:
            return
        if self._unready(pod):
            self._wait(pod)
        else:
            self._set_ready(pod, ready=True)

    def _end(self, uid: str, namespace: str, name: str) -> None:
        pod = self._live(uid, namespace, name)
        if pod is None:
            return
        exit_status = 1 if self._failing(pod) else self.program(pod)
        ended = [
            {"name": one["name"], "state": {"terminated": {"exitCode": exit_status}}}
            for one in pod["spec"]["containers"]
        ]
        phase = "Failed" if exit_status else "Succeeded"
        self._write(pod, {**pod["status"], "phase": phase, "containerStatuses": ended})

    def _remove(self, uid: str, namespace: str, name: str) -> None:
        if self._api.has_uid("Pod", namespace, name, uid):
            self._api.delete(("Pod", namespace, name), ACTOR, uid=uid)

    def _wait(self, pod: Manifest) -> None:
        metadata = pod["metadata"]
        self._waiting[metadata["uid"]] = (metadata["namespace"], metadata["name"])

    # --- content ----------------------------------------------------------------------
    def _load(self, pod: Manifest) -> Loaded | None:
        """Everything the pod refers to; None if something is missing that is not optional."""
        found: dict[str, dict[str, Content]] = {kind: {} for kind in _CONTENT_KINDS}
        for reference in referred(pod["spec"]):
            content = self._content(reference, pod["metadata"]["namespace"])
            if content is not None and all(key in content for key in reference.keys):
                found[reference.kind][reference.name] = content
            elif not reference.optional:
                return None
        return Loaded(
            time=self._timeline.elapsed,
            secrets=found["Secret"],
            config_maps=found["ConfigMap"],
        )

    def _content(self, reference: Reference, namespace: str) -> Content | None:
        item = self._api.find(reference.kind, namespace, reference.name)
        if item is None:
            return None
        limit = self._timeline.elapsed - self._habits.mount_delay
        versions = self._history[reference.kind, namespace, reference.name]
        if reference.mounted:
            for time, content in reversed(versions):
                if time <= limit:
                    return content
        return versions[-1][1] if versions else item.get("data", {})

    def _remember(self, event: Event) -> None:
        versions = self._history[event.key]
        if event.type is EventType.DELETED:
            versions.clear()
            return
        limit = self._timeline.elapsed - self._habits.mount_delay
        while len(versions) > 1 and versions[1][0] <= limit:
            del versions[0]
        versions.append((self._timeline.elapsed, event.object.get("data", {})))

    def _bind_claims(self, pod: Manifest) -> None:
        """Volumes are provisioned for the first pod that uses a claim."""
        namespace = pod["metadata"]["namespace"]
        for volume in pod["spec"].get("volumes", []):
            name = volume.get("persistentVolumeClaim", {}).get("claimName")
            claim = self._api.find("PersistentVolumeClaim", namespace, name) if name else None
            if claim is not None and claim["status"].get("phase") != "Bound":
                status = {
                    "phase": "Bound",
                    "accessModes": claim["spec"].get("accessModes", []),
                    "capacity": claim["spec"].get("resources", {}).get("requests", {}),
                }
                self._api.update_status({**claim, "status": status}, "volume-provisioner")

    # --- status -----------------------------------------------------------------------
    def _set_ready(self, pod: Manifest, *, ready: bool) -> None:
        current = self._api.get("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
        status = {**current["status"], "phase": "Running"}
        status.setdefault("startTime", self._timeline.stamp())
        value, reason = ("True", "") if ready else ("False", "ContainersNotReady")
        self._write(current, self._with_condition(status, "Ready", value, reason))

    def _condition(self, pod: Manifest, kind: str, value: str, reason: str) -> None:
        current = self._api.get("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
        self._write(current, self._with_condition(current["status"], kind, value, reason))

    def _with_condition(self, status: Manifest, kind: str, value: str, reason: str) -> Manifest:
        kept = [c for c in status.get("conditions", []) if c["type"] != kind]
        known = [c for c in status.get("conditions", []) if c["type"] == kind]
        if known and (known[0]["status"], known[0].get("reason", "")) == (value, reason):
            return status
        condition = {
            "type": kind,
            "status": value,
            "lastTransitionTime": self._timeline.stamp(),
            **({"reason": reason} if reason else {}),
        }
        return {**status, "conditions": [*kept, condition]}

    def _write(self, pod: Manifest, status: Manifest) -> None:
        try:
            self._api.update_status({**pod, "status": status}, ACTOR)
        except ApiError:
            self._wait(pod)  # an injected fault: the next retry looks again
