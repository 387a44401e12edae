"""The certificate plan of one request: what is observed, in the terms of `app.certificates`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app import kinds, names
from app.certificates.issue import RsaKeyFactory, generate_rsa_key
from app.certificates.leaves import leaf_plans
from app.certificates.plan import CertificatePlan, CertificateRequest, Finding
from app.certificates.quiet import quiet_plan
from app.credentials import recovery
from app.entropy import Entropy
from app.names import Names
from app.observed.request import SyncRequest, as_map, as_text
from app.schema.tls import CertConfig


def certificate_plan(
    request: SyncRequest,
    named: Names,
    config: CertConfig | None,
    *,
    now: datetime,
    entropy: Entropy,
    accepted: frozenset[str] | None = None,
    rsa_key: RsaKeyFactory = generate_rsa_key,
) -> CertificatePlan:
    """What becomes of the CA and of each leaf.

    ``config``: ``spec.tls.certConfig``; None where the spec is invalid. ``accepted``:
    distinguished names that the running indexers accept, None where there is none to ask.
    ``rsa_key``: where RSA keys come from.
    """
    observed = request.observed
    leaves = {
        leaf.secret: observed.secrets[leaf.secret]
        for leaf in leaf_plans(named, None)
        if leaf.secret in observed.secrets
    }
    made = quiet_plan(
        CertificateRequest(
            names=named,
            uid=request.uid,
            now=now,
            entropy=entropy,
            config=config,
            ca=observed.secrets.get(named.ca),
            leaves=leaves,
            trace=_trace(request, named),
            status_fingerprint=_status_fingerprint(request),
            renew_request=request.annotations.get(names.RENEW_CERTIFICATES),
            rotate_request=request.annotations.get(names.ROTATE_CA),
            accepted_dns=accepted,
            rsa_key=rsa_key,
        )
    )
    return _with_seen(request, named, made)


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
