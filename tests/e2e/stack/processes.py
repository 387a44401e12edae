"""Processes of the stack: started in the background, stopped by their own id only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

STOP_SECONDS: Final = 15.0
LOOPBACK: Final = "127.0.0.1"


class ProcessError(Exception):
    """A process ended, or did not get ready; the text holds the end of its log."""


class Process:
    """One program with its log and pid in a folder."""

    def __init__(self, name: str, folder: Path, command: Sequence[str | Path]) -> None:
        """Nothing is started yet."""
        self.name = name
        self.log = folder / f"{name}.log"
        self._pid_file = folder / f"{name}.pid"
        self._command = [str(part) for part in command]
        self._running: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start it apart from the terminal, so that only `stop` ends it."""
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(  # noqa: S603 - our own arguments
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        self._pid_file.write_text(str(self._running.pid), encoding="utf-8")

    @property
    def pid(self) -> int:
        """Id of the running process. ProcessError if there is none."""
        if self._running is None:
            raise ProcessError(f"{self.name} does not run")
        return self._running.pid

    def check(self) -> None:
        """ProcessError if it has ended."""
        if self._running is not None and self._running.poll() is not None:
            code = self._running.returncode
            raise ProcessError(f"{self.name} ended with status {code}:\n{self.tail()}")

    def stop(self, *, kill: bool = False) -> int | None:
        """End it and wait until it is gone; its exit status, None if it was not started."""
        running, self._running = self._running, None
        if running is None:
            return None
        if running.poll() is None:
            running.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            return running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            return running.wait(STOP_SECONDS)
        finally:
            self._pid_file.unlink()

    def tail(self) -> str:
        """Last lines of the log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def kill_leftovers(folder: Path) -> None:
    """End what was started below ``folder`` and not stopped: its starter was killed before."""
    for path in folder.rglob("*.pid"):
        with suppress(ProcessLookupError):
            os.kill(int(path.read_text(encoding="utf-8")), signal.SIGKILL)
        path.unlink()


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, all different."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()
