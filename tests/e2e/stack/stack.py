"""The whole stack: control plane, the hook as its users run it, Metacontroller's model."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx

from app.simulation.remote.connection import Connection, access_of
from app.simulation.remote.process import EXIT_VIOLATIONS
from tests.e2e.controlplane.build import Programs
from tests.e2e.stack.content import furnish
from tests.e2e.stack.control_plane import ControlPlane
from tests.e2e.stack.processes import LOOPBACK, Process, ProcessError, free_ports

READY_SECONDS: Final = 30.0


class Stack:
    """Runs within a ``with`` block; everything it writes is in ``folder``."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        """Nothing is started yet."""
        self._programs = programs
        self._plane = ControlPlane(programs, folder)
        [port] = free_ports(1)
        self._hook_url = f"http://{LOOPBACK}:{port}"
        self._hook = Process(
            "hook",
            folder,
            [sys.executable, "-m", "app", "serve", "--host", LOOPBACK, "--port", str(port)],
        )
        model = [sys.executable, "-m", "app.simulation.remote"]
        self._model = Process(
            "metacontroller", folder, [*model, "--kubeconfig", self._plane.kubeconfig]
        )

    def __enter__(self) -> Self:
        """Start everything; what was started is stopped if a part does not get ready."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self.stop()

    @property
    def environment(self) -> dict[str, str]:
        """Variables by which the tests find their way."""
        return {
            "KUBECONFIG": str(self._plane.kubeconfig),
            "E2E_METACONTROLLER": "model",
            "E2E_HOOK_URL": self._hook_url,
            "E2E_AUDIT_LOG": str(self._plane.audit_log),
        }

    def check(self) -> None:
        """ProcessError if a part has ended by itself."""
        self._plane.check()
        self._hook.check()
        self._model.check()

    def violations(self) -> list[str]:
        """Rules that the model saw broken; it is stopped to ask it. ProcessError if it failed."""
        status = self._model.stop()
        if status not in (0, EXIT_VIOLATIONS):
            raise ProcessError(f"{self._model.name} failed:\n{self._model.tail()}")
        lines = self._model.log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if '"violation"' in line]

    def stop(self) -> None:
        """Stop what runs, clients first."""
        self._model.stop()
        self._hook.stop()
        self._plane.stop()

    def _start(self) -> None:
        self._plane.start()
        self._hook.start()
        connection = Connection(access_of(self._plane.kubeconfig), "e2e-setup")
        try:
            self._wait_for_hook()
            furnish(connection, self._hook_url, self._programs.storage_class)
        finally:
            connection.close()
        self._model.start()

    def _wait_for_hook(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            self._hook.check()
            try:
                answer = httpx.get(f"{self._hook_url}/readyz", timeout=5.0, trust_env=False)
                if answer.status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        raise ProcessError(f"the hook is not ready:\n{self._hook.tail()}")
