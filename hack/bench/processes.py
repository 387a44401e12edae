"""Starts servers and load generators and reads what they say."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

_START_SECONDS: Final = 30.0
_GENERATOR_SECONDS: Final = 400.0  # a soak of five minutes, and its end
_HEALTH: Final = b"GET /healthz HTTP/1.1\r\nhost: hook\r\nconnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server process."""

    port: int
    pid: int
    first_answer_seconds: float

    @property
    def resident_mb(self) -> float:
        """Resident memory in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024 / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a generator does: each caller sends all files ``count`` times.

    ``pace``: requests a second of each caller, 0 for back to back; ``seconds``: at most so long,
    so that a run of the benchmark is bounded on a slow machine too.
    """

    callers: int = 1
    count: int = 1
    pace: float = 0.0
    seconds: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a load generator measured.

    ``seconds``: of each answered request, sorted; ``wall``: of the whole run. ``refused``: how
    often a caller was told to retry.
    """

    seconds: tuple[float, ...]
    wall: float
    refused: int = 0

    def quantile(self, share: float) -> float:
        """Milliseconds that ``share`` of all requests did not exceed."""
        return self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))] * 1000

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.wall


@contextmanager
def server(
    module: Sequence[str],
    log: IO[bytes],
    port: int | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """A server started by ``python -m MODULE…``, where ``{port}`` stands for its port.

    ``settings``: variables besides those of this process.
    """
    port = port or free_port()
    command = [sys.executable, "-m", *(part.replace("{port}", str(port)) for part in module)]
    started = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own modules
        command, stdout=log, stderr=log, env={**os.environ, **(settings or {})}
    )
    try:
        _wait_for(process, port, started)
        yield Server(port=port, pid=process.pid, first_answer_seconds=time.perf_counter() - started)
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def generator(port: int, files: Sequence[Path], work: Work) -> Iterator[subprocess.Popen[bytes]]:
    """A load generator at work; `result_of` waits for its end."""
    numbers = (port, work.callers, work.count, work.pace, work.seconds)
    command = [sys.executable, "-m", "hack.bench.load", *map(str, numbers), *map(str, files)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own module
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)


def result_of(process: subprocess.Popen[bytes]) -> Load:
    """What a generator measured. Raises RuntimeError if it failed."""
    output, _ = process.communicate(timeout=_GENERATOR_SECONDS)
    if process.returncode:
        raise RuntimeError("the load generator failed")
    found = json.loads(output)
    return Load(
        seconds=tuple(sorted(found["seconds"])), wall=found["wall"], refused=found["refused"]
    )


def measured(port: int, files: Sequence[Path], work: Work) -> Load:
    """Run a generator to its end."""
    with generator(port, files, work) as process:
        return result_of(process)


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int, started: float) -> None:
    """Wait for the first answer. Raises RuntimeError if none comes."""
    while time.perf_counter() - started < _START_SECONDS and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(_HEALTH)
                if connection.recv(100).startswith(b"HTTP/1.1 200"):
                    return
        except ConnectionError:
            time.sleep(0.002)
    raise RuntimeError("the server did not start")
