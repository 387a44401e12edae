"""Answers given again: at rest the same bytes come every 30 seconds.

An answer is kept by the digest of the whole request, in memory only, and only where the core says
until when time alone changes nothing in it (`Result.steady_until`). Then just
``resyncAfterSeconds`` is written anew, so a reused answer cannot be told from a fresh one.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from app.result import Report, Result
from app.status.resync import resync_seconds

#: What an entry takes besides its answer: digest, report, times, and their places in the maps.
_OVERHEAD: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Reusable:
    """One kept answer, but for its last field. Valid from ``since``, before ``until``."""

    head: bytes = field(repr=False)
    report: Report
    since: datetime
    until: datetime

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        return len(self.head) + _OVERHEAD

    def at(self, now: datetime) -> tuple[bytes, int]:
        """Answer at ``now``, and the seconds until the next sync that it asks for."""
        delay = resync_seconds(now, is_written=False, is_waiting=False, due=(self.until,))
        return b"%b%d}" % (self.head, delay), delay


class ReuseCache:
    """The answers used last, of at most ``max_bytes`` together; 0 keeps none."""

    __slots__ = ("_entries", "_max_bytes", "_size")

    def __init__(self, max_bytes: int) -> None:
        """Empty."""
        self._entries: OrderedDict[bytes, Reusable] = OrderedDict()
        self._max_bytes = max_bytes
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes of all entries together."""
        return self._size

    def __len__(self) -> int:
        """Number of entries."""
        return len(self._entries)

    def key(self, body: bytes) -> bytes | None:
        """Digest of a request; None where nothing is kept."""
        return hashlib.sha256(body).digest() if self._max_bytes else None

    def find(self, key: bytes, now: datetime) -> Reusable | None:
        """Entry that holds at ``now``.

        One whose time has passed is dropped; a clock that was set back leaves it unused.
        """
        entry = self._entries.get(key)
        if entry is None or now < entry.since:
            return None
        if now >= entry.until:
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry

    def keep(self, key: bytes, result: Result, body: bytes, now: datetime) -> None:
        """Keep the answer ``body`` of a call made at ``now``, where it may be given again."""
        until = result.steady_until
        delay = result.response.resync_after_seconds
        tail = b"%d}" % delay
        if until is None or until <= now or not body.endswith(b'"resyncAfterSeconds":' + tail):
            return
        entry = Reusable(head=body[: -len(tail)], report=result.report, since=now, until=until)
        if entry.size > self._max_bytes:
            return
        self._drop(key)
        self._entries[key] = entry
        self._size += entry.size
        while self._size > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= entry.size
