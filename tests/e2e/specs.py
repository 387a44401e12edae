"""WazuhClusters of the end-to-end tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from app import names
from app.result import Manifest
from tests.e2e.stack.content import ROOT

NAME: Final = "wazuh"
EXAMPLES: Final = tuple(sorted((ROOT / "examples").glob("*.yaml")))


def example(name: str) -> Manifest:
    """The WazuhCluster of an example that stands alone."""
    return read(ROOT / "examples" / f"{name}.yaml")


def read(path: Path) -> Manifest:
    """The only document of a file."""
    manifest: Manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    return manifest


def wazuh_cluster(spec: Manifest, name: str = NAME) -> Manifest:
    """The object around ``spec``."""
    return {
        "apiVersion": names.API_VERSION,
        "kind": names.KIND,
        "metadata": {"name": name},
        "spec": {"version": "4.14.1", **spec},
    }


def every_kind() -> Manifest:
    """A small cluster that has a child of every kind, and one more tier member than needed."""
    policy: dict[str, Any] = {"enabled": True}
    return wazuh_cluster(
        {
            "indexer": {"replicas": 3, "networkPolicy": policy},
            "manager": {"workers": {"replicas": 2}, "logRotation": {"enabled": True}},
            "dashboard": {"networkPolicy": policy},
        }
    )
