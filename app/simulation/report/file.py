"""The report as a file."""

from __future__ import annotations

from pathlib import Path

from app.cli.arguments import UsageError
from app.simulation.report.life import Life
from app.simulation.report.page import page


def check_target(path: Path) -> None:
    """UsageError where a report cannot be written; told before a long run rather than after it."""
    if path.is_dir():
        raise UsageError(f"{path}: is a directory")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: its directory does not exist")


def write_report(life: Life, path: Path) -> None:
    """Write the page. UsageError where that fails."""
    try:
        path.write_bytes(page(life))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
