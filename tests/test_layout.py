"""The import contracts in pyproject.toml speak of every module, so none escapes them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parent.parent
LONGEST_FILE: Final = 400


def layers() -> list[str]:
    """Modules and packages that stand in a row of the contract `layers`."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        settings: dict[str, Any] = tomllib.load(file)
    contracts = settings["tool"]["importlinter"]["contracts"]
    [rows] = [contract["layers"] for contract in contracts if contract["name"] == "layers"]
    return [name.strip(" ()") for row in rows for name in re.split(r"[|:]", row)]


def modules() -> list[str]:
    """Every module below ``app`` but the packages' own ``__init__``."""
    return sorted(
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "app").rglob("*.py")
        if path.name != "__init__.py"
    )


def test_every_module_stands_in_a_layer() -> None:
    """A module in no row could import anything."""
    rows = layers()
    outside = [
        module
        for module in modules()
        if not any(module == row or module.startswith(f"{row}.") for row in rows)
    ]
    assert outside == []


def test_every_layer_is_there() -> None:
    """A row for a module that was renamed holds nothing."""
    present = modules()
    packages = {module.rpartition(".")[0] for module in present}
    assert [row for row in layers() if row not in present and row not in packages] == []


@pytest.mark.parametrize("folder", ["app", "hack", "tests"])
def test_no_file_is_too_long_to_be_read(folder: str) -> None:
    """Above 400 lines a file holds two subjects."""
    texts = {path: path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py")}
    lengths = {
        str(path.relative_to(ROOT)): len(text.splitlines())
        for path, text in texts.items()
        if not text.startswith('"""GENERATED')
    }
    assert {name: count for name, count in lengths.items() if count > LONGEST_FILE} == {}
