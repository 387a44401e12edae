"""Which Secrets and ConfigMaps a pod template refers to, by mount or variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.observed.request import as_list, as_map, as_text


def secret_references(template: Mapping[str, Any]) -> frozenset[str]:
    """Names of the Secrets that pods of ``template`` read (image pull secrets excepted)."""
    spec = as_map(template.get("spec"))
    return frozenset(_volume_secrets(spec)) | frozenset(_variable_secrets(spec))


def config_map_references(template: Mapping[str, Any]) -> frozenset[str]:
    """Names of the ConfigMaps that pods of ``template`` mount."""
    volumes = as_list(as_map(template.get("spec")).get("volumes"))
    found = (as_text(as_map(as_map(one).get("configMap")).get("name")) for one in volumes)
    return frozenset(name for name in found if name)


def _volume_secrets(spec: Mapping[str, Any]) -> Iterator[str]:
    for volume in as_list(spec.get("volumes")):
        one = as_map(volume)
        name = as_text(as_map(one.get("secret")).get("secretName"))
        if name:
            yield name
        for source in as_list(as_map(one.get("projected")).get("sources")):
            projected = as_text(as_map(as_map(source).get("secret")).get("name"))
            if projected:
                yield projected


def _variable_secrets(spec: Mapping[str, Any]) -> Iterator[str]:
    for containers in ("containers", "initContainers"):
        for container in as_list(spec.get(containers)):
            for variable in as_list(as_map(container).get("env")):
                source = as_map(as_map(variable).get("valueFrom"))
                name = as_text(as_map(source.get("secretKeyRef")).get("name"))
                if name:
                    yield name
            for source in as_list(as_map(container).get("envFrom")):
                name = as_text(as_map(as_map(source).get("secretRef")).get("name"))
                if name:
                    yield name
