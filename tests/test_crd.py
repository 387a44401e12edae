"""The CustomResourceDefinition: structural, small, complete and up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml

from app.schema.core_types import CORE_TYPES
from app.schema.crd import MAX_BYTES, crd, schema_fields
from app.schema.rules import ROOT_RULES, RULES
from hack import generate_crd
from tests.schema.bounds import CORE

#: What a structural schema does not know, and what we do not want in it.
FORBIDDEN: Final = {"$ref", "$defs", "anyOf", "oneOf", "not", "default", "title", "const"}


def _version() -> dict[str, Any]:
    (version,) = crd()["spec"]["versions"]
    return dict(version)


def _root() -> dict[str, Any]:
    return dict(_version()["schema"]["openAPIV3Schema"])


def _nodes(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from _nodes(child, f"{path}.{name}")
    if "items" in node:
        yield from _nodes(node["items"], f"{path}[]")
    if "additionalProperties" in node:
        yield from _nodes(node["additionalProperties"], f"{path}{{}}")


def _all_nodes() -> list[tuple[str, dict[str, Any]]]:
    properties = _root()["properties"]
    return [*_nodes(properties["spec"], "spec"), *_nodes(properties["status"], "status")]


def _is_core(path: str) -> bool:
    return any(f".{name}." in path or f".{name}[]" in path for name in CORE)


def test_names_and_columns() -> None:
    """What kubectl shows; the next expiry is a string, as a date to come reads <invalid>."""
    spec = crd()["spec"]
    assert crd()["metadata"]["name"] == "wazuhclusters.resources.wazuh.com"
    assert (spec["group"], spec["scope"]) == ("resources.wazuh.com", "Namespaced")
    assert spec["names"]["plural"] == "wazuhclusters"
    assert spec["names"]["shortNames"] == ["wc"]
    version = _version()
    assert version["name"] == "v1alpha1"
    assert version["subresources"] == {"status": {}}
    assert [
        (column["name"], column["jsonPath"], column["type"], column.get("priority", 0))
        for column in version["additionalPrinterColumns"]
    ] == [
        ("Version", ".spec.version", "string", 0),
        ("Phase", ".status.phase", "string", 0),
        ("Manager", ".status.manager.phase", "string", 0),
        ("Indexer", ".status.indexer.phase", "string", 0),
        ("Dashboard", ".status.dashboard.phase", "string", 0),
        ("Certificates", ".status.nextCertificateExpiry", "string", 1),
        ("Age", ".metadata.creationTimestamp", "date", 0),
    ]


def test_it_fits_an_annotation() -> None:
    """Client-side kubectl apply keeps the whole object in one."""
    assert len(json.dumps(crd(), separators=(",", ":")).encode()) < MAX_BYTES


def test_the_generated_files_are_up_to_date() -> None:
    """`python -m hack.generate_crd` was run after the last change of a model."""
    assert generate_crd.CORE_TYPES_FILE.read_text() == generate_crd.core_types_module()
    assert generate_crd.CRD_FILE.read_text() == generate_crd.crd_file()


def test_the_file_reads_back_as_the_crd() -> None:
    """No value changes its type on its way through YAML (`no`, `1e3`, a pattern)."""
    assert yaml.safe_load(generate_crd.CRD_FILE.read_text()) == crd()


def test_core_types_are_complete() -> None:
    """Every reference of a core type is an entry, and every entry is referred to or held."""
    names = set(generate_crd.references(CORE_TYPES))
    assert names - set(CORE_TYPES) == set()
    assert set(CORE_TYPES) - names - set(generate_crd.WANTED) == set()


def test_the_schema_is_structural() -> None:
    """Each node has a type (or is int-or-string) and none of the forbidden words."""
    for path, node in _all_nodes():
        assert not FORBIDDEN & set(node), path
        assert ("type" in node) != node.get("x-kubernetes-int-or-string", False), path
        if node.get("type") == "object":
            assert ("properties" in node) != ("additionalProperties" in node), path
        if node.get("type") == "array":
            assert "items" in node, path


def test_nothing_that_only_the_hook_reads_is_in_it() -> None:
    """An unknown extension is refused by the API server in strict mode."""
    known = ("x-kubernetes-",)
    for path, node in _all_nodes():
        assert all(key.startswith(known) for key in node if key.startswith("x-")), path


def test_every_size_is_bounded() -> None:
    """Without bounds the API server cannot estimate the cost of a rule and refuses the CRD."""
    bound = {"string": "maxLength", "array": "maxItems"}
    for path, node in _all_nodes():
        kind = node.get("type")
        if kind in bound:
            assert bound[kind] in node, path
        if "additionalProperties" in node:
            assert "maxProperties" in node, path
        if node.get("x-kubernetes-int-or-string"):
            assert "maxLength" in node, path


def test_optional_fields_take_null_and_required_ones_do_not() -> None:
    """A null that a template leaves behind is absent; a required field must hold a value."""
    for path, node in _nodes(_root()["properties"]["spec"], "spec"):
        for name, child in node.get("properties", {}).items():
            required = name in node.get("required", ())
            assert child.get("nullable", False) != required, f"{path}.{name}"


def test_no_enum_of_a_nullable_field_stands_bare() -> None:
    """The API server holds null against an enum even where the field is nullable."""
    bare = [path for path, node in _all_nodes() if node.get("nullable") and "enum" in node]
    assert bare == []


def test_only_the_version_is_required() -> None:
    """Everything else has a default."""
    assert _root()["required"] == ["spec"]
    assert _root()["properties"]["spec"]["required"] == ["version"]


def test_our_own_fields_are_described_and_name_their_default() -> None:
    """`kubectl explain` is the manual; core types stay bare, for the size."""
    leaves = {path for path, _ in schema_fields()}
    for path, node in _nodes(_root()["properties"]["spec"], "spec"):
        if _is_core(path):
            assert "description" not in node, path
        elif not path.endswith(("[]", "{}")):
            assert node.get("description"), path
            if path in leaves and node.get("nullable"):
                assert "Default: " in node["description"], path


def test_every_rule_stands_at_its_path() -> None:
    """A path that no longer exists would drop its rule in silence."""
    counts = {path: len(node.get("x-kubernetes-validations", ())) for path, node in _all_nodes()}
    for rule in RULES:
        assert counts[rule.path] == sum(other.path == rule.path for other in RULES)
    assert sum(counts.values()) == len(RULES)
    assert len(_root()["x-kubernetes-validations"]) == len(ROOT_RULES)


@pytest.mark.parametrize(
    "cel", sorted({rule.cel for rule in RULES} | {rule.cel for rule in ROOT_RULES})
)
def test_a_rule_asks_for_each_optional_step(cel: str) -> None:
    """CEL fails on an absent field, so `self.a.b` needs `has(self.a)` and `has(self.a.b)`."""
    always = {"self.metadata.name", "oldSelf.metadata.name", "self.spec", "oldSelf.spec"}
    asked = set(re.findall(r"has\(([\w.]+)\)", cel))
    plain = re.sub(r"r?'[^']*'", "", cel)
    for path in re.findall(r"\b(?:self|oldSelf)(?:\.\w+)+(?!\w*\()", plain):
        steps = path.split(".")
        for end in range(2, len(steps) + 1):
            step = ".".join(steps[:end])
            assert step in asked | always or any(item.startswith(step) for item in always), step


def test_fields_are_listed_to_the_last_leaf() -> None:
    """The list that the test 'every field takes effect' goes through."""
    paths = [path for path, _ in schema_fields()]
    assert len(paths) == len(set(paths))
    for path in (
        "spec.version",
        "spec.imagePullSecrets[].name",
        "spec.indexer.nodeSelector{}",
        "spec.indexer.env[].valueFrom.secretKeyRef.key",
        "spec.manager.config.auth.useSourceIP",
        "spec.tls.certConfig.extraSANs.managerMaster[]",
    ):
        assert path in paths
