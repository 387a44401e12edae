"""Writes as the API server's audit log has them; where there is none, the versions of objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from app import names

#: User agent of Metacontroller, be it the model or the real one, begins with it.
METACONTROLLER: Final = "metacontroller/"
#: The status follows what happens as often as it happens.
_STATUS: Final = f"{names.PLURAL}/status"
_CONFLICT: Final = 409
_REFUSED: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write call of any client, refused ones included."""

    agent: str
    verb: str
    resource: str
    name: str
    code: int

    def __str__(self) -> str:
        """For a message."""
        return f"{self.verb} {self.resource} {self.name} -> {self.code}"


class AuditLog:
    """The log of the API server under test."""

    def __init__(self, path: Path | None) -> None:
        """``path``: None where the log cannot be read; it then seems empty."""
        self._path = path

    @property
    def is_read(self) -> bool:
        """Whether there is a log to read."""
        return self._path is not None

    def mark(self) -> int:
        """Where the log ends now."""
        return 0 if self._path is None else self._path.stat().st_size

    def writes(self, namespace: str, mark: int = 0, agent: str = METACONTROLLER) -> list[Write]:
        """Writes of one client in a namespace since ``mark``, but not those of Events."""
        if self._path is None:
            return []
        with self._path.open("rb") as log:
            log.seek(mark)
            return list(_writes(log.read(), namespace, agent))

    def changed(self, namespace: str, mark: int) -> Counter[str]:
        """How often Metacontroller wrote what since ``mark``: ``update services wazuh-indexer``.

        Neither the status nor what was refused counts.
        """
        return Counter(
            f"{write.verb} {write.resource} {write.name}"
            for write in self.writes(namespace, mark)
            if write.code < _REFUSED and write.resource != _STATUS
        )

    def refused(self, namespace: str, mark: int) -> list[str]:
        """Writes of Metacontroller that were refused, but for those that came too late."""
        return [
            str(write)
            for write in self.writes(namespace, mark)
            if write.code >= _REFUSED and write.code != _CONFLICT
        ]


def _writes(content: bytes, namespace: str, agent: str) -> Iterator[Write]:
    # The last line may be half written.
    for line in content.splitlines(keepends=True):
        if not line.endswith(b"\n") or namespace.encode() not in line:
            continue
        entry = orjson.loads(line)
        place = entry["objectRef"]
        if place.get("namespace") != namespace or place["resource"] == "events":
            continue
        if entry.get("userAgent", "").startswith(agent):
            name = place.get("name", "") or entry.get("requestURI", "")
            subresource = place.get("subresource")
            yield Write(
                agent=entry["userAgent"],
                verb=entry["verb"],
                resource=f"{place['resource']}/{subresource}" if subresource else place["resource"],
                name=name,
                code=entry.get("responseStatus", {}).get("code", 0),
            )
