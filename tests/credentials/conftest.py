"""Hashes are made once: a bcrypt hash takes a quarter of a second."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import bcrypt
import pytest


@pytest.fixture(scope="package", autouse=True)
def _hashes_are_kept() -> Iterator[None]:
    """Equal password and salt give an equal hash, so nothing differs but the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "hashpw", cache(bcrypt.hashpw))
        yield
