"""Structural schema of the spec, made from the models.

A structural schema knows no ``$ref``, ``anyOf`` or ``default``: references are put in place, an
optional value becomes ``nullable`` (a template leaves nulls behind) and Kubernetes' own types
come from `app.schema.core_types`. The CRD and the hook's own check read the same schema, so they
cannot disagree. ``x-key-pattern`` (form of a map's keys) is for the hook alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from app.schema.core_types import CORE_TYPES
from app.schema.wazuhcluster import WazuhClusterSpec

Schema = dict[str, Any]

_KEPT: Final = (
    "type",
    "format",
    "description",
    "pattern",
    "minLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "maxProperties",
    "required",
    "x-kubernetes-int-or-string",
    "x-key-pattern",
)


@lru_cache(maxsize=1)
def spec_schema() -> Schema:
    """Schema of ``spec``. The value is shared: do not change it."""
    raw = WazuhClusterSpec.model_json_schema(by_alias=True)
    return _structural(raw, raw.get("$defs", {}))


def fields(schema: Mapping[str, Any], path: str = "spec") -> Iterator[tuple[str, Schema]]:
    """Every leaf below ``schema`` as (path, schema), in order: ``spec.manager.image.tag``.

    Elements of a list end in ``[]``, values of a map in ``{}``.
    """
    if "properties" in schema:
        for name, child in schema["properties"].items():
            yield from fields(child, f"{path}.{name}")
    elif "items" in schema:
        yield from fields(schema["items"], f"{path}[]")
    elif "additionalProperties" in schema:
        yield from fields(schema["additionalProperties"], f"{path}{{}}")
    else:
        yield path, dict(schema)


def _structural(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """One node of pydantic's JSON schema as a node of a structural schema."""
    node = _resolved(node, definitions)
    if "x-core" in node:
        described = {"description": node["description"]} if "description" in node else {}
        return core_schema(node["x-core"]) | described
    result: Schema = {key: node[key] for key in _KEPT if key in node}
    if "const" in node or "enum" in node:
        result["enum"] = list(node.get("enum", [node.get("const")]))
    elif "maxLength" in node:
        result["maxLength"] = node["maxLength"]
    if "properties" in node:
        result["properties"] = _properties(node, definitions)
    if isinstance(node.get("additionalProperties"), dict):
        result["additionalProperties"] = _structural(node["additionalProperties"], definitions)
    if "items" in node:
        result["items"] = _structural(node["items"], definitions)
        result |= _list_rules(node)
    return result


def _properties(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """Properties of an object, those that are not required as nullable."""
    required = node.get("required", ())
    return {
        name: _structural(child, definitions) | ({} if name in required else {"nullable": True})
        for name, child in node["properties"].items()
    }


def _resolved(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Schema:
    """``node`` without a reference and without the alternative null."""
    result = dict(node)
    while "$ref" in result or "anyOf" in result:
        if "$ref" in result:
            inner = definitions[str(result.pop("$ref")).rpartition("/")[2]]
        else:
            (inner,) = (item for item in result.pop("anyOf") if item.get("type") != "null")
        result = {**inner, **result}
    return result


def _list_rules(node: Mapping[str, Any]) -> Schema:
    """Size and uniqueness of a list's elements as Kubernetes spells them."""
    result: Schema = {}
    if "x-min-items" in node:
        result["minItems"] = node["x-min-items"]
    if node.get("x-unique") == "":
        result["x-kubernetes-list-type"] = "set"
    elif "x-unique" in node:
        result["x-kubernetes-list-type"] = "map"
        result["x-kubernetes-list-map-keys"] = [node["x-unique"]]
    return result


def core_schema(name: str) -> Schema:
    """Full structural schema of the Kubernetes type ``name``."""
    return _inlined(CORE_TYPES[name])


def _inlined(node: Mapping[str, Any]) -> Schema:
    """``node`` with every ``$ref`` to another core type put in place."""
    if "$ref" in node:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return core_schema(node["$ref"]) | rest
    result = dict(node)
    if "properties" in node:
        result["properties"] = {name: _inlined(child) for name, child in node["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in node:
            result[key] = _inlined(node[key])
    return result
