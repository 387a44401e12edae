"""Which Secrets and ConfigMaps a pod template refers to, by mount or variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.observed.request import as_list, as_map, as_text


def secret_references(template: Mapping[str, Any]) -> frozenset[str]:
    """Names of the Secrets that pods of ``template`` read (image pull secrets excepted)."""
    spec = as_map(template.get("spec"))
    mounted = _by_volume(spec, "secret", "secretName")
    return frozenset(mounted) | frozenset(_by_variable(spec, "secretKeyRef", "secretRef"))


def config_map_references(template: Mapping[str, Any]) -> frozenset[str]:
    """Names of the ConfigMaps that pods of ``template`` read."""
    spec = as_map(template.get("spec"))
    mounted = _by_volume(spec, "configMap", "name")
    return frozenset(mounted) | frozenset(_by_variable(spec, "configMapKeyRef", "configMapRef"))


def _by_volume(spec: Mapping[str, Any], source: str, field: str) -> Iterator[str]:
    """Names in volumes of kind ``source``, where ``field`` says which, projected ones included."""
    for volume in as_list(spec.get("volumes")):
        one = as_map(volume)
        name = as_text(as_map(one.get(source)).get(field))
        if name:
            yield name
        for part in as_list(as_map(one.get("projected")).get("sources")):
            projected = as_text(as_map(as_map(part).get(source)).get("name"))
            if projected:
                yield projected


def _by_variable(spec: Mapping[str, Any], key_reference: str, reference: str) -> Iterator[str]:
    """Names in the variables of all containers, one by one or a whole object at a time."""
    for containers in ("containers", "initContainers"):
        for container in as_list(spec.get(containers)):
            for variable in as_list(as_map(container).get("env")):
                source = as_map(as_map(variable).get("valueFrom"))
                name = as_text(as_map(source.get(key_reference)).get("name"))
                if name:
                    yield name
            for source in as_list(as_map(container).get("envFrom")):
                name = as_text(as_map(as_map(source).get(reference)).get("name"))
                if name:
                    yield name
