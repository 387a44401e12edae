"""Fixtures of the end-to-end tests: the cluster under test, and a namespace for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import pytest

from app import names
from app.result import Manifest
from app.simulation.api_calls import ApiError
from app.simulation.kinds import KINDS
from app.simulation.remote.connection import Connection, access_of, collection
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace
from tests.e2e.own_stack import OwnStack

#: Files whose tests take minutes begin first, so that none of them is left for the end.
_LONGEST: Final = (
    "test_config_changes",
    "test_faults",
    "test_deletion",
    "test_many_clusters",
    "test_changes",
    "test_lost_children",
    "test_charts",
    "test_examples",
    "test_early_change",
    "test_quickstart",
    "test_name_clashes",
    "test_obstacles",
)

#: Makes a namespace, with labels.
Namespaces = Callable[..., Namespace]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order by file; xdist hands files out as they were collected."""
    items.sort(key=lambda item: _rank(item.path.stem))


def _rank(name: str) -> int:
    return _LONGEST.index(name) if name in _LONGEST else len(_LONGEST)


@pytest.fixture(scope="session")
def connection() -> Iterator[Connection]:
    """The API server that KUBECONFIG names."""
    kubeconfig = os.environ.get("KUBECONFIG")
    if not kubeconfig or "E2E_METACONTROLLER" not in os.environ:
        pytest.exit("these tests need a cluster: run `make e2e`", returncode=2)
    with_agent = Connection(access_of(Path(kubeconfig)), "e2e-tests")
    yield with_agent
    with_agent.close()


@pytest.fixture(scope="session")
def audit_log() -> AuditLog:
    """The audit log; on a cluster whose log cannot be read it holds nothing."""
    path = os.environ.get("E2E_AUDIT_LOG")
    return AuditLog(Path(path) if path else None)


@pytest.fixture(scope="session")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnStack]:
    """A stack of the test's own, whose hook it may stop and replace."""
    if os.environ.get("E2E_METACONTROLLER") == "external":
        pytest.skip("the hook of an external cluster cannot be stopped by a test")
    shared = os.environ.get("E2E_FOLDER")  # what is left there is stopped when all has ended
    folder = tmp_path_factory.mktemp("stack") if shared is None else Path(mkdtemp(dir=shared))
    with OwnStack(folder) as found:
        yield found
    assert found.faults == []


@pytest.fixture
def read_log(audit_log: AuditLog) -> AuditLog:
    """The audit log, for tests that are about nothing else."""
    if not audit_log.is_read:
        pytest.skip("the audit log of an external cluster is not at hand")
    return audit_log


@contextmanager
def making_namespaces(connection: Connection) -> Iterator[Namespaces]:
    """Makes namespaces, which are deleted in the end."""
    made: list[str] = []

    def make(labels: Mapping[str, str] | None = None) -> Namespace:
        name = f"e2e-{os.urandom(5).hex()}"
        body: Manifest = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": dict(labels or {})},
        }
        connection.call("POST", "/api/v1/namespaces", body)
        made.append(name)
        return Namespace(connection, name)

    yield make
    for name in made:  # the cluster first, or Metacontroller would go on to create its children
        for path in (collection(KINDS[names.KIND], name), f"/api/v1/namespaces/{name}"):
            with suppress(ApiError):
                connection.call("DELETE", path)


@pytest.fixture(scope="module")
def namespaces(connection: Connection) -> Iterator[Namespaces]:
    """Makes namespaces that are deleted when the module ends."""
    with making_namespaces(connection) as make:
        yield make


@pytest.fixture
def namespace(namespaces: Namespaces) -> Namespace:
    """An empty namespace."""
    return namespaces()
