"""A malformed status in the request is read as absent, field by field; it never breaks a sync."""

from __future__ import annotations

from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.hook.sync import finalize, sync
from app.result import Manifest
from tests.cluster_builder import NAMES, ClusterBuilder, seeded_entropy
from tests.steps import DASHBOARD, WORKER, answer, rested, status, stored

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**63), max_value=2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        [
            "Updating",
            "Running",
            "Disabled",
            "True",
            "4.14.1",
            "9999-12-31T23:59:59Z",
            "0001-01-01T00:00:00+14:00",
            "2026-11-24T08:00:00Z",
            "indexer",
            "Scaling",
        ]
    ),
)
FIELDS = st.sampled_from(
    [
        "phase",
        "version",
        "conditions",
        "indexer",
        "manager",
        "master",
        "workers",
        "dashboard",
        "certificateAuthority",
        "certificates",
        "fingerprint",
        "requests",
        "rollout",
        "tier",
        "reason",
        "type",
        "status",
        "message",
        "lastTransitionTime",
        "observedGeneration",
    ]
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(FIELDS, st.text(max_size=5)), inner)
    ),
    max_leaves=12,
)
STATUS_FIELDS = {"phase", "observedGeneration", "conditions", "indexer", "manager", "dashboard"}


@cache
def _requests() -> dict[str, tuple[Manifest, Any]]:
    """Requests of one cluster at several points of its life."""
    rolling = rested()
    rolling.edit(lambda spec: spec.update(indexer={"podAnnotations": {"team": "blue"}}))
    rolling.sync(sync)
    lossy = rested()
    lossy.remove("Secret", NAMES.cluster_key)
    stored(lossy, WORKER)["status"].update(readyReplicas=1, availableReplicas=1)
    frozen = rested()
    frozen.edit(lambda spec: spec.update(indexer={"javaOpts": "-Xms1g"}))
    gone = rested()
    gone.remove("Deployment", DASHBOARD)
    found = {"new": ClusterBuilder(), "rolling": rolling, "lossy": lossy, "frozen": frozen}
    return {name: (one.request(), one.now) for name, one in {**found, "gone": gone}.items()}


@pytest.mark.parametrize("moment", ["new", "rolling", "lossy", "frozen", "gone"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parent_status=JSON)
def test_any_json_may_stand_in_the_status(moment: str, parent_status: Any) -> None:
    """The answer is whole, can be sent, and drops no workload."""
    request, now = _requests()[moment]
    asked = {**request, "parent": {**request["parent"], "status": parent_status}}
    for hook in (sync, finalize):
        result = hook(asked, now=now, entropy=seeded_entropy(0))
        assert status(result).keys() >= STATUS_FIELDS
        orjson.dumps(result.response.on_wire())
    observed = {
        (one["kind"], one["metadata"]["name"])
        for group in ("StatefulSet.apps/v1", "Deployment.apps/v1")
        for one in request["children"][group].values()
    }
    found = sync(asked, now=now, entropy=seeded_entropy(0)).response.children
    assert observed <= {(one["kind"], one["metadata"]["name"]) for one in found}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"version": ["4.14.1"]}, id="version"),
        pytest.param({"conditions": "none"}, id="conditions"),
        pytest.param({"conditions": [3, None, {"type": []}]}, id="condition"),
        pytest.param({"indexer": "Running"}, id="component"),
        pytest.param({"manager": {"master": [], "workers": 3}}, id="managers"),
        pytest.param({"certificateAuthority": []}, id="authority"),
        pytest.param({"certificates": {"name": 3}}, id="certificates"),
        pytest.param({"requests": [1]}, id="requests"),
        pytest.param({"requests": {"wazuh.com/recreate-secret": 3}}, id="request"),
        pytest.param({"rollout": ["indexer"]}, id="rollout"),
        pytest.param({"rollout": {"tier": "indexer", "reason": {"x": 1}}}, id="reason"),
        pytest.param({"observedGeneration": "one"}, id="generation"),
    ],
)
def test_a_broken_field_is_read_as_absent_and_the_others_count(broken: dict[str, Any]) -> None:
    """Beside it everything stays: the answer is that to a status without the field."""
    cluster = rested()
    stored(cluster, WORKER)["status"].update(readyReplicas=1, availableReplicas=1)
    whole = cluster.parent["status"]
    cluster.parent["status"] = {**whole, **broken}
    found = answer(cluster)
    cluster.parent["status"] = {key: one for key, one in whole.items() if key not in broken}
    assert found.response == answer(cluster).response


def test_what_somebody_wrote_into_the_rollout_is_not_repeated() -> None:
    """Only reasons of ours are told on."""
    cluster = rested()
    cluster.edit(lambda spec: spec.update(indexer={"podAnnotations": {"team": "blue"}}))
    cluster.sync(sync)
    cluster.parent["status"]["rollout"] = {"tier": "indexer", "reason": "x" * 5000}
    assert status(answer(cluster))["rollout"]["reason"] == "RollingOut"
