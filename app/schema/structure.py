"""A value held against a structural schema, as the API server does it, with all faults at once.

The same schema stands in the CRD, so whatever goes around the API server meets the same bounds.
Null is absent; what is unknown is left out and said; what is wrong is left out too, so that
rules across fields can be asked about the rest. No recursion beyond the schema's own depth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from app import faults
from app.faults import Effect, Fault
from app.schema import base

SHOWN_CHARACTERS: Final = 64
#: More faults than this help nobody; the rest is counted.
MAX_FAULTS: Final = 64

#: Fields whose values may hold something secret, or a long text.
_NOT_SHOWN: Final = frozenset(
    {"extraConfig", "javaOpts", "localInternalOptions", "options", "url", "value"}
)
_NO_VALUE: Final = object()

#: What a pattern allows, for people.
_IN_WORDS: Final[Mapping[str, str]] = {
    base.ADDRESS: "an IP address",
    base.CIDR: "a network such as 10.0.0.0/8",
    base.SUBDOMAIN: "a-z, 0-9, - and dots, a letter or digit at both ends of each part",
    base.QUANTITY: "a quantity such as 500m, 2 or 50Gi",
    base.KEY: "letters, digits, dot, underscore, hyphen",
    base.DURATION: "a number of up to nine digits with s, m, h, d or w",
    base.DN_TEXT: "letters, digits, blank, dot, hyphen",
    base.HOST: "a host name or address",
    base.IMAGE: "an image reference",
    base.IMAGE_NAME: "a repository in lower case, without tag",
    base.IMAGE_TAG: "a tag, optionally with @sha256: and a digest",
    base.INDEX_NAME: "an index name: a-z, 0-9, dot, underscore, hyphen",
    base.INDEX_PATTERN: "an index pattern: a-z, 0-9, * . _ , : + -",
    base.LABEL_KEY: "a name such as example.com/internal",
    base.LABEL_VALUE: "a label's value: letters, digits, dot, underscore, hyphen",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """``value`` without what is null, unknown or wrong, and the faults found."""

    value: Any
    faults: tuple[Fault, ...]


def check(value: object, schema: Mapping[str, Any], path: str) -> Checked:
    """Hold ``value`` (JSON) against ``schema``; never raises.

    Wrong values are frozen faults, unknown fields warnings, at most MAX_FAULTS of them.
    """
    checker = _Checker()
    kept = checker.node(value, schema, path)
    return Checked({} if kept is _NO_VALUE else kept, _cut(checker.found, path))


def _cut(found: list[Fault], path: str) -> tuple[Fault, ...]:
    """The first MAX_FAULTS faults, refusals before warnings, and how many more there are."""
    ranked = sorted(found, key=lambda fault: (fault.effect is Effect.WARNS, fault))
    rest = ranked[MAX_FAULTS:]
    if not rest:
        return tuple(ranked)
    refused = any(fault.effect is Effect.FROZEN for fault in rest)
    kind = faults.frozen if refused else faults.warning
    return (*ranked[:MAX_FAULTS], kind(path, f"{len(rest)} more faults are not listed"))


def shown(value: object) -> str:
    """``value`` as a message shows it: JSON, cut to 64 characters; objects by their kind only."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    text = json.dumps(_short(value), ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def _short(value: object) -> object:
    """``value`` in a form that is quick to print, whatever its size."""
    if isinstance(value, str):
        return value[:SHOWN_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int) and abs(value) < 10**SHOWN_CHARACTERS:
        return value
    return "a number beyond all bounds" if isinstance(value, int) else type(value).__name__


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@dataclass(slots=True)
class _Checker:
    """One walk; collects faults."""

    found: list[Fault] = field(default_factory=list)

    def node(self, value: object, schema: Mapping[str, Any], path: str) -> Any:
        """``value`` as far as it is right, or _NO_VALUE."""
        if schema.get("x-kubernetes-int-or-string"):
            return self._number_or_text(value, schema, path)
        match schema["type"]:
            case "object":
                return self._object(value, schema, path)
            case "array":
                return self._list(value, schema, path)
            case "string":
                return self._text(value, schema, path)
            case "integer":
                return self._number(value, schema, path)
            case _:
                return self._boolean(value, path)

    def _refuse(self, path: str, message: str) -> Any:
        self.found.append(faults.frozen(path, message))
        return _NO_VALUE

    def _object(self, value: object, schema: Mapping[str, Any], path: str) -> Any:
        if not isinstance(value, dict):
            return self._refuse(path, f"{_kind(value)} stands where an object belongs")
        if "properties" not in schema:
            return self._map(value, schema, path)
        kept = {}
        for key, item in value.items():
            child = schema["properties"].get(key)
            if child is None:
                name = key if isinstance(key, str) else type(key).__name__
                self.found.append(faults.warning(f"{path}.{_short(name)}", "unknown field"))
            elif item is not None:
                kept[key] = self.node(item, child, f"{path}.{key}")
        for key in schema.get("required", ()):
            if value.get(key) is None:
                self._refuse(f"{path}.{key}", "is required")
        return {key: item for key, item in kept.items() if item is not _NO_VALUE}

    def _map(self, value: Mapping[Any, object], schema: Mapping[str, Any], path: str) -> Any:
        if len(value) > schema["maxProperties"]:
            return self._refuse(path, f"{len(value)} entries; at most {schema['maxProperties']}")
        kept = {}
        form = schema.get("x-key-pattern")
        for key, item in value.items():
            below = f"{path}{_step(key)}"
            if not isinstance(key, str) or (form and not _matches(form, key)):
                self._refuse(below, "is no key of a label or annotation")
            elif item is not None:  # the API server drops it
                kept[key] = self.node(item, schema["additionalProperties"], below)
        return {key: item for key, item in kept.items() if item is not _NO_VALUE}

    def _list(self, value: object, schema: Mapping[str, Any], path: str) -> Any:
        if not isinstance(value, list | tuple):
            return self._refuse(path, f"{_kind(value)} stands where a list belongs")
        least, most = schema.get("minItems", 0), schema["maxItems"]
        if not least <= len(value) <= most:
            return self._refuse(path, f"{len(value)} items; allowed: {least} to {most}")
        items = [
            self.node(item, schema["items"], f"{path}[{index}]") for index, item in enumerate(value)
        ]
        kept = [item for item in items if item is not _NO_VALUE]
        self._unique(kept, schema, path)
        return kept

    def _unique(self, items: list[Any], schema: Mapping[str, Any], path: str) -> None:
        keys = schema.get("x-kubernetes-list-map-keys")
        if keys is None and schema.get("x-kubernetes-list-type") != "set":
            return
        names = [item.get(keys[0]) if keys else item for item in items]
        twice = sorted({name for name in names if name is not None and names.count(name) > 1})
        for name in twice:
            of = f" as {keys[0]}" if keys else ""
            self._refuse(path, f"{shown(name)} stands twice{of}")

    def _text(self, value: object, schema: Mapping[str, Any], path: str) -> Any:
        if not isinstance(value, str):
            return self._refuse(path, f"{_seen(value, path)} is not a string")
        message = _text_fault(value, _seen(value, path), schema)
        return value if message is None else self._refuse(path, message)

    def _number(self, value: object, schema: Mapping[str, Any], path: str) -> Any:
        least, most = _bounds(schema)
        if type(value) is not int:
            message = f"{_seen(value, path)} is not a whole number; allowed: {least}..{most}"
            return self._refuse(path, message)
        if not least <= value <= most:
            return self._refuse(path, f"{shown(value)} is not in {least}..{most}")
        return value

    def _number_or_text(self, value: object, schema: Mapping[str, Any], path: str) -> Any:
        if isinstance(value, str):
            return self._text(value, schema, path)
        if type(value) is int:
            return self._number(value, schema, path)
        return self._refuse(path, f"{_seen(value, path)} is neither a whole number nor a string")

    def _boolean(self, value: object, path: str) -> Any:
        if isinstance(value, bool):
            return value
        return self._refuse(path, f"{_seen(value, path)} is neither true nor false")


def _text_fault(value: str, seen: str, schema: Mapping[str, Any]) -> str | None:
    """What is wrong with the text ``value``, which messages show as ``seen``."""
    if "enum" in schema:
        allowed = ", ".join(item or '""' for item in schema["enum"])
        return None if value in schema["enum"] else f"{seen} is not allowed; allowed: {allowed}"
    if len(value) > schema["maxLength"]:
        return f"{len(value)} characters; allowed: at most {schema['maxLength']}"
    if len(value) < schema.get("minLength", 0):
        return f"{seen} is too short; allowed: at least {schema['minLength']} characters"
    pattern = schema.get("pattern")
    if pattern is not None and not _matches(pattern, value):
        return f"{seen} is not allowed; allowed: {_IN_WORDS.get(pattern, pattern)}"
    return None


def _bounds(schema: Mapping[str, Any]) -> tuple[int, int]:
    """Smallest and largest value of a number, from its bounds or its format."""
    wide = schema.get("format") == "int64" or "x-kubernetes-int-or-string" in schema
    largest = 2**63 - 1 if wide else base.INT32_MAX
    return schema.get("minimum", -largest - 1), schema.get("maximum", largest)


def _step(key: object) -> str:
    """A map's key as a step of a path: ``.memory``, ``[example.com/key]``."""
    text = str(_short(key))
    return f".{text}" if text.isalnum() else f"[{text}]"


def _matches(pattern: str, value: str) -> bool:
    return _compiled(pattern).fullmatch(value) is not None


def _kind(value: object) -> str:
    """Kind of a value that may be secret where an object or a list is meant."""
    names: dict[type, str] = {str: "a string", bool: "a boolean", dict: "an object"}
    names |= {list: "a list", int: "a number", float: "a number", type(None): "null"}
    return names.get(type(value), "a value")


def _seen(value: object, path: str) -> str:
    """The value as a message may show it: by its kind only where it may be secret."""
    if path.rpartition(".")[2].partition("[")[0] in _NOT_SHOWN:
        return _kind(value)
    return shown(value)
