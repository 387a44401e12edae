"""When to come back: the smallest delay that applies (behaviour 7, certificates 10)."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

#: After a call that made or renewed something: what rests on it follows at once.
AT_ONCE: Final = 1
#: While pods, a person or an earlier tier are waited for.
WAITING: Final = 10
#: Nothing rests on the periodic resync, and no delay is longer than half a day.
LONGEST: Final = 43_200


def resync_seconds(
    now: datetime, *, is_written: bool, is_waiting: bool, due: tuple[datetime | None, ...]
) -> int:
    """Whole seconds until the next sync, 1 to 43,200.

    Rounded up: a sync that comes just before a moment finds nothing to do.
    """
    delays = [LONGEST]
    if is_written:
        delays.append(AT_ONCE)
    if is_waiting:
        delays.append(WAITING)
    delays += [math.ceil((moment - now).total_seconds()) for moment in due if moment is not None]
    return max(AT_ONCE, min(delays))
