"""A change of passwords in trouble: Jobs that fail, restarts, late views, refused writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

from app import names
from app.names import Role
from app.simulation.engine import Engine
from app.simulation.workloads.pods import role_of
from tests.cluster_builder import NAMES
from tests.convergence import people
from tests.convergence.logins import Doorkeeper, accepts, locked_out, password
from tests.convergence.test_passwords import (
    ADMIN,
    BOTH,
    CONSOLE,
    USERS,
    at_job,
    done,
    is_job_pod,
    job_creates,
    jobs,
    rotate,
)
from tests.convergence.witness import Witness
from tests.convergence.world import condition, edit, rested, secret_data, status, told

pytestmark = pytest.mark.slow

REFUSED: Final = {"indexer": {"javaOpts": "-Xmx1g"}}


# --- the Job --------------------------------------------------------------------------------------
def failing(engine: Engine, seconds: float) -> None:
    """Let the Job's pods fail for a while after it is there."""
    engine.controllers.kubelet.break_pods(failing=is_job_pod)
    at_job(engine)
    engine.run_for(seconds)


def is_failed(engine: Engine) -> bool:
    """Whether the status names a failed Job."""
    return told(engine, "Degraded") == ("True", "SecurityJobFailed")


def test_a_failed_job_is_named_and_made_again(engine: Engine, witness: Witness) -> None:
    """The message says what it means and where its last words are; no person is needed."""
    rotate(engine)
    failing(engine, 0)
    assert engine.run_until(lambda: is_failed(engine), 900)
    [name] = jobs(engine)
    message = condition(engine, "Degraded")["message"]
    assert f"Job {name}, which changes the passwords of the index, failed" in message
    assert f"kubectl -n security logs --tail 5 -l batch.kubernetes.io/job-name={name}" in message
    engine.run_for(500)
    assert len(job_creates(witness)) == 1
    assert condition(engine, "Degraded")["message"] == message
    assert locked_out(engine) == []
    engine.controllers.kubelet.repair()
    engine.run_for(200)
    assert job_creates(witness) == [name, name]
    done(engine)
    assert told(engine, "Degraded") == ("False", "AsExpected")


def test_a_job_that_is_no_use_fails_at_once(engine: Engine) -> None:
    """Exit status 2 ends it without its retries; it is made again all the same."""
    kubelet = engine.controllers.kubelet
    program, kubelet.program = kubelet.program, lambda _: 2
    rotate(engine)
    at_job(engine)
    assert engine.run_until(lambda: is_failed(engine), 30)
    assert "the index refused the patch" in condition(engine, "Degraded")["message"]
    kubelet.program = program
    engine.run_for(700)
    done(engine)


def test_a_job_deleted_by_hand_comes_again(engine: Engine) -> None:
    """Running it twice changes nothing more."""
    rotate(engine)
    at_job(engine)
    engine.delete("Job", jobs(engine)[0])
    done(engine)


def test_the_job_waits_for_the_indexers(engine: Engine) -> None:
    """It is made when they have rolled, so that they take its certificate."""
    engine.controllers.kubelet.break_pods(unready=lambda pod: role_of(pod) == Role.INDEXER)
    engine.run_for(10)
    rotate(engine)
    engine.run_for(120)
    assert jobs(engine) == []
    assert told(engine, "Progressing")[0] == "True"
    engine.controllers.kubelet.repair()
    engine.run_for(60)
    done(engine)


# --- faults ---------------------------------------------------------------------------------------
def begun_by_order(engine: Engine) -> None:
    """Passwords that were generated are rotated."""
    rotate(engine)


def begun_by_loss(engine: Engine) -> None:
    """Lost credentials are made anew."""
    engine.delete("Secret", CONSOLE)
    engine.run_for(30)
    people.recreate(engine, CONSOLE)


@pytest.mark.parametrize("begin", [begun_by_order, begun_by_loss])
@pytest.mark.parametrize("writes", range(1, 8))
def test_a_restart_after_any_write_changes_nothing(
    writes: int, begin: Callable[[Engine], None]
) -> None:
    """State is only what is observed: one Job, one new password each."""
    engine = rested(seed=writes)
    witness = Witness(engine)
    engine.crash_after(writes + 1)
    begin(engine)
    done(engine)
    assert len(set(job_creates(witness))) == 1
    words = {one.get("dashboard-password") for one in witness.versions(CONSOLE)}
    assert len(words) == 2


@pytest.mark.parametrize("kind", ["Job", "Secret", "StatefulSet"])
def test_a_view_that_lags_repeats_nothing(kind: str, engine: Engine, witness: Witness) -> None:
    """Held at each step for a while; a create that is refused does no harm."""
    door = Doorkeeper(engine)
    rotate(engine)
    for _ in range(6):
        engine.hold(kind)
        engine.run_for(11)
        engine.release(kind)
        engine.run_for(2)
    done(engine)
    assert door.shut == []
    assert len(witness.versions(ADMIN)) == 3  # before, with the coming one, after
    assert len(set(job_creates(witness))) == 1


@pytest.mark.parametrize("name", [*BOTH, NAMES.indexer_security])
def test_a_refused_write_is_made_later(name: str, engine: Engine) -> None:
    """Conflicts are retried; the two Secrets may go one after the other."""
    door = Doorkeeper(engine)
    engine.refuse("update", "Secret", name, 409, times=3)
    rotate(engine)
    done(engine)
    assert door.shut == []
    assert status(engine)["requests"] == {names.ROTATE_PASSWORDS: "one"}


def test_an_invalid_spec_stops_no_change_that_is_under_way(engine: Engine) -> None:
    """From the patch on; the index has the new passwords, and so have the Secrets."""
    rotate(engine)
    at_job(engine)
    edit(engine, REFUSED)
    engine.run_for(300)
    assert status(engine)["phase"] == "Failed"
    data = secret_data(engine)
    assert not [key for name in BOTH for key in data[name] if key.startswith("next-")]
    assert jobs(engine) == []
    for name in BOTH:
        assert accepts(engine, USERS[name], password(engine, name))


def test_an_invalid_spec_begins_no_change(engine: Engine) -> None:
    """The order waits until the spec is put right."""
    words = {name: password(engine, name) for name in BOTH}
    edit(engine, REFUSED)
    engine.run_for(30)
    rotate(engine)
    engine.run_for(120)
    assert {name: password(engine, name) for name in BOTH} == words
    edit(engine, {"indexer": None})
    done(engine)
    assert all(password(engine, name) != word for name, word in words.items())


def test_no_password_and_no_key_shows_outside_secrets(engine: Engine) -> None:
    """Neither in the Job nor in status, ConfigMaps or pods; hashes stay in their Secret too."""
    seen: list[str] = []
    engine.api.watch(lambda event: seen.append(repr(event.object)) if _is_open(event) else None)
    rotate(engine)
    done(engine)
    words = [password(engine, name) for name in BOTH]
    assert seen
    assert not [one for one in seen for word in words if word in one]
    assert not [one for one in seen if "$2b$12$" in one]


def _is_open(event: Any) -> bool:
    return bool(event.object["kind"] != "Secret")
