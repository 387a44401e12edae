"""What the tests in the engine share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import bcrypt
import pytest


@pytest.fixture(scope="session", autouse=True)
def _hashes_are_kept() -> Iterator[None]:
    """A bcrypt hash takes a quarter of a second; equal password and salt give an equal hash."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "hashpw", cache(bcrypt.hashpw))
        yield
