"""Objects that are too large for Metacontroller to keep a record of."""

from __future__ import annotations

from typing import Any

import pytest

from app.checks.sizes import LARGEST, check_sizes
from app.faults import frozen
from app.names import LABEL_COMPONENT, LAST_APPLIED, Role
from app.result import Manifest
from app.simulation.merge import canonical_json, update_of


def _object(kind: str, role: Role, **parts: Any) -> Manifest:
    labels = {LABEL_COMPONENT: role.value}
    return {"kind": kind, "metadata": {"name": "wz-x", "labels": labels}, **parts}


def _config(content: str) -> Manifest:
    return _object("ConfigMap", Role.MANAGER_MASTER, data={"ossec.conf": content})


def _filled(character: str, size: int) -> Manifest:
    """ConfigMap of ``character``, of which Metacontroller records ``size`` bytes or a bit less."""
    each = len(canonical_json(character).encode()) - len('""')
    return _config(character * ((size - len(canonical_json(_config("")))) // each))


@pytest.mark.parametrize("character", ["a", "é", "<", ">", "&", '"', "\n", "\u2028"])
def test_an_object_of_the_largest_size_passes(character: str) -> None:
    """Counted as Go writes it: markup takes six bytes a character."""
    assert list(check_sizes([_filled(character, LARGEST)])) == []


@pytest.mark.parametrize("character", ["a", "é", "<", ">", "&", '"', "\n", "\u2028"])
def test_a_larger_object_is_refused_with_name_and_size(character: str) -> None:
    """And with what is allowed."""
    assert list(check_sizes([_filled(character, LARGEST + 1024)])) == [
        frozen("spec.manager.master", "ConfigMap wz-x would have 191 KB; allowed: at most 190 KB")
    ]


@pytest.mark.parametrize(
    ("manifest", "path"),
    [
        (_object("Secret", Role.PKI, data={"a": "x" * LARGEST}), "spec"),
        (_object("Secret", Role.DASHBOARD, data={"a": "x" * LARGEST}), "spec.dashboard"),
        (_object("CronJob", Role.LOG_ROTATION, spec={"a": "x" * LARGEST}), "spec"),
        (_object("StatefulSet", Role.INDEXER, spec={"a": "x" * LARGEST}), "spec.indexer"),
    ],
)
def test_the_fault_stands_where_the_object_comes_from(manifest: Manifest, path: str) -> None:
    """Every kind is looked at."""
    assert [fault.path for fault in check_sizes([_config(""), manifest])] == [path]


def test_annotations_count_beside_the_record_of_them() -> None:
    """The limit is one for all annotations of an object."""
    service = _object("Service", Role.DASHBOARD)
    service["metadata"]["annotations"] = {"a": "x" * (LARGEST // 2 + 1)}
    [fault] = check_sizes([service])
    assert fault.path == "spec.dashboard"
    stored = update_of({"metadata": {}}, service)["metadata"]["annotations"]
    assert len(stored[LAST_APPLIED]) < LARGEST
    assert sum(map(len, stored.values())) > LARGEST
