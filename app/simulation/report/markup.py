"""HTML from text: everything that comes from a run goes through `escaped`."""

from __future__ import annotations

import re
from datetime import datetime
from html import escape
from typing import Final

from app.simulation.duration import shown

#: What HTML cannot hold: controls but tab and line ends, halves of surrogate pairs, non-characters.
_UNSPEAKABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)


def escaped(text: object) -> str:
    """Text for content and for attributes in double quotes."""
    return escape(_UNSPEAKABLE.sub("\ufffd", str(text)), quote=True)


def element(name: str, content: str, **attributes: str) -> str:
    """An element; ``content`` is markup, attributes are text (``class_``, ``aria_label``)."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for key, value in attributes.items()
    )
    return f"<{name}{given}>{content}</{name}>"


def dated(moment: datetime) -> str:
    """Date and time for people; years before 1000 with their zeros."""
    return f"{moment.isoformat(sep=' ', timespec='seconds').removesuffix('+00:00')} UTC"


def offset(seconds: float) -> str:
    """Time since the start, as `--edit` takes it."""
    return f"-{shown(-seconds)}" if seconds < 0 else shown(seconds)
