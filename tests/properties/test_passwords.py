"""A change of passwords at any step, seen in part: nobody's password is lost, and it ends."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from typing import Final

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.credentials.index_state import index_state
from app.hook.sync import sync
from app.observed.request import read
from app.result import Manifest
from tests.cluster_builder import NAMES, ClusterBuilder, Key, key_of
from tests.properties.profile import examples
from tests.properties.test_views import partial, refused_creates
from tests.scenarios import base64_of, rounds
from tests.seeded import forbidden_changes, running
from tests.strategies import subsets
from tests.user_objects import ADMINISTRATOR

pytestmark = pytest.mark.slow

ADMIN, CONSOLE, SECURITY = (
    NAMES.indexer_credentials,
    NAMES.dashboard_credentials,
    NAMES.indexer_security,
)
#: Present and coming password of each Secret.
KEYS: Final = {
    ADMIN: ("admin-password", "next-admin-password"),
    CONSOLE: ("dashboard-password", "next-dashboard-password"),
}
OWN: Final = {"indexer": {"credentials": {"secretName": ADMINISTRATOR}}}


@pytest.fixture(scope="module", autouse=True)
def _hashes_are_kept() -> Iterator[None]:
    """Equal password and salt give an equal hash."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "hashpw", cache(bcrypt.hashpw))
        yield


def begun(how: str) -> ClusterBuilder:
    """A cluster at rest in which other passwords are wanted."""
    cluster = running(OWN if how == "the user's" else {}).copy()
    match how:
        case "the user's":
            secret = cluster.related["v1", "Secret", ADMINISTRATOR]
            secret["data"] |= {"password": base64_of("Another-1.word")}
        case "lost":
            cluster.remove("Secret", CONSOLE)
            cluster.annotate(recreate_secret=f"{CONSOLE}/again")
        case "an earlier release":
            data = cluster.child("Secret", SECURITY)["data"]
            del data["security-patch.json"], data["applied-digest"]
        case _:
            cluster.annotate(rotate_passwords="one")
    return cluster


@st.composite
def changes(draw: st.DrawFn) -> ClusterBuilder:
    """A change at any step, its Job in any state."""
    how = draw(st.sampled_from(["by order", "the user's", "lost", "an earlier release"]))
    cluster = rounds(begun(how), draw(st.integers(0, 4)))
    ending = draw(st.sampled_from([None, "", "BackoffLimitExceeded", "PodFailurePolicy"]))
    if ending is not None:
        cluster.end_jobs(ending)
        rounds(cluster, draw(st.integers(0, 3)))
    cluster.wait(seconds=draw(st.sampled_from([0, 100, 700])))
    return cluster


def passwords(children: dict[Key, Manifest], name: str) -> set[str]:
    """Present and coming password in a Secret."""
    data = children.get(("v1", "Secret", name), {}).get("data", {})
    return {data[key] for key in KEYS[name] if key in data}


def finished(cluster: ClusterBuilder) -> ClusterBuilder:
    """The cluster after every Job succeeded and nothing is written any more."""
    for _ in range(20):
        before = cluster.writes
        cluster.sync(sync)
        is_quiet = cluster.writes == before and not cluster.jobs()
        cluster.settle()
        cluster.end_jobs()
        cluster.wait(seconds=100)
        if is_quiet:
            return cluster
    raise AssertionError(cluster.parent["status"]["conditions"])


def check_end(cluster: ClusterBuilder) -> None:
    """The index has what the Secrets say, by a hash that fits, and nothing is left over."""
    state = index_state(read(cluster.request()).observed, NAMES)
    assert state.is_settled
    assert state.has_next == frozenset()
    data = cluster.child("Secret", SECURITY)["data"]
    patch = base64.b64decode(data["security-patch.json"])
    assert base64.b64decode(data["applied-digest"]).decode() == hashlib.sha256(patch).hexdigest()
    hashes = {one["path"]: one["value"]["hash"].encode() for one in json.loads(patch)}
    for name, (key, _) in KEYS.items():
        secret = cluster.child("Secret", name)["data"]
        user = base64.b64decode(secret[key.replace("password", "username")]).decode()
        word = base64.b64decode(secret[key])
        assert bcrypt.hashpw(word, hashes[f"/{user}"]) == hashes[f"/{user}"]


@examples(25)
@given(cluster=changes(), is_blind=st.booleans(), data=st.data())
def test_a_part_of_the_view_changes_no_password_and_the_change_ends(
    cluster: ClusterBuilder, *, is_blind: bool, data: st.DataObject
) -> None:
    """Nothing but a coming password is new, a Job that runs stays, and the end is the same."""
    unseen = data.draw(subsets(cluster.children))
    result = partial(cluster, unseen, is_blind=is_blind)
    told = {key_of(one): one for one in result.response.children}
    seen = {key: one for key, one in cluster.children.items() if key not in unseen}
    assert forbidden_changes(seen, result.response.children) == []
    for name, (present, _) in KEYS.items():
        key = ("v1", "Secret", name)
        if key in seen and key in told:
            assert told[key]["data"][present] in passwords(seen, name)
    for key, one in seen.items():
        if key[1] == "Job" and not one.get("status"):
            assert key in told
    disturbed = refused_creates(cluster, result, unseen)
    check_end(finished(disturbed))


@examples(20)
@given(cluster=changes())
def test_a_call_writes_either_credentials_or_the_security_secret(cluster: ClusterBuilder) -> None:
    """What rests on a write rests on its being observed."""
    before = {key: one.get("data") for key, one in cluster.copy().children.items()}
    cluster.sync(sync)
    changed = {
        key[2]
        for key, one in cluster.children.items()
        if key[1] == "Secret" and one.get("data") != before.get(key)
    }
    assert not (changed & KEYS.keys() and SECURITY in changed)


@examples(25)
@given(cluster=changes())
def test_every_change_ends(cluster: ClusterBuilder) -> None:
    """With Jobs that succeed, whatever happened before."""
    check_end(finished(cluster))
