"""Ten years of a default cluster: what is renewed, what restarts for it; nothing expires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import orjson
import pytest
from cryptography import x509

from app import names
from app.edge.reuse import ReuseCache
from app.hook.sync import sync
from app.names import TIERS, Role
from app.result import Manifest
from app.simulation.engine import Engine
from app.simulation.hook import Clock, Hook, HookAnswer, seeded_entropy
from tests.cluster_builder import NAMES
from tests.convergence.witness import Witness, certificate
from tests.convergence.world import identity, rested, settle, status, told
from tests.trust.pods import LEAVES, Trust

YEARS: Final = 10
DAY: Final = timedelta(days=1)
#: Pods of a default cluster.
PODS: Final = {
    Role.INDEXER: 3,
    Role.MANAGER_MASTER: 1,
    Role.MANAGER_WORKER: 2,
    Role.DASHBOARD: 1,
}
LEAF_LIFE, LEAF_WINDOW = timedelta(days=365), timedelta(days=30)
CA_LIFE, CA_WINDOW = timedelta(days=730), timedelta(days=60)
#: Renewals are spread over the first part of a window.
SPREAD: Final = 5


class KeepingHook:
    """The hook as the HTTP edge calls it: an answer is given again while time alone changes none.

    So ten years cost as many calls of the core as there are events in them.
    """

    def __init__(self, clock: Clock, others: Hook) -> None:
        """``others``: answers everything but sync."""
        self.calls = 0
        self.finalize, self.customize = others.finalize, others.customize
        self._clock, self._entropy = clock, seeded_entropy(7)
        self._kept = ReuseCache(1 << 26)
        self._answers: dict[bytes, HookAnswer] = {}

    def sync(self, request: Manifest) -> HookAnswer:
        """A kept answer with its resync counted anew, or a new one."""
        body, now = orjson.dumps(request, option=orjson.OPT_SORT_KEYS), self._clock()
        key = self._kept.key(body)
        assert key is not None
        kept = self._kept.find(key, now)
        if kept is not None:
            given = self._answers[key].body or {}
            return HookAnswer(status=200, body={**given, "resyncAfterSeconds": kept.at(now)[1]})
        self.calls += 1
        result = sync(orjson.loads(body), now=now, entropy=self._entropy())
        answer = orjson.dumps(result.response.on_wire(), default=dict)
        self._kept.keep(key, result, answer, now)
        self._answers[key] = HookAnswer(status=200, body=orjson.loads(answer))
        return self._answers[key]


class Decade:
    """The cluster's life, as it was seen."""

    def __init__(self) -> None:
        """Ten years, judged after every change."""
        self.engine: Engine = rested()
        controller = self.engine.metacontroller
        self.hook = KeepingHook(self.engine.clock, controller.hook)
        controller.hook = self.hook
        self.witness, self.trust = Witness(self.engine), Trust(self.engine)
        self.identity = identity(self.engine)
        self.hashes: dict[Role, list[str]] = {role: [] for role in TIERS}
        self.engine.api.watch(lambda event: self._template(event.object))
        for kind in ("StatefulSet", "Deployment"):
            for one in self.engine.objects(kind):
                self._template(one)
        self.engine.run_for(YEARS * 365 * 86_400)
        settle(self.engine)
        self.trust.look()

    def _template(self, one: dict[str, object]) -> None:
        if one["kind"] not in ("StatefulSet", "Deployment"):
            return
        metadata, spec = one["metadata"], one["spec"]
        assert isinstance(metadata, dict)
        assert isinstance(spec, dict)
        role = Role(metadata["labels"][names.LABEL_COMPONENT])
        found = spec["template"]["metadata"]["annotations"][names.CERT_HASH]
        if self.hashes[role][-1:] != [found]:
            self.hashes[role].append(found)

    def lives(self, name: str, key: str) -> Iterator[tuple[x509.Certificate, datetime, datetime]]:
        """Each certificate of a Secret, with the time it came and the time it went."""
        listed = self.witness.data["Secret", name]
        came = [(self.engine.date(time), certificate(data[key])) for time, data in listed]
        first = [came[0]] + [new for old, new in pairwise(came) if old[1] != new[1]]
        ends = [time for time, _ in first[1:]] + [self.engine.clock()]
        for (time, one), end in zip(first, ends, strict=True):
            yield one, time, end

    def renewals(self, name: str, key: str = names.TLS_CERT) -> list[datetime]:
        """When a certificate took another's place."""
        return [came for _, came, _ in self.lives(name, key)][1:]


@pytest.mark.slow
@pytest.mark.timeout(600)  # a minute of a core, which others may share
def test_ten_years_without_a_moment_of_expiry() -> None:
    """Every renewal in its window, every restart with its cause, and few calls on the way."""
    decade = Decade()
    check_nothing_expires(decade)
    check_renewals(decade)
    check_restarts(decade)
    # What is asked is bounded by events, not by the days between them.
    assert decade.hook.calls < 1000


def check_nothing_expires(decade: Decade) -> None:
    """In no Secret and in no pod; and everything is replaced a day before its end at the latest."""
    for name, key in [*((leaf, names.TLS_CERT) for leaf in LEAVES), (NAMES.ca, names.CA_CERT)]:
        for one, came, went in decade.lives(name, key):
            assert one.not_valid_before_utc <= came
            assert went <= one.not_valid_after_utc - DAY
    assert decade.trust.breaches == []
    assert told(decade.engine, "CertificatesReady") == ("True", "Valid")
    decade.engine.check()


def check_renewals(decade: Decade) -> None:
    """Each in its window: leaves together, the CA by itself, with the same key and name."""
    began = decade.engine.date(decade.witness.since)
    span = decade.engine.clock() - began
    leaves = {name: decade.renewals(name) for name in LEAVES}
    shortest, longest = LEAF_LIFE - LEAF_WINDOW, LEAF_LIFE - LEAF_WINDOW * (1 - 1 / SPREAD)
    for name, times in leaves.items():
        assert int(span / longest) <= len(times) <= int(span / shortest), name
        for old, new in pairwise([began, *times]):
            assert shortest - DAY <= new - old <= longest + DAY, name
    assert len({len(times) for times in leaves.values()}) == 1
    for together in zip(*leaves.values(), strict=True):
        assert max(together) - min(together) < timedelta(minutes=1)
    authority = decade.renewals(NAMES.ca, names.CA_CERT)
    shortest, longest = CA_LIFE - CA_WINDOW, CA_LIFE - CA_WINDOW * (1 - 1 / SPREAD)
    assert int(span / longest) <= len(authority) <= int(span / shortest)
    lives = [one for one, _, _ in decade.lives(NAMES.ca, names.CA_CERT)]
    assert all(one.public_key() == lives[0].public_key() for one in lives)
    assert {one.subject for one in lives} == {lives[0].subject}
    kept, now = decade.identity, identity(decade.engine)
    assert now[NAMES.ca][names.CA_KEY] == kept[NAMES.ca][names.CA_KEY]
    assert {name for name in now if now[name] != kept[name]} == {NAMES.ca}


def check_restarts(decade: Decade) -> None:
    """A tier restarts once for each renewal that it must read anew, pod by pod, in order."""
    renewed = len(decade.renewals(NAMES.certs("indexer")))
    authority = len(decade.renewals(NAMES.ca, names.CA_CERT))
    rolls = {role: len(found) - 1 for role, found in decade.hashes.items()}
    assert rolls[Role.INDEXER] == authority
    stops = Counter(decade.witness.stopped())
    assert stops == {str(role): PODS[role] * count for role, count in rolls.items()}
    for role in TIERS[1:]:
        # Where CA and leaves come due together, both take one roll.
        assert renewed <= rolls[role] <= renewed + authority
    assert all(stop.others_ready for stop in decade.witness.stops)
    assert status(decade.engine)["phase"] == "Running"
