"""More than one cluster: two of one name do not know each other, and twenty come up at once."""

from __future__ import annotations

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Final

import pytest

from app import names
from app.kinds import CHILD_KINDS
from tests.e2e.cluster import Namespace, wait_until
from tests.e2e.conftest import Namespaces, making_namespaces
from tests.e2e.own_stack import OwnStack
from tests.e2e.specs import NAME, wazuh_cluster

pytestmark = pytest.mark.timeout(420)

KINDS: Final = tuple(kind.name for kind in CHILD_KINDS)
MANY: Final = 20
GONE_SECONDS: Final = 60.0
#: Far above what is measured on two busy cores, far below what would be a fault.
RUNNING_SECONDS: Final = 240.0
HOOK_CPU_SECONDS: Final = 60.0
HOOK_MIB: Final = 250.0


def test_two_clusters_of_one_name_do_not_know_each_other(namespaces: Namespaces) -> None:
    """They share no key, and the end of one leaves every object of the other as it is."""
    first, second = namespaces(), namespaces()
    for namespace in (first, second):
        namespace.create(wazuh_cluster({}))
    for namespace in (first, second):
        namespace.wait_running(NAME)
    assert not _secret_values(first) & _secret_values(second)
    before = _versions(second)
    first.delete(names.KIND, NAME)
    wait_until(first.pod_names, GONE_SECONDS)
    assert _versions(second) == before


def test_twenty_clusters_come_up_at_once(own_stack: OwnStack) -> None:
    """Each child is created once, and the hook needs little time and memory for it."""
    log, hook = own_stack.audit_log, own_stack.hook
    with making_namespaces(own_stack.connection) as make:
        spaces = [make() for _ in range(MANY)]
        began, cpu = time.monotonic(), hook.cpu_seconds()
        for space in spaces:
            space.create(wazuh_cluster({}))
        with ThreadPoolExecutor(MANY) as pool:
            taken = list(pool.map(lambda space: _running_after(space, began), spaces))
        cpu = hook.cpu_seconds() - cpu
        changed = [log.changed(space.name, 0) for space in spaces]
        refused = [line for space in spaces for line in log.refused(space.name, 0)]
        writes = [len(log.writes(space.name)) for space in spaces]
        children = [_children(space) for space in spaces]
    _say(
        f"{MANY} clusters: Running after {min(taken):.0f} to {max(taken):.0f} s (median"
        f" {median(taken):.0f}), hook {cpu:.1f} s of CPU and {hook.resident_mib():.0f} MiB,"
        f" {median(writes):.0f} writes each (at most {max(writes)}) for {children[0]} children"
    )
    assert refused == []
    for found, count in zip(changed, children, strict=True):
        verbs = Counter(what.partition(" ")[0] for what in found.elements())
        assert verbs == {"create": count}
    assert max(taken) < RUNNING_SECONDS
    assert cpu < HOOK_CPU_SECONDS
    assert hook.resident_mib() < HOOK_MIB
    assert max(writes) < 3 * max(children)


def _running_after(namespace: Namespace, began: float) -> float:
    namespace.wait_running(NAME, RUNNING_SECONDS + 60.0)
    return time.monotonic() - began


def _children(namespace: Namespace) -> int:
    return len(namespace.children(namespace.get(names.KIND, NAME), KINDS))


def _secret_values(namespace: Namespace) -> set[str]:
    """Values that tell one cluster from another: user names and templates are equal everywhere."""
    return {
        value
        for secret in namespace.all("Secret")
        for key, value in secret["data"].items()
        if "username" not in key and not key.endswith((".yml", ".yaml"))
    }


def _versions(namespace: Namespace) -> dict[str, str]:
    parent = namespace.get(names.KIND, NAME)
    return {
        f"{item['kind']} {item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for item in [parent, *namespace.children(parent, KINDS)]
    }


def _say(text: str) -> None:
    """Past pytest's capture: the figures are to be read where the test passes, too."""
    sys.__stderr__.write(f"\ne2e: {text}\n")  # type: ignore[union-attr]
