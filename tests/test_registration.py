"""The CompositeController says what the hook relies on."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app import names
from tests.registration import KINDS, composite_controller, group_keys


@pytest.fixture
def spec() -> dict[str, Any]:
    """Spec of the committed CompositeController."""
    found: dict[str, Any] = composite_controller()["spec"]
    return found


def test_the_parent_is_the_wazuhcluster(spec: dict[str, Any]) -> None:
    """The parent resource is spelled as names.py spells it."""
    parent = spec["parentResource"]
    assert (parent["apiVersion"], parent["resource"]) == (names.API_VERSION, names.PLURAL)


def test_a_written_status_calls_for_no_sync(spec: dict[str, Any]) -> None:
    """Two states of the status that differ by a second could follow each other for ever."""
    assert spec["parentResource"]["ignoreStatusChanges"] is True


def test_every_kind_is_updated_in_place_but_jobs(spec: dict[str, Any]) -> None:
    """The default, OnDelete, would never update; Recreate would delete StatefulSets.

    A Job cannot change, so nothing is sent to one that is there.
    """
    methods = {rule["resource"]: rule["updateStrategy"] for rule in spec["childResources"]}
    assert methods.pop("jobs") == {"method": "OnDelete"}
    assert methods == {resource: {"method": "InPlace"} for resource in methods}


def test_no_resource_is_listed_twice(spec: dict[str, Any]) -> None:
    """A second rule for a kind would hide the first."""
    resources = [rule["resource"] for rule in spec["childResources"]]
    assert len(resources) == len(set(resources))


def test_claims_are_no_children(spec: dict[str, Any]) -> None:
    """Metacontroller would adopt the StatefulSets' claims and delete them."""
    resources = {rule["resource"] for rule in spec["childResources"]}
    assert "persistentvolumeclaims" not in resources
    assert resources <= KINDS.keys()


def test_the_groups_a_request_must_have_are_registered() -> None:
    """Without these two the hook refuses every request."""
    assert {"Secret.v1", "StatefulSet.apps/v1"} <= set(group_keys())


def test_selectors_are_generated_and_parents_come_again(spec: dict[str, Any]) -> None:
    """The hook emits no selector label, and 30 s is the longest wait for a parent."""
    assert spec["generateSelector"] is True
    assert spec["resyncPeriodSeconds"] == 30


@pytest.mark.parametrize("hook", ["sync", "customize"])
def test_hooks_are_v2_with_a_timeout_and_a_revision(spec: dict[str, Any], hook: str) -> None:
    """Raising the revision makes Metacontroller read credentials and bundles again."""
    assert spec["hooks"][hook]["version"] == "v2"
    webhook = spec["hooks"][hook]["webhook"]
    assert webhook["timeout"] == "10s"
    url = urlsplit(webhook["url"])
    assert url.path == f"/{hook}"
    assert parse_qs(url.query) == {"rev": ["1"]}


def test_the_finalize_hook_is_a_choice(spec: dict[str, Any]) -> None:
    """It brings a finalizer to every parent, so it is off by default."""
    assert set(spec["hooks"]) == {"sync", "customize"}
