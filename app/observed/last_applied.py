"""What was last applied to an observed child: the source of held and frozen children.

Under dynamic-apply Metacontroller keeps it in an annotation; under server-side apply the fields
that its Apply manager owns say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from app import kinds, names
from app.observed.request import as_list, as_map, as_text
from app.result import Manifest


def last_applied(observed: Manifest) -> Manifest:
    """The manifest that was last sent for ``observed``, without ``controller-uid``.

    Where neither annotation nor managedFields tell, what is observed itself, without what the
    server and others added to its metadata and without its status.
    """
    applied = _from_annotation(observed)
    if applied is None:
        applied = _from_managed_fields(observed)
    if applied is None:
        applied = {key: value for key, value in observed.items() if key != "status"}
    return _clean(observed, applied)


def applied_template(observed: Manifest) -> Mapping[str, Any]:
    """Pod template that was last sent for an observed workload; to be read only."""
    annotations = as_map(as_map(observed.get("metadata")).get("annotations"))
    text = as_text(annotations.get(names.LAST_APPLIED))
    known = None if text is None else _template_in(text)
    if known is not None:
        return known
    return as_map(as_map(last_applied(observed).get("spec")).get("template"))


@lru_cache(maxsize=256)
def _template_in(text: str) -> Mapping[str, Any] | None:
    """Template in a last-applied annotation, kept by its text; None if there is none."""
    try:
        applied = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return as_map(as_map(as_map(applied).get("spec")).get("template")) or None


def _from_annotation(observed: Manifest) -> Manifest | None:
    annotations = as_map(as_map(observed.get("metadata")).get("annotations"))
    text = as_text(annotations.get(names.LAST_APPLIED))
    if text is None:
        return None
    try:
        applied = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return applied if isinstance(applied, dict) and applied else None


def _from_managed_fields(observed: Manifest) -> Manifest | None:
    entries = as_list(as_map(observed.get("metadata")).get("managedFields"))
    for entry in entries:
        fields = as_map(entry)
        if fields.get("operation") == "Apply" and not fields.get("subresource"):
            projected = _project(observed, as_map(fields.get("fieldsV1")))
            if isinstance(projected, dict):
                return projected
    return None


def _project(value: Any, fields: Mapping[str, Any]) -> Any:
    """The part of ``value`` that ``fields`` (FieldsV1) names."""
    inner = {key: child for key, child in fields.items() if key != "."}
    if not inner:
        return value
    if isinstance(value, dict):
        return {
            key[2:]: _project(value[key[2:]], as_map(child))
            for key, child in inner.items()
            if key.startswith("f:") and key[2:] in value
        }
    if isinstance(value, list):
        return _project_list(value, inner)
    return value


def _project_list(value: list[Any], fields: Mapping[str, Any]) -> list[Any]:
    kept: list[Any] = []
    for item in value:
        for key, child in fields.items():
            if key.startswith("k:") and _has_keys(item, orjson.loads(key[2:])):
                kept.append(_project(item, as_map(child)))
                break
            if key.startswith("v:") and orjson.loads(key[2:]) == item:
                kept.append(item)
                break
    return kept


def _has_keys(item: object, keys: object) -> bool:
    found = as_map(item)
    return all(found.get(key) == wanted for key, wanted in as_map(keys).items())


def _clean(observed: Manifest, applied: Manifest) -> Manifest:
    """``applied`` with the identity of ``observed`` and nothing that is not ours to send."""
    metadata = as_map(observed.get("metadata"))
    kept = as_map(applied.get("metadata"))
    meta: dict[str, Any] = {"name": metadata.get("name"), "namespace": metadata.get("namespace")}
    labels = {
        key: value
        for key, value in as_map(kept.get("labels")).items()
        if key != names.LABEL_CONTROLLER_UID
    }
    annotations = {
        key: value
        for key, value in as_map(kept.get("annotations")).items()
        if not key.startswith(names.METACONTROLLER_PREFIX)
    }
    if labels:
        meta["labels"] = labels
    if annotations:
        meta["annotations"] = annotations
    body = {
        key: value
        for key, value in applied.items()
        if key not in {"metadata", "status", "apiVersion", "kind"}
    }
    if observed.get("kind") == kinds.SECRET.name:
        # A key restored by hand must not be reverted: Secrets are what is observed.
        body["data"] = observed.get("data", {})
        body["type"] = observed.get("type", "Opaque")
        if not body["data"]:
            del body["data"]
    return {
        "apiVersion": observed.get("apiVersion"),
        "kind": observed.get("kind"),
        "metadata": meta,
        **body,
    }
