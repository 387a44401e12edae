"""The Job that takes new passwords to the index: when it is made, kept, left out and made again.

All of it follows from the observed patch and the observed Job; a Job's name holds the patch's
digest, so that one patch has one Job (behaviour 10).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from app import names
from app.cluster import SecurityJob
from app.credentials.index_state import index_state
from app.names import APPLICATION, INDEXER_REST_PORT, Names, Role
from app.observed.jobs import Job, jobs, serves_jobs
from app.observed.last_applied import last_applied
from app.observed.request import Observed, as_list, as_map, as_text, time_text
from app.result import Manifest

#: A Job that was given up is made again so long after.
PAUSE: Final = timedelta(minutes=10)
#: Reason of a Job that ended by its pod failure policy: the script says that it is no use.
_NO_USE: Final = "PodFailurePolicy"
#: Fields of the indexers' pods that the Job's pod has as well.
_PLACEMENT: Final = (
    "imagePullSecrets",
    "nodeSelector",
    "priorityClassName",
    "serviceAccountName",
    "tolerations",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPlan:
    """What becomes of the security Jobs.

    ``kept``: observed ones that stay, as last applied. ``wanted``: the one to create as soon as
    the indexers allow it. ``due``: when a failed one is made again. ``message``: what is waited
    for, ``failure``: why nothing goes on, in words; each empty where there is nothing to say.
    """

    kept: tuple[Manifest, ...] = field(repr=False, default=())
    wanted: SecurityJob | None = None
    due: datetime | None = None
    message: str = ""
    failure: str = ""


NO_JOB: Final = JobPlan()


def plan(observed: Observed, named: Names, now: datetime) -> JobPlan:
    """Decide about the security Jobs of a cluster."""
    present = jobs(observed, named.security_jobs)
    state = index_state(observed, named)
    if state.is_settled and not state.has_next and not present:
        return NO_JOB
    if state.digest is None:
        # The Secret is not shown, or about to be written anew: nothing tells which Job is wanted.
        return JobPlan(kept=_as_applied(present.values()))
    job = present.get(named.security_job(state.digest))
    if state.is_applied:
        stays = [job] if job is not None and state.has_next else []
        return JobPlan(kept=_as_applied(stays), message=_PROMOTES if state.has_next else "")
    return _missing(observed, named, state.digest) if job is None else _present(named, job, now)


def _present(named: Names, job: Job, now: datetime) -> JobPlan:
    """The Job stays until it is complete; one that failed goes after a while, and comes again."""
    if job.failed_at is None:
        message = f"the index takes its new passwords: waits for Job {job.name}"
        return JobPlan(kept=_as_applied([job]), message=message)
    again = job.failed_at + PAUSE
    if now >= again:
        return JobPlan(message=f"Job {job.name} failed and is made again")
    return JobPlan(kept=_as_applied([job]), due=again, failure=_failure(named, job, again))


_PROMOTES: Final = "the index has its new passwords; managers and dashboard follow"


def _missing(observed: Observed, named: Names, digest: str) -> JobPlan:
    name = named.security_job(digest)
    if not serves_jobs(observed):
        return JobPlan(
            failure=(
                f"Job {name} is needed to change the passwords of the index, but the"
                " CompositeController does not list jobs of batch/v1; update it"
            )
        )
    wanted = _wanted(observed, named, digest)
    message = f"the index takes its new passwords as soon as the indexers have rolled: Job {name}"
    return JobPlan(wanted=wanted, message=message)


def _wanted(observed: Observed, named: Names, digest: str) -> SecurityJob | None:
    """The Job with what the running indexers have; None while there are none.

    An invalid spec stops no change that is under way, so nothing is taken from the spec.
    """
    indexer = observed.workloads.get(Role.INDEXER)
    containers = (
        [] if indexer is None else as_list(as_map(indexer.template.get("spec")).get("containers"))
    )
    if indexer is None or not containers:
        return None
    found = next(
        (one for one in map(as_map, containers) if one.get("name") == names.INDEXER_CONTAINER),
        as_map(containers[0]),
    )
    image = as_text(found.get("image"))
    if image is None:
        return None
    pod = as_map(indexer.template.get("spec"))
    return SecurityJob(
        digest=digest,
        labels=_labels(as_map(as_map(indexer.manifest.get("metadata")).get("labels"))),
        image=image,
        pull_policy=as_text(found.get("imagePullPolicy")) or "IfNotPresent",
        placement={key: pod[key] for key in _PLACEMENT if pod.get(key)},
        url=f"https://{named.service(Role.INDEXER)}.{named.namespace}.svc:{_port(observed, named)}",
    )


def _labels(indexer: Any) -> dict[str, str]:
    """Labels of ours that the indexers have, but name and component, which are those of a Job."""
    ours = names.OUR_LABELS - {names.LABEL_CONTROLLER_UID}
    found = {key: str(value) for key, value in indexer.items() if key in ours}
    own = {
        names.LABEL_NAME: APPLICATION[Role.CREDENTIALS],
        names.LABEL_COMPONENT: str(Role.CREDENTIALS),
    }
    return {**found, **own}


def _port(observed: Observed, named: Names) -> int:
    """Published port of the REST API."""
    service = observed.children.get("Service.v1", {}).get(named.service(Role.INDEXER))
    for port in map(as_map, as_list(as_map(as_map(service).get("spec")).get("ports"))):
        number = port.get("port")
        if port.get("name") == names.PORT_REST and isinstance(number, int):
            return number
    return INDEXER_REST_PORT


def _as_applied(found: Iterable[Job]) -> tuple[Manifest, ...]:
    return tuple(last_applied(one.manifest) for one in found)


def _failure(named: Names, job: Job, again: datetime) -> str:
    """What a failed Job most likely means, and where its last words are."""
    if job.failure == _NO_USE:
        meaning = "the index refused the patch, or a file of the Job is missing"
    else:
        meaning = (
            "the index did not answer as it must: too few indexers run, or they do not take the"
            " administrator's certificate"
        )
    words = f"kubectl -n {named.namespace} logs --tail 5 -l batch.kubernetes.io/job-name={job.name}"
    return (
        f"Job {job.name}, which changes the passwords of the index, failed ({job.failure}):"
        f" {meaning}. Until it succeeds the passwords stay. It is made again at {time_text(again)};"
        f" its last words: {words}"
    )
