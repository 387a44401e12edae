"""The next step of a rotation of the CA, and what is said while it waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from app.certificates import custom_rotation, rotation_writes
from app.certificates.authority_writes import annotate_command
from app.certificates.observation import NEXT_CERT, Authority, is_authority
from app.certificates.pem import CertificateFacts
from app.certificates.policies import Verdict, moment
from app.certificates.request import CertificateRequest, Finding, Stage
from app.certificates.rotation_writes import Step
from app.certificates.stages import Ground
from app.certificates.view import View
from app.certificates.writes import Outcome
from app.names import CA_KEY, ROTATE_CA

#: Reason of what is said while a rotation is under way or waits for its turn.
ROTATING = "Rotating"
#: What each stage does, in words.
_DOES = {
    Stage.TRUST: "every pod learns to trust the next CA",
    Stage.REISSUE: "certificates of the new CA are rolled out",
    Stage.PRUNE: "the old CA leaves the Secrets",
}


def next_write(ground: Ground) -> Outcome | None:
    """The write of ``<c>-ca`` that the stage asks for now; None: it waits, or is steady."""
    match ground.stage:
        case Stage.TRUST:
            return custom_rotation.turned(ground) or _in_trust(ground)
        case Stage.REISSUE:
            return _in_reissue(ground) or _asked_for(ground)
        case _:
            return _asked_for(ground)


def recreated(
    request: CertificateRequest, observed: View, lost: CertificateFacts | None
) -> Outcome | None:
    """``<c>-ca`` made anew because a person gave the lost CA up; None without a valid spec."""
    verdict = Verdict(
        reason=Step.RECREATED,
        message="a person gave the lost CA up: a new one takes over in stages"
        if lost is not None
        else "a person gave the lost CA up, and nothing is left to hand over",
    )
    custom = None if observed.custom is None else observed.custom.ca
    wish = observed.ca_wish
    made = rotation_writes.recreated(request, observed.leaves, lost, wish, verdict, custom)
    if made is None or made.secret is None or NEXT_CERT in made.secret.data:
        return made
    message = (
        f"Secret {request.names.ca}: no certificate of the lost CA can be handed over, so pods do "
        "not trust each other until every tier has rolled"
    )
    said = Finding(reason=Step.RECREATED, message=message)
    return Outcome(
        secret=made.secret,
        is_written=made.is_written,
        reissues=made.reissues,
        findings=(said, *made.findings),
    )


def findings(ground: Ground) -> Iterator[Finding]:
    """What the condition says of a stage that waits, and of a rotation that was asked for."""
    stage = ground.stage
    if stage in _DOES:
        waits = _waits_for(ground)
        message = f"rotation of the CA: {_DOES[stage]}{waits}"
        yield Finding(reason=ROTATING, message=message, warns=True)
    if stage is Stage.TRUST and not ground.can_sign:
        is_planned = ground.authority.is_users
        message = _unsigned(ground)
        yield Finding(reason="SigningKeyMissing", message=message, warns=is_planned)
    if custom_rotation.is_wanted(ground) and stage is not Stage.TRUST:
        waits = ", ".join(ground.unsettled) if stage is Stage.STEADY else "the present rotation"
        message = f"the change to another CA waits for {waits or 'the next step'}"
        yield Finding(reason=ROTATING, message=message, warns=True)
    if _is_asked_for(ground):
        if stage is Stage.STEADY:
            waits = ", ".join(ground.unsettled) or "a valid spec"
            message = f"the rotation asked for by {ROTATE_CA} waits for {waits}"
        else:
            message = (
                f"the rotation asked for by {ROTATE_CA} waits until the present one is through"
            )
        yield Finding(reason=ROTATING, message=message, warns=True)


def deadline(ground: Ground) -> datetime | None:
    """When the stage ends by time alone."""
    return ground.promotion_deadline if ground.stage is Stage.TRUST else None


def is_waiting(ground: Ground) -> bool:
    """Whether a stage, or a rotation that was asked for, waits for something."""
    custom = ground.view.custom
    return (
        ground.stage is not Stage.STEADY
        or _is_asked_for(ground)
        or custom_rotation.is_wanted(ground)
        or (custom is not None and bool(custom.problems))
    )


def way_out(ground: Ground) -> str:
    """How a cluster whose CA has lost its key goes on."""
    active = ground.authority.active
    value = "key-lost" if active is None else f"key-lost-{active.fingerprint[:12]}"
    command = annotate_command(ground.request, ROTATE_CA, value)
    return f"restore {CA_KEY}, or have a new CA take over in stages: {command}"


def _in_trust(ground: Ground) -> Outcome | None:
    authority = ground.authority
    is_given = ground.view.custom is not None or authority.is_next_users
    if is_given and not authority.has_usable_next_key:
        if not custom_rotation.is_ready_without_key(ground):
            return None
    elif not authority.has_usable_next_key:
        what = "its key is missing or of another certificate" if _has_next(authority) else "no CA"
        message = f"the staged successor cannot be used ({what}); nothing was issued by it"
        verdict = Verdict(reason=Step.NEXT_UNUSABLE, message=message)
        return rotation_writes.staged(ground, ground.view.ca_wish, verdict)
    if ground.is_done:
        message = "every pod trusts the next CA: it signs from now on"
    elif ground.is_overdue:
        message = "the old CA is about to expire: the next one signs from now on"
    else:
        return None
    return rotation_writes.promoted(ground, Verdict(reason=Step.PROMOTED, message=message))


def _in_reissue(ground: Ground) -> Outcome | None:
    if ground.is_done:
        verdict = Verdict(reason=Step.PRUNED, message="nothing uses the old CA any more")
        return rotation_writes.pruned(ground, ground.authority.previous, verdict)
    if ground.expiring:
        verdict = Verdict(reason=Step.PRUNED, message="the old CA is about to expire")
        return rotation_writes.pruned(ground, ground.expiring, verdict)
    return None


def _asked_for(ground: Ground) -> Outcome | None:
    if custom_rotation.is_wanted(ground):
        return custom_rotation.begun(ground)
    if not _is_asked_for(ground) or not ground.may_begin:
        return None
    verdict = Verdict(
        reason=Step.ROTATION_REQUESTED, message=f"asked for by the annotation {ROTATE_CA}"
    )
    return rotation_writes.staged(ground, ground.view.ca_wish, verdict)


def _is_asked_for(ground: Ground) -> bool:
    """Whether the annotation has a value that was not acted upon."""
    wanted = ground.request.rotate_request
    if ground.view.custom is not None or ground.authority.is_users:
        return False
    return bool(wanted) and wanted != ground.authority.secret.annotations.get(ROTATE_CA)


def _has_next(authority: Authority) -> bool:
    return authority.next is not None and is_authority(authority.next)


def _waits_for(ground: Ground) -> str:
    if ground.stage is Stage.PRUNE:
        return ""
    if not ground.has_every_leaf:
        behind = ground.left_behind
        return f"; Secrets still to follow: {', '.join(behind)}" if behind else "; Secrets follow"
    return f"; waits for {', '.join(ground.unsettled)}" if ground.unsettled else ""


def _unsigned(ground: Ground) -> str:
    what = f"{CA_KEY} of Secret {ground.request.names.ca} is missing"
    if ground.authority.is_users:
        what = "the key of the CA that goes is not at hand any more"
    text = f"{what}: nothing is issued until"
    until = ground.promotion_deadline
    by = "" if until is None else f", at the latest on {moment(until)}"
    return f"{text} the next CA takes over{by}"
