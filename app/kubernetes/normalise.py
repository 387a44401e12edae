"""Kubernetes' own types in the form in which the API server stores them.

What a user writes in ``affinity``, ``env`` or ``extraVolumes`` reaches a pod template. Spelled
otherwise than stored, it would differ from the observed object in every sync: a useless write
each time. All functions are pure, take well-formed values and return new ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.kubernetes import quantity

#: Maps with keys of the user's choice: an empty one is dropped, values are never touched.
_MAPS: Final = frozenset(
    {"matchLabels", "labels", "annotations", "options", "volumeAttributes", "nodeSelector"}
)
#: Maps from a name to a quantity.
_QUANTITY_MAPS: Final = frozenset({"requests", "limits"})
_QUANTITIES: Final = frozenset({"sizeLimit", "divisor"})
#: Fields that are pointers or have no omitempty in Kubernetes' Go types: a zero value stays.
_ZERO_STAYS: Final = frozenset(
    {
        "allowPrivilegeEscalation",
        "cachingMode",
        "defaultMode",
        "expirationSeconds",
        "fsGroup",
        "fsGroupChangePolicy",
        "hostProcess",
        "key",
        "lun",
        "maxSkew",
        "minDomains",
        "mode",
        "mountPath",
        "mountPropagation",
        "name",
        "nodeAffinityPolicy",
        "nodeTaintsPolicy",
        "operator",
        "optional",
        "path",
        "privileged",
        "procMount",
        "readOnlyRootFilesystem",
        "runAsGroup",
        "runAsNonRoot",
        "runAsUser",
        "runAsUserName",
        "storageClassName",
        "tolerationSeconds",
        "topologyKey",
        "weight",
        "whenUnsatisfiable",
    }
)
#: Sources whose ``readOnly`` and ``fsType`` are pointers, unlike those of all others.
_POINTER_SOURCES: Final = frozenset({"azureDisk", "csi"})
#: ``type`` is a pointer in a hostPath only.
_HOST_PATH: Final = "hostPath"
#: Of what is a plain field in a toleration and required elsewhere.
_TOLERATION_PLAIN: Final = ("key", "operator")


def stored(value: Mapping[str, Any], parent: str = "") -> dict[str, Any]:
    """``value`` (an object of any core type) as stored; ``parent`` is the field that holds it.

    Drops nulls, zero values of plain fields, empty lists and empty maps; keeps empty objects and
    zero values of optional ones. Quantities become canonical. Raises QuantityError.
    """
    result: dict[str, Any] = {}
    for key, item in value.items():
        kept = _stored_item(key, item, parent)
        if kept is not None:
            result[key] = kept
    return result


def _stored_item(key: str, item: Any, parent: str) -> Any:
    """One field's stored value, or None where it is dropped."""
    if key in _QUANTITIES:
        return None if item is None else quantity.canonical(str(item))
    if isinstance(item, dict):
        return _stored_object(key, item)
    if isinstance(item, list | tuple):
        return [_stored_element(element, key) for element in item if element is not None] or None
    if item in ("", 0, False) and not _zero_stays(key, parent):
        return None
    return item


def _stored_object(key: str, item: Mapping[str, Any]) -> dict[str, Any] | None:
    """The object or map ``key``; None where it is an empty map."""
    if key in _QUANTITY_MAPS:
        return _quantities(item) or None
    if key in _MAPS:
        return _map(item) or None
    return stored(item, key)


def _stored_element(element: Any, key: str) -> Any:
    """One element of the list ``key``."""
    return stored(element, key) if isinstance(element, dict) else element


def _zero_stays(key: str, parent: str) -> bool:
    """Whether the API server keeps a zero value of ``key`` in an object ``parent``."""
    if key in ("readOnly", "fsType"):
        return parent in _POINTER_SOURCES
    if key == "type":
        return parent == _HOST_PATH
    return key in _ZERO_STAYS


def _map(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item is not None}


def _quantities(value: Mapping[str, Any]) -> dict[str, str]:
    return {key: quantity.canonical(str(item)) for key, item in value.items() if item is not None}


def affinity(value: Mapping[str, Any]) -> dict[str, Any]:
    """Affinity. ``{}`` stays: it means none, unlike an absent one."""
    return stored(value)


def resources(value: Mapping[str, Any]) -> dict[str, Any]:
    """ResourceRequirements: canonical quantities, an empty map of requests or limits dropped."""
    return stored(value)


def security_context(value: Mapping[str, Any]) -> dict[str, Any]:
    """PodSecurityContext or SecurityContext."""
    return stored(value)


def toleration(value: Mapping[str, Any]) -> dict[str, Any]:
    """Toleration: all its texts are plain fields."""
    return {
        key: item
        for key, item in stored(value).items()
        if item != "" or key not in _TOLERATION_PLAIN
    }


def topology_spread_constraint(value: Mapping[str, Any]) -> dict[str, Any]:
    """TopologySpreadConstraint."""
    return stored(value)


def env_var(value: Mapping[str, Any]) -> dict[str, Any]:
    """EnvVar: ``value: ""`` is dropped."""
    return stored(value)


def env_from(value: Mapping[str, Any]) -> dict[str, Any]:
    """EnvFromSource."""
    return stored(value)


def volume_mount(value: Mapping[str, Any]) -> dict[str, Any]:
    """VolumeMount: ``readOnly: false`` and ``subPath: ""`` are dropped."""
    return stored(value)


def volume(value: Mapping[str, Any]) -> dict[str, Any]:
    """Volume. Defaults inside projected sources, an atomic list, are spelled out.

    Without a source it is an empty folder, spelled too: the server's own would survive a merge
    and stand beside the source that a later spec names.
    """
    result = stored(value)
    if result.keys() <= {"name"}:
        result["emptyDir"] = {}
    projected = result.get("projected")
    if isinstance(projected, dict) and "sources" in projected:
        projected["sources"] = [_projection(source) for source in projected["sources"]]
    return result


def network_policy_rule(value: Mapping[str, Any]) -> dict[str, Any]:
    """NetworkPolicyIngressRule or NetworkPolicyEgressRule: each port names its protocol."""
    result = stored(value)
    if "ports" in result:
        result["ports"] = [{"protocol": "TCP", **port} for port in result["ports"]]
    return result


def _projection(source: dict[str, Any]) -> dict[str, Any]:
    """One source of a projected volume with the defaults of the API server."""
    result = dict(source)
    if "serviceAccountToken" in result:
        result["serviceAccountToken"] = {"expirationSeconds": 3600} | result["serviceAccountToken"]
    if "items" in result.get("downwardAPI", {}):
        items = [_downward_file(item) for item in result["downwardAPI"]["items"]]
        result["downwardAPI"] = result["downwardAPI"] | {"items": items}
    return result


def _downward_file(item: dict[str, Any]) -> dict[str, Any]:
    """One file of a projected downwardAPI source."""
    result = dict(item)
    if "fieldRef" in result:
        result["fieldRef"] = {"apiVersion": "v1"} | result["fieldRef"]
    if "resourceFieldRef" in result:
        result["resourceFieldRef"] = {"divisor": "0"} | result["resourceFieldRef"]
    return result


#: A function of this module, as the models take it.
Normaliser = Callable[[Mapping[str, Any]], dict[str, Any]]
