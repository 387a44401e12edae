"""The three-way merge by which Metacontroller updates a child (dynamic-apply).

Three states meet: what is observed, what was applied last (kept in an annotation of the observed
object) and what is desired now. A key that was applied and is desired no longer goes; a key that
somebody else set stays. Nothing here changes its arguments; results may share parts with them.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from app.names import LAST_APPLIED
from app.result import Manifest

#: A list is keyed by the first of these that every item of all three lists has.
LIST_KEYS: Final = ("containerPort", "port", "mountPath", "name", "uid", "ip", "path")
#: Metadata that belongs to the API server: a merge never moves it.
SYSTEM_METADATA: Final = (
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
)
_ABSENT: Final = object()


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal as Go's reflect.DeepEqual sees them.

    ``1``, ``1.0`` and ``True`` are three different values; an absent key is not a null.
    """
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(
            same(value, right[key]) for key, value in left.items()
        )
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def merge(observed: Any, applied: Any, desired: Any) -> Any:
    """Value that results from ``observed``, the last ``applied`` and the ``desired`` value.

    The type of the observed value decides: objects and keyed lists are merged, all else is
    replaced. A value of another type counts as absent, so nothing here can fail.
    """
    if isinstance(observed, dict):
        return _merge_objects(observed, _object(applied), _object(desired))
    if isinstance(observed, list):
        return _merge_lists(
            observed,
            applied if isinstance(applied, list) else [],
            desired if isinstance(desired, list) else None,
        )
    return desired


def update_of(observed: Manifest, desired: Manifest) -> Manifest:
    """Object that Metacontroller would PUT over ``observed`` to reach ``desired``.

    ``desired`` carries its namespace and the controller-uid label. System metadata and the status
    stay as observed; the annotation takes the new desired object.
    """
    wanted = _without_last_applied(desired)
    merged: Manifest = dict(merge(observed, last_applied(observed), wanted))
    metadata = dict(_object(merged.get("metadata")))
    before = _object(observed.get("metadata"))
    for key in SYSTEM_METADATA:
        _restore(metadata, before, key)
    _restore(merged, observed, "status")
    metadata["annotations"] = {
        **_object(metadata.get("annotations")),
        LAST_APPLIED: canonical_json(wanted),
    }
    merged["metadata"] = metadata
    return merged


def last_applied(observed: Manifest) -> Manifest:
    """Object kept in the last-applied annotation; empty if absent or unreadable."""
    text = _object(_object(observed.get("metadata")).get("annotations")).get(LAST_APPLIED)
    if not isinstance(text, str):
        return {}
    try:
        return _object(orjson.loads(text))
    except orjson.JSONDecodeError:
        return {}


def canonical_json(value: Any) -> str:
    """Compact JSON with sorted keys, with the escapes that Go's encoder puts in.

    Go writes ``<``, ``>`` and ``&`` as six characters each, which counts for the limit of an
    object's annotations.
    """
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    for character in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _merge_objects(observed: Manifest, applied: Manifest, desired: Manifest) -> Manifest:
    kept = {key: value for key, value in observed.items() if key in desired or key not in applied}
    for key, value in desired.items():
        kept[key] = merge(kept.get(key), applied.get(key), value)
    return kept


def _merge_lists(observed: list[Any], applied: list[Any], desired: list[Any] | None) -> Any:
    wanted = desired or []
    key = _list_key([*observed, *applied, *wanted])
    if key is None:
        return desired
    merged = _merge_objects(_by_key(observed, key), _by_key(applied, key), _by_key(wanted, key))
    # The observed order wins; what is new comes after it, in its own order.
    names = [_go_text(item[key]) for item in observed]
    present = [merged[name] for name in names if name in merged]
    known = set(names)
    for item in wanted:
        name = _go_text(item[key])
        if name not in known:
            known.add(name)
            present.append(merged[name])
    return present


def _list_key(items: list[Any]) -> str | None:
    """Key by which all items can be told apart; None for an atomic list."""
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    return next((key for key in LIST_KEYS if all(key in item for item in items)), None)


def _by_key(items: list[Any], key: str) -> Manifest:
    """Items by their key; of equal keys the last one counts."""
    return {_go_text(item[key]): item for item in items}


def _go_text(value: Any) -> str:
    """Key of a list item as Go prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _object(value: Any) -> Manifest:
    return value if isinstance(value, dict) else {}


def _restore(target: Manifest, source: Manifest, key: str) -> None:
    """Put ``key`` back to what ``source`` has: its value, or its absence."""
    value = source.get(key, _ABSENT)
    if value is _ABSENT:
        target.pop(key, None)
    else:
        target[key] = value


def _without_last_applied(desired: Manifest) -> Manifest:
    metadata = _object(desired.get("metadata"))
    annotations = _object(metadata.get("annotations"))
    if LAST_APPLIED not in annotations:
        return desired
    rest = {key: value for key, value in annotations.items() if key != LAST_APPLIED}
    return {**desired, "metadata": {**metadata, "annotations": rest}}
