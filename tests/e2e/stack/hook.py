"""The hook as its users run it: a process of its own, at a port that it keeps over restarts."""

from __future__ import annotations

import os
import ssl
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from tests.e2e.stack.processes import LOOPBACK, Process, ProcessError, free_ports

READY_SECONDS: Final = 30.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class HookProcess:
    """One hook on loopback; it may be stopped and started as often as wanted."""

    def __init__(
        self,
        folder: Path,
        name: str = "hook",
        settings: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """``settings``: further variables; ``tls``: what its readiness is asked with."""
        [port] = free_ports(1)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://{LOOPBACK}:{port}"
        self._settings = dict(settings or {})
        self._tls = tls
        arguments = ["-m", "app", "serve", "--host", LOOPBACK, "--port", str(port)]
        self._process = Process(name, folder, [sys.executable, *arguments])

    def start(self) -> None:
        """Start it; returns when it is ready. ProcessError."""
        self._process.start(self._settings)
        end = time.monotonic() + READY_SECONDS
        while not self._is_ready():
            self._process.check()
            if time.monotonic() > end:
                raise ProcessError(f"the hook is not ready:\n{self._process.tail()}")
            time.sleep(0.1)

    def stop(self, *, kill: bool = False) -> None:
        """End it, at once with ``kill``; nothing happens if it does not run."""
        self._process.stop(kill=kill)

    def check(self) -> None:
        """ProcessError if it has ended by itself."""
        self._process.check()

    @property
    def log(self) -> str:
        """All it has written."""
        return self._process.log.read_text(encoding="utf-8", errors="replace")

    def cpu_seconds(self) -> float:
        """Processor time of the running process, of user and system together."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_mib(self) -> float:
        """Resident memory of the running process."""
        statm = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii")
        return int(statm.split()[1]) * _PAGE / 2**20

    def _is_ready(self) -> bool:
        try:
            with httpx.Client(verify=self._tls or False, trust_env=False) as client:
                return client.get(f"{self.url}/readyz", timeout=5.0).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False
