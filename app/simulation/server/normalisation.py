"""How the API server drops what says nothing: nulls, empties, zeros of plain fields.

A manifest that spells such a value is stored without it, so Metacontroller finds a difference in
every sync and PUTs for ever. The model does the same, so that such a manifest shows.
"""

from __future__ import annotations

from typing import Any, Final

#: Maps of free text: their values are content, never fields.
_CONTENT: Final = frozenset(
    {
        "annotations",
        "binaryData",
        "data",
        "labels",
        "matchLabels",
        "nodeSelector",
        "stringData",
        "fieldsV1",
        "limits",
        "requests",
        "capacity",
        "hard",
    }
)
#: Maps that are dropped when empty although other empty objects stay.
_EMPTY_MAPS: Final = _CONTENT
#: `selector` of a Service is a map of text; of all else it is an object.
_SERVICE_SELECTOR: Final = "selector"
#: Plain integers and booleans: zero and false are their absence.
_PLAIN_ZEROS: Final = frozenset(
    {
        "failureThreshold",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "hostPort",
        "initialDelaySeconds",
        "minReadySeconds",
        "nodePort",
        "paused",
        "periodSeconds",
        "publishNotReadyAddresses",
        "readOnly",
        "stdin",
        "stdinOnce",
        "successThreshold",
        "timeoutSeconds",
        "tty",
    }
)
#: Optional texts, in which the empty string is a value of its own.
_OPTIONAL_TEXTS: Final = frozenset({"storageClassName", "volumeAttributesClassName"})


def normalised(manifest: dict[str, Any]) -> dict[str, Any]:
    """Copy of ``manifest`` without what the API server does not store.

    Not for custom resources: their schema decides.
    """
    return _object(manifest, manifest.get("kind") == "Service")


def _object(value: dict[str, Any], in_service: bool) -> dict[str, Any]:  # noqa: FBT001
    kept: dict[str, Any] = {}
    for key, item in value.items():
        stored = _field(key, item, in_service)
        if not _says_nothing(key, stored, in_service):
            kept[key] = stored
    return kept


def _field(key: str, value: Any, in_service: bool) -> Any:  # noqa: FBT001
    if isinstance(value, dict):
        if key in _CONTENT or (in_service and key == _SERVICE_SELECTOR):
            return {name: item for name, item in value.items() if item is not None}
        return _object(value, in_service)
    if isinstance(value, list):
        return [_object(item, in_service) if isinstance(item, dict) else item for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _says_nothing(key: str, value: Any, in_service: bool) -> bool:  # noqa: FBT001
    if value is None or value == []:
        return True
    if value == {}:
        return key in _EMPTY_MAPS or (in_service and key == _SERVICE_SELECTOR)
    if value == "":
        return key not in _OPTIONAL_TEXTS
    return key in _PLAIN_ZEROS and value in (0, False)
