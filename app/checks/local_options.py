"""Lines of ``local_internal_options.conf``.

A value that is not digits alone stops every daemon of a manager with a critical error, so the
text is read line by line before it is rendered. Unknown keys are ignored by Wazuh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from app.faults import Fault, frozen

MAX_BYTES: Final = 16384
_KEY: Final = re.compile(r"[a-z0-9_.-]+")
_DIGITS: Final = re.compile(r"[0-9]{1,10}")
_MAX_REPORTED: Final = 10


@lru_cache(maxsize=64)
def _problems(text: str) -> tuple[str, ...]:
    return tuple(_read(text))[:_MAX_REPORTED]


def _read(text: str) -> Iterator[str]:
    """What is wrong with each line that is neither empty nor a comment."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals:
            yield f'line {number}: "{_short(line)}" is neither key=value nor a comment'
        elif _KEY.fullmatch(key) is None:
            yield f'line {number}: key "{_short(key)}"; allowed: a-z 0-9 _ . -'
        elif _DIGITS.fullmatch(value) is None:
            yield (
                f'line {number}: "{_short(value)}" is not a number: no manager would start; '
                "allowed: 1 to 10 digits"
            )


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"  # noqa: PLR2004 - what fits a line


def check_local_options(path: str, text: str) -> tuple[Fault, ...]:
    """Faults of ``localInternalOptions``: lines in order, at most ten; its size in bytes."""
    size = len(text.encode(errors="surrogatepass"))
    if size > MAX_BYTES:
        return (frozen(path, f"has {size} bytes; allowed: at most {MAX_BYTES}"),)
    return tuple(frozen(path, problem) for problem in _problems(text))
