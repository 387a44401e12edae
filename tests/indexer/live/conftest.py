"""Two nodes of one cluster for all tests of this folder, and nodes of a test's own.

A test may restart a node or swap certificates; the fixture `nodes` makes the cluster whole again.
It must leave the generated passwords in force. A test that cannot makes `new_nodes`. Scripts run
by `programs.script`; `Node.show` swaps what is mounted, `Node.recreate` makes the pod anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from app.names import Role
from tests.indexer.client import Client, User
from tests.indexer.distribution.assemble import CURRENT, assemble
from tests.indexer.kubelet import Pod
from tests.indexer.nodes import Nodes, folder_of_run, readable_home
from tests.indexer.people import administrator_of, dashboard_of
from tests.indexer.rendered import REPLICAS, Rendered

#: Makes nodes: of what is rendered, so many, of a version of OpenSearch.
NewNodes = Callable[..., Nodes]


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    """A folder for this run that the nodes' user can read."""
    with folder_of_run() as folder:
        yield folder


@pytest.fixture(scope="session")
def home(run_folder: Path) -> Path:
    """The distribution with which most tests run."""
    return readable_home(assemble(CURRENT), run_folder)


@pytest.fixture(scope="session")
def rendered() -> Rendered:
    """The cluster that the nodes run."""
    return Rendered()


@pytest.fixture(scope="session")
def running(rendered: Rendered, home: Path, run_folder: Path) -> Iterator[Nodes]:
    """Two nodes that form one cluster."""
    folder = run_folder / "cluster"
    folder.mkdir()
    with Nodes(rendered, home, folder, REPLICAS) as nodes:
        nodes.start()
        yield nodes


@pytest.fixture
def nodes(running: Nodes) -> Iterator[Nodes]:
    """The two nodes, whole before and after the test."""
    yield running
    running.start()


@pytest.fixture
def new_nodes(run_folder: Path) -> Iterator[NewNodes]:
    """Makes nodes of one test's own, not started; they are stopped when it ends."""
    with ExitStack() as made:

        def make(rendered: Rendered, count: int, opensearch: str = CURRENT) -> Nodes:
            folder = Path(tempfile.mkdtemp(prefix="own-", dir=run_folder))
            folder.chmod(0o755)
            home = readable_home(assemble(opensearch), folder)
            return made.enter_context(Nodes(rendered, home, folder, count))

        yield make


@pytest.fixture
def administrator(rendered: Rendered) -> User:
    """Name and generated password of the administrator."""
    return administrator_of(rendered)


@pytest.fixture
def dashboard(rendered: Rendered) -> User:
    """Name and generated password of the dashboard's server."""
    return dashboard_of(rendered)


@pytest.fixture
def by_certificate(nodes: Nodes) -> Iterator[Client]:
    """The first node, called with the administrator's certificate."""
    with nodes.administrator() as client:
        yield client


@pytest.fixture
def by_password(nodes: Nodes) -> Iterator[Client]:
    """The first node, called without a certificate."""
    with nodes[0].client() as client:
        yield client


@pytest.fixture(scope="session")
def master(rendered: Rendered, run_folder: Path) -> Pod:
    """The manager master's pod with its files: Filebeat runs in it."""
    pod = rendered.pod(Role.MANAGER_MASTER, 0, run_folder / "master")
    pod.root.mkdir()
    pod.mount()
    return pod


@pytest.fixture(scope="session")
def dashboard_pod(rendered: Rendered, run_folder: Path) -> Pod:
    """A pod of the dashboard with its files."""
    pod = rendered.pod(Role.DASHBOARD, 0, run_folder / "dashboard")
    pod.root.mkdir()
    pod.mount()
    return pod


@pytest.fixture(scope="session")
def run_stranger() -> Rendered:
    """Another cluster of the same name and spec: its CA, keys and passwords are others."""
    return Rendered(seed=1)
