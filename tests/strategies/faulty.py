"""Invalid specs: one that is fine but for something that the CRD, a rule or the hook refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hypothesis import strategies as st

from app.schema.openapi import spec_schema
from tests.schema.rule_cases import CASES
from tests.strategies.spec import specs
from tests.strategies.values import Strategy

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["version", "indexer", "manager", "dashboard", "tls", "replicas", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)

#: What passes the CRD and is refused by the hook's own checks.
FROZEN: tuple[dict[str, Any], ...] = (
    {"indexer": {"javaOpts": "-Xmx1g"}},
    {"indexer": {"resources": {"limits": {"memory": "512Mi"}}}},
    {"indexer": {"replicas": 3, "podDisruptionBudget": {"minAvailable": 3}}},
    {"indexer": {"env": [{"name": "POD_NAME", "value": "x"}]}},
    {"indexer": {"clusterName": "another-name"}},
    {"dashboard": {"resources": {"requests": {"cpu": 2}, "limits": {"cpu": 1}}}},
    {"dashboard": {"podLabels": {"app.kubernetes.io/name": "mine"}}},
    {"dashboard": {"securityContext": {"runAsUser": 0}}},
    {"dashboard": {"wazuhPlugin": {"cronStatistics": {"interval": "x * * * * *"}}}},
    {"manager": {"master": {"extraConfig": "<foo><a/></foo>"}}},
    {"manager": {"master": {"extraConfig": "<sca>"}}},
    {"manager": {"workers": {"podAnnotations": {"wazuh.com/cert-hash": "x"}}}},
    {"manager": {"workers": {"containerSecurityContext": {"readOnlyRootFilesystem": True}}}},
    {"manager": {"workers": {"tolerations": [{"operator": "Exists", "value": "x"}]}}},
    {"manager": {"config": {"auth": {"ciphers": "!ALL"}}}},
    {"manager": {"config": {"localInternalOptions": "a.b=x"}}},
    {"manager": {"logRotation": {"timeZone": "Mars/Base"}}},
    {"manager": {"logRotation": {"schedule": "* * * * *"}}},
    {"manager": {"logRotation": {"image": "kubectl:latest"}}},
    {"tls": {"certConfig": {"extraSANs": {"indexer": ["1::2::3"]}}}},
)


def _places(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all fields below ``schema``; ``[]`` is a step into a list."""
    for name, child in schema.get("properties", {}).items():
        yield (*path, name)
        yield from _places(child, (*path, name))
    if "items" in schema:
        yield from _places(schema["items"], (*path, "[]"))


PLACES = tuple(_places(spec_schema()))
WRONG: tuple[Any, ...] = (
    True, -1, 0, 10**30, 1.5, "", " ", "a\nb", "\u00e9\ud7ff", "x" * 70_000,
    [], [None], [[]], ["a", "a"], {}, {"a": None}, {"": 1},
)  # fmt: skip


def merged(spec: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """``spec`` with ``other`` put over it, object by object."""
    found = dict(spec)
    for key, value in other.items():
        before = found.get(key)
        is_object = isinstance(value, dict) and isinstance(before, dict)
        found[key] = merged(before or {}, value) if is_object else value
    return found


def at(place: tuple[str, ...], value: Any) -> Any:
    """An object with ``value`` at ``place``, in lists of one element."""
    for step in reversed(place):
        value = [value] if step == "[]" else {step: value}
    return value


_FRAGMENTS = st.one_of(
    st.builds(at, st.sampled_from(PLACES), st.sampled_from(WRONG)),
    st.builds(at, st.sampled_from(PLACES), JSON),
    st.sampled_from([case.after for case in CASES if case.refused and case.before is None]),
    st.sampled_from(FROZEN),
)


def invalid_specs() -> Strategy:
    """What may stand in ``spec`` and must do no harm; mostly refused, sometimes only odd."""
    return st.one_of(st.builds(merged, specs(), _FRAGMENTS), JSON)
