"""Jobs, pods of Deployments and unreadable certificates, event by event."""

from __future__ import annotations

from itertools import count

import pytest

from app.result import Manifest
from app.simulation.report.book import Book
from app.simulation.report.certificate_record import CertificateRecord
from app.simulation.report.job_record import JobRecord
from app.simulation.report.life import Cause, Lane, Look
from app.simulation.report.pod_record import PodRecord
from app.simulation.timeline import Timeline
from tests.simulation.report.lives import NAME, START, Run, pod


@pytest.fixture
def timeline() -> Timeline:
    """Second 0."""
    return Timeline(START)


@pytest.fixture
def book() -> Book:
    """An empty book."""
    return Book(100)


def job(uid: str, *, end: str = "", cron: str = "") -> Manifest:
    """A Job, ended or not, of a CronJob or on its own."""
    metadata = {"name": f"job-{uid}", "namespace": "n", "uid": uid}
    owner = {"kind": "CronJob", "name": cron, "uid": "c", "controller": True}
    conditions = [{"type": end, "status": "True"}] if end else []
    return {
        "kind": "Job",
        "metadata": {**metadata, "ownerReferences": [owner]} if cron else metadata,
        "status": {"conditions": conditions},
    }


def of_deployment(uid: int, digest: str) -> Manifest:
    """A pod of the ReplicaSet with that hash."""
    made = pod(f"d-{digest}-{uid}", cert=digest)
    metadata = made["metadata"]
    metadata["uid"] = str(uid)
    metadata["labels"]["pod-template-hash"] = digest
    owner = {"kind": "ReplicaSet", "name": f"d-{digest}", "uid": digest, "controller": True}
    metadata["ownerReferences"] = [owner]
    return made


@pytest.mark.parametrize(
    ("end", "look", "marks"),
    [
        ("Complete", Look.GOOD, [Cause.CREATED]),
        ("Failed", Look.BAD, [Cause.CREATED, Cause.FAILED]),
    ],
)
def test_a_job_of_its_own_is_a_span(
    timeline: Timeline, book: Book, end: str, look: Look, marks: list[Cause]
) -> None:
    """From its creation to its end; later changes and its deletion move nothing."""
    record = JobRecord(timeline, book)
    record.added(job("1"))
    timeline.elapsed = 30.0
    record.modified(job("1"), job("1", end=end))
    timeline.elapsed = 99.0
    record.modified(job("1", end=end), job("1", end=end))
    record.deleted(job("1", end=end))
    [lane] = book.lanes
    [span] = lane.spans
    assert (span.start, span.end, span.look) == (0.0, 30.0, look)
    assert [mark.causes[0] for mark in lane.marks] == marks
    assert not lane.routine


def test_a_job_that_is_deleted_while_it_runs_ends(timeline: Timeline, book: Book) -> None:
    """Neither complete nor failed."""
    record = JobRecord(timeline, book)
    record.added(job("1"))
    timeline.elapsed = 5.0
    record.deleted(job("1"))
    [span] = book.lanes[0].spans
    assert (span.end, span.look) == (5.0, Look.CHANGING)


def test_runs_of_a_cron_job_are_counted(timeline: Timeline, book: Book) -> None:
    """A thousand of them take no more room than one; a failure is a mark."""
    record = JobRecord(timeline, book)
    for number in range(1000):
        end = "Failed" if number == 500 else "Complete"
        record.added(job(str(number), cron="rotation"))
        record.modified(
            job(str(number), cron="rotation"), job(str(number), end=end, cron="rotation")
        )
        record.deleted(job(str(number), end=end, cron="rotation"))
    [lane] = book.lanes
    assert (lane.name, lane.routine, book.dropped) == ("rotation", True, 0)
    assert [span.text for span in lane.spans] == ["1000 so far"]
    assert [mark.text for mark in lane.marks] == ["Job job-500"]


def test_pods_of_a_deployment_follow_each_other(timeline: Timeline, book: Book) -> None:
    """Three rolls of two pods, one more at a time: two lanes, no matter what the names are."""
    record, numbers = PodRecord(timeline, book, "person"), count()
    living = [of_deployment(next(numbers), "a") for _ in range(2)]
    for one in living:
        record.added(one)
    for digest in "bcd":
        for old in living:
            new = of_deployment(next(numbers), digest)
            record.added(new)
            record.deleted(old, "controller")
            living = [*(one for one in living if one is not old), new]
    assert [lane.name for lane in book.lanes] == ["d 1", "d 2"]
    causes = [Cause.CREATED, *[Cause.CERT_HASH] * 3]
    assert [_causes(lane) for lane in book.lanes] == [causes, causes]


def test_a_pod_that_was_lost_comes_back_to_its_place(timeline: Timeline, book: Book) -> None:
    """Of the same shape; a further one is a new place."""
    record = PodRecord(timeline, book, "person")
    first, second, third = (of_deployment(number, "a") for number in range(3))
    record.added(first)
    record.deleted(first, "person")
    record.added(second)
    record.added(third)
    assert [_causes(lane) for lane in book.lanes] == [[Cause.CREATED, Cause.LOST], [Cause.CREATED]]
    assert book.lanes[0].marks[1].text.endswith("deleted by person")


def test_a_certificate_that_cannot_be_read_ends_the_one_before(
    timeline: Timeline, book: Book, run: Run
) -> None:
    """And what follows is a new one."""
    data = run.engine.find("Secret", f"{NAME}-admin-certs")["data"]
    record = CertificateRecord(timeline, book)
    record.leaf("x", {"tls.crt": "bm9uZQ=="}, is_given=False)
    assert list(book.lanes) == []
    for content in (data, {"tls.crt": "bm9uZQ=="}, data):
        record.leaf("x", content, is_given=False)
    [lane] = book.lanes
    assert _causes(lane) == [Cause.ISSUED, Cause.UNREADABLE, Cause.ISSUED]


def _causes(lane: Lane) -> list[Cause]:
    return [mark.causes[0] for mark in lane.marks]
