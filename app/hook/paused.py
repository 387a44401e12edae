"""A cluster that a person has stopped: every observed child as last applied, nothing made.

Unlike a refused spec, not even certificates go on: what comes due meanwhile is told. Edits of the
spec are judged and told, and applied all together once the annotation is gone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app import names
from app.credentials import security_job
from app.entropy import Entropy
from app.hook.answer import answer
from app.hook.frozen import NOTHING_HELD, frozen_facts, told_tiers
from app.names import Names
from app.observed.request import SyncRequest, as_text
from app.resolve.authority import certificate_plan
from app.resolve.judgement import judge
from app.result import Outcome, Result
from app.rollout import frozen
from app.rollout import plan as rollout
from app.status.status import StatusFacts, build

_PAUSED = "true"


def is_paused(asked: SyncRequest) -> bool:
    """Whether the WazuhCluster is annotated to be left as it is."""
    return asked.annotations.get(names.PAUSED) == _PAUSED


def paused_answer(asked: SyncRequest, *, now: datetime, entropy: Entropy) -> Result:
    """Everything observed as last applied; what would be renewed is only said."""
    named = Names(cluster=asked.name, namespace=asked.namespace, domain="")
    certificates = certificate_plan(asked, named, None, now=now, entropy=entropy)
    children = tuple(frozen.children(asked.observed))
    unwritten = replace(certificates, reissues=(), rewritten=frozenset())  # none of it is sent
    rolled = rollout.plan(frozen_facts(asked, named, unwritten, now), list(children))
    told = build(
        StatusFacts(
            request=asked,
            now=now,
            version=as_text(asked.status.get("version")),
            tiers=told_tiers(asked, rolled),
            certificates=certificates,
            identity=NOTHING_HELD,
            faults=judge(asked).faults,
            children=children,
            is_paused=True,
            security_job=security_job.plan(asked.observed, named, now),
        )
    )
    return answer(
        asked,
        told,
        children=children,
        rolled=rolled,
        certificates=unwritten,
        reissues=(),
        outcome=Outcome.PAUSED,
        now=now,
        is_waiting=False,
    )
