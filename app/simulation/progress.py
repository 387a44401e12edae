"""What people see while a simulation runs: one block that is redrawn, or plain lines."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, TextIO

from app.names import LABEL_COMPONENT
from app.result import Manifest
from app.simulation.duration import shown
from app.simulation.engine import Engine

_REDRAW_SECONDS: Final = 0.05
_WORKLOADS: Final = ("StatefulSet", "Deployment")
#: Cursor to the first column, erase to the end of the screen.
_ERASE: Final = "\r\x1b[J"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One workload as it stands. ``rolled``: pods of the wanted revision."""

    name: str
    ready: int
    wanted: int
    rolled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is shown; a line is written when it changes."""

    phase: str
    children: int
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
        self._stream.write(f"{shown(self._engine.elapsed):>8}  {text}\n")
        self._stream.flush()

    def finish(self) -> None:
        """The last state, which stays."""
        if self._terminal:
            self._draw(self._block())
            self._drawn = 0
        else:
            self.update()

    def _line(self, state: State) -> str:
        tiers = "  ".join(f"{tier.name} {tier.ready}/{tier.wanted}" for tier in state.tiers)
        return (
            f"{shown(self._engine.elapsed):>8}  {state.phase:<9}"
            f"  {state.children}/{state.wanted} children"
            f"  sync {len(self._engine.syncs)}  {tiers}".rstrip()
        )

    def _block(self) -> list[str]:
        state = state_of(self._engine)
        syncs = self._engine.syncs
        resync = syncs[-1].resync_after if syncs else 0.0
        lines = [
            f"{shown(self._engine.elapsed):>8}  {self._engine.clock():%Y-%m-%d %H:%M:%S}"
            f"  {state.phase}",
            f"          {state.children} of {state.wanted} children, {len(syncs)} syncs,"
            f" next after {shown(resync)}",
        ]
        for tier in state.tiers:
            bar = "#" * tier.ready + "." * max(0, tier.wanted - tier.ready)
            rolled = "" if tier.rolled >= tier.wanted else f", {tier.rolled} rolled"
            lines.append(f"          {tier.name:<16}{bar} {tier.ready}/{tier.wanted}{rolled}")
        return lines

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
    return State(
        phase="Gone" if parent is None else parent.get("status", {}).get("phase", "New"),
        children=0 if parent is None else len(engine.children()),
        wanted=max((sync.desired for sync in syncs[-1:]), default=0),
        tiers=tuple(_tier(item) for kind in _WORKLOADS for item in engine.objects(kind)),
    )


def _tier(item: Manifest) -> Tier:
    status = item["status"]
    return Tier(
        name=item["metadata"].get("labels", {}).get(LABEL_COMPONENT, item["metadata"]["name"]),
        ready=status.get("readyReplicas", 0),
        wanted=item["spec"]["replicas"],
        rolled=status.get("updatedReplicas", 0),
    )
