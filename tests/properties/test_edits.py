"""A spec says all: neither what it said before nor what was refused in between leaves a trace."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import assume, example, given, note
from hypothesis import strategies as st

from app.hook.customize import customize
from app.names import CERT_HASH
from app.observed.last_applied import last_applied
from app.result import Outcome
from tests.cluster_builder import ClusterBuilder, key_of
from tests.properties.profile import examples
from tests.seeded import answer, ask, differences, edited, paths, rest, reworded, running
from tests.strategies import edits, invalid_specs, moments, specs, with_nulls
from tests.strategies.faulty import merged

pytestmark = pytest.mark.slow

Spec = dict[str, Any]


@examples(25)
@given(pair=edits())
def test_the_past_leaves_no_trace(pair: tuple[Spec, Spec]) -> None:
    """A cluster that had another spec equals one made from the last, keys and dates aside."""
    before, after = pair
    note(f"{before} to {after}")
    assert differences(edited(running(before), after), running(after)) == []


@examples(18)
@given(pair=edits(), data=st.data())
def test_changes_of_mind_leave_no_trace(pair: tuple[Spec, Spec], data: st.DataObject) -> None:
    """An edit that is replaced before it is done equals one that never was."""
    before, after = pair
    cluster = reworded(running(before), after)
    for _ in range(data.draw(st.integers(0, 3))):
        ask(cluster)
        cluster.wait(seconds=data.draw(st.sampled_from([5, 100])))
        if data.draw(st.booleans()):
            cluster.settle()
    # The new version may have been started; there is no way back from it.
    last = {**after, "rollout": before.get("rollout", {})}
    assert differences(edited(cluster, last), running(last)) == []


@examples(20)
@given(spec=specs(), data=st.data())
def test_null_is_absent(spec: Spec, data: st.DataObject) -> None:
    """Nulls that a template leaves behind change nothing in any answer."""
    cluster = running(spec)
    told = orjson.dumps(answer(cluster).response.on_wire())
    cluster.parent["spec"] = data.draw(with_nulls(spec))
    note(cluster.parent["spec"])
    assert orjson.dumps(answer(cluster).response.on_wire()) == told


@examples(80)
@given(cluster=moments(), spec=invalid_specs())
def test_an_invalid_spec_moves_nothing(cluster: ClusterBuilder, spec: object) -> None:
    """Any JSON is answered; where it is refused, every child is sent as it was last applied."""
    reworded(cluster, spec)
    result = answer(cluster)
    status = result.response.status
    assert status is not None
    if result.report.outcome is not Outcome.FROZEN:
        assert result.report.outcome is Outcome.APPLIED
        return
    sent = {key_of(one): one for one in result.response.children}
    applied = {key: last_applied(one) for key, one in cluster.children.items()}
    # Templates follow certificates that the last good spec has renewed.
    found = [path for path in paths(sent, applied) if CERT_HASH not in path]
    assert found == []
    judged = {one["type"]: one for one in status["conditions"]}
    assert status["phase"] == "Failed"
    assert (judged["Ready"]["status"], judged["Ready"]["reason"]) == ("False", "ReconcileError")
    assert (judged["SpecValid"]["status"], judged["SpecValid"]["reason"]) == ("False", "Invalid")
    assert judged["SpecValid"]["message"].startswith(("spec", "metadata.name"))


def _nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    "value",
    [10**30, -(10**30), "\ud800", _nested(300), {1: 2}],
    ids=["beyond 64 bits", "below them", "half a character", "too deep", "a key that is none"],
)
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    """From a file or a lenient decoder: a fault of the spec, not of the program."""
    cluster = reworded(running({}), {"indexer": {"replicas": value}})
    result = answer(cluster)
    assert result.report.outcome is Outcome.FROZEN
    assert {key_of(one) for one in result.response.children} == cluster.children.keys()


@examples(80)
@given(spec=invalid_specs())
@example(spec=None)
def test_customize_answers_for_any_spec(spec: object) -> None:
    """Else the status that says what is wrong could never be written; no rule selects all."""
    parent = reworded(ClusterBuilder(), spec).parent
    for rule in customize({"parent": parent})["relatedResources"]:
        assert rule.get("names") or rule.get("labelSelector")


@examples(18)
@given(spec=specs(), bad=invalid_specs())
def test_a_refused_spec_leaves_no_trace(spec: Spec, bad: object) -> None:
    """Good, bad, good again: no child is ever written."""
    cluster = running(spec)
    before = {key: one["metadata"]["resourceVersion"] for key, one in cluster.children.items()}
    reworded(cluster, merged(spec, bad) if isinstance(bad, dict) else bad)
    assume(answer(cluster).report.outcome is Outcome.FROZEN)
    for _ in range(2):
        ask(cluster)
        cluster.wait(seconds=100)
    rest(reworded(cluster, spec))
    after = {key: one["metadata"]["resourceVersion"] for key, one in cluster.children.items()}
    assert after == before
