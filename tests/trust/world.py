"""The hook in a small world: the real plan and the real hash, a model of the tiers around them.

What the model adds to `app.certificates` are the rules by which templates take a hash: in order of
the tiers, not while the call rewrites a Secret, not before it is old enough.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.certificates import tier_hash
from app.certificates.observation import certificates_in, observed_authority, signer_of
from app.certificates.pem import CertificateFacts
from app.certificates.plan import CertificatePlan, CertificateRequest, plan
from app.certificates.renewal import margin, margin_start
from app.certificates.request import Stage, TierEvidence
from app.names import CA_CERT, DATA_WRITTEN, TIERS, Role
from app.rollout.hash_gate import is_young
from app.schema.tls import CertConfig
from app.secret_data import SecretData
from app.simulation.timeline import parsed
from app.stamps import is_proven
from tests.certificates.scenario import (
    CONFIG,
    LEAF_SECRETS,
    NAMES,
    NOW,
    UID,
    entropy,
    no_rsa,
)
from tests.certificates.scenario import World as Certificates
from tests.trust.cluster import KINDS, STATEFUL, Cluster, Standing, Workload, kind_of, mounts

Objects = Mapping[str, SecretData | Workload]


class BrokenError(AssertionError):
    """A property does not hold."""

    def __init__(self, name: str, text: str) -> None:
        """``name``: P1 to P6."""
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What differs between worlds.

    ``reloads``: indexers take a renewed leaf while running. ``is_parallel``: tiers do not wait
    for each other. ``lag``, ``is_stale``: see `Cluster`. ``pool``: what may happen, each name as
    often as it may.
    """

    pool: tuple[str, ...] = ()
    lag: int = 3
    is_stale: bool = True
    is_parallel: bool = False
    reloads: bool = True


@dataclass(slots=True)
class Wishes:
    """What people ask for. ``config``: None where the spec is invalid."""

    config: CertConfig | None = CONFIG
    template: int = 0
    has_dashboard: bool = True
    renew: str | None = None
    rotate: str | None = None
    recreate: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hook answers to what it sees, and which objects it would write."""

    plan: CertificatePlan
    writes: Mapping[str, SecretData | Workload]
    due: datetime | None = None


@dataclass(slots=True)
class World:
    """A cluster, its people and the hook."""

    setting: Setting
    cluster: Cluster
    wishes: Wishes = field(default_factory=Wishes)
    fingerprint: str | None = None
    calls: int = 0
    stuck: set[Role] = field(default_factory=set)
    happened: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    rolls: dict[Role, int] = field(default_factory=lambda: dict.fromkeys(TIERS, 0))
    renewals: int = 0
    excuse: str | None = None
    first: SecretData | None = None
    backup: SecretData | None = None
    lost_keys: dict[str, str] = field(default_factory=dict)
    is_spent: bool = False
    _answer: tuple[Sequence[object], object, Answer] | None = None

    # --- the hook ---------------------------------------------------------------------
    @property
    def roles(self) -> tuple[Role, ...]:
        """Tiers that are wanted; where the spec is invalid, those that are seen."""
        if self.wishes.config is None:
            return tuple(role for role in TIERS if role in self.cluster.seen)
        return TIERS if self.wishes.has_dashboard else TIERS[:-1]

    def answer(self) -> Answer:
        """The answer to what is seen now; the same until something of it changes."""
        wishes, cluster = self.wishes, self.cluster
        views = [cluster.queues[kind][0] for kind in KINDS]
        asked = (cluster.now, replace(wishes))
        kept = self._answer
        if kept and kept[1] == asked and all(map(operator.is_, kept[0], views)):
            return kept[2]
        self.calls += 1
        made = self._made()
        self._answer = (views, asked, made)
        return made

    def _made(self) -> Answer:
        seen = self.cluster.seen
        made = plan(self.request(seen))
        if made.ca is not None:
            self.fingerprint = made.ca.fingerprint
        emitted = {secret.name: secret for _, secret in made.secrets}
        gone = {name for name, one in seen.items() if isinstance(one, SecretData)} - emitted.keys()
        if gone:
            raise BrokenError("P2", f"left out, so they would be deleted: {sorted(gone)}")
        writes: dict[str, SecretData | Workload] = {
            name: one for name, one in emitted.items() if one != seen.get(name)
        }
        due: datetime | None = None
        if made.hold is None:
            templates, due = self._templates(seen, emitted, made)
            writes |= templates
        return Answer(plan=made, writes=writes, due=due)

    def request(self, seen: Objects) -> CertificateRequest:
        """The request for a plan."""
        wishes = self.wishes
        hashed = next((role for role in TIERS if _hash_in(seen, role) is not None), None)
        return CertificateRequest(
            names=NAMES,
            uid=UID,
            now=self.cluster.now,
            entropy=entropy(self.calls),
            config=wishes.config,
            ca=_secret(seen, NAMES.ca),
            leaves={name: one for name in LEAF_SECRETS if (one := _secret(seen, name)) is not None},
            trace=None if hashed is None else f"{hashed} was started with it",
            status_fingerprint=self.fingerprint,
            renew_request=wishes.renew,
            rotate_request=wishes.rotate,
            recreate_request=wishes.recreate,
            tiers=tuple(self._evidence(seen, role) for role in self.roles),
            accepted_dns=None,
            rsa_key=no_rsa,
        )

    def _evidence(self, seen: Objects, role: Role) -> TierEvidence:
        one, wanted = seen.get(role), self.hash_of(seen, role)
        return TierEvidence(
            role=role,
            workload=NAMES.workload(role),
            is_settled=isinstance(one, Workload)
            and one.standing is Standing.READY
            and wanted is not None
            and one.hash == wanted,
        )

    def hash_of(self, objects: Objects, role: Role) -> str | None:
        """Hash of a tier's certificates; None unless all of its Secrets are there."""
        ca, leaves = _secret(objects, NAMES.ca), [_secret(objects, name) for name in mounts(role)]
        present = [leaf for leaf in leaves if leaf is not None]
        if ca is None or len(present) < len(leaves):
            return None
        reloads = self.setting.reloads and role is Role.INDEXER
        return tier_hash.cert_hash(ca, present, reloads=reloads)

    def hash_basis(self, seen: Objects, emitted: Objects) -> Objects:  # noqa: ARG002 - a rule
        """What the hash of a template is computed from: what is seen, never what is emitted."""
        return seen

    def _templates(
        self, seen: Objects, emitted: Objects, made: CertificatePlan
    ) -> tuple[dict[str, Workload], datetime | None]:
        """Templates to write, and when the next of those that wait is old enough."""
        writes: dict[str, Workload] = {}
        dues: list[datetime] = []
        rewritten = made.rewritten | {
            name for name, one in seen.items() if isinstance(one, SecretData) and not is_proven(one)
        }
        basis = self.hash_basis(seen, emitted)
        may_go = True
        for role in self.roles:
            one, wanted = seen.get(role), self.hash_of(basis, role)
            young = [] if wanted is None else self._young(seen, role)
            is_busy = bool(young or rewritten.intersection(mounts(role))) and basis is seen
            if not isinstance(one, Workload):
                is_calm = made.stage is Stage.STEADY and not rewritten.intersection(mounts(role))
                if wanted is not None and (is_calm or not is_busy):
                    writes[role] = Workload(self.wishes.template, wanted, Standing.ROLLING)
                may_go = False
                continue
            if wanted is None:
                is_unsigned = any(name not in seen and name not in emitted for name in mounts(role))
                may_go = may_go and is_unsigned
                continue
            target = Workload(self._template(one), wanted, Standing.ROLLING)
            waits = is_busy and wanted != one.hash
            if waits:
                dues += young
            elif one.revision != target.revision and (may_go or self.setting.is_parallel):
                writes[role] = target
            is_open = waits or bool(made.rewritten.intersection(mounts(role)))
            may_go = (
                may_go
                and not is_open
                and one.revision == target.revision
                and one.standing is not Standing.ROLLING
            )
        return writes, min(dues, default=None)

    def _template(self, one: Workload) -> int:
        """What the spec asks for besides the hash; an invalid one changes nothing."""
        return one.config if self.wishes.config is None else self.wishes.template

    def _young(self, seen: Objects, role: Role) -> list[datetime]:
        """When the Secrets of a tier that are too young will be old enough."""
        found: list[datetime] = []
        for name in mounts(role):
            secret = _secret(seen, name)
            stamp = None if secret is None else secret.annotations.get(DATA_WRITTEN)
            if stamp is not None and is_young(parsed(stamp), self.cluster.now):
                found.append(parsed(stamp) + timedelta(seconds=90))
        return found

    # --- time -------------------------------------------------------------------------
    def is_quiet(self) -> bool:
        """Whether the hook has done all that it can do now, and no roll is under way."""
        if not self.cluster.is_seen():
            return False
        rolling = {
            role
            for role in TIERS
            if (one := self.cluster.workload(role)) is not None
            and one.standing is not Standing.READY
            and all(self.cluster.secret(name) is not None for name in mounts(role))
        }
        answer = self.answer()
        return not answer.writes and answer.due is None and not rolling - self.stuck

    def note_ends(self) -> None:
        """Excuse what section 8 of the rules names: the end of a CA that could not be handed on.

        The hook had its time before, so whatever still rests on such a CA could not be helped.
        """
        now = self.cluster.now
        stored = self.cluster.secret(NAMES.ca)
        authority = None if stored is None else observed_authority(stored)
        leaves = [one for name in LEAF_SECRETS if (one := self.cluster.secret(name)) is not None]
        states = Certificates(ca=stored, leaves={one.name: one for one in leaves})
        known = [one for leaf in leaves for one in bundle_of(leaf)]
        if authority is not None:
            known += [*authority.certificates]
        if any(now >= margin_start(one) for one in known):
            self.excuse = "a CA came to its end"
        active = None if authority is None else authority.active
        if authority is None or active is None or authority.has_usable_key:
            return
        old = [active]
        old += [
            leaf
            for name in states.leaves
            if signer_of(leaf := states.certificate(name), (active,)) is not None
        ]
        if any(now >= one.not_after - 2 * margin(one) for one in old):
            self.excuse = "the deadline of a CA that cannot sign has passed"


def new_world(setting: Setting) -> World:
    """A cluster at rest."""
    certificates = Certificates().settle()
    assert certificates.ca is not None
    secrets: dict[str, SecretData | Workload] = {NAMES.ca: certificates.ca, **certificates.leaves}
    cluster = Cluster(now=NOW + timedelta(hours=1), lag=setting.lag, is_stale=setting.is_stale)
    cluster.queues = {kind: [{}] for kind in KINDS}
    for name, one in secrets.items():
        cluster.queues[kind_of(name)] = [{**cluster.queues[kind_of(name)][0], name: one}]
    world = World(setting=setting, cluster=cluster, calls=100, first=certificates.ca)
    for role in TIERS:
        ready = Workload(0, world.hash_of(secrets, role), Standing.READY)
        cluster.store(role, ready)
    for kind in KINDS:
        cluster.queues[kind] = cluster.queues[kind][-1:]
    assert STATEFUL in cluster.queues
    world.answer()
    return world


def bundle_of(secret: SecretData) -> tuple[CertificateFacts, ...]:
    """CAs that a leaf Secret holds."""
    return certificates_in(secret, CA_CERT) or ()


def _secret(objects: Objects, name: str) -> SecretData | None:
    found = objects.get(name)
    return found if isinstance(found, SecretData) else None


def _hash_in(objects: Objects, role: Role) -> str | None:
    found = objects.get(role)
    return found.hash if isinstance(found, Workload) else None
