"""Requests and limits of the tiers, and the indexer's heap that follows from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from app.checks.tiers import TierKnobs, tiers
from app.faults import Fault, frozen
from app.kubernetes import quantity
from app.schema.wazuhcluster import WazuhClusterSpec

#: Memory without requests and limits, and the least an indexer can live on.
DEFAULT_MEMORY: Final = "4Gi"
LEAST_MEMORY: Final = "1Gi"
#: Above it the JVM gives up compressed pointers and a larger heap holds less.
MAX_HEAP_MIB: Final = 31744

_MIB: Final = 2**20
_UNITS: Final = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_HEAP_FLAG: Final = re.compile(r"-(Xms|Xmx|XX:InitialHeapSize=|XX:MaxHeapSize=)(\S*)")
_INITIAL: Final = frozenset({"Xms", "XX:InitialHeapSize="})
_SIZE: Final = re.compile(r"([0-9]{1,15})([kmgt]?)", re.IGNORECASE)
_JAVA_OPTS: Final = "spec.indexer.javaOpts"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heap:
    """First and largest heap as ``javaOpts`` gives them, in bytes; -1 for what is no size."""

    initial: int | None = None
    largest: int | None = None

    @property
    def is_given(self) -> bool:
        """Whether there is a flag of either kind."""
        return self.initial is not None or self.largest is not None


def heap_mib(spec: WazuhClusterSpec) -> int | None:
    """Heap of an indexer in MiB, or None where ``javaOpts`` brings its own.

    Half of the memory limit, else of the request, else of 4Gi; rounded down, at most 31744.
    """
    if _heap(spec.indexer.java_opts or "").is_given:
        return None
    half = quantity.parse(_memory(spec)) / 2
    return min(int(half // _MIB), MAX_HEAP_MIB)


def check_resources(spec: WazuhClusterSpec) -> Iterator[Fault]:
    """Limits below requests, an indexer that is too small, contradicting heap flags."""
    for tier in tiers(spec):
        yield from _check_tier(tier)
    memory = _memory(spec)
    if quantity.compare(memory, LEAST_MEMORY) < 0:
        yield frozen(
            "spec.indexer.resources",
            f"memory {memory} leaves a heap below 512 MiB; allowed: at least {LEAST_MEMORY}",
        )
    yield from _check_heap(spec)


def _check_tier(tier: TierKnobs) -> Iterator[Fault]:
    path = f"{tier.path}.resources"
    requests = _amounts(tier.spec.resources, "requests")
    for name, limit in sorted(_amounts(tier.spec.resources, "limits").items()):
        request = requests.get(name)
        if request is not None and quantity.compare(limit, request) < 0:
            yield frozen(
                f"{path}.limits.{name}",
                f"{limit} is below the request {request}; allowed: at least the request",
            )


def _amounts(resources: dict[str, Any], kind: str) -> dict[str, str]:
    found = resources.get(kind)
    return found if isinstance(found, dict) else {}


def _memory(spec: WazuhClusterSpec) -> str:
    """The memory that the indexer's heap is half of."""
    resources = spec.indexer.resources
    for kind in ("limits", "requests"):
        amount = _amounts(resources, kind).get("memory")
        if amount is not None:
            return amount
    return DEFAULT_MEMORY


def _heap(java_opts: str) -> _Heap:
    """Heap flags among the options of the JVM; of a repeated one the last counts."""
    initial: int | None = None
    largest: int | None = None
    for flag, text in _HEAP_FLAG.findall(java_opts):
        size = _SIZE.fullmatch(text)
        value = -1 if size is None else int(size.group(1)) * _UNITS[size.group(2).lower()]
        if flag in _INITIAL:
            initial = value
        else:
            largest = value
    return _Heap(initial=initial, largest=largest)


def _check_heap(spec: WazuhClusterSpec) -> Iterator[Fault]:
    """Flags of the user's own: both or none, the same size, below the memory limit."""
    options = spec.indexer.java_opts or ""
    heap = _heap(options)
    if not heap.is_given:
        return
    limit = _amounts(spec.indexer.resources, "limits").get("memory")
    sizes = {heap.initial, heap.largest}
    is_fine = len(sizes) == 1 and None not in sizes and (heap.largest or 0) > 0
    if is_fine and limit is not None:
        is_fine = (heap.largest or 0) < quantity.bytes_of(limit)
    if not is_fine:
        bound = f" and below the memory limit {limit}" if limit is not None else ""
        yield frozen(_JAVA_OPTS, f'"{options}": -Xms and -Xmx must be given together, equal{bound}')
