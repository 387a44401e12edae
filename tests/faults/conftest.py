"""A world for each test, as in the tests of convergence."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import bcrypt
import pytest

from app.simulation.engine import Engine
from tests.convergence.world import rested

# Its assertions are asked for by the tests, so they shall say what they saw.
pytest.register_assert_rewrite("tests.faults.ordeal")


@pytest.fixture(scope="session", autouse=True)
def _hashes_are_kept() -> Iterator[None]:
    """Equal password and salt give an equal hash: nothing differs but the quarter of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "hashpw", cache(bcrypt.hashpw))
        yield


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A default cluster at rest; afterwards the engine's own rules are asked."""
    made = rested()
    yield made
    made.check()
