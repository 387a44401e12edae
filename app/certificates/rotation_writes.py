"""What a rotation writes into ``<c>-ca``: a successor, its promotion, and the end of the old one.

One step a call. A key is destroyed only once its certificate has no leaf left to sign, and no
step makes a key that is not stored together with its certificate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import NameOID

from app.certificates.authority_writes import pem_of
from app.certificates.custom import CustomCa
from app.certificates.issue import new_key, self_signed_ca, serial_number
from app.certificates.observation import (
    NEXT_CERT,
    NEXT_KEY,
    PREVIOUS_CERT,
    Authority,
    Certificates,
    LeafState,
    authority_name,
    generation,
)
from app.certificates.pem import ECDSA_P256, CertificateFacts, key_pem, parse_encoded
from app.certificates.policies import Verdict
from app.certificates.renewal import margin_start
from app.certificates.request import CertificateRequest
from app.certificates.stages import Ground
from app.certificates.wishes import CaWish
from app.certificates.writes import Outcome, changed
from app.names import CA_CERT, CA_KEY, RECREATE_CA, ROTATE_CA, USER_CA
from app.result import Reissue
from app.secret_data import SecretData, encode
from app.stamps import stamped


class Step(StrEnum):
    """Why ``<c>-ca`` is written in a rotation."""

    ROTATION_REQUESTED = "RotationRequested"
    NEXT_UNUSABLE = "NextUnusable"
    PROMOTED = "CAPromoted"
    PRUNED = "CAPruned"
    RECREATED = "CARecreated"
    CUSTOM_CA = "CustomCA"


def staged(ground: Ground, wish: CaWish, verdict: Verdict) -> Outcome:
    """A successor of ours beside the active CA; one that cannot be used is replaced.

    The value of the annotation that asks for one is recorded, so it acts once.
    """
    request, authority = ground.request, ground.authority
    made = _generation(request, wish, _known(authority, ground.view.leaves))
    if made is None:
        return Outcome(secret=authority.secret)
    data = {**authority.secret.data, **encode({NEXT_CERT: made[0], NEXT_KEY: made[1]})}
    is_asked_for = verdict.reason in {Step.ROTATION_REQUESTED, Step.CUSTOM_CA}
    wanted = request.rotate_request
    records = {ROTATE_CA: wanted} if wanted and is_asked_for else {}
    return written(ground, data, verdict, records)


def promoted(ground: Ground, verdict: Verdict) -> Outcome:
    """The successor signs from now on; the old certificate stays trusted, its key is destroyed.

    Where the old CA could not sign any more, what retired before it is still in use and stays too.
    """
    authority, now = ground.authority, ground.request.now
    old = authority.path
    retiring = old if ground.can_sign else (*old, *authority.previous)
    lasting = tuple(one for one in _newest_of_each_key(retiring) if now < margin_start(one))
    data = dict(authority.secret.data)
    data[CA_CERT] = data.pop(NEXT_CERT)
    data.pop(CA_KEY, None)
    data.pop(PREVIOUS_CERT, None)
    if NEXT_KEY in data:  # the key of a CA of the user stays with the user
        data[CA_KEY] = data.pop(NEXT_KEY)
    data |= _previous(lasting)
    return written(ground, data, verdict)


def pruned(ground: Ground, leaving: Certificates, verdict: Verdict) -> Outcome:
    """``<c>-ca`` without the retiring CAs ``leaving``."""
    data = dict(ground.authority.secret.data)
    data.pop(PREVIOUS_CERT, None)
    data |= _previous(one for one in ground.authority.previous if one not in leaving)
    return written(ground, data, verdict)


def recreated(
    request: CertificateRequest,
    leaves: tuple[LeafState, ...],
    lost: CertificateFacts | None,
    wish: CaWish,
    verdict: Verdict,
    custom: CustomCa | None = None,
) -> Outcome | None:
    """``<c>-ca`` after a loss: the lost certificate without its key, and a successor.

    Every other CA of the bundles goes on being trusted. Without a leaf Secret, or where the lost
    CA is about to expire, there is nothing to hand over: the new CA signs at once. None where an
    invalid spec does not say how a CA shall be, or the user's cannot be used.
    """
    bundles = tuple(one for leaf in leaves for one in leaf.bundle or ())
    made = (
        _generation(request, wish, bundles)
        if custom is None
        else (pem_of(custom.path), None)
        if custom.is_usable and request.config is not None
        else None
    )
    if made is None:
        return None
    certificate, key = made
    is_back = (
        custom is not None
        and lost is not None
        and custom.path[-1].spki_fingerprint == lost.spki_fingerprint
    )
    if lost is None or request.now >= margin_start(lost) or is_back:
        data = _pair(CA_CERT, certificate, CA_KEY, key)
    else:
        others = tuple(
            one
            for one in _newest_of_each_key(bundles)
            if one.spki_fingerprint != lost.spki_fingerprint and request.now < margin_start(one)
        )
        data = (
            encode({CA_CERT: lost.pem.encode()})
            | _pair(NEXT_CERT, certificate, NEXT_KEY, key)
            | _previous(others)
        )
    records = {RECREATE_CA: request.recreate_request or ""}
    if request.rotate_request:
        records[ROTATE_CA] = request.rotate_request
    reissue = Reissue(secret=request.names.ca, reason=verdict.reason, message=verdict.message)
    if request.ca is not None:
        ours = {CA_CERT, CA_KEY, NEXT_CERT, NEXT_KEY, PREVIOUS_CERT}
        rest = {name: value for name, value in request.ca.data.items() if name not in ours}
        return changed(
            _with_mark(request.ca, data, custom),
            {**rest, **data},
            now=request.now,
            reissues=(reissue,),
            records=records,
        )
    secret = SecretData(name=request.names.ca, data=data, annotations=records)
    secret = _with_mark(secret, data, custom)
    return Outcome(secret=stamped(secret, None, request.now), is_written=True, reissues=(reissue,))


def _pair(name: str, certificate: bytes, key_name: str, key: bytes | None) -> dict[str, str]:
    """Certificate and key as data; a CA of the user comes without its key."""
    return encode({name: certificate} if key is None else {name: certificate, key_name: key})


def _with_mark(secret: SecretData, data: Mapping[str, str], custom: CustomCa | None) -> SecretData:
    """``secret`` marked with the CAs in ``data`` that are the user's: those without a key here."""
    known = set(secret.annotations.get(USER_CA, "").split(","))
    if custom is not None and custom.path:
        known.add(custom.path[0].spki_fingerprint)
    named = ((CA_CERT, CA_KEY), (NEXT_CERT, NEXT_KEY))
    present = [parse_encoded(data[name]) for name, key in named if name in data and key not in data]
    users = sorted({found[0].spki_fingerprint for found in present if found} & known)
    rest = {name: value for name, value in secret.annotations.items() if name != USER_CA}
    return replace(secret, annotations=rest | ({USER_CA: ",".join(users)} if users else {}))


def _generation(
    request: CertificateRequest, wish: CaWish, known: Iterable[CertificateFacts]
) -> tuple[bytes, bytes] | None:
    """Certificate and key of the next generation: a new key always gets a new DN.

    None where an invalid spec does not say how a CA shall be.
    """
    if wish.name is None:
        return None
    cluster = request.names.cluster
    number = 1 + max((generation(cluster, one) for one in known), default=0)
    algorithm = wish.algorithm or ECDSA_P256
    label = f"{request.names.ca}/{NEXT_KEY}"
    key = new_key(label, algorithm, entropy=request.entropy, rsa_key=request.rsa_key)
    certificate = self_signed_ca(
        _with_common_name(wish.name, authority_name(cluster, number)),
        key,
        now=request.now,
        validity=wish.validity or timedelta(),
        serial=serial_number(f"{request.names.ca}/{NEXT_CERT}", request.entropy),
    )
    return certificate, key_pem(key)


def _with_common_name(name: x509.Name, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(one.oid, common_name) if one.oid == NameOID.COMMON_NAME else one
            for one in name
        ]
    )


def _known(authority: Authority, leaves: tuple[LeafState, ...]) -> Certificates:
    return (*authority.certificates, *(one for leaf in leaves for one in leaf.bundle or ()))


def _newest_of_each_key(found: Iterable[CertificateFacts]) -> Certificates:
    """One certificate a key: two CAs of one name, one about to expire, stop OpenSearch."""
    newest: dict[str, CertificateFacts] = {}
    for one in found:
        known = newest.get(one.spki_fingerprint)
        if known is None or (one.not_after, one.fingerprint) > (known.not_after, known.fingerprint):
            newest[one.spki_fingerprint] = one
    return tuple(newest.values())


def _previous(found: Iterable[CertificateFacts]) -> dict[str, str]:
    text = "".join(one.pem for one in found)
    return encode({PREVIOUS_CERT: text.encode()}) if text else {}


def written(
    ground: Ground,
    data: Mapping[str, str],
    verdict: Verdict,
    records: Mapping[str, str] | None = None,
) -> Outcome:
    """``<c>-ca`` with other ``data``, and with the mark of those CAs in it that are the user's."""
    name, custom = ground.request.names.ca, ground.view.custom
    marked = _with_mark(ground.authority.secret, data, None if custom is None else custom.ca)
    return changed(
        marked,
        data,
        now=ground.request.now,
        reissues=(Reissue(secret=name, reason=verdict.reason, message=verdict.message),),
        verified=ground.authority.is_verified,
        records=records,
    )
