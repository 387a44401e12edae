"""Moments in the life of a cluster: at rest, or somewhere in the middle of a change."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from hypothesis import note
from hypothesis import strategies as st

from app.hook.sync import sync
from tests.cluster_builder import ClusterBuilder
from tests.seeded import reworded, running
from tests.strategies.spec import specs
from tests.strategies.views import put, workload_states
from tests.user_objects import ADMINISTRATOR, AGENTS_CA, API_ACCOUNT, MANAGERS_KEY

#: Clusters to start from: the smallest, one with the user's Secrets, one with everything on.
STARTS: Final[dict[str, dict[str, Any]]] = {
    "default": {},
    "older": {"version": "4.13.1", "manager": {"workers": {"replicas": 0}}},
    "references": {
        "indexer": {"credentials": {"secretName": ADMINISTRATOR}, "replicas": 1},
        "manager": {
            "apiCredentials": {"secretName": API_ACCOUNT},
            "clusterKeySecretRef": {"name": MANAGERS_KEY, "key": "key"},
            "config": {"auth": {"sslAgentCASecretRef": {"name": AGENTS_CA, "key": "ca.crt"}}},
        },
    },
    "everything": {
        "indexer": {"networkPolicy": {"enabled": True, "egress": []}},
        "manager": {
            "config": {"auth": {"usePassword": True, "enabledOnMasterOnly": False}},
            "agentService": {"enabled": True, "type": "NodePort"},
            "logRotation": {"enabled": True},
        },
        "dashboard": {"replicas": 2, "service": {"type": "LoadBalancer"}},
        "rollout": {"creation": "Ordered"},
    },
}


@cache
def _start(name: str) -> ClusterBuilder:
    return running(STARTS[name])


@st.composite
def at_rest(draw: st.DrawFn) -> ClusterBuilder:
    """One of a few clusters at rest, to be changed at will."""
    return _start(draw(st.sampled_from(sorted(STARTS)))).copy()


@st.composite
def moments(draw: st.DrawFn) -> ClusterBuilder:
    """A cluster that exists: perhaps with a new spec, a round or two later, pods in any state."""
    cluster: ClusterBuilder = draw(at_rest())
    if draw(st.booleans()):
        spec = draw(specs())
        # The API server refuses another name for the index.
        spec.get("indexer", {}).pop("clusterName", None)
        note(f"from {cluster.parent['spec']} to {spec}")
        reworded(cluster, spec)
        for _ in range(draw(st.integers(0, 2))):
            cluster.sync(sync)
            cluster.wait(seconds=draw(st.sampled_from([1, 100])))
    if draw(st.booleans()):
        states = draw(workload_states(cluster))
        note(f"{cluster.calls} answers, {cluster.now}, {states}")
        put(cluster, states)
    return cluster
