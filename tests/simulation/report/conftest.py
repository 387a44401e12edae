"""One recorded run for all tests of this folder."""

from __future__ import annotations

import pytest

from app.simulation.report.page import page
from tests.simulation.report.lives import Run, eventful


@pytest.fixture(scope="package")
def run() -> Run:
    """60 days with every kind of event."""
    return eventful()


@pytest.fixture(scope="package")
def html(run: Run) -> str:
    """Its page."""
    return page(run.recorder.life()).decode()
