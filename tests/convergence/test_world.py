"""Copies of a world: what all other tests here start from."""

from __future__ import annotations

from tests.convergence.shapes import shape
from tests.convergence.witness import Witness
from tests.convergence.world import edit, identity, pods, rested, settle, status


def test_a_copy_holds_the_same_objects_and_is_at_rest() -> None:
    """Metacontroller starts anew there, looks once and writes nothing."""
    one, other = rested(), rested(seed=2)
    witness = Witness(other)
    settle(other)
    assert witness.writes() == []
    assert (identity(other), pods(other)) == (identity(one), pods(one))
    assert shape(other) == shape(one)
    assert all(other.loaded(pod) is not None for pod in pods(other))


def test_a_copy_goes_its_own_way() -> None:
    """What happens in it neither shows in its origin nor in another copy."""
    one, other = rested(), rested()
    before, running = shape(one), pods(one)
    edit(other, {"version": "4.14.2"})
    settle(other)
    settle(one)
    assert status(other)["version"] == "4.14.2"
    assert not pods(other).items() & running.items()
    assert (shape(one), pods(one)) == (before, running)
    assert shape(rested()) == before


def test_time_may_pass_before_a_copy_begins() -> None:
    """A cluster that was switched off: nobody acted, and the clock is further on."""
    one, later = rested(), rested(after=3600.0)
    assert (later.clock() - one.clock()).total_seconds() == 3600
    settle(later)
    assert (identity(later), pods(later)) == (identity(one), pods(one))
