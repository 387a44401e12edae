"""What must never happen, whatever the hook and the test do: found by the model itself."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app import names
from app.result import Manifest
from app.simulation.api import Api
from app.simulation.api_calls import INVALID, OK, Write
from app.simulation.timeline import Timeline
from app.simulation.workloads.references import referred

WINDOW_SECONDS: Final = 60.0
#: With a resync every 30 s and one every 10 s a quiet minute has 8 calls.
QUIET_CALLS_MAX: Final = 20
#: Without a cause from outside nothing needs to be written more often within ten minutes.
REPEAT_SECONDS: Final = 600.0
REPEATS_MAX: Final = 5
#: Changes in a row count once: a status follows what is seen of dozens of children.
BURST_SECONDS: Final = 5.0
WORKLOADS: Final = frozenset({"StatefulSet", "Deployment"})
_ROTATIONS: Final = (names.ROTATE_CA, names.RECREATE_CA)


class Rule(StrEnum):
    """The rules, as they are named in reports."""

    HOT_LOOP = "hot loop"
    ENDLESS_WRITES = "endless writes"
    USELESS_WRITE = "useless write"
    INVALID_WRITE = "invalid write"
    UNJUSTIFIED_DELETE = "unjustified delete"
    CA_CHANGED = "CA changed unasked"
    MALFORMED_ANSWER = "malformed answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One broken rule. ``time``: seconds since the start."""

    time: float
    rule: Rule
    message: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.rule} at {self.time:.1f} s: {self.message}"


class ViolationError(AssertionError):
    """Rules were broken; the text lists how."""


class Assertions:
    """Watches what Metacontroller does and keeps the violations."""

    __slots__ = (
        "_api",
        "_calls",
        "_foreign",
        "_said",
        "_since",
        "_timeline",
        "_writes",
        "violations",
    )

    def __init__(self, timeline: Timeline, api: Api) -> None:
        """Empty."""
        self.violations: list[Violation] = []
        self._timeline = timeline
        self._api = api
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._foreign = 0.0
        self._said: set[tuple[Rule, str]] = set()
        self._since: dict[str, int] = {}
        self._writes: dict[str, deque[float]] = defaultdict(deque)

    def take_over(self, other: Assertions) -> None:
        """Know what ``other`` knows of the objects."""
        self._since.update(other._since)

    def check(self) -> None:
        """ViolationError if anything was found."""
        if self.violations:
            raise ViolationError("\n".join(map(str, self.violations)))

    def report(self, rule: Rule, message: str) -> None:
        """Keep a violation; the same one is said once."""
        if (rule, message) not in self._said:
            self._said.add((rule, message))
            self.violations.append(
                Violation(time=self._timeline.elapsed, rule=rule, message=message)
            )

    def hook_called(self, parent: Manifest) -> None:
        """Count calls for a parent within a minute in which nobody else changed anything."""
        now = self._timeline.elapsed
        calls = self._calls[parent["metadata"]["uid"]]
        calls.append(now)
        begin = max(now - WINDOW_SECONDS, self._foreign)
        while calls[0] < begin:
            calls.popleft()
        if len(calls) > QUIET_CALLS_MAX:
            self.report(
                Rule.HOT_LOOP,
                f"more than {QUIET_CALLS_MAX} hook calls within a minute without a cause",
            )

    def foreign_change(self) -> None:
        """Somebody else than Metacontroller changed an object."""
        self._foreign = self._timeline.elapsed
        self._writes.clear()

    def written(self, write: Write) -> None:
        """Judge a write of Metacontroller to a child or to the status."""
        what = f"{write.verb} {write.kind} {write.name}"
        if write.code == INVALID:
            self.report(Rule.INVALID_WRITE, f"{what}: {write.detail}")
        elif write.code == OK and not write.changed and write.verb.startswith("update"):
            self.report(
                Rule.USELESS_WRITE,
                f"{what}: stored otherwise than written at {write.detail or 'some field'}",
            )
        if write.changed:
            self._count(f"{write.kind} {write.name}")

    def _count(self, what: str) -> None:
        """Count changes of one object that nobody else has caused."""
        now, times = self._timeline.elapsed, self._writes[what]
        if times and now - times[-1] < BURST_SECONDS:
            return
        times.append(now)
        while times[0] < now - REPEAT_SECONDS:
            times.popleft()
        if len(times) > REPEATS_MAX:
            self.report(
                Rule.ENDLESS_WRITES,
                f"{what}: changed more than {REPEATS_MAX} times within ten minutes, uncaused",
            )

    def created(self, item: Manifest, parent: Manifest) -> None:
        """Remember under which generation of the parent an object came to be."""
        self._since[item["metadata"]["uid"]] = parent["metadata"]["generation"]

    def deleting(self, item: Manifest, parent: Manifest) -> None:
        """Judge a deletion before it is made, by what is stored now.

        What the spec wanted when it was made, and whose spec has not changed since, is still
        wanted; a Secret to which a workload refers is too.
        """
        if "deletionTimestamp" in parent["metadata"]:
            return
        kind, name = item["kind"], item["metadata"]["name"]
        what = f"{kind} {name}"
        unchanged = self._since.get(item["metadata"]["uid"]) == parent["metadata"]["generation"]
        if kind == "PersistentVolumeClaim":
            self.report(Rule.UNJUSTIFIED_DELETE, f"{what}: claims are never children")
        elif kind in WORKLOADS and unchanged:
            self.report(Rule.UNJUSTIFIED_DELETE, f"{what}: the spec still wants it")
        elif kind == "Secret" and (unchanged or self._is_referred(item)):
            self.report(Rule.UNJUSTIFIED_DELETE, f"{what}: the spec or a workload needs it")

    def updating(self, old: Manifest, new: Manifest, parent: Manifest) -> None:
        """Judge the update of a CA before it is made."""
        if old["kind"] != "Secret" or old["metadata"]["name"] != _ca_name(parent):
            return
        before, after = old.get("data", {}), new.get("data", {})
        lost = before.get(names.CA_KEY) != after.get(names.CA_KEY)
        # The key of a CA of the user never stands beside its certificate.
        takes_over = "next.key" in before or before.get("next.crt", "") == after.get(names.CA_CERT)
        annotations = parent["metadata"].get("annotations", {})
        if lost and not takes_over and not any(k in annotations for k in _ROTATIONS):
            self.report(
                Rule.CA_CHANGED, f"{names.CA_KEY} of {old['metadata']['name']} without a successor"
            )

    def malformed(self, message: str) -> None:
        """A part of an answer that Metacontroller swallows or repeats."""
        self.report(Rule.MALFORMED_ANSWER, message)

    def _is_referred(self, item: Manifest) -> bool:
        namespace = item["metadata"]["namespace"]
        return any(
            ("Secret", item["metadata"]["name"]) in _of_template(workload)
            for kind in sorted(WORKLOADS)
            for workload in self._api.objects(kind, namespace)
        )


def _of_template(workload: Manifest) -> set[tuple[str, str]]:
    spec: dict[str, Any] = workload["spec"]["template"]["spec"]
    return {(reference.kind, reference.name) for reference in referred(spec)}


def _ca_name(parent: Manifest) -> str:
    metadata = parent["metadata"]
    return names.Names(
        cluster=metadata["name"], namespace=metadata.get("namespace", ""), domain=""
    ).ca
