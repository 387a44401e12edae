"""A child that is wanted and does not come is named after a minute, with what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.hook.sync import sync
from tests.cluster_builder import NAMES, ClusterBuilder, rfc3339, seeded_entropy
from tests.scenarios import base64_of
from tests.steps import condition, judged, rested, status

_ENTROPY = seeded_entropy(0)


def _missing_service(cluster: ClusterBuilder) -> ClusterBuilder:
    """A quiet cluster whose dashboard Service vanished, after the sync that noticed it."""
    request_key = ("v1", "Service", "wz-dashboard")
    result = sync(cluster.request(unseen=[request_key]), now=cluster.now, entropy=_ENTROPY)
    cluster.parent["status"] = dict(status(result))
    return cluster


@pytest.mark.parametrize(("seconds", "is_named"), [(0, False), (59, False), (60, True)])
def test_a_child_is_missing_after_a_minute(
    seconds: int,
    is_named: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """From the later of the parent's creation and the begin of Progressing."""
    cluster = _missing_service(rested())
    cluster.wait(seconds=seconds)
    key = ("v1", "Service", "wz-dashboard")
    result = sync(cluster.request(unseen=[key]), now=cluster.now, entropy=_ENTROPY)
    assert judged(result, "Progressing") == ("True", "Creating")
    if is_named:
        assert judged(result, "Degraded") == ("True", "ChildMissing")
        assert condition(result, "Degraded")["message"] == (
            "Service wz-dashboard is wanted and not there: an object of this name belongs to"
            " somebody else, or its creation was refused (admission, quota); see kubectl -n"
            " security get service wz-dashboard and the events of the WazuhCluster"
        )
    else:
        assert judged(result, "Degraded") == ("False", "AsExpected")


def test_a_parent_that_is_younger_counts_from_its_creation() -> None:
    """A status restored from elsewhere does not make a new parent overdue."""
    cluster = _missing_service(rested())
    cluster.wait(seconds=600)
    created = rfc3339(cluster.now - timedelta(seconds=30))
    cluster.parent["metadata"]["creationTimestamp"] = created
    key = ("v1", "Service", "wz-dashboard")
    result = sync(cluster.request(unseen=[key]), now=cluster.now, entropy=_ENTROPY)
    assert judged(result, "Degraded") == ("False", "AsExpected")


def _foreign(cluster: ClusterBuilder, owner: dict[str, Any] | None) -> ClusterBuilder:
    """A Secret of a leaf's name that is not ours, seen among the related objects."""
    name = NAMES.certs("dashboard")
    cluster.remove("Secret", name)
    cluster.add_user_secret(name, {"tls.crt": base64_of("x")})
    if owner is not None:
        cluster.related["v1", "Secret", name]["metadata"]["ownerReferences"] = [owner]
    result = sync(_without(cluster, name), now=cluster.now, entropy=_ENTROPY)
    cluster.parent["status"] = dict(status(result))
    cluster.wait(seconds=61)
    return cluster


def _without(cluster: ClusterBuilder, name: str) -> dict[str, Any]:
    return cluster.request(unseen=[("v1", "Secret", name)])


def test_a_foreign_secret_is_named_with_its_owner() -> None:
    """Nobody takes over what another controller owns."""
    owner = {"kind": "Certificate", "name": "front", "uid": "x", "controller": True}
    cluster = _foreign(rested(), owner)
    result = sync(_without(cluster, NAMES.certs("dashboard")), now=cluster.now, entropy=_ENTROPY)
    assert judged(result, "Degraded") == ("True", "ChildMissing")
    assert condition(result, "Degraded")["message"] == (
        "Secret wz-dashboard-certs exists and belongs to Certificate front; remove it or rename"
        " the WazuhCluster"
    )


def test_a_secret_without_our_label_is_named_with_the_command_that_labels_it() -> None:
    """Restored from a backup, for instance."""
    cluster = _foreign(rested(), None)
    result = sync(_without(cluster, NAMES.certs("dashboard")), now=cluster.now, entropy=_ENTROPY)
    text = condition(result, "Degraded")["message"]
    assert text.startswith(
        "Secret wz-dashboard-certs exists without the label of this WazuhCluster; label it:"
        " kubectl -n security patch secret wz-dashboard-certs "
    )
    assert cluster.parent["metadata"]["uid"] in text
