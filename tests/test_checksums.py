"""The configuration hash of a pod template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.checksums import canonical_hash, config_hash
from app.cluster import Cluster, Tier
from app.names import Role
from tests.clusters import cluster

TEXTS = {"ossec.conf": "<ossec_config/>", "local_internal_options.conf": ""}
DIGESTS = {"wz-cluster-key/cluster-key": "aa", "wz-api-credentials/api-password": "bb"}


def _cluster(**tier: Any) -> Cluster:
    facts = Tier(**{"replicas": 1, "secret_digests": DIGESTS, **tier})
    of_cluster = cluster()
    return replace(of_cluster, tiers={**of_cluster.tiers, Role.MANAGER_MASTER: facts})


def _hash(texts: dict[str, str] | None = None, **tier: Any) -> str | None:
    return config_hash(_cluster(**tier), Role.MANAGER_MASTER, TEXTS if texts is None else texts)


def test_the_hash_of_a_known_value_is_the_start_of_its_sha256() -> None:
    """Pinned: another form would roll every pod of every cluster."""
    assert canonical_hash({"b": 1, "a": "x"}) == "cdab067e9f3beb32"


def test_the_order_of_texts_and_secrets_does_not_matter() -> None:
    """Only what is in them does."""
    backwards = dict(reversed(TEXTS.items()))
    assert _hash(backwards, secret_digests=dict(reversed(DIGESTS.items()))) == _hash()


@pytest.mark.parametrize(
    ("texts", "digests"),
    [
        pytest.param({**TEXTS, "ossec.conf": "<ossec_config></ossec_config>"}, DIGESTS, id="text"),
        pytest.param({**TEXTS, "more.conf": ""}, DIGESTS, id="further text"),
        pytest.param(TEXTS, {**DIGESTS, "wz-cluster-key/cluster-key": "ab"}, id="value"),
        pytest.param(TEXTS, {"wz-cluster-key/cluster-key": "aa"}, id="value gone"),
    ],
)
def test_a_change_of_what_the_pod_reads_changes_the_hash(
    texts: dict[str, str], digests: dict[str, str]
) -> None:
    """A pod reads both at its start only."""
    assert _hash(texts, secret_digests=digests) != _hash()


def test_the_observed_hash_stays_while_a_secret_is_not_observed() -> None:
    """A hash of a part would roll the tier twice."""
    kept = _hash(secret_digests=None, kept_config_hash="0123456789abcdef")
    assert kept == "0123456789abcdef"


def test_there_is_no_hash_where_nothing_is_observed() -> None:
    """The workload waits for its Secrets then, but can be rendered."""
    assert _hash(secret_digests=None) is None
