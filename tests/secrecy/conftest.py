"""Hashes are kept: each takes a quarter of a second, and the clusters have the same passwords."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import bcrypt
import pytest


@pytest.fixture(scope="session", autouse=True)
def _hashes_are_kept() -> Iterator[None]:
    """For all tests here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bcrypt, "hashpw", cache(bcrypt.hashpw))
        yield
