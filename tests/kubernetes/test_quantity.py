"""Quantities: values and the spelling that the API server stores."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kubernetes import quantity
from app.kubernetes.quantity import QuantityError

STORED = {
    # As measured on an API server.
    "1024Mi": "1Gi",
    "0.5": "500m",
    "0.1": "100m",
    "1.5Gi": "1536Mi",
    "1000m": "1",
    "2.0": "2",
    "1000Mi": "1000Mi",
    "2500M": "2500M",
    "1073741824": "1073741824",
    # As apimachinery computes it.
    "0": "0",
    "0Gi": "0",
    "1000k": "1M",
    "2048Ki": "2Mi",
    "0.5Ki": "512",
    "1.0001Ki": "1024102400u",
    "0.5m": "500u",
    "0.1n": "1n",
    "1500m": "1500m",
    "001": "001",
    "01Gi": "01Gi",
    "1.234": "1.234",
    "1.2340": "1234m",
    "8Ei": "9223372036854775807",
}


@pytest.mark.parametrize(("written", "stored"), STORED.items(), ids=STORED)
def test_a_quantity_is_spelled_as_stored(written: str, stored: str) -> None:
    """A pod template in another spelling would be written again in every sync."""
    assert quantity.canonical(written) == stored


@pytest.mark.parametrize(
    ("text", "size"),
    [("50Gi", 50 * 2**30), ("1.5Gi", 3 * 2**29), ("2G", 2 * 10**9), ("1500m", 2), ("0", 0)],
)
def test_bytes_are_whole_and_rounded_up(text: str, size: int) -> None:
    """A fraction of a byte counts as one."""
    assert quantity.bytes_of(text) == size


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("1Gi", "1024Mi", 0),
        ("1Gi", "1G", 1),
        ("1G", "1Gi", -1),
        ("500m", "0.5", 0),
        ("2", "10", -1),
    ],
)
def test_quantities_are_compared_by_value(left: str, right: str, order: int) -> None:
    """Neither the spelling nor the order of characters counts."""
    assert quantity.compare(left, right) == order


@pytest.mark.parametrize(
    "text",
    ["", "-1", "+1", "1e3", "1 Gi", "Gi", "1GiB", "1.", ".5", "1\n", "\u0661", "9" * 65, "1K"],
)
def test_anything_else_is_no_quantity(text: str) -> None:
    """Signs and exponents are refused as well: the CRD knows none."""
    with pytest.raises(QuantityError):
        quantity.canonical(text)


@given(
    st.from_regex(r"[0-9]{1,12}(\.[0-9]{1,6})?(m|k|M|G|T|Ki|Mi|Gi|Ti)?", fullmatch=True),
)
def test_the_stored_spelling_is_stable_and_means_the_same(text: str) -> None:
    """What is spelled as stored once stays so, and no value is changed by more than 1n."""
    stored = quantity.canonical(text)
    assert quantity.canonical(stored) == stored
    assert abs(quantity.parse(stored) - quantity.parse(text)) * 10**9 <= 1
