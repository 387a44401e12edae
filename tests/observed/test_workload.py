"""What a StatefulSet or Deployment says of itself: seen, rolled, complete; image and version."""

from __future__ import annotations

from typing import Any

import pytest

from app.names import Role
from app.observed.request import Workload, read
from app.result import Manifest
from tests.observed.requests import named, with_children

#: Three pods, all of them new and available.
SETTLED: Manifest = {
    "observedGeneration": 2,
    "replicas": 3,
    "updatedReplicas": 3,
    "readyReplicas": 3,
    "availableReplicas": 3,
}
REVISIONS: Manifest = {"currentRevision": "wz-1", "updateRevision": "wz-1"}


def workload(status: Any, *, stateful: bool = True, **spec: Any) -> Workload:
    """Indexer (three replicas) or dashboard (three, too) of generation 2 with this status."""
    name = "wz-indexer" if stateful else "wz-dashboard"
    manifest = named(name, spec={"replicas": 3, **spec}, status=status)
    manifest["metadata"]["generation"] = 2
    kind = "StatefulSet" if stateful else "Deployment"
    found = read(with_children(**{kind: {"x": manifest}})).observed.workloads
    return found[Role.INDEXER if stateful else Role.DASHBOARD]


def judged(one: Workload) -> tuple[bool, bool, bool]:
    """(seen, rolled, complete)."""
    return one.is_seen, one.has_rolled, one.is_complete


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, (True, True, True), id="settled"),
        pytest.param({"observedGeneration": 3}, (True, True, True), id="seen later than asked"),
        pytest.param({"observedGeneration": 1}, (False, False, False), id="not seen"),
        pytest.param({"observedGeneration": None}, (False, False, False), id="never looked at"),
        pytest.param({"readyReplicas": 2}, (True, True, False), id="one pod away"),
        pytest.param({"readyReplicas": None}, (True, True, False), id="none ready: number absent"),
        pytest.param({"availableReplicas": 2}, (True, True, False), id="ready for too short"),
        pytest.param({"updatedReplicas": 2}, (True, True, False), id="one pod not updated"),
        pytest.param({"replicas": 4}, (True, True, False), id="one pod too many"),
        pytest.param({"updateRevision": "wz-2"}, (True, False, False), id="rolls"),
        pytest.param({"currentRevision": None}, (True, False, False), id="no current revision"),
        pytest.param(
            {"currentRevision": None, "updateRevision": None},
            (True, False, False),
            id="no revision at all",
        ),
        pytest.param(
            {"currentRevision": 1, "updateRevision": 1}, (True, False, False), id="no names"
        ),
    ],
)
def test_a_stateful_set_is_judged_by_its_revisions_and_numbers(
    changes: Manifest, expected: tuple[bool, bool, bool]
) -> None:
    """As certificates.md 7 says; what is missing is no evidence."""
    status = {**SETTLED, **REVISIONS, **changes}
    shown = {key: value for key, value in status.items() if value is not None}
    assert judged(workload(shown)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, (True, True, True), id="settled"),
        pytest.param({"observedGeneration": 1}, (False, False, False), id="not seen"),
        pytest.param({"readyReplicas": 2}, (True, True, False), id="one pod away"),
        pytest.param({"availableReplicas": 2}, (True, True, False), id="ready for too short"),
        pytest.param({"updatedReplicas": 2}, (True, False, False), id="rolls"),
        pytest.param({"replicas": 4}, (True, False, False), id="an old pod is left"),
        pytest.param({"replicas": 4, "updatedReplicas": 4}, (True, True, False), id="too many new"),
        pytest.param({"updatedReplicas": None}, (True, False, False), id="number absent"),
    ],
)
def test_a_deployment_is_judged_by_its_numbers(
    changes: Manifest, expected: tuple[bool, bool, bool]
) -> None:
    """It shows no revision: rolled is when no pod of an older template is left."""
    status = {**SETTLED, **changes}
    shown = {key: value for key, value in status.items() if value is not None}
    assert judged(workload(shown, stateful=False)) == expected


@pytest.mark.parametrize("stateful", [True, False])
@pytest.mark.parametrize(
    "status",
    [
        pytest.param(None, id="null"),
        pytest.param({}, id="empty"),
        pytest.param([], id="a list"),
        pytest.param({"replicas": "3", "readyReplicas": 3.0, "updatedReplicas": True}, id="types"),
    ],
)
def test_a_workload_without_a_readable_status_has_no_pods(status: Any, *, stateful: bool) -> None:
    """A number missing in a status is 0."""
    one = workload(status, stateful=stateful)
    assert (one.replicas, one.updated, one.ready, one.available) == (0, 0, 0, 0)
    assert judged(one) == (False, False, False)


def test_zero_replicas_are_complete() -> None:
    """Workers may be scaled to nothing; the API server leaves zeroes out."""
    status = {"observedGeneration": 2, "replicas": 0, **REVISIONS}
    assert judged(workload(status, replicas=0)) == (True, True, True)


@pytest.mark.parametrize(("replicas", "wanted"), [(None, 1), (0, 0), (5, 5), ("5", 0)])
def test_the_wanted_number_is_that_of_the_api_server(replicas: Any, wanted: int) -> None:
    """Absent means one; the API server writes it out."""
    assert workload({}, replicas=replicas).wanted == wanted


def test_only_workloads_of_this_cluster_and_of_the_right_kind_count() -> None:
    """A StatefulSet named like the dashboard is no dashboard."""
    stateful = {name: named(name) for name in ("wz-dashboard", "wz-indexer-2", "other-indexer")}
    deployments = {name: named(name) for name in ("wz-indexer", "wz-manager-master")}
    body = with_children(StatefulSet=stateful, Deployment=deployments)
    assert read(body).observed.workloads == {}


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        pytest.param("wazuh/wazuh-indexer:4.14.1", "4.14.1", id="plain"),
        pytest.param("registry.example.com:5000/a/b:4.14.1", "4.14.1", id="port in the registry"),
        pytest.param("registry.example.com:5000/a/b", None, id="port and no tag"),
        pytest.param("a/b:4.14.1@sha256:" + "0" * 64, "4.14.1", id="tag and digest"),
        pytest.param("a/b@sha256:" + "0" * 64, None, id="digest alone"),
        pytest.param("b", None, id="name alone"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="null"),
    ],
)
def test_the_tag_is_that_of_the_first_image(image: object, tag: str | None) -> None:
    """Never a port, never a digest."""
    containers = [{"name": "wazuh", "image": image}, {"name": "sidecar", "image": "x:1"}]
    assert workload({}, template={"spec": {"containers": containers}}).image_tag == tag


@pytest.mark.parametrize("template", [None, {}, {"spec": {}}, {"spec": {"containers": [None]}}])
def test_a_template_without_containers_has_no_tag_and_no_version(template: Any) -> None:
    """And no annotations."""
    one = workload({}, template=template)
    assert (one.image_tag, one.version, dict(one.annotations)) == (None, None, {})


def test_the_version_of_a_template_is_its_label() -> None:
    """An image tag may differ from ``spec.version``."""
    template = {
        "metadata": {
            "labels": {"app.kubernetes.io/version": "4.14.1"},
            "annotations": {"wazuh.com/cert-hash": "x"},
        },
        "spec": {"containers": [{"image": "a/b:4.14.1-fips"}]},
    }
    one = workload({}, template=template)
    assert (one.version, one.image_tag) == ("4.14.1", "4.14.1-fips")
    assert one.annotations == {"wazuh.com/cert-hash": "x"}
