"""Fixtures that several tests of certificates share; all are immutable values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.certificates.issue import generate_rsa_key
from tests.certificates.scenario import World, new_world


@pytest.fixture(scope="session")
def settled() -> World:
    """A cluster whose CA and six leaves are issued and observed."""
    return new_world()


@pytest.fixture(scope="session")
def rsa_pool() -> tuple[rsa.RSAPrivateKey, ...]:
    """RSA keys made once per run: they cannot be derived from a seed."""
    return tuple(generate_rsa_key("pool") for _ in range(8))


@pytest.fixture
def rsa_key(rsa_pool: tuple[rsa.RSAPrivateKey, ...]) -> Callable[[str], rsa.RSAPrivateKey]:
    """A key factory that goes round the pool."""
    keys: Iterator[rsa.RSAPrivateKey] = cycle(rsa_pool)
    return lambda _label: next(keys)
