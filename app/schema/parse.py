"""The spec from its JSON: a value of the models, or everything that is wrong with it.

What the CRD refuses is refused here again, for an object that went around the API server or is
older than the CRD. All faults are found at once and nothing raises, whatever JSON comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

import orjson
from pydantic import ValidationError

from app import faults
from app.faults import Effect, Fault, Reason
from app.schema import structure
from app.schema.cel import Rule, read
from app.schema.openapi import spec_schema
from app.schema.rules import RULES
from app.schema.wazuhcluster import WazuhClusterSpec

Parsed = tuple[WazuhClusterSpec | None, tuple[Fault, ...]]

_ROOT: Final = "spec"


def parse_spec(raw: object) -> Parsed:
    """Spec and faults, sorted by path. The spec is None where a fault refuses it.

    ``raw``: the JSON value of ``spec``; null counts as an empty object. Never raises.
    """
    checked = structure.check({} if raw is None else raw, spec_schema(), _ROOT)
    found = [*checked.faults]
    wrong = tuple(fault.path for fault in found if fault.effect is Effect.FROZEN)
    for rule in RULES:
        if not _concerns(rule, wrong):
            found.extend(_broken(rule, checked.value))
    if any(fault.effect is Effect.FROZEN for fault in found):
        return None, tuple(sorted(found))
    try:
        spec = WazuhClusterSpec.model_validate(checked.value)
    except ValidationError as error:
        return None, tuple(sorted((*found, *_model_faults(error))))
    return spec, tuple(sorted(found))


@lru_cache(maxsize=128)
def parse_spec_json(raw: bytes) -> Parsed:
    """``parse_spec`` of JSON text, kept by content: the same spec comes in every sync.

    The result is shared: its maps must not be changed. Never raises.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None, (faults.frozen(_ROOT, "is not JSON, or nested too deep"),)
    return parse_spec(value)


def _concerns(rule: Rule, wrong: tuple[str, ...]) -> bool:
    """Whether a value that ``rule`` reads is wrong by itself: its own fault is enough."""
    reads = tuple(f"{rule.path}.{path}" for path in rule.reads) or (rule.path,)
    return any(
        _is_below(path, place) or _is_below(place, path) for path in wrong for place in reads
    )


def _is_below(path: str, place: str) -> bool:
    """Whether ``path`` is ``place`` or lies below it; ``[]`` in ``place`` ends the comparison."""
    place = place.partition("[]")[0]
    return path == place or path.startswith((f"{place}.", f"{place}["))


def _broken(rule: Rule, spec: Mapping[str, Any]) -> Iterator[Fault]:
    """Faults of ``rule``: one for each value at its path that breaks it."""
    for path, value in _values(rule.path, spec):
        if not rule.holds(value):
            message = f"{structure.shown(value)} {rule.message}"
            yield _fault(rule, path, message if rule.shows_value else rule.message)


def _fault(rule: Rule, path: str, message: str) -> Fault:
    reason = Reason.INVALID if rule.effect is Effect.FROZEN else Reason.VALID_WITH_WARNINGS
    return Fault(path=path, message=message, effect=rule.effect, reason=reason)


def _values(path: str, spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each present value at ``path`` with its own path; one ``[]`` at most."""
    place, listed, rest = path.removeprefix(f"{_ROOT}.").partition("[].")
    value = read(spec, place)
    if not listed:
        if value is not None:
            yield path, value
        return
    for index, item in enumerate(value or ()):
        inner = read(item, rest)
        if inner is not None:
            yield f"{_ROOT}.{place}[{index}].{rest}", inner


def _model_faults(error: ValidationError) -> Iterator[Fault]:
    """Faults of a value that the structure allows and the models do not; without the value."""
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        path = ".".join((_ROOT, *(str(step) for step in item["loc"])))
        yield faults.frozen(path, item["msg"])
