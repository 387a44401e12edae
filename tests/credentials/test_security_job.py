"""The plan of the security Job: made, kept, left out, made again; and what it takes over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from app.credentials import security_job
from app.credentials.security_job import JobPlan
from app.names import OUR_LABELS
from app.observed.request import read
from app.result import Manifest
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.scenarios import rounds, steady
from tests.user_overrides import OVERRIDES

FAILED: Final = "BackoffLimitExceeded"


def rotating(steps: int) -> ClusterBuilder:
    """A cluster whose passwords are rotated, after so many calls."""
    cluster = steady()
    cluster.annotate(rotate_passwords="one")
    return rounds(cluster, steps)


def plan(cluster: ClusterBuilder, *, groups: bool = True, **later: float) -> JobPlan:
    """What becomes of the Jobs, so much later."""
    request = cluster.request()
    if not groups:
        del request["children"]["Job.batch/v1"]
    return security_job.plan(read(request).observed, NAMES, cluster.now + timedelta(**later))


def names(found: JobPlan) -> list[str]:
    """Names of the Jobs that stay."""
    return [one["metadata"]["name"] for one in found.kept]


def test_a_quiet_cluster_has_no_job() -> None:
    """Nothing is kept, wanted or said."""
    assert plan(steady()) == security_job.NO_JOB


def test_a_patch_that_waits_wants_its_job() -> None:
    """Named by the patch's digest, with what the running indexers have."""
    cluster = rotating(2)
    found = plan(cluster)
    assert found.wanted is not None
    assert found.kept == ()
    assert NAMES.security_job(found.wanted.digest) in found.message
    assert found.wanted.image == "wazuh/wazuh-indexer:4.14.1"
    assert found.wanted.url == "https://wz-indexer.security.svc:9200"
    assert found.wanted.labels.keys() == OUR_LABELS - {"controller-uid"}
    assert found.wanted.labels["app.kubernetes.io/component"] == "credentials"


def test_the_users_image_placement_and_port_are_taken_over() -> None:
    """From the indexers as they are observed, so an invalid spec changes nothing here."""
    cluster = ClusterBuilder({**OVERRIDES, "version": "4.14.1"})
    cluster.add_claims(3)
    rounds(cluster, 3)
    template = cluster.child("StatefulSet", "wz-indexer")["spec"]["template"]["spec"]
    found = plan(cluster).wanted
    assert found is not None
    assert found.image == template["containers"][0]["image"]
    assert found.placement["tolerations"] == template["tolerations"]
    ports = cluster.child("Service", "wz-indexer")["spec"]["ports"]
    [rest] = [one["port"] for one in ports if one["name"] == "rest"]
    assert found.url.endswith(f".svc:{rest}")


def test_a_job_that_runs_stays_as_it_was_sent() -> None:
    """Its spec can never change, so nothing of it is rendered anew."""
    cluster = rotating(3)
    sent = cluster.copy()
    found = plan(cluster)
    [kept] = found.kept
    [observed] = sent.jobs()
    assert (
        kept["spec"]["template"]["spec"]["containers"][0]["command"]
        == (observed["spec"]["template"]["spec"]["containers"][0]["command"])
    )
    assert "completionMode" not in kept["spec"]
    assert found.wanted is None
    assert f"waits for Job {names(found)[0]}" in found.message


@pytest.mark.parametrize(
    ("minutes", "stays"),
    [(0.0, True), (9.9, True), (10.0, False), (60.0, False)],
)
def test_a_failed_job_stays_ten_minutes(minutes: float, *, stays: bool) -> None:
    """Long enough to be looked at; the resync asks for the moment it is made again."""
    cluster = rotating(3)
    cluster.end_jobs(FAILED)
    failed_at = cluster.now
    found = plan(cluster, minutes=minutes)
    assert bool(found.kept) is stays
    assert found.due == (failed_at + timedelta(minutes=10) if stays else None)
    assert (found.failure == "") is not stays
    assert found.wanted is None


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [
        (FAILED, "the index did not answer as it must"),
        ("DeadlineExceeded", "the index did not answer as it must"),
        ("PodFailurePolicy", "the index refused the patch"),
    ],
)
def test_a_failure_is_said_in_words(reason: str, meaning: str) -> None:
    """With the controller's word, the likely meaning and a command for the rest."""
    cluster = rotating(3)
    cluster.end_jobs(reason)
    message = plan(cluster).failure
    assert f"({reason})" in message
    assert meaning in message
    assert (
        "kubectl -n security logs --tail 5 -l batch.kubernetes.io/job-name=wz-security-" in message
    )


def _without_time(job: Manifest) -> None:
    for one in job["status"]["conditions"]:
        del one["lastTransitionTime"]


def _without_any_time(job: Manifest) -> None:
    _without_time(job)
    del job["metadata"]["creationTimestamp"]


@pytest.mark.parametrize(("damage", "stays"), [(_without_time, True), (_without_any_time, False)])
def test_a_failure_without_a_time_counts_from_the_start(damage: Any, *, stays: bool) -> None:
    """Or as long ago: it must not stay for ever."""
    cluster = rotating(3)
    cluster.end_jobs(FAILED)
    damage(cluster.jobs()[0])
    assert bool(plan(cluster).kept) is stays


def test_a_complete_job_stays_until_the_present_password_is_the_new_one() -> None:
    """The last step still rests on what it did; then it goes."""
    cluster = rotating(3)
    cluster.end_jobs()
    assert len(plan(cluster).kept) == 1
    rounds(cluster, 1)
    assert len(plan(cluster).kept) == 1
    rounds(cluster, 1)
    assert plan(cluster).kept == ()


def test_jobs_stay_while_the_security_secret_is_not_seen() -> None:
    """Nothing tells which of them is wanted."""
    cluster = rotating(3)
    cluster.remove("Secret", NAMES.indexer_security)
    found = plan(cluster)
    assert len(found.kept) == 1
    assert found.wanted is None


def test_jobs_of_others_are_not_ours() -> None:
    """Only names of our form count, whatever else is a child."""
    cluster = rotating(3)
    [job] = cluster.jobs()
    other = {**job, "metadata": {**job["metadata"], "name": "wz-other-01234567"}}
    cluster.children["batch/v1", "Job", "wz-other-01234567"] = other
    assert names(plan(cluster)) == [job["metadata"]["name"]]


def test_a_registration_without_jobs_is_said() -> None:
    """An answered kind that is not registered would fail the whole sync."""
    found = plan(rotating(2), groups=False)
    assert found.wanted is None
    assert "does not list jobs of batch/v1" in found.failure


def test_no_job_without_indexers() -> None:
    """There is nothing that it could run like, and nobody to talk to."""
    cluster = rotating(2)
    cluster.remove("StatefulSet", "wz-indexer")
    assert plan(cluster).wanted is None
