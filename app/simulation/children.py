"""Apply: how desired children reach the API server under dynamic-apply.

All deletes of all kinds come first, then creates and updates, kind by kind, in an arbitrary order
within a kind. Nothing waits for anything, and some refusals are swallowed.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Mapping
from typing import Final

import orjson

from app.names import LAST_APPLIED
from app.result import Manifest
from app.simulation.answers import ChildKey
from app.simulation.api import Api
from app.simulation.api_calls import CONFLICT, NOT_FOUND, ApiError, key_of
from app.simulation.assertions import Assertions
from app.simulation.merge import canonical_json, same, update_of
from app.simulation.ownership import ACTOR, owner_reference
from app.simulation.registration import IN_PLACE, RECREATE, Registration

#: What a step of the work takes, in virtual seconds; errors are collected by the caller.
Steps = Generator[float, None, list[str]]

#: Versions of what is observed, bytes of what is desired.
Fingerprint = tuple[tuple[tuple[str, str], ...], bytes]

_EXISTS: Final = "AlreadyExists"


class Children:
    """Applies the children of an answer, one write a step."""

    __slots__ = (
        "_api",
        "_assertions",
        "_quiet",
        "_registration",
        "_rng",
        "_unchanged",
        "_write_seconds",
    )

    def __init__(
        self,
        api: Api,
        registration: Registration,
        assertions: Assertions,
        rng: random.Random,
        write_seconds: float,
    ) -> None:
        """``write_seconds``: what one write takes, so that others may act between two of them."""
        self._api = api
        self._registration = registration
        self._assertions = assertions
        self._rng = rng
        self._write_seconds = write_seconds
        # Inputs that needed no write, so that a quiet sync is cheap: of the last apply as a whole,
        # and by uid of one child. It changes no result, for equal inputs merge equally.
        self._quiet: Fingerprint | None = None
        self._unchanged: dict[str, tuple[str, bytes]] = {}

    def apply(
        self,
        parent: Manifest,
        observed: Mapping[ChildKey, Manifest],
        desired: Mapping[ChildKey, Manifest],
    ) -> Steps:
        """Deletes, then creates and updates. Returns the errors that were not swallowed."""
        errors: list[str] = []
        inputs = _fingerprint(observed, desired)
        if inputs == self._quiet:
            return errors
        wrote_any = False
        for kind in self._order({key[:2] for key in observed}):
            for key in self._shuffled(k for k in observed if k[:2] == kind):
                if key not in desired and "deletionTimestamp" not in observed[key]["metadata"]:
                    errors += self._delete(observed[key], parent)
                    wrote_any = True
                    yield self._write_seconds
        for kind in self._order({key[:2] for key in desired}):
            for key in self._shuffled(k for k in desired if k[:2] == kind):
                wrote, error = self._reach(parent, observed.get(key), desired[key])
                errors += error
                if wrote:
                    wrote_any = True
                    yield self._write_seconds
        self._quiet = None if wrote_any else inputs
        return errors

    def _order(self, kinds: set[tuple[str, ...]]) -> list[tuple[str, ...]]:
        return sorted(kinds, key=lambda kind: ("/" in kind[0], *kind))

    def _shuffled(self, keys: Generator[ChildKey, None, None]) -> list[ChildKey]:
        names = sorted(keys)
        self._rng.shuffle(names)
        return names

    def _reach(
        self, parent: Manifest, observed: Manifest | None, desired: Manifest
    ) -> tuple[bool, list[str]]:
        """Create or update one child: whether it wrote, and errors."""
        if observed is None:
            return True, self._create(parent, desired)
        metadata = observed["metadata"]
        body = orjson.dumps(desired, option=orjson.OPT_SORT_KEYS)
        if self._unchanged.get(metadata["uid"]) == (metadata["resourceVersion"], body):
            return False, []
        new = update_of(observed, desired)
        if same(observed, new):
            self._unchanged[metadata["uid"]] = (metadata["resourceVersion"], body)
            return False, []
        method = self._registration.methods.get(desired["kind"])
        if "deletionTimestamp" in metadata or method not in (IN_PLACE, RECREATE):
            return False, []
        if method == RECREATE:
            return True, self._delete(observed, parent)
        return True, self._update(observed, new, parent)

    def _create(self, parent: Manifest, desired: Manifest) -> list[str]:
        metadata = {**desired["metadata"]}
        metadata["annotations"] = {
            **(metadata.get("annotations") or {}),
            LAST_APPLIED: canonical_json(desired),
        }
        metadata["ownerReferences"] = [
            *(metadata.get("ownerReferences") or []),
            owner_reference(parent),
        ]
        try:
            created = self._api.create({**desired, "metadata": metadata}, ACTOR)
        except ApiError as error:
            self._judge()
            return [] if error.reason == _EXISTS else [_text("create", desired, error)]
        self._assertions.created(created, parent)
        return []

    def _update(self, observed: Manifest, new: Manifest, parent: Manifest) -> list[str]:
        self._assertions.updating(observed, new, parent)
        try:
            self._api.update(new, ACTOR)
        except ApiError as error:
            self._judge()
            return [] if error.code in (NOT_FOUND, CONFLICT) else [_text("update", new, error)]
        self._judge()
        return []

    def _delete(self, observed: Manifest, parent: Manifest) -> list[str]:
        self._assertions.deleting(observed, parent)
        try:
            self._api.delete(key_of(observed), ACTOR, uid=observed["metadata"]["uid"])
        except ApiError as error:
            return [] if error.code == NOT_FOUND else [_text("delete", observed, error)]
        return []

    def _judge(self) -> None:
        self._assertions.written(self._api.log.writes[-1])


def _fingerprint(
    observed: Mapping[ChildKey, Manifest], desired: Mapping[ChildKey, Manifest]
) -> Fingerprint:
    versions = tuple(
        (item["metadata"]["uid"], item["metadata"]["resourceVersion"]) for item in observed.values()
    )
    return versions, orjson.dumps(list(desired.values()))


def _text(verb: str, item: Manifest, error: ApiError) -> str:
    return f"can't {verb} {item['kind']} {item['metadata']['name']}: {error}"
