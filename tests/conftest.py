"""Options and fixtures of all tests: fixed time, fixed entropy, accepting goldens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from app.entropy import Entropy
from tests.cluster_builder import NOW, seeded_entropy
from tests.properties import profile

profile.register()

#: They need programs that are built from source, with Go: `make e2e` names the folders.
collect_ignore = ["charts", "e2e"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenClock:
    """A time that stands still until a test asks for a later one."""

    now: datetime = NOW

    def after(self, **duration: float) -> datetime:
        """Time of the clock plus a duration (``days=3``), whole seconds."""
        return (self.now + timedelta(**duration)).replace(microsecond=0)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register ``--update-golden``."""
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="rewrite goldens that differ, list them, and fail all the same",
    )


@pytest.fixture
def frozen_clock() -> FrozenClock:
    """Clock that stands at 2026-11-24T08:00:00Z."""
    return FrozenClock()


@pytest.fixture
def now(frozen_clock: FrozenClock) -> datetime:
    """The fixed time: 2026-11-24T08:00:00Z."""
    return frozen_clock.now


@pytest.fixture
def fixed_entropy() -> Entropy:
    """Entropy with a fixed seed: the same keys, serials and passwords in every run."""
    return seeded_entropy(0)


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether goldens are to be rewritten."""
    return bool(request.config.getoption("--update-golden"))
