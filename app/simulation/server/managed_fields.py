"""metadata.managedFields, simplified: one entry per manager and subresource.

Enough for a hook that reads which fields Metacontroller's Apply owns, and for requests of a real
size. A manager owns what it wrote first or changed last.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from app.result import Manifest

Tree = dict[str, Any]

#: Keys of associative lists, tried in this order.
_KEYS: Final = (
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("topologyKey", "whenUnsatisfiable"),
    ("mountPath",),
    ("uid",),
    ("type",),
    ("name",),
)
_ATOMIC: Final = frozenset(
    {
        "args",
        "command",
        "egress",
        "ingress",
        "items",
        "rules",
        "selector",
        "podSelector",
        "sources",
        "subjects",
        "tolerations",
        "volumeClaimTemplates",
        "labelSelector",
        "fieldRef",
        "secretKeyRef",
        "configMapKeyRef",
        "roleRef",
    }
)
_NOT_OWNED: Final = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "uid",
    }
)


def fields_of(manifest: Manifest) -> Tree:
    """fieldsV1 tree of everything in ``manifest`` but identity and system metadata."""
    body: Manifest = {
        key: value
        for key, value in manifest.items()
        if key not in ("apiVersion", "kind", "metadata") and value is not None
    }
    body["metadata"] = {
        key: value for key, value in manifest.get("metadata", {}).items() if key not in _NOT_OWNED
    }
    return {f"f:{key}": _tree(key, body[key]) for key in sorted(body) if body[key] != {}}


def recorded(
    entries: list[Manifest], entry: Manifest, owned: Tree, *, exact: bool = False
) -> list[Manifest]:
    """``entries`` after a write.

    ``entry``: manager, operation, apiVersion, time (and subresource) of the write; ``owned``: the
    tree it set. ``exact``: the tree replaces the manager's former one (server-side apply).
    """
    key = _identity(entry)
    kept: list[Manifest] = []
    mine: Tree = {}
    for known in entries:
        if _identity(known) == key:
            mine = known["fieldsV1"]
        elif rest := (known["fieldsV1"] if exact else _without(known["fieldsV1"], owned)):
            kept.append({**known, "fieldsV1": rest})
    tree = owned if exact else _union(mine, owned)
    return [*kept, {**entry, "fieldsType": "FieldsV1", "fieldsV1": tree}]


def changed(before: Tree, after: Tree, old: Manifest, new: Manifest) -> Tree:
    """The part of ``after`` whose values differ between ``old`` and ``new``."""
    tree: Tree = {}
    for key, branch in after.items():
        name = key.removeprefix("f:")
        if key == "f:metadata":
            part = changed(
                before.get(key, {}), branch, old.get("metadata", {}), new.get("metadata", {})
            )
        elif old.get(name) != new.get(name):
            part = _difference(branch, old.get(name), new.get(name))
        else:
            continue
        if part or old.get(name) != new.get(name):
            tree[key] = part
    return tree


def _difference(branch: Tree, old: Any, new: Any) -> Tree:
    if not isinstance(old, dict) or not isinstance(new, dict) or not branch:
        return branch
    return {
        key: _difference(below, old.get(key[2:]), new.get(key[2:]))
        for key, below in branch.items()
        if key != "." and old.get(key[2:]) != new.get(key[2:])
    }


def _identity(entry: Manifest) -> tuple[Any, ...]:
    return (entry["manager"], entry["operation"], entry.get("subresource"))


def _tree(name: str, value: Any) -> Tree:
    if name in _ATOMIC or not isinstance(value, (dict, list)):
        return {}
    if isinstance(value, dict):
        return {f"f:{key}": _tree(key, value[key]) for key in sorted(value)}
    keys = next(
        (
            keys
            for keys in _KEYS
            if value and all(isinstance(i, dict) and all(k in i for k in keys) for i in value)
        ),
        None,
    )
    if keys is None:
        return {}
    tree: Tree = {".": {}}
    for item in value:
        label = orjson.dumps({key: item[key] for key in keys}).decode()
        below = {f"f:{key}": _tree(key, item[key]) for key in sorted(item)}
        tree[f"k:{label}"] = {".": {}, **below}
    return tree


def _union(left: Tree, right: Tree) -> Tree:
    merged = dict(left)
    for key, branch in right.items():
        merged[key] = _union(merged[key], branch) if key in merged else branch
    return merged


def _without(tree: Tree, taken: Tree) -> Tree:
    """``tree`` less the leaves of ``taken``."""
    rest: Tree = {}
    for key, branch in tree.items():
        if key not in taken:
            rest[key] = branch
        elif taken[key] and branch:
            below = _without(branch, taken[key])
            if below and set(below) != {"."}:
                rest[key] = below
    return rest
