"""Which Secrets and ConfigMaps a pod needs before it can start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.result import Manifest

_KEY_REFERENCES: Final = (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap"))
_WHOLE_REFERENCES: Final = (("secretRef", "Secret"), ("configMapRef", "ConfigMap"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One reference of a pod. ``keys``: those it names, empty for the whole object.

    ``mounted``: a volume, whose files follow the object; a variable is read once.
    """

    kind: str
    name: str
    keys: tuple[str, ...] = ()
    optional: bool = False
    mounted: bool = False


def referred(spec: Manifest) -> list[Reference]:
    """References of a pod's spec: volumes, then variables."""
    found = [reference for volume in spec.get("volumes", []) for reference in _of_volume(volume)]
    for container in [*spec.get("initContainers", []), *spec.get("containers", [])]:
        found.extend(_of_container(container))
    return found


def _of_volume(volume: Manifest) -> Iterator[Reference]:
    if "secret" in volume:
        yield _mounted("Secret", volume["secret"]["secretName"], volume["secret"])
    if "configMap" in volume:
        yield _mounted("ConfigMap", volume["configMap"]["name"], volume["configMap"])
    for source in volume.get("projected", {}).get("sources", []):
        if "secret" in source:
            yield _mounted("Secret", source["secret"]["name"], source["secret"])
        if "configMap" in source:
            yield _mounted("ConfigMap", source["configMap"]["name"], source["configMap"])


def _mounted(kind: str, name: str, source: Manifest) -> Reference:
    return Reference(
        kind=kind,
        name=name,
        keys=tuple(item["key"] for item in source.get("items", [])),
        optional=bool(source.get("optional")),
        mounted=True,
    )


def _of_container(container: Manifest) -> Iterator[Reference]:
    for variable in container.get("env", []):
        for field, kind in _KEY_REFERENCES:
            if source := variable.get("valueFrom", {}).get(field):
                yield Reference(
                    kind=kind,
                    name=source["name"],
                    keys=(source["key"],),
                    optional=bool(source.get("optional")),
                )
    for source in container.get("envFrom", []):
        for field, kind in _WHOLE_REFERENCES:
            if field in source:
                yield Reference(
                    kind=kind,
                    name=source[field]["name"],
                    optional=bool(source[field].get("optional")),
                )
