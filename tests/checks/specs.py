"""Specs for the tests of checks, and their faults in the form in which people read them."""

from __future__ import annotations

from typing import Any

from app.checks import Checked, check
from app.faults import Effect, Fault
from app.schema.parse import parse_spec
from app.versions import parse_version

NEWEST = "4.14.7"


def checked(raw: dict[str, Any], version: str = NEWEST) -> Checked:
    """Result of the checks for a raw spec that its model accepts; AssertionError if it does not."""
    spec, found = parse_spec({"version": version, **raw})
    of_version = parse_version(version)
    assert spec is not None, found
    assert of_version is not None
    return check(spec, of_version)


def faults(raw: dict[str, Any], version: str = NEWEST) -> tuple[Fault, ...]:
    """Faults of a raw spec."""
    return checked(raw, version).faults


def texts(raw: dict[str, Any], effect: Effect, version: str = NEWEST) -> list[str]:
    """``path: message`` of the faults of one effect; AssertionError if there is another one."""
    found = faults(raw, version)
    assert {fault.effect for fault in found} <= {effect}, found
    return [str(fault) for fault in found]


def nested(path: str, value: object) -> dict[str, Any]:
    """Raw spec with one value at a dotted path below ``spec``."""
    result: Any = value
    for key in reversed(path.split(".")):
        result = {key: result}
    assert isinstance(result, dict)
    return result
