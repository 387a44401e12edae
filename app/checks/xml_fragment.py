"""A piece of ossec.conf as two readers see it: a strict XML parser and Wazuh's own.

The strict parser proves that the piece is well-formed and stays inside the element that will
surround it. Wazuh's reader knows less than XML (no CDATA, no entities, comments that also end at
``!>``), so what the two would read differently is refused; what remains is cut into tokens here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from xml.parsers import expat

_OPEN: Final = b"<ossec_config>"
_CLOSE: Final = b"</ossec_config>"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Problem:
    """What is wrong, and in which line (from 1)."""

    line: int
    text: str

    def __str__(self) -> str:
        """``line 3: mismatched tag``."""
        return f"line {self.line}: {self.text}"


class _LeavesWrapperError(Exception):
    """The surrounding element was closed before the piece ended."""


def _parse(body: bytes) -> None:
    """Parse ``body`` inside its wrapper; raises expat's error or ``_LeavesWrapperError``."""
    parser = expat.ParserCreate("utf-8")
    end = len(_OPEN) + len(body)
    depth = 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1

    def close(_name: str) -> None:
        nonlocal depth
        depth -= 1
        if depth == 0 and parser.CurrentByteIndex < end:
            raise _LeavesWrapperError

    parser.StartElementHandler = start
    parser.EndElementHandler = close
    try:
        parser.Parse(_OPEN + body + _CLOSE, True)  # noqa: FBT003 - expat's signature
    except _LeavesWrapperError:
        raise _LeavesWrapperError(parser.CurrentLineNumber) from None


def not_well_formed(text: str) -> Problem | None:
    """Why ``text`` cannot stand inside ``<ossec_config>``, or None; reads no external thing."""
    try:
        body = text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        return Problem(line=line, text="a character that UTF-8 does not have")
    try:
        _parse(body)
    except expat.ExpatError as error:
        return Problem(line=error.lineno, text=expat.ErrorString(error.code) or "not well-formed")
    except _LeavesWrapperError as error:
        return Problem(
            line=int(error.args[0]), text="</ossec_config> would end the file's own block"
        )
    return None


class Kind(StrEnum):
    """Kinds of tokens."""

    OPEN = "open"
    CLOSE = "close"
    EMPTY = "empty"  # <a/>
    TEXT = "text"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A tag, a comment or a run of text: its kind, first line, raw text and element name."""

    kind: Kind
    line: int
    raw: str
    name: str = ""


_TOKEN: Final = re.compile(
    r"""
    <!--(?P<comment>.*?)-->
  | </(?P<close>[^\s>]+)\s*>
  | <(?P<open>[^\s/>"']+)(?:[^>"']|"[^"]*"|'[^']*')*+>
  | (?P<text>[^<]+)
    """,
    re.DOTALL | re.VERBOSE,
)


def tokens(text: str) -> Iterator[Token]:
    """Tokens of a text that is well-formed and free of CDATA, DOCTYPE and instructions."""
    line = 1
    for match in _TOKEN.finditer(text):
        raw = match.group()
        if match["comment"] is not None:
            yield Token(kind=Kind.COMMENT, line=line, raw=raw)
        elif match["close"] is not None:
            yield Token(kind=Kind.CLOSE, line=line, raw=raw, name=match["close"])
        elif match["open"] is not None:
            kind = Kind.EMPTY if raw.endswith("/>") else Kind.OPEN
            yield Token(kind=kind, line=line, raw=raw, name=match["open"])
        else:
            yield Token(kind=Kind.TEXT, line=line, raw=raw)
        line += raw.count("\n")
