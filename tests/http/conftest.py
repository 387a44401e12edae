"""One edge with default settings for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.http.edge import Running, running


@pytest.fixture(scope="module")
def edge() -> Iterator[Running]:
    """A running edge with default settings."""
    with running() as found:
        yield found
