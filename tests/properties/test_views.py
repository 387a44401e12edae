"""The answer rests on the state alone: not on who asks, in which order, or on lagging informers."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hook.sync import sync
from app.names import DATA_WRITTEN
from app.result import Manifest, Result
from app.rollout.hash_gate import SECRET_AGE
from app.simulation.merge import canonical_json
from tests.cluster_builder import NAMES, ClusterBuilder, Key, key_of, seeded_entropy
from tests.properties.profile import examples
from tests.seeded import answer, differences, forbidden_changes, paths, rest, running
from tests.strategies import moments, shuffled, subsets

WORKLOADS = frozenset({"StatefulSet", "Deployment"})


def wire(result: Result) -> bytes:
    """The bytes that an answer is sent as."""
    return orjson.dumps(result.response.on_wire())


@examples(40)
@given(cluster=moments())
def test_two_calls_are_equal_and_change_nothing(cluster: ClusterBuilder) -> None:
    """The answer is a function of request, time and entropy; the request stays as it was."""
    request, untouched = cluster.request(), cluster.request()
    entropy = seeded_entropy(1)
    first = sync(request, now=cluster.now, entropy=entropy)
    assert request == untouched
    copied = orjson.loads(orjson.dumps(request))
    second = sync(copied, now=cluster.now, entropy=seeded_entropy(1))
    assert wire(first) == wire(second)
    assert first.report == second.report


@examples(40)
@given(cluster=moments(), seed=st.integers(0, 2**32), is_v1=st.booleans())
def test_order_is_of_no_importance(cluster: ClusterBuilder, seed: int, is_v1: bool) -> None:
    """Children and keys in another order, and the inner keys of hook v1: the same answer."""
    request = cluster.request()
    other = shuffled(request, seed, is_v1=is_v1)
    first, second = (
        json.loads(wire(sync(one, now=cluster.now, entropy=seeded_entropy(1))))
        for one in (request, other)
    )
    assert paths(first, second) == []


# --- lagging informers ----------------------------------------------------------------------------
def partial(cluster: ClusterBuilder, unseen: frozenset[Key], *, is_blind: bool) -> Result:
    """Answer to a request without some children; ``is_blind``: ``related`` lags as well."""
    request = cluster.request(unseen=unseen)
    if is_blind:
        names = {key[2] for key in unseen}
        for group, objects in request["related"].items():
            request["related"][group] = {
                key: one for key, one in objects.items() if one["metadata"]["name"] not in names
            }
    return sync(request, now=cluster.now, entropy=seeded_entropy(cluster.calls + 1))


def refused_creates(
    cluster: ClusterBuilder, result: Result, unseen: frozenset[Key]
) -> ClusterBuilder:
    """A cluster to which an answer was applied whose creates of ``unseen`` were refused."""
    applied = cluster.copy()
    hidden = {key: applied.children.pop(key) for key in unseen}
    applied.calls += 1
    applied.apply(result.response.on_wire())
    applied.children |= hidden
    return applied


def data_of(children: Mapping[Key, Manifest], key: Key) -> object:
    """Data of a Secret, or None."""
    return children.get(key, {}).get("data")


def check_partial(cluster: ClusterBuilder, unseen: frozenset[Key], *, is_blind: bool) -> Result:
    """Nothing that is seen is lost, and nothing new rests on what is not seen."""
    whole = {key_of(one): one for one in answer(cluster).response.children}
    result = partial(cluster, unseen, is_blind=is_blind)
    told = {key_of(one): one for one in result.response.children}
    seen = {key: one for key, one in cluster.children.items() if key not in unseen}
    assert forbidden_changes(seen, result.response.children) == []
    assert (whole.keys() & seen.keys()) - told.keys() == set()
    changed = {
        key
        for key, one in seen.items()
        if key[1] == "Secret"
        and key in told
        and data_of(told, key) not in (one.get("data"), data_of(whole, key))
    }
    assert changed == set()
    if not is_blind:
        identity = {("v1", "Secret", name) for name in NAMES.identity_secrets}
        made = {
            key
            for key in identity & unseen & told.keys()
            if data_of(told, key) != data_of(cluster.children, key)
        }
        assert made == set()
    return result


@examples(40)
@given(cluster=moments(), is_blind=st.booleans(), data=st.data())
def test_what_is_not_seen_is_not_lost(
    cluster: ClusterBuilder, is_blind: bool, data: st.DataObject
) -> None:
    """Any part of the children unseen: identity stays, and the end is that of an undisturbed run."""
    unseen = data.draw(subsets(cluster.children))
    result = check_partial(cluster, unseen, is_blind=is_blind)
    disturbed = refused_creates(cluster, result, unseen)
    assert differences(rest(disturbed), rest(cluster)) == []


@pytest.mark.parametrize("is_blind", [False, True], ids=["related is shown", "related lags"])
@pytest.mark.parametrize("is_alone", [False, True], ids=["one unseen", "one seen"])
def test_each_child_may_be_the_one(is_alone: bool, is_blind: bool) -> None:
    """Every single child unseen, and every single one the only one seen."""
    cluster = running({"manager": {"logRotation": {"enabled": True}}})
    every = frozenset(cluster.children)
    for key in sorted(every):
        check_partial(cluster, every - {key} if is_alone else frozenset({key}), is_blind=is_blind)


@examples(25)
@given(cluster=moments(), data=st.data())
def test_a_part_of_an_answer_is_enough(cluster: ClusterBuilder, data: st.DataObject) -> None:
    """Whatever part of the answer was applied before the hook was stopped: the same end."""
    result = answer(cluster)
    applied = cluster.copy()
    applied.calls += 1
    applied.apply(result.response.on_wire())
    skipped = data.draw(subsets(applied.children.keys() | cluster.children.keys()))
    for key in skipped:
        before = cluster.children.get(key)
        applied.children.pop(key, None)
        if before is not None:
            applied.children[key] = copy.deepcopy(before)
    assert differences(rest(applied), rest(cluster)) == []


# --- two replicas of the hook ---------------------------------------------------------------------
def undone(history: list[dict[Any, str]]) -> list[str]:
    """Objects that came back to what they had been after they had been something else."""
    found = []
    for key in {key for step in history for key in step}:
        values = [step.get(key, "") for step in history]
        changes = [one for one, before in zip(values[1:], values, strict=False) if one != before]
        if len(set(changes) | {values[0]}) <= len(changes):
            found.append(str(key))
    return sorted(found)


def contents(cluster: ClusterBuilder) -> dict[Any, str]:
    """What people and pods see of each child, and of the status."""
    found: dict[Any, str] = {}
    for key, one in cluster.children.items():
        metadata = {
            name: one["metadata"].get(name, {}) for name in ("labels", "annotations")
        }
        rest_of_it = {name: item for name, item in one.items() if name not in {"metadata", "status"}}
        found[key] = canonical_json({**rest_of_it, "metadata": metadata})
    return found | {"status": canonical_json(cluster.parent.get("status"))}


def alternate(cluster: ClusterBuilder, rounds: int) -> list[dict[Any, str]]:
    """Let two replicas answer in turn, one of which is a minute ahead."""
    history = [contents(cluster)]
    for number in range(rounds):
        ahead = timedelta(minutes=number % 2)
        request, entropy = cluster.request(), seeded_entropy(1000 + number)
        result = sync(request, now=cluster.now + ahead, entropy=entropy)
        assert forbidden_changes(cluster.children, result.response.children) == []
        cluster.apply(result.response.on_wire())
        cluster.wait(seconds=3)
        history.append(contents(cluster))
    return history


@examples(30)
@given(cluster=moments(), is_settling=st.booleans())
def test_replicas_a_minute_apart_do_not_undo_each_other(
    cluster: ClusterBuilder, is_settling: bool
) -> None:
    """No object goes back and forth, and after a few answers none is written."""
    if is_settling:
        cluster.settle()
    history = alternate(cluster, 10)
    assert undone(history) == []
    assert history[-1] == history[-3]


@pytest.mark.parametrize("ahead", [1, 30, 59], ids="{} s before the moment".format)
@pytest.mark.parametrize("kind", ["renewal", "expiry", "of the CA", "young Secrets"])
def test_replicas_do_not_quarrel_about_a_moment(kind: str, ahead: int) -> None:
    """One is before the moment at which something is due, the other one after it."""
    cluster = running({"tls": {"certConfig": {"caValidityDays": 400}}})
    status = cluster.parent["status"]
    leaves = status["certificates"]
    moments_by_kind = {
        "renewal": min(one["renewalTime"] for one in leaves),
        "expiry": min(one["notAfter"] for one in leaves),
        "of the CA": status["certificateAuthority"]["renewalTime"],
    }
    if kind in moments_by_kind:
        due = datetime.fromisoformat(moments_by_kind[kind])
    else:
        cluster.remove("Secret", NAMES.certs("dashboard"))
        cluster.sync(sync)
        written = cluster.child("Secret", NAMES.certs("dashboard"))["metadata"]["annotations"]
        due = datetime.fromisoformat(written[DATA_WRITTEN]) + SECRET_AGE
    cluster.now = due - timedelta(seconds=ahead)
    history = alternate(cluster, 60)
    assert undone(history) == []
    assert history[-1] == history[-3]
