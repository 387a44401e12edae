"""Worlds for the tests: each test has its own, and no rule of the engine may be broken in it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import bcrypt
import pytest

from app.simulation.engine import Engine
from tests.convergence.witness import Witness
from tests.convergence.world import EVERYTHING, rested


@pytest.fixture(scope="session", autouse=True)
def _hashes_are_kept() -> Iterator[None]:
    """A bcrypt hash takes a quarter of a second, and clusters of one seed have the same passwords.

    Equal password and salt give an equal hash, so nothing differs but the time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "hashpw", cache(bcrypt.hashpw))
        yield


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A default cluster at rest; afterwards the engine's own rules are asked."""
    made = rested()
    yield made
    made.check()


@pytest.fixture
def witness(engine: Engine) -> Witness:
    """Who watches ``engine``."""
    return Witness(engine)


@pytest.fixture
def full() -> Iterator[Engine]:
    """A cluster at rest with every child that there can be."""
    made = rested(EVERYTHING)
    yield made
    made.check()
