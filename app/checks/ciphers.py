"""Whether a list of TLS ciphers leaves the enrolment service anything to speak with.

An empty selection ends that daemon after its start, and the control script then starts none of
those that come after it. The list is read as OpenSSL 3.0 reads it, without OpenSSL: the answer
must not depend on the library of the machine that runs the hook.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from app.checks.cipher_classes import selections
from app.faults import Fault, frozen

_WORD: Final = re.compile(r"[A-Za-z0-9_.=-]*")
_SEPARATORS: Final = frozenset(": ,;")
_OPERATORS: Final = frozenset("-+!@")
_STRENGTHS: Final = frozenset({"LOW", "MEDIUM", "HIGH"})
_DEFAULT: Final = "DEFAULT"
_DEFAULT_LIST: Final = "ALL:!COMPLEMENTOFDEFAULT:!eNULL"
#: Profiles of RFC 6460: one of them at the beginning stands for the whole list.
_SUITE_B: Final = ("SUITEB128", "SUITEB192")


class _ListError(Exception):
    """OpenSSL refuses the list as a whole."""


class _Selection:
    """Suites that are on, and those that are gone for good, while a list is read."""

    __slots__ = ("_killed", "on")

    def __init__(self) -> None:
        self.on: frozenset[str] = frozenset()
        self._killed: frozenset[str] = frozenset()

    def apply(self, operator: str, suites: frozenset[str]) -> None:
        """``""`` adds, ``-`` takes away, ``!`` takes away for ever, ``+`` only reorders."""
        if operator == "":
            self.on |= suites - self._killed
        elif operator == "-":
            self.on -= suites
        elif operator == "!":
            self.on -= suites
            self._killed |= suites


def _conjunction(text: str, position: int) -> tuple[frozenset[str], int]:
    """Suites that all names joined by ``+`` select, and where the item ends.

    An unknown name makes the item select nothing and leaves the rest of it unread. FIPS and a
    class of strength share one field in OpenSSL, so together they select nothing.
    """
    chosen: frozenset[str] | None = None
    words: list[str] = []
    while True:
        word = _word(text, position)
        position += len(word)
        joined = text.startswith("+", position)
        named = selections().get(word)
        if named is None:
            return frozenset(), _next_separator(text, position)
        words.append(word)
        chosen = named if chosen is None else chosen & named
        if not joined:
            clash = "FIPS" in words and not _STRENGTHS.isdisjoint(words)
            return frozenset() if clash else chosen, position
        position += 1


def _word(text: str, position: int) -> str:
    found = _WORD.match(text, position)
    if found is None or not found.group():
        raise _ListError
    return found.group()


def _next_separator(text: str, position: int) -> int:
    while position < len(text) and text[position] not in _SEPARATORS:
        position += 1
    return position


def _read(text: str, selection: _Selection) -> None:
    """Apply the items of ``text``; an item without a name or an unknown command is an error."""
    position = 0
    while position < len(text):
        if text[position] in _SEPARATORS:
            position += 1
            continue
        operator = text[position] if text[position] in _OPERATORS else ""
        position += len(operator)
        if operator == "@":
            if _word(text, position) != "STRENGTH":
                raise _ListError
            position = _next_separator(text, position)
            continue
        suites, position = _conjunction(text, position)
        selection.apply(operator, suites)


@lru_cache(maxsize=128)
def selects_something(ciphers: str) -> bool:
    """Whether OpenSSL finds at least one suite up to TLS 1.2 in the list."""
    if ciphers.startswith(_SUITE_B):
        return True
    selection = _Selection()
    rest = ciphers
    try:
        if ciphers.startswith(_DEFAULT):
            _read(_DEFAULT_LIST, selection)
            rest = ciphers.removeprefix(_DEFAULT)
        _read(rest, selection)
    except _ListError:
        return False
    return bool(selection.on)


def check_ciphers(path: str, ciphers: str) -> tuple[Fault, ...]:
    """Fault of a cipher list that OpenSSL refuses or that selects no suite."""
    if selects_something(ciphers):
        return ()
    return (
        frozen(
            path,
            f'"{ciphers}" selects no TLS 1.2 cipher: the enrolment service would stop all '
            "daemons; allowed: OpenSSL's list syntax with at least one class or suite that is "
            "not excluded again, such as HIGH or ECDHE-ECDSA-AES256-GCM-SHA384",
        ),
    )
