"""What Metacontroller may do: the kinds the hook emits, and what Metacontroller itself needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app import kinds, names
from app.components import render
from app.hook.customize import customize
from app.kinds import CHILD_KINDS, Kind
from tests.charts.operator import only, rendered
from tests.clusters import cluster
from tests.registration import composite_controller

#: (group, resource, verb).
Right = tuple[str, str, str]
METACONTROLLER: Final = "metacontroller.k8s.io"
READ: Final = ("get", "list", "watch")


def _rights(rules: list[Mapping[str, Any]]) -> Iterator[Right]:
    for rule in rules:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield from ((group, resource, verb) for verb in rule["verbs"])


def _granted() -> list[Right]:
    return list(_rights(only(rendered("default"), "ClusterRole")["rules"]))


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def _of(kind: Kind, *verbs: str) -> set[Right]:
    return {(_group(kind.api_version), kind.plural, verb) for verb in verbs}


def test_nothing_is_granted_by_a_wildcard_or_twice() -> None:
    """A star would grant the kinds of tomorrow too."""
    granted = _granted()
    assert len(granted) == len(set(granted))
    assert not any("*" in right for right in granted)


def test_the_children_are_exactly_the_kinds_of_the_registration() -> None:
    """Metacontroller writes these and no other, but records, events and the parent."""
    writing = {(group, resource) for group, resource, verb in _granted() if verb == "delete"}
    rules = composite_controller()["spec"]["childResources"]
    registered = {(_group(rule["apiVersion"]), rule["resource"]) for rule in rules}
    assert registered == {(_group(kind.api_version), kind.plural) for kind in CHILD_KINDS}
    assert writing == registered | {(METACONTROLLER, "controllerrevisions")}


def test_every_right_has_a_reason() -> None:
    """All of it, spelled from what the hook emits and what it asks to see."""
    wanted: set[Right] = set()
    for kind in CHILD_KINDS:
        wanted |= _of(kind, *READ, "create", "update", "delete")
    for rule in customize({"parent": {"metadata": {"name": "a", "namespace": "b"}}})[
        "relatedResources"
    ]:
        wanted |= {(_group(rule["apiVersion"]), rule["resource"], verb) for verb in READ}
    wanted |= {(names.GROUP, names.PLURAL, verb) for verb in (*READ, "update")}
    wanted |= {
        (names.GROUP, f"{names.PLURAL}/{part}", "update") for part in ("status", "finalizers")
    }
    for resource in ("compositecontrollers", "controllerrevisions", "decoratorcontrollers"):
        wanted |= {(METACONTROLLER, resource, verb) for verb in READ}
    wanted |= {
        (METACONTROLLER, "controllerrevisions", verb) for verb in ("create", "update", "delete")
    }
    wanted |= {("apiextensions.k8s.io", "customresourcedefinitions", verb) for verb in READ}
    wanted |= {("", "namespaces", verb) for verb in READ}
    wanted |= {("", "events", verb) for verb in ("create", "patch")}
    wanted |= set(_emitted_roles())
    assert set(_granted()) == wanted


def test_metacontroller_holds_what_our_roles_grant() -> None:
    """Or the API server would refuse to let it create them."""
    emitted = set(_emitted_roles())
    assert ("", "pods/exec", "create") in emitted
    assert emitted <= set(_granted())
    assert kinds.ROLE in CHILD_KINDS


def _emitted_roles() -> Iterator[Right]:
    spec = {"version": "4.14.1", "manager": {"logRotation": {"enabled": True}}}
    for child in render(cluster(spec)):
        if child["kind"] == "Role":
            yield from _rights(child["rules"])
