"""Which certificates the pods of the embedded engine hold, since when, and who trusts whom.

A pod holds what it read at its start. Indexers that reload hold what their directory shows, some
seconds later than the kubelet shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app import names
from app.names import MANAGERS, TIERS, Role
from app.result import Manifest
from app.simulation.api_calls import Event
from app.simulation.engine import Engine
from app.simulation.workloads.pods import is_finished, is_terminating, role_of
from tests.cluster_builder import NAMES
from tests.trust.contents import Content, certificates, verifies

ADMIN: Final = NAMES.certs("admin")
INDEXER: Final = NAMES.certs("indexer")
FILEBEAT: Final = NAMES.certs("filebeat")
DASHBOARD: Final = NAMES.certs("dashboard")
LEAVES: Final = (
    INDEXER,
    NAMES.certs("manager-master"),
    NAMES.certs("manager-worker"),
    DASHBOARD,
    FILEBEAT,
    ADMIN,
)
#: How long after its files a node serves what they hold.
RELOAD_SECONDS: Final = 5.0
_JUST_AFTER: Final = 0.001


@dataclass(frozen=True, slots=True)
class Held:
    """Contents by Secret that a pod holds, and since when (seconds since the start)."""

    role: Role
    since: float
    contents: Mapping[str, Content]


class Trust:
    """Watches the pods and judges them after every change. ``breaches``: what went wrong."""

    def __init__(self, engine: Engine, *, reloads: bool = True) -> None:
        """Look on from now. ``reloads``: whether indexers take renewed files while running."""
        self.engine = engine
        self.breaches: list[str] = []
        self.judged = 0
        self._reloads = reloads
        self._held: dict[str, Held] = {}
        self._files: dict[str, tuple[float, list[Held]]] = {}
        self._last: object = None
        engine.api.watch(self._plan_a_look)

    def look(self) -> None:
        """Judge the present moment."""
        held = dict(self._pods())
        self._note_ends(held)
        self._held = held
        stored = {name: self._stored(name) for name in LEAVES}
        question = ([(one.role, one.contents) for one in held.values()], stored)
        if question != self._last:
            self._last = question
            self.judged += 1
            self._judge(list(held.values()), stored)

    # --- what pods hold ---------------------------------------------------------------
    def _plan_a_look(self, event: Event) -> None:
        """After every event that changes what pods hold.

        Their files change some time after a Secret does, when nothing else may happen.
        """
        kind = event.object["kind"]
        if kind not in ("Pod", "Secret"):
            return
        self.engine.timeline.after(0.0, self.look)
        if kind == "Secret":
            delay = self.engine.controllers.kubelet._habits.mount_delay
            for late in (delay, delay + RELOAD_SECONDS):
                self.engine.timeline.after(late + _JUST_AFTER, self.look)

    def _pods(self) -> Iterator[tuple[str, Held]]:
        for pod in self.engine.objects("Pod"):
            uid, role = pod["metadata"]["uid"], role_of(pod)
            loaded = self.engine.controllers.kubelet.loaded.get(uid)
            if (
                loaded is None
                or is_terminating(pod)
                or is_finished(pod)
                or role not in (*TIERS, Role.CREDENTIALS)
            ):
                continue
            contents = _contents(loaded.secrets)
            if role != Role.INDEXER or not self._reloads:
                yield uid, self._since(uid, Held(Role(role), loaded.time, contents))
                continue
            # Nodes look at their files at different moments: one at once, another only later.
            for key, served in self._served(pod, Held(Role(role), loaded.time, contents)):
                yield key, self._since(key, served)

    def _since(self, key: str, held: Held) -> Held:
        before = self._held.get(key)
        if before is not None and before.contents == held.contents:
            return before
        return replace(held, since=self.engine.elapsed)

    def _served(self, pod: Manifest, started: Held) -> Iterator[tuple[str, Held]]:
        """The first and the last that a node may serve by its files."""
        uid, now = pod["metadata"]["uid"], self.engine.elapsed
        begun, history = self._files.get(uid, (-1.0, []))
        if begun != started.since:  # its containers have started, or started again
            history = [started]
            self._files[uid] = (started.since, history)
        files = _contents(self.engine.controllers.kubelet.files(pod))
        if files and files != history[-1].contents:
            history.append(Held(started.role, now, files))
        while len(history) > 1 and history[1].since <= now - RELOAD_SECONDS:
            del history[0]
        yield f"{uid} first", history[-1]
        yield f"{uid} last", history[0]

    def _stored(self, name: str) -> Content | None:
        for one in self.engine.objects("Secret"):
            if one["metadata"]["name"] == name:
                return _content(one["data"])
        return None

    # --- judgements -------------------------------------------------------------------
    def _judge(self, held: list[Held], stored: Mapping[str, Content | None]) -> None:
        indexers = _of(held, (Role.INDEXER,), INDEXER)
        jobs = _of(held, (Role.CREDENTIALS,), ADMIN)
        if (admin := stored[ADMIN]) is not None:
            jobs |= {admin}
        filebeats = _of(held, MANAGERS, FILEBEAT)
        dashboards = _of(held, (Role.DASHBOARD,), DASHBOARD)
        for clients in (indexers, jobs, filebeats, dashboards):
            self._each(clients, indexers)
        for clients in (jobs, filebeats):
            self._each(indexers, clients)
        for role in MANAGERS:
            name = NAMES.certs(str(role))
            if (agent := stored[name]) is not None:
                self._each({agent}, _of(held, (role,), name))

    def _each(self, those: set[Content], others: set[Content]) -> None:
        for one in those:
            for other in others:
                if not verifies(other.leaf, one.bundle):
                    self._say(f"{one!r} does not verify {other!r}")

    def _note_ends(self, held: Mapping[str, Held]) -> None:
        """What a pod held until now must have been valid until now."""
        now = self.engine.clock()
        for uid, one in self._held.items():
            if uid not in held or held[uid].contents == one.contents:
                for name, content in one.contents.items():
                    if earliest_end(content) <= now:
                        self._say(f"{one.role} holds what has expired, of {name}")

    def _say(self, text: str) -> None:
        self.breaches.append(f"{self.engine.elapsed:.1f} s: {text}")


def earliest_end(content: Content) -> datetime:
    """When the first certificate of a content expires."""
    found = (*certificates(content.leaf), *certificates(content.bundle))
    return min(one.not_valid_after_utc for one in found)


def _contents(secrets: Mapping[str, Mapping[str, str]]) -> dict[str, Content]:
    return {name: _content(data) for name, data in secrets.items() if name in LEAVES}


def _content(data: Mapping[str, str]) -> Content:
    return Content(data.get(names.TLS_CERT, ""), data.get(names.CA_CERT, ""))


def _of(held: list[Held], roles: tuple[Role, ...], name: str) -> set[Content]:
    return {one.contents[name] for one in held if one.role in roles and name in one.contents}
