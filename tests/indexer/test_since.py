"""The gate of opensearch.yml: no version gets a setting that its node does not know."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from app.config.opensearch import opensearch_yml
from app.versions import parse_version
from tests.clusters import cluster
from tests.indexer.since import OLDEST_ASKED, SINCE

#: First and last patch level of each minor, those at which OpenSearch changes, and unknown ones.
VERSIONS = (
    *("4.9.0", "4.9.2", "4.10.0", "4.10.3", "4.10.4", "4.11.0", "4.11.2", "4.12.0"),
    *("4.13.0", "4.13.1", "4.14.0", "4.14.1", "4.14.2", "4.14.4", "4.14.5", "4.14.99", "4.15.0"),
)
#: Specs that change which settings are written.
SPECS: dict[str, dict[str, Any]] = {
    "default": {},
    "one node": {"indexer": {"replicas": 1}},
    "memory maps": {"indexer": {"vmMaxMapCount": "Init"}},
    "no hot reload": {"tls": {"hotReload": {"enabled": False}}},
}


def keys(version: str, spec: dict[str, Any]) -> set[str]:
    """Settings of opensearch.yml."""
    loaded = yaml.safe_load(opensearch_yml(cluster({"version": version, **spec})))
    return set(loaded)


def unknown(version: str, spec: dict[str, Any]) -> list[str]:
    """Settings that the OpenSearch inside a version does not know, or nobody has looked up."""
    parsed = parse_version(version)
    assert parsed is not None
    newer = (99, 0, 0)
    return sorted(key for key in keys(version, spec) if SINCE.get(key, newer) > parsed.opensearch)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
@pytest.mark.parametrize("version", VERSIONS)
def test_no_version_gets_a_setting_it_does_not_know(version: str, spec: dict[str, Any]) -> None:
    """A new setting of ours has to be looked up and entered into the table first."""
    assert unknown(version, spec) == []


def test_every_row_of_the_table_is_about_a_setting_that_is_written() -> None:
    """None stands there for a setting that is gone."""
    written = {
        key for version in VERSIONS for spec in SPECS.values() for key in keys(version, spec)
    }
    assert written == set(SINCE)


@pytest.mark.parametrize("version", ["4.9.0", "4.11.2"])
def test_what_stands_in_no_gate_is_older_than_the_range(version: str) -> None:
    """The files of a version before the gates are what a real node of `OLDEST_ASKED` is given."""
    assert {SINCE[key] for key in keys(version, {})} == {OLDEST_ASKED}


@pytest.mark.parametrize("version", ["4.10.4", "4.12.0", "4.14.4"])
def test_a_version_behind_a_gate_gets_what_it_can_have(version: str) -> None:
    """A gate that is never open would hide a setting from everybody."""
    assert keys(version, {}) == set(SINCE)


def test_a_setting_that_nobody_looked_up_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the test: without its row, or with a later version, a setting is unknown."""
    assert unknown("4.12.0", {}) == []
    monkeypatch.delitem(SINCE, "node.name")
    monkeypatch.setitem(SINCE, "path.data", (2, 19, 2))
    assert unknown("4.12.0", {}) == ["node.name", "path.data"]
