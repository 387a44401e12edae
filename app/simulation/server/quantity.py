"""Quantities in the form in which the API server stores them.

``0.5`` becomes ``500m``, ``1024Mi`` becomes ``1Gi``, ``1.5Gi`` becomes ``1536Mi``; ``1000Mi`` and
``1073741824`` stay, for the family of the suffix (powers of 1000 or of 1024) is kept.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_FORM: Final = re.compile(r"([+-]?[0-9]*\.?[0-9]+|[0-9]+\.)(n|u|m|k|[KMGTPE]i?|[eE][+-]?[0-9]+)?")
_BINARY: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL: Final = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")
_NANO: Final = 10**9


def amount(text: object) -> Decimal:
    """Value of a quantity. ValueError if it has not the form of one."""
    match = _FORM.fullmatch(str(text))
    if match is None:
        raise ValueError("not a quantity")
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix in _BINARY:
        return number * Decimal(1024) ** _BINARY.index(suffix)
    if suffix in _DECIMAL:
        return number * Decimal(1000) ** (_DECIMAL.index(suffix) - 3)
    return number * Decimal(f"1{suffix}")


def canonical(text: object) -> str:
    """The stored form of a quantity; ``text`` itself, as text, if it is none."""
    try:
        value = amount(text)
    except ValueError:
        return str(text)
    nano = int((value * _NANO).to_integral_value(rounding="ROUND_UP"))
    if str(text).endswith("i") and nano % _NANO == 0 and abs(nano) >= 1024 * _NANO:
        return _shortest(nano // _NANO, 1024, _BINARY)
    return _shortest(nano, 1000, _DECIMAL)


def _shortest(mantissa: int, base: int, suffixes: tuple[str, ...]) -> str:
    """Integer with the largest suffix that leaves no fraction."""
    if mantissa == 0:
        return "0"
    step = 0
    while mantissa % base == 0 and step < len(suffixes) - 1:
        mantissa //= base
        step += 1
    return f"{mantissa}{suffixes[step]}"
