"""What a cluster holds before the first test: Nodes, a StorageClass, CRDs, the registration."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

import yaml

from app.result import Manifest
from app.simulation.remote.connection import Connection

ROOT: Final = Path(__file__).parents[3]
CRD: Final = ROOT / "crds" / "wazuhclusters.resources.wazuh.com.yaml"
CONTROLLER: Final = ROOT / "metacontroller" / "compositecontroller.yaml"
METACONTROLLER_CRDS: Final = Path(__file__).parent / "metacontroller.yaml"
RESYNC_SECONDS: Final = 15
NODES: Final = 3
_CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_ESTABLISHED_SECONDS: Final = 20.0


def furnish(connection: Connection, hook_url: str, storage_class: Path) -> None:
    """Create everything; the registration comes last, when the kinds are served."""
    for number in range(NODES):
        connection.call("POST", "/api/v1/nodes", _node(number))
    connection.call("POST", "/apis/storage.k8s.io/v1/storageclasses", _read(storage_class))
    definitions = [*_read_all(METACONTROLLER_CRDS), _read(CRD)]
    for definition in definitions:
        connection.call("POST", _CRDS, definition)
    for definition in definitions:
        _wait_established(connection, definition["metadata"]["name"])
    registration = controller(hook_url)
    connection.call(
        "POST", f"/apis/{registration['apiVersion']}/compositecontrollers", registration
    )


def controller(hook_url: str) -> Manifest:
    """The CompositeController of this project with the hook elsewhere and quicker resyncs."""
    manifest = _read(CONTROLLER)
    manifest["spec"]["resyncPeriodSeconds"] = RESYNC_SECONDS
    for name, hook in manifest["spec"]["hooks"].items():
        hook["webhook"]["url"] = f"{hook_url}/{name}?rev=1"
    return manifest


def _node(number: int) -> Manifest:
    name = f"node-{number}"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/zone": f"zone-{number}",
            },
        },
    }


def _wait_established(connection: Connection, name: str) -> None:
    """TimeoutError if the kind is not served in time."""
    end = time.monotonic() + _ESTABLISHED_SECONDS
    while time.monotonic() < end:
        status: dict[str, Any] = connection.call("GET", f"{_CRDS}/{name}").body.get("status", {})
        found = {item["type"]: item["status"] for item in status.get("conditions") or []}
        if found.get("Established") == "True":
            return
        time.sleep(0.1)
    raise TimeoutError(f"{name} is not established: {found}")


def _read(path: Path) -> Manifest:
    [manifest] = _read_all(path)
    return manifest


def _read_all(path: Path) -> list[Manifest]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
