"""Wishes that a living cluster cannot follow: held one by one, while the rest is applied.

Each function compares the spec with what is observed and gives the faults; where the spec
itself must change, it also gives the effective value (custom-resource 12).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app import faults, kinds, names
from app.config import opensearch
from app.credentials import own_secrets
from app.credentials.access import UserAccess
from app.faults import Fault, Reason
from app.kubernetes import quantity
from app.names import Names, Role
from app.observed.request import Observed, SyncRequest, Workload, as_list, as_map, as_text
from app.schema.wazuhcluster import WazuhClusterSpec
from app.versions import WazuhVersion, parse_version

OPENSEARCH_YML = "opensearch.yml"
#: Below three, OpenSearch's voting configuration does not shrink by itself.
SMALLEST_UNSAFE_TARGET = 3


def version_floor(request: SyncRequest) -> WazuhVersion | None:
    """The version below which the data of this cluster cannot go; None before the first start.

    The higher of the version all tiers ran and, once an indexer pod ran the newer one, that of
    the observed indexer template.
    """
    reached = parse_version(as_text(request.status.get("version")) or "")
    indexer = request.observed.workloads.get(Role.INDEXER)
    started = None
    if indexer is not None and _has_run_newest(indexer):
        started = parse_version(indexer.version or "")
    return max((one for one in (reached, started) if one is not None), default=None)


def _has_run_newest(workload: Workload) -> bool:
    """Whether at least one updated pod is ready.

    Before the controller has seen a template, the numbers speak of the one before it.
    """
    is_counted = workload.is_seen and workload.updated >= 1
    return is_counted and workload.ready > workload.wanted - workload.updated


def version_fault(version: WazuhVersion, request: SyncRequest) -> Iterator[Fault]:
    """An upgrade that is taken back before a pod was ready on it is followed, with a warning.

    It is said until all indexers run again.
    """
    indexer = request.observed.workloads.get(Role.INDEXER)
    if indexer is None:
        return
    sent = parse_version(indexer.version or "")
    message = (
        f"an upgrade is taken back to {version}; an indexer pod that started on the newer"
        " version and never got ready may refuse its data"
    )
    is_newer = sent is not None and sent > version
    if is_newer or (not indexer.is_complete and _was_said(request, message)):
        yield faults.warning("spec.version", message)


def _was_said(request: SyncRequest, message: str) -> bool:
    """Whether a condition of the status has ``message`` in it."""
    conditions = map(as_map, as_list(request.status.get("conditions")))
    return any(message in (as_text(one.get("message")) or "") for one in conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """Indexer replicas to send, and the fault if the wish is not followed."""

    count: int
    fault: Fault | None = None


def indexer_replicas(spec: WazuhClusterSpec, request: SyncRequest) -> Replicas:
    """Replicas never fall by themselves: shards would be lost.

    By annotation they fall one at a time, and the next one only when all others are ready.
    """
    wished = spec.indexer.replicas
    workload = request.observed.workloads.get(Role.INDEXER)
    if workload is None or wished >= workload.wanted:
        return Replicas(count=wished)
    allowed = request.annotations.get(names.ALLOW_UNSAFE_SCALE_DOWN)
    if wished >= SMALLEST_UNSAFE_TARGET and allowed == str(wished):
        return Replicas(count=workload.wanted - 1 if workload.is_complete else workload.wanted)
    advice = (
        f'. Annotate {names.ALLOW_UNSAFE_SCALE_DOWN}: "{wished}" to do it without draining'
        if wished >= SMALLEST_UNSAFE_TARGET
        else ". Below 3 there is no way yet: the voting configuration does not shrink by itself"
    )
    message = f"{workload.wanted} to {wished} would drop shards; stays {workload.wanted}{advice}"
    return Replicas(
        count=workload.wanted,
        fault=faults.held("spec.indexer.replicas", message, Reason.UNSAFE_SCALE_DOWN),
    )


def storage_faults(spec: WazuhClusterSpec, observed: Observed) -> Iterator[Fault]:
    """Volumes of a living StatefulSet keep size and class: its claim templates are immutable."""
    wishes = (
        (Role.INDEXER, "spec.indexer", spec.indexer),
        (Role.MANAGER_MASTER, "spec.manager.master", spec.manager.master),
        (Role.MANAGER_WORKER, "spec.manager.workers", spec.manager.workers),
    )
    for role, path, tier in wishes:
        workload = observed.workloads.get(role)
        claim = None if workload is None else _claim_spec(workload)
        if workload is None or claim is None:
            continue
        size = as_text(as_map(as_map(claim.get("resources")).get("requests")).get("storage"))
        if size is not None:
            yield from _size_fault(f"{path}.storageSize", size, tier.storage_size, workload)
        wished_class = tier.storage_class_name or spec.storage_class_name
        running_class = as_text(claim.get("storageClassName"))
        if wished_class != running_class:
            where = path if tier.storage_class_name else "spec"
            message = (
                f'"{wished_class or "(default)"}" is immutable on a living tier;'
                f' {workload.name} stays "{running_class or "(default)"}"'
            )
            yield faults.held(f"{where}.storageClassName", message)


def _claim_spec(workload: Workload) -> Mapping[str, Any] | None:
    templates = as_list(as_map(workload.manifest.get("spec")).get("volumeClaimTemplates"))
    return as_map(as_map(templates[0]).get("spec")) if templates else None


def _size_fault(path: str, running: str, wished: str, workload: Workload) -> Iterator[Fault]:
    present, wanted = quantity.bytes_of(running), quantity.bytes_of(wished)
    if wanted < present:
        message = f"{running} to {wished}: volumes cannot shrink; stays {running}"
        yield faults.held(path, message, Reason.STORAGE_SHRINK_REFUSED)
    if wanted > present:
        message = (
            f"{running} to {wished}: claim templates are immutable; stays {running}. By hand: grow"
            f" each claim of {workload.name}, then delete the StatefulSet with --cascade=orphan;"
            " it is created again with the new size and adopts its pods"
        )
        yield faults.held(path, message, Reason.STORAGE_GROWTH_HELD)


def cluster_name_fault(spec: WazuhClusterSpec, named: Names, observed: Observed) -> Iterator[Fault]:
    """Nodes of two cluster names do not join, so the name of a living cluster is fixed."""
    text = observed_text(observed, named.config_map(Role.INDEXER), OPENSEARCH_YML)
    running = None if text is None else opensearch.cluster_name_of(text)
    wished = spec.indexer.cluster_name or named.cluster
    if Role.INDEXER in observed.workloads and running is not None and running != wished:
        message = f'"{wished}" is immutable; the cluster runs as "{running}"'
        yield faults.frozen("spec.indexer.clusterName", message)


def observed_text(observed: Observed, config_map: str, key: str) -> str | None:
    """Text of one key of an observed ConfigMap."""
    manifest = observed.child(kinds.CONFIG_MAP, config_map)
    return as_text(as_map(as_map(manifest).get("data")).get(key))


def administrator_fault(user: UserAccess, named: Names, observed: Observed) -> Iterator[Fault]:
    """The index keeps the name of its administrator; another password is taken to it."""
    copy = observed.secrets.get(named.indexer_credentials)
    given = user.administrator
    if given is None or copy is None or not given.is_usable:
        return
    running = own_secrets.usable_text(
        copy, own_secrets.ADMIN_USERNAME, own_secrets.INDEXER_CREDENTIALS
    )
    if running is not None and running != given.username.text:
        message = (
            f'the administrator of a living index cannot be renamed; it stays "{running}", and a'
            " password that comes with another user name is not taken"
        )
        yield faults.held("spec.indexer.credentials", message)
    elif copy.immutable and copy.text(own_secrets.ADMIN_PASSWORD) != given.password.text:
        message = (
            f"Secret {copy.name} is immutable and cannot take the new password; the index keeps"
            " the old one"
        )
        yield faults.held("spec.indexer.credentials", message)
