"""The smallest example: it comes to run, the API server takes all of it, and then it is quiet."""

from __future__ import annotations

import time
from collections import Counter
from typing import Final, NamedTuple

import pytest

from app import names
from app.kinds import CHILD_KINDS
from app.result import Manifest
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace, conditions
from tests.e2e.conftest import Namespaces
from tests.e2e.specs import NAME, example
from tests.e2e.strictness import warnings_of

pytestmark = pytest.mark.timeout(300)

QUIET_SECONDS: Final = 60.0
KINDS: Final = tuple(kind.name for kind in CHILD_KINDS)
BASELINE: Final = {"pod-security.kubernetes.io/enforce": "baseline"}


class Quickstart(NamedTuple):
    """A cluster that has come to run, and where the audit log ended before it."""

    namespace: Namespace
    parent: Manifest
    mark: int


@pytest.fixture(scope="module")
def quickstart(namespaces: Namespaces, audit_log: AuditLog) -> Quickstart:
    """The example in a namespace that enforces the Pod Security Standard baseline."""
    namespace = namespaces(BASELINE)
    mark = audit_log.mark()
    namespace.create(example("quickstart"))
    return Quickstart(namespace, namespace.wait_running(NAME), mark)


def test_it_runs_with_every_pod_ready(quickstart: Quickstart) -> None:
    """Three indexers, a master, two workers and a dashboard, all scheduled, bound and Ready."""
    pods = quickstart.namespace.all("Pod")
    assert Counter(pod["metadata"]["labels"][names.LABEL_COMPONENT] for pod in pods) == {
        "indexer": 3,
        "manager-master": 1,
        "manager-worker": 2,
        "dashboard": 1,
    }
    assert {_readiness(pod) for pod in pods} == {("Running", "True")}
    claims = quickstart.namespace.all("PersistentVolumeClaim")
    assert {claim["status"]["phase"] for claim in claims} == {"Bound"}


def test_every_condition_is_good(quickstart: Quickstart) -> None:
    """And the status says the version that runs."""
    found = {kind: item["status"] for kind, item in conditions(quickstart.parent).items()}
    assert found == {
        "Ready": "True",
        "Available": "True",
        "Progressing": "False",
        "Degraded": "False",
        "CertificatesReady": "True",
        "SpecValid": "True",
    }
    assert quickstart.parent["status"]["version"] == "4.14.1"


def test_no_write_was_refused(quickstart: Quickstart, read_log: AuditLog) -> None:
    """On the way nothing was invalid; a create that raced its own watch may have been repeated."""
    writes = read_log.writes(quickstart.namespace.name, quickstart.mark)
    assert writes
    assert [str(write) for write in writes if write.code >= 400 and write.code != 409] == []


def test_each_child_was_created_once(quickstart: Quickstart, read_log: AuditLog) -> None:
    """No child was deleted, and none had to be created again."""
    writes = read_log.writes(quickstart.namespace.name, quickstart.mark)
    created = Counter(
        (write.resource, write.name)
        for write in writes
        if (write.verb, write.code) == ("create", 201)
    )
    children = quickstart.namespace.children(quickstart.parent, KINDS)
    assert len(created) == len(children)
    assert set(created.values()) == {1}
    assert [str(write) for write in writes if write.verb == "delete"] == []


def test_every_child_passes_strict_validation_without_a_warning(
    quickstart: Quickstart, namespaces: Namespaces
) -> None:
    """What the hook wants is spelled as the API knows it, down to the last field."""
    children = quickstart.namespace.children(quickstart.parent, KINDS)
    assert warnings_of(children, namespaces()) == {}
    assert len(children) == 31


def test_a_quiet_minute_has_no_write(quickstart: Quickstart, audit_log: AuditLog) -> None:
    """Four periodic resyncs find nothing to do, and no object gets another version."""
    namespace = quickstart.namespace
    before = _versions(namespace)
    mark = audit_log.mark()
    time.sleep(QUIET_SECONDS)
    assert [str(write) for write in audit_log.writes(namespace.name, mark)] == []
    assert _versions(namespace) == before


def _versions(namespace: Namespace) -> dict[str, str]:
    """Version of the WazuhCluster and of each of its children."""
    parent = namespace.get(names.KIND, NAME)
    return {
        f"{item['kind']} {item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for item in [parent, *namespace.children(parent, KINDS)]
    }


def _readiness(pod: Manifest) -> tuple[str, str]:
    status = pod["status"]
    found = {item["type"]: item["status"] for item in status.get("conditions", [])}
    return status["phase"], found.get("Ready", "")
