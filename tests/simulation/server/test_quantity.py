"""Quantities as the API server stores them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.simulation.server.quantity import amount, canonical


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("0.5", "500m"),
        ("0.1", "100m"),
        ("1000m", "1"),
        ("2.0", "2"),
        (2, "2"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Gi", "512Mi"),
        ("1000Mi", "1000Mi"),
        ("2500M", "2500M"),
        ("1000M", "1G"),
        ("1073741824", "1073741824"),
        ("0.5Ki", "512"),
        ("1024Ki", "1Mi"),
        ("0", "0"),
        ("0Gi", "0"),
        ("1e3", "1k"),
        ("not one", "not one"),
    ],
)
def test_canonical_form(written: object, stored: str) -> None:
    """The largest suffix without a fraction, in the family that was written."""
    assert canonical(written) == stored


def test_amounts_compare_across_suffixes() -> None:
    """For limits and requests."""
    assert amount("1Gi") > amount("1G") == Decimal(10**9)
    with pytest.raises(ValueError, match="quantity"):
        amount("1 Gi")
