"""Random histories of a whole cluster in the embedded engine: the real hook and everything around.

Each is a list of words that can be played again.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from app import names
from app.certificates import quiet
from app.names import CA_KEY
from app.simulation.engine import Engine
from app.simulation.informers import Lag, NaturalLag, UniformLag
from app.simulation.timeline import parsed
from app.simulation.workloads.kubelet import Habits
from tests.cluster_builder import NAMES
from tests.convergence.people import Down
from tests.convergence.world import annotate, complaints, condition, edit, rested, status
from tests.trust.pods import INDEXER, LEAVES, Trust

#: What may happen, as often as it is likely.
STEPS: Final = (
    *("rotate", "rotate", "rotate", "renew", "names", "domain", "replicas", "dashboard"),
    *("template", "invalid", "time", "time"),
    *(f"delete {name}" for name in LEAVES),
    *("delete ca", "lose ca.key", "recreate"),
    *("restart hook", "crash", "crash after 1", "crash after 3"),
    *("hold Secret", "hold StatefulSet", "hold Deployment"),
    *("refuse Secret", "refuse StatefulSet"),
    *("kill indexer", "kill manager", "kill dashboard", "kill indexer"),
)
PAUSES: Final = (1, 15, 60, 100, 300, 900)
_PATIENCE: Final = 4 * 3600.0
_READY: Final = "CertificatesReady"
_SPECS: Final[tuple[Mapping[str, Any], ...]] = (
    {},
    {"tls": {"hotReload": {"enabled": False}}},
    {"version": "4.11.0"},
)


class History:
    """A cluster at rest, what happens to it, and who trusts whom meanwhile."""

    def __init__(self, seed: int) -> None:
        """Everything that is random follows from ``seed``."""
        rng = random.Random(seed)  # noqa: S311 - a history, not a secret
        spec = rng.choice((0, 0, 1, 2))
        lags: tuple[Lag, ...] = (NaturalLag(), UniformLag(0, 4))
        self.steps: list[str] = []
        self.engine: Engine = rested(
            _SPECS[spec],
            seed=seed,
            habits=Habits(mount_delay=rng.choice((0.0, 45.0, 89.0))),
            lag=rng.choice(lags),
        )
        self.trust = Trust(self.engine, reloads=spec == 0)
        self._rng = rng
        self._frozen: set[str] = set()
        self._toggled: set[str] = set()

    def make(self, count: int) -> None:
        """So many things happen, with pauses; then faults end and everything comes to rest."""
        for _ in range(count):
            self.play([self._rng.choice(STEPS), f"pause {self._rng.choice(PAUSES)}"])
        self.finish()

    def play(self, steps: Iterable[str]) -> None:
        """Make steps, in words."""
        for step in steps:
            self.steps.append(step)
            verb, _, rest = step.partition(" ")
            getattr(self, verb)(rest)

    def finish(self) -> None:
        """Nothing more happens, and people do what the condition says. AssertionError: no rest."""
        for kind in self._frozen:
            self.engine.release(kind)
        edit(self.engine, {"indexer": {"javaOpts": None}})
        for _ in range(4):
            self.engine.run_until(self._is_at_rest, _PATIENCE)
            if not self._recreate() and not self._take_over():
                break
            self.run(60)
        assert self.engine.settle(_PATIENCE), complaints(self.engine)
        self.trust.look()

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.engine.run_for(seconds)

    def _is_at_rest(self) -> bool:
        return self.engine.is_running() and self.engine.is_quiet()

    def _recreate(self) -> bool:
        """The value of `recreate-ca` that the condition names, if it names one."""
        found = re.search(r"recreate-ca=(\S+)", str(condition(self.engine, _READY)["message"]))
        if found is None:
            return False
        annotate(self.engine, names.RECREATE_CA, found[1])
        return True

    def _take_over(self) -> bool:
        """A rotation that the condition asks for."""
        found = re.search(r"rotate-ca=(\S+)", str(condition(self.engine, _READY)["message"]))
        if found is None:
            return False
        annotate(self.engine, names.ROTATE_CA, found[1])
        return True

    # --- steps ------------------------------------------------------------------------
    def rotate(self, _: str) -> None:
        """A new CA is asked for."""
        annotate(self.engine, names.ROTATE_CA, f"r{len(self.steps)}")

    def renew(self, _: str) -> None:
        """New leaves are asked for."""
        annotate(self.engine, names.RENEW_CERTIFICATES, f"n{len(self.steps)}")

    def names(self, _: str) -> None:
        """A name from outside comes, or goes."""
        self._toggle("names", {"tls": {"certConfig": {"extraSANs": {"indexer": ["a.example"]}}}})

    def domain(self, _: str) -> None:
        """Every name changes."""
        self._toggle("domain", {"clusterDomain": "corp.example"})

    def replicas(self, _: str) -> None:
        """More workers, or as many as before."""
        self._toggle("replicas", {"manager": {"workers": {"replicas": 3}}})

    def template(self, _: str) -> None:
        """A setting that restarts the managers."""
        self._toggle("template", {"manager": {"config": {"auth": {"usePassword": True}}}})

    def invalid(self, _: str) -> None:
        """A spec that cannot be used, or can again."""
        self._toggle("invalid", {"indexer": {"javaOpts": "-Xmx1g"}})

    def dashboard(self, _: str) -> None:
        """The dashboard goes, or comes back."""
        self._toggle("dashboard", {"dashboard": {"enabled": False}})

    def delete(self, what: str) -> None:
        """A Secret is deleted by hand; see `_may_lose`."""
        name = NAMES.ca if what == "ca" else what
        if self._secret(name) is not None and self._may_lose(name):
            self.engine.delete("Secret", name)

    def lose(self, key: str) -> None:
        """A key leaves the CA's Secret; see `_may_lose`."""
        if self._secret(NAMES.ca) is not None and self._may_lose(NAMES.ca):
            self.engine.edit_object("Secret", NAMES.ca, lambda one: one["data"].pop(key, None))

    def recreate(self, _: str) -> None:
        """A person follows the condition."""
        self._recreate()

    def time(self, _: str) -> None:
        """Until the next certificate is due; only where everything is at rest."""
        if not self._is_at_rest() or self._recreate():
            return
        due = [parsed(one["renewalTime"]) for one in status(self.engine)["certificates"]]
        due.append(parsed(status(self.engine)["certificateAuthority"]["renewalTime"]))
        self.run(max((min(due) - self.engine.clock()).total_seconds(), 0.0) + 1)

    def restart(self, _: str) -> None:
        """Another process of the hook answers from now on: it remembers nothing."""
        quiet._kept.cache_clear()
        self.engine.metacontroller.hook = Down(self.engine.metacontroller.hook, times=2)

    def crash(self, rest: str) -> None:
        """Metacontroller is killed and restarted, now or after some writes."""
        if rest:
            self.engine.crash_after(int(rest.removeprefix("after ")))
        else:
            self.engine.crash()

    def hold(self, kind: str) -> None:
        """The hook sees nothing new of a kind, or all that it missed."""
        if kind in self._frozen:
            self._frozen.discard(kind)
            self.engine.release(kind)
        else:
            self._frozen.add(kind)
            self.engine.hold(kind)

    def refuse(self, kind: str) -> None:
        """Some updates of a kind are refused: others go through."""
        self.engine.refuse("update", kind, None, 409, times=self._rng.randint(1, 4))

    def kill(self, role: str) -> None:
        """A pod restarts, reading anew."""
        pods = [pod for pod in self.engine.objects("Pod") if f"-{role}" in pod["metadata"]["name"]]
        if pods:
            self.engine.delete("Pod", self._rng.choice(pods)["metadata"]["name"])

    def pause(self, seconds: str) -> None:
        """Time passes."""
        self.run(float(seconds))

    def _may_lose(self, name: str) -> bool:
        """Not the indexers' leaf and the CA's key together: nothing can be done about that."""
        if name == INDEXER:
            return CA_KEY in (self._secret(NAMES.ca) or {})
        return name != NAMES.ca or self._secret(INDEXER) is not None

    def _secret(self, name: str) -> Mapping[str, str] | None:
        """Data of a Secret as stored."""
        for one in self.engine.objects("Secret"):
            if one["metadata"]["name"] == name:
                found: Mapping[str, str] = one["data"]
                return found
        return None

    def _toggle(self, what: str, change: Mapping[str, Any]) -> None:
        """Apply a change of the spec, or take it back."""
        is_there = what in self._toggled
        self._toggled ^= {what}
        edit(self.engine, _without(change) if is_there else change)


def _without(change: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch that takes the leaves of ``change`` away."""
    return {
        key: _without(value) if isinstance(value, Mapping) else None
        for key, value in change.items()
    }
