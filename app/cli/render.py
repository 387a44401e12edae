"""``render``: a WazuhCluster or a recorded sync request in, the response out as YAML.

A WazuhCluster alone is answered as Metacontroller would have it answered at its creation: each
answer's children are observed in the next round, since keys, leaves and workloads come one after
another. Secret values are described and not shown, unless they are asked for.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from app import names
from app.entropy import Entropy
from app.errors import HookError
from app.kinds import CHILD_KINDS, SECRET
from app.observed.request import time_text
from app.result import Manifest, Outcome, Result

#: Rounds from nothing to every child: identity, derived Secrets, workloads, and one that is quiet.
CREATION_ROUNDS: Final = 4
_NAMESPACE: Final = "default"
_UIDS: Final = uuid.UUID("6b0d2b0e-8f0c-5d7a-9f43-6f1f4a1a7c55")
_MAX_INPUT_BYTES: Final = 16 * 1024 * 1024

Sync = Callable[..., Result]


class InputError(Exception):
    """The file cannot be rendered; the text is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Answer to the last round, and whether the spec was refused as a whole."""

    response: Mapping[str, Any]
    refused: bool

    @property
    def fault(self) -> str:
        """Message of the condition SpecValid, in one line."""
        conditions = (self.response.get("status") or {}).get("conditions", [])
        messages = [item["message"] for item in conditions if item.get("type") == "SpecValid"]
        return " ".join(" ".join(messages).split())


def render(
    path: Path, sync: Sync, *, now: datetime, seed: bytes, rounds: int | None = None
) -> Rendered:
    """Answer what ``path`` holds.

    ``now``: aware UTC; ``seed``: 32 bytes from which each round's entropy is derived;
    ``rounds``: how often the answer is fed back, 1 by default for a recorded request. Raises
    InputError.
    """
    documents = read_documents(path)
    recorded = len(documents) == 1 and "parent" in documents[0]
    request = documents[0] if recorded else creation_request(documents, now)
    count = rounds or (1 if recorded else CREATION_ROUNDS)
    try:
        for number in range(1, count + 1):
            entropy = Entropy(hashlib.sha256(seed + number.to_bytes(4, "big")).digest())
            result = sync(request, now=now, entropy=entropy)
            response = orjson.loads(orjson.dumps(result.response.on_wire(), default=dict))
            if number < count:
                request = _next_request(request, response, now)
    except HookError as error:
        raise InputError(f"{path}: {error}") from None
    return Rendered(
        response=response, refused=not recorded and result.report.outcome is Outcome.FROZEN
    )


# --- input ------------------------------------------------------------------------------
class _Loader(yaml.SafeLoader):
    """YAML as kubectl reads it: a timestamp stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_documents(path: Path) -> list[dict[str, Any]]:
    """All documents of a JSON or YAML file, each an object. Raises InputError."""
    try:
        if path.stat().st_size > _MAX_INPUT_BYTES:
            raise InputError(f"{path}: larger than {_MAX_INPUT_BYTES} bytes")
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    documents = _parse(path, content)
    if not documents:
        raise InputError(f"{path}: holds no document")
    if not all(isinstance(document, dict) for document in documents):
        raise InputError(f"{path}: holds something else than objects")
    return documents


def _parse(path: Path, content: bytes) -> list[Any]:
    try:
        return [orjson.loads(content)]
    except orjson.JSONDecodeError:
        pass
    try:
        loaded = yaml.load_all(content.decode(), Loader=_Loader)
        return [document for document in loaded if document is not None]
    except UnicodeDecodeError:
        raise InputError(f"{path}: not UTF-8 text") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = "" if mark is None else f" in line {mark.line + 1}"
        raise InputError(f"{path}: neither JSON nor YAML{place}") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise InputError(f"{path}: neither JSON nor YAML") from None


def creation_request(documents: Iterable[Mapping[str, Any]], now: datetime) -> dict[str, Any]:
    """First sync request of the one WazuhCluster in ``documents``.

    Secrets beside it are what the user has in the namespace. Raises InputError.
    """
    parents = [item for item in documents if item.get("kind") == names.KIND]
    others = [item for item in documents if item.get("kind") != names.KIND]
    if len(parents) != 1:
        raise InputError(
            f"expected one {names.KIND} (or one recorded sync request), found {len(parents)}"
        )
    if parents[0].get("apiVersion") != names.API_VERSION:
        raise InputError(f"the {names.KIND} is not of apiVersion {names.API_VERSION}")
    parent = _parent(parents[0], now)
    namespace = parent["metadata"]["namespace"]
    related: dict[str, Manifest] = {}
    for item in others:
        secret = _user_secret(item)
        related[f"{namespace}/{secret['metadata']['name']}"] = secret
    return {
        "controller": {},
        "parent": parent,
        "children": {kind.group_key: {} for kind in CHILD_KINDS},
        "related": {SECRET.group_key: related},
        "finalizing": False,
    }


def _parent(document: Mapping[str, Any], now: datetime) -> Manifest:
    """The WazuhCluster with what the API server adds at its creation."""
    given = document.get("metadata")
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        raise InputError(f"the {names.KIND} has no metadata.name")
    namespace = given.get("namespace") or _NAMESPACE
    added = {
        "namespace": namespace,
        "uid": str(uuid.uuid5(_UIDS, f"{namespace}/{given['name']}")),
        "generation": 1,
        "creationTimestamp": time_text(now),
    }
    metadata = added | {key: value for key, value in given.items() if value}
    return {**document, "metadata": metadata, "spec": document.get("spec") or {}}


def _user_secret(document: Mapping[str, Any]) -> Manifest:
    """A Secret as stored: ``stringData`` has become ``data``."""
    metadata = document.get("metadata")
    if document.get("kind") != "Secret" or not isinstance(metadata, dict):
        raise InputError("only Secrets may stand beside the WazuhCluster")
    if not isinstance(metadata.get("name"), str):
        raise InputError("a Secret has no metadata.name")
    given = document.get("stringData") or {}
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        raise InputError("stringData of a Secret holds something else than text")
    written = {key: base64.b64encode(text.encode()).decode() for key, text in given.items()}
    kept = {key: value for key, value in document.items() if key != "stringData"}
    return kept | {"data": {**(document.get("data") or {}), **written}}


# --- the next round ---------------------------------------------------------------------
def _next_request(
    request: Mapping[str, Any], response: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The request that follows once every child of ``response`` is created and observed."""
    parent = {**request["parent"], "status": response["status"]}
    children: dict[str, dict[str, Manifest]] = {group: {} for group in request["children"]}
    for child in response["children"]:
        stored = _stored(child, parent["metadata"], now)
        group = children.setdefault(f"{child['kind']}.{child['apiVersion']}", {})
        group[f"{stored['metadata']['namespace']}/{stored['metadata']['name']}"] = stored
    return {**request, "parent": parent, "children": children}


def _stored(child: Manifest, owner: Mapping[str, Any], now: datetime) -> Manifest:
    """A child as Metacontroller has it created; nothing has acted on it yet."""
    metadata = {"namespace": owner["namespace"], **child["metadata"]}
    identity = f"{child['kind']}/{metadata['name']}"
    annotations = {
        **metadata.get("annotations", {}),
        names.LAST_APPLIED: orjson.dumps(child, option=orjson.OPT_SORT_KEYS).decode(),
    }
    labels = {**metadata.get("labels", {}), names.LABEL_CONTROLLER_UID: owner["uid"]}
    metadata |= {
        "uid": str(uuid.uuid5(_UIDS, f"{owner['uid']}/{identity}")),
        "resourceVersion": "1",
        "generation": 1,
        "creationTimestamp": time_text(now),
        "annotations": annotations,
        "labels": labels,
    }
    return {**child, "metadata": metadata}
