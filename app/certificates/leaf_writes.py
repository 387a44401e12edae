"""The leaf Secrets: kept, reissued, or changed in their bundle or the form of their key only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.certificates.issue import Signer, leaf, new_key, serial_number
from app.certificates.leaf_policies import KEEPS_KEY, LeafInput, LeafReason
from app.certificates.observation import Certificates, LeafState, path_of
from app.certificates.pem import (
    PrivateKey,
    key_algorithm,
    key_pem,
    load_key,
)
from app.certificates.policies import Verdict
from app.certificates.renewal import margin_start
from app.certificates.request import CertificateRequest, Finding
from app.certificates.writes import Outcome, changed, unchanged
from app.names import CA_CERT, RENEW_CERTIFICATES, TLS_CERT, TLS_KEY
from app.result import Reissue
from app.secret_data import TLS, SecretData, encode
from app.stamps import stamped

ISSUING: Final = "Issuing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What all leaves of one call share.

    ``signer``: None where nothing can be signed. ``absent_signer``: who then signs absent leaves.
    """

    request: CertificateRequest
    bundle: Certificates
    signer: Signer | None
    absent_signer: Signer | None = None


def kept(state: LeafState) -> Outcome:
    """As observed, in a call that writes the CA."""
    return Outcome(secret=state.observed)


def held(request: CertificateRequest, state: LeafState) -> Outcome:
    """As observed during a hold; only a CA about to expire that did not sign the leaf goes.

    An expired CA in a bundle would stop the next start of OpenSearch.
    """
    observed, bundle = state.observed, state.bundle
    if observed is None or bundle is None:
        return Outcome(secret=observed)
    path = () if state.certificate is None else path_of((state.certificate, *state.chain, *bundle))
    lasting = tuple(found for found in bundle if request.now < margin_start(found) or found in path)
    if not lasting or lasting == bundle:
        return Outcome(secret=observed)
    return changed(
        observed,
        {**observed.data, **_encoded_bundle(lasting)},
        now=request.now,
        reissues=(_reissue(state, LeafReason.BUNDLE_CHANGED, "a CA in it is about to expire"),),
        verified=state.is_verified,
    )


def written(
    context: Context, state: LeafState, value: LeafInput | None, verdict: Verdict | None
) -> Outcome:
    """The leaf Secret of a call that may sign.

    ``value`` None: an invalid spec does not say how the leaf shall be. ``verdict`` None: the leaf
    is kept.
    """
    if value is None:
        return _without_signature(context, state, _open(state))
    if verdict is None:
        return _rest(context, state)
    signer = context.signer
    if signer is None and state.observed is None:
        signer = context.absent_signer
    if signer is None:
        message = f"{verdict.message}; the CA cannot sign a new one"
        return _without_signature(context, state, Verdict(reason=verdict.reason, message=message))
    return _issued(context, value, verdict, signer)


def _open(state: LeafState) -> Verdict:
    """What is said of a leaf whose names only the spec could tell."""
    if state.observed is None:
        return Verdict(reason=ISSUING, message="it is made when the spec is valid")
    message = f"{TLS_CERT} cannot be read; it is reissued when the spec is valid"
    return Verdict(reason=LeafReason.CERTIFICATE_UNREADABLE, message=message)


def _without_signature(context: Context, state: LeafState, verdict: Verdict) -> Outcome:
    """Nothing is signed: bundle and form of the key still go on, and the reason is said."""
    rest = _rest(context, state)
    message = f"Secret {state.plan.secret}: {verdict.message}"
    return Outcome(
        secret=rest.secret,
        is_written=rest.is_written,
        reissues=rest.reissues,
        findings=(Finding(reason=verdict.reason, message=message), *rest.findings),
    )


def _rest(context: Context, state: LeafState) -> Outcome:
    """The certificate stays; the bundle and the form of the key are put right."""
    observed = state.observed
    if observed is None:
        return Outcome(secret=None)
    data = dict(observed.data)
    reissues: list[Reissue] = []
    if state.key is not None and not state.key.pkcs8:
        key = _observed_key(state)
        if key is not None:
            data.update(encode({TLS_KEY: key_pem(key)}))
            reissues.append(_reissue(state, LeafReason.KEY_ENCODING, "the key is not in PKCS#8"))
    if not _has_bundle(state, context.bundle):
        data.update(_encoded_bundle(context.bundle))
        reissues.append(_reissue(state, LeafReason.BUNDLE_CHANGED, "the trusted CAs changed"))
    now = context.request.now
    if not reissues:
        return unchanged(observed, now=now, proven=state.proven, verified=state.is_verified)
    return changed(observed, data, now=now, reissues=tuple(reissues), verified=state.is_verified)


def _issued(context: Context, value: LeafInput, verdict: Verdict, signer: Signer) -> Outcome:
    """A new leaf, its key and the bundle in one write; keys of others in the data stay."""
    request, state = context.request, value.state
    secret, observed = state.plan.secret, state.observed
    key = _kept_key(value, verdict)
    made = key is None
    if key is None:
        key = new_key(
            f"{secret}/{TLS_KEY}",
            value.wish.algorithm,
            entropy=request.entropy,
            rsa_key=request.rsa_key,
        )
    serial = serial_number(f"{secret}/{TLS_CERT}", request.entropy)
    certificate = leaf(value.wish.terms, key, signer, now=request.now, serial=serial)
    data = dict(observed.data) if observed is not None else {}
    shown = certificate + b"".join(one.pem.encode() for one in signer.intermediates)
    data.update(encode({TLS_CERT: shown}))
    if made or (state.key is not None and not state.key.pkcs8):
        data.update(encode({TLS_KEY: key_pem(key)}))
    if not _has_bundle(state, context.bundle):
        data.update(_encoded_bundle(context.bundle))
    records = {RENEW_CERTIFICATES: request.renew_request} if request.renew_request else {}
    reissues = (_reissue(state, verdict.reason, verdict.message),)
    if observed is not None:
        outcome = changed(observed, data, now=request.now, reissues=reissues, records=records)
        return _with_past_expiry(outcome, state, verdict)
    fresh = SecretData(name=secret, type=TLS, data=data, annotations=records)
    finding = Finding(reason=ISSUING, message=f"Secret {secret} is made")
    return Outcome(
        secret=stamped(fresh, None, request.now),
        is_written=True,
        reissues=reissues,
        findings=(finding,),
    )


def _with_past_expiry(outcome: Outcome, state: LeafState, verdict: Verdict) -> Outcome:
    """The condition names the date of a past expiry, though the leaf is on its way."""
    if verdict.reason != LeafReason.EXPIRED:
        return outcome
    message = f"Secret {state.plan.secret}: {verdict.message}"
    return Outcome(
        secret=outcome.secret,
        is_written=outcome.is_written,
        reissues=outcome.reissues,
        findings=(Finding(reason=verdict.reason, message=message), *outcome.findings),
    )


def _kept_key(value: LeafInput, verdict: Verdict) -> PrivateKey | None:
    """The existing key, where the reason lets it stay and it is of the wanted kind."""
    is_requested = bool(value.request) and value.request != value.recorded
    if verdict.reason not in KEEPS_KEY or is_requested:
        return None
    key = _observed_key(value.state)
    if key is None or key_algorithm(key.public_key()) != value.wish.algorithm:
        return None
    return key


def _observed_key(state: LeafState) -> PrivateKey | None:
    raw = None if state.observed is None else state.observed.value(TLS_KEY)
    return None if raw is None else load_key(raw, ours=state.proven)


def _has_bundle(state: LeafState, bundle: Certificates) -> bool:
    """Compared as sets: another order of the same CAs is no reason to write."""
    if state.bundle is None:
        return False
    return state.bundle == bundle or frozenset(state.bundle) == frozenset(bundle)


def _encoded_bundle(bundle: Certificates) -> dict[str, str]:
    return encode({CA_CERT: "".join(found.pem for found in bundle).encode()})


def _reissue(state: LeafState, reason: str, message: str) -> Reissue:
    return Reissue(secret=state.plan.secret, reason=reason, message=message)
