"""A part of a run as the width of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
#: Distances of ticks that people read without thinking, in seconds.
_STEPS: Final = (
    *(1, 2, 5, 10, 20, 30),
    *(_MINUTE * n for n in (1, 2, 5, 10, 20, 30)),
    *(_HOUR * n for n in (1, 2, 6, 12)),
    *(_DAY * n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)),
)
_MOST_TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Scale:
    """From ``start`` to ``end`` in seconds since the start of the run; never empty."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Width."""
        return self.end - self.start

    def percent(self, seconds: float) -> float:
        """Place from the left edge; what lies outside is on the edge."""
        share = 100 * (seconds - self.start) / self.seconds
        return min(100.0, max(0.0, share))

    def ticks(self) -> list[int]:
        """Round times, at most six of them."""
        step = next((step for step in _STEPS if self.seconds / step <= _MOST_TICKS), _STEPS[-1])
        first = -int(-self.start // step)
        return [n * step for n in range(first, int(self.end // step) + 1)]


def percentage(value: float) -> str:
    """As SVG takes it, in three digits at most."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"
