"""The engine: one API server, one Metacontroller, the built-in controllers, one virtual clock.

Deterministic for a seed. The hook is the only part that is not a model.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson

from app import names
from app.entropy import Entropy
from app.result import Manifest, Result
from app.simulation.api_calls import Event, Write, key_of
from app.simulation.api_server import Admission, ApiServer
from app.simulation.assertions import Assertions, Violation
from app.simulation.controllers import Controllers
from app.simulation.hook import Clock, DirectHook, Hook, seeded_entropy
from app.simulation.informers import Lag, NaturalLag
from app.simulation.merge import canonical_json
from app.simulation.metacontroller import Metacontroller
from app.simulation.ownership import ACTOR as METACONTROLLER
from app.simulation.registration import composite_controller, registration_of
from app.simulation.sync_record import Pace, Sync
from app.simulation.timeline import Timeline
from app.simulation.workloads.garbage import ACTOR as GARBAGE_COLLECTOR
from app.simulation.workloads.kubelet import Habits, Loaded

USER: Final = "kubectl"
#: Longer than any pod of the default habits takes to start: a cluster that moves is not quiet.
QUIET_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 5.0
_KUBECTL_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """How the world around the hook behaves.

    ``controller``: the CompositeController. ``admission``: the part of the CRD's schema that
    refuses or prunes a WazuhCluster. ``all_resyncs``: run every periodic resync, even those that
    can only find what the last one found.
    """

    lag: Lag = field(default_factory=NaturalLag)
    pace: Pace = field(default_factory=Pace)
    habits: Habits = field(default_factory=Habits)
    controller: Manifest = field(default_factory=composite_controller, repr=False)
    admission: Admission | None = None
    all_resyncs: bool = False


class Engine:
    """A cluster with Metacontroller and one hook."""

    def __init__(
        self,
        hook: Hook,
        *,
        seed: int = 0,
        now: datetime | None = None,
        timeline: Timeline | None = None,
        setup: Setup | None = None,
        origin: Engine | None = None,
    ) -> None:
        """Start at ``now``; or on ``timeline``, where the hook needs its clock beforehand.

        With ``origin`` the world is not empty, see `copy`. ValueError if no time is given.
        """
        if timeline is None:
            if now is None:
                raise ValueError("an engine needs a time to start at")
            timeline = Timeline(now)
        setup = setup or Setup()
        # A copy must not draw the uids of its origin again.
        rng = random.Random(seed if origin is None else f"copy {seed}")  # noqa: S311 - a model
        self.timeline = timeline
        self.api = ApiServer(timeline, rng, setup.admission)
        self.assertions = Assertions(timeline, self.api)
        self.controllers = Controllers(timeline, self.api, rng, setup.habits)
        self.metacontroller = Metacontroller(
            timeline,
            self.api,
            hook,
            registration_of(setup.controller),
            self.assertions,
            rng,
            lag=setup.lag,
            pace=setup.pace,
            all_resyncs=setup.all_resyncs,
        )
        self._last_change = timeline.elapsed
        self._writes_to_crash: int | None = None
        self.api.watch(self._changed)
        if origin is not None:
            self.api.take_over(origin.api)
            self.assertions.take_over(origin.assertions)
            self.controllers.take_over(origin.controllers)
        self.metacontroller.start()

    @classmethod
    def direct(  # noqa: PLR0913 - the parts of a DirectHook and of an engine
        cls,
        sync: Callable[..., Result],
        customize: Callable[[Manifest], Any] | None = None,
        *,
        finalize: Callable[..., Result] | None = None,
        seed: int = 0,
        now: datetime,
        setup: Setup | None = None,
        twice: bool = False,
        entropy: Callable[[], Entropy] | None = None,
    ) -> Engine:
        """Engine around functions of this process; ``twice`` proves that sync is pure."""
        timeline = Timeline(now)
        hook = DirectHook(
            sync,
            customize,
            timeline.now,
            entropy or seeded_entropy(seed),
            finalize=finalize,
            twice=twice,
        )
        return cls(hook, seed=seed, timeline=timeline, setup=setup)

    def copy(
        self,
        hook_of: Callable[[Clock], Hook],
        *,
        seed: int = 0,
        setup: Setup | None = None,
        after: float = 0.0,
    ) -> Engine:
        """A second world with the same objects, ``after`` so many seconds in which nobody acted.

        Metacontroller and the controllers start anew there: their delays are gone, as after a
        restart. ``hook_of`` makes the other world's hook from its clock. This one stays as it is.
        """
        timeline = Timeline(self.timeline.start)
        timeline.elapsed = self.timeline.elapsed + after
        hook = hook_of(timeline.now)
        return Engine(hook, seed=seed, timeline=timeline, setup=setup, origin=self)

    # --- time -------------------------------------------------------------------------
    def clock(self) -> datetime:
        """Virtual time: aware, UTC, whole seconds."""
        return self.timeline.now()

    @property
    def elapsed(self) -> float:
        """Virtual seconds since the start."""
        return self.timeline.elapsed

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Plan an edit or a fault for that many seconds after the start."""
        self.timeline.at(seconds, lambda: (action(), None)[1])

    def run_for(self, seconds: float, after_each: Callable[[], None] = lambda: None) -> None:
        """Let time pass; ``after_each`` is called after every event."""
        limit = self.timeline.elapsed + seconds
        while self.timeline.step(limit):
            after_each()

    def run_until(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Let time pass until ``predicate`` holds; False when ``timeout`` seconds are over.

        It is asked after every event and every five seconds.
        """
        limit = self.timeline.elapsed + timeout
        while not predicate():
            due = self.timeline.next_due()
            look = min(limit, self.timeline.elapsed + _LOOK_SECONDS)
            if self.timeline.elapsed >= limit and (due is None or due > limit):
                return False
            self.timeline.step(look)
        return True

    def settle(self, timeout: float = 3600.0) -> bool:
        """Run until the cluster is Running and quiet."""
        return self.run_until(lambda: self.is_running() and self.is_quiet(), timeout)

    def is_running(self) -> bool:
        """Whether the phase is Running and speaks of the current spec."""
        parent = self.find_parent()
        if parent is None:
            return False
        status = parent.get("status", {})
        return bool(
            status.get("phase") == "Running"
            and status.get("observedGeneration") == parent["metadata"]["generation"]
        )

    def is_quiet(self, seconds: float = QUIET_SECONDS) -> bool:
        """Whether no object has changed for that long and no sync is under way or due at once."""
        quiet = self.timeline.elapsed - self._last_change >= seconds
        return quiet and self.metacontroller.idle()

    # --- people -----------------------------------------------------------------------
    def apply(self, manifest: Manifest) -> Manifest:
        """Create an object or replace its labels, annotations and content, as a user does.

        ApiError if the server refuses it.
        """
        given = dict(manifest["metadata"])
        given.setdefault("namespace", "default")
        body = {key: value for key, value in manifest.items() if key != "status"}
        annotations = {
            **given.get("annotations", {}),
            _KUBECTL_APPLIED: canonical_json({**body, "metadata": given}),
        }
        old = self.api.find(manifest["kind"], given["namespace"], given["name"])
        known = {} if old is None else old["metadata"]
        kept = {k: v for k, v in known.items() if k not in ("labels", "annotations")}
        body["metadata"] = {**given, **kept, "annotations": annotations}
        if old is None:
            return self.api.create(body, USER)
        return self.api.update(body, USER)

    def edit(self, change: Callable[[Manifest], object]) -> Manifest:
        """Change a copy of the WazuhCluster in place and write it back."""
        return self.edit_object(names.KIND, self.parent["metadata"]["name"], change)

    def edit_object(self, kind: str, name: str, change: Callable[[Manifest], object]) -> Manifest:
        """Change any object by hand."""
        copy: Manifest = orjson.loads(orjson.dumps(self.find(kind, name)))
        change(copy)
        return self.api.update(copy, USER)

    def delete_parent(self) -> None:
        """Delete the WazuhCluster (background propagation)."""
        self.api.delete(key_of(self.parent), USER)

    def delete(self, kind: str, name: str, *, orphan: bool = False) -> None:
        """Delete an object by hand; a pod stops with grace. ``orphan``: its dependents stay."""
        item = self.find(kind, name)
        if orphan:
            self.api.disown(item["metadata"]["uid"], GARBAGE_COLLECTOR)
        self.api.delete(key_of(item), USER, grace=kind == "Pod")

    # --- faults -----------------------------------------------------------------------
    def refuse(
        self, verb: str, kind: str, name: str | None, code: int, times: int | None = None
    ) -> None:
        """Let the API server refuse calls: create, update, update-status or delete."""
        self.api.log.refuse(verb, kind, name, code, times)

    def crash(self) -> None:
        """Kill and restart Metacontroller now."""
        self.metacontroller.restart()

    def crash_after(self, writes: int) -> None:
        """Kill and restart Metacontroller right after that many more changes of its own."""
        self._writes_to_crash = writes

    def hold(self, kind: str, name: str | None = None) -> None:
        """Freeze Metacontroller's view of a kind, or of one object."""
        self.metacontroller.informers.hold(kind, name)

    def release(self, kind: str, name: str | None = None) -> None:
        """Let the view catch up."""
        self.metacontroller.informers.release(kind, name)

    # --- what there is ----------------------------------------------------------------
    @property
    def parent(self) -> Manifest:
        """The WazuhCluster as stored. LookupError if there is none."""
        parent = self.find_parent()
        if parent is None:
            raise LookupError("there is no WazuhCluster")
        return parent

    def find_parent(self) -> Manifest | None:
        """The WazuhCluster as stored, or None; the first one if there are several."""
        return next(iter(self.api.objects(names.KIND)), None)

    def objects(self, kind: str) -> list[Manifest]:
        """Stored objects of a kind."""
        return self.api.objects(kind)

    def find(self, kind: str, name: str) -> Manifest:
        """Stored object of any namespace. LookupError if there is none."""
        for item in self.api.objects(kind):
            if item["metadata"]["name"] == name:
                return item
        raise LookupError(f"there is no {kind} {name}")

    def children(self) -> list[Manifest]:
        """Stored objects that the WazuhCluster controls, in Metacontroller's order of kinds."""
        uid = self.parent["metadata"]["uid"]
        return [self.api.get(*key) for key in self.api.dependents(uid)]

    def loaded(self, pod: str) -> Loaded | None:
        """What a pod had read when it started; None if it has not."""
        uid = self.find("Pod", pod)["metadata"]["uid"]
        return self.controllers.kubelet.loaded.get(uid)

    def writes_since(self, seconds: float, actor: str | None = None) -> list[Write]:
        """Write calls after that many seconds since the start, refused ones included."""
        return [
            write
            for write in self.api.log.writes
            if write.time > seconds and actor in (None, write.actor)
        ]

    @property
    def syncs(self) -> list[Sync]:
        """All syncs that have ended."""
        return self.metacontroller.syncs

    @property
    def violations(self) -> list[Violation]:
        """Rules that were broken so far."""
        return self.assertions.violations

    def check(self) -> None:
        """ViolationError if a rule was broken."""
        self.assertions.check()

    def date(self, seconds: float) -> datetime:
        """Virtual date of a time of the log."""
        return self.timeline.start + timedelta(seconds=int(seconds))

    # --- inside -----------------------------------------------------------------------
    def _changed(self, event: Event) -> None:
        self._last_change = self.timeline.elapsed
        if event.actor != METACONTROLLER:
            self.assertions.foreign_change()
        elif self._writes_to_crash is not None:
            self._writes_to_crash -= 1
            if self._writes_to_crash <= 0:
                self._writes_to_crash = None
                self.timeline.after(0, self.crash)
