"""What the condition says of the user's own certificates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.certificates import custom_view
from app.certificates.custom_view import Custom
from app.certificates.pem import CertificateFacts
from app.certificates.policies import moment
from app.certificates.renewal import window
from app.certificates.request import CertificateRequest, Finding
from app.certificates.view import View
from app.names import CA_CERT, ROTATE_CA

NEAR_EXPIRY: Final = "CustomCertificateNearExpiry"
WAITS: Final = "CustomCertificateWaits"
STILL_USED: Final = "CustomCertificateStillUsed"
NAMESAKE: Final = "CustomCANamesake"
NAMES_MISSING: Final = "CustomCertificateNames"


def said(request: CertificateRequest, observed: View) -> Iterator[Finding]:
    """Problems, waits, ends to come, and names that are missing, in this order."""
    if request.config is not None and custom_view.is_stuck(request, observed.custom):
        yield Finding(reason=STILL_USED, message=_still_used(request))
    custom = observed.custom
    if custom is None:
        return
    for problem in custom.problems:
        message = f"{problem.message}; what is there stays, and nothing takes its place"
        yield Finding(reason=problem.reason, message=message)
    yield from _waiting(request, observed, custom)
    for secret, certificate, threshold in custom_view.watched(request, custom):
        begin = certificate.not_after - window(certificate, threshold)
        if begin <= request.now <= certificate.not_after:
            message = (
                f"Secret {secret}: {certificate.common_name} expires on "
                f"{moment(certificate.not_after)}; it is yours to renew"
            )
            yield Finding(reason=NEAR_EXPIRY, message=message, warns=True)
    yield from _without_names(observed, custom)
    active = None if observed.authority is None else observed.authority.active
    if custom.ca.is_usable and active is not None and _is_namesake(custom.ca.path[0], active):
        message = (
            f"Secret {custom.ca.secret}: the CA has the name of the present one and another key; "
            "programs tell them apart by their key identifiers only: a name of its own is safer"
        )
        yield Finding(reason=NAMESAKE, message=message, warns=True)
    if _asks_for_rotation(request, observed):
        message = (
            f"{ROTATE_CA} does nothing here, the CA is yours: put another into "
            f"Secret {custom.ca.secret}"
        )
        yield Finding(reason="CustomCA", message=message, warns=True)


def _waiting(request: CertificateRequest, observed: View, custom: Custom) -> Iterator[Finding]:
    """Leaves of the user that can be used and are not yet."""
    authority = observed.authority
    for name, one in custom.leaves.items():
        if name in observed.users or one.problem is not None:
            continue
        where = f"Secret {one.given.secret}"
        if authority is not None and not one.covers(authority.bundle(request.now)):
            message = (
                f"{where} waits: its {CA_CERT} must hold every CA that is in use now, the one that "
                f"goes and the one that comes, as {CA_CERT}, next.crt and previous.crt of "
                f"Secret {request.names.ca} show them"
            )
        elif not custom_view.is_accepted(request, one):
            message = f"{where} waits until the indexers accept its subject"
        else:
            message = f"{where} waits until the pods trust its CA"
        yield Finding(reason=WAITS, message=message, warns=True)


def _without_names(observed: View, custom: Custom) -> Iterator[Finding]:
    """Leaves by whose names nobody can call their Service."""
    for plan in observed.plans:
        one = custom.leaves.get(plan.name)
        if one is None or one.problem is not None or one.certificate is None:
            continue
        missing = [name for name in plan.required_names if not _has_name(one.certificate, name)]
        if missing:
            message = (
                f"Secret {one.given.secret}: names of a Service are missing in its certificate: "
                f"{', '.join(missing)}"
            )
            yield Finding(reason=NAMES_MISSING, message=message, warns=True)


def _has_name(certificate: CertificateFacts, name: str) -> bool:
    """Whether a certificate is good for ``name``; a wildcard stands for one label."""
    _, _, rest = name.partition(".")
    return bool({name, f"*.{rest}"} & certificate.dns_names)


def _is_namesake(new: CertificateFacts, active: CertificateFacts) -> bool:
    return new.subject == active.subject and new.spki_fingerprint != active.spki_fingerprint


def _asks_for_rotation(request: CertificateRequest, observed: View) -> bool:
    wanted, authority = request.rotate_request, observed.authority
    if not wanted or authority is None:
        return False
    return wanted != authority.secret.annotations.get(ROTATE_CA)


def _still_used(request: CertificateRequest) -> str:
    secrets = ", ".join(sorted(set(request.foreign.values())))
    return (
        f"pods still read {secrets}, which spec.tls.customCerts names no longer; they go on with "
        "it, for nothing in its place would be trusted: put the references back. To leave your "
        "own leaves, first let caSecretRef name a CA with its key, then take the references out"
    )
