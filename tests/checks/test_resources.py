"""Requests, limits and the indexer's heap."""

from __future__ import annotations

from typing import Any

import pytest

from app.checks.resources import heap_mib
from app.faults import Effect
from app.schema.wazuhcluster import WazuhClusterSpec
from tests.checks.specs import NEWEST, faults, nested, texts


def indexer(**fields: Any) -> dict[str, Any]:
    """Raw spec with fields of the indexer."""
    return {"indexer": fields}


def memory(limit: str | None = None, request: str | None = None) -> dict[str, Any]:
    """Resources of an indexer with memory only."""
    found: dict[str, Any] = {}
    if limit is not None:
        found["limits"] = {"memory": limit}
    if request is not None:
        found["requests"] = {"memory": request}
    return found


@pytest.mark.parametrize(
    ("resources", "heap"),
    [
        ({}, 2048),
        (memory("8Gi"), 4096),
        (memory("1Gi"), 512),
        (memory("3000Mi"), 1500),
        (memory("4Gi", "2Gi"), 2048),
        (memory(request="8Gi"), 4096),
        (memory("2049Mi"), 1024),
        (memory("5G"), 2384),
        (memory("62Gi"), 31744),
        (memory("64Gi"), 31744),
        (memory("512Gi"), 31744),
        ({"limits": {"cpu": "2"}, "requests": {"memory": "6Gi"}}, 3072),
        ({"limits": {}, "requests": {}}, 2048),
    ],
)
def test_the_heap_is_half_of_the_memory(resources: dict[str, Any], heap: int) -> None:
    """Limit, else request, else 4Gi; whole MiB, never above what compressed pointers reach."""
    spec = WazuhClusterSpec.model_validate({"version": NEWEST, **indexer(resources=resources)})
    assert heap_mib(spec) == heap


@pytest.mark.parametrize(
    "options",
    ["-Xms1g -Xmx1g", "-Dx=y -Xmx1024m -Xms1024m", "-XX:InitialHeapSize=1g -XX:MaxHeapSize=1g"],
)
def test_own_heap_flags_replace_the_derived_heap(options: str) -> None:
    """Flags of the user are complete, so nothing is put before them, and nothing is wrong."""
    raw = indexer(javaOpts=options)
    spec = WazuhClusterSpec.model_validate({"version": NEWEST, **raw})
    assert heap_mib(spec) is None
    assert faults(raw) == ()


@pytest.mark.parametrize("options", ["", "-XX:+UseG1GC", "-Dxms=1g -Xss1m", "-Xmn128m"])
def test_other_flags_leave_the_heap_derived(options: str) -> None:
    """Stack and young generation are no heap flags."""
    raw = indexer(javaOpts=options)
    assert heap_mib(WazuhClusterSpec.model_validate({"version": NEWEST, **raw})) == 2048
    assert faults(raw) == ()


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        ("-Xmx1g", "4Gi"),
        ("-Xms1g", "4Gi"),
        ("-Xms1g -Xmx2g", "4Gi"),
        ("-Xms4g -Xmx4g", "4Gi"),
        ("-Xms4096m -Xmx4096m", "4Gi"),
        ("-Xms1g -Xmx1g -Xmx2g", "4Gi"),
        ("-Xms -Xmx", "4Gi"),
        ("-Xms1.5g -Xmx1.5g", "4Gi"),
        ("-Xms1x -Xmx1x", "4Gi"),
        ("-Xms0 -Xmx0", "4Gi"),
        ("-Xmx2g -XX:InitialHeapSize=1g", "4Gi"),
        ("-Xms2t -Xmx2t", "1Ti"),
    ],
)
def test_heap_flags_that_no_node_would_start_with_are_refused(options: str, limit: str) -> None:
    """Both or none, equal, below the limit; the message shows the options."""
    raw = indexer(javaOpts=options, resources=memory(limit))
    assert texts(raw, Effect.FROZEN) == [
        (
            f'spec.indexer.javaOpts: "{options}": -Xms and -Xmx must be given together, equal '
            f"and below the memory limit {limit}"
        )
    ]


def test_heap_flags_just_below_the_limit_are_accepted() -> None:
    """One MiB less than the limit is the user's risk, different spellings are equal."""
    assert faults(indexer(javaOpts="-Xms4095m -Xmx4193280k", resources=memory("4Gi"))) == ()


def test_without_a_memory_limit_only_the_flags_are_compared() -> None:
    """A limit on something else says nothing about the heap."""
    resources = {"limits": {"cpu": "4"}, "requests": {"memory": "2Gi"}}
    assert faults(indexer(javaOpts="-Xms8g -Xmx8g", resources=resources)) == ()
    (fault,) = faults(indexer(javaOpts="-Xms8g", resources=resources))
    assert fault.message == '"-Xms8g": -Xms and -Xmx must be given together, equal'


@pytest.mark.parametrize("limit", ["512Mi", "1023Mi", "1G"])
def test_an_indexer_below_1gi_is_refused(limit: str) -> None:
    """The heap would be below 512 MiB."""
    assert texts(indexer(resources=memory(limit)), Effect.FROZEN) == [
        f"spec.indexer.resources: memory {limit} leaves a heap below 512 MiB; allowed: at least 1Gi"
    ]


TIERS = ["indexer", "manager.master", "manager.workers", "dashboard"]


@pytest.mark.parametrize("tier", TIERS)
def test_a_limit_below_its_request_is_refused(tier: str) -> None:
    """In every tier, for every resource, each with its own fault."""
    resources = {
        "limits": {"cpu": "1", "memory": "5Gi", "ephemeral-storage": "1Gi"},
        "requests": {"cpu": "1500m", "memory": "6Gi", "ephemeral-storage": "1Gi"},
    }
    assert texts(nested(f"{tier}.resources", resources), Effect.FROZEN) == [
        (
            f"spec.{tier}.resources.limits.cpu: 1 is below the request 1500m; "
            "allowed: at least the request"
        ),
        (
            f"spec.{tier}.resources.limits.memory: 5Gi is below the request 6Gi; "
            "allowed: at least the request"
        ),
    ]


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    "resources",
    [
        {"requests": {"memory": "6Gi"}},
        {"limits": {"memory": "1Gi"}},
        {"limits": {"cpu": "1"}, "requests": {"cpu": "1000m"}},
        {"limits": {"memory": "1Gi"}, "requests": {"cpu": "4"}},
        {},
    ],
)
def test_a_default_follows_what_is_given(tier: str, resources: dict[str, Any]) -> None:
    """Only two values of the user can contradict each other."""
    assert faults(nested(f"{tier}.resources", resources)) == ()
