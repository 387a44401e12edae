"""The spec, judged as far as it can be judged by itself: parsed, checked, cached by content.

The same spec comes back every 30 seconds, so the whole judgement is kept by its JSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

import orjson

from app import checks, faults
from app.faults import Effect, Fault, Reason
from app.names import CLUSTER_NAME_MAX
from app.schema.parse import parse_spec_json
from app.schema.wazuhcluster import WazuhClusterSpec
from app.versions import WazuhVersion, parse_version

_CLUSTER_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """Effective spec and version (None where it cannot be read at all), and its faults."""

    spec: WazuhClusterSpec | None = field(repr=False)
    version: WazuhVersion | None
    faults: tuple[Fault, ...]

    @property
    def is_usable(self) -> bool:
        """Whether nothing refuses the whole spec."""
        return self.spec is not None and not any(
            fault.effect is Effect.FROZEN for fault in self.faults
        )


def specification(raw: object, name: str, floor: WazuhVersion | None) -> Specification:
    """Judge ``raw``, the spec of the WazuhCluster ``name``.

    ``floor``: the version below which this cluster cannot go; a lower wish is held.
    """
    try:
        text = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a number beyond 64 bits, no Unicode, deeper than any spec
        unreadable = faults.frozen("spec", "holds a value that JSON cannot, or is nested too deep")
        return Specification(
            spec=None, version=None, faults=_sorted((*_name_faults(name), unreadable))
        )
    return _specification(text, name, floor)


@lru_cache(maxsize=512)
def _specification(text: bytes, name: str, floor: WazuhVersion | None) -> Specification:
    named = _name_faults(name)
    spec, found = parse_spec_json(text)
    if spec is None:
        return Specification(spec=None, version=None, faults=_sorted((*named, *found)))
    version = parse_version(spec.version)
    if version is None:
        return Specification(spec=None, version=None, faults=_sorted((*named, *found)))
    held: tuple[Fault, ...] = ()
    if floor is not None and version < floor:
        held = (_downgrade(version, floor),)
        spec = spec.model_copy(update={"version": str(floor)})
        version = floor
    checked = checks.check(spec, version)
    return Specification(
        spec=checked.spec,
        version=version,
        faults=_sorted((*named, *found, *held, *checked.faults)),
    )


def _name_faults(name: str) -> tuple[Fault, ...]:
    if len(name) <= CLUSTER_NAME_MAX and _CLUSTER_NAME.fullmatch(name):
        return ()
    message = f"at most {CLUSTER_NAME_MAX} characters of a-z, 0-9, -; starts with a letter"
    return (faults.frozen("metadata.name", message),)


def _downgrade(version: WazuhVersion, floor: WazuhVersion) -> Fault:
    message = (
        f"Wazuh cannot go from {floor} back to {version}; the cluster stays at {floor}. An older"
        " OpenSearch does not open newer data"
    )
    return faults.held("spec.version", message, Reason.DOWNGRADE_REFUSED)


def _sorted(found: tuple[Fault, ...]) -> tuple[Fault, ...]:
    return tuple(sorted(set(found)))
