"""A changed password step by step: what one call writes into the Secrets of the index's users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from app.hook.sync import sync
from app.names import RECREATE_SECRET, ROTATE_PASSWORDS
from app.result import Manifest
from tests.cluster_builder import NAMES, ClusterBuilder, Key, seeded_entropy
from tests.scenarios import at_rest, base64_of, rounds, steady

ADMIN, CONSOLE, SECURITY = (
    NAMES.indexer_credentials,
    NAMES.dashboard_credentials,
    NAMES.indexer_security,
)
NEXT: Final = {ADMIN: "next-admin-password", CONSOLE: "next-dashboard-password"}
PRESENT: Final = {ADMIN: "admin-password", CONSOLE: "dashboard-password"}
OWN: Final = {"indexer": {"credentials": {"secretName": "mine"}}}


def data(cluster: ClusterBuilder, name: str) -> dict[str, str]:
    """Data of a Secret."""
    found: dict[str, str] = cluster.child("Secret", name)["data"]
    return found


def all_data(cluster: ClusterBuilder) -> dict[str, Mapping[str, str]]:
    """Data of every Secret."""
    return {key[2]: one["data"] for key, one in cluster.children.items() if key[1] == "Secret"}


def rotating(steps: int) -> ClusterBuilder:
    """A cluster whose passwords are rotated, after so many calls."""
    cluster = steady()
    cluster.annotate(rotate_passwords="one")
    return rounds(cluster, steps)


def own_account(word: str) -> dict[str, str]:
    """The user's Secret."""
    return {"username": base64_of("boss"), "password": base64_of(word)}


def with_own_account() -> ClusterBuilder:
    """A cluster whose administrator is the user's."""
    cluster = ClusterBuilder(OWN)
    cluster.add_user_secret("mine", own_account("Once-and-4-all"))
    return at_rest(cluster)


def changed(cluster: ClusterBuilder, **request: Any) -> set[tuple[str, str]]:
    """Secrets and keys that one call changes."""
    before = all_data(cluster.copy())
    cluster.sync(sync, **request)
    after = all_data(cluster)
    return {
        (name, key)
        for name in after
        for key in after[name].keys() | before.get(name, {}).keys()
        if after[name].get(key) != before.get(name, {}).get(key)
    }


# --- one step rests on another --------------------------------------------------------------------
def test_each_step_rests_on_what_is_observed_of_the_one_before() -> None:
    """Coming password, patch, Job, note, present password: never two of them in one call."""
    cluster = rotating(0)
    coming = {(name, key) for name, key in NEXT.items()}
    assert changed(cluster) == coming
    assert changed(cluster) == {
        (SECURITY, key) for key in ("internal_users.yml", "password-digests", "security-patch.json")
    }
    assert cluster.jobs() == []
    assert changed(cluster) == set()
    [job] = cluster.jobs()
    assert changed(cluster) == set()
    cluster.end_jobs()
    assert changed(cluster) == {(SECURITY, "applied-digest")}
    assert cluster.jobs() == [job | {"status": cluster.jobs()[0]["status"]}]
    assert changed(cluster) == coming | {(name, key) for name, key in PRESENT.items()}
    assert len(cluster.jobs()) == 1
    assert changed(cluster) == set()
    assert cluster.jobs() == []


def test_the_coming_password_becomes_the_present_one_and_nothing_else_changes() -> None:
    """Byte for byte what the patch was made from; other keys stay."""
    before = steady()
    cluster = rotating(3)
    coming = {name: data(cluster, name)[key] for name, key in NEXT.items()}
    cluster.end_jobs()
    rounds(cluster, 2)
    for name, word in coming.items():
        assert data(cluster, name) == {**data(before, name), PRESENT[name]: word}


def test_a_change_comes_to_rest() -> None:
    """Nothing is written any more, and the value acts never again."""
    cluster = rotating(3)
    cluster.end_jobs()
    at_rest(cluster)
    assert changed(cluster) == set()
    assert cluster.parent["status"]["requests"] == {ROTATE_PASSWORDS: "one"}


# --- what is wanted -------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [ADMIN, CONSOLE])
def test_an_order_found_on_the_secret_or_in_the_status_does_nothing(name: str) -> None:
    """A Secret restored from a backup has lost the note; the status has it still."""
    cluster = rotating(3)
    cluster.end_jobs()
    at_rest(cluster)
    del cluster.child("Secret", name)["metadata"]["annotations"][ROTATE_PASSWORDS]
    assert changed(cluster) == set()
    without_status = steady()
    without_status.annotate(rotate_passwords="one")
    for one in (ADMIN, CONSOLE):
        noted = without_status.child("Secret", one)["metadata"].setdefault("annotations", {})
        noted[ROTATE_PASSWORDS] = "one"
    assert changed(without_status) == set()


def test_an_order_that_only_one_secret_has_noted_is_followed_by_the_other() -> None:
    """The write of one was refused; the patch waits for both, so there is one Job."""
    cluster = rotating(1)
    before = steady()
    cluster.children["v1", "Secret", CONSOLE] = before.child("Secret", CONSOLE)
    assert "requests" not in cluster.parent["status"]
    assert changed(cluster) == {(CONSOLE, NEXT[CONSOLE])}
    rounds(cluster, 2)
    assert len(cluster.jobs()) == 1


def test_a_rotation_leaves_the_users_password_alone() -> None:
    """Only what was generated is rotated; the order is noted on both."""
    cluster = with_own_account()
    cluster.annotate(rotate_passwords="one")
    assert changed(cluster) == {(CONSOLE, NEXT[CONSOLE])}
    noted = cluster.child("Secret", ADMIN)["metadata"]["annotations"]
    assert noted[ROTATE_PASSWORDS] == "one"


@pytest.mark.parametrize(
    "secret",
    [
        None,
        own_account("short"),
        own_account("Once-and-4-all"),
        {**own_account("Another-1.x"), "username": base64_of("chief")},
        {"username": base64_of("boss")},
    ],
    ids=["missing", "unusable", "the same", "another name", "no password"],
)
def test_a_user_secret_without_a_usable_new_password_starts_nothing(
    secret: dict[str, str] | None,
) -> None:
    """Neither a fallback nor a guess."""
    cluster = with_own_account()
    del cluster.related["v1", "Secret", "mine"]
    if secret is not None:
        cluster.add_user_secret("mine", secret)
    assert changed(cluster) == set()


def test_a_newer_wish_waits_for_the_one_under_way() -> None:
    """Until the index has taken the coming password, whatever the user writes meanwhile."""
    cluster = with_own_account()
    cluster.add_user_secret("mine", own_account("Second-1.x"))
    rounds(cluster, 1)
    cluster.add_user_secret("mine", own_account("Third-one.1"))
    rounds(cluster, 3)
    assert data(cluster, ADMIN)[NEXT[ADMIN]] == base64_of("Second-1.x")
    cluster.end_jobs()
    rounds(cluster, 2)
    assert data(cluster, ADMIN)[PRESENT[ADMIN]] == base64_of("Second-1.x")
    rounds(cluster, 1)
    assert data(cluster, ADMIN)[NEXT[ADMIN]] == base64_of("Third-one.1")


@pytest.mark.parametrize("word", ["no good", "", None], ids=["unusable", "empty", "the present"])
def test_a_coming_password_by_hand_that_says_nothing_is_left_alone(word: str | None) -> None:
    """It starts nothing; a real one takes its place."""
    cluster = steady()
    before = dict(data(cluster, ADMIN))
    by_hand = before[PRESENT[ADMIN]] if word is None else base64_of(word)
    data(cluster, ADMIN)[NEXT[ADMIN]] = by_hand
    assert changed(cluster) == set()
    assert changed(cluster) == set()
    cluster.annotate(rotate_passwords="one")
    rounds(cluster, 3)
    assert data(cluster, ADMIN)[NEXT[ADMIN]] != by_hand
    cluster.end_jobs()
    at_rest(cluster)
    assert data(cluster, ADMIN).keys() == before.keys()


def test_a_coming_password_from_a_backup_is_taken_to_the_index() -> None:
    """It was put back in the middle of a change: the change goes on."""
    cluster = steady()
    data(cluster, ADMIN)[NEXT[ADMIN]] = base64_of("By-hand-1.x")
    rounds(cluster, 2)
    assert len(cluster.jobs()) == 1
    cluster.end_jobs()
    at_rest(cluster)
    assert data(cluster, ADMIN)[PRESENT[ADMIN]] == base64_of("By-hand-1.x")
    assert NEXT[ADMIN] not in data(cluster, ADMIN)


# --- lost and restored ----------------------------------------------------------------------------
@pytest.mark.parametrize("name", [ADMIN, CONSOLE])
def test_lost_credentials_are_made_anew_in_their_place(name: str) -> None:
    """The old password is not known any more, so there is none to keep beside the new one."""
    cluster = steady()
    old = dict(data(cluster, name))
    cluster.remove("Secret", name)
    cluster.annotate(recreate_secret=f"{name}/again")
    rounds(cluster, 1)
    assert data(cluster, name).keys() == old.keys()
    assert data(cluster, name)[PRESENT[name]] != old[PRESENT[name]]
    rounds(cluster, 2)
    assert len(cluster.jobs()) == 1
    assert cluster.parent["status"]["requests"] == {RECREATE_SECRET: f"{name}/again"}


@pytest.mark.parametrize("name", [ADMIN, CONSOLE])
def test_templates_keep_their_hash_until_the_index_has_the_new_password(name: str) -> None:
    """Pods would roll onto a password with which nobody can log in."""
    cluster = steady()
    before = {one["metadata"]["name"]: one["spec"]["template"] for one in cluster.workloads()}
    cluster.remove("Secret", name)
    cluster.annotate(recreate_secret=f"{name}/again")
    for _ in range(6):
        cluster.sync(sync)
        cluster.wait(seconds=100)
    after = {one["metadata"]["name"]: one["spec"]["template"] for one in cluster.workloads()}
    assert after == before
    cluster.end_jobs()
    at_rest(cluster)
    rolled = {
        one["metadata"]["name"]
        for one in cluster.workloads()
        if one["spec"]["template"] != before[one["metadata"]["name"]]
    }
    readers = {ADMIN: {"wz-manager-master", "wz-manager-worker"}, CONSOLE: {"wz-dashboard"}}
    assert rolled == readers[name]


def test_a_password_edited_by_hand_is_taken_to_the_index() -> None:
    """Or a backup that was put back: what the Secret says is what is wanted."""
    cluster = steady()
    data(cluster, ADMIN)[PRESENT[ADMIN]] = base64_of("By-hand-1.x")
    rounds(cluster, 2)
    assert len(cluster.jobs()) == 1
    assert data(cluster, ADMIN)[PRESENT[ADMIN]] == base64_of("By-hand-1.x")


def test_a_cluster_of_an_earlier_release_runs_the_job_once() -> None:
    """Its security Secret has no patch; nothing else changes and nothing rolls."""
    cluster = steady()
    before = all_data(cluster.copy())
    for key in ("security-patch.json", "applied-digest"):
        del data(cluster, SECURITY)[key]
    assert changed(cluster) == {(SECURITY, "security-patch.json")}
    rounds(cluster, 1)
    assert len(cluster.jobs()) == 1
    cluster.end_jobs()
    at_rest(cluster)
    assert all_data(cluster) == before


def test_an_immutable_security_secret_stops_nothing_else() -> None:
    """It can take no patch: the files are what the index has, and other changes go on."""
    cluster = steady()
    for key in ("security-patch.json", "applied-digest"):
        del data(cluster, SECURITY)[key]
    cluster.child("Secret", SECURITY)["immutable"] = True
    cluster.edit(lambda spec: spec.update(dashboard={"config": {"server.name": "siem"}}))
    at_rest(cluster)
    assert cluster.jobs() == []


@pytest.mark.parametrize("failure", ["", "BackoffLimitExceeded"])
def test_a_patch_stays_until_its_job_has_ended(failure: str) -> None:
    """Of two that are on their way at once the older one could arrive last."""
    cluster = rotating(3)
    patch = data(cluster, SECURITY)["security-patch.json"]
    cluster.remove("Secret", CONSOLE)
    cluster.annotate(recreate_secret=f"{CONSOLE}/again")
    rounds(cluster, 3)
    assert data(cluster, SECURITY)["security-patch.json"] == patch
    assert len(cluster.jobs()) == 1
    cluster.end_jobs(failure)
    rounds(cluster, 3)
    assert data(cluster, SECURITY)["security-patch.json"] != patch
    assert len(cluster.jobs()) == 1


# --- views ----------------------------------------------------------------------------------------
SEEN_LATE: Final[tuple[Key, ...]] = (
    ("v1", "Secret", ADMIN),
    ("v1", "Secret", CONSOLE),
    ("v1", "Secret", SECURITY),
    ("apps/v1", "StatefulSet", "wz-indexer"),
)


@pytest.mark.parametrize("steps", range(6))
@pytest.mark.parametrize("unseen", SEEN_LATE, ids=lambda key: key[2])
def test_what_is_not_seen_changes_no_password(unseen: Key, steps: int) -> None:
    """At any step: nothing is made for what exists, and the Job that runs stays."""
    cluster = rotating(steps if steps < 4 else 3)
    if steps >= 4:
        cluster.end_jobs()
        rounds(cluster, steps - 4)
    before = cluster.copy()
    answered = sync(
        cluster.request(unseen=[unseen]), now=cluster.now, entropy=seeded_entropy(4711)
    ).response.children
    for name, key in PRESENT.items():
        sent = _sent(answered, "Secret", name)
        if sent is not None and ("v1", "Secret", name) != unseen:
            allowed = {data(before, name)[key], data(before, name).get(NEXT[name])}
            assert sent["data"][key] in allowed
    for job in before.jobs():
        if not job.get("status"):
            assert _sent(answered, "Job", job["metadata"]["name"]) is not None


def _sent(children: tuple[Manifest, ...], kind: str, name: str) -> Manifest | None:
    found = (one for one in children if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return next(found, None)
