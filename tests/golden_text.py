"""Goldens as text: what was asked and what was answered, in the form a reviewer reads.

Noise is folded up, never dropped: an observed child is one line with a digest of what was applied
(its content stands in full in the golden of the answer that made it), managedFields and the
controller are verified to be what they always are, Secrets are described (tests.redactor).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import yaml

from app import names
from app.result import Manifest, Result
from tests.cluster_builder import key_of, rfc3339
from tests.redactor import RedactionError, Redactor
from tests.registration import composite_controller, group_key


class _Dumper(yaml.SafeDumper):
    """Block scalars for text of several lines, no anchors, keys in the order they were made."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class calls it so
        """Write a value again where it occurs again."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dump(value: Mapping[str, Any]) -> str:
    """YAML text of a golden."""
    plain = json.loads(json.dumps(value))
    return str(yaml.dump(plain, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True))


def request_text(request: Mapping[str, Any], now: datetime) -> str:
    """Golden of a request; raises RedactionError where noise is not what it is taken for."""
    controller = request["controller"]
    if controller["spec"] != composite_controller()["spec"]:
        raise RedactionError("the request carries another CompositeController")
    parent = {key: value for key, value in request["parent"].items() if key != "metadata"}
    metadata = request["parent"]["metadata"]
    redactor = Redactor(_secrets(request), strict=False)
    text = dump(
        {
            "now": rfc3339(now),
            "controller": "<metacontroller/compositecontroller.yaml>",
            "parent": {
                "apiVersion": parent.pop("apiVersion"),
                "kind": parent.pop("kind"),
                "metadata": {k: v for k, v in metadata.items() if k != "managedFields"},
                **parent,
            },
            "children": _groups(request["children"], redactor),
            "related": _related(request, redactor),
            "finalizing": request["finalizing"],
        }
    )
    _assert_no_leak(text, redactor)
    return text


def response_text(request: Mapping[str, Any], result: Result, *, in_full: bool) -> str:
    """Golden of an answer.

    ``in_full``: also the children that stay exactly as they were last applied; otherwise those are
    listed by name.
    """
    wire = json.loads(json.dumps(result.response.on_wire()))
    redactor = Redactor([*_secrets(request), *_of_kind(wire["children"], "Secret")])
    before = {key_of(child): _last_applied(child) for child in _objects(request["children"])}
    unchanged = [
        child for child in wire["children"] if not in_full and child == before.get(key_of(child))
    ]
    shown = [
        redactor.described(child) if child["kind"] == "Secret" else child
        for child in wire["children"]
        if child not in unchanged
    ]
    emitted = {key_of(child) for child in wire["children"]}
    text = dump(
        {
            "report": _report(result),
            **{key: value for key, value in wire.items() if key != "children"},
            "deleted": sorted(_line(*key) for key in before.keys() - emitted),
            "unchanged": sorted(_line(*key_of(child)) for child in unchanged),
            "children": shown,
        }
    )
    _assert_no_leak(text, redactor)
    return text


def _report(result: Result) -> Manifest:
    report = result.report
    expiry = report.earliest_expiry
    return {
        "outcome": report.outcome.value,
        "reissues": [f"{one.secret}: {one.reason}" for one in report.reissues],
        "held": dict(report.held),
        "earliestExpiry": None if expiry is None else rfc3339(expiry),
    }


def _groups(groups: Mapping[str, Mapping[str, Any]], redactor: Redactor) -> Manifest:
    return {
        group: {key: _observed(child, redactor) for key, child in sorted(children.items())}
        for group, children in sorted(groups.items())
    }


def _related(request: Mapping[str, Any], redactor: Redactor) -> Manifest:
    """Related objects; what is one of the children too is said to be, and was compared."""
    own = {key_of(child): child for child in _objects(request["children"])}
    return {
        group: {
            key: "<as among children>"
            if own.get(key_of(related)) == related
            else _observed(related, redactor)
            for key, related in sorted(found.items())
        }
        for group, found in sorted(request["related"].items())
    }


def _observed(child: Mapping[str, Any], redactor: Redactor) -> Manifest:
    metadata = child["metadata"]
    if child["kind"] == "PersistentVolumeClaim":
        return {"requests": child["spec"]["resources"]["requests"], "status": child["status"]}
    shown: Manifest = {}
    applied = _last_applied(child)
    if applied is not None:
        shown["applied"] = f"sha256 {_digest(applied)}"
        edited = sorted(_missing(applied, child))
        if edited:
            shown["edited"] = edited
    for field in ("generation", "deletionTimestamp"):
        if field in metadata:
            shown[field] = metadata[field]
    if child["kind"] == "Secret":
        described = redactor.described(_without_system_metadata(child))
        ours = described["metadata"].get("annotations", {})
        shown["annotations"] = {
            key: value for key, value in ours.items() if key != names.LAST_APPLIED
        }
        shown["data"] = described["data"]
    elif applied is None:
        shown |= {key: value for key, value in child.items() if key in {"data", "spec"}}
    if child.get("status"):
        shown["status"] = child["status"]
    return shown


def _without_system_metadata(child: Mapping[str, Any]) -> Manifest:
    metadata = {key: value for key, value in child["metadata"].items() if key != "managedFields"}
    return {**child, "metadata": metadata}


def _last_applied(child: Mapping[str, Any]) -> Manifest | None:
    """What was applied last, without the label that Metacontroller adds; None if by others."""
    text = child["metadata"].get("annotations", {}).get(names.LAST_APPLIED)
    if text is None:
        return None
    applied: Manifest = json.loads(text)
    applied["metadata"].get("labels", {}).pop(names.LABEL_CONTROLLER_UID, None)
    return applied


def _missing(applied: Any, stored: Any, path: str = "") -> Iterator[str]:
    """Paths whose stored value is not the applied one; what the API server added is no matter."""
    if isinstance(applied, dict) and isinstance(stored, dict):
        for key, value in applied.items():
            yield from _missing(value, stored.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(applied, list) and isinstance(stored, list) and len(applied) == len(stored):
        for index, (one, other) in enumerate(zip(applied, stored, strict=True)):
            yield from _missing(one, other, f"{path}[{index}]")
    elif applied != stored:
        yield path


def _digest(value: Any) -> str:
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _objects(groups: Mapping[str, Mapping[str, Manifest]]) -> list[Manifest]:
    return [child for group in groups.values() for child in group.values()]


def _of_kind(children: Iterable[Manifest], kind: str) -> list[Manifest]:
    return [child for child in children if child["kind"] == kind]


def _secrets(request: Mapping[str, Any]) -> list[Manifest]:
    return _of_kind([*_objects(request["related"]), *_objects(request["children"])], "Secret")


def _line(api_version: str, kind: str, name: str) -> str:
    return f"{group_key(api_version, kind)} {name}"


def _assert_no_leak(text: str, redactor: Redactor) -> None:
    """No password and no private key in the clear anywhere in a golden."""
    leaked = [place for value, place in redactor.known_values.items() if value in text]
    if leaked or "PRIVATE KEY-----" in text:
        raise RedactionError(f"in the clear: {', '.join(leaked) or 'a private key'}")
