"""What is recorded of Jobs: each run of its own, of those of a CronJob only the failures."""

from __future__ import annotations

from app.result import Manifest
from app.simulation.api_calls import controller_of
from app.simulation.report.book import Book
from app.simulation.report.life import Cause, Group, Lane, Look, Span
from app.simulation.timeline import Timeline


class JobRecord:
    """Follows Jobs."""

    __slots__ = ("_book", "_counts", "_open", "_routines", "_timeline")

    def __init__(self, timeline: Timeline, book: Book) -> None:
        """Nothing has run yet."""
        self._timeline = timeline
        self._book = book
        self._open: dict[str, Span] = {}
        self._routines: dict[str, Span] = {}
        self._counts: dict[str, int] = {}

    def added(self, job: Manifest) -> None:
        """A Job was created."""
        name, now, owner = job["metadata"]["name"], self._timeline.elapsed, controller_of(job)
        if owner is None or owner["kind"] != "CronJob":
            lane = self._lane(job)
            self._book.mark(lane, now, (Cause.CREATED,), f"Job {name}")
            span = self._book.span(lane, now, Look.CHANGING, "running", f"Job {name}")
            self._open[job["metadata"]["uid"]] = span
            return
        routine = owner["name"]
        if routine not in self._routines:
            self._routines[routine] = self._book.span(
                self._lane(job), now, Look.IDLE, "runs of a CronJob"
            )
        self._counts[routine] = self._counts.get(routine, 0) + 1
        self._routines[routine].text = f"{self._counts[routine]} so far"

    def modified(self, old: Manifest | None, job: Manifest) -> None:
        """A Job changed; only its end matters."""
        end = _end_of(job)
        if end is None or (old is not None and _end_of(old) == end):
            return
        span = self._open.pop(job["metadata"]["uid"], None)
        if span is not None:
            span.end = self._timeline.elapsed
            span.label = "complete" if end == "Complete" else "failed"
            span.look = Look.GOOD if end == "Complete" else Look.BAD
        if end != "Complete":
            text = f"Job {job['metadata']['name']}"
            self._book.mark(self._lane(job), self._timeline.elapsed, (Cause.FAILED,), text)

    def deleted(self, job: Manifest) -> None:
        """A Job is gone."""
        span = self._open.pop(job["metadata"]["uid"], None)
        if span is not None:
            span.end = self._timeline.elapsed

    def _lane(self, job: Manifest) -> Lane:
        """One for each CronJob, one for all other Jobs."""
        owner = controller_of(job)
        is_routine = owner is not None and owner["kind"] == "CronJob"
        name = str(owner["name"]) if owner is not None and is_routine else "Jobs"
        return self._book.lane(Group.JOBS, name, routine=is_routine)


def _end_of(job: Manifest) -> str | None:
    """Complete or Failed once the Job has ended."""
    conditions = job.get("status", {}).get("conditions", [])
    ends = [one["type"] for one in conditions if one["status"] == "True"]
    return next((end for end in ends if end in ("Complete", "Failed")), None)
