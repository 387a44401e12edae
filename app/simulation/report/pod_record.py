"""What is recorded of pods: when each one starts, runs and stops, and why it had to start again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from app.names import CERT_HASH, CONFIG_HASH, LABEL_VERSION
from app.result import Manifest
from app.simulation.api_calls import controller_of
from app.simulation.report.book import Book
from app.simulation.report.life import Cause, Group, Lane, Look, Span
from app.simulation.timeline import Timeline
from app.simulation.workloads.pods import hash_of, is_ready, is_terminating

_TEMPLATE_HASH: Final = "pod-template-hash"
#: Labels and annotations that have a cause of their own, or none: they follow from the rest.
_APART: Final = frozenset(
    {CERT_HASH, CONFIG_HASH, LABEL_VERSION, _TEMPLATE_HASH, "controller-revision-hash"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What of a pod's template has a name; ``rest``: digest of all else."""

    cert_hash: str
    config_hash: str
    version: str
    images: tuple[str, ...]
    rest: str


@dataclass(slots=True, kw_only=True)
class _Life:
    """One pod. ``state``: starting, running, not ready, stopping."""

    lane: Lane
    shape: Shape
    state: str
    span: Span


@dataclass(slots=True, kw_only=True)
class _Place:
    """What pods follow each other in; ``user``: who deleted the last one, if a person did."""

    shape: Shape | None = None
    uid: str = ""
    user: str = ""


class PodRecord:
    """Follows the pods of workloads."""

    __slots__ = ("_book", "_lives", "_places", "_timeline", "_user")

    def __init__(self, timeline: Timeline, book: Book, user: str) -> None:
        """``user``: the actor whose deletions are a person's."""
        self._timeline = timeline
        self._book = book
        self._user = user
        self._lives: dict[str, _Life] = {}
        self._places: dict[str, _Place] = {}

    def added(self, pod: Manifest) -> None:
        """A pod was created."""
        uid, name = pod["metadata"]["uid"], pod["metadata"]["name"]
        shape, now = shape_of(pod), self._timeline.elapsed
        place_name = self._place_for(pod, shape)
        place = self._places.setdefault(place_name, _Place())
        lane = self._book.lane(Group.PODS, place_name)
        causes = causes_of(place.shape, shape)
        self._book.mark(lane, now, causes, _told(name, place, shape, causes))
        self._places[place_name] = _Place(shape=shape, uid=uid)
        span = self._book.span(lane, now, Look.CHANGING, "starting", name)
        self._lives[uid] = _Life(lane=lane, shape=shape, state="starting", span=span)

    def modified(self, pod: Manifest, actor: str) -> None:
        """A pod changed; only whether it is ready and whether it stops matters."""
        life = self._lives.get(pod["metadata"]["uid"])
        if life is None:
            return
        if is_terminating(pod):
            if life.state != "stopping":
                self._blame(pod, actor)
                self._turn(life, "stopping", Look.IDLE)
        elif is_ready(pod):
            self._turn(life, "running", Look.GOOD)
        elif life.state == "running":
            self._turn(life, "not ready", Look.BAD)

    def deleted(self, pod: Manifest, actor: str) -> None:
        """A pod is gone."""
        life = self._lives.pop(pod["metadata"]["uid"], None)
        if life is not None:
            if life.state != "stopping":
                self._blame(pod, actor)
            life.span.end = self._timeline.elapsed

    def _turn(self, life: _Life, state: str, look: Look) -> None:
        if life.state == state:
            return
        life.span.end = now = self._timeline.elapsed
        life.state = state
        life.span = self._book.span(life.lane, now, look, state, life.span.text)

    def _blame(self, pod: Manifest, actor: str) -> None:
        for place in self._places.values():
            if place.uid == pod["metadata"]["uid"] and actor == self._user:
                place.user = actor

    def _place_for(self, pod: Manifest, shape: Shape) -> str:
        """Lane of a pod: its name, or where names are drawn by lot the place that it takes.

        There it follows a pod that is gone, else one of another shape, which it is to replace.
        """
        workload = _drawn_workload(pod)
        if workload is None:
            return str(pod["metadata"]["name"])
        number = 1
        for pick in (lambda life: life is None, lambda life: life.shape != shape):
            number = 1
            while (place := self._places.get(f"{workload} {number}")) is not None:
                if pick(self._lives.get(place.uid)):
                    return f"{workload} {number}"
                number += 1
        return f"{workload} {number}"


def shape_of(pod: Manifest) -> Shape:
    """What of a new pod decides why it differs from the one before."""
    metadata, spec = pod["metadata"], pod["spec"]
    annotations, labels = metadata.get("annotations", {}), metadata.get("labels", {})
    containers = [*spec.get("initContainers", []), *spec["containers"]]
    rest: dict[str, Any] = {
        "annotations": {k: v for k, v in annotations.items() if k not in _APART},
        "labels": {k: v for k, v in labels.items() if k not in _APART},
        "spec": {k: v for k, v in spec.items() if k not in ("initContainers", "containers")},
        "containers": [{k: v for k, v in one.items() if k != "image"} for one in containers],
    }
    return Shape(
        cert_hash=annotations.get(CERT_HASH, ""),
        config_hash=annotations.get(CONFIG_HASH, ""),
        version=labels.get(LABEL_VERSION, ""),
        images=tuple(one.get("image", "") for one in containers),
        rest=hash_of(rest),
    )


def causes_of(before: Shape | None, shape: Shape) -> tuple[Cause, ...]:
    """Why a pod started: CREATED for the first one, LOST where nothing has changed.

    Images that came with another version are no cause of their own.
    """
    if before is None:
        return (Cause.CREATED,)
    differs = {
        Cause.VERSION: before.version != shape.version,
        Cause.IMAGE: before.images != shape.images and before.version == shape.version,
        Cause.CERT_HASH: before.cert_hash != shape.cert_hash,
        Cause.CONFIG_HASH: before.config_hash != shape.config_hash,
        Cause.TEMPLATE: before.rest != shape.rest,
    }
    return tuple(cause for cause, holds in differs.items() if holds) or (Cause.LOST,)


def _told(name: str, place: _Place, shape: Shape, causes: tuple[Cause, ...]) -> str:
    version = f"version {shape.version}" if shape.version else ""
    if causes[0] is Cause.VERSION and place.shape is not None:
        version = f"version {place.shape.version or 'unknown'} to {shape.version or 'unknown'}"
    deleted = f"the one before was deleted by {place.user}" if place.user else ""
    return ", ".join(part for part in (name, version, deleted) if part)


def _drawn_workload(pod: Manifest) -> str | None:
    """Name of the Deployment of a pod whose name is drawn by lot, else None."""
    owner = controller_of(pod)
    if owner is None or owner["kind"] != "ReplicaSet":
        return None
    digest = pod["metadata"].get("labels", {}).get(_TEMPLATE_HASH, "")
    return str(owner["name"]).removesuffix(f"-{digest}")
