"""Which certificates the cluster needs: keep, renew or issue, or hold.

A call that writes ``<c>-ca`` writes no leaf: leaves are signed only by a CA that is observed,
key and certificate made together in one write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.certificates import (
    authority_writes,
    custom_findings,
    custom_rotation,
    custom_view,
    leaf_writes,
    rotation,
)
from app.certificates.ca_policies import CA_RENEWALS, CA_RULES, HOLDS, CaInput, CaReason
from app.certificates.custom_view import Custom
from app.certificates.leaf_policies import LEAF_RULES, LeafInput
from app.certificates.observation import (
    Authority,
    Certificates,
    foreign_ca,
    leaf_certificates,
    lost_ca,
)
from app.certificates.pem import CertificateFacts, distinguished_name
from app.certificates.policies import Verdict, first_reason, moment
from app.certificates.request import CertificatePlan, CertificateRequest, Finding, Stage
from app.certificates.stages import Ground
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
        custom = None if observed.custom is None else observed.custom.ca
        first = authority_writes.generated(request, observed.ca_wish, made, custom)
        return _summary(request, observed, first, _kept_leaves(observed))
    ground = Ground(request=request, view=observed, authority=authority)
    ca = _next_write(ground, verdict) or authority_writes.kept(request, authority)
    if ca.is_written:
        return _summary(request, observed, ca, _kept_leaves(observed), ground=ground)
    said = (*_said_of_the_ca(ground, verdict), *rotation.findings(ground))
    return _summary(request, observed, ca, _leaf_outcomes(ground), said=said, ground=ground)


def _next_write(ground: Ground, verdict: Verdict | None) -> Outcome | None:
    """The one write of ``<c>-ca`` that is due; None: none. A renewal comes before a rotation."""
    followed = custom_rotation.followed(ground)
    if followed is not None:
        return followed
    if verdict is None or verdict.reason not in CA_RENEWALS:
        return rotation.next_write(ground)
    wish = ground.view.ca_wish
    renewed = authority_writes.renewed(ground.request, ground.authority, wish, verdict)
    step = None if renewed.is_written else rotation.next_write(ground)
    return step if step is not None and step.is_written else renewed


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
        successor_has_signed=authority is not None
        and Ground(request=request, view=observed, authority=authority).signed_by_successor,
    )


def _held(request: CertificateRequest, observed: View, verdict: Verdict) -> CertificatePlan:
    """Everything observed as it is; what a person has to do stands in the condition.

    Unless a person has given the lost CA up, by the value that the condition names.
    """
    lost = lost_ca(request.names.cluster, observed.leaves)
    fingerprint = request.status_fingerprint if lost is None else lost.fingerprint
    if verdict.reason in authority_writes.RECREATABLE and request.recreate_request == (
        fingerprint or authority_writes.UNKNOWN
    ):
        made = rotation.recreated(request, observed, lost)
        if made is not None:
            return _summary(request, observed, made, _kept_leaves(observed))
    hold = authority_writes.hold(request, verdict, fingerprint)
    ca = Outcome(secret=request.ca)
    leaves = tuple(leaf_writes.held(request, leaf) for leaf in observed.leaves)
    said = (hold, *_expired_leaves(request, observed))
    return _summary(request, observed, ca, leaves, said=said, hold=hold)


def _kept_leaves(observed: View) -> tuple[Outcome, ...]:
    return tuple(leaf_writes.kept(leaf) for leaf in observed.leaves)


def _said_of_the_ca(ground: Ground, verdict: Verdict | None) -> tuple[Finding, ...]:
    """What the condition says of a CA that is not written in this call."""
    request = ground.request
    found: list[Finding] = []
    if verdict is not None and verdict.reason not in CA_RENEWALS:
        warns = verdict.reason == CaReason.CA_ALGORITHM
        message = verdict.message
        if verdict.reason == CaReason.SIGNING_KEY_MISSING:
            message = f"{message}; {rotation.way_out(ground)}"
        found.append(Finding(reason=verdict.reason, message=message, warns=warns))
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


def _leaf_outcomes(ground: Ground) -> tuple[Outcome, ...]:
    """Each leaf's chain first, then one signer for all that it finds."""
    request, observed, authority = ground.request, ground.view, ground.authority
    inputs = _leaf_inputs(request, observed, authority, ground.users_paths)
    verdicts = [None if value is None else first_reason(LEAF_RULES, value) for value in inputs]
    signs = any(verdicts)
    context = leaf_writes.Context(
        request=request,
        bundle=ground.bundle,
        signer=authority_writes.signer(authority, request.now) if signs else None,
        absent_signer=authority_writes.successor(authority)
        if signs and ground.absent_leaf_signer is not None
        else None,
    )
    return tuple(
        leaf_writes.written(context, leaf, value, verdict)
        for leaf, value, verdict in zip(observed.leaves, inputs, verdicts, strict=True)
    )


def _leaf_inputs(
    request: CertificateRequest,
    observed: View,
    authority: Authority,
    paths: tuple[Certificates, ...],
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
            paths=paths,
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
    ground: Ground | None = None,
) -> CertificatePlan:
    """The answer: what is emitted, and the facts of what is observed."""
    authority = observed.authority
    active = None if authority is None else authority.active
    outcomes = (ca, *leaves, *_retired(observed, ground))
    times = renewal_times(request, observed)
    custom = observed.custom
    leaf_facts = {**leaf_certificates(observed.leaves), **_given_leaves(observed)}
    watched = (active, *leaf_facts.values(), *(() if custom is None else custom.ca.path))
    ends = [found.not_after for found in watched if found is not None]
    return CertificatePlan(
        secrets=tuple((Role.PKI, item.secret) for item in outcomes if item.secret is not None),
        rewritten=frozenset(
            item.secret.name for item in outcomes if item.is_written and item.secret is not None
        ),
        reissues=tuple(reissue for item in outcomes for reissue in item.reissues),
        hold=hold,
        findings=(
            *said,
            *(finding for item in outcomes for finding in item.findings),
            *custom_findings.said(request, observed),
        ),
        ca=active,
        next_ca=None if authority is None else authority.next,
        previous_cas=() if authority is None else authority.previous,
        stage=stage(observed),
        leaf_facts=leaf_facts,
        renewal_times=times,
        next_due=next_due(
            request, observed, times, None if ground is None else rotation.deadline(ground)
        ),
        is_waiting=(ground is not None and rotation.is_waiting(ground))
        or (custom is not None and bool(custom.problems)),
        earliest_expiry=min(ends, default=None),
        mounts=observed.mounts,
        unusable=observed.unusable,
        given_subjects=_given_subjects(custom),
        is_stuck=custom_view.is_stuck(request, custom),
    )


def _retired(observed: View, ground: Ground | None) -> Iterator[Outcome]:
    """Leaf Secrets of ours that the user's have replaced: kept until no pod can read them."""
    is_over = ground is not None and ground.stage is Stage.STEADY and not ground.unsettled
    if not is_over:
        yield from (Outcome(secret=one) for one in observed.retired)


def _given_leaves(observed: View) -> dict[str, CertificateFacts]:
    """Leaves of the user that pods read, by the name of their Secret."""
    return {
        one.given.secret: one.certificate
        for one in observed.custom_leaves
        if one.certificate is not None
    }


def _given_subjects(custom: Custom | None) -> dict[str, str]:
    if custom is None:
        return {}
    return {
        name: distinguished_name(one.certificate.subject)
        for name, one in custom.leaves.items()
        if one.certificate is not None and one.problem is None
    }
