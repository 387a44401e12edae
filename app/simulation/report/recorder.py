"""Watches an engine and keeps what its report draws, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from app.names import CA_CERT, KIND, TLS_CERT
from app.observed.request import as_list, as_map, as_text, as_time
from app.result import Manifest
from app.simulation.api_calls import Event, EventType, controller_of
from app.simulation.engine import USER, Engine
from app.simulation.report.book import Book
from app.simulation.report.certificate_record import CertificateRecord
from app.simulation.report.job_record import JobRecord
from app.simulation.report.life import Cause, Group, Lane, Life, Mark
from app.simulation.report.parent_record import PHASE, STAGE, ParentRecord, edited
from app.simulation.report.pod_record import PodRecord

#: Lanes, spans and marks of a run; ten years of a default cluster have less than a thousand.
LIMIT: Final = 20_000
_EDITS: Final = "Edits"
_RULES: Final = "Broken rules"


class Recorder:
    """Records from its creation on, so it comes before the first object does."""

    __slots__ = (
        "_book",
        "_certificates",
        "_cluster",
        "_edits",
        "_engine",
        "_jobs",
        "_namespace",
        "_parent",
        "_pods",
    )

    def __init__(self, engine: Engine, namespace: str, cluster: str, *, limit: int = LIMIT) -> None:
        """``namespace`` and ``cluster``: of the WazuhCluster; ``limit``: entries kept."""
        timeline = engine.timeline
        self._engine = engine
        self._namespace = namespace
        self._cluster = cluster
        self._book = Book(limit)
        self._certificates = CertificateRecord(timeline, self._book)
        self._jobs = JobRecord(timeline, self._book)
        self._parent = ParentRecord(timeline, self._book)
        self._pods = PodRecord(timeline, self._book, USER)
        self._edits: list[str] | None = None
        # So that they stand first, whatever comes first.
        self._book.lane(Group.CLUSTER, _EDITS)
        self._book.lane(Group.CLUSTER, PHASE)
        self._book.lane(Group.AUTHORITY, STAGE)
        engine.api.watch(self._seen)

    @contextmanager
    def edit(self, what: str) -> Iterator[None]:
        """What a person writes within is one edit, called ``what``."""
        self._edits = []
        try:
            yield
        finally:
            found, self._edits = self._edits, None
            self._mark_edit(f"{what}: {'; '.join(found) or 'no change'}")

    def life(self) -> Life:
        """What was recorded up to now."""
        return Life(
            namespace=self._namespace,
            cluster=self._cluster,
            start=self._engine.timeline.start,
            seconds=self._engine.elapsed,
            phase=self._parent.phase,
            lanes=(*self._broken_rules(), *self._book.lanes),
            dropped=self._book.dropped,
        )

    def _broken_rules(self) -> Iterator[Lane]:
        """A lane only if there are any; the engine keeps them itself."""
        marks = [
            Mark(time=one.time, causes=(Cause.RULE,), text=str(one))
            for one in self._engine.violations
        ]
        if marks:
            yield Lane(group=Group.CLUSTER, name=_RULES, marks=marks)

    # --- events -----------------------------------------------------------------------
    def _seen(self, event: Event) -> None:
        kind, namespace, name = event.key
        if namespace != self._namespace:
            return
        if event.actor == USER:
            self._by_hand(event)
        if kind == KIND:
            if name == self._cluster:
                self._parent_seen(event)
        elif kind == "Secret":
            self._secret_seen(event, name)
        elif kind == "Pod":
            self._pod_seen(event)
        elif kind == "Job":
            self._job_seen(event)

    def _parent_seen(self, event: Event) -> None:
        if event.type is EventType.DELETED:
            self._parent.gone()
            return
        status = as_map(event.object.get("status"))
        authority = as_map(status.get("certificateAuthority"))
        known = [authority, *map(as_map, as_list(status.get("certificates")))]
        times = ((as_text(one.get("name")), as_time(one.get("renewalTime"))) for one in known)
        self._certificates.plan(
            {name: time for name, time in times if name is not None and time is not None}
        )
        self._parent.status(status)

    def _secret_seen(self, event: Event, name: str) -> None:
        is_gone = event.type is EventType.DELETED
        data = {} if is_gone else as_map(event.object.get("data"))
        if name == f"{self._cluster}-ca":
            self._certificates.authority(name, data)
        elif TLS_CERT in data or CA_CERT in data:
            self._certificates.leaf(name, data, is_given=event.actor == USER)
        else:
            self._certificates.leaf_gone(name)

    def _pod_seen(self, event: Event) -> None:
        pod = event.object
        owner = controller_of(pod)
        if owner is not None and owner["kind"] == "Job":
            return
        match event.type:
            case EventType.ADDED:
                self._pods.added(pod)
            case EventType.MODIFIED:
                self._pods.modified(pod, event.actor)
            case EventType.DELETED:
                self._pods.deleted(pod, event.actor)

    def _job_seen(self, event: Event) -> None:
        match event.type:
            case EventType.ADDED:
                self._jobs.added(event.object)
            case EventType.MODIFIED:
                self._jobs.modified(event.old, event.object)
            case EventType.DELETED:
                self._jobs.deleted(event.object)

    # --- people -----------------------------------------------------------------------
    def _by_hand(self, event: Event) -> None:
        text = _told(event)
        if not text:
            return
        if self._edits is not None:
            self._edits.append(text)
        else:
            self._mark_edit(text)

    def _mark_edit(self, text: str) -> None:
        lane = self._book.lane(Group.CLUSTER, _EDITS)
        self._book.mark(lane, self._engine.elapsed, (Cause.EDIT,), text)


def _told(event: Event) -> str:
    """What a person did; empty where nothing that matters changed."""
    kind, _, name = event.key
    if event.type is EventType.ADDED:
        return f"{kind} {name} created"
    if event.type is EventType.DELETED or _is_deletion(event.old, event.object):
        return f"{kind} {name} deleted"
    if kind == KIND and event.old is not None:
        return edited(event.old, event.object)
    return f"{kind} {name} changed"


def _is_deletion(old: Manifest | None, new: Manifest) -> bool:
    key = "deletionTimestamp"
    return key in new["metadata"] and (old is None or key not in old["metadata"])
