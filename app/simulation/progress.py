"""What people see while a simulation runs: one block that is redrawn, or plain lines."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, TextIO

from app.names import LABEL_COMPONENT, TIERS
from app.result import Manifest
from app.simulation.duration import shown
from app.simulation.engine import Engine

_REDRAW_SECONDS: Final = 0.05
_TIME: Final = 12
_BAR: Final = 5
_BAR_MAX: Final = 40
_ORDER: Final = {str(role): index for index, role in enumerate(TIERS)}
_WORKLOADS: Final = ("StatefulSet", "Deployment")
#: Cursor to the first column, erase to the end of the screen.
_ERASE: Final = "\r\x1b[J"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One workload as it stands. ``rolled``: pods of the wanted revision while it rolls."""

    name: str
    ready: int
    wanted: int
    rolled: int | None

    def __str__(self) -> str:
        """Short form."""
        rolled = "" if self.rolled is None else f" ({self.rolled} rolled)"
        return f"{self.name} {self.ready}/{self.wanted}{rolled}"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is shown; a line is written when it changes."""

    phase: str
    wanted: int
    tiers: tuple[Tier, ...]


class Progress:
    """Shows an engine's state on a stream."""

    __slots__ = ("_drawn", "_engine", "_last", "_next_draw", "_stream", "_terminal")

    def __init__(self, engine: Engine, stream: TextIO) -> None:
        """A terminal gets one block, anything else a line for each change."""
        self._engine = engine
        self._stream = stream
        self._terminal = stream.isatty()
        self._last: State | None = None
        self._drawn = 0
        self._next_draw = 0.0

    def update(self) -> None:
        """Show what has changed; cheap, so it may be called after every event."""
        if self._terminal:
            now = time.monotonic()
            if now < self._next_draw:
                return
            self._next_draw = now + _REDRAW_SECONDS
            self._draw(self._block())
            return
        state = state_of(self._engine)
        if state != self._last:
            self._last = state
            self._stream.write(f"{self._line(state)}\n")
            self._stream.flush()

    def note(self, text: str) -> None:
        """A line that stays, above the block."""
        if self._terminal:
            self._erase()
        self._stream.write(f"{shown(self._engine.elapsed):>{_TIME}}  {text}\n")
        self._stream.flush()

    def finish(self) -> None:
        """The last state, which stays."""
        if self._terminal:
            self._draw(self._block())
            self._drawn = 0
        else:
            self.update()

    def _line(self, state: State) -> str:
        tiers = "  ".join(map(str, state.tiers))
        return (
            f"{shown(self._engine.elapsed):>{_TIME}}  {state.phase:<9}"
            f"  {self._children()}/{state.wanted} children"
            f"  sync {len(self._engine.syncs)}  {tiers}".rstrip()
        )

    def _block(self) -> list[str]:
        engine, state = self._engine, state_of(self._engine)
        resync = shown(engine.syncs[-1].resync_after) if engine.syncs else "nothing"
        counts = f"{self._children()} of {state.wanted} children, {len(engine.syncs)} syncs"
        return [
            f"{shown(engine.elapsed):>{_TIME}}  {engine.clock():%Y-%m-%d %H:%M:%S}  {state.phase}",
            f"{'':{_TIME}}  {counts}, next after {resync}",
            *(f"{'':{_TIME}}  {_bar(tier)} {tier}" for tier in state.tiers),
        ]

    def _children(self) -> int:
        gone = self._engine.find_parent() is None
        return 0 if gone else len(self._engine.children())

    def _draw(self, lines: list[str]) -> None:
        self._erase()
        self._stream.write("\n".join(lines) + "\n")
        self._stream.flush()
        self._drawn = len(lines)

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(f"\x1b[{self._drawn}A{_ERASE}")
            self._drawn = 0


def state_of(engine: Engine) -> State:
    """What an engine has to show now."""
    parent = engine.find_parent()
    syncs = engine.syncs
    tiers = [_tier(item) for kind in _WORKLOADS for item in engine.objects(kind)]
    return State(
        phase="Gone" if parent is None else parent.get("status", {}).get("phase", "New"),
        wanted=syncs[-1].desired if syncs else 0,
        tiers=tuple(sorted(tiers, key=lambda tier: _ORDER.get(tier.name, len(_ORDER)))),
    )


def _tier(item: Manifest) -> Tier:
    status, wanted = item["status"], item["spec"]["replicas"]
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    return Tier(
        name=item["metadata"].get("labels", {}).get(LABEL_COMPONENT, item["metadata"]["name"]),
        ready=ready,
        wanted=wanted,
        rolled=updated if ready and updated < wanted else None,
    )


def _bar(tier: Tier) -> str:
    return ("#" * tier.ready + "." * max(0, tier.wanted - tier.ready))[:_BAR_MAX].ljust(_BAR)
