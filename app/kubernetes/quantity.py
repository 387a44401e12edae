"""Kubernetes quantities: exact values and the one spelling that the API server stores.

A quantity that is written in another spelling differs from its stored form for ever, so whatever
the hook emits is spelled as ``canonical`` gives it.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Final

_SYNTAX: Final = re.compile(
    r"([0-9]{1,64}(?:\.[0-9]{1,64})?)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?"
)
_BINARY: Final[dict[str, int]] = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL: Final[dict[str, int]] = {
    "n": -3,
    "u": -2,
    "m": -1,
    "": 0,
    "k": 1,
    "M": 2,
    "G": 3,
    "T": 4,
    "P": 5,
    "E": 6,
}
_NANO: Final = Fraction(1, 10**9)
_LARGEST_BINARY: Final = Fraction(2**63 - 1)
#: Bounds of the fast path: digits that surely fit 64 bits, and one billionth.
_FAST_DIGITS: Final = 18
_FINEST_SCALE: Final = -9
_BINARY_SUFFIX: Final = {power: suffix for suffix, power in _BINARY.items()} | {0: ""}
_DECIMAL_SUFFIX: Final = {power: suffix for suffix, power in _DECIMAL.items()}


class QuantityError(ValueError):
    """The text is no Kubernetes quantity."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Fraction:
    """Exact value of ``text`` in its base unit (bytes, cores).

    What is finer than 1n is rounded up and what has a binary unit ends at 2^63 - 1, as in
    Kubernetes. No sign and no exponent, which the CRD refuses. Raises QuantityError.
    """
    match = _SYNTAX.fullmatch(text)
    if match is None:
        raise QuantityError("not a quantity")
    digits, suffix = match.groups()
    if suffix in _BINARY:
        return min(Fraction(digits) * Fraction(1024) ** _BINARY[suffix], _LARGEST_BINARY)
    value = Fraction(digits) * Fraction(1000) ** _DECIMAL[suffix or ""]
    return -(-value // _NANO) * _NANO


@lru_cache(maxsize=1024)
def canonical(text: str) -> str:
    """``text`` as the API server stores it: ``1024Mi`` is ``1Gi``, ``0.5`` is ``500m``.

    The suffix of the input names the family: binary units stay binary where the value is a whole
    number of at least 1024; decimal ones take the largest unit that leaves a whole number.
    Raises QuantityError.
    """
    value = parse(text)
    if _is_kept(text):
        return text
    if text.endswith("i") and value.denominator == 1 and value >= 1024:  # noqa: PLR2004 - one Ki
        return _scaled(value, 1024, range(6, -1, -1), _BINARY_SUFFIX)
    steps = -(-value // _NANO)
    return _scaled(steps * _NANO, 1000, range(6, -4, -1), _DECIMAL_SUFFIX)


def bytes_of(text: str) -> int:
    """Value of ``text`` in whole units (bytes), rounded up. Raises QuantityError."""
    value = parse(text)
    return -(-value.numerator // value.denominator)


def compare(left: str, right: str) -> int:
    """-1, 0 or 1, as ``left`` is less than, equal to or greater than ``right``."""
    first, second = parse(left), parse(right)
    return (first > second) - (first < second)


def _is_kept(text: str) -> bool:
    """Whether Kubernetes takes the spelling as canonical without looking closer.

    Its fast path keeps ``1.234`` and ``01Gi`` as they are (apimachinery, ParseQuantity), though
    1234m and 1Gi would be the canonical spellings.
    """
    match = _SYNTAX.fullmatch(text)
    if match is None:
        return False
    whole, _, fraction = match.group(1).lstrip("0").partition(".")
    digits, suffix = (whole or "0") + fraction, match.group(2) or ""
    if suffix in _BINARY:
        room = 14 - len(whole or "0") - _BINARY[suffix] * 3
        return not fraction and room >= 0 and int(digits) % 8 != 0
    scale = 3 * _DECIMAL[suffix] - len(fraction)
    return (
        len(digits) <= _FAST_DIGITS
        and scale % 3 == 0
        and scale >= _FINEST_SCALE
        and not digits.startswith("0")
        and not digits.endswith("000")
    )


def _scaled(value: Fraction, base: int, powers: range, suffixes: dict[int, str]) -> str:
    """``value`` in the largest unit that leaves a whole number."""
    if value == 0:
        return "0"
    for power in powers:
        count = value / Fraction(base) ** power
        if count.denominator == 1:
            return f"{count.numerator}{suffixes[power]}"
    raise AssertionError("unreachable: values are whole multiples of 1n")
