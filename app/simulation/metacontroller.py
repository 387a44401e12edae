"""Metacontroller's composite controller as a hook meets it.

Namespaced parent, hook v2, generateSelector, dynamic-apply. A sync runs in steps that take virtual
time, so edits, events and a crash can fall between two of its writes.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any, Final

import orjson

from app import names
from app.result import Manifest
from app.simulation.answers import (
    Answer,
    AnswerError,
    ChildKey,
    child_key,
    complaints,
    decoded,
)
from app.simulation.api import Api
from app.simulation.api_calls import Event, EventType, controller_of
from app.simulation.assertions import Assertions
from app.simulation.children import Children
from app.simulation.hook import TOO_MANY_REQUESTS, Hook, HookAnswer
from app.simulation.informers import Informers, Lag
from app.simulation.ownership import ACTOR, claimed, is_selected
from app.simulation.parents import Parents
from app.simulation.queue import WorkQueue
from app.simulation.registration import Registration
from app.simulation.related import NotFilledError, Related, TooManyRequestsError, object_key
from app.simulation.sync_record import Ending, Pace, Progress, Sync, SyncError
from app.simulation.timeline import Planned, Timeline

#: Namespace and name of a parent.
ParentKey = tuple[str, str]

_OK: Final = 200
_FOREIGN_FINALIZERS: Final = frozenset({"foregroundDeletion", "orphan"})


Steps = Generator[float, None, None]


class Metacontroller:
    """One running process with one CompositeController."""

    def __init__(
        self,
        timeline: Timeline,
        api: Api,
        hook: Hook,
        registration: Registration,
        assertions: Assertions,
        rng: random.Random,
        **options: Any,
    ) -> None:
        """Options: ``lag`` (a `Lag`), ``pace`` (a `Pace`), ``all_resyncs`` (bool), ``informers``.

        The last one is the class of the caches, `Informers` or one that is derived from it.
        """
        caches: type[Informers] = options.get("informers", Informers)
        lag: Lag = options["lag"]
        self._pace: Pace = options["pace"]
        self._all_resyncs: bool = options["all_resyncs"]
        self.syncs: list[Sync] = []
        self.hook = hook
        self._timeline = timeline
        self._api = api
        self._registration = registration
        self._assertions = assertions
        self._parent_kind = registration.parent.name
        self.informers = caches(timeline, api, lag, rng, self._seen)
        self.related_informers = caches(timeline, api, lag, rng, self._related_seen)
        self._related = Related(
            timeline, self.related_informers, self._customize, registration.manifest
        )
        self._children = Children(api, registration, assertions, rng, self._pace.write_seconds)
        self._parents = Parents(api, registration, assertions)
        self.queue: WorkQueue[ParentKey] = WorkQueue(timeline, self._wake)
        self._running = 0
        self._epoch = 0
        self._settled: set[ParentKey] = set()
        self._tick: Planned | None = None
        self._judged = b""

    # --- life -------------------------------------------------------------------------
    def start(self) -> None:
        """Fill the caches and queue every parent."""
        self.informers.start([self._parent_kind, *self._registration.methods])
        self._queue_all()

    def restart(self) -> None:
        """Crash and start again: syncs under way, queue, delays and back-offs are lost."""
        self._epoch += 1
        self._running = 0
        self.queue.clear()
        self._settled.clear()
        self.informers.restart()
        self._related.restart()
        self._queue_all()

    def idle(self) -> bool:
        """Whether no sync runs or is ready, and the caches are up to date."""
        return self.queue.idle() and self.informers.up_to_date()

    def _queue_all(self) -> None:
        for parent in self.informers.objects(self._parent_kind):
            self.queue.add(_parent_key(parent))
        self._plan_tick()

    # --- what starts a sync -----------------------------------------------------------
    def _plan_tick(self) -> None:
        """Plan the next periodic resync, at multiples of its period."""
        period = self._registration.resync_seconds
        if period and (self._tick is None or self._tick.action is None):
            due = (int(self._timeline.elapsed / period) + 1) * period
            self._tick = self._timeline.at(due, self._resync)

    def _resync(self) -> None:
        """Queue every parent but those whose last sync wrote nothing and that nobody touched.

        For them the next sync would find the same: their turn comes with the next event or when
        their own delay is over.
        """
        self._tick = None
        waiting = False
        for parent in self.informers.objects(self._parent_kind):
            key = _parent_key(parent)
            if self._all_resyncs or key not in self._settled:
                self.queue.add(key)
                waiting = True
        if waiting:
            self._plan_tick()

    def _seen(self, event: Event) -> None:
        """A cache has changed."""
        if event.object["kind"] == self._parent_kind:
            # Also by an ignored change of the status, which a periodic resync then sees.
            self._settled.discard(_parent_key(event.object))
            self._plan_tick()
        for key in self._affected(event):
            self._settled.discard(key)
            self.queue.add(key)
            self._plan_tick()

    def _affected(self, event: Event) -> list[ParentKey]:
        item = event.object
        if item["kind"] == self._parent_kind:
            ignored = self._registration.ignores_status and _only_status(event)
            return [] if ignored else [_parent_key(item)]
        if event.type is EventType.MODIFIED and event.old is not None:
            before = event.old["metadata"]["resourceVersion"]
            if before == item["metadata"]["resourceVersion"]:
                return []
        namespace = item["metadata"].get("namespace", "")
        owner = controller_of(item)
        if owner is None:
            parents = self.informers.objects(self._parent_kind)
            return [_parent_key(parent) for parent in parents if is_selected(item, parent)]
        if owner["kind"] != self._parent_kind:
            return []
        parent = self.informers.find(self._parent_kind, namespace, owner["name"])
        if parent is None or parent["metadata"]["uid"] != owner["uid"]:
            return []
        return [(namespace, owner["name"])]

    def _related_seen(self, event: Event) -> None:
        parents = self.informers.objects(self._parent_kind)
        for _, namespace, name in self._related.parents_of(event, parents):
            self._settled.discard((namespace, name))
            self.queue.add((namespace, name))
            self._plan_tick()

    # --- workers ----------------------------------------------------------------------
    def _wake(self) -> None:
        epoch = self._epoch
        self._timeline.after(0, lambda: self._work(epoch))

    def _work(self, epoch: int) -> None:
        while epoch == self._epoch and self._running < self._pace.workers:
            key = self.queue.get()
            if key is None:
                return
            self._running += 1
            progress = Progress(self._timeline.elapsed)
            self._drive(key, self._sync(key, progress), progress, len(self._api.log.writes))

    def _drive(self, key: ParentKey, steps: Steps, progress: Progress, mark: int) -> None:
        """Run a sync up to its next pause."""
        epoch = self._epoch
        try:
            pause = next(steps)
        except StopIteration:
            self._finish(key, progress, mark, SyncError(Ending.SUCCESS))
        except SyncError as end:
            self._finish(key, progress, mark, end)
        else:
            self._timeline.after(
                pause,
                lambda: (
                    self._drive(key, steps, progress, mark)
                    if epoch == self._epoch
                    else steps.close()
                ),
            )

    def _finish(self, key: ParentKey, progress: Progress, mark: int, end: SyncError) -> None:
        self._running -= 1
        writes = sum(write.actor == ACTOR for write in self._api.log.writes[mark:])
        self._settled.discard(key)
        if end.ending is Ending.SUCCESS:
            self.queue.forget(key)
            if not writes:
                self._settled.add(key)
        elif end.ending is Ending.LATER:
            # A call takes its time: without it a delay of 0 would stop the clock.
            self.queue.add_after(key, max(end.retry_after, self._pace.hook_seconds))
        else:
            self.queue.add_rate_limited(key)
        self.syncs.append(
            Sync(
                parent=key,
                started=progress.started,
                ended=self._timeline.elapsed,
                ending=end.ending,
                status=progress.status,
                observed=progress.observed,
                desired=progress.desired,
                writes=writes,
                resync_after=progress.resync_after,
                text=str(end),
            )
        )
        self.queue.done(key)
        self._plan_tick()
        self._wake()

    # --- one sync ---------------------------------------------------------------------
    def _sync(self, key: ParentKey, progress: Progress) -> Steps:
        parent = self.informers.find(self._parent_kind, *key)
        if parent is None:
            return
        try:
            parent = self._parents.with_finalizer(parent)
            observed = {
                child_key(item): item
                for kind in self._registration.children
                for item in claimed(self._api, self.informers, kind, parent)
            }
            request = self._request(parent, observed)
            progress.observed = len(observed)
            reply = self._call(request, progress)
            yield self._pace.hook_seconds
            answer = self._accepted(reply, request, progress)
            if answer.resync_after_seconds > 0:
                self.queue.add_after(key, answer.resync_after_seconds)
            if answer.finalized:
                parent = self._parents.without_finalizer(parent)
            desired = _labelled(answer.children, parent)
        except AnswerError as error:
            raise SyncError(Ending.ERROR, str(error)) from error
        errors: list[str] = []
        if self._manages(parent):
            errors = yield from self._children.apply(parent, observed, desired)
        self._parents.write_status(parent, answer.status, errors)

    def _request(self, parent: Manifest, observed: dict[ChildKey, Manifest]) -> Manifest:
        children: dict[str, dict[str, Manifest]] = {
            kind.key: {} for kind in self._registration.children
        }
        for item in observed.values():
            children[f"{item['kind']}.{item['apiVersion']}"][object_key(item)] = item
        try:
            related = self._related.of(parent) if self._registration.has_customize else {}
        except NotFilledError as wait:
            raise SyncError(Ending.SILENT, "a related informer is not filled yet") from wait
        except TooManyRequestsError as wait:
            raise SyncError(Ending.LATER, "429", wait.retry_after) from wait
        return {
            "controller": self._registration.manifest,
            "parent": parent,
            "children": children,
            "related": related,
            "finalizing": self._registration.has_finalize
            and "deletionTimestamp" in parent["metadata"],
        }

    def _call(self, request: Manifest, progress: Progress) -> HookAnswer:
        self._assertions.hook_called(request["parent"])
        hook = self.hook.finalize if request["finalizing"] else self.hook.sync
        answer = hook(request)
        progress.status = answer.status
        return answer

    def _accepted(self, answer: HookAnswer, request: Manifest, progress: Progress) -> Answer:
        """Decoded answer; SyncError or AnswerError if nothing of it is to be applied."""
        if answer.status == TOO_MANY_REQUESTS:
            raise SyncError(Ending.LATER, "429", answer.retry_after or 0.0)
        if answer.status != _OK:
            text = f"unsupported status code: {answer.status} body: {answer.text}"
            raise SyncError(Ending.ERROR, text)
        parent = request["parent"]
        result = decoded(answer, parent)
        self._judge(answer.body or {}, request)
        progress.desired = len(result.children)
        progress.resync_after = result.resync_after_seconds
        return result

    def _judge(self, body: Manifest, request: Manifest) -> None:
        """Report what Metacontroller would swallow; an answer that was judged is not again."""
        content = orjson.dumps(body)
        if content == self._judged:
            return
        self._judged = content
        for complaint in complaints(body, request["parent"], self._registration):
            self._assertions.malformed(complaint)
        if body.get("finalized") and not request["finalizing"]:
            self._assertions.malformed("finalized: true in sync")

    def _customize(self, request: Manifest) -> HookAnswer:
        return self.hook.customize(request)

    def _manages(self, parent: Manifest) -> bool:
        """Whether children are applied: the parent lives, or our finalizer still holds it."""
        metadata = parent["metadata"]
        if "deletionTimestamp" not in metadata:
            return True
        finalizers = set(metadata.get("finalizers", ()))
        return (
            self._registration.has_finalize
            and self._registration.finalizer in finalizers
            and not finalizers & _FOREIGN_FINALIZERS
        )


def _labelled(children: dict[ChildKey, Manifest], parent: Manifest) -> dict[ChildKey, Manifest]:
    """Children with the label of generateSelector; AnswerError if one names another parent."""
    uid = parent["metadata"]["uid"]
    result: dict[ChildKey, Manifest] = {}
    for key, child in children.items():
        labels = {names.LABEL_CONTROLLER_UID: uid, **(child["metadata"].get("labels") or {})}
        if labels[names.LABEL_CONTROLLER_UID] != uid:
            raise AnswerError(f"labels of {key[1]} {key[3]} don't match the parent's selector")
        result[key] = {**child, "metadata": {**child["metadata"], "labels": labels}}
    return result


def _parent_key(parent: Manifest) -> ParentKey:
    return (parent["metadata"]["namespace"], parent["metadata"]["name"])


def _only_status(event: Event) -> bool:
    """Whether an update changed neither generation nor labels nor annotations."""
    if event.type is not EventType.MODIFIED or event.old is None:
        return False
    before, after = event.old["metadata"], event.object["metadata"]
    return "deletionTimestamp" not in after and all(
        before.get(key) == after.get(key) for key in ("generation", "labels", "annotations")
    )
