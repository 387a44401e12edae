"""What is stored of a cluster, how each kind is seen, and what its pods may have loaded.

Each kind has one queue of snapshots: the oldest is what the hook sees, the newest what is stored.
Pods are not counted but collected: for each revision of a tier's template, the contents that a pod
of it may have loaded. A pod may start, or reload, at any moment or never, so a verdict holds for
any number of pods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.certificates.leaves import TIER_LEAVES
from app.names import TIERS, Role
from app.rollout.hash_gate import SECRET_AGE
from app.secret_data import SecretData
from tests.certificates.scenario import NAMES
from tests.trust.contents import Content, content

SECRETS = "Secrets"
STATEFUL = "StatefulSets"
DEPLOYMENTS = "Deployments"
KINDS = (SECRETS, STATEFUL, DEPLOYMENTS)


class Standing(StrEnum):
    """How the pods of a workload do."""

    READY = "ready"
    ROLLING = "rolling"
    LOST_A_POD = "lost a pod"


@dataclass(frozen=True, slots=True)
class Workload:
    """Template of a tier (``config`` stands for all but the hash) and the state of its pods."""

    config: int
    hash: str | None
    standing: Standing

    @property
    def revision(self) -> tuple[int, str | None]:
        """What tells two templates apart."""
        return self.config, self.hash


Snapshot = Mapping[str, SecretData | Workload]
Revisions = Mapping[tuple[int, str | None], Mapping[str, frozenset[Content]]]


def kind_of(name: str) -> str:
    """Kind of an object by its name; Secrets are named as they are, workloads by their role."""
    if name == Role.DASHBOARD:
        return DEPLOYMENTS
    return STATEFUL if name in TIERS else SECRETS


def mounts(role: Role) -> tuple[str, ...]:
    """Leaf Secrets that a tier mounts."""
    return tuple(NAMES.certs(leaf) for leaf in TIER_LEAVES[role])


@dataclass(slots=True)
class Cluster:
    """The objects and the pods. ``lag``: how many changes of a kind may be unseen.

    ``is_stale``: whether a kubelet may mount a Secret's former content for a while.
    """

    now: datetime
    lag: int
    is_stale: bool
    queues: dict[str, list[Snapshot]] = field(default_factory=dict)
    pods: dict[Role, Revisions] = field(default_factory=dict)
    former: dict[str, list[tuple[Content, datetime]]] = field(default_factory=dict)

    # --- what there is ----------------------------------------------------------------
    @property
    def stored(self) -> dict[str, SecretData | Workload]:
        """Every object as stored."""
        return {name: one for kind in KINDS for name, one in self.queues[kind][-1].items()}

    @property
    def seen(self) -> dict[str, SecretData | Workload]:
        """Every object as the hook sees it."""
        return {name: one for kind in KINDS for name, one in self.queues[kind][0].items()}

    def secret(self, name: str) -> SecretData | None:
        """A Secret as stored."""
        found = self.queues[SECRETS][-1].get(name)
        return found if isinstance(found, SecretData) else None

    def workload(self, role: Role) -> Workload | None:
        """A workload as stored."""
        found = self.queues[kind_of(role)][-1].get(role)
        return found if isinstance(found, Workload) else None

    def is_seen(self) -> bool:
        """Whether the hook sees everything as it is."""
        return all(len(queue) == 1 for queue in self.queues.values())

    def shown(self, role: Role, secret: str) -> frozenset[Content]:
        """Contents of a Secret that some pod of a tier may have loaded."""
        revisions = self.pods.get(role, {}).values()
        return frozenset(one for loaded in revisions for one in loaded.get(secret, ()))

    # --- what happens -----------------------------------------------------------------
    def store(self, name: str, value: SecretData | Workload | None) -> None:
        """Write or delete an object, and let pods read it."""
        queue = self.queues[kind_of(name)]
        before = queue[-1].get(name)
        rest = {key: one for key, one in queue[-1].items() if key != name}
        queue.append(rest if value is None else {**rest, name: value})
        del queue[: -self.lag - 1]
        if isinstance(before, SecretData) and value is not before and self.is_stale:
            until = self.now + SECRET_AGE
            self.former.setdefault(name, []).append((content(before), until))
        if isinstance(value, SecretData):
            self._load(name, content(value))
        elif isinstance(value, Workload):
            self._start(Role(name), value)
        elif name in TIERS:
            self.pods[Role(name)] = {}

    def write(self, name: str, value: SecretData | Workload) -> bool:
        """Store what the hook wants of an object, unless somebody changed what it saw."""
        queue = self.queues[kind_of(name)]
        if any(one.get(name) != queue[0].get(name) for one in queue):
            return False
        self.store(name, value)
        return True

    def deliver(self, kind: str) -> bool:
        """The hook sees the next change of a kind."""
        queue = self.queues[kind]
        if len(queue) > 1:
            del queue[0]
            return True
        return False

    def finish(self, role: Role) -> bool:
        """A roll ends: the pods of former revisions are gone, the others ready."""
        one = self.workload(role)
        if one is None or one.standing is Standing.READY:
            return False
        if any(self.secret(name) is None for name in mounts(role)):
            return False
        if one.standing is Standing.ROLLING:
            kept = self.pods[role].get(one.revision, {})
            self.pods[role] = {one.revision: kept}
        done = Workload(one.config, one.hash, Standing.READY)
        self._push(role, done)
        return True

    def lose_a_pod(self, role: Role) -> bool:
        """A pod of a complete tier is away."""
        one = self.workload(role)
        if one is None or one.standing is not Standing.READY:
            return False
        self._push(role, Workload(one.config, one.hash, Standing.LOST_A_POD))
        return True

    def pass_time(self, until: datetime) -> None:
        """Kubelets show what is stored once it is old enough."""
        self.now = until
        self.former = {
            name: [one for one in listed if one[1] > until] for name, listed in self.former.items()
        }

    # --- inside -----------------------------------------------------------------------
    def _push(self, role: Role, value: Workload) -> None:
        """A change of the status: nothing starts."""
        queue = self.queues[kind_of(role)]
        queue.append({**queue[-1], role: value})
        del queue[: -self.lag - 1]

    def _load(self, name: str, new: Content) -> None:
        for role in TIERS:
            if name in mounts(role):
                self.pods[role] = {
                    revision: {**loaded, name: loaded.get(name, frozenset()) | {new}}
                    for revision, loaded in self.pods.get(role, {}).items()
                }

    def _start(self, role: Role, new: Workload) -> None:
        revisions = dict(self.pods.get(role, {}))
        known = revisions.get(new.revision, {})
        revisions[new.revision] = {
            name: known.get(name, frozenset()) | frozenset(self._mountable(name))
            for name in mounts(role)
        }
        self.pods[role] = revisions

    def _mountable(self, name: str) -> Iterator[Content]:
        """What a kubelet may mount in a pod that starts now."""
        stored = self.secret(name)
        if stored is not None:
            yield content(stored)
        for one, _ in self.former.get(name, ()):
            yield one
