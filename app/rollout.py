"""Order of the tiers: who is created, who takes a change, who is held, and as what.

A tier takes its new pod template and ConfigMaps when every tier before it has *passed* its own;
until then both stay as last applied. The first tier that has not passed is never held, so a
broken one can always be repaired (behaviour 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from app import names
from app.certificates.leaves import TIER_LEAVES
from app.last_applied import last_applied
from app.names import Names, Role
from app.observed import Observed, Workload, as_map, as_text
from app.references import secret_references
from app.result import Manifest
from app.secret_reader import SecretReader
from app.template import (
    annotations_of,
    contains,
    template_of,
    with_annotations,
    with_replicas,
    with_template,
)

#: A kubelet may mount a Secret's former content in a pod that starts earlier.
SECRET_AGE: Final = timedelta(seconds=90)
#: From how many replicas on one pod may be away after a completed roll, by tier.
_SPARE_FROM: Final = {Role.INDEXER: 3, Role.MANAGER_WORKER: 2}

#: Rendered objects by kind and name.
Objects = Mapping[tuple[str, str], Manifest]


class Standing(StrEnum):
    """What becomes of a tier in this call."""

    UNWANTED = "unwanted"  # the spec does not ask for it
    WAITS = "waits"  # not observed, and not created yet
    CREATED = "created"  # not observed, in this answer
    APPLIED = "applied"  # takes what the spec asks for
    KEPT = "kept"  # a Secret it needs cannot be used: as last applied, holds nobody
    HELD = "held"  # waits for an earlier tier: as last applied


@dataclass(frozen=True, slots=True, kw_only=True)
class TierState:
    """One tier after this call's decisions, judged by what is observed.

    ``waits_for``: what it waits for, in words. ``due``: when a Secret it rests on is old enough.
    ``has_template``: the observed template is the wanted one; where it is not, ``change`` says why.
    ``passed``: its roll was completed, so later tiers may go. ``settled``: every pod is there too.
    """

    role: Role
    standing: Standing
    workload: Workload | None
    replicas: int
    waits_for: str = ""
    due: datetime | None = None
    has_template: bool = False
    change: str = ""
    passed: bool = False
    settled: bool = False

    @property
    def is_wanted(self) -> bool:
        """Whether the spec asks for this tier."""
        return self.standing is not Standing.UNWANTED

    @property
    def is_scaling(self) -> bool:
        """Whether the number of pods is not yet the wanted one."""
        one = self.workload
        return one is not None and not (one.replicas == one.wanted == self.replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """Children after ordering, and the state of each tier in order."""

    children: tuple[Manifest, ...] = field(repr=False)
    tiers: tuple[TierState, ...]

    @property
    def held(self) -> dict[str, str]:
        """Held tiers with what they wait for."""
        return {
            str(one.role): one.waits_for for one in self.tiers if one.standing is Standing.HELD
        }

    @property
    def next_due(self) -> datetime | None:
        """When the next Secret is old enough for the template that waits for it."""
        return min((one.due for one in self.tiers if one.due is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutFacts:
    """What ordering rests on.

    ``rewritten``: Secrets whose data this call writes. ``unusable``: Secrets that are lost or
    that the user has yet to provide; a tier that refers to one of them is kept and holds nobody.
    ``replicas``: to send, by tier. ``creation``, ``update``: Ordered or Parallel.
    ``once_settled``: tiers that have been settled before. ``is_ca_held``: the CA is lost, so all
    templates stay as they are.
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


def plan(facts: RolloutFacts, rendered: Sequence[Manifest]) -> Rollout:
    """Decide for each tier in order, and put its last-applied parts in place where it is held."""
    by_name = {(one["kind"], one["metadata"]["name"]): one for one in rendered}
    tiers: list[TierState] = []
    replaced: dict[tuple[str, str], Manifest | None] = {}
    for role in names.TIERS:
        key = _workload_key(facts, role)
        wanted = by_name.get(key)
        if wanted is None:
            tiers.append(_unwanted(facts, role))
            continue
        state, answer = _tier(facts, wanted, by_name, tiers, role)
        tiers.append(state)
        replaced[key] = answer
        if state.standing in {Standing.HELD, Standing.KEPT}:
            replaced.update(_kept_configuration(facts, role, by_name))
    ordered = [replaced.get((one["kind"], one["metadata"]["name"]), one) for one in rendered]
    return Rollout(children=tuple(one for one in ordered if one is not None), tiers=tuple(tiers))


def _workload_key(facts: RolloutFacts, role: Role) -> tuple[str, str]:
    kind = "Deployment" if role is Role.DASHBOARD else "StatefulSet"
    return kind, facts.names.workload(role)


def _unwanted(facts: RolloutFacts, role: Role) -> TierState:
    workload = facts.observed.workloads.get(role)
    return TierState(
        role=role,
        standing=Standing.UNWANTED,
        workload=workload,
        replicas=0,
        passed=True,
        settled=workload is None,
    )


def _tier(
    facts: RolloutFacts,
    wanted: Manifest,
    by_name: Objects,
    before: Sequence[TierState],
    role: Role,
) -> tuple[TierState, Manifest | None]:
    """State of one tier and the workload to send (None: not yet)."""
    workload = facts.observed.workloads.get(role)
    if workload is None:
        return _unobserved(facts, role, wanted, before)
    gate = _gate(facts, role, wanted, workload)
    applied = template_of(last_applied(workload.manifest))
    missing = _missing(facts, gate.template)
    if missing or facts.is_ca_held:
        return _kept(facts, gate, workload, applied, missing)
    has_template = applied == gate.template and contains(workload.template, gate.template)
    blocker = _first_not_passed(facts, before)
    if blocker is not None and not (has_template and _has_configuration(facts, role, by_name)):
        return _held(facts, gate, workload, applied, blocker)
    passed = has_template and not gate.is_open and _has_passed(role, workload)
    state = TierState(
        role=role,
        standing=Standing.APPLIED,
        workload=workload,
        replicas=facts.replicas[role],
        waits_for=gate.message,
        due=gate.due,
        has_template=has_template,
        change="" if has_template else _change(applied, gate.template),
        passed=passed,
        settled=passed and workload.is_complete,
    )
    return state, gate.workload


def _held(
    facts: RolloutFacts,
    gate: _Gate,
    workload: Workload,
    applied: Mapping[str, Any],
    blocker: TierState,
) -> tuple[TierState, Manifest]:
    """As last applied until ``blocker`` has passed; replicas are not held."""
    state = TierState(
        role=workload.role,
        standing=Standing.HELD,
        workload=workload,
        replicas=facts.replicas[workload.role],
        waits_for=_held_message(blocker),
        due=gate.due,
        change=_change(applied, gate.template),
    )
    return state, with_template(gate.workload, applied)


def _change(applied: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """What the new template is about, for people who watch a roll."""
    labels = [as_map(as_map(one.get("metadata")).get("labels")) for one in (applied, wanted)]
    if labels[0].get(names.LABEL_VERSION) != labels[1].get(names.LABEL_VERSION):
        return "VersionChanged"
    for annotation, reason in (
        (names.CERT_HASH, "CertificatesChanged"),
        (names.CONFIG_HASH, "ConfigChanged"),
    ):
        if annotations_of(applied).get(annotation) != annotations_of(wanted).get(annotation):
            return reason
    return "TemplateChanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gate:
    """The wanted workload after the hashes that may not move yet were put back.

    ``is_open``: a hash waits, so the tier has neither passed nor settled.
    """

    workload: Manifest
    is_open: bool = False
    due: datetime | None = None
    message: str = ""

    @property
    def template(self) -> Mapping[str, Any]:
        return template_of(self.workload)


def _gate(facts: RolloutFacts, role: Role, wanted: Manifest, workload: Workload) -> _Gate:
    """Keep the observed hash where it rests on Secrets that are being written or too young."""
    template = template_of(wanted)
    reader = SecretReader(observed=facts.observed, names=facts.names)
    leaves = [facts.names.certs(leaf) for leaf in TIER_LEAVES[role]]
    others = sorted(secret_references(template) - set(leaves) - {_security(facts)})
    back: dict[str, str | None] = {}
    due: list[datetime] = []
    for annotation, secrets in ((names.CERT_HASH, leaves), (names.CONFIG_HASH, others)):
        running = as_text(workload.annotations.get(annotation))
        if annotations_of(template).get(annotation) == running:
            continue
        young = [
            written + SECRET_AGE
            for written in map(reader.written, secrets)
            if written is not None and written <= facts.now < written + SECRET_AGE
        ]
        if facts.rewritten.intersection(secrets):
            back[annotation] = running
        elif young:
            back[annotation] = running
            due.append(max(young))
    rewrites = bool(facts.rewritten.intersection(leaves)) or bool(
        facts.rewritten.intersection(others)
    )
    if not back and not rewrites:
        return _Gate(workload=wanted)
    kept = with_template(wanted, with_annotations(template, back)) if back else wanted
    return _Gate(
        workload=kept,
        is_open=True,
        due=max(due, default=None),
        message="waits until its Secrets have reached every node",
    )


def _security(facts: RolloutFacts) -> str:
    """The security files are read by the very first start only: they enter no hash."""
    return facts.names.indexer_security


def _missing(facts: RolloutFacts, template: Mapping[str, Any]) -> frozenset[str]:
    """Secrets of ours or named in the spec that ``template`` needs and that are not there.

    What `env`, `envFrom` and extra volumes refer to is not watched.
    """
    reader = SecretReader(observed=facts.observed, names=facts.names)
    known = set(facts.names.identity_secrets) | _own_derived(facts) | facts.unusable
    return frozenset(
        name
        for name in secret_references(template) & known
        if name in facts.unusable or not reader.is_there(name)
    )


def _own_derived(facts: RolloutFacts) -> set[str]:
    named = facts.names
    leaves = {named.certs(leaf) for tier in TIER_LEAVES.values() for leaf in tier}
    return leaves | {named.indexer_security, named.dashboard_wazuh}


def _kept(
    facts: RolloutFacts,
    gate: _Gate,
    workload: Workload,
    applied: Mapping[str, Any],
    missing: frozenset[str],
) -> tuple[TierState, Manifest]:
    """As last applied: pods that are there go on, more of them could not start.

    It holds no later tier where it waits for a person.
    """
    role = workload.role
    replicas = facts.replicas[role]
    if missing:
        fewer = min(workload.wanted, replicas)
        replicas = workload.wanted if role is Role.INDEXER else fewer
    needed = ", ".join(sorted(missing)) or facts.names.ca
    state = TierState(
        role=role,
        standing=Standing.KEPT,
        workload=workload,
        replicas=replicas,
        waits_for=f"waits for Secret {needed}",
        passed=facts.is_ca_held or bool(missing & facts.unusable),
    )
    return state, with_replicas(with_template(gate.workload, applied), replicas)


def _unobserved(
    facts: RolloutFacts, role: Role, wanted: Manifest, before: Sequence[TierState]
) -> tuple[TierState, Manifest | None]:
    replicas = facts.replicas[role]
    why = _why_not_created(facts, role, template_of(wanted), before)
    standing = Standing.WAITS if why else Standing.CREATED
    state = TierState(
        role=role, standing=standing, workload=None, replicas=replicas, waits_for=why
    )
    return state, None if why else wanted


def _why_not_created(
    facts: RolloutFacts, role: Role, template: Mapping[str, Any], before: Sequence[TierState]
) -> str:
    """Why a workload that is not there is not created yet; empty if nothing is in the way."""
    needed = secret_references(template)
    missing = _missing(facts, template) | (facts.rewritten & needed)
    if missing:
        return f"waits for Secret {', '.join(sorted(missing))}"
    if names.CERT_HASH not in annotations_of(template):
        return "waits for its certificates"
    if not facts.is_ca_steady:
        reader = SecretReader(observed=facts.observed, names=facts.names)
        leaves = [facts.names.certs(leaf) for leaf in TIER_LEAVES[role]]
        written = [moment for moment in map(reader.written, leaves) if moment is not None]
        if any(moment <= facts.now < moment + SECRET_AGE for moment in written):
            return "waits until its Secrets have reached every node"
    if facts.creation == "Ordered":
        for one in before:
            was_settled = one.settled or (one.passed and one.role in facts.once_settled)
            if one.is_wanted and not was_settled:
                return f"waits for {one.role}; spec.rollout.creation: Parallel lifts it"
    return ""


def _first_not_passed(facts: RolloutFacts, before: Sequence[TierState]) -> TierState | None:
    if facts.update == "Parallel":
        return None
    return next((one for one in before if one.is_wanted and not one.passed), None)


def _held_message(blocker: TierState) -> str:
    detail = away(blocker)
    why = f" ({detail})" if detail else ""
    return f"waits for {blocker.role}{why}; spec.rollout.update: Parallel lifts it"


def away(state: TierState) -> str:
    """What a tier's own roll waits for, in words; empty if nothing is away."""
    one = state.workload
    if one is None:
        return state.waits_for or "not observed yet"
    if state.due is not None:
        return state.waits_for
    if not one.is_seen:
        return "its controller has not seen the change yet"
    if one.is_complete:
        return state.waits_for
    pod = rolling_pod(one)
    counted = f"{one.ready} of {one.wanted} ready"
    return f"{counted}, waits for {pod}" if pod else counted


def rolling_pod(workload: Workload) -> str:
    """The pod that a StatefulSet's roll waits for: the highest ordinal goes first."""
    if not workload.is_stateful or workload.has_rolled or not workload.is_seen:
        return ""
    ordinal = workload.wanted - workload.updated
    if workload.ready >= workload.wanted or ordinal >= workload.wanted:
        ordinal -= 1
    return f"{workload.name}-{max(ordinal, 0)}"


def _has_passed(role: Role, workload: Workload) -> bool:
    """Whether the roll was completed; one pod may be away since where there are spares.

    One unschedulable pod must not hold the changes of later tiers for ever.
    """
    if not workload.has_rolled:
        return False
    spare = _SPARE_FROM.get(role)
    spares = 1 if spare is not None and workload.wanted >= spare else 0
    present = min(workload.ready, workload.available, workload.updated)
    return present >= workload.wanted - spares and workload.replicas <= workload.wanted


def _has_configuration(facts: RolloutFacts, role: Role, by_name: Objects) -> bool:
    """Whether the tier's configuration is what was last applied.

    A hash that waits for its Secrets does not show a change of the text beside it.
    """
    kept = _kept_configuration(facts, role, by_name)
    return all(by_name[key].get("data") == manifest.get("data") for key, manifest in kept.items())


def _kept_configuration(
    facts: RolloutFacts, role: Role, by_name: Objects
) -> dict[tuple[str, str], Manifest]:
    """The tier's ConfigMap, and the dashboard's wazuh.yml, as they were last."""
    named, observed = facts.names, facts.observed
    kept: dict[tuple[str, str], Manifest] = {}
    key = ("ConfigMap", named.config_map(role))
    present = observed.children.get("ConfigMap.v1", {}).get(key[1])
    if present is not None and key in by_name:
        data = as_map(last_applied(present).get("data"))
        kept[key] = {**by_name[key], "data": data}
    secret = ("Secret", named.dashboard_wazuh)
    running = observed.secrets.get(named.dashboard_wazuh)
    if role is Role.DASHBOARD and running is not None and secret in by_name:
        kept[secret] = _as_observed(by_name[secret], running.data, running.annotations)
    return kept


def _as_observed(
    rendered: Manifest, data: Mapping[str, str], annotations: Mapping[str, str]
) -> Manifest:
    metadata = {**rendered["metadata"], "annotations": dict(annotations)}
    return {**rendered, "metadata": metadata, "data": dict(data)}
