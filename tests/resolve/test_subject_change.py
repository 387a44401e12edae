"""A change of the certificates' subject, step by step.

OpenSearch reads who is a node and who is administrator at start only: old and new name stand side
by side, the indexers roll, the leaf is reissued, they roll, then the old name goes.
"""

from __future__ import annotations

import base64

from app.certificates.pem import distinguished_name, parse_certificates
from app.config.opensearch import distinguished_names_of
from app.hook.sync import sync
from app.result import Result
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.steps import (
    AGED,
    DASHBOARD,
    INDEXER,
    MASTER,
    WORKER,
    answer,
    changed_tiers,
    child,
    rested,
    status,
)

SUBJECT = {"tls": {"certConfig": {"organization": "Example"}}}
REST = "OU=Wazuh,O={},L=California,C=US"
OLD_NODE, NEW_NODE = (f"CN=wz-indexer,{REST.format(one)}" for one in ("Wazuh", "Example"))
OLD_ADMIN, NEW_ADMIN = (f"CN=admin,{REST.format(one)}" for one in ("Wazuh", "Example"))
OLD = ((OLD_NODE,), (OLD_ADMIN,))
BOTH = ((OLD_NODE, NEW_NODE), (OLD_ADMIN, NEW_ADMIN))
NEW = ((NEW_NODE,), (NEW_ADMIN,))


def _accepted(result: Result) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that the answered opensearch.yml accepts as node and as administrator."""
    text = child(result, "ConfigMap", "wz-indexer-config")["data"]["opensearch.yml"]
    found = distinguished_names_of(text)
    assert found is not None
    return found


def _subject(result: Result, leaf: str) -> str:
    data = child(result, "Secret", NAMES.certs(leaf))["data"]
    [*certificates] = parse_certificates(base64.b64decode(data["tls.crt"])) or ()
    return distinguished_name(certificates[0].subject)


def _step(cluster: ClusterBuilder) -> tuple[Result, list[str]]:
    """The next answer, stored, and the tiers whose pods it rolls."""
    rolled = changed_tiers(cluster, answer(cluster, cluster.calls + 1))
    return cluster.sync(sync), rolled


def _changing() -> ClusterBuilder:
    cluster = rested()
    cluster.edit(lambda spec: spec.update(SUBJECT))
    return cluster


def test_a_running_cluster_lists_one_name_of_each() -> None:
    """Node and administrator, exactly; no wildcard."""
    assert _accepted(answer(rested())) == OLD


def test_a_new_subject_reaches_nodes_before_certificates() -> None:
    """Five steps, each resting on the one before; indexers roll three times, others once."""
    cluster = _changing()
    # 1: both names are listed, the indexers roll for it, their leaf stays as it is.
    result, rolled = _step(cluster)
    assert _accepted(result) == BOTH
    assert rolled == [INDEXER]
    assert (_subject(result, "indexer"), _subject(result, "admin")) == (OLD_NODE, OLD_ADMIN)
    assert _subject(result, "filebeat") == f"CN=wz-filebeat,{REST.format('Example')}"
    # 2: one indexer is through. No node that accepts the old name alone meets the new one.
    cluster.roll(INDEXER, updated=1, ready=3)
    cluster.wait(seconds=AGED)
    result, rolled = _step(cluster)
    assert (_accepted(result), rolled) == (BOTH, [])
    assert (_subject(result, "indexer"), _subject(result, "admin")) == (OLD_NODE, OLD_ADMIN)
    # 3: all of them accept both: the leaves are reissued; nobody rolls in the call that writes.
    cluster.settle(INDEXER)
    result, rolled = _step(cluster)
    assert INDEXER not in rolled
    assert (_subject(result, "indexer"), _subject(result, "admin")) == (NEW_NODE, NEW_ADMIN)
    assert _accepted(result) == BOTH
    # 4: every kubelet has the new leaf: the indexers roll onto it, hot reload or not.
    cluster.wait(seconds=AGED)
    result, rolled = _step(cluster)
    assert (_accepted(result), rolled) == (BOTH, [INDEXER])
    cluster.roll(INDEXER, updated=2, ready=3)
    result, rolled = _step(cluster)
    assert (_accepted(result), rolled) == (BOTH, [])
    # 5: all are settled on the new leaf: the old name goes.
    cluster.settle(INDEXER)
    result, rolled = _step(cluster)
    assert (_accepted(result), rolled) == (NEW, [INDEXER])
    cluster.settle(INDEXER)


def test_later_tiers_take_their_new_leaves_after_the_indexers() -> None:
    """They roll once, in order, and the cluster ends at rest with the new subject alone."""
    cluster = _changing()
    order: list[str] = []
    for _ in range(20):
        _, rolled = _step(cluster)
        order += rolled
        cluster.settle()
        cluster.wait(seconds=AGED)
    later = [name for name in order if name != INDEXER]
    assert later == [MASTER, WORKER, DASHBOARD]
    assert order.count(INDEXER) == 3
    before = cluster.writes
    result = cluster.sync(sync)
    assert cluster.writes == before
    assert _accepted(result) == NEW
    assert status(result)["phase"] == "Running"
    for leaf in ("indexer", "manager-master", "manager-worker", "dashboard", "filebeat"):
        assert _subject(result, leaf) == f"CN=wz-{leaf},{REST.format('Example')}"


def test_a_new_subject_that_is_taken_back_half_way_ends_where_it_began() -> None:
    """The leaf had not changed yet: the second name goes again."""
    cluster = _changing()
    _step(cluster)
    cluster.roll(INDEXER, updated=1, ready=2)
    cluster.edit(lambda spec: spec.pop("tls"))
    for _ in range(12):
        result, _ = _step(cluster)
        assert _subject(result, "indexer") == OLD_NODE
        cluster.settle()
        cluster.wait(seconds=AGED)
    assert _accepted(cluster.sync(sync)) == OLD


def test_a_subject_changed_twice_keeps_every_name_in_use() -> None:
    """Nodes of the first, the second and the third name may meet."""
    cluster = _changing()
    for _ in range(3):  # to the reissued leaf, which no pod has taken yet
        _step(cluster)
        cluster.settle(INDEXER)
        cluster.wait(seconds=10)
    cluster.edit(lambda spec: spec["tls"]["certConfig"].update(organization="Third"))
    third = f"CN=wz-indexer,{REST.format('Third')}"
    _step(cluster)
    cluster.wait(seconds=AGED)  # it rolls together with the hash of the leaf just written
    result, _ = _step(cluster)
    assert set(_accepted(result)[0]) == {OLD_NODE, NEW_NODE, third}
    assert _subject(result, "indexer") == NEW_NODE
    for _ in range(20):
        _step(cluster)
        cluster.settle()
        cluster.wait(seconds=AGED)
    result = cluster.sync(sync)
    assert _accepted(result)[0] == (third,)
    assert _subject(result, "indexer") == third


def test_a_name_that_was_never_settled_on_is_not_trusted_for_an_edit_by_hand() -> None:
    """Names added to the ConfigMap by hand go, for the indexers are settled on ours."""
    cluster = rested()
    data = cluster.child("ConfigMap", "wz-indexer-config")["data"]
    data["opensearch.yml"] = data["opensearch.yml"].replace(
        f"- {OLD_NODE}\n", f"- {OLD_NODE}\n- CN=stranger\n"
    )
    assert "CN=stranger" in data["opensearch.yml"]
    assert _accepted(answer(cluster)) == OLD
