"""The sync hook as a whole: when it asks to come back, what its answers are made of."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from app.errors import RegistrationError, RequestError
from app.hook.sync import sync
from app.result import Manifest, Outcome
from app.status.resync import resync_seconds
from tests.cluster_builder import NAMES, NAMESPACE, NOW, ClusterBuilder, key_of, seeded_entropy
from tests.registration import group_key, group_keys
from tests.scenarios import KEY_REFERENCE, base64_of
from tests.steps import (
    AGED,
    DASHBOARD,
    INDEXER,
    MASTER,
    TIERS,
    WORKER,
    answer,
    has_child,
    rested,
    status,
    stored,
    template,
)

RECORDINGS: Final = sorted((Path(__file__).parents[1] / "recordings").glob("*.json"))
BLUE: Final = {"podAnnotations": {"team": "blue"}}
BAD: Final = {"indexer": {"javaOpts": "-Xms1g"}}


# --- when to come back --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "waiting", "due", "seconds"),
    [
        pytest.param(False, False, (), 43_200, id="nothing-is-due"),
        pytest.param(False, False, (7200,), 7200, id="a-moment"),
        pytest.param(False, False, (7200, 60, None), 60, id="the-next-moment"),
        pytest.param(False, False, (864_000,), 43_200, id="at-most-half-a-day"),
        pytest.param(False, False, (59.2,), 60, id="rounded-up"),
        pytest.param(False, False, (0,), 1, id="now"),
        pytest.param(False, False, (-5,), 1, id="past"),
        pytest.param(False, True, (7200,), 10, id="waiting"),
        pytest.param(False, True, (3,), 3, id="waiting-and-soon-due"),
        pytest.param(True, True, (7200,), 1, id="written"),
    ],
)
def test_the_smallest_delay_applies(
    written: bool,  # noqa: FBT001 - a column of the table
    waiting: bool,  # noqa: FBT001 - a column of the table
    due: tuple[float | None, ...],
    seconds: int,
) -> None:
    """A whole number, so that a sync never comes just before its moment."""
    moments = tuple(None if one is None else NOW + timedelta(seconds=one) for one in due)
    assert resync_seconds(NOW, is_written=written, is_waiting=waiting, due=moments) == seconds


def _quiet() -> ClusterBuilder:
    return rested()


def _near_renewal() -> ClusterBuilder:
    """Ten minutes before the first renewal."""
    cluster = rested()
    times = [one["renewalTime"] for one in cluster.parent["status"]["certificates"]]
    first = min(times)
    while cluster.now.strftime("%Y-%m-%dT%H:%M:%SZ") < first:
        cluster.wait(hours=1)
    cluster.wait(hours=-1)
    cluster.sync(sync)
    return cluster


def _lossy() -> ClusterBuilder:
    cluster = rested()
    stored(cluster, WORKER)["status"].update(readyReplicas=1, availableReplicas=1)
    return cluster


def _rolling() -> ClusterBuilder:
    cluster = rested()
    cluster.edit(lambda spec: spec.update(indexer=BLUE, dashboard=BLUE))
    cluster.sync(sync)
    cluster.roll(INDEXER, updated=1, ready=2)
    return cluster


def _due() -> ClusterBuilder:
    cluster = rested()
    cluster.wait(days=341)
    return cluster


def _written() -> ClusterBuilder:
    cluster = _due()
    cluster.sync(sync)
    cluster.wait(seconds=30)
    return cluster


def _lost(secret: str) -> ClusterBuilder:
    cluster = rested()
    cluster.remove("Secret", secret)
    return cluster


def _awaiting() -> ClusterBuilder:
    cluster = rested()
    cluster.edit(lambda spec: spec.update(KEY_REFERENCE))
    return cluster


def _edited(cluster: ClusterBuilder, change: Manifest) -> ClusterBuilder:
    cluster.edit(lambda spec: spec.update(change))
    return cluster


def _deleted(cluster: ClusterBuilder) -> ClusterBuilder:
    cluster.delete()
    return cluster


@pytest.mark.parametrize(
    ("situation", "seconds"),
    [
        pytest.param(ClusterBuilder, 1, id="identity-is-generated"),
        pytest.param(_quiet, 43_200, id="all-well"),
        pytest.param(_lossy, 10, id="a-pod-is-away"),
        pytest.param(_rolling, 10, id="a-tier-rolls-and-another-is-held"),
        pytest.param(_due, 1, id="certificates-are-renewed"),
        pytest.param(_written, 60, id="a-template-waits-for-its-secrets"),
        pytest.param(lambda: _lost(NAMES.ca), 10, id="a-hold-for-the-ca"),
        pytest.param(lambda: _lost(NAMES.cluster_key), 10, id="a-hold-for-a-key"),
        pytest.param(_awaiting, 10, id="a-users-secret-is-awaited"),
        pytest.param(lambda: _edited(_quiet(), BAD), 43_200, id="permanent-error"),
        pytest.param(
            lambda: _edited(ClusterBuilder(), BAD), 0, id="permanent-error-without-certificates"
        ),
        pytest.param(lambda: _edited(_lossy(), BAD), 43_200, id="permanent-error-asks-for-no-pods"),
        pytest.param(lambda: _edited(_due(), BAD), 1, id="permanent-error-and-a-renewal"),
        pytest.param(
            lambda: _edited(_lost(NAMES.ca), BAD), 10, id="permanent-error-and-a-hold-for-the-ca"
        ),
        pytest.param(lambda: _deleted(_quiet()), 0, id="deleting"),
        pytest.param(
            lambda: _edited(_quiet(), {"indexer": {"replicas": 1}}), 43_200, id="a-field-is-held"
        ),
    ],
)
def test_when_a_sync_asks_to_come_back(
    situation: Callable[[], ClusterBuilder], seconds: int
) -> None:
    """0: not at all."""
    assert answer(situation()).response.resync_after_seconds == seconds


def test_a_sync_asks_for_the_moment_of_the_next_renewal() -> None:
    """Nothing rests on the periodic sync; the moment itself renews, a second before does not."""
    cluster = _near_renewal()
    delay = answer(cluster).response.resync_after_seconds
    assert 1 <= delay <= 3600
    cluster.wait(seconds=delay - 1)
    before = answer(cluster)
    assert (before.report.reissues, before.response.resync_after_seconds) == ((), 1)
    cluster.wait(seconds=1)
    after = answer(cluster)
    assert {one.reason for one in after.report.reissues} == {"NearExpiry"}
    assert after.response.resync_after_seconds == 1


# --- what answers are made of -------------------------------------------------------------------
def _walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _walk(one, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            yield from _walk(one, f"{path}[{index}]")


SITUATIONS: Final[dict[str, Callable[[], ClusterBuilder]]] = {
    "new": ClusterBuilder,
    "quiet": _quiet,
    "rolling": _rolling,
    "due": _due,
    "ca-lost": lambda: _lost(NAMES.ca),
    "key-lost": lambda: _lost(NAMES.cluster_key),
    "awaiting": _awaiting,
    "frozen": lambda: _edited(_rolling(), BAD),
    "deleting": lambda: _deleted(_rolling()),
    "log-rotation": lambda: _edited(_quiet(), {"manager": {"logRotation": {"enabled": True}}}),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_children_hold_no_null_and_no_float_and_are_ours(situation: str) -> None:
    """A null kills Metacontroller for everybody; what is missing from the list is deleted."""
    result = answer(SITUATIONS[situation]())
    children = result.response.children
    bad = [
        f"{one['kind']} {one['metadata']['name']}{path}"
        for one in children
        for path, value in _walk(one)
        if value is None or isinstance(value, float)
    ]
    assert bad == []
    assert len({key_of(one) for one in children}) == len(children)
    for one in children:
        assert one["metadata"]["namespace"] == NAMESPACE
        assert group_key(one["apiVersion"], one["kind"]) in group_keys()
        assert "status" not in one
        system = {"uid", "resourceVersion", "managedFields", "ownerReferences", "generation"}
        assert not system & one["metadata"].keys()
        assert "controller-uid" not in one["metadata"].get("labels", {})
    assert not [path for path, value in _walk(dict(status(result))) if value is None]
    orjson.dumps(result.response.on_wire())


@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_answer_is_a_function_of_its_request(situation: str) -> None:
    """Twice the same; and the request is left as it was."""
    cluster = SITUATIONS[situation]()
    request = cluster.request()
    before = json.dumps(request, sort_keys=True)
    first, second = (sync(request, now=cluster.now, entropy=seeded_entropy(3)) for _ in range(2))
    assert first == second
    assert json.dumps(request, sort_keys=True) == before


@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_observed_workload_is_ever_left_out(situation: str) -> None:
    """Only the spec removes one."""
    cluster = SITUATIONS[situation]()
    result = answer(cluster)
    for one in cluster.workloads():
        assert has_child(result, one["kind"], one["metadata"]["name"])


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recorded_request_of_a_real_metacontroller_is_answered(path: Path) -> None:
    """Without an error, with every observed workload, and the same twice."""
    request = orjson.loads(path.read_bytes())
    result = sync(request, now=NOW, entropy=seeded_entropy(0))
    assert result.report.outcome is Outcome.APPLIED
    assert status(result)["phase"] in {"Pending", "Creating", "Running"}
    kept = {key_of(one) for one in result.response.children}
    for group in ("StatefulSet.apps/v1", "Deployment.apps/v1"):
        assert {key_of(one) for one in request["children"][group].values()} <= kept
    assert not [path for one in result.response.children for path, v in _walk(one) if v is None]
    assert sync(request, now=NOW, entropy=seeded_entropy(0)) == result


def test_the_report_speaks_of_the_call() -> None:
    """What the edge logs and counts; no part of the answer."""
    cluster = _rolling()
    report = answer(cluster).report
    assert (report.namespace, report.name, report.generation) == (NAMESPACE, "wz", 2)
    assert report.uid == cluster.parent["metadata"]["uid"]
    assert (report.outcome, report.phase) == (Outcome.APPLIED, "Updating")
    assert report.observed == report.emitted == len(cluster.children)
    assert set(report.held) == {"dashboard"}
    assert report.earliest_expiry is not None
    wire = answer(cluster).response.on_wire()
    assert wire.keys() == {"status", "children", "resyncAfterSeconds"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param(lambda body: body.pop("parent"), RequestError, id="no-parent"),
        pytest.param(lambda body: body.pop("children"), RequestError, id="no-children"),
        pytest.param(lambda body: body.update(children=None), RequestError, id="children-null"),
        pytest.param(
            lambda body: body["children"].pop("Secret.v1"), RegistrationError, id="no-secrets"
        ),
        pytest.param(
            lambda body: body["children"].pop("StatefulSet.apps/v1"),
            RegistrationError,
            id="no-stateful-sets",
        ),
    ],
)
def test_a_request_that_cannot_be_answered_without_harm_is_refused(
    change: Callable[[Manifest], object], error: type[Exception]
) -> None:
    """Identity would be generated in every sync, or children deleted."""
    cluster = rested()
    body = cluster.request()
    change(body)
    with pytest.raises(error):
        sync(body, now=cluster.now, entropy=seeded_entropy(0))


# --- back and forth -----------------------------------------------------------------------------
def test_a_change_that_is_taken_back_at_once_leaves_no_trace() -> None:
    """Set, then removed: the same as never set."""
    cluster = rested()
    before = answer(cluster)
    cluster.edit(lambda spec: spec.update(indexer=BLUE))
    cluster.sync(sync)
    cluster.edit(lambda spec: spec.pop("indexer"))
    cluster.sync(sync)
    cluster.settle()
    cluster.wait(seconds=AGED)
    cluster.sync(sync)
    assert answer(cluster).response.children == before.response.children


def test_indexers_scaled_up_and_down_before_they_are_ready_converge() -> None:
    """3, 5, 3: held at 5 until a person allows it; nothing is stuck."""
    cluster = rested()
    for replicas in (5, 3):
        _edited(cluster, {"indexer": {"replicas": replicas}}).sync(sync)
    assert stored(cluster, INDEXER)["spec"]["replicas"] == 5
    cluster.annotate(allow_unsafe_scale_down="3")
    for _ in range(4):
        cluster.settle()
        cluster.sync(sync)
    assert stored(cluster, INDEXER)["spec"]["replicas"] == 3


def test_a_new_key_of_the_user_goes_through_the_managers_in_order() -> None:
    """The whole way: awaited, taken by the master, then by the workers; the dashboard stays."""
    cluster = _awaiting()
    cluster.sync(sync)
    cluster.add_user_secret("my-key", {"key": base64_of("0123456789abcdef0123456789ABCDEF")})
    seen = []
    for name in (MASTER, WORKER):
        result = cluster.sync(sync)
        seen.append([one for one in TIERS if "my-key" in str(template(result, one))])
        cluster.settle(name)
    assert seen == [[MASTER], [MASTER, WORKER]]
    assert DASHBOARD not in seen[-1]


def test_resync_delays_are_whole_and_bounded() -> None:
    """1 to 43,200, or none."""
    for build in SITUATIONS.values():
        delay = answer(build()).response.resync_after_seconds
        assert delay == math.floor(delay)
        assert 0 <= delay <= 43_200
