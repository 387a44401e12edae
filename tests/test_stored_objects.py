"""The builder's API server stores what a real one stored, in the recorded requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from app import names
from app.result import Manifest
from tests.stored_objects import managed_fields, with_defaults

RECORDING: Final = Path(__file__).parent / "recordings" / "5-steady-state.json"


def recorded_children() -> dict[str, Manifest]:
    """Observed children of the recorded steady state, by group and name."""
    recording = json.loads(RECORDING.read_text(encoding="utf-8"))
    return {
        f"{group} {name}": child
        for group, children in recording["children"].items()
        for name, child in children.items()
    }


RECORDED: Final = recorded_children()


def stored_content(child: Manifest) -> Manifest:
    """What is stored apart from metadata and status; addresses are the server's own choice."""
    content: dict[str, Any] = {
        key: value for key, value in child.items() if key not in {"metadata", "status"}
    }
    if child["kind"] == "Service":
        drawn = {"clusterIP", "clusterIPs"}
        content["spec"] = {k: v for k, v in content["spec"].items() if k not in drawn}
    return content


@pytest.mark.parametrize("name", RECORDED)
def test_defaults_are_those_of_a_real_api_server(name: str) -> None:
    """What was applied, with our defaults, is what the API server stored."""
    recorded = RECORDED[name]
    applied = json.loads(recorded["metadata"]["annotations"][names.LAST_APPLIED])
    assert stored_content(with_defaults(applied)) == stored_content(recorded)


@pytest.mark.parametrize("name", RECORDED)
def test_managed_fields_name_the_fields_a_real_api_server_names(name: str) -> None:
    """Metacontroller's entry, without the marks for maps and items as such."""
    recorded = RECORDED[name]
    entries = [
        entry
        for entry in recorded["metadata"]["managedFields"]
        if entry["manager"] == "metacontroller" and "subresource" not in entry
    ]
    [ours] = managed_fields(recorded, operation="Update", time=entries[0]["time"])
    assert _paths(ours["fieldsV1"]) == _paths(entries[0]["fieldsV1"])


def _paths(fields: Manifest, path: str = "") -> set[str]:
    """Leaves of a field set; what the API server allots by itself is left out."""
    ignored = {"f:clusterIP", "f:clusterIPs", "f:ipFamilies", "f:ipFamilyPolicy"}
    ignored |= {"f:deployment.kubernetes.io/revision", "."}
    below = {key: value for key, value in fields.items() if key not in ignored}
    # An owner reference belongs to its owner as one item.
    if not below or path.endswith("f:ownerReferences"):
        return {path}
    return {one for key, value in below.items() for one in _paths(value, f"{path}/{key}")}
