"""Calls of the API server: their errors, their log, the faults injected into them, watch events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.result import Manifest
from app.simulation.merge import same
from app.simulation.timeline import Timeline

OK: Final = 200
CREATED: Final = 201
NOT_FOUND: Final = 404
CONFLICT: Final = 409
INVALID: Final = 422

#: Kind, namespace and name.
Key = tuple[str, str, str]


class ApiError(Exception):
    """A refused call: HTTP ``code`` and ``reason``, such as AlreadyExists or Conflict."""

    def __init__(self, code: int, reason: str, message: str = "") -> None:
        """``message``: for people; it holds no content of Secrets."""
        super().__init__(f"{reason}: {message}" if message else reason)
        self.code = code
        self.reason = reason


class EventType(StrEnum):
    """Types of watch events."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One watch event. ``old``: the object before it, None for ADDED; ``actor``: who wrote."""

    type: EventType
    object: Manifest
    old: Manifest | None = None
    actor: str = ""

    @property
    def key(self) -> Key:
        """Kind, namespace and name."""
        return key_of(self.object)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One call that wanted to write. ``time``: seconds since the start; ``code``: HTTP status.

    ``changed``: whether the stored object is another one now. ``detail``: why it was refused, or
    the path at which a useless write differed from what is stored.
    """

    time: float
    actor: str
    verb: str
    kind: str
    name: str
    code: int
    changed: bool
    detail: str = ""


class _Refusal:
    """An injected fault; ``left``: how many calls it still refuses, None for all."""

    __slots__ = ("code", "kind", "left", "name", "verb")

    def __init__(self, verb: str, kind: str, name: str | None, code: int) -> None:
        self.verb = verb
        self.kind = kind
        self.name = name
        self.code = code
        self.left: int | None = None

    def takes(self, verb: str, key: Key) -> bool:
        """Whether it refuses this call."""
        fits = (self.verb, self.kind) == (verb, key[0]) and self.name in (None, key[2])
        return fits and self.left != 0


class CallLog:
    """Log of writes, and the refusals that tests inject."""

    __slots__ = ("_refusals", "_timeline", "writes")

    def __init__(self, timeline: Timeline) -> None:
        """``timeline``: for the times of the log."""
        self.writes: list[Write] = []
        self._timeline = timeline
        self._refusals: list[_Refusal] = []

    def begin(self, actor: str, verb: str, key: Key) -> Call:
        """Start a call; ApiError of an injected fault."""
        call = Call(self, actor, verb, key)
        refusal = next((item for item in self._refusals if item.takes(verb, key)), None)
        if refusal is not None:
            if refusal.left is not None:
                refusal.left -= 1
            raise call.error(refusal.code, "Injected")
        return call

    def refuse(
        self, verb: str, kind: str, name: str | None, code: int, times: int | None = None
    ) -> None:
        """Refuse coming calls with ``code``; ``times``: None for ever."""
        refusal = _Refusal(verb, kind, name, code)
        refusal.left = times
        self._refusals.append(refusal)

    def accept(self) -> None:
        """Lift all refusals."""
        self._refusals.clear()

    @property
    def seconds(self) -> float:
        """Time of the log."""
        return self._timeline.elapsed


class Call:
    """One write in progress."""

    __slots__ = ("_actor", "_key", "_log", "_verb")

    def __init__(self, log: CallLog, actor: str, verb: str, key: Key) -> None:
        """Made by `CallLog.begin`."""
        self._log = log
        self._actor = actor
        self._verb = verb
        self._key = key

    def error(self, code: int, reason: str, message: str = "") -> ApiError:
        """Log a refusal and return its exception."""
        error = ApiError(code, reason, message)
        self.done(code, changed=False, detail=str(error))
        return error

    def done(self, code: int, *, changed: bool, detail: str = "") -> None:
        """Log the end of the call."""
        kind, _, name = self._key
        self._log.writes.append(
            Write(
                time=self._log.seconds,
                actor=self._actor,
                verb=self._verb,
                kind=kind,
                name=name,
                code=code,
                changed=changed,
                detail=detail,
            )
        )


def key_of(manifest: Manifest) -> Key:
    """Kind, namespace and name of an object."""
    metadata = manifest["metadata"]
    return (manifest["kind"], metadata.get("namespace", ""), metadata["name"])


def controller_of(manifest: Manifest) -> Manifest | None:
    """The ownerReference that controls an object, or None."""
    references = manifest["metadata"].get("ownerReferences", ())
    return next((reference for reference in references if reference.get("controller")), None)


def owner_uids(item: Manifest) -> Iterator[str]:
    """Uids of all owners."""
    return (reference["uid"] for reference in item["metadata"].get("ownerReferences", ()))


def first_difference(stored_value: Any, sent: Any, path: str = "") -> str:
    """Path of the first value that was sent otherwise than it is stored."""
    if same(stored_value, sent):
        return ""
    if isinstance(stored_value, dict) and isinstance(sent, dict):
        for key in sorted(stored_value.keys() | sent.keys()):
            if not same(stored_value.get(key), sent.get(key)) or (
                (key in stored_value) != (key in sent)
            ):
                below = f"{path}.{key}" if path else key
                return first_difference(stored_value.get(key), sent.get(key), below) or below
    if isinstance(stored_value, list) and isinstance(sent, list) and len(stored_value) == len(sent):
        for index, (left, right) in enumerate(zip(stored_value, sent, strict=True)):
            if not same(left, right):
                return first_difference(left, right, f"{path}[{index}]")
    return path
