"""The answer rests on the state alone: not on who asks, in which order, or on lagging informers."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hook.sync import sync
from app.result import Manifest, Result
from app.rollout.hash_gate import SECRET_AGE
from app.simulation.merge import canonical_json
from tests.cluster_builder import NAMES, ClusterBuilder, Key, key_of, seeded_entropy
from tests.properties.profile import examples
from tests.seeded import answer, differences, forbidden_changes, paths, rest, running
from tests.strategies import moments, shuffled, subsets

pytestmark = pytest.mark.slow

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
def test_order_is_of_no_importance(cluster: ClusterBuilder, *, seed: int, is_v1: bool) -> None:
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
    # A dashboard whose Deployment is not seen takes its configuration as if it were new.
    changed = {
        key
        for key, one in seen.items()
        if key[1] == "Secret"
        and key in told
        and key[2] != NAMES.dashboard_wazuh
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
    cluster: ClusterBuilder, *, is_blind: bool, data: st.DataObject
) -> None:
    """Any part of the children unseen: identity stays, and the end is the one without that."""
    unseen = data.draw(subsets(cluster.children))
    result = check_partial(cluster, unseen, is_blind=is_blind)
    disturbed = refused_creates(cluster, result, unseen)
    assert differences(rest(disturbed), rest(cluster)) == []


@pytest.mark.parametrize("is_blind", [False, True], ids=["related is shown", "related lags"])
@pytest.mark.parametrize("is_alone", [False, True], ids=["one unseen", "one seen"])
def test_each_child_may_be_the_one(*, is_alone: bool, is_blind: bool) -> None:
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
#: As long as one of two clocks may find a Secret too young, and the minute between them.
QUARREL = SECRET_AGE + timedelta(minutes=1)


def contents(cluster: ClusterBuilder) -> dict[Key, str]:
    """What people and pods see of each child."""
    found: dict[Key, str] = {}
    for key, one in cluster.children.items():
        metadata = {name: one["metadata"].get(name, {}) for name in ("labels", "annotations")}
        body = {name: item for name, item in one.items() if name not in {"metadata", "status"}}
        found[key] = canonical_json({**body, "metadata": metadata})
    return found


def undone(history: list[dict[Key, str]]) -> list[str]:
    """Children that came back to what they had been after they had been something else."""
    found = []
    for key in sorted({key for step in history for key in step}):
        values = [step.get(key, "") for step in history]
        turns = [one for one, before in zip(values[1:], values, strict=False) if one != before]
        if len({values[0], *turns}) <= len(turns):
            found.append(f"{key[1]} {key[2]}")
    return found


def alternate(cluster: ClusterBuilder, seconds: int) -> list[dict[Key, str]]:
    """Let two replicas answer in turn, one of which is a minute ahead; the states between."""
    history = [contents(cluster)]
    for number in range(seconds // 3):
        ahead = timedelta(minutes=number % 2)
        request, entropy = cluster.request(), seeded_entropy(1000 + cluster.calls)
        cluster.calls += 1
        result = sync(request, now=cluster.now + ahead, entropy=entropy)
        assert forbidden_changes(cluster.children, result.response.children) == []
        cluster.apply(result.response.on_wire())
        cluster.wait(seconds=3)
        history.append(contents(cluster))
    return history


def are_agreed(cluster: ClusterBuilder) -> bool:
    """Whether both replicas write nothing, status included, once no Secret is young any more."""
    cluster.wait(seconds=QUARREL.total_seconds())
    alternate(cluster, 12)
    before = cluster.writes
    alternate(cluster, 12)
    return cluster.writes == before


@examples(25)
@given(cluster=moments(), is_settling=st.booleans())
def test_replicas_a_minute_apart_do_not_undo_each_other(
    cluster: ClusterBuilder, *, is_settling: bool
) -> None:
    """No child goes back and forth, and after a few answers nothing is written."""
    if is_settling:
        cluster.settle()
    assert undone(alternate(cluster, 24)) == []
    assert are_agreed(cluster)


@pytest.mark.parametrize("ahead", [1, 30, 59], ids="{} s before".format)
@pytest.mark.parametrize("kind", ["renewal", "end of a leaf", "renewal of the CA"])
def test_replicas_do_not_quarrel_about_a_moment(kind: str, ahead: int) -> None:
    """One is before the moment at which a certificate is due, the other one after it.

    Nor does the one that is behind take what the other one wrote for old: no template follows
    before the Secrets have reached every node.
    """
    cluster = running({"tls": {"certConfig": {"caValidityDays": 400}}})
    status = cluster.parent["status"]
    due = {
        "renewal": min(one["renewalTime"] for one in status["certificates"]),
        "end of a leaf": min(one["notAfter"] for one in status["certificates"]),
        "renewal of the CA": status["certificateAuthority"]["renewalTime"],
    }[kind]
    cluster.now = datetime.fromisoformat(due) - timedelta(seconds=ahead)
    early = alternate(cluster, 24)
    templates = [{key: one for key, one in step.items() if key[1] in WORKLOADS} for step in early]
    assert early[-1] != early[0]
    assert templates == [templates[0]] * len(templates)
    late = alternate(cluster, int(QUARREL.total_seconds()))
    assert undone([*early, *late]) == []
    assert late[-1] != early[-1]
    assert are_agreed(cluster)
