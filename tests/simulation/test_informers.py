"""Caches lag behind, each kind by itself; order holds within a kind and nothing is lost."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.result import Manifest
from app.simulation.api_calls import Event, EventType
from app.simulation.api_server import ApiServer
from app.simulation.informers import Informers, UniformLag
from app.simulation.timeline import Timeline
from tests.simulation.trial_hook import NOW, config_map

KINDS = ("ConfigMap", "Secret")


class World:
    """A server and caches of two kinds."""

    def __init__(self, seed: int = 0, longest: float = 1.0) -> None:
        """``longest``: lag in seconds."""
        rng = random.Random(seed)  # noqa: S311 - a seeded model
        self.timeline = Timeline(NOW)
        self.api = ApiServer(self.timeline, rng)
        self.seen: list[Event] = []
        self.caches = Informers(
            self.timeline, self.api, UniformLag(0, longest), rng, self.seen.append
        )
        self.caches.start(KINDS)

    def write(self, kind: str, value: str) -> None:
        """Create or update the one object of a kind."""
        item: Manifest = {
            **config_map("x", data={"v": value}),
            "kind": kind,
            "metadata": {"name": "x", "namespace": "demo"},
        }
        if self.api.find(kind, "demo", "x") is None:
            self.api.create(item, "me")
        else:
            self.api.update(item, "me")

    def value(self, kind: str) -> str | None:
        """What the cache shows."""
        item = self.caches.find(kind, "demo", "x")
        return None if item is None else str(item["data"]["v"])

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        limit = self.timeline.elapsed + seconds
        while self.timeline.step(limit):
            pass


def test_what_is_stored_at_the_start_is_seen_at_once() -> None:
    """A start is a list, then a watch."""
    world = World()
    world.write("Secret", "1")
    assert world.value("Secret") is None
    world.caches.restart()
    assert world.value("Secret") == "1"
    world.advance(5)
    assert world.seen == []


@given(
    seed=st.integers(0, 1000),
    writes=st.lists(st.tuples(st.sampled_from(KINDS), st.floats(0, 0.5)), max_size=12),
)
@settings(max_examples=60)
def test_each_kind_is_shown_in_order_and_comes_to_the_last_state(
    seed: int, writes: list[tuple[str, float]]
) -> None:
    """Events may merge, never swap; at the end both caches are right."""
    world = World(seed)
    last = {}
    for number, (kind, pause) in enumerate(writes):
        world.write(kind, str(number))
        last[kind] = str(number)
        world.advance(pause)
    world.advance(5)
    assert world.caches.up_to_date()
    for kind, value in last.items():
        assert world.value(kind) == value
        shown = [int(e.object["data"]["v"]) for e in world.seen if e.object["kind"] == kind]
        assert shown == sorted(set(shown))
    assert all((event.type is EventType.ADDED) == (event.old is None) for event in world.seen)


def test_kinds_overtake_each_other() -> None:
    """What was written first may be seen last."""
    first_seen = set()
    for seed in range(20):
        world = World(seed)
        world.write("Secret", "1")
        world.write("ConfigMap", "1")
        world.advance(5)
        first_seen.add(world.seen[0].object["kind"])
    assert first_seen == set(KINDS)


def test_several_updates_may_become_one() -> None:
    """Then a state between them is never seen."""
    numbers = set()
    for seed in range(10):
        world = World(seed)
        for value in "12345":
            world.write("Secret", value)
        world.advance(5)
        numbers.add(len(world.seen))
    assert min(numbers) < 5
    assert max(numbers) > 1


@pytest.mark.parametrize("name", [None, "x"], ids=["kind", "object"])
def test_a_held_view_stands_still_until_it_is_released(name: str | None) -> None:
    """Other kinds go on."""
    world = World(longest=0)
    world.write("Secret", "1")
    world.advance(1)
    world.caches.hold("Secret", name)
    world.write("Secret", "2")
    world.write("ConfigMap", "2")
    world.advance(1)
    assert (world.value("Secret"), world.value("ConfigMap")) == ("1", "2")
    assert not world.caches.up_to_date()
    world.caches.release("Secret", name)
    assert world.value("Secret") == "2"


def test_a_deletion_is_seen_too() -> None:
    """The handler gets what was cached."""
    world = World(longest=0)
    world.write("Secret", "1")
    world.advance(1)
    world.api.delete(("Secret", "demo", "x"), "me")
    world.advance(1)
    assert world.value("Secret") is None
    assert world.seen[-1].type is EventType.DELETED
    assert world.seen[-1].old is not None
