"""The Secret ``<c>-ca``: made once, kept, renewed with the same key, or waited for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app.certificates.ca_policies import CaReason, ca_validity
from app.certificates.custom import CustomCa
from app.certificates.issue import Signer, new_key, renewed_ca, self_signed_ca, serial_number
from app.certificates.observation import NEXT_KEY, Authority, Certificates
from app.certificates.pem import (
    ECDSA_P256,
    CertificateFacts,
    PrivateKey,
    key_pem,
    load_key,
    spki_fingerprint,
)
from app.certificates.policies import Verdict
from app.certificates.request import CertificateRequest, Finding
from app.certificates.wishes import CaWish
from app.certificates.writes import Outcome, changed, unchanged
from app.names import CA_CERT, CA_KEY, LABEL_CONTROLLER_UID, RECREATE_CA, ROTATE_CA, USER_CA
from app.result import Reissue
from app.secret_data import SecretData, encode
from app.stamps import stamped

ISSUING: Final = "Issuing"
#: Holds that end with a new CA where a person gives the lost one up.
RECREATABLE: Final = frozenset({CaReason.CA_SECRET_MISSING, CaReason.CA_FOREIGN})
#: Value of `wazuh.com/recreate-ca` where nothing tells which CA was lost.
UNKNOWN: Final = "unknown"


def generated(
    request: CertificateRequest, wish: CaWish, verdict: Verdict, custom: CustomCa | None = None
) -> Outcome:
    """A CA for a new cluster; nothing where an invalid spec does not say how it shall be.

    ``custom``: the user's CA, of which only the certificate is taken, and which is waited for.

    A rotation that stands on the WazuhCluster already is recorded, so it does not fire.
    """
    name = request.names.ca
    if custom is not None:
        return _taken_over(request, custom, verdict)
    if wish.name is None:
        message = f"Secret {name} is made when the spec is valid"
        return Outcome(secret=None, findings=(Finding(reason=ISSUING, message=message),))
    label = f"{name}/{CA_KEY}"
    key = new_key(
        label, wish.algorithm or ECDSA_P256, entropy=request.entropy, rsa_key=request.rsa_key
    )
    certificate = self_signed_ca(
        wish.name,
        key,
        now=request.now,
        validity=wish.validity or timedelta(),
        serial=serial_number(f"{name}/{CA_CERT}", request.entropy),
    )
    secret = SecretData(
        name=name,
        data=encode({CA_CERT: certificate, CA_KEY: key_pem(key)}),
        annotations={ROTATE_CA: request.rotate_request} if request.rotate_request else {},
    )
    return Outcome(
        secret=stamped(secret, None, request.now),
        is_written=True,
        reissues=(Reissue(secret=name, reason=verdict.reason, message=verdict.message),),
        findings=(Finding(reason=ISSUING, message=f"Secret {name} is made; leaves follow"),),
    )


def _taken_over(request: CertificateRequest, custom: CustomCa, verdict: Verdict) -> Outcome:
    """The certificate of the user's CA, without its key; nothing while that CA is unusable."""
    if not custom.is_usable or request.config is None:
        return Outcome(secret=None)
    name = request.names.ca
    message = f"the CA of Secret {custom.secret} is taken over"
    records = {ROTATE_CA: request.rotate_request} if request.rotate_request else {}
    secret = SecretData(
        name=name,
        data=encode({CA_CERT: pem_of(custom.path)}),
        annotations={**records, USER_CA: custom.path[0].spki_fingerprint},
    )
    return Outcome(
        secret=stamped(secret, None, request.now),
        is_written=True,
        reissues=(Reissue(secret=name, reason=verdict.reason, message=message),),
        findings=(Finding(reason=ISSUING, message=f"Secret {name} is made; leaves follow"),),
    )


def pem_of(path: Certificates) -> bytes:
    """Certificates one after the other."""
    return "".join(one.pem for one in path).encode()


def kept(request: CertificateRequest, authority: Authority) -> Outcome:
    """The observed CA as it is."""
    return unchanged(
        authority.secret,
        now=request.now,
        proven=authority.proven,
        verified=authority.is_verified,
    )


def renewed(
    request: CertificateRequest, authority: Authority, wish: CaWish, verdict: Verdict
) -> Outcome:
    """A new certificate for the same key, DN and SKI; everything else in the Secret stays."""
    active, name = authority.active, request.names.ca
    key = _key(authority)
    if active is None or key is None:
        message = f"{CA_KEY} of Secret {name} cannot be used; {verdict.message}"
        finding = Finding(reason=CaReason.SIGNING_KEY_MISSING, message=message)
        return Outcome(secret=authority.secret, findings=(finding,))
    certificate = renewed_ca(
        active,
        key,
        now=request.now,
        validity=ca_validity(wish, active),
        serial=serial_number(f"{name}/{CA_CERT}", request.entropy),
    )
    outcome = changed(
        authority.secret,
        {**authority.secret.data, **encode({CA_CERT: certificate})},
        now=request.now,
        reissues=(Reissue(secret=name, reason=verdict.reason, message=verdict.message),),
        verified=authority.is_verified,
    )
    if verdict.reason != CaReason.CA_EXPIRED:
        return outcome
    said = Finding(reason=verdict.reason, message=f"Secret {name}: {verdict.message}")
    return Outcome(
        secret=outcome.secret,
        is_written=outcome.is_written,
        reissues=outcome.reissues,
        findings=(said, *outcome.findings),
    )


def signer(authority: Authority, now: datetime) -> Signer | None:
    """The active CA with its key; None where it cannot sign: no key, or expired."""
    active = authority.active
    if active is None or now > active.not_after or not authority.has_usable_key:
        return None
    key = _key(authority)
    return None if key is None else _signer(active, key, authority.path)


def successor(authority: Authority) -> Signer | None:
    """The staged successor with its key; None where it cannot sign."""
    if authority.next is None or not authority.has_usable_next_key:
        return None
    key = _key_of(authority, NEXT_KEY, authority.next)
    return None if key is None else _signer(authority.next, key, authority.next_path)


def _signer(certificate: CertificateFacts, key: PrivateKey, path: Certificates) -> Signer:
    return Signer(certificate=certificate, key=key, intermediates=path[:-1])


def hold(request: CertificateRequest, verdict: Verdict, fingerprint: str | None) -> Finding:
    """The finding of a hold: what is wrong, that nothing is done, and how to go on.

    ``fingerprint``: of the CA that is waited for, where anything tells it.
    """
    if verdict.reason == CaReason.CLOCK_SKEW:
        action = "nothing is issued until the clock is right"
    else:
        wanted = "" if fingerprint is None else f" (fingerprint {fingerprint})"
        action = (
            f"nothing is issued until the right one{wanted} is back. "
            f"From files of a backup: {_restore_command(request)}"
        )
    if verdict.reason in RECREATABLE:
        expected = fingerprint or UNKNOWN
        action += (
            " Or give the lost one up, for a new one that takes over in stages: "
            f"{annotate_command(request, RECREATE_CA, expected)}"
        )
        if request.recreate_request and request.recreate_request != expected:
            action += f" (the annotation has another value, which does nothing: {expected} counts)"
    return Finding(reason=verdict.reason, message=f"{verdict.message}; {action}")


def annotate_command(request: CertificateRequest, annotation: str, value: str) -> str:
    """Sets an annotation of the WazuhCluster."""
    return (
        f"kubectl -n {request.names.namespace} annotate wazuhcluster {request.names.cluster} "
        f"--overwrite {annotation}={value}"
    )


def _key(authority: Authority) -> PrivateKey | None:
    return None if authority.active is None else _key_of(authority, CA_KEY, authority.active)


def _key_of(authority: Authority, name: str, certificate: CertificateFacts) -> PrivateKey | None:
    """The key of ``certificate``, looked at once more: what it signs must verify."""
    lent = None if authority.keeper is None else authority.keeper.key_of(certificate)
    raw = authority.secret.value(name) if lent is None else lent
    key = None if raw is None else load_key(raw, ours=authority.proven or lent is not None)
    if key is None:
        return None
    fits = spki_fingerprint(key.public_key()) == certificate.spki_fingerprint
    return key if fits else None


def _restore_command(request: CertificateRequest) -> str:
    """Puts the Secret back so that the hook sees it: our caller's label, no owner.

    A Secret without that label is invisible to it, and one whose ownerReference names a uid that
    is gone is collected as garbage.
    """
    name, namespace = request.names.ca, request.names.namespace
    return (
        f"kubectl -n {namespace} create secret generic {name} --from-file={CA_CERT} "
        f"--from-file={CA_KEY} --dry-run=client -o yaml | kubectl label --local -f - "
        f"{LABEL_CONTROLLER_UID}={request.uid} -o yaml | kubectl apply -f -"
    )
