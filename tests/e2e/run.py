"""`make e2e`: build, start the stack, run the tests of this folder, stop everything.

With ``E2E_METACONTROLLER=external`` nothing is built or started: KUBECONFIG names a cluster where
Metacontroller and the hook are already at work. Arguments are passed to pytest; `--serve` runs the
stack until Ctrl-C instead and says how to reach it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.e2e.controlplane.build import Programs, build
from tests.e2e.stack.content import ROOT
from tests.e2e.stack.processes import STOP_SECONDS, ProcessError, kill_leftovers
from tests.e2e.stack.stack import Stack

#: What runs unless arguments name tests.
DEFAULT: Final = ("tests/e2e", "tests/charts")
#: The whole suite; a test that hangs has a limit of its own long before.
SUITE_SECONDS: Final = 900
#: Tests mostly wait for a cluster, so more of them than cores run at once.
WORKERS: Final = 6
#: A file's tests share a cluster, and some go on where the one before has ended.
_PYTEST: Final = ("-p", "no:randomly", "--dist", "loadfile", "--no-loadscope-reorder")


def main(arguments: Sequence[str]) -> int:
    """Run; the exit status is pytest's, or 1 if the stack or the model found a fault."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is stopped
    if os.environ.get("E2E_METACONTROLLER") == "external":
        return _pytest(arguments, {})
    programs = build()
    folder = Path(tempfile.mkdtemp(prefix="wazuh-hook-e2e-"))
    try:
        return _on_stack(programs, folder, arguments)
    finally:
        kill_leftovers(folder)


def _on_stack(programs: Programs, folder: Path, arguments: Sequence[str]) -> int:
    """Run the tests on a stack in ``folder``, which stays where something failed."""
    began = time.monotonic()
    with Stack(programs, folder) as stack:
        _say(f"started in {time.monotonic() - began:.1f} s; logs in {folder}")
        if "--serve" in arguments:
            return _serve(stack.environment)
        try:
            environment = stack.environment | {"E2E_FOLDER": str(folder)}
            status = _pytest(arguments, environment, stack.check)
            faults = stack.violations()
        except ProcessError as error:
            status, faults = 1, [str(error)]
    for fault in faults:
        _say(fault)
    if not status and not faults:
        shutil.rmtree(folder)
    return status or (1 if faults else 0)


def _pytest(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    check: Callable[[], None] = lambda: None,
) -> int:
    """Run the tests against what ``environment`` names, as long as ``check`` raises nothing."""
    tests = [argument for argument in arguments if argument.startswith("tests/")]
    command = [sys.executable, "-m", "pytest", "-n", str(WORKERS), *_PYTEST]
    running = subprocess.Popen(  # noqa: S603 - arguments of whoever calls us
        [*command, *arguments, *([] if tests else DEFAULT)],
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    end = time.monotonic() + SUITE_SECONDS
    try:
        while running.poll() is None:
            check()
            if time.monotonic() > end:
                raise ProcessError(f"the tests have not ended within {SUITE_SECONDS} s")
            time.sleep(1.0)
    finally:
        running.terminate()
        running.wait(STOP_SECONDS)
    return running.returncode


def _serve(environment: Mapping[str, str]) -> int:
    """Wait for Ctrl-C."""
    for name, value in environment.items():
        _say(f"export {name}={value}")
    try:
        signal.pause()
    except KeyboardInterrupt:
        _say("stopping")
    return 0


def _say(text: str) -> None:
    sys.stderr.write(f"e2e: {text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
