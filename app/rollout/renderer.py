"""Which renderer wrote a workload: an older one must not undo a newer one's template.

While a new version of the hook is rolled out, both answer in turn.
"""

from __future__ import annotations

import re
from typing import Final

from app.names import RENDERER, RENDERER_VERSION
from app.observed.request import as_map, as_text
from app.result import Manifest

#: What the stamp looks like; anything else was not written by a hook.
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


def newer_renderer(workload: Manifest) -> int | None:
    """Version of the renderer that wrote an observed ``workload``; None unless it is newer."""
    annotations = as_map(as_map(workload.get("metadata")).get("annotations"))
    stamp = as_text(annotations.get(RENDERER)) or ""
    if _NUMBER.fullmatch(stamp) is None or int(stamp) <= int(RENDERER_VERSION):
        return None
    return int(stamp)
