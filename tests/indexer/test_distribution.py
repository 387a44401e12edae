"""What OpenSearch is assembled from is pinned, package by package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.indexer.distribution import assemble


@pytest.mark.parametrize("version", assemble.VERSIONS)
def test_every_package_is_pinned(version: str) -> None:
    """The core, the plugin, and one version of each library."""
    sums = assemble.sums(version)
    assert {f"opensearch-{version}.jar", f"opensearch-security-{version}.0.zip"} <= sums.keys()
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in sums.values())
    names = [re.sub(r"-[0-9][^/]*$", "", name) for name in sums]
    assert len(names) == len(set(names))


def test_a_package_that_differs_is_named() -> None:
    """As are one that is missing and one that nobody knows."""
    pinned = {"a.jar": "1", "b.jar": "2", "c.jar": "3"}
    assemble._compare(pinned, pinned)
    with pytest.raises(assemble.AssemblyError, match=r"not as pinned: b\.jar, c\.jar, d\.jar"):
        assemble._compare({"a.jar": "1", "b.jar": "x", "d.jar": "4"}, pinned)


def test_a_home_that_is_there_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without Maven and without Java: neither is on this PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(assemble.AssemblyError, match="`mvn` is needed on PATH"):
        assemble.assemble(assemble.CURRENT)
    name = f"opensearch-{assemble.CURRENT}-{assemble._digest(assemble.CURRENT)}"
    home = tmp_path / "wazuh-hook-indexer" / name
    assert not home.exists()
    home.mkdir()
    assert assemble.assemble(assemble.CURRENT) == home
