"""The recorded requests of a real Metacontroller are read and answered."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import orjson
import pytest

from app.hook.sync import sync
from tests.cluster_builder import NOW, key_of, seeded_entropy

RECORDINGS: Final = sorted((Path(__file__).parent / "recordings").glob("*.json"))


def test_all_recordings_are_there() -> None:
    """Six moments of one cluster's start."""
    assert len(RECORDINGS) == 6


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recorded_request_is_answered(path: Path) -> None:
    """The answer has a status and children, none of them twice."""
    request = orjson.loads(path.read_bytes())
    result = sync(request, now=NOW, entropy=seeded_entropy(0))
    children = result.response.children
    assert result.response.status is not None
    assert children
    assert len({key_of(child) for child in children}) == len(children)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_no_recorded_workload_is_dropped(path: Path) -> None:
    """A workload left out of an answer would be deleted with all its pods."""
    request = orjson.loads(path.read_bytes())
    result = sync(request, now=NOW, entropy=seeded_entropy(0))
    observed = {
        key_of(child)
        for group in ("StatefulSet.apps/v1", "Deployment.apps/v1")
        for child in request["children"][group].values()
    }
    assert observed <= {key_of(child) for child in result.response.children}
