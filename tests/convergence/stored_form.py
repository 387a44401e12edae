"""What the API server makes of a WazuhCluster by its CRD: unknown fields go, the status is checked.

CEL rules and bounds of the spec have tests of their own; a fault around them is wanted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from app.result import Manifest
from app.schema.crd import crd


def admitted(parent: Manifest) -> Manifest:
    """``parent`` as it is stored. ValueError for a status that the schema refuses."""
    schema = _schema()
    pruned = {
        key: value if key in ("apiVersion", "kind", "metadata") else _pruned(value, schema[key])
        for key, value in parent.items()
        if key in schema
    }
    faults = (
        [f"{one.json_path}: {one.message}" for one in _status().iter_errors(parent["status"])]
        if "status" in parent
        else []
    )
    if faults:
        raise ValueError("; ".join(faults))
    return pruned


@cache
def _schema() -> Mapping[str, Any]:
    found: Mapping[str, Any] = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"][
        "properties"
    ]
    return found


@cache
def _status() -> Draft202012Validator:
    """Nothing in the status may be null, so its schema is JSON Schema as it stands."""
    return Draft202012Validator(dict(_schema()["status"]))


def _pruned(value: Any, schema: Mapping[str, Any]) -> Any:
    if isinstance(value, dict) and "properties" in schema:
        known = schema["properties"]
        return {key: _pruned(one, known[key]) for key, one in value.items() if key in known}
    if isinstance(value, list) and "items" in schema:
        return [_pruned(one, schema["items"]) for one in value]
    return value
