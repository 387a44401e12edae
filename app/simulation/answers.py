"""How Metacontroller reads an answer, and what it then complains about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from app import names
from app.result import Manifest
from app.simulation.hook import HookAnswer
from app.simulation.registration import Registration

_FIELDS: Final = frozenset({"status", "children", "resyncAfterSeconds", "finalized"})

#: apiVersion, kind, namespace, name.
ChildKey = tuple[str, str, str, str]


class AnswerError(Exception):
    """The answer is refused as a whole: nothing is applied, the status is not written."""


class NullChildError(Exception):
    """A null in ``children``: it ends the Metacontroller process, so nobody may catch it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A decoded answer. ``children``: of equal keys the last one won."""

    status: Manifest
    children: dict[ChildKey, Manifest] = field(repr=False)
    resync_after_seconds: float
    finalized: bool


def decoded(answer: HookAnswer, parent: Manifest) -> Answer:
    """Decode a 200 answer as strict mode does.

    AnswerError for what is refused, NullChildError for what kills the process.
    """
    body = answer.body
    if body is None:
        raise AnswerError(answer.text or "no JSON object")
    if unknown := sorted(body.keys() - _FIELDS):
        raise AnswerError(f"unknown field {unknown[0]}")
    children = body.get("children") or []
    if any(child is None for child in children):
        raise NullChildError("null in children")
    resync = body.get("resyncAfterSeconds") or 0.0
    if isinstance(resync, bool) or not isinstance(resync, (int, float)):
        raise AnswerError("resyncAfterSeconds is no number")
    return Answer(
        status=dict(body.get("status") or {}),
        children=_by_key(children, parent),
        resync_after_seconds=float(resync),
        finalized=bool(body.get("finalized")),
    )


def child_key(manifest: Manifest) -> ChildKey:
    """Identity under which desired and observed children meet."""
    metadata = manifest["metadata"]
    return (
        manifest["apiVersion"],
        manifest["kind"],
        metadata.get("namespace", ""),
        metadata["name"],
    )


def complaints(body: Manifest, parent: Manifest, registration: Registration) -> Iterator[str]:
    """What Metacontroller swallows or repeats for ever, though a hook should never say it."""
    rules = {(kind.api_version, kind.name) for kind in registration.children}
    namespace = parent["metadata"]["namespace"]
    seen: set[ChildKey] = set()
    for child in body.get("children") or []:
        what = f"{child.get('kind')} {child.get('metadata', {}).get('name')}"
        if (child.get("apiVersion"), child.get("kind")) not in rules:
            yield f"{what}: not in childResources"
        metadata = child.get("metadata", {})
        if metadata.get("namespace", namespace) != namespace:
            yield f"{what}: another namespace"
        if names.LABEL_CONTROLLER_UID in metadata.get("labels", {}):
            yield f"{what}: sets {names.LABEL_CONTROLLER_UID}"
        if "name" in metadata:
            key = child_key({**child, "metadata": {"namespace": namespace, **metadata}})
            if key in seen:
                yield f"{what}: twice in the answer"
            seen.add(key)
        yield from (f"{what}: {fault}" for fault in _unstorable(child, ""))
    yield from (f"status: {fault}" for fault in _unstorable(body.get("status"), ""))


def _unstorable(value: Any, path: str) -> Iterator[str]:
    """Nulls and whole floats: neither is stored as it is written."""
    if isinstance(value, dict):
        for key, item in value.items():
            if item is None:
                yield f"null at {path}.{key}"
            else:
                yield from _unstorable(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unstorable(item, f"{path}[{index}]")
    elif isinstance(value, float) and value.is_integer():
        yield f"float for an integer at {path}"


def _by_key(children: list[Any], parent: Manifest) -> dict[ChildKey, Manifest]:
    found: dict[ChildKey, Manifest] = {}
    for child in children:
        if not isinstance(child, dict) or not child.get("kind"):
            raise AnswerError("a child without kind")
        metadata = dict(child.get("metadata") or {})
        metadata["namespace"] = metadata.get("namespace") or parent["metadata"]["namespace"]
        metadata.setdefault("name", "")
        complete = {"apiVersion": "", **child, "metadata": metadata}
        found[child_key(complete)] = complete
    return found
