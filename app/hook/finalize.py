"""A WazuhCluster that is going: the order of its teardown."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app.entropy import Entropy
from app.hook.answer import answer
from app.hook.frozen import NOTHING_HELD, frozen_facts, told_tiers
from app.names import Names, Role
from app.observed.request import SyncRequest, read
from app.resolve.authority import certificate_plan
from app.result import Outcome, Result
from app.rollout import frozen
from app.rollout import plan as rollout
from app.status.status import StatusFacts, build


def finalize(request: object, *, now: datetime, entropy: Entropy) -> Result:
    """Answer a decoded finalize request: dashboard and workers go first, then master, indexer.

    ``finalized`` is true only when no workload is observed any more.
    """
    asked = read(request)
    present = set(asked.observed.workloads)
    leaving: frozenset[Role] = frozenset({Role.DASHBOARD, Role.MANAGER_WORKER})
    for role in (Role.MANAGER_MASTER, Role.INDEXER):
        if not present & leaving:
            leaving |= {role}
    return torn_down(asked, leaving, now=now, entropy=entropy, finalized=not present)


def torn_down(
    asked: SyncRequest,
    leaving: frozenset[Role],
    *,
    now: datetime,
    entropy: Entropy,
    finalized: bool = False,
) -> Result:
    """Everything as last applied but the workloads of ``leaving``; nothing is made or rolled."""
    named = Names(cluster=asked.name, namespace=asked.namespace, domain="")
    certificates = certificate_plan(asked, named, None, now=now, entropy=entropy)
    gone = {named.workload(role) for role in leaving}
    present = frozen.children(asked.observed)
    children = tuple(
        child
        for child in present
        if child["kind"] not in {"StatefulSet", "Deployment"}
        or child["metadata"]["name"] not in gone
    )
    rolled = rollout.plan(frozen_facts(asked, named, certificates, now), present)
    asked = replace(asked, is_deleting=True)
    told = build(
        StatusFacts(
            request=asked,
            now=now,
            version=None,
            tiers=told_tiers(asked, rolled),
            certificates=certificates,
            identity=NOTHING_HELD,
            faults=(),
            children=children,
        )
    )
    made = answer(
        asked,
        told,
        children=children,
        rolled=rolled,
        certificates=certificates,
        reissues=(),
        outcome=Outcome.DELETING,
        now=now,
        is_waiting=bool(leaving) and not finalized,
    )
    return replace(made, response=replace(made.response, finalized=finalized))
