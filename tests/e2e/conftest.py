"""Fixtures of the end-to-end tests: the cluster under test, and a namespace for each test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from app import names
from app.result import Manifest
from app.simulation.api_calls import ApiError
from app.simulation.kinds import KINDS
from app.simulation.remote.connection import Connection, access_of, collection
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace

#: Makes a namespace, with labels.
Namespaces = Callable[..., Namespace]


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


@pytest.fixture
def read_log(audit_log: AuditLog) -> AuditLog:
    """The audit log, for tests that are about nothing else."""
    if not audit_log.is_read:
        pytest.skip("the audit log of an external cluster is not at hand")
    return audit_log


@pytest.fixture(scope="module")
def namespaces(connection: Connection) -> Iterator[Namespaces]:
    """Makes namespaces that are deleted when the module ends."""
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


@pytest.fixture
def namespace(namespaces: Namespaces) -> Namespace:
    """An empty namespace."""
    return namespaces()
