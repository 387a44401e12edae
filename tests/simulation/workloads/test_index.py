"""The model of the index: whom it lets in, and how that changes."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, Final

import pytest

from app.result import Manifest
from app.simulation.workloads.index import Indices
from tests.simulation.workloads.world import World

HASHES: Final = tuple(f"$2b$12${letter * 53}" for letter in "abc")
LABELS: Final = {"app.kubernetes.io/instance": "wz"}
PLACE: Final = ("security", "wz")
FILE: Final = "internal_users.yml"


def patch(*hashes: str) -> bytes:
    """A patch for the users a and b."""
    steps = [
        {"op": "add", "path": f"/{name}", "value": {"hash": one}}
        for name, one in zip("ab", hashes, strict=True)
    ]
    return json.dumps(steps).encode()


def secret(name: str, file: str, content: bytes) -> Manifest:
    """A Secret with one file."""
    encoded = {file: base64.b64encode(content).decode()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "security"},
        "data": encoded,
    }


def pod(name: str, component: str, mounted: str, *command: str) -> Manifest:
    """A pod that mounts one Secret."""
    labels = {**LABELS, "app.kubernetes.io/component": component}
    restart = "Always" if component == "indexer" else "Never"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "security", "labels": labels},
        "spec": {
            "restartPolicy": restart,
            "containers": [{"name": "main", "image": "x", "command": [*command]}],
            "volumes": [{"name": "files", "secret": {"secretName": mounted}}],
        },
    }


def claim(name: str) -> Manifest:
    """A claim of the indexers."""
    labels = {**LABELS, "app.kubernetes.io/component": "indexer"}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "security", "labels": labels},
        "spec": {"accessModes": ["ReadWriteOnce"]},
    }


@pytest.fixture
def world() -> World:
    """A world in which an indexer with two users runs."""
    made = World()
    text = f"_meta: {{}}\na: {{hash: '{HASHES[0]}'}}\nb: {{hash: '{HASHES[1]}'}}\n"
    made.api.create(secret("files", FILE, text.encode()), "test")
    made.api.create(claim("data-0"), "test")
    made.api.create(pod("wz-indexer-0", "indexer", "files"), "test")
    made.advance(60)
    return made


def indices(world: World) -> Indices:
    """The model under test."""
    return world.controllers.indices


def run_job(world: World, body: bytes, digest: str | None = None) -> Any:
    """Phase of a security Job's pod after it ended."""
    world.api.create(secret("patch", "security-patch.json", body), "test")
    wanted = digest or hashlib.sha256(body).hexdigest()
    world.api.create(pod("job", "credentials", "patch", "sh", wanted), "test")
    world.advance(60)
    status = world.api.get("Pod", "security", "job")["status"]
    return status["phase"], status["containerStatuses"][0]["state"]["terminated"]["exitCode"]


def test_the_first_start_loads_the_file(world: World) -> None:
    """Later ones and other contents of the file change nothing."""
    users = {"a": HASHES[0], "b": HASHES[1]}
    assert indices(world).users == {PLACE: users}
    world.api.create(secret("others", FILE, b"a: {hash: x}"), "test")
    world.api.create(pod("wz-indexer-1", "indexer", "others"), "test")
    world.advance(60)
    assert indices(world).users == {PLACE: users}


def test_a_job_changes_both_users(world: World) -> None:
    """Its pod succeeds."""
    assert run_job(world, patch(HASHES[2], HASHES[1])) == ("Succeeded", 0)
    assert indices(world).users[PLACE] == {"a": HASHES[2], "b": HASHES[1]}


@pytest.mark.parametrize(
    ("body", "digest", "exit_status"),
    [
        pytest.param(patch(*HASHES[:2]), "0" * 64, 1, id="another patch"),
        pytest.param(patch("x", HASHES[0]), None, 2, id="no hash"),
    ],
)
def test_a_job_that_does_not_fit_changes_nothing(
    world: World, body: bytes, digest: str | None, exit_status: int
) -> None:
    """Exit status 2 where the same again would fail again."""
    before = dict(indices(world).users[PLACE])
    assert run_job(world, body, digest) == ("Failed", exit_status)
    assert indices(world).users[PLACE] == before


def test_a_job_needs_an_indexer(world: World) -> None:
    """Nobody answers otherwise."""
    world.controllers.kubelet.break_pods(unready=lambda one: "indexer" in one["metadata"]["name"])
    assert run_job(world, patch(*HASHES[:2])) == ("Failed", 1)


def test_the_index_lives_on_its_volumes(world: World) -> None:
    """Without pods it stays; with its last claim it is gone."""
    world.api.create(claim("data-1"), "test")
    world.api.delete(("Pod", "security", "wz-indexer-0"), "test")
    world.advance(10)
    world.api.delete(("PersistentVolumeClaim", "security", "data-0"), "test")
    world.advance(10)
    assert PLACE in indices(world).users
    world.api.delete(("PersistentVolumeClaim", "security", "data-1"), "test")
    world.advance(10)
    assert indices(world).users == {}
