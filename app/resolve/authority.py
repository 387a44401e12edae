"""The certificate plan of one request: what is observed, in the terms of `app.certificates`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app import kinds, names
from app.certificates.issue import RsaKeyFactory, generate_rsa_key
from app.certificates.leaves import TIER_LEAVES, leaf_plans
from app.certificates.plan import CertificatePlan, CertificateRequest, Finding
from app.certificates.quiet import quiet_plan
from app.certificates.request import TierEvidence
from app.certificates.tier_hash import cert_hash
from app.config import opensearch
from app.credentials import recovery
from app.entropy import Entropy
from app.names import Names, Role
from app.observed.request import Observed, SyncRequest, Workload, as_map, as_text
from app.resolve.custom_certificates import CustomCertificates, custom_certificates
from app.resolve.held_fields import OPENSEARCH_YML, observed_text
from app.schema.tls import CertConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a valid spec asks of the certificates.

    ``accepted``: distinguished names that the running indexers accept, None where there is none to
    ask; ``listed``: those of the observed configuration. ``tiers``: evidence of the tiers that the
    spec wants. ``custom``: the user's certificates.
    """

    config: CertConfig
    accepted: frozenset[str] | None
    listed: frozenset[str] | None
    tiers: tuple[TierEvidence, ...]
    custom: CustomCertificates


def certificate_plan(
    request: SyncRequest,
    named: Names,
    wanted: Wanted | None,
    *,
    now: datetime,
    entropy: Entropy,
    rsa_key: RsaKeyFactory = generate_rsa_key,
) -> CertificatePlan:
    """What becomes of the CA and of each leaf.

    ``wanted``: None where the spec is invalid: every certificate stays as it is, and every tier
    that is observed is asked for evidence. ``rsa_key``: where RSA keys come from.
    """
    observed = request.observed
    leaves = {
        leaf.secret: observed.secrets[leaf.secret]
        for leaf in leaf_plans(named, None)
        if leaf.secret in observed.secrets
    }
    custom = custom_certificates(request, named) if wanted is None else wanted.custom
    made = quiet_plan(
        CertificateRequest(
            names=named,
            uid=request.uid,
            now=now,
            entropy=entropy,
            config=None if wanted is None else wanted.config,
            ca=observed.secrets.get(named.ca),
            leaves=leaves,
            trace=_trace(request, named),
            status_fingerprint=_status_fingerprint(request),
            renew_request=request.annotations.get(names.RENEW_CERTIFICATES),
            rotate_request=request.annotations.get(names.ROTATE_CA),
            recreate_request=request.annotations.get(names.RECREATE_CA),
            tiers=_observed_tiers(request, named, custom) if wanted is None else wanted.tiers,
            accepted_dns=None if wanted is None else wanted.accepted,
            listed_dns=None if wanted is None else wanted.listed,
            rsa_key=rsa_key,
            given=custom.given,
            foreign=custom.foreign,
        )
    )
    return _with_seen(request, named, made)


def evidence(
    request: SyncRequest,
    named: Names,
    wanted: Iterable[Role],
    custom: CustomCertificates,
    *,
    reloads: bool,
) -> tuple[TierEvidence, ...]:
    """What each wanted tier proves of a stage of the CA (certificates 7).

    ``reloads``: whether indexers take a renewed leaf while running.
    """
    observed = request.observed
    return tuple(
        TierEvidence(
            role=role,
            workload=named.workload(role),
            is_settled=_is_settled(
                observed.workloads.get(role),
                running_hash(
                    observed, named, role, custom, reloads=reloads and role is Role.INDEXER
                ),
            ),
        )
        for role in wanted
    )


def running_hash(
    observed: Observed, named: Names, role: Role, custom: CustomCertificates, *, reloads: bool
) -> str | None:
    """Hash over the leaf Secrets that the observed pods of a tier read."""
    mounts = {
        leaf: custom.running[role, leaf]
        for leaf in TIER_LEAVES[role]
        if (role, leaf) in custom.running
    }
    return observed_hash(observed, named, role, mounts, reloads=reloads)


def observed_hash(
    observed: Observed, named: Names, role: Role, mounts: Mapping[str, str], *, reloads: bool
) -> str | None:
    """Hash over the observed leaf Secrets of a tier; None unless all of them are observed.

    ``mounts``: the Secret of each leaf, ours where it says none.
    """
    ca = observed.secrets.get(named.ca)
    secrets = [mounts.get(leaf, named.certs(leaf)) for leaf in TIER_LEAVES[role]]
    ours = {named.certs(leaf) for leaf in TIER_LEAVES[role]}
    leaves = [
        observed.secrets.get(name) if name in ours else observed.user_secret(name)
        for name in secrets
    ]
    present = [leaf for leaf in leaves if leaf is not None]
    if ca is None or len(present) < len(leaves):
        return None
    return cert_hash(ca, present, reloads=reloads, given=frozenset(secrets) - ours)


def reloads_as_observed(observed: Observed, named: Names) -> bool:
    """Whether the observed opensearch.yml lets indexers take a renewed leaf while running."""
    text = observed_text(observed, named.config_map(Role.INDEXER), OPENSEARCH_YML)
    return text is not None and opensearch.reloads_certificates(text)


def _observed_tiers(
    request: SyncRequest, named: Names, custom: CustomCertificates
) -> tuple[TierEvidence, ...]:
    reloads = reloads_as_observed(request.observed, named)
    present = (role for role in names.TIERS if role in request.observed.workloads)
    return evidence(request, named, present, custom, reloads=reloads)


def _is_settled(workload: Workload | None, wanted: str | None) -> bool:
    """A tier that is not observed proves nothing: the view may be partial."""
    return (
        workload is not None
        and wanted is not None
        and workload.is_complete
        and workload.annotations.get(names.CERT_HASH) == wanted
    )


def _status_fingerprint(request: SyncRequest) -> str | None:
    return as_text(as_map(request.status.get("certificateAuthority")).get("fingerprint"))


def _trace(request: SyncRequest, named: Names) -> str | None:
    """What tells, besides the leaves and the status, that a CA was there before."""
    for workload in request.observed.workloads.values():
        if names.CERT_HASH in workload.annotations or workload.ready > 0:
            return f"{workload.name} was started with it"
    if _seen(request, named) is not None:
        return "a Secret of this name exists"
    return None


def _seen(request: SyncRequest, named: Names) -> dict[str, object] | None:
    """The CA Secret where it exists but is not shown as a child."""
    if named.ca in request.observed.secrets:
        return None
    return request.observed.related.get(kinds.SECRET.group_key, {}).get(named.ca)


def _with_seen(request: SyncRequest, named: Names, made: CertificatePlan) -> CertificatePlan:
    """A hold for a CA that is there but not shown says how to have it shown."""
    seen = _seen(request, named)
    if seen is None or made.hold is None:
        return made
    owner = recovery.foreign_owner(request, seen)
    if owner is not None:
        message = f"Secret {named.ca} belongs to {owner}; give it back or remove it"
    elif recovery.has_our_label(request, seen):
        message = f"waits for Secret {named.ca} to be shown"
    else:
        message = (
            f"Secret {named.ca} exists without the label of this WazuhCluster; label it: "
            f"{recovery.label_command(request, named.ca)}"
        )
    hold = Finding(reason=made.hold.reason, message=message)
    return replace(made, hold=hold, findings=(hold, *made.findings[1:]))
