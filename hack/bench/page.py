"""The figures as a page of the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "performance.md"

_TEXT: Final = """\
# Performance

Written by `make bench`; figures depend on the machine: {machine}.

Every figure is taken over HTTP on loopback, with the load generator in a process of its own. The
body is that of `examples/production.yaml` at rest, as Metacontroller sends it.

- **floor**: the same server decodes the same body and encodes the same answer, and does nothing in
  between. It is measured in the same run, and the ratio to it is what to compare between machines.
- **fresh**: every request is answered anew (`WAZUH_HOOK_REUSE_MAX_BYTES=0`). Objects whose bytes
  have not changed since an earlier request are not decoded and read again.
- **reused**: the default. A request that is known byte by byte is answered from memory, as long as
  time alone would not change the answer.

| figure | measured | goal | |
|---|---|---|---|
{rows}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure; ``goal`` is its bound and ``is_met`` whether it is kept, or None for no goal."""

    name: str
    value: str
    goal: str = ""
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        """In a word."""
        return {True: "met", False: "MISSED", None: ""}[self.is_met]


def page(machine: str, rows: Sequence[Row]) -> str:
    """Text of the page."""
    lines = [f"| {row.name} | {row.value} | {row.goal} | {row.verdict} |" for row in rows]
    return _TEXT.format(machine=machine, rows="\n".join(lines))
