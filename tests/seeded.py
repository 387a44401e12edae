"""Clusters whose identity is there already: what needs bcrypt is made once in a test run.

A hash takes a quarter of a second, so a cluster that starts with observed credentials converges
thirty times as fast. All that start from here have the same passwords, keys and CA, so that two
of them can be compared.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any

from app.hook.sync import sync
from app.result import Manifest
from tests.cluster_builder import NAMES, ClusterBuilder, Key
from tests.scenarios import at_rest, steady
from tests.user_objects import with_user_secrets

#: Rounds in which a cluster that exists comes to rest after any one edit.
ROUNDS = 24


@cache
def _identity() -> dict[Key, Manifest]:
    """Identity Secrets and the security plugin's files, as a running cluster has them."""
    cluster = steady()
    cluster.edit(lambda spec: spec.update(manager={"config": {"auth": {"usePassword": True}}}))
    at_rest(cluster)
    kept = (*NAMES.identity_secrets, NAMES.indexer_security)
    return {key: one for key, one in cluster.children.items() if key[1:] in _secrets(kept)}


def _secrets(names: tuple[str, ...]) -> set[tuple[str, str]]:
    return {("Secret", name) for name in names}


def seeded(spec: Mapping[str, Any]) -> ClusterBuilder:
    """A new cluster that finds its identity Secrets and all Secrets of the user."""
    cluster = with_user_secrets(ClusterBuilder(spec))
    cluster.children = copy.deepcopy(_identity())
    return cluster


def rest(cluster: ClusterBuilder) -> ClusterBuilder:
    """Let the hook answer, with all pods ready at once, until it writes nothing.

    AssertionError if it does not come to rest.
    """
    for _ in range(ROUNDS):
        before = cluster.writes
        cluster.sync(sync)
        quiet = cluster.writes == before
        cluster.settle()
        cluster.wait(seconds=100)
        if quiet:
            return cluster
    raise AssertionError(f"{ROUNDS} rounds and still writing")


def running(spec: Mapping[str, Any]) -> ClusterBuilder:
    """A cluster of ``spec`` at rest: everything observed, ready, nothing left to write."""
    return rest(seeded(spec))


def edited(cluster: ClusterBuilder, spec: Mapping[str, Any]) -> ClusterBuilder:
    """``cluster`` at rest under another spec; itself, not a copy."""

    def change(present: Manifest) -> None:
        present.clear()
        present.update(copy.deepcopy(dict(spec)))

    cluster.edit(change)
    return rest(cluster)
