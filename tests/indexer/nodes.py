"""Nodes of a real OpenSearch, each on the file system of a rendered pod.

``Nodes`` starts, stops and restarts them one by one, and shows them new Secrets while they run.
Every process is stopped by its own id when the ``with`` block ends, however it ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import httpx

from app.names import Role
from tests.cluster_builder import NAMES
from tests.e2e.stack.processes import LOOPBACK, ProcessError, free_ports
from tests.indexer.client import Client, with_leaf
from tests.indexer.kubelet import Objects, Owner, Pod
from tests.indexer.mapping import HEAP, IMAGE_FILES, Place, overrides
from tests.indexer.rendered import Rendered

READY_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.25
HEALTH: Final = "/_plugins/_security/health"

#: Flags of OpenSearch's own start script on a JVM of version 17, but for the heap; and what lets
#: a node start with a quarter less work on a small machine.
_JVM: Final = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:-BytecodeVerificationRemote",
    "-XX:-UsePerfData",
    "-Djava.security.manager=allow",
    "-Djava.locale.providers=SPI,COMPAT",
    "--add-opens=java.base/java.io=ALL-UNNAMED",
    "-Djna.nosys=true",
    "-Dio.netty.noUnsafe=true",
    "-Dlog4j.shutdownHookEnabled=false",  # else a stop waits half a minute for its own logging
    "-Dlog4j2.disable.jmx=true",
    "-Dopensearch.distribution.type=tar",
    "-Dopensearch.bundled_jdk=false",
)


class Node:
    """One OpenSearch on the files of its pod."""

    def __init__(self, home: Path, pod: Pod, place: Place, rendered: Rendered) -> None:
        """Files are written, nothing is started. ``home``: of the distribution."""
        self.pod = pod
        self.place = place
        self.log = place.root / "node.log"
        self._home = home
        self._settings: Mapping[str, Any] = rendered.settings
        self._config = place.root / _config_folder(self._settings)
        self._running: subprocess.Popen[bytes] | None = None
        pod.mount()
        self._image()

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._running.pid if self._running else None

    @property
    def transport(self) -> str:
        """Address of the transport layer."""
        return f"{LOOPBACK}:{self.place.transport_port}"

    @property
    def url(self) -> str:
        """Of the REST API, under a name that the leaf holds."""
        return f"https://localhost:{self.place.rest_port}"

    def show(self, objects: Objects) -> None:
        """Show newer Secrets in the mounted folders, as the kubelet does while the pod runs."""
        self.pod.mount(objects)

    def recreate(self, rendered: Rendered) -> None:
        """Put a new pod in its place, on the same claim: not started, all else written anew."""
        self.stop()
        self._settings = rendered.settings
        shutil.rmtree(self._config)
        self.pod.mount(rendered.objects)
        self._image()

    def start(self, *arguments: str) -> None:
        """Start it in the background. ``arguments`` follow those of the mapping."""
        temporary = self.place.root / "tmp"
        command = [
            *as_user(self.pod.owner),
            "java",
            *HEAP.split(),
            *_JVM,
            f"-Dopensearch.path.home={self._home}",
            f"-Dopensearch.path.conf={self._config}",
            f"-Djava.io.tmpdir={temporary}",
            "-cp",
            f"{self._home}/lib/*",
            "org.opensearch.bootstrap.OpenSearch",
            *overrides(self._settings, self.place),
            *arguments,
        ]
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(  # noqa: S603 - our own arguments
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.place.root,
                env={"PATH": os.environ["PATH"], **self.pod.environment()},
                start_new_session=True,
            )

    def ask_to_stop(self) -> None:
        """Send SIGTERM, if it runs; `stop` waits for the end."""
        if self._running is not None:
            self._running.terminate()

    def stop(self, *, kill: bool = False) -> int | None:
        """End it and wait until it is gone; its exit status, None if it was not started."""
        running, self._running = self._running, None
        if running is None:
            return None
        if kill:
            running.kill()
        else:
            running.terminate()
        try:
            return running.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            return running.wait(_STOP_SECONDS)

    def wait_for_end(self, seconds: float) -> int:
        """Exit status of a node that ends by itself; TimeoutExpired if it goes on."""
        if self._running is None:
            raise ProcessError(f"{self.pod.name} was not started")
        return self._running.wait(seconds)

    def check(self) -> None:
        """ProcessError if it has ended."""
        code = self._running.poll() if self._running else None
        if code is not None:
            raise ProcessError(f"{self.pod.name} ended with status {code}:\n{self.tail()}")

    def wait_until_ready(self, seconds: float = READY_SECONDS) -> float:
        """Wait as the readiness probe does; how long it took."""
        with self.client() as client:
            return until(lambda: _is_ready(client), seconds, f"{self.pod.name} ready", self.check)

    def client(self) -> Client:
        """A client without certificate, under the name of the Service."""
        return Client(self.place.rest_port, self._config / "certs" / "ca.crt")

    def tail(self, count: int = 30) -> str:
        """Last lines of the log, without the frames of stack traces."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join([line for line in lines if not line.startswith("\tat ")][-count:])

    def _image(self) -> None:
        """What the image brings: files of its own, and folders that its user may write to."""
        for name, text in IMAGE_FILES.items():
            (self._config / name).write_text(text, encoding="utf-8")
            self.pod.owner.own(self._config / name)
        logs = Path(self.place.below(self._settings["path.logs"]))
        for folder in (logs, self.place.root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
            self.pod.owner.own(folder)


class Nodes:
    """The nodes of one rendered cluster."""

    def __init__(self, rendered: Rendered, home: Path, folder: Path, count: int) -> None:
        """Files are written below ``folder``, nothing is started."""
        self.rendered = rendered
        ports = free_ports(2 * count)
        rest, transport = ports[:count], tuple(ports[count:])
        self.all: list[Node] = []
        for ordinal in range(count):
            root = folder / NAMES.pod(Role.INDEXER, ordinal)
            root.mkdir(mode=0o755)
            place = Place(
                root=root,
                rest_port=rest[ordinal],
                transport_port=transport[ordinal],
                peers=transport,
            )
            pod = rendered.pod(Role.INDEXER, ordinal, root)
            pod.owner.own(root)
            self.all.append(Node(home, pod, place, rendered))
        self.folder = folder
        self.home = home
        self.admin_files = folder / "admin"

    def __getitem__(self, ordinal: int) -> Node:
        """The node of one pod."""
        return self.all[ordinal]

    def __iter__(self) -> Iterator[Node]:
        """Every node, by ordinal."""
        return iter(self.all)

    def __enter__(self) -> Self:
        """Itself; nothing is started."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all of them, at the same time."""
        for node in self.all:
            node.ask_to_stop()
        for node in self.all:
            node.stop()

    def start(self) -> float:
        """Start all that do not run and wait until the cluster is whole; seconds it took."""
        began = time.monotonic()
        for node in self.all:
            if node.pid is None:
                node.start()
        self.wait_until_whole()
        return time.monotonic() - began

    def restart(self, ordinal: int, *, kill: bool = False) -> float:
        """Restart one node and wait until the cluster is whole; seconds without it."""
        began = time.monotonic()
        self[ordinal].stop(kill=kill)
        self[ordinal].start()
        self.wait_until_whole()
        return time.monotonic() - began

    def recreate(self, rendered: Rendered) -> float:
        """All pods anew on the old claims, as after a new WazuhCluster of the same name.

        Returns when the cluster is whole; seconds it took.
        """
        self.rendered = rendered
        for node in self.all:
            node.recreate(rendered)
        return self.start()

    def manager(self) -> int:
        """Ordinal of the elected cluster manager, of two nodes the only one that votes."""
        with self.administrator() as client:
            name = client.call("GET", "/_cat/cluster_manager?h=node").body.strip()
        return [node.pod.name for node in self.all].index(name)

    def show(self, *ordinals: int) -> None:
        """Show the rendered Secrets of this moment to some nodes, or to all."""
        for ordinal in ordinals or range(len(self.all)):
            self[ordinal].show(self.rendered.objects)

    def administrator(self, ordinal: int = 0) -> Client:
        """A client with the administrator's certificate, as the Secret has it now."""
        return with_leaf(self[ordinal].place.rest_port, self.admin_certificate())

    def admin_certificate(self) -> Path:
        """The administrator's Secret as a Job mounts it: its folder, with the newest content."""
        return self.rendered.show_secret(NAMES.certs("admin"), self.admin_files)

    def wait_until_whole(self, seconds: float = READY_SECONDS) -> None:
        """Wait until every node is ready and every node sees all of them, green."""
        path = f"/_cluster/health?wait_for_nodes={len(self.all)}&wait_for_status=green&timeout=2s"
        for ordinal, node in enumerate(self.all):
            node.wait_until_ready(seconds)
            with self.administrator(ordinal) as client:
                until(partial(_is, 200, client, path), seconds, path, node.check)


@contextmanager
def folder_of_run() -> Iterator[Path]:
    """A folder that nodes of another user can read; it goes when the run ends."""
    folder = Path(tempfile.mkdtemp(prefix="wazuh-hook-indexer-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def readable_home(home: Path, folder: Path) -> Path:
    """The distribution below ``folder``: the cache lies in a home that others cannot enter."""
    made = folder / home.name

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:  # another file system
            shutil.copyfile(source, target)

    shutil.copytree(home, made, copy_function=link)
    for path in made.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    made.chmod(0o755)
    return made


def until(
    holds: Callable[[], bool],
    seconds: float,
    what: str,
    check: Callable[[], None] = lambda: None,
) -> float:
    """Ask until it holds; seconds it took. TimeoutError that says ``what``."""
    began = time.monotonic()
    while not holds():
        check()
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(_POLL_SECONDS)
    return time.monotonic() - began


def as_user(owner: Owner) -> list[str]:
    """Start of a command: as the pod's user (OpenSearch refuses root), and not outliving us."""
    ours = ["setpriv", "--pdeathsig=TERM"]
    if os.geteuid() != 0:
        return ours
    return [*ours, f"--reuid={owner.uid}", f"--regid={owner.gid}", "--clear-groups"]


def _is(status: int, client: Client, path: str) -> bool:
    try:
        return client.call("GET", path).status == status
    except httpx.TransportError:
        return False


def _is_ready(client: Client) -> bool:
    return _is(200, client, HEALTH)


def _config_folder(settings: Mapping[str, Any]) -> str:
    """Folder of opensearch.yml, relative to the root: the one that holds ``certs``."""
    path: str = settings["plugins.security.ssl.http.pemcert_filepath"]
    return str(Path(path).parent.parent).lstrip("/")
