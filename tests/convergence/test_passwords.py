"""Passwords of the index over a cluster's life: they change without anybody being locked out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Final

import pytest

from app import names
from app.names import Role
from app.result import Manifest
from app.simulation.engine import Engine
from app.simulation.workloads.pods import role_of
from tests.cluster_builder import NAMES, NAMESPACE
from tests.convergence import people
from tests.convergence.logins import Doorkeeper, accepts, locked_out, password
from tests.convergence.witness import Witness
from tests.convergence.world import (
    annotate,
    edit,
    identity,
    pods,
    rested,
    secret_data,
    settle,
    status,
    told,
    wazuh_cluster,
)

ADMIN, CONSOLE = NAMES.indexer_credentials, NAMES.dashboard_credentials
BOTH: Final = (ADMIN, CONSOLE)
USERS: Final = {ADMIN: "admin", CONSOLE: "kibanaserver"}
OWN: Final = {"indexer": {"credentials": {"secretName": "mine"}}}
FIRST, SECOND, THIRD = "aB3.first-one", "aB3.second-one", "aB3.third-one"


def user_secret(word: str, name: str = "admin") -> Manifest:
    """The user's Secret with the administrator's account."""
    data = {"username": name, "password": word}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "mine", "namespace": NAMESPACE},
        "type": "Opaque",
        "data": {key: base64.b64encode(one.encode()).decode() for key, one in data.items()},
    }


def with_own_account(seed: int = 1) -> Engine:
    """A cluster at rest whose administrator's password is the user's."""
    engine = rested(seed=seed)
    word = password(engine, ADMIN)
    engine.apply(user_secret(word))
    edit(engine, OWN)
    settle(engine)
    return engine


def jobs(engine: Engine) -> list[str]:
    """Names of the Jobs that there are."""
    return [one["metadata"]["name"] for one in engine.objects("Job")]


def job_creates(witness: Witness) -> list[str]:
    """Name of each Job that Metacontroller has made, in order."""
    found = witness.engine.writes_since(witness.since, "metacontroller")
    return [one.name for one in found if (one.verb, one.kind) == ("create", "Job") and one.changed]


def is_job_pod(pod: Manifest) -> bool:
    """Whether a pod belongs to the security Job."""
    return role_of(pod) == Role.CREDENTIALS


def rotate(engine: Engine, value: str = "one") -> None:
    """Order other passwords."""
    annotate(engine, names.ROTATE_PASSWORDS, value)


def at_job(engine: Engine) -> None:
    """Let time pass until the Job is there. AssertionError if it does not come."""
    assert engine.run_until(lambda: bool(jobs(engine)), 300)


def done(engine: Engine) -> None:
    """Come to rest, and ask that everybody can log in and nothing is left of the change."""
    settle(engine)
    engine.run_for(120)
    settle(engine)
    assert locked_out(engine) == []
    assert jobs(engine) == []
    data = secret_data(engine)
    assert not [key for name in BOTH for key in data[name] if key.startswith("next-")]


# --- on demand ------------------------------------------------------------------------------------
def test_passwords_are_rotated_on_demand(engine: Engine, witness: Witness) -> None:
    """Both at once, by one Job; then managers and dashboard roll once, and the indexers never."""
    old = {name: password(engine, name) for name in BOTH}
    door = Doorkeeper(engine)
    rotate(engine)
    done(engine)
    assert door.shut == []
    assert len(job_creates(witness)) == 1
    for name, word in old.items():
        assert password(engine, name) != word
        assert not accepts(engine, USERS[name], word)
    assert witness.rolls() == [Role.MANAGER_MASTER, Role.MANAGER_WORKER, Role.DASHBOARD]
    assert len(witness.stopped()) == len([one for one in pods(engine) if "indexer" not in one])
    assert status(engine)["requests"] == {names.ROTATE_PASSWORDS: "one"}


def test_other_identity_is_not_touched(engine: Engine) -> None:
    """The cookie's key, the API's accounts, the managers' key and the CA stay."""
    before = identity(engine)
    rotate(engine)
    done(engine)
    changed = {
        (name, key)
        for name, data in identity(engine).items()
        for key in data
        if data[key] != before[name].get(key)
    }
    assert changed == {(ADMIN, "admin-password"), (CONSOLE, "dashboard-password")}


def test_an_order_acts_once(engine: Engine, witness: Witness) -> None:
    """Neither the same value nor its removal does anything; another value does."""
    rotate(engine)
    done(engine)
    first = {name: password(engine, name) for name in BOTH}
    engine.edit(lambda one: one["metadata"]["annotations"].pop(names.ROTATE_PASSWORDS))
    engine.run_for(300)
    rotate(engine)
    engine.run_for(300)
    assert {name: password(engine, name) for name in BOTH} == first
    rotate(engine, "two")
    done(engine)
    assert all(password(engine, name) != word for name, word in first.items())
    assert len(job_creates(witness)) == 2
    assert status(engine)["requests"] == {names.ROTATE_PASSWORDS: "two"}


def test_a_standing_order_fires_nothing_in_a_new_cluster() -> None:
    """It is recorded with what is generated."""
    engine = rested()
    engine.delete_parent()
    engine.run_for(120)
    for claim in engine.objects("PersistentVolumeClaim"):
        engine.delete("PersistentVolumeClaim", claim["metadata"]["name"])
    cluster = wazuh_cluster()
    cluster["metadata"]["annotations"] = {names.ROTATE_PASSWORDS: "one"}
    witness = Witness(engine)
    engine.apply(cluster)
    settle(engine)
    engine.run_for(300)
    assert job_creates(witness) == []
    assert all(len(witness.versions(name)) == 1 for name in BOTH)
    assert status(engine)["requests"] == {names.ROTATE_PASSWORDS: "one"}


def test_pods_keep_their_password_until_the_index_has_the_other(engine: Engine) -> None:
    """While the Job cannot succeed nothing rolls, and a pod that starts anew can log in."""
    before = pods(engine)
    engine.controllers.kubelet.break_pods(failing=is_job_pod)
    rotate(engine)
    engine.run_for(400)
    assert {name: uid for name, uid in pods(engine).items() if "security" not in name} == before
    engine.delete("Pod", f"{NAMES.workload(Role.MANAGER_MASTER)}-0")
    engine.run_for(120)
    assert locked_out(engine) == []
    engine.controllers.kubelet.repair()
    engine.run_for(1300)
    done(engine)


def test_a_newer_order_waits_for_the_end_of_a_change(engine: Engine, witness: Witness) -> None:
    """Two patches on their way at once could arrive in either order."""
    engine.controllers.kubelet.break_pods(failing=is_job_pod)
    rotate(engine)
    at_job(engine)
    engine.run_for(30)
    coming = secret_data(engine)[ADMIN]["next-admin-password"]
    rotate(engine, "two")
    engine.run_for(60)
    assert secret_data(engine)[ADMIN]["next-admin-password"] == coming
    engine.controllers.kubelet.repair()
    done(engine)
    words = {one["admin-password"] for one in witness.versions(ADMIN)}
    assert coming in words
    assert len(words) == 3
    assert status(engine)["requests"] == {names.ROTATE_PASSWORDS: "two"}


# --- the user's Secret ----------------------------------------------------------------------------
def test_a_changed_user_secret_is_taken_to_the_index() -> None:
    """Only the administrator's password; the dashboard is left alone."""
    engine = with_own_account()
    door, witness = Doorkeeper(engine), Witness(engine)
    console = password(engine, CONSOLE)
    engine.apply(user_secret(FIRST))
    done(engine)
    assert door.shut == []
    assert password(engine, ADMIN) == FIRST
    assert accepts(engine, "admin", FIRST)
    assert password(engine, CONSOLE) == console
    assert witness.rolls() == [Role.MANAGER_MASTER, Role.MANAGER_WORKER]


def test_a_password_of_the_user_is_not_rotated() -> None:
    """The order changes what was generated, and is done with that."""
    engine = with_own_account()
    words = {name: password(engine, name) for name in BOTH}
    rotate(engine)
    done(engine)
    assert password(engine, ADMIN) == words[ADMIN]
    assert password(engine, CONSOLE) != words[CONSOLE]
    assert status(engine)["requests"] == {names.ROTATE_PASSWORDS: "one"}


def test_changes_in_a_row_end_with_the_last() -> None:
    """The one in between may be left out, but no two run at once."""
    engine = with_own_account()
    door = Doorkeeper(engine)
    for word, pause in ((FIRST, 3), (SECOND, 4), (THIRD, 0)):
        engine.apply(user_secret(word))
        engine.run_for(pause)
    done(engine)
    assert door.shut == []
    assert password(engine, ADMIN) == THIRD


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda one: one.delete("Secret", "mine"), id="deleted"),
        pytest.param(lambda one: one.apply(user_secret("short")), id="unusable"),
        pytest.param(lambda one: edit(one, {"indexer": {"credentials": None}}), id="given up"),
    ],
)
def test_a_missing_or_unusable_secret_starts_and_stops_nothing(
    change: Callable[[Engine], object],
) -> None:
    """A change under way is finished; afterwards nothing more happens."""
    engine = with_own_account()
    engine.apply(user_secret(FIRST))
    at_job(engine)
    change(engine)
    engine.run_for(600)
    assert password(engine, ADMIN) == FIRST
    assert locked_out(engine) == []
    assert jobs(engine) == []


def test_another_user_name_is_held() -> None:
    """Its password is not taken either, and the condition says so."""
    engine = with_own_account()
    word = password(engine, ADMIN)
    engine.apply(user_secret(FIRST, name="boss"))
    engine.run_for(120)
    assert told(engine, "SpecValid") == ("False", "FieldHeld")
    assert password(engine, ADMIN) == word
    assert locked_out(engine) == []


# --- lost credentials -----------------------------------------------------------------------------
@pytest.mark.parametrize("name", BOTH)
def test_lost_credentials_are_made_anew_by_order(name: str, engine: Engine) -> None:
    """By the command of the message; the index gets the new password, then the pods."""
    witness = Witness(engine)
    old = password(engine, name)
    engine.delete("Secret", name)
    engine.run_for(60)
    assert told(engine, "Degraded") == ("True", "IdentitySecretMissing")
    value = people.recreate(engine, name)
    done(engine)
    assert password(engine, name) != old
    assert not accepts(engine, USERS[name], old)
    assert len(job_creates(witness)) == 1
    assert Role.INDEXER not in witness.rolls()
    assert told(engine, "Degraded") == ("False", "AsExpected")
    assert status(engine)["requests"] == {names.RECREATE_SECRET: value}


def test_pods_go_on_with_the_old_password_until_the_index_has_the_new_one(engine: Engine) -> None:
    """Nothing rolls onto a password that nobody has told the index."""
    before = pods(engine)
    engine.controllers.kubelet.break_pods(failing=is_job_pod)
    engine.delete("Secret", ADMIN)
    engine.run_for(30)
    people.recreate(engine, ADMIN)
    engine.run_for(500)
    assert {name: uid for name, uid in pods(engine).items() if "security" not in name} == before
    assert not accepts(engine, "admin", password(engine, ADMIN))
    engine.controllers.kubelet.repair()
    engine.run_for(1300)
    done(engine)


def test_both_lost_are_made_anew(engine: Engine) -> None:
    """One order after the other."""
    for name in BOTH:
        engine.delete("Secret", name)
    engine.run_for(60)
    for name in BOTH:
        people.recreate(engine, name)
        engine.run_for(90)
    done(engine)


def test_a_lost_security_secret_is_made_anew_and_taken_to_the_index(
    engine: Engine, witness: Witness
) -> None:
    """What the index has is not known then, so it is told once; nothing else changes."""
    words, before = {name: password(engine, name) for name in BOTH}, pods(engine)
    engine.delete("Secret", NAMES.indexer_security)
    done(engine)
    assert len(job_creates(witness)) == 1
    assert {name: password(engine, name) for name in BOTH} == words
    assert pods(engine) == before


# --- a cluster created again ----------------------------------------------------------------------
def test_a_cluster_on_old_volumes_needs_no_person() -> None:
    """Its index knows other passwords; one Job gives it the new ones, and no pod rolls for that."""
    engine = rested()
    old = {name: password(engine, name) for name in BOTH}
    engine.delete_parent()
    engine.run_for(120)
    assert accepts(engine, "admin", old[ADMIN])
    witness = Witness(engine)
    engine.apply(wazuh_cluster())
    done(engine)
    assert all(password(engine, name) != word for name, word in old.items())
    assert len(job_creates(witness)) == 1
    assert witness.stopped() == []
    assert told(engine, "Degraded") == ("False", "AsExpected")


def test_a_fresh_cluster_needs_no_job() -> None:
    """Its first start loads the files."""
    engine = rested()
    assert [one for one in engine.writes_since(-1) if one.kind == "Job"] == []
    assert locked_out(engine) == []
