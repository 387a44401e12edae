"""Makes any function of the core fail at its first call, as a defect in it would.

The interpreter calls a trace function where a function begins, and what that raises comes out of
the function. So no name has to be exchanged, and every function that a call reaches can fail.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import app

CORE: Final = str(Path(app.__file__).parent)
#: What runs around the core, and what it is made of.
AROUND: Final = ("edge", "cli", "simulation")


def is_core(code: CodeType) -> bool:
    """Whether a function is the core's own; comprehensions count to the one they stand in."""
    file = code.co_filename
    if not file.startswith(CORE) or code.co_name.startswith("<"):
        return False
    return Path(file).relative_to(CORE).parts[0] not in AROUND


def reached(call: Callable[[], object]) -> list[CodeType]:
    """Functions of the core that ``call`` reaches in this thread, in order, each once."""
    found: dict[CodeType, None] = {}

    def look(frame: FrameType, _event: str, _arg: Any) -> None:
        if is_core(frame.f_code):
            found[frame.f_code] = None

    with _traced(look):
        call()
    return list(found)


@contextmanager
def failing(code: CodeType, error: Callable[[], Exception]) -> Iterator[list[CodeType]]:
    """Let the first call of a function raise ``error()``; the list tells whether it did."""
    failed: list[CodeType] = []

    def fail(frame: FrameType, _event: str, _arg: Any) -> None:
        if frame.f_code is code and not failed:
            failed.append(code)
            sys.settrace(None)
            raise error()

    with _traced(fail):
        yield failed


@contextmanager
def _traced(look: Callable[[FrameType, str, Any], None]) -> Iterator[None]:
    before = sys.gettrace()
    sys.settrace(look)  # it returns None: no line is traced
    try:
        yield
    finally:
        sys.settrace(before)
