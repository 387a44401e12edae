"""Order of the tiers: who is created, who takes a change, who is held, and as what.

A tier takes its new pod template and ConfigMaps when every tier before it has *passed* its own;
until then both stay as last applied. The first tier that has not passed is never held, so a
broken one can always be repaired (behaviour 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from app import kinds, names
from app.certificates.leaves import TIER_LEAVES
from app.names import Names, Role
from app.observed.last_applied import applied_template, last_applied
from app.observed.references import secret_references
from app.observed.request import Workload, as_map
from app.observed.secret_reader import SecretReader
from app.observed.template import (
    annotations_of,
    is_equal,
    is_in_force,
    needed_secrets,
    template_of,
    with_replicas,
    with_template,
)
from app.result import Manifest
from app.rollout import hash_gate
from app.rollout.hash_gate import Gate, RolloutFacts
from app.rollout.renderer import newer_renderer
from app.rollout.tier_state import Standing, TierState, away

#: From how many replicas on one pod may be away after a completed roll, by tier.
_SPARE_FROM: Final = {Role.INDEXER: 3, Role.MANAGER_WORKER: 2}

#: Rendered objects by kind and name.
Objects = Mapping[tuple[str, str], Manifest]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """Children after ordering, and the state of each tier in order."""

    children: tuple[Manifest, ...] = field(repr=False)
    tiers: tuple[TierState, ...]

    @property
    def held(self) -> dict[str, str]:
        """Held tiers with what they wait for."""
        return {str(one.role): one.waits_for for one in self.tiers if one.standing is Standing.HELD}

    @property
    def is_rolling(self) -> bool:
        """Whether pods of former templates may be left in some tier."""
        return any(
            one.is_wanted and not (one.passed and one.workload and one.workload.has_rolled)
            for one in self.tiers
        )

    @property
    def next_due(self) -> datetime | None:
        """When the next Secret is old enough for the template that waits for it."""
        return min((one.due for one in self.tiers if one.due is not None), default=None)


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
        if state.is_as_last_applied:
            kept = _kept_configuration(facts, role, by_name)
            replaced.update(
                {
                    one: manifest
                    for one, manifest in kept.items()
                    if state.keeps_secrets or one[0] != kinds.SECRET.name
                }
            )
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
    gate = hash_gate.gate(facts, role, wanted, workload)
    applied = applied_template(workload.manifest)
    newer = newer_renderer(workload.manifest)
    if newer is not None:
        return _left(facts, workload, newer)
    missing = _missing(facts, gate.template)
    if missing or facts.is_ca_held:
        return _kept(facts, gate, workload, applied, missing)
    has_template = is_equal(applied, gate.template) and is_in_force(
        workload.template_text, gate.template
    )
    blocker = _first_not_passed(facts, before)
    if blocker is not None and not (has_template and _has_configuration(facts, role, by_name)):
        return _held(facts, gate, workload, applied, blocker)
    if gate.waiting and not has_template:
        return _postponed(facts, gate, workload, applied)
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


def _as_applied(gate: Gate, workload: Workload, applied: Mapping[str, Any]) -> Manifest:
    """The wanted workload with its template, and the version that its pods run, as last applied."""
    manifest = with_template(gate.workload, applied)
    before = as_map(as_map(last_applied(workload.manifest).get("metadata")).get("labels"))
    version = {names.LABEL_VERSION: before.get(names.LABEL_VERSION)}
    if version[names.LABEL_VERSION] is None:
        return manifest
    metadata = manifest["metadata"]
    return {**manifest, "metadata": {**metadata, "labels": {**metadata["labels"], **version}}}


def _held(
    facts: RolloutFacts,
    gate: Gate,
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
    return state, _as_applied(gate, workload, applied)


def _postponed(
    facts: RolloutFacts, gate: Gate, workload: Workload, applied: Mapping[str, Any]
) -> tuple[TierState, Manifest]:
    """As last applied until the Secrets that its new template reads are old enough.

    The template would roll the tier now, and the hash that waits for them once more.
    """
    state = TierState(
        role=workload.role,
        standing=Standing.POSTPONED,
        workload=workload,
        replicas=facts.replicas[workload.role],
        waits_for=gate.message,
        due=gate.due,
        change=_change(applied, gate.template),
    )
    return state, _as_applied(gate, workload, applied)


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


def _missing(facts: RolloutFacts, template: Mapping[str, Any]) -> frozenset[str]:
    """Secrets of ours or named in the spec that ``template`` needs and that are not there.

    What `env`, `envFrom` and extra volumes refer to is not watched.
    """
    reader = SecretReader(observed=facts.observed, names=facts.names)
    known = own_secrets(facts.names) | facts.unusable
    return frozenset(
        name
        for name in needed_secrets(template) & known
        if name in facts.unusable or not reader.is_there(name)
    )


@lru_cache(maxsize=256)
def own_secrets(named: Names) -> frozenset[str]:
    """Every Secret of ours that pods may read."""
    leaves = {named.certs(leaf) for tier in TIER_LEAVES.values() for leaf in tier}
    derived = {named.indexer_security, named.dashboard_wazuh}
    return frozenset(leaves | derived | set(named.identity_secrets))


def _kept(
    facts: RolloutFacts,
    gate: Gate,
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
    return state, with_replicas(_as_applied(gate, workload, applied), replicas)


def _left(facts: RolloutFacts, workload: Workload, newer: int) -> tuple[TierState, Manifest]:
    """What a newer hook wrote, stamp included: two versions in turn would roll back and forth."""
    role = workload.role
    replicas = facts.replicas[role]
    state = TierState(
        role=role,
        standing=Standing.KEPT,
        workload=workload,
        replicas=replicas,
        waits_for=(
            f"left as it is: a newer version of this hook wrote it (renderer {newer}, this one"
            f" is {names.RENDERER_VERSION})"
        ),
        passed=True,
    )
    return state, with_replicas(last_applied(workload.manifest), replicas)


def _unobserved(
    facts: RolloutFacts, role: Role, wanted: Manifest, before: Sequence[TierState]
) -> tuple[TierState, Manifest | None]:
    """The workload of a tier that is not there; one that waits for a person holds nobody."""
    template = template_of(wanted)
    why = _why_not_created(facts, role, template, before)
    state = TierState(
        role=role,
        standing=Standing.WAITS if why else Standing.CREATED,
        workload=None,
        replicas=facts.replicas[role],
        waits_for=why,
        passed=bool(_missing(facts, template) & facts.unusable),
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
        leaves = facts.leaf_secrets(role)
        if any(hash_gate.is_young(reader.written(leaf), facts.now) for leaf in leaves):
            return hash_gate.YOUNG
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
