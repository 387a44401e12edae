"""Runs the commands that messages of the status tell people to paste.

A strict interpreter of the few forms of kubectl that occur: an option, a verb or a kind that it
does not know is an error, as a misspelt command would be one in a shell.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

import orjson

from app.result import Manifest
from app.simulation.api_calls import ApiError
from app.simulation.kinds import KINDS
from app.simulation.remote.connection import collection
from tests.e2e.cluster import Namespace

_KINDS: Final = {"secret": "Secret", "persistentvolumeclaims": "PersistentVolumeClaim"}
_KUBECTL: Final = "kubectl "
#: How a command ends within the prose of a message.
_ENDS: Final = re.compile(r" or have it | or give up |; | \(|$")
_NOT_FOUND: Final = 404


def commands_in(message: str) -> list[str]:
    """Commands of a message in order; a pipeline is one of them."""
    found, rest = [], message
    while _KUBECTL in rest:
        start = rest.index(_KUBECTL)
        end = _ENDS.search(rest, start)
        assert end is not None
        found.append(rest[start : end.start()])
        rest = rest[end.start() :]
    return found


def run(command: str, namespace: Namespace, files: Mapping[str, Manifest]) -> None:
    """Do what ``command`` says; ``files``: what lies in the working directory.

    AssertionError for a command that is not understood.
    """
    stdin: Manifest | None = None
    for part in _pipeline(command):
        stdin = _kubectl(part, namespace, files, stdin)
    assert stdin is None, f"prints an object and does nothing with it: {command}"


def _pipeline(command: str) -> list[list[str]]:
    """Words of each part of a pipeline."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|&;()<>")
    lexer.whitespace_split = True
    parts: list[list[str]] = [[]]
    for word in lexer:
        if word == "|":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _kubectl(
    words: list[str], namespace: Namespace, files: Mapping[str, Manifest], stdin: Manifest | None
) -> Manifest | None:
    assert words[0] == "kubectl", words
    match words[1:]:
        case ["patch", "--local", "-f", file, "--type", "merge", "-p", patch, "-o", "yaml"]:
            result: Manifest = merged(files[file], orjson.loads(patch))
            return result
        case ["-n", space, "apply", "-f", "-"]:
            assert (space, stdin is not None) == (namespace.name, True), words
            _apply(namespace, stdin or {})
        case ["-n", space, "patch", kind, name, "--type", "merge", "-p", patch]:
            assert space == namespace.name, words
            namespace.patch(_KINDS[kind], name, orjson.loads(patch))
        case ["-n", space, "delete", kind, "-l", selector]:
            assert space == namespace.name, words
            path = collection(KINDS[_KINDS[kind]], namespace.name)
            namespace.connection.call("DELETE", path, query={"labelSelector": selector})
        case _:
            raise AssertionError(f"not understood: {shlex.join(words)}")
    return None


def _apply(namespace: Namespace, manifest: Manifest) -> None:
    """`kubectl apply`: what is there gets the fields of ``manifest``, else it is created.

    kubectl refuses an object of another namespace.
    """
    metadata = manifest["metadata"]
    assert metadata.get("namespace", namespace.name) == namespace.name, metadata
    assert "resourceVersion" not in metadata, "apply of a version that is gone is a conflict"
    try:
        namespace.patch(manifest["kind"], metadata["name"], manifest)
    except ApiError as error:
        if error.code != _NOT_FOUND:
            raise
        namespace.create(manifest)


def merged(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
