"""Hashes of a pod template that may not move yet.

A hash rests on Secrets. While this call writes one of them, or before it has reached every node,
the template keeps the hash it has: one change, one roll.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeGuard

from app import names
from app.certificates.leaves import TIER_LEAVES
from app.names import Names, Role
from app.observed.references import secret_references
from app.observed.request import Observed, Workload, as_text
from app.observed.secret_reader import SecretReader
from app.observed.template import (
    annotations_of,
    template_of,
    with_annotations,
    with_template,
)
from app.result import Manifest
from app.stamps import is_proven

#: A kubelet may mount a Secret's former content in a pod that starts earlier.
SECRET_AGE: Final = timedelta(seconds=90)
#: What is said of a tier whose template waits for that.
YOUNG: Final = "waits until its Secrets have reached every node"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutFacts:
    """What ordering rests on.

    ``rewritten``: Secrets whose data this call writes. ``unusable``: Secrets that are lost or
    that the user has yet to provide; a tier that refers to one of them is kept and holds nobody.
    ``replicas``: to send, by tier. ``creation``, ``update``: Ordered or Parallel.
    ``once_settled``: tiers that have been settled before. ``is_ca_held``: the CA is lost, so all
    templates stay as they are. ``mounts``: the Secret that pods read, by leaf; ours by default.
    """

    names: Names
    observed: Observed
    now: datetime
    replicas: Mapping[Role, int]
    creation: str
    update: str
    rewritten: frozenset[str]
    unusable: frozenset[str]
    once_settled: frozenset[Role]
    is_ca_steady: bool
    is_ca_held: bool
    mounts: Mapping[str, str] = field(default_factory=dict)

    def leaf_secrets(self, role: Role) -> list[str]:
        """Leaf Secrets that a tier's pods read, in their fixed order."""
        return [self.mounts.get(leaf, self.names.certs(leaf)) for leaf in TIER_LEAVES[role]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The wanted workload after the hashes that may not move yet were put back.

    ``is_open``: a hash waits, so the tier has neither passed nor settled. ``waiting``: Secrets
    that it waits for.
    """

    workload: Manifest
    is_open: bool = False
    due: datetime | None = None
    message: str = ""
    waiting: frozenset[str] = frozenset()

    @property
    def template(self) -> Mapping[str, Any]:
        """Pod template after the gate."""
        return template_of(self.workload)


def gate(facts: RolloutFacts, role: Role, wanted: Manifest, workload: Workload) -> Gate:
    """Keep the observed hash where it rests on Secrets that are being written or too young."""
    template = template_of(wanted)
    if not facts.rewritten and _has_both_hashes(template, workload):
        return Gate(workload=wanted)
    reader = SecretReader(observed=facts.observed, names=facts.names)
    written = facts.rewritten | _unproven(facts)
    leaves = facts.leaf_secrets(role)
    others = sorted(secret_references(template) - set(leaves) - {_security(facts)})
    back: dict[str, str | None] = {}
    due: list[datetime] = []
    waiting: set[str] = set()
    for annotation, secrets in ((names.CERT_HASH, leaves), (names.CONFIG_HASH, others)):
        running = as_text(workload.annotations.get(annotation))
        if annotations_of(template).get(annotation) == running:
            continue
        young = _young(facts, reader, secrets)
        if young or written.intersection(secrets):
            back[annotation] = running
            waiting |= young.keys() | written.intersection(secrets)
        if not written.intersection(secrets):
            due += young.values()
    # The hash is of what is observed, so it does not show yet what this call writes.
    rewrites = facts.rewritten.intersection((*leaves, *others))
    waiting |= rewrites
    if not back and not rewrites:
        return Gate(workload=wanted)
    kept = with_template(wanted, with_annotations(template, back)) if back else wanted
    return Gate(
        workload=kept,
        is_open=True,
        due=max(due, default=None),
        message=YOUNG,
        waiting=frozenset(waiting),
    )


def _has_both_hashes(template: Mapping[str, Any], workload: Workload) -> bool:
    """Whether no hash would move."""
    wanted, running = annotations_of(template), workload.annotations
    return all(
        wanted.get(hashed) == as_text(running.get(hashed))
        for hashed in (names.CERT_HASH, names.CONFIG_HASH)
    )


def _young(
    facts: RolloutFacts, reader: SecretReader, secrets: Iterable[str]
) -> dict[str, datetime]:
    """Secrets that have not reached every node, with the moment at which they will have.

    A time in the future counts as old enough, but for our own stamp of a moment ahead.
    """
    own = facts.observed.secrets
    written = {name: reader.written(name) for name in secrets}
    return {
        name: moment + SECRET_AGE
        for name, moment in written.items()
        if is_young(moment, facts.now) and (name in own or moment <= facts.now)
    }


def is_young(written: datetime | None, now: datetime) -> TypeGuard[datetime]:
    """Whether data was written too short a time ago to have reached every node.

    A stamp that lies a little ahead is of a replica whose clock is; what is far ahead is nonsense,
    for which nobody waits.
    """
    return written is not None and abs(now - written) < SECRET_AGE


def _unproven(facts: RolloutFacts) -> frozenset[str]:
    """Secrets that somebody else wrote: their digest does not fit, so the time beside it is old.

    Both are written anew in this call, and the age counts from then.
    """
    secrets = facts.observed.secrets
    return frozenset(name for name, secret in secrets.items() if not is_proven(secret))


def _security(facts: RolloutFacts) -> str:
    """The security files are read by the very first start only: they enter no hash."""
    return facts.names.indexer_security
