"""Objects that are too large to be applied.

Metacontroller records each object as JSON in an annotation of its own, and all annotations of an
object together may have 256 KiB. The bound leaves room for those of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import orjson

from app.checks.tiers import PATHS
from app.faults import Fault, frozen
from app.names import LABEL_COMPONENT
from app.result import Manifest

_KB: Final = 1024
#: Bytes of the annotations that an object may need.
LARGEST: Final = 190 * _KB
#: How many bytes more each of these has in JSON as Go writes it: six for one character.
_ESCAPED: Final = {b"<": 5, b">": 5, b"&": 5, "\u2028".encode(): 3, "\u2029".encode(): 3}


#: Bytes of an object, or characters of its texts, that stay below the bound whatever they are:
#: at most six bytes for each in the record, and one in an annotation of its own.
_SURELY_SMALL: Final = LARGEST // 7


def check_sizes(children: Iterable[Manifest]) -> Iterator[Fault]:
    """Rendered objects above the bound, at the place in the spec that they are made from."""
    for child in children:
        size = 0 if _has_short_texts(child) else _size(child)
        if size > LARGEST:
            metadata = child["metadata"]
            yield frozen(
                PATHS.get(metadata["labels"][LABEL_COMPONENT], "spec"),
                f"{child['kind']} {metadata['name']} would have {-(-size // _KB)} KB; "
                f"allowed: at most {LARGEST // _KB} KB",
            )


def _has_short_texts(child: Manifest) -> bool:
    """Whether ``child`` is a ConfigMap or Secret that need not be measured."""
    return "data" in child and sum(map(len, child["data"].values())) <= _SURELY_SMALL


def _size(child: Manifest) -> int:
    """Bytes of the record of ``child`` and of its own annotations."""
    record = orjson.dumps(child)
    if len(record) <= _SURELY_SMALL:
        return len(record)
    escaped = sum(record.count(one) * more for one, more in _ESCAPED.items())
    annotations = child["metadata"].get("annotations")
    return len(record) + escaped + (len(orjson.dumps(annotations)) if annotations else 0)
