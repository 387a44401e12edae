"""CronJob controller: Jobs at their time, a history of limited length."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from app.result import Manifest
from app.simulation.api_calls import key_of
from app.simulation.api_server import ApiServer
from app.simulation.timeline import Timeline, parsed, timestamp
from app.simulation.workloads.cron import following
from app.simulation.workloads.jobs import finished
from app.simulation.workloads.pods import owned_by, write_status

KIND: Final = "CronJob"
ACTOR: Final = "cronjob-controller"
_MINUTE_SECONDS: Final = 60


class CronJobs:
    """Reconciles one CronJob at a time."""

    __slots__ = ("_api", "_timeline")

    def __init__(self, timeline: Timeline, api: ApiServer) -> None:
        """Without state of its own."""
        self._timeline = timeline
        self._api = api

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One pass; seconds until the schedule is due next, None if it is suspended."""
        item = self._api.find(KIND, namespace, name)
        if item is None or "deletionTimestamp" in item["metadata"]:
            return None
        self._trim(item)
        if item["spec"]["suspend"]:
            self._write_status(item, None)
            return None
        now, zone = self._timeline.now(), item["spec"].get("timeZone", "UTC")
        last = item["status"].get("lastScheduleTime") or item["metadata"]["creationTimestamp"]
        due = following(item["spec"]["schedule"], parsed(last), zone)
        started = None
        if due is not None and due <= now:
            started = due
            self._start(item, due)
            due = following(item["spec"]["schedule"], now, zone)
        self._write_status(item, started)
        return None if due is None else max(0.0, (due - now).total_seconds())

    def _start(self, item: Manifest, due: datetime) -> None:
        spec = item["spec"]
        late = (self._timeline.now() - due).total_seconds()
        if late > spec.get("startingDeadlineSeconds", float("inf")):
            return
        active = [job for job in self._jobs(item) if not finished(job)]
        if active and spec["concurrencyPolicy"] == "Forbid":
            return
        if spec["concurrencyPolicy"] == "Replace":
            for job in active:
                self._api.delete(key_of(job), ACTOR)
        template = spec["jobTemplate"]
        metadata: Manifest = {
            "name": f"{item['metadata']['name']}-{int(due.timestamp()) // _MINUTE_SECONDS}",
            "namespace": item["metadata"]["namespace"],
            "ownerReferences": [owned_by(item)],
        }
        for key in ("labels", "annotations"):
            if key in template["metadata"]:
                metadata[key] = template["metadata"][key]
        if self._api.find("Job", metadata["namespace"], metadata["name"]) is None:
            self._api.create(
                {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "metadata": metadata,
                    "spec": template["spec"],
                },
                ACTOR,
            )

    def _jobs(self, item: Manifest) -> list[Manifest]:
        keys = self._api.dependents(item["metadata"]["uid"])
        return [self._api.get(*key) for key in keys if key[0] == "Job"]

    def _trim(self, item: Manifest) -> None:
        """Delete finished Jobs beyond the limits of the history, the oldest first."""
        for kind, limit in (
            ("Complete", item["spec"]["successfulJobsHistoryLimit"]),
            ("Failed", item["spec"]["failedJobsHistoryLimit"]),
        ):
            ended = [job for job in self._jobs(item) if finished(job).get("type") == kind]
            ended.sort(key=lambda job: job["metadata"]["creationTimestamp"])
            for job in ended[: max(0, len(ended) - limit)]:
                self._api.delete(key_of(job), ACTOR)

    def _write_status(self, item: Manifest, started: datetime | None) -> None:
        status = {key: value for key, value in item["status"].items() if key != "active"}
        jobs = self._jobs(item)
        active = [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": job["metadata"]["name"],
                "namespace": job["metadata"]["namespace"],
                "uid": job["metadata"]["uid"],
            }
            for job in jobs
            if not finished(job)
        ]
        if active:
            status["active"] = active
        if started is not None:
            status["lastScheduleTime"] = timestamp(started)
        done = [
            job["status"]["completionTime"] for job in jobs if "completionTime" in job["status"]
        ]
        if done:
            status["lastSuccessfulTime"] = max(done)
        write_status(self._api, item, status, ACTOR)
