"""What the hook sees of one and the same cluster: less of it, in another order, at another time."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from app.schema.openapi import spec_schema
from tests.cluster_builder import NAMESPACE, ClusterBuilder, Key
from tests.strategies.values import Strategy

#: One draw for thousands of decisions, each of which would be too much for hypothesis.
_GENERATORS = st.builds(random.Random, st.integers(0, 2**32))


@st.composite
def subsets(draw: st.DrawFn, keys: Iterable[Key]) -> frozenset[Key]:
    """Some of ``keys``: a few, most of them, or all of a kind and a few more."""
    every = sorted(keys)
    some = draw(st.sets(st.sampled_from(every), max_size=6))
    match draw(st.sampled_from(["these", "others", "kind"])):
        case "these":
            return frozenset(some)
        case "others":
            return frozenset(every) - frozenset(some)
        case _:
            kinds = draw(st.sets(st.sampled_from(sorted({key[1] for key in every})), max_size=2))
            return frozenset(some) | {key for key in every if key[1] in kinds}


def shuffled(request: Mapping[str, Any], seed: int, *, is_v1: bool) -> dict[str, Any]:
    """``request`` with the keys of all its objects in another order.

    ``is_v1``: with the inner keys of hook v1, which are names without a namespace.
    """
    found: dict[str, Any] = _shuffled(request, random.Random(seed))  # noqa: S311 - no secret
    if is_v1:
        for part in ("children", "related"):
            found[part] = {
                group: {key.removeprefix(f"{NAMESPACE}/"): one for key, one in objects.items()}
                for group, objects in found[part].items()
            }
    return found


def _shuffled(value: Any, generator: random.Random) -> Any:
    if isinstance(value, list):
        return [_shuffled(item, generator) for item in value]
    if not isinstance(value, Mapping):
        return value
    items = list(value.items())
    generator.shuffle(items)
    return {key: _shuffled(item, generator) for key, item in items}


@st.composite
def with_nulls(draw: st.DrawFn, spec: Mapping[str, Any]) -> dict[str, Any]:
    """``spec`` with null in some places where a field is absent, as templates leave it behind."""
    share = draw(st.sampled_from([0.05, 0.5, 1.0]))
    generator = draw(_GENERATORS)
    found: dict[str, Any] = _with_nulls(spec, spec_schema(), generator, share)
    return found


def _with_nulls(
    value: Any, schema: Mapping[str, Any], generator: random.Random, share: float
) -> Any:
    if isinstance(value, list):
        return [_with_nulls(item, schema.get("items", {}), generator, share) for item in value]
    if not isinstance(value, Mapping) or "properties" not in schema:
        return value
    found = {
        key: _with_nulls(item, schema["properties"].get(key, {}), generator, share)
        for key, item in value.items()
    }
    for key, child in schema["properties"].items():
        if key not in found and child.get("nullable") and generator.random() < share:
            found[key] = None
    return found


def workload_states(cluster: ClusterBuilder) -> Strategy:
    """How far each workload of ``cluster`` is: a function that sets it so."""
    states = {
        one["metadata"]["name"]: st.tuples(
            st.sampled_from(["still", "rolling", "not seen"]),
            st.integers(0, one["spec"]["replicas"]),
            st.integers(0, one["spec"]["replicas"]),
        )
        for one in cluster.workloads()
    }
    return st.fixed_dictionaries(states)


def put(cluster: ClusterBuilder, states: Mapping[str, tuple[str, int, int]]) -> None:
    """Put each workload into the state that ``workload_states`` drew for it."""
    for name, (state, updated, ready) in states.items():
        if state == "still":
            continue
        cluster.roll(name, updated=updated, ready=ready)
        if state == "not seen":
            workload = next(one for one in cluster.workloads() if one["metadata"]["name"] == name)
            workload["status"]["observedGeneration"] -= 1
