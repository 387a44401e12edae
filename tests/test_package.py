"""What the Dockerfile does, without Docker: wheel, hashes, nobody, nothing that can be written.

It installs from the package index, so it belongs to the slow tests.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import httpx
import pytest

ROOT: Final = Path(__file__).parent.parent
#: As the image has it.
NOBODY: Final = 65532
START_SECONDS: Final = 30.0

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that anybody may enter; pytest's own are for its user alone."""
    folder = Path(tempfile.mkdtemp(prefix="wazuh-hook-package-"))
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def environment(place: Path) -> Path:
    """The wheel with its locked requirements in an empty environment, read-only."""
    _run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(place)], ROOT)
    [wheel] = place.glob("*.whl")
    made = place / "environment"
    _run([_interpreter(place), "-m", "venv", "--without-pip", str(made)], place)
    pip = [
        *(sys.executable, "-m", "pip", "--python", str(made / "bin" / "python")),
        *("install", "--quiet", "--disable-pip-version-check"),
    ]
    locked = str(ROOT / "requirements" / "runtime.txt")
    _run([*pip, "--require-hashes", "--only-binary=:all:", "-r", locked], place)
    _run([*pip, "--no-deps", "--no-index", str(wheel)], place)
    for path in (made, *made.rglob("*")):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o555 | 0o444)
    return made


def test_it_serves_as_nobody_where_nothing_can_be_written(place: Path, environment: Path) -> None:
    """One process, ready within the time, which ends by SIGTERM; no file is made."""
    empty = place / "empty"
    empty.mkdir(mode=0o555)
    before = _files(place)
    port = _free_port()
    running = subprocess.Popen(  # noqa: S603 - our own program
        [
            *_as_nobody(),
            *(str(environment / "bin" / "wazuh-hook"), "serve", "--port", str(port)),
        ],
        cwd=empty,
        env={"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(empty), "HOME": str(empty)},
        stderr=subprocess.PIPE,
    )
    try:
        assert _ready(running, port) == "ok\n"
        request = json.loads((ROOT / "tests" / "recordings" / "1-first-sync.json").read_bytes())
        answer = httpx.post(f"http://127.0.0.1:{port}/sync", json=request, trust_env=False)
        assert (answer.status_code, bool(answer.json()["children"])) == (200, True)
        assert _user_of(running.pid) == (NOBODY if os.geteuid() == 0 else os.geteuid())
    finally:
        running.terminate()
        _, said = running.communicate(timeout=START_SECONDS)
    events = [json.loads(line) for line in said.splitlines()]
    assert [event["event"] for event in events] == ["listening", "sync", "stopping", "stopped"]
    assert _files(place) == before


def _ready(running: subprocess.Popen[bytes], port: int) -> str:
    """What /readyz says, once there is an answer."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and running.poll() is None:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).text
        except httpx.TransportError:
            time.sleep(0.05)
    return f"no answer, exit status {running.poll()}"


def _as_nobody() -> list[str]:
    """Prefix of a command that gives up every right; nothing where there is none to give up."""
    if os.geteuid() != 0:
        return []
    identity = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return ["setpriv", *identity, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]


def _interpreter(place: Path) -> str:
    """A python3 that nobody may run: the one of this test may lie in somebody's home."""
    for candidate in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        tried = subprocess.run(  # noqa: S603 - an interpreter
            [*_as_nobody(), candidate, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
            cwd=place,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if tried.returncode == 0:
            return candidate
    raise AssertionError("no python3 of at least 3.11 that another user can run")


def _user_of(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("Uid:")).split()[2])


def _files(place: Path) -> set[Path]:
    return set(place.rglob("*"))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _run(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, timeout=200)  # noqa: S603 - our own arguments
