"""Which certificates the cluster needs: keep, renew or issue, or hold.

A call that writes ``<c>-ca`` writes no leaf: leaves are signed only by a CA that is observed,
key and certificate made together in one write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.certificates import authority_writes, leaf_writes
from app.certificates.ca_policies import CA_RENEWALS, CA_RULES, HOLDS, CaInput, CaReason
from app.certificates.leaf_policies import LEAF_RULES, LeafInput
from app.certificates.observation import (
    NEXT_CERT,
    Authority,
    foreign_ca,
    leaf_certificates,
    lost_ca,
)
from app.certificates.policies import Verdict, first_reason, moment
from app.certificates.request import CertificatePlan, CertificateRequest, Finding, Stage
from app.certificates.view import View, next_due, renewal_times, stage, trace, view
from app.certificates.writes import Outcome
from app.names import RENEW_CERTIFICATES, Role

__all__ = ["CertificatePlan", "CertificateRequest", "Finding", "Stage", "plan"]


def plan(request: CertificateRequest) -> CertificatePlan:
    """The next write of each Secret, from what is observed; a pure function of the request.

    Whatever bytes people put into a Secret, nothing is raised: it is reissued, held or named.
    """
    observed = view(request)
    verdict = first_reason(CA_RULES, _ca_input(request, observed))
    authority = observed.authority
    if verdict is not None and verdict.reason in HOLDS:
        return _held(request, observed, verdict)
    if authority is None:
        made = Verdict(reason=CaReason.CA_MISSING, message="") if verdict is None else verdict
        ca = authority_writes.generated(request, observed.ca_wish, made)
        return _summary(request, observed, ca, _kept_leaves(observed))
    if verdict is not None and verdict.reason in CA_RENEWALS:
        ca = authority_writes.renewed(request, authority, observed.ca_wish, verdict)
        if ca.is_written:
            return _summary(request, observed, ca, _kept_leaves(observed))
        said = _said_of_the_ca(request, authority, None)
    else:
        ca = authority_writes.kept(request, authority)
        said = _said_of_the_ca(request, authority, verdict)
    leaves = _leaf_outcomes(request, observed, authority)
    return _summary(request, observed, ca, leaves, said=said)


def _ca_input(request: CertificateRequest, observed: View) -> CaInput:
    authority = observed.authority
    return CaInput(
        secret=request.names.ca,
        authority=authority,
        wish=observed.ca_wish,
        now=request.now,
        uid=request.uid,
        trace=trace(request, observed.leaves) if authority is None else None,
        foreign=(
            None
            if authority is None or authority.active is None
            else foreign_ca(authority, observed.leaves, request.now)
        ),
        leaf_due=observed.leaf_due,
    )


def _held(request: CertificateRequest, observed: View, verdict: Verdict) -> CertificatePlan:
    """Everything observed as it is; what a person has to do stands in the condition."""
    lost = lost_ca(request.names.cluster, observed.leaves)
    fingerprint = request.status_fingerprint if lost is None else lost.fingerprint
    hold = authority_writes.hold(request, verdict, fingerprint)
    ca = Outcome(secret=request.ca)
    leaves = tuple(leaf_writes.held(request, leaf) for leaf in observed.leaves)
    said = (hold, *_expired_leaves(request, observed))
    return _summary(request, observed, ca, leaves, said=said, hold=hold)


def _kept_leaves(observed: View) -> tuple[Outcome, ...]:
    return tuple(leaf_writes.kept(leaf) for leaf in observed.leaves)


def _said_of_the_ca(
    request: CertificateRequest, authority: Authority, verdict: Verdict | None
) -> tuple[Finding, ...]:
    """What the condition says of a CA that is not written in this call."""
    found: list[Finding] = []
    if verdict is not None:
        warns = verdict.reason == CaReason.CA_ALGORITHM
        found.append(Finding(reason=verdict.reason, message=verdict.message, warns=warns))
    if NEXT_CERT in authority.secret.data and not authority.has_usable_next_key:
        message = f"{NEXT_CERT} of Secret {request.names.ca} is no CA with its key beside it"
        found.append(Finding(reason="NextUnusable", message=message))
    config = request.config
    if config is not None and (
        config.renewal_threshold_days >= config.validity_days
        or config.ca_renewal_threshold_days >= config.ca_validity_days
    ):
        message = "a renewal threshold is not below its validity: a third of the lifetime is used"
        found.append(Finding(reason="RenewalThreshold", message=message, warns=True))
    return tuple(found)


def _expired_leaves(request: CertificateRequest, observed: View) -> Iterator[Finding]:
    for secret, certificate in leaf_certificates(observed.leaves).items():
        if request.now > certificate.not_after:
            message = f"Secret {secret}: it expired on {moment(certificate.not_after)}"
            yield Finding(reason="Expired", message=message)


def _leaf_outcomes(
    request: CertificateRequest, observed: View, authority: Authority
) -> tuple[Outcome, ...]:
    """Each leaf's chain first, then one signer for all that it finds."""
    inputs = _leaf_inputs(request, observed, authority)
    verdicts = [None if value is None else first_reason(LEAF_RULES, value) for value in inputs]
    context = leaf_writes.Context(
        request=request,
        bundle=authority.bundle(request.now),
        signer=authority_writes.signer(authority, request.now) if any(verdicts) else None,
    )
    return tuple(
        leaf_writes.written(context, leaf, value, verdict)
        for leaf, value, verdict in zip(observed.leaves, inputs, verdicts, strict=True)
    )


def _leaf_inputs(
    request: CertificateRequest, observed: View, authority: Authority
) -> tuple[LeafInput | None, ...]:
    """A leaf may be of the active CA, which signs, or already of its staged successor."""
    candidates = (authority.active, authority.next)
    signers = tuple(certificate for certificate in candidates if certificate is not None)
    return tuple(
        None
        if wish is None
        else LeafInput(
            state=leaf,
            wish=wish,
            signers=signers,
            now=request.now,
            uid=request.uid,
            pulled=observed.leaf_due,
            request=request.renew_request,
            recorded=(
                None if leaf.observed is None else leaf.observed.annotations.get(RENEW_CERTIFICATES)
            ),
        )
        for leaf, wish in zip(observed.leaves, observed.leaf_wishes, strict=True)
    )


def _summary(
    request: CertificateRequest,
    observed: View,
    ca: Outcome,
    leaves: Sequence[Outcome],
    *,
    said: tuple[Finding, ...] = (),
    hold: Finding | None = None,
) -> CertificatePlan:
    """The answer: what is emitted, and the facts of what is observed."""
    authority = observed.authority
    active = None if authority is None else authority.active
    outcomes = (ca, *leaves)
    times = renewal_times(request, observed)
    leaf_facts = leaf_certificates(observed.leaves)
    ends = [found.not_after for found in (active, *leaf_facts.values()) if found is not None]
    return CertificatePlan(
        secrets=tuple((Role.PKI, item.secret) for item in outcomes if item.secret is not None),
        rewritten=frozenset(
            item.secret.name for item in outcomes if item.is_written and item.secret is not None
        ),
        reissues=tuple(reissue for item in outcomes for reissue in item.reissues),
        hold=hold,
        findings=(*said, *(finding for item in outcomes for finding in item.findings)),
        ca=active,
        next_ca=None if authority is None else authority.next,
        previous_cas=() if authority is None else authority.previous,
        stage=stage(observed),
        leaf_facts=leaf_facts,
        renewal_times=times,
        next_due=next_due(request, observed, times),
        earliest_expiry=min(ends, default=None),
    )
