"""The examples: each is a WazuhCluster that the API knows to the last field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.components import render
from app.names import API_VERSION, CLUSTER_NAME_MAX, KIND
from app.schema.wazuhcluster import WazuhClusterSpec
from tests.clusters import cluster

FOLDER = Path(__file__).parent.parent / "examples"
FILES = sorted(FOLDER.glob("*.yaml"))


def _load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def _left_out(given: Any, known: Any, path: str) -> list[str]:
    """Fields of ``given`` that the model did not take up."""
    if isinstance(given, dict) and isinstance(known, dict):
        missing = [f"{path}.{key}" for key in given.keys() - known.keys()]
        common = given.keys() & known.keys()
        return missing + [
            found for key in common for found in _left_out(given[key], known[key], f"{path}.{key}")
        ]
    return []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_is_a_wazuhcluster(path: Path) -> None:
    """Of our group, with a name that works."""
    loaded = _load(path)
    assert (loaded["apiVersion"], loaded["kind"]) == (API_VERSION, KIND)
    assert len(loaded["metadata"]["name"]) <= CLUSTER_NAME_MAX


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_has_no_field_that_the_api_does_not_know(path: Path) -> None:
    """A misspelt field would be left out in silence."""
    given = _load(path)["spec"]
    known = WazuhClusterSpec.model_validate(given).model_dump(mode="json", by_alias=True)
    assert _left_out(given, known, "spec") == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_renders(path: Path) -> None:
    """With the objects that it is about."""
    kinds = {child["kind"] for child in render(cluster(_load(path)["spec"]))}
    wanted = {"production": {"NetworkPolicy"}, "log-rotation": {"CronJob"}}
    assert {"StatefulSet", "Deployment"} | wanted.get(path.stem, set()) <= kinds


def test_every_example_stands_in_the_readme() -> None:
    """And the readme names no other."""
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert {line.split("](")[1].split(")")[0] for line in readme.splitlines() if "](" in line} == {
        path.name for path in FILES
    }
