"""What to search for: each secret value in the forms in which it could get out.

A value is cut into lines, so that a part of a key is found too. Base64 depends on where a value
begins within what was encoded, so each form is made for all three places and cut to the
characters that depend on the value alone.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

PUBLIC: Final = re.compile(r".*username|.*\.crt|applied-digest")
#: Files that hold secrets beside much that is none.
_WITHIN: Final = re.compile(
    r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|(?m:^\s*(?:- )?password: *(.+?)\s*$)|\b[0-9a-f]{64}\b"
)
_FILES: Final = re.compile(r".*\.(ya?ml|json)|password-digests")
_FRAME: Final = re.compile(r"-----(BEGIN|END) ")
#: A shorter text may stand anywhere by chance.
SHORTEST: Final = 8
PEM: Final = "-----BEGIN"


def atoms(secret: Mapping[str, Any]) -> Iterator[str]:
    """Texts of one Secret's data that nobody else may see."""
    for key, value in (secret.get("data") or {}).items():
        if PUBLIC.fullmatch(key):
            continue
        text = base64.b64decode(value).decode("utf-8", "replace")
        if _FILES.fullmatch(key):
            lines = [found[1] or found[0] for found in _WITHIN.finditer(text)]
        else:
            lines = text.splitlines()
        for line in lines:
            stripped = line.strip().strip("\"'")
            if len(stripped) >= SHORTEST and not _FRAME.match(stripped):
                yield stripped


def secrets_of(*bodies: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Secrets of requests (children and related) and of answers."""
    for body in bodies:
        for part in ("children", "related"):
            found = body.get(part) or {}
            if isinstance(found, dict):
                yield from found.get("Secret.v1", {}).values()
            else:
                yield from (child for child in found if child["kind"] == "Secret")


def forms(text: str) -> Iterator[str]:
    """A text as it is, in hex, in base64 and in base64 of base64, wherever it begins."""
    yield text
    yield text.encode().hex()
    for once in _encoded(text):
        yield once
        yield from _encoded(once)


def _encoded(text: str) -> Iterator[str]:
    """Base64 of ``text`` behind 0, 1 and 2 other bytes, without what those have a part in."""
    for before in range(3):
        raw = b"\0" * before + text.encode()
        raw = raw[: len(raw) // 3 * 3]
        yield base64.b64encode(raw).decode()[(4 if before else 0) :]


class Needles:
    """Everything that is searched for."""

    def __init__(self, secrets: Iterable[Mapping[str, Any]]) -> None:
        """Take the values of ``secrets``, and the head of any PEM."""
        self.texts = sorted({atom for secret in secrets for atom in atoms(secret)})
        self._forms = sorted({form for text in (*self.texts, PEM) for form in forms(text)})

    def in_(self, haystack: str) -> list[str]:
        """Forms that stand in ``haystack``."""
        return [form for form in self._forms if form in haystack]
