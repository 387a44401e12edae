"""Strict validation of manifests against the schemas of Kubernetes versions.

The package kubernetes-validate brings the schemas; its own function reads and parses the
definitions (megabytes) at every call, so they are loaded here, once for each version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jsonschema import Draft202012Validator
from kubernetes_validate import latest_version
from referencing import Registry, Resource

OLDEST: Final = "1.29.0"
NEWEST: Final[str] = latest_version()
VERSIONS: Final = (OLDEST, NEWEST)


def schema_faults(manifest: Mapping[str, Any], version: str) -> list[str]:
    """Faults of ``manifest`` as ``path: message``; an unknown field is one too.

    ``version``: one that the package ships (``1.29.0``). Raises FileNotFoundError for a kind that
    this version does not know.
    """
    validator = _validator(manifest["apiVersion"], manifest["kind"], version)
    return sorted(
        f"{manifest['kind']} {manifest['metadata']['name']}: "
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in validator.iter_errors(json.loads(json.dumps(manifest)))
    )


@cache
def _validator(api_version: str, kind: str, version: str) -> Draft202012Validator:
    group, _, plain = api_version.rpartition("/")
    suffix = f"{group.split('.')[0]}-{plain}" if group else plain
    schema = _load(version, f"{kind.lower()}-{suffix}.json")
    return Draft202012Validator(schema, registry=_registry(version))


@cache
def _registry(version: str) -> Registry[Any]:
    definitions: Resource[Any] = Resource.from_contents(_load(version, "_definitions.json"))
    empty: Registry[Any] = Registry()
    return definitions @ empty


def _load(version: str, name: str) -> Any:
    folder = files("kubernetes_validate") / "kubernetes-json-schema" / f"v{version}-local-strict"
    return json.loads((folder / name).read_text(encoding="utf-8"))
