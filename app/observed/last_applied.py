"""What was last applied to an observed child: the source of held and frozen children.

Under dynamic-apply Metacontroller keeps it in an annotation; under server-side apply the fields
that its Apply manager owns say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from app import kinds, names
from app.observed.request import as_list, as_map, as_text
from app.result import Manifest
from app.unchanging import kept

#: Metacontroller's field manager under server-side apply, unless a flag says otherwise.
METACONTROLLER: Final = "metacontroller"


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


@kept
def applied_template(observed: Manifest) -> Mapping[str, Any]:
    """Pod template that was last sent for an observed workload; to be read only."""
    annotations = as_map(as_map(observed.get("metadata")).get("annotations"))
    text = as_text(annotations.get(names.LAST_APPLIED))
    if text is not None:
        identity, template = _template_in(text)
        if template and identity == _identity(observed):
            return template
    return as_map(as_map(last_applied(observed).get("spec")).get("template"))


@lru_cache(maxsize=256)
def _template_in(text: str) -> tuple[tuple[Any, Any], Mapping[str, Any]]:
    """Identity and template in a last-applied annotation, kept by its text."""
    applied = _parsed(text)
    return _identity(applied), as_map(as_map(applied.get("spec")).get("template"))


def _parsed(text: str) -> Mapping[str, Any]:
    """The object that ``text`` holds; an empty one if it holds none."""
    try:
        return as_map(orjson.loads(text))
    except orjson.JSONDecodeError:
        return {}


def _from_annotation(observed: Manifest) -> Manifest | None:
    annotations = as_map(as_map(observed.get("metadata")).get("annotations"))
    applied = _parsed(as_text(annotations.get(names.LAST_APPLIED)) or "")
    is_same = _identity(applied) == _identity(observed)
    return dict(applied) if is_same and _describes(applied, observed) else None


def _identity(manifest: Mapping[str, Any]) -> tuple[Any, Any]:
    return manifest.get("kind"), as_map(manifest.get("metadata")).get("name")


def _from_managed_fields(observed: Manifest) -> Manifest | None:
    fields = _fields_of_metacontroller(observed)
    projected = None if fields is None else _project(observed, fields)
    if isinstance(projected, dict) and _describes(projected, observed):
        return projected
    return None


def _describes(applied: Mapping[str, Any], observed: Manifest) -> bool:
    """Whether ``applied`` can stand for ``observed``: a workload without its template cannot."""
    templates = [as_map(as_map(one.get("spec")).get("template")) for one in (observed, applied)]
    return bool(applied) and (not templates[0] or bool(templates[1]))


def _fields_of_metacontroller(observed: Manifest) -> Mapping[str, Any] | None:
    """What the Apply manager of Metacontroller owns; other people may apply as well.

    Its name is a setting of Metacontroller, so it is known by the label that nobody else sets;
    where several own that, by the name it has unless somebody changed it.
    """
    found = [
        (as_text(one.get("manager")), as_map(one.get("fieldsV1")))
        for one in map(as_map, as_list(as_map(observed.get("metadata")).get("managedFields")))
        if one.get("operation") == "Apply" and not one.get("subresource")
    ]
    ours = [(name, fields) for name, fields in found if _owns_selecting_label(fields)]
    ours.sort(key=lambda one: one[0] != METACONTROLLER)
    return ours[0][1] if ours else None


def _owns_selecting_label(fields: Mapping[str, Any]) -> bool:
    labels = as_map(as_map(fields.get("f:metadata")).get("f:labels"))
    return f"f:{names.LABEL_CONTROLLER_UID}" in labels


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
    """Items of a list that ``fields`` names by key (``k:{…}``) or by value (``v:…``)."""
    keyed = [
        (_parsed(key[2:]), as_map(child)) for key, child in fields.items() if key.startswith("k:")
    ]
    values = [_value(key[2:]) for key in fields if key.startswith("v:")]
    kept: list[Any] = []
    for item in value:
        owned = next((child for keys, child in keyed if _has_keys(item, keys)), None)
        if owned is not None:
            kept.append(_project(item, owned))
        elif item in values:
            kept.append(item)
    return kept


def _value(text: str) -> Any:
    """A value in JSON; None, which no list holds, where it is none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _has_keys(item: object, keys: Mapping[str, Any]) -> bool:
    found = as_map(item)
    return bool(keys) and all(found.get(key) == wanted for key, wanted in keys.items())


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
