"""The whole stack: control plane, the hook as its users run it, Metacontroller or its model."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.simulation.remote.connection import Connection, access_of
from app.simulation.remote.process import EXIT_VIOLATIONS
from tests.e2e.controlplane.build import Programs
from tests.e2e.stack.content import furnish
from tests.e2e.stack.control_plane import ControlPlane
from tests.e2e.stack.hook import HookProcess
from tests.e2e.stack.processes import Process, ProcessError

#: Names a build of the real Metacontroller, which then takes the place of the model.
PROGRAM: Final = "E2E_METACONTROLLER_PROGRAM"
_FLAGS: Final = (
    "--discovery-interval=1s",
    "--metrics-address=0",
    "--health-probe-bind-address=0",
    "--client-go-qps=100",
    "--client-go-burst=200",
)


class Stack:
    """Runs within a ``with`` block; everything it writes is in ``folder``."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        """Nothing is started yet."""
        self._programs = programs
        self._plane = ControlPlane(programs, folder)
        self.kubeconfig = self._plane.kubeconfig
        self.audit_log = self._plane.audit_log
        self.hook = HookProcess(folder)
        #: Where Metacontroller calls the hook; a test may put something between.
        self.hook_url = self.hook.url
        self._program = os.environ.get(PROGRAM)
        self._metacontroller = Process("metacontroller", folder, self._command())

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
            "KUBECONFIG": str(self.kubeconfig),
            "E2E_METACONTROLLER": "program" if self._program else "model",
            "E2E_HOOK_URL": self.hook_url,
            "E2E_AUDIT_LOG": str(self.audit_log),
        }

    def check(self) -> None:
        """ProcessError if a part has ended by itself."""
        self._plane.check()
        self.hook.check()
        self._metacontroller.check()

    def violations(self) -> list[str]:
        """Rules that the model saw broken; it is stopped to ask it. ProcessError if it failed.

        The real Metacontroller judges nothing.
        """
        status = self._metacontroller.stop()
        if status not in (0, EXIT_VIOLATIONS):
            raise ProcessError(
                f"{self._metacontroller.name} failed:\n{self._metacontroller.tail()}"
            )
        lines = self._metacontroller.log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if '"violation"' in line]

    def stop(self) -> None:
        """Stop what runs, clients first."""
        self._metacontroller.stop()
        self.hook.stop()
        self._plane.stop()

    def _command(self) -> list[str | Path]:
        """The model, or the real program with limits that fit a test."""
        if self._program is None:
            model = [sys.executable, "-m", "app.simulation.remote"]
            return [*model, "--kubeconfig", self.kubeconfig]
        return [self._program, f"--kubeconfig={self.kubeconfig}", *_FLAGS]

    def _start(self) -> None:
        self._plane.start()
        self.hook.start()
        connection = Connection(access_of(self.kubeconfig), "e2e-setup")
        try:
            furnish(connection, self.hook_url, self._programs.storage_class)
        finally:
            connection.close()
        self._metacontroller.start()
