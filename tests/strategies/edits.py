"""Pairs of specs between which a living cluster can go in full."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from tests.strategies.spec import VERSIONS, specs

#: What a living cluster keeps: volumes, and the name that its index was given.
_KEPT: Final = (
    ("storageClassName",),
    ("indexer", "storageClassName"),
    ("indexer", "storageSize"),
    ("indexer", "clusterName"),
    ("manager", "master", "storageClassName"),
    ("manager", "master", "storageSize"),
    ("manager", "workers", "storageClassName"),
    ("manager", "workers", "storageSize"),
)
_DEFAULT_REPLICAS: Final = 3


@st.composite
def edits(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A spec and one that may follow it: no field of the second is held."""
    before, after = draw(specs()), draw(specs())
    return before, followable(before, after)


def followable(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """``after`` with the values of ``before`` where a living cluster keeps them.

    Neither does the version fall, nor the number of indexers; below three it stays, since as many
    as there were bootstrapped the index.
    """
    found = copy.deepcopy(dict(after))
    for path in _KEPT:
        _put(found, path, _read(before, path))
    found["version"] = max(before["version"], after["version"], key=VERSIONS.index)
    has, wants = (
        _read(one, ("indexer", "replicas")) or _DEFAULT_REPLICAS for one in (before, after)
    )
    if wants < has or has < _DEFAULT_REPLICAS:
        _put(found, ("indexer", "replicas"), has)
        _read(found, ("indexer",)).pop("podDisruptionBudget", None)
    return found


def _read(spec: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = spec
    for step in path:
        found = (found or {}).get(step)
    return found


def _put(spec: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    """Set the value at ``path``, or remove it where ``value`` is None."""
    *steps, last = path
    place = spec
    for step in steps:
        if value is None and step not in place:
            return
        place = place.setdefault(step, {})
    if value is None:
        place.pop(last, None)
    else:
        place[last] = value
