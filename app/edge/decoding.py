"""From the body of a request to its objects: those that were seen before are decoded once.

msgspec splits the body at its objects without building them, orjson decodes each object that is
new. An object is recognised by all of its bytes, so it cannot be mistaken for another.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import orjson

from app.edge.limits import RefusalError
from app.unchanging import Unchanging

#: An object of more than this share of the whole is decoded each time: it would push all out.
_LARGEST_SHARE: Final = 16

Groups = dict[str, dict[str, msgspec.Raw] | None]


class _Split(msgspec.Struct):
    """Top level of a hook request; what Metacontroller adds to it besides is not read."""

    parent: msgspec.Raw
    children: Groups | None = None
    related: Groups | None = None
    finalizing: bool = False


_SPLIT: Final = msgspec.json.Decoder(_Split)


class Decoder:
    """Decodes bodies; keeps the objects seen last, of at most ``max_bytes`` of text together."""

    __slots__ = ("_known", "_max_bytes", "_size")

    def __init__(self, max_bytes: int) -> None:
        """0 keeps nothing: every body is decoded whole."""
        self._known: OrderedDict[bytes, Unchanging] = OrderedDict()
        self._max_bytes = max_bytes
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes of text of all objects that are kept."""
        return self._size

    def decode(self, body: bytes) -> dict[str, Any]:
        """A request; its observed objects are `Unchanging`.

        Raises RefusalError for what is no JSON object (NaN and infinity included).
        """
        if not self._max_bytes:
            return plain(body)
        try:
            if not body.isascii():
                body.decode()  # what is skipped must be text as well
            split = _SPLIT.decode(body)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return plain(body)  # whether it is no JSON, or of another form, is said there
        try:
            request = {"parent": orjson.loads(bytes(split.parent))}
            for field, groups in (("children", split.children), ("related", split.related)):
                if groups is not None:
                    request[field] = {kind: self._group(group) for kind, group in groups.items()}
        except orjson.JSONDecodeError:
            raise _no_json() from None
        if split.finalizing:
            request["finalizing"] = True
        return request

    def _group(self, group: Mapping[str, msgspec.Raw] | None) -> dict[str, Any] | None:
        if group is None:
            return None
        return {name: self._object(bytes(raw)) for name, raw in group.items()}

    def _object(self, text: bytes) -> Any:
        """One object, the same as before for the same ``text``."""
        known = self._known.get(text)
        if known is not None:
            self._known.move_to_end(text)
            return known
        content = orjson.loads(text)
        if not isinstance(content, dict) or len(text) * _LARGEST_SHARE > self._max_bytes:
            return content
        found = Unchanging(content)
        self._known[text] = found
        self._size += len(text)
        while self._size > self._max_bytes:
            oldest, _ = self._known.popitem(last=False)
            self._size -= len(oldest)
        return found


def plain(body: bytes) -> dict[str, Any]:
    """A whole body, decoded at once. Raises RefusalError for what is no JSON object."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _no_json() from None
    if not isinstance(request, dict):
        raise RefusalError(400, "the body is not a JSON object")
    return request


def _no_json() -> RefusalError:
    return RefusalError(400, "the body is not valid JSON")
