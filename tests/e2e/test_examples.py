"""Every example comes to run, and the API server takes each of its children as it is spelled."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from app import names
from app.kinds import CHILD_KINDS
from app.result import Manifest
from tests.certificates.custom_objects import ROOT, ca_data
from tests.e2e.audit import AuditLog
from tests.e2e.cluster import Namespace
from tests.e2e.conftest import Namespaces
from tests.e2e.specs import EXAMPLES, read
from tests.e2e.strictness import warnings_of

pytestmark = pytest.mark.timeout(300)

KINDS: Final = tuple(kind.name for kind in CHILD_KINDS)
#: `test_quickstart` looks closer at that one.
OTHERS: Final = tuple(path for path in EXAMPLES if path.stem != "quickstart")


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
def test_an_example_comes_to_run(
    path: Path, namespace: Namespace, namespaces: Namespaces, audit_log: AuditLog
) -> None:
    """With every pod Ready, no write refused and no warning about a field."""
    manifest = _adapted(read(path))
    if "tls" in manifest["spec"] and "customCerts" in manifest["spec"]["tls"]:
        namespace.create(_own_ca(manifest))
    mark = audit_log.mark()
    namespace.create(manifest)
    parent = namespace.wait_running(manifest["metadata"]["name"])
    assert {pod["status"]["phase"] for pod in namespace.all("Pod")} == {"Running"}
    assert parent["status"]["version"] == manifest["spec"]["version"]
    writes = audit_log.writes(namespace.name, mark)
    assert [str(write) for write in writes if write.code >= 400 and write.code != 409] == []
    assert warnings_of(namespace.children(parent, KINDS), namespaces()) == {}


def _adapted(manifest: Manifest) -> Manifest:
    """The example as its own comments ask: with the storage class and nodes that there are."""
    manifest["spec"].pop("storageClassName", None)
    manifest["spec"].get("indexer", {}).pop("nodeSelector", None)
    assert manifest["kind"] == names.KIND
    return manifest


def _own_ca(manifest: Manifest) -> Manifest:
    """The Secret that the example's first lines make with kubectl."""
    reference = manifest["spec"]["tls"]["customCerts"]["caSecretRef"]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": reference["name"]},
        "data": dict(ca_data(ROOT)),
    }
