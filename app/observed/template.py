"""Pod templates compared and changed: is what runs what was sent, and that what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from app.observed.references import secret_references
from app.observed.request import as_map
from app.result import Manifest
from app.same import Same

Template = Mapping[str, Any]

#: First key that all items of a list have in common, in the order in which Metacontroller asks.
_MERGE_KEYS = ("containerPort", "port", "mountPath", "name", "uid", "ip", "path")


def is_equal(applied: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether two templates are equal; asked in every sync, so it is kept."""
    return _is_equal(Same(applied), Same(wanted))


@lru_cache(maxsize=512)
def _is_equal(applied: Same[Template], wanted: Same[Template]) -> bool:
    return applied.value == wanted.value


def is_in_force(observed: bytes, wanted: Mapping[str, Any]) -> bool:
    """Whether an observed template, as JSON, holds everything of ``wanted``.

    Asked in every sync of every tier with the same answer, so it is kept, by content.
    """
    return _is_in_force(observed, _text(Same(wanted)))


@lru_cache(maxsize=512)
def _text(wanted: Same[Template]) -> bytes:
    return orjson.dumps(wanted.value)


def needed_secrets(wanted: Mapping[str, Any]) -> frozenset[str]:
    """`secret_references` of a rendered template, kept."""
    return _needed_secrets(Same(wanted))


@lru_cache(maxsize=512)
def _needed_secrets(wanted: Same[Template]) -> frozenset[str]:
    return secret_references(wanted.value)


@lru_cache(maxsize=512)
def _is_in_force(observed: bytes, wanted: bytes) -> bool:
    return contains(orjson.loads(observed), orjson.loads(wanted))


def contains(observed: Any, wanted: Any) -> bool:
    """Whether ``observed`` holds everything of ``wanted``; the server's defaults may be added.

    Lists are compared by the key by which Metacontroller merges them, else item by item.
    """
    if isinstance(wanted, dict):
        return isinstance(observed, dict) and all(
            key in observed and contains(observed[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(observed, list) and _contains_list(observed, wanted)
    return bool(observed == wanted)


def _contains_list(observed: list[Any], wanted: list[Any]) -> bool:
    key = _merge_key(observed, wanted)
    if key is None:
        return len(observed) == len(wanted) and all(map(contains, observed, wanted))
    present = {item[key]: item for item in observed}
    return all(item[key] in present and contains(present[item[key]], item) for item in wanted)


def _merge_key(observed: list[Any], wanted: list[Any]) -> str | None:
    items = (*observed, *wanted)
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    return next((key for key in _MERGE_KEYS if all(key in item for item in items)), None)


def template_of(workload: Manifest) -> Mapping[str, Any]:
    """Pod template of a rendered or applied workload."""
    return as_map(as_map(workload.get("spec")).get("template"))


def annotations_of(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """Annotations of a pod template."""
    return as_map(as_map(template.get("metadata")).get("annotations"))


def with_template(workload: Manifest, template: Mapping[str, Any]) -> Manifest:
    """``workload`` with another pod template."""
    return {**workload, "spec": {**workload["spec"], "template": template}}


def with_annotations(
    template: Mapping[str, Any], changed: Mapping[str, str | None]
) -> dict[str, Any]:
    """``template`` with annotations set, or removed where the value is None."""
    metadata = dict(as_map(template.get("metadata")))
    annotations = {**as_map(metadata.get("annotations")), **changed}
    metadata["annotations"] = {
        key: value for key, value in annotations.items() if value is not None
    }
    if not metadata["annotations"]:
        del metadata["annotations"]
    return {**template, "metadata": metadata}


def with_replicas(workload: Manifest, replicas: int) -> Manifest:
    """``workload`` with another number of replicas."""
    return {**workload, "spec": {**workload["spec"], "replicas": replicas}}
