"""Any valid spec becomes a cluster that rests, and keeps every promise while it does."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given

from app.result import Manifest
from tests.cluster_builder import NAME, NAMES, ClusterBuilder
from tests.promises import PROMISES, broken
from tests.properties.profile import examples
from tests.seeded import answer, ask, running, seeded
from tests.strategies import specs
from tests.user_overrides import OVERRIDES

#: From nothing observed: identity, derived Secrets, workloads; after that, four rounds.
CREATION, AFTER = 3, 4


@examples(50)
@given(spec=specs(slow=True))
def test_a_cluster_at_rest_keeps_every_promise(spec: dict[str, Any]) -> None:
    """Names, references, schema, security levels, secrets: whatever the spec."""
    assert broken(answer(running(spec)), spec) == {}


@examples(30)
@given(spec=specs())
def test_creation_ends_in_a_fixed_point(spec: dict[str, Any]) -> None:
    """Once all workloads are there and ready, four rounds later nothing is written any more."""
    cluster = seeded({**spec, "rollout": {"creation": "Parallel"}})
    for _ in range(CREATION):
        ask(cluster)
        cluster.wait(seconds=5)
    cluster.settle()
    cluster.wait(seconds=100)
    for _ in range(AFTER):
        ask(cluster)
        cluster.wait(seconds=5)
    before = cluster.writes
    ask(cluster)
    assert cluster.writes == before


@pytest.mark.parametrize("days", [1, 30, 300])
def test_a_quiet_cluster_stays_quiet(days: int) -> None:
    """Time alone moves nothing before a certificate is due, in the status neither."""
    cluster = running(OVERRIDES | {"tls": {}})
    before = cluster.writes
    cluster.wait(days=days)
    ask(cluster)
    assert cluster.writes == before


def test_the_longest_name_fits() -> None:
    """With 37 characters every name is a DNS label, and references still resolve."""
    cluster = ClusterBuilder(
        {
            "manager": {
                "logRotation": {"enabled": True},
                "workers": {"replicas": 100, "networkPolicy": {"enabled": True}},
                "agentService": {"enabled": True},
                "config": {"auth": {"usePassword": True, "enabledOnMasterOnly": False}},
            },
            "dashboard": {"networkPolicy": {"enabled": True}, "replicas": 20},
        }
    )
    cluster.parent["metadata"]["name"] = "w" + "z" * 36
    for _ in range(CREATION):
        ask(cluster)
    assert broken(answer(cluster), cluster.parent["spec"]) == {}


def _indexer(children: list[Manifest]) -> Manifest:
    return next(one for one in children if one["kind"] == "StatefulSet")


def _password(children: list[Manifest]) -> str:
    name = NAMES.cluster_key
    secret = next(one for one in children if one["metadata"]["name"] == name)
    return str(secret["data"]["cluster-key"])


#: For each promise, one way to break it.
SPOILS: Final[Mapping[str, Callable[[list[Manifest]], object]]] = {
    "names, kinds, references and selectors resolve": lambda children: children.remove(
        next(one for one in children if one["metadata"]["name"] == f"{NAME}-indexer-headless")
    ),
    "the strict schema of the oldest Kubernetes is met": lambda children: _indexer(children)[
        "spec"
    ].update(surprise=True),
    "stored as sent": lambda children: _indexer(children)["spec"]["template"]["spec"]["containers"][
        0
    ]["env"].append({"name": "EMPTY", "value": ""}),
    "in the namespace of the WazuhCluster": lambda children: children[-1]["metadata"].update(
        namespace="other"
    ),
    "not too large": lambda children: children[0]["metadata"].update(
        annotations={"a": "x" * 200_000}
    ),
    "within the pods' security level": lambda children: _indexer(children)["spec"]["template"][
        "spec"
    ].update(hostNetwork=True),
    "configuration can be read": lambda children: next(
        one for one in children if "ossec.conf" in one.get("data", {})
    )["data"].update({"ossec.conf": "<ossec_config><sca>"}),
    "no secret outside Secrets": lambda children: children[0]["metadata"].update(
        annotations={"a": _password(children)}
    ),
}


@pytest.mark.parametrize("promise", PROMISES)
def test_a_broken_promise_is_noticed(promise: str) -> None:
    """None of the promises is one that every answer keeps."""
    cluster = running({})
    result = answer(cluster)
    children = copy.deepcopy(list(result.response.children))
    SPOILS[promise](children)
    spoiled = replace(result, response=replace(result.response, children=tuple(children)))
    assert promise in broken(spoiled, cluster.parent["spec"])
