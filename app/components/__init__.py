"""The components of a cluster, one module each, all of one shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from operator import attrgetter
from typing import Final

import orjson

from app.checks.sizes import check_sizes
from app.cluster import Cluster, Tier
from app.components import (
    dashboard,
    indexer,
    log_rotation,
    manager_master,
    manager_worker,
    security_job,
    shared,
)
from app.faults import Fault
from app.names import TIERS
from app.result import Manifest

#: What each component yields, in the order in which people read a cluster.
COMPONENTS: Final[tuple[Callable[[Cluster], Iterator[Manifest]], ...]] = (
    shared.children,
    indexer.children,
    manager_master.children,
    manager_worker.children,
    dashboard.children,
    log_rotation.children,
    security_job.children,
)
#: Those whose objects come and go in a quiet cluster's life, or hold what nobody may keep.
_PASSING: Final = (shared.children, security_job.children)


#: Fields that can be compared as they are; the others are put into such a form below.
_FACTS: Final = attrgetter(
    *(
        one.name
        for one in fields(Cluster)
        if one.name not in {"spec", "tiers", "secrets", "security_job"}
    )
)
_TIER_FACTS: Final = attrgetter(
    *(one.name for one in fields(Tier) if one.name not in {"secret_digests", "fixed"})
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Every child that a cluster wants, and those among them that are too large to be applied.

    The manifests are read-only: parts of them are the spec's own values, and they are answered
    again as long as nothing changes.
    """

    children: tuple[Manifest, ...] = field(repr=False)
    too_large: tuple[Fault, ...]


def rendered(cluster: Cluster) -> Rendered:
    """Lay out ``cluster``, wherever it stands in its life.

    A quiet cluster comes back every 30 seconds, so all but its Secrets and its security Job is
    kept by content.
    """
    passing = tuple(child for children in _PASSING for child in children(cluster))
    rest = _rest(_Content(cluster))
    return Rendered(
        children=(*passing, *rest.children), too_large=(*check_sizes(passing), *rest.too_large)
    )


def render(cluster: Cluster) -> tuple[Manifest, ...]:
    """Every child of ``cluster``."""
    return rendered(cluster).children


@lru_cache(maxsize=128)
def _rest(content: _Content) -> Rendered:
    """Everything but the Secrets and the security Job.

    What is kept must not hold parts of the request, which belongs to the caller.
    """
    cluster = content.cluster
    own = {
        role: replace(tier, fixed=orjson.loads(orjson.dumps(tier.fixed)))
        for role, tier in cluster.tiers.items()
    }
    detached = replace(cluster, tiers=own)
    found = tuple(
        child for children in COMPONENTS if children not in _PASSING for child in children(detached)
    )
    return Rendered(children=found, too_large=tuple(check_sizes(found)))


class _Content:
    """What a rendering without Secrets rests on, comparable.

    The spec counts by identity: the same text gives the same object while it is remembered, and
    this value keeps it alive, so no other can take its place.
    """

    __slots__ = ("_facts", "_hash", "cluster")

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = replace(cluster, secrets=(), security_job=None)
        self._facts = (
            _FACTS(cluster),
            tuple(_tier(cluster.tier(role)) for role in TIERS),
        )
        self._hash = hash((id(cluster.spec), self._facts))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _Content)
            and self.cluster.spec is other.cluster.spec
            and self._facts == other._facts
        )


def _tier(tier: Tier) -> tuple[object, ...]:
    digests = tier.secret_digests
    return (
        _TIER_FACTS(tier),
        None if digests is None else tuple(sorted(digests.items())),
        orjson.dumps(tier.fixed, option=orjson.OPT_SORT_KEYS),
    )
