"""Wazuh versions and what follows from them: OpenSearch inside, paths, settings.

The facts are those of the images of 4.9.0 to 4.14.7. The map to OpenSearch is not monotonic
(4.10.4 is newer inside than 4.11), so it is keyed by the exact version; for an unknown patch
level the highest known of its minor counts, for an unknown minor the newest known one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

VERSION_PATTERN: Final = r"^4\.(9|[1-9][0-9]+)\.(0|[1-9][0-9]*)$"
OLDEST: Final = (4, 9, 0)
NEWEST_KNOWN_MINOR: Final = (4, 14)

OpenSearchVersion = tuple[int, int, int]

#: (minor, first patch level) -> OpenSearch, ascending.
_OPENSEARCH: Final[tuple[tuple[tuple[int, int], OpenSearchVersion], ...]] = (
    ((9, 0), (2, 13, 0)),
    ((10, 0), (2, 16, 0)),
    ((10, 4), (2, 19, 5)),
    ((11, 0), (2, 16, 0)),
    ((12, 0), (2, 19, 1)),
    ((13, 0), (2, 19, 2)),
    ((14, 0), (2, 19, 3)),
    ((14, 2), (2, 19, 4)),
    ((14, 5), (2, 19, 5)),
)


@dataclass(frozen=True, slots=True, order=True)
class WazuhVersion:
    """A version of the supported range, ordered; ``str()`` gives it back."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        """``4.14.1``."""
        return f"{self.major}.{self.minor}.{self.patch}"

    def at_least(self, minor: int, patch: int = 0) -> bool:
        """Whether this is 4.``minor``.``patch`` or later."""
        return (self.minor, self.patch) >= (minor, patch)

    @property
    def is_known(self) -> bool:
        """Whether the settings of this minor version are known."""
        return (self.major, self.minor) <= NEWEST_KNOWN_MINOR

    @property
    def opensearch(self) -> OpenSearchVersion:
        """OpenSearch inside the indexer's image."""
        minor = min(self.minor, NEWEST_KNOWN_MINOR[1])
        patch = self.patch if self.is_known else 10**6
        return next(
            opensearch
            for (known_minor, known_patch), opensearch in reversed(_OPENSEARCH)
            if known_minor == minor and known_patch <= patch
        )

    @property
    def reloads_certificates(self) -> bool:
        """Whether the indexer can reload leaves by file watch (OpenSearch >= 2.19.1)."""
        return self.opensearch >= (2, 19, 1)

    @property
    def indexer_config_folder(self) -> str:
        """Folder of opensearch.yml, certificates and security files; moved in 4.14.0."""
        home = "/usr/share/wazuh-indexer"
        return f"{home}/config" if self.at_least(14) else home


@lru_cache(maxsize=256)
def parse_version(text: str) -> WazuhVersion | None:
    """Version of the supported range, or None."""
    if len(text) > 32 or re.fullmatch(VERSION_PATTERN, text) is None:  # noqa: PLR2004 - bound
        return None
    major, minor, patch = (int(part) for part in text.split("."))
    return WazuhVersion(major, minor, patch)
