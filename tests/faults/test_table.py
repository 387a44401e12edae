"""docs/reliability.md and the tests agree: every fault has a row, every named test exists."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
PAGE: Final = TESTS.parent / "docs" / "reliability.md"
#: Every fault that is spoken of; numbers between them were given up.
FAULTS: Final = (
    *(1, 2, 3, 4, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 28, 29),
    *(30, 31, 32, 33, 34, 36, 37, 39, 40, 41, 42, 43, 44, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55),
    *(57, 58, 59, 60, 61, 62, 63, 65, 66, 67, 68, 69, 70, 71, 72, 73),
)
_ROW: Final = re.compile(r"(?m)^\| F(\d\d) \| (.+) \|$")
_TEST: Final = re.compile(r"`((?:\w+/)*test_\w+\.py)::(test_\w+)`")


@cache
def page() -> str:
    """Text of the page."""
    return PAGE.read_text(encoding="utf-8")


@cache
def names_in(file: Path) -> frozenset[str]:
    """Tests of a file by name, read without importing it; none of a file that is not there."""
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def rows() -> dict[int, str]:
    """Text of each row by the number of its fault."""
    return {int(number): text for number, text in _ROW.findall(page())}


def test_every_fault_has_exactly_one_row() -> None:
    """In their order, but for those that cannot occur, which come last."""
    numbers = [int(number) for number, _ in _ROW.findall(page())]
    assert Counter(numbers) == Counter(FAULTS)


@pytest.mark.parametrize("number", FAULTS, ids=lambda number: f"F{number:02}")
def test_a_row_says_what_happens_and_names_its_proof(number: int) -> None:
    """Fault, what happens, and at least one test."""
    fault, happens, proof = (one.strip() for one in rows()[number].split(" | "))
    assert fault
    assert happens
    assert _TEST.findall(proof), number


def test_every_test_that_the_page_names_exists() -> None:
    """In the file it names, by that name."""
    named = _TEST.findall(page())
    assert len(named) > 100
    missing = [f"{file}::{name}" for file, name in named if name not in names_in(TESTS / file)]
    assert missing == []
    assert page().count("::test_") == len(named), "a name that is not spelled as the others"


def test_every_test_of_a_fault_stands_in_its_row() -> None:
    """Nothing is tested under a number that the page does not show."""
    found = {
        (int(number), f"{file.relative_to(TESTS)}::{name}")
        for file in TESTS.rglob("test_*.py")
        for name in names_in(file)
        for number in re.findall(r"^test_f(\d\d)_", name)
    }
    assert len(found) > 30
    missing = [one for number, one in sorted(found) if f"`{one}`" not in rows()[number]]
    assert missing == []
