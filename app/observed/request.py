"""Typed reads of a sync request: the parent, its children and related objects. No decisions.

Nothing here trusts the form of what is below the top level: a malformed status is read as
absent, field by field, and a child without a name is refused with the whole request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from app import kinds, names
from app.errors import RegistrationError, RequestError
from app.names import Role
from app.result import Manifest
from app.secret_data import OPAQUE, SecretData
from app.unchanging import kept


def as_map(value: object) -> Mapping[str, Any]:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """``value`` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str | None:
    """``value`` if it is a non-empty string, else None."""
    return value if isinstance(value, str) and value else None


def as_count(value: object) -> int:
    """``value`` if it is a whole number, else 0: a number missing in a status is 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def as_time(value: object) -> datetime | None:
    """RFC 3339 time in UTC, cut to whole seconds; None if it is none."""
    return _parsed_time(value) if isinstance(value, str) else None


@lru_cache(maxsize=4096)
def _parsed_time(value: str) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(value)
        # OverflowError: a time beyond the calendar once its offset is taken off.
        return None if parsed.tzinfo is None else parsed.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=4096)
def time_text(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds: ``2026-11-24T08:00:00Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What a StatefulSet or Deployment says of itself; missing numbers are 0."""

    role: Role
    name: str
    manifest: Manifest = field(repr=False)
    is_stateful: bool
    wanted: int
    replicas: int
    updated: int
    ready: int
    available: int
    generation: int
    observed_generation: int
    current_revision: str
    update_revision: str
    # Parts of the observed pod template, which every tier is asked for many times.
    template: Mapping[str, Any] = field(init=False, repr=False, compare=False)
    annotations: Mapping[str, Any] = field(init=False, repr=False, compare=False)
    _template_text: bytes | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Look up the template."""
        template = as_map(as_map(self.manifest.get("spec")).get("template"))
        object.__setattr__(self, "template", template)
        annotations = as_map(as_map(template.get("metadata")).get("annotations"))
        object.__setattr__(self, "annotations", annotations)

    @property
    def template_text(self) -> bytes:
        """The observed pod template as JSON: a key under which a comparison can be kept."""
        if self._template_text is None:
            object.__setattr__(self, "_template_text", orjson.dumps(self.template))
        return self._template_text or b""

    @property
    def is_seen(self) -> bool:
        """Whether its controller has seen the present spec."""
        return self.observed_generation >= self.generation

    @property
    def has_rolled(self) -> bool:
        """Whether no pod of an older template is left."""
        if self.is_stateful:
            is_one = bool(self.update_revision) and self.current_revision == self.update_revision
            return self.is_seen and is_one
        return self.is_seen and self.updated >= self.wanted and self.replicas <= self.updated

    @property
    def is_complete(self) -> bool:
        """Whether every replica is updated, ready and available, and none is too many."""
        return (
            self.has_rolled
            and self.updated == self.ready == self.available == self.replicas == self.wanted
        )

    @property
    def version(self) -> str | None:
        """``spec.version`` for which the observed template was rendered."""
        labels = as_map(as_map(self.template.get("metadata")).get("labels"))
        return as_text(labels.get(names.LABEL_VERSION))

    @property
    def image_tag(self) -> str | None:
        """Tag of the first container's image, without a digest."""
        containers = as_list(as_map(self.template.get("spec")).get("containers"))
        image = as_text(as_map(containers[0]).get("image")) if containers else None
        if image is None:
            return None
        reference = image.split("@", 1)[0]
        return reference.rsplit(":", 1)[1] if ":" in reference.rsplit("/", 1)[-1] else None


@kept
def _workload(manifest: Manifest, role: Role) -> Workload:
    metadata = as_map(manifest.get("metadata"))
    replicas = as_map(manifest.get("spec")).get("replicas")
    status = as_map(manifest.get("status"))
    return Workload(
        role=role,
        name=str(metadata.get("name")),
        manifest=manifest,
        is_stateful=role is not Role.DASHBOARD,
        wanted=1 if replicas is None else as_count(replicas),
        replicas=as_count(status.get("replicas")),
        updated=as_count(status.get("updatedReplicas")),
        ready=as_count(status.get("readyReplicas")),
        available=as_count(status.get("availableReplicas")),
        generation=as_count(metadata.get("generation")),
        observed_generation=as_count(status.get("observedGeneration")),
        current_revision=as_text(status.get("currentRevision")) or "",
        update_revision=as_text(status.get("updateRevision")) or "",
    )


@kept
def secret_of(manifest: Manifest) -> SecretData:
    """Data, type and annotations of ours of an observed Secret."""
    metadata = as_map(manifest.get("metadata"))
    ours = {
        key: value
        for key, value in as_map(metadata.get("annotations")).items()
        if key.startswith(names.ANNOTATION_PREFIX) and isinstance(value, str)
    }
    data = as_map(manifest.get("data"))
    if not all(type(value) is str for value in data.values()):
        data = {key: value for key, value in data.items() if isinstance(value, str)}
    return SecretData(
        name=str(metadata.get("name")),
        type=as_text(manifest.get("type")) or OPAQUE,
        data=data,
        annotations=ours,
        immutable=manifest.get("immutable") is True,
    )


Objects = Mapping[str, Mapping[str, Manifest]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Children and related objects by kind and name, and views of them read once."""

    children: Objects = field(repr=False)
    related: Objects = field(repr=False)
    secrets: Mapping[str, SecretData] = field(repr=False)
    workloads: Mapping[Role, Workload] = field(repr=False)

    def child(self, kind: kinds.Kind, name: str) -> Manifest | None:
        """One observed child, or None."""
        return self.children.get(kind.group_key, {}).get(name)

    def all_children(self) -> Iterator[Manifest]:
        """Every observed child, by kind and name."""
        for kind in sorted(self.children):
            group = self.children[kind]
            for name in sorted(group):
                yield group[name]

    @property
    def child_count(self) -> int:
        """Number of observed children."""
        return sum(len(group) for group in self.children.values())

    def user_secret(self, name: str) -> SecretData | None:
        """A Secret of the user, read through ``related``."""
        manifest = self.related.get(kinds.SECRET.group_key, {}).get(name)
        return None if manifest is None else secret_of(manifest)

    @property
    def claims(self) -> tuple[Manifest, ...]:
        """Claims of the indexers, terminating ones included, by name."""
        group = self.related.get(kinds.PERSISTENT_VOLUME_CLAIM.group_key, {})
        return tuple(group[name] for name in sorted(group))


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest:
    """A sync request, read: who the parent is, what it wants, what is there."""

    name: str
    namespace: str
    uid: str
    generation: int
    created: datetime | None
    is_deleting: bool
    annotations: Mapping[str, str]
    spec: object = field(repr=False)
    status: Mapping[str, Any] = field(repr=False)
    observed: Observed


def read(request: object) -> SyncRequest:
    """Read a decoded request.

    Raises RequestError where the top level is not that of Metacontroller, RegistrationError
    where groups are missing without which identity would be generated in every sync.
    """
    body = as_map(request)
    parent = body.get("parent")
    if not isinstance(parent, dict):
        raise RequestError("no parent in the request")
    metadata = as_map(parent.get("metadata"))
    name, namespace, uid = (as_text(metadata.get(key)) for key in ("name", "namespace", "uid"))
    if name is None or namespace is None or uid is None:
        raise RequestError("the parent has no name, namespace or uid")
    return SyncRequest(
        name=name,
        namespace=namespace,
        uid=uid,
        generation=as_count(metadata.get("generation")),
        created=as_time(metadata.get("creationTimestamp")),
        is_deleting=metadata.get("deletionTimestamp") is not None,
        annotations={
            key: value
            for key, value in as_map(metadata.get("annotations")).items()
            if isinstance(value, str)
        },
        spec=parent.get("spec"),
        status=as_map(parent.get("status")),
        observed=_observed(body, name, namespace),
    )


def _observed(body: Mapping[str, Any], cluster: str, namespace: str) -> Observed:
    if not isinstance(body.get("children"), dict):
        raise RequestError("no children in the request")
    related = body.get("related")
    if related is not None and not isinstance(related, dict):
        raise RequestError("the related objects are not an object")
    children = _objects(body["children"], namespace)
    for needed in (kinds.SECRET, kinds.STATEFUL_SET):
        if needed.group_key not in children:
            raise RegistrationError(
                f"the CompositeController does not list {needed.group_key} in childResources"
            )
    stateful = children[kinds.STATEFUL_SET.group_key]
    deployments = children.get(kinds.DEPLOYMENT.group_key, {})
    workloads: dict[Role, Workload] = {}
    for role in names.TIERS:
        group = deployments if role is Role.DASHBOARD else stateful
        manifest = group.get(f"{cluster}-{role}")
        if manifest is not None:
            workloads[role] = _workload(manifest, role)
    return Observed(
        children=children,
        related=_objects(related or {}, namespace),
        secrets={
            name: secret_of(manifest) for name, manifest in children[kinds.SECRET.group_key].items()
        },
        workloads=workloads,
    )


def _objects(groups: Mapping[str, Any], namespace: str) -> dict[str, dict[str, Manifest]]:
    """Objects of ``namespace`` by kind and name; the inner keys differ between hook versions.

    A group that is null was not observed: it is none, not an empty one.
    """
    read_groups: dict[str, dict[str, Manifest]] = {}
    for group_key, group in groups.items():
        if group is None:
            continue
        if not isinstance(group, dict):
            raise RequestError("a group of objects is not an object")
        found: dict[str, Manifest] = {}
        for manifest in group.values():
            if not isinstance(manifest, dict) or (identity := _identity(manifest)) is None:
                raise RequestError("an observed object has no name")
            name, own_namespace = identity
            if own_namespace is None or own_namespace == namespace:
                found[name] = manifest
        read_groups[group_key] = found
    return read_groups


@kept
def _identity(manifest: Manifest) -> tuple[str, str | None] | None:
    """Name and namespace of an observed object; None where it has no name."""
    metadata = as_map(manifest.get("metadata"))
    name = as_text(metadata.get("name"))
    return None if name is None else (name, as_text(metadata.get("namespace")))
