"""The spec, judged as far as it can be judged by itself, and kept by its content."""

from __future__ import annotations

from typing import Any

import pytest

from app.faults import Effect, Reason
from app.resolve.specification import specification
from app.versions import WazuhVersion

FLOOR = WazuhVersion(4, 14, 1)


def test_a_valid_spec_is_usable() -> None:
    """No fault, the version of the spec."""
    judged = specification({"version": "4.14.1"}, "wz", None)
    assert judged.is_usable
    assert judged.faults == ()
    assert judged.version == WazuhVersion(4, 14, 1)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="list"),
        pytest.param("4.14.1", id="text"),
        pytest.param(3, id="number"),
        pytest.param(True, id="boolean"),
        pytest.param({}, id="empty"),
        pytest.param({"version": None}, id="version-null"),
        pytest.param({"version": 4}, id="version-number"),
        pytest.param({"version": "5.0.0"}, id="version-too-new"),
        pytest.param({"version": "4.14"}, id="version-cut"),
        pytest.param({"version": "4.14.1", "indexer": []}, id="part-of-another-type"),
        pytest.param({"version": "4.14.1", "indexer": {"replicas": 0}}, id="out-of-bounds"),
        pytest.param({"version": "4.14.1", "tls": {"enabled": False}}, id="refused-by-a-rule"),
        pytest.param({"version": "4.14.1", "indexer": {"javaOpts": "-Xms1g"}}, id="by-a-check"),
    ],
)
def test_a_bad_spec_is_refused_with_a_path(raw: Any) -> None:
    """Whatever JSON comes, nothing is raised, and every fault names its field."""
    judged = specification(raw, "wz", FLOOR)
    assert not judged.is_usable
    assert all(one.path.startswith("spec") for one in judged.faults)
    assert any(one.effect is Effect.FROZEN for one in judged.faults)


def test_several_faults_are_found_together_and_sorted_by_path() -> None:
    """Of the structure and of the checks, each once."""
    raw = {
        "version": "4.14.1",
        "manager": {"master": {"extraConfig": "<cluster></cluster>"}},
        "indexer": {"javaOpts": "-Xms1g"},
        "dashboard": {"podLabels": {"app.kubernetes.io/name": "mine"}},
    }
    found = specification(raw, "wz", None).faults
    assert [one.path for one in found] == [
        "spec.dashboard.podLabels",
        "spec.indexer.javaOpts",
        "spec.manager.master.extraConfig",
    ]


@pytest.mark.parametrize(
    "name", ["", "Wz", "1wz", "wz.a", "wz-", "-wz", "w" * 38, "wz_a", "wz\n", "ümlaut"]
)
def test_a_name_that_cannot_work_is_refused(name: str) -> None:
    """The CRD refuses it too; here for an object that went around it."""
    judged = specification({"version": "4.14.1"}, name, None)
    assert not judged.is_usable
    assert [one.path for one in judged.faults] == ["metadata.name"]


@pytest.mark.parametrize("name", ["w", "wz", "w-1", "w" * 37])
def test_a_name_that_works_is_taken(name: str) -> None:
    """At most 37 characters of a-z, 0-9, -; it starts with a letter."""
    assert specification({"version": "4.14.1"}, name, None).faults == ()


@pytest.mark.parametrize(
    ("wished", "effective", "is_held"),
    [("4.13.1", "4.14.1", True), ("4.14.1", "4.14.1", False), ("4.14.2", "4.14.2", False)],
)
def test_a_version_below_the_floor_is_held(wished: str, effective: str, is_held: bool) -> None:  # noqa: FBT001 - a column of the table
    """The effective spec has the floor's version, so everything is rendered for it."""
    judged = specification({"version": wished}, "wz", FLOOR)
    assert judged.is_usable
    assert judged.spec is not None
    assert (judged.spec.version, str(judged.version)) == (effective, effective)
    reasons = [Reason.DOWNGRADE_REFUSED] if is_held else []
    assert [one.reason for one in judged.faults] == reasons


def test_a_held_version_does_not_hide_other_faults() -> None:
    """What is checked is what runs: the spec at the floor's version."""
    raw = {"version": "4.13.1", "indexer": {"javaOpts": "-Xms1g"}}
    judged = specification(raw, "wz", FLOOR)
    assert not judged.is_usable
    assert [one.path for one in judged.faults] == ["spec.indexer.javaOpts", "spec.version"]


def test_one_spec_is_judged_once() -> None:
    """The same content in another order of keys gives the very same value."""
    first = specification({"version": "4.14.1", "indexer": {"replicas": 5}}, "wz", None)
    again = specification({"indexer": {"replicas": 5}, "version": "4.14.1"}, "wz", None)
    assert again is first
    assert specification({"version": "4.14.1"}, "wz", None) is not first


def test_name_and_floor_are_part_of_what_is_judged() -> None:
    """A spec that two clusters share is judged for each."""
    raw = {"version": "4.13.1"}
    assert specification(raw, "wz", None).faults == ()
    assert len(specification(raw, "wz", FLOOR).faults) == 1
    assert len(specification(raw, "Wz", FLOOR).faults) == 2
