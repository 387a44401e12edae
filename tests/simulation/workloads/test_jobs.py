"""Jobs and CronJobs: retries, deadlines, schedules, history."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from app.result import Manifest
from app.simulation.workloads.cron import following
from app.simulation.workloads.jobs import finished
from tests.simulation.workloads.world import World, job, placed, template


def always(_: Manifest) -> bool:
    """Every pod."""
    return True


def _status(exit_status: int, _: Manifest) -> int:
    """Exit status of every pod."""
    return exit_status


def test_a_job_completes() -> None:
    """One pod, one success, the conditions of a real one."""
    world = World()
    world.api.create(job(), "me")
    world.advance(3)
    assert world.get("Job")["status"]["active"] == 1
    world.advance(10)
    status = world.get("Job")["status"]
    assert finished(world.get("Job"))["type"] == "Complete"
    assert (status["succeeded"], status.get("active")) == (1, None)
    assert status["completionTime"] > status["startTime"]
    assert len(world.names("Pod")) == 1


def test_a_failing_job_gives_up_after_its_retries() -> None:
    """With a pause that doubles between them."""
    world = World()
    world.kubelet.break_pods(failing=always)
    world.api.create(job(backoffLimit=2), "me")
    world.advance(200)
    assert finished(world.get("Job"))["reason"] == "BackoffLimitExceeded"
    assert world.get("Job")["status"]["failed"] == 3


def test_a_pod_failure_policy_ends_a_job_at_once() -> None:
    """For the exit status that it names, and for no other."""
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [2]}}
    for exit_status, reason in ((2, "PodFailurePolicy"), (1, "BackoffLimitExceeded")):
        world = World()
        world.kubelet.program = partial(_status, exit_status)
        world.api.create(job(backoffLimit=1, podFailurePolicy={"rules": [rule]}), "me")
        world.advance(60)
        assert finished(world.get("Job"))["reason"] == reason
        assert len(world.names("Pod")) == exit_status % 2 + 1


def test_a_job_ends_at_its_deadline() -> None:
    """A pod that never starts is stopped."""
    world = World()
    world.kubelet.break_pods(unschedulable=always)
    world.api.create(job(activeDeadlineSeconds=60), "me")
    world.advance(59)
    assert finished(world.get("Job")) == {}
    world.advance(10)
    assert finished(world.get("Job"))["reason"] == "DeadlineExceeded"
    assert world.names("Pod") == []


def test_a_job_with_a_time_to_live_goes_away() -> None:
    """With its pods."""
    world = World()
    world.api.create(job(ttlSecondsAfterFinished=30), "me")
    world.advance(20)
    assert world.names("Job") == ["x"]
    world.advance(40)
    assert world.names("Job") == world.names("Pod") == []


def test_a_suspended_job_makes_no_pod() -> None:
    """Until it is let go."""
    world = World()
    world.api.create(job(suspend=True), "me")
    world.advance(20)
    assert world.names("Pod") == []


def cron_job(**spec: Any) -> Manifest:
    """A CronJob every hour."""
    wanted = {
        "schedule": "0 * * * *",
        "jobTemplate": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"template": template(restartPolicy="Never"), "backoffLimit": 0},
        },
        **spec,
    }
    return placed("batch/v1", "CronJob", spec=wanted)


def test_a_cron_job_makes_a_job_at_its_time() -> None:
    """And says when it did."""
    world = World()
    world.api.create(cron_job(), "me")
    world.advance(3599)
    assert world.names("Job") == []
    world.advance(2)
    [made] = world.api.objects("Job")
    assert made["metadata"]["labels"] == {"a": "b"}
    assert world.get("CronJob")["status"]["active"][0]["name"] == made["metadata"]["name"]
    world.advance(60)
    status = world.get("CronJob")["status"]
    assert status["lastScheduleTime"] == "2026-01-01T01:00:00Z"
    assert status["lastSuccessfulTime"] > status["lastScheduleTime"]
    assert "active" not in status


def test_the_history_is_trimmed() -> None:
    """Three successes and one failure by default."""
    world = World()
    world.api.create(cron_job(), "me")
    world.advance(6 * 3600 + 60)
    assert len(world.names("Job")) == 3
    world.kubelet.break_pods(failing=always)
    world.advance(4 * 3600)
    kinds = [finished(item)["type"] for item in world.api.objects("Job")]
    assert sorted(kinds) == ["Complete"] * 3 + ["Failed"]


def test_a_forbidding_cron_job_skips_while_one_runs() -> None:
    """Concurrency policy Forbid."""
    world = World()
    world.kubelet.break_pods(unschedulable=always)
    world.api.create(cron_job(concurrencyPolicy="Forbid"), "me")
    world.advance(5 * 3600)
    assert len(world.names("Job")) == 1


def test_a_suspended_cron_job_does_nothing() -> None:
    """And starts nothing late when it goes on beyond its starting deadline."""
    world = World()
    world.api.create(cron_job(suspend=True, startingDeadlineSeconds=600), "me")
    world.advance(5 * 3600 + 1800)
    assert world.names("Job") == []
    world.edit("CronJob", suspend=False)
    world.advance(60)
    assert world.names("Job") == []
    world.advance(1800)
    assert len(world.names("Job")) == 1


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        ("0 0 * * 1", "2026-01-01T00:00", "2026-01-05T00:00"),
        ("*/15 * * * *", "2026-01-01T00:14", "2026-01-01T00:15"),
        ("*/15 * * * *", "2026-01-01T00:15", "2026-01-01T00:30"),
        ("30 2 29 2 *", "2026-01-01T00:00", "2028-02-29T02:30"),
        ("0 12 1 jan-mar mon", "2026-01-01T12:00", "2026-01-05T12:00"),
        ("0 0 * * 7", "2026-01-01T00:00", "2026-01-04T00:00"),
        ("5,10 3-4 * * *", "2026-01-01T03:05", "2026-01-01T03:10"),
        ("5/20 * * * *", "2026-01-01T00:30", "2026-01-01T00:45"),
        ("@daily", "2026-01-01T00:00", "2026-01-02T00:00"),
    ],
)
def test_when_a_schedule_is_due(schedule: str, after: str, expected: str) -> None:
    """Strictly after the given moment."""
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert following(schedule, moment) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_schedule_follows_its_time_zone() -> None:
    """Midnight in Berlin is an hour before midnight UTC in winter."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert following("0 0 * * *", moment, "Europe/Berlin") == datetime(2026, 1, 1, 23, tzinfo=UTC)


@pytest.mark.parametrize("schedule", ["* * * *", "60 * * * *", "x * * * *", "5-1 * * * *"])
def test_an_unreadable_schedule_is_refused(schedule: str) -> None:
    """ValueError, whatever is wrong."""
    with pytest.raises(ValueError, match=r".+"):
        following(schedule, datetime(2026, 1, 1, tzinfo=UTC))


def test_a_schedule_that_never_comes() -> None:
    """There is no 30 February."""
    assert following("0 0 30 2 *", datetime(2026, 1, 1, tzinfo=UTC)) is None
