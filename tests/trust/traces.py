"""Random histories: made from a seed, played again, shrunk while they still fail."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.trust import people
from tests.trust.rest import come_to_rest
from tests.trust.world import BrokenError, Setting, World, new_world

#: Events of a random world, as often as they may happen; a sample of them is drawn.
POOL = (
    *("rotate", "rotate", "template", "names", "shorter", "invalid", "invalid", "renew"),
    *("lose a pod:indexer", "lose a pod:manager-worker"),
    *("delete:filebeat", "delete:manager-worker", "delete:admin", "delete:indexer"),
    *("delete ca", "delete ca", "recreate", "restore", "old backup"),
    *("lose ca.key", "lose next.key"),
    *("time", "time", "time", "time", "stick:manager-master", "stick:indexer"),
    *("dashboard", "dashboard"),
)
_STEPS = 240
_SHARE_OF_WRITES = 0.5
_SHRINK_TRIES = 1500


@dataclass(frozen=True, slots=True)
class History:
    """What happened in a world, step by step, and what broke (None: nothing)."""

    setting: Setting
    steps: tuple[str, ...]
    error: BrokenError | None
    world: World


def random_setting(rng: random.Random) -> Setting:
    """A world of its own: what may happen in it, how far the hook's view lags."""
    return Setting(
        pool=tuple(rng.sample(POOL, rng.randint(1, 7))),
        lag=rng.randint(1, 5),
        is_stale=rng.random() < 0.7,
        is_parallel=rng.random() < 0.25,
        reloads=rng.random() < 0.7,
    )


def walk(setting: Setting, rng: random.Random) -> History:
    """One history, brought to rest in the end."""
    world, steps = new_world(setting), list[str]()
    error: BrokenError | None = None
    try:
        for _ in range(_STEPS):
            writes, others = people.options(world)
            if not writes and not others:
                break
            own = bool(writes) and (not others or rng.random() < _SHARE_OF_WRITES)
            step = rng.choice(writes if own else others)
            steps.append(step)
            if not people.do(world, step):
                steps.pop()
        come_to_rest(world)
    except BrokenError as broken:
        error = broken
    return History(setting, tuple(steps), error, world)


def replay(
    setting: Setting, steps: Iterable[str], world_of: Callable[[Setting], World] = new_world
) -> BrokenError | None:
    """Play ``steps``, those that do not fit left out; then let everything come to rest."""
    world = world_of(setting)
    try:
        for step in steps:
            people.do(world, step)
        come_to_rest(world)
    except BrokenError as error:
        return error
    return None


def shrunk(setting: Setting, steps: tuple[str, ...], error: BrokenError) -> str:
    """The same failure with as few steps as dropping finds, as a list that `replay` plays.

    In blocks first, then one by one.
    """
    size, tries = max(len(steps) // 2, 1), 0
    while size:
        start = 0
        while start < len(steps) and tries < _SHRINK_TRIES:
            fewer = steps[:start] + steps[start + size :]
            tries += 1
            found = replay(setting, fewer)
            if found is not None and found.name == error.name:
                steps, error = fewer, found
            else:
                start += size
        size //= 2
    lines = "".join(f"\n        {step!r}," for step in steps)
    return f"{error}\nreplay(\n    {setting},\n    [{lines}\n    ],\n)"
