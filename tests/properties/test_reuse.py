"""A reused answer cannot be told from a fresh one, whatever was asked and however time goes on."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.edge.reuse import ReuseCache
from app.hook.sync import sync
from app.names import CERT_HASH, DATA_WRITTEN
from app.result import Result
from app.stamps import TIME_FORMAT
from tests.cluster_builder import seeded_entropy
from tests.properties.profile import examples
from tests.scenarios import SCENARIOS
from tests.steps import rested

Request = dict[str, Any]

#: Seconds after the first answer; the last ones are years.
MOMENTS: Final = (0, 1, 29, 30, 59, 60, 61, 89, 90, 91, 600, 43_199, 43_200, 10**6, 10**7, 10**8)
KEY: Final = b"key"


def asked(request: Request, now: datetime, seed: int) -> tuple[Result, bytes]:
    """Answer and its bytes, as the edge writes them."""
    result = sync(copy.deepcopy(request), now=now, entropy=seeded_entropy(seed))
    return result, orjson.dumps(result.response.on_wire(), default=dict)


def differences(request: Request, start: datetime, moments: tuple[int, ...]) -> list[str]:
    """Moments at which the kept answer of ``start`` is not the fresh one of another replica."""
    cache = ReuseCache(2**24)
    result, body = asked(request, start, 0)
    cache.keep(KEY, result, body, start)
    found = []
    for number, seconds in enumerate(sorted(moments), 1):
        now = start + timedelta(seconds=seconds)
        kept = cache.find(KEY, now)
        if kept is None:
            break
        answered, delay = kept.at(now)
        fresh, wanted = asked(request, now, number)
        if answered != wanted or delay != fresh.response.resync_after_seconds:
            found.append(f"after {seconds} s")
        if kept.report != fresh.report:
            found.append(f"after {seconds} s: another report")
    return found


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_is_answered_again_as_it_would_be_answered_anew(name: str) -> None:
    """At each moment at which something is given again; many scenarios are never given again."""
    request, now = SCENARIOS[name].build()
    assert differences(request, now, MOMENTS) == []


def test_a_cluster_at_rest_is_answered_again_until_its_first_certificate_is_due() -> None:
    """So the property above is about something; at the end the entry is gone."""
    cluster = rested()
    request = cluster.request()
    result, _ = asked(request, cluster.now, 0)
    assert result.steady_until is not None
    last = int((result.steady_until - cluster.now).total_seconds())
    assert last > timedelta(days=100).total_seconds()
    assert differences(request, cluster.now, (*MOMENTS, last - 1)) == []
    renewed, _ = asked(request, result.steady_until, 1)
    assert renewed.report.reissues


_STAMPS = st.integers(-200, 400)


@examples(150)
@given(
    lost=st.sets(st.integers(0, 40), max_size=3),
    stamps=st.lists(st.tuples(st.integers(0, 40), _STAMPS), max_size=3),
    hashes=st.booleans(),
    unready=st.booleans(),
    status=st.sampled_from(["as observed", "empty", "older"]),
    days=st.sampled_from([0, 1, 200, 305, 330, 336, 400]),
    moments=st.lists(st.integers(1, 500), min_size=1, max_size=6),
)
def test_a_damaged_view_is_answered_again_only_as_it_would_be_anew(
    lost: set[int],
    stamps: list[tuple[int, int]],
    hashes: bool,  # noqa: FBT001 - drawn
    unready: bool,  # noqa: FBT001 - drawn
    status: str,
    days: int,
    moments: list[int],
) -> None:
    """Children unseen, stamps young or of the future, pods away, another status, any age."""
    cluster = rested()
    request = cluster.request()
    start = cluster.now + timedelta(days=days)
    _lose(request, lost)
    for number, seconds in stamps:
        _stamp(request, number, start + timedelta(seconds=seconds))
    workload = next(iter(request["children"]["StatefulSet.apps/v1"].values()))
    if hashes:
        workload["spec"]["template"]["metadata"]["annotations"][CERT_HASH] = "0" * 64
    if unready:
        workload["status"]["readyReplicas"] = 0
    if status == "empty":
        request["parent"]["status"] = {}
    if status == "older":
        request["parent"]["status"]["observedGeneration"] -= 1
    assert differences(request, start, (0, *moments, *MOMENTS)) == []


def _lose(request: Request, numbers: set[int]) -> None:
    places = [(kind, name) for kind, group in request["children"].items() for name in group]
    for number in numbers:
        if number < len(places):
            kind, name = places[number]
            del request["children"][kind][name]


def _stamp(request: Request, number: int, moment: datetime) -> None:
    """Another time of writing on one Secret."""
    secrets = sorted(request["children"]["Secret.v1"].items())
    _, secret = secrets[number % len(secrets)] if secrets else ("", {"metadata": {}})
    annotations = secret["metadata"].setdefault("annotations", {})
    annotations[DATA_WRITTEN] = moment.astimezone(UTC).strftime(TIME_FORMAT)
