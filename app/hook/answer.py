"""Response and report of one sync, from what was decided and judged."""

from __future__ import annotations

from datetime import datetime

from app.certificates.plan import CertificatePlan
from app.observed.request import SyncRequest
from app.result import Manifest, Outcome, Reissue, Report, Response, Result
from app.rollout.plan import Rollout
from app.status.resync import resync_seconds
from app.status.status import StatusResult


def answer(  # noqa: PLR0913 - the parts of one answer
    asked: SyncRequest,
    told: StatusResult,
    *,
    children: tuple[Manifest, ...],
    rolled: Rollout,
    certificates: CertificatePlan,
    reissues: tuple[Reissue, ...],
    outcome: Outcome,
    now: datetime,
    is_waiting: bool,
    job_due: datetime | None = None,
) -> Result:
    """Answer and report. ``job_due``: when a failed Job is made again.

    A refused spec asks to come back for certificates and a change of passwords that is under way,
    a cluster that is going for its pods.
    What is made again and again, because its create is refused, is no reason to hurry.
    """
    due = (certificates.next_due, rolled.next_due, job_due)
    if outcome in {Outcome.DELETING, Outcome.PAUSED}:
        due = (None, None, None)
    is_lasting = outcome is not Outcome.APPLIED
    is_steady = (
        told.is_at_rest
        and not is_lasting
        and not is_waiting
        and not reissues
        and not rolled.held
        and not certificates.rewritten
        and not certificates.findings
    )
    is_idle = is_lasting and not reissues and not is_waiting and not any(due)
    delay = resync_seconds(
        now,
        is_written=bool(reissues) and not told.is_stuck,
        is_waiting=is_waiting or told.is_stuck,
        due=due,
    )
    return Result(
        response=Response(
            status=told.status, children=children, resync_after_seconds=0 if is_idle else delay
        ),
        report=Report(
            namespace=asked.namespace,
            name=asked.name,
            uid=asked.uid,
            generation=asked.generation,
            outcome=outcome,
            phase=str(told.phase),
            is_ready=told.is_ready,
            observed=asked.observed.child_count,
            emitted=len(children),
            reissues=reissues,
            held=rolled.held,
            earliest_expiry=certificates.earliest_expiry,
        ),
        steady_until=min((one for one in due if one is not None), default=None)
        if is_steady
        else None,
    )
