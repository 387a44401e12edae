"""The CustomResourceDefinition, made from the models, the rules and the status schema.

No ``default:`` stands in it: a stored default could not be told from a wish. It stays below
262,144 bytes, so that a client-side ``kubectl apply`` can keep it in an annotation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from app import names
from app.schema import openapi
from app.schema.cel import Rule
from app.schema.rules import ROOT_RULES, RULES
from app.schema.status import status_schema

Schema = dict[str, Any]

MAX_BYTES: Final = 262_144

#: Name, JSON path, type, further fields. A column of type date would show a time to come as
#: `<invalid>`, so the next expiry is a string.
_COLUMNS: Final[tuple[tuple[str, str, str, Mapping[str, Any]], ...]] = (
    ("Version", ".spec.version", "string", {}),
    ("Phase", ".status.phase", "string", {}),
    ("Manager", ".status.manager.phase", "string", {}),
    ("Indexer", ".status.indexer.phase", "string", {}),
    ("Dashboard", ".status.dashboard.phase", "string", {}),
    (
        "Certificates",
        ".status.nextCertificateExpiry",
        "string",
        {"format": "date-time", "priority": 1},
    ),
    ("Age", ".metadata.creationTimestamp", "date", {}),
)


def crd() -> Schema:
    """The CustomResourceDefinition as JSON."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.PLURAL}.{names.GROUP}"},
        "spec": {
            "group": names.GROUP,
            "names": {
                "kind": names.KIND,
                "listKind": f"{names.KIND}List",
                "plural": names.PLURAL,
                "singular": names.KIND.lower(),
                "shortNames": ["wc"],
                "categories": ["all", "wazuh"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": names.VERSION,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": _columns(),
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": _root()},
                }
            ],
        },
    }


def schema_fields() -> Iterator[tuple[str, Schema]]:
    """Every leaf field of the spec as (path, schema): what must take effect somewhere."""
    return openapi.fields(openapi.spec_schema())


def _columns() -> list[Schema]:
    return [
        {"name": name, "jsonPath": path, "type": kind, **more}
        for name, path, kind, more in _COLUMNS
    ]


def _root() -> Schema:
    rules = _rules_by_path()
    return {
        "type": "object",
        "description": "A whole Wazuh cluster: indexers, managers, dashboard, certificates.",
        "required": ["spec"],
        "x-kubernetes-validations": [
            {"rule": rule.cel, "message": rule.message} for rule in ROOT_RULES
        ],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": _with_rules(openapi.spec_schema(), "spec", rules),
            "status": status_schema(),
        },
    }


def _rules_by_path() -> dict[str, list[Rule]]:
    found: dict[str, list[Rule]] = {}
    for rule in RULES:
        found.setdefault(rule.path, []).append(rule)
    return found


def _validation(rule: Rule, kind: str) -> Schema:
    """A rule as the CRD spells it; a text that breaks it is shown by an expression.

    Numbers are not: the API server cannot bound the cost of ``string(self)``.
    """
    result = {"rule": rule.cel, "message": rule.message}
    if rule.shows_value and kind == "string":
        result["messageExpression"] = f"self + ' {rule.message}'"
    return result


def _on_wire(node: Mapping[str, Any]) -> Schema:
    """One node without what only the hook reads.

    The API server holds null against an enum even where it is nullable (and never finds it in
    one), but not against an ``allOf``: so there the enum of an optional field stands.
    """
    result = {key: value for key, value in node.items() if key != "x-key-pattern"}
    if "enum" in node:
        result["maxLength"] = max(len(value) for value in node["enum"])
        if node.get("nullable"):
            result["allOf"] = [{"enum": result.pop("enum")}]
    return result


def _with_rules(node: Mapping[str, Any], path: str, rules: Mapping[str, list[Rule]]) -> Schema:
    """A copy of ``node`` with the rules of each path and as the API server takes it."""
    result = _on_wire(node)
    if path in rules:
        result["x-kubernetes-validations"] = [
            _validation(rule, node["type"]) for rule in rules[path]
        ]
    if "properties" in node:
        result["properties"] = {
            name: _with_rules(child, f"{path}.{name}", rules)
            for name, child in node["properties"].items()
        }
    for key, step in (("items", "[]"), ("additionalProperties", "{}")):
        if key in node:
            result[key] = _with_rules(node[key], f"{path}{step}", rules)
    return result
