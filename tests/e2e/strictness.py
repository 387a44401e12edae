"""What the API server says about children under strict validation."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from app import names
from app.result import Manifest
from tests.e2e.cluster import Namespace


def warnings_of(children: Iterable[Manifest], elsewhere: Namespace) -> dict[str, tuple[str, ...]]:
    """Warnings about each child as the hook wants it, by kind and name.

    They are created by dry run in ``elsewhere``, a namespace without them. ApiError for an unknown
    or doubled field.
    """
    found = {}
    for child in children:
        wanted = orjson.loads(child["metadata"]["annotations"][names.LAST_APPLIED])
        reply = elsewhere.create(wanted, dryRun="All", fieldValidation="Strict")
        if reply.warnings:
            found[f"{child['kind']} {child['metadata']['name']}"] = reply.warnings
    return found
