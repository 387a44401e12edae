"""Why a leaf is reissued: the chain, in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.certificates.issue import leaf_dates
from app.certificates.observation import Certificates, LeafState, has_chain, signer_of
from app.certificates.pem import (
    DIGITAL_SIGNATURE,
    KEY_ENCIPHERMENT,
    CertificateFacts,
    distinguished_name,
)
from app.certificates.policies import Rule, moment
from app.certificates.renewal import renewal_time, window
from app.certificates.wishes import LeafWish
from app.names import TLS_CERT, TLS_KEY

#: The clocks of two replicas may differ by this much without one undoing the other's leaves.
CLOCK_TOLERANCE: Final = timedelta(hours=1)

_LEAF_USAGE: Final = frozenset({DIGITAL_SIGNATURE})
_RSA_LEAF_USAGE: Final = frozenset({DIGITAL_SIGNATURE, KEY_ENCIPHERMENT})


class LeafReason(StrEnum):
    """Why a leaf Secret is written, in the order in which the first one wins."""

    SECRET_MISSING = "SecretMissing"  # noqa: S105 - a reason
    KEY_UNREADABLE = "KeyUnreadable"
    CERTIFICATE_UNREADABLE = "CertificateUnreadable"
    KEY_MISMATCH = "KeyMismatch"
    KEY_ALGORITHM = "KeyAlgorithm"
    ISSUER_MISMATCH = "IssuerMismatch"
    AUTHORITY_KEY_MISMATCH = "AuthorityKeyMismatch"
    CHAIN_MISMATCH = "ChainMismatch"
    SPEC_MISMATCH = "SpecMismatch"
    RENEWAL_REQUESTED = "RenewalRequested"
    NOT_YET_VALID = "NotYetValid"
    EXPIRED = "Expired"
    NEAR_EXPIRY = "NearExpiry"
    VALIDITY_SHORTENED = "ValidityShortened"
    KEY_ENCODING = "KeyEncoding"
    BUNDLE_CHANGED = "BundleChanged"


#: Reasons for which the existing key serves on, if it is of the wanted kind.
KEEPS_KEY: Final = frozenset(
    {
        LeafReason.CERTIFICATE_UNREADABLE,
        LeafReason.KEY_MISMATCH,
        LeafReason.AUTHORITY_KEY_MISMATCH,
        LeafReason.CHAIN_MISMATCH,
        LeafReason.SPEC_MISMATCH,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafInput:
    """All that the leaf chain looks at.

    ``signers``: the CAs that the stage lets a leaf be of, the one that signs first. ``paths``: of
    those that are the user's, from the CA that signs to its root.
    ``pulled``: another leaf of the cluster is due, so one in its window goes along.
    ``request``: the wanted value of the renewal annotation; ``recorded``: the Secret's.
    """

    state: LeafState
    wish: LeafWish
    signers: Certificates
    now: datetime
    uid: str
    pulled: bool = False
    request: str | None = None
    recorded: str | None = None
    paths: tuple[Certificates, ...] = ()


def is_due(certificate: CertificateFacts, *, uid: str, wish: LeafWish, now: datetime) -> bool:
    """Whether a leaf's renewal time has come."""
    return now >= renewal_time(certificate, uid, wish.plan.secret, wish.threshold)


def secret_missing(leaf: LeafInput) -> str | None:
    """The Secret is not observed."""
    return "there is no such Secret" if leaf.state.observed is None else None


def key_unreadable(leaf: LeafInput) -> str | None:
    """No key, or none that can be loaded."""
    if leaf.state.proven or leaf.state.key is not None:
        return None
    return f"{TLS_KEY} is missing or no usable private key"


def certificate_unreadable(leaf: LeafInput) -> str | None:
    """No certificate, or none that can be parsed."""
    if leaf.state.certificate is not None:
        return None
    return f"{TLS_CERT} is missing or no certificate"


def key_mismatch(leaf: LeafInput) -> str | None:
    """The certificate belongs to another key."""
    key, certificate = leaf.state.key, leaf.state.certificate
    if key is None or certificate is None or key.spki_fingerprint == certificate.spki_fingerprint:
        return None
    return f"{TLS_CERT} belongs to another key than {TLS_KEY}"


def key_of_another_algorithm(leaf: LeafInput) -> str | None:
    """Type or size of the key is not the wanted one."""
    certificate = leaf.state.certificate
    if certificate is None or certificate.key_algorithm == leaf.wish.algorithm:
        return None
    return f"the key is {certificate.key_algorithm}, wanted is {leaf.wish.algorithm}"


def issuer_mismatch(leaf: LeafInput) -> str | None:
    """No CA of the stage signed it; that it names one proves nothing."""
    certificate = leaf.state.certificate
    if certificate is None or signer_of(certificate, leaf.signers) is not None:
        return None
    return "the certificate is not signed by this cluster's CA"


def authority_key_mismatch(leaf: LeafInput) -> str | None:
    """Java takes the authority key identifier as a hard filter when it builds a path."""
    certificate = leaf.state.certificate
    signer = None if certificate is None else signer_of(certificate, leaf.signers)
    if certificate is None or signer is None or signer.ski is None:
        return None
    return None if certificate.aki == signer.ski else "it names another key of the CA"


def chain_mismatch(leaf: LeafInput) -> str | None:
    """The intermediates beside it are not those of the user's CA, dates included.

    A new leaf, not a new chain alone: pods read both together, and a leaf is what they roll for.
    """
    if leaf.state.certificate is None or has_chain(leaf.state, leaf.paths):
        return None
    return "the intermediate CAs beside it are not those of the CA"


def spec_mismatch(leaf: LeafInput) -> str | None:
    """Subject, names or usages differ from the wish; names are compared as sets."""
    certificate, wish = leaf.state.certificate, leaf.wish
    if certificate is None:
        return None
    rsa = certificate.key_algorithm.startswith("RSA-")
    usage = _RSA_LEAF_USAGE if rsa else _LEAF_USAGE
    differences = []
    if certificate.subject != wish.subject:
        wanted = distinguished_name(wish.subject)
        differences.append(f"subject {distinguished_name(certificate.subject)} is not {wanted}")
    if certificate.dns_names != wish.dns_names or certificate.ip_addresses != wish.ip_addresses:
        differences.append(_differing_names(certificate, wish))
    if certificate.other_names:
        differences.append("it has names that are neither DNS names nor addresses")
    if certificate.key_usage != usage or certificate.eku != wish.eku:
        differences.append("its usages are not the wanted ones")
    if certificate.is_ca:
        differences.append("it is a CA")
    return "; ".join(differences) or None


def renewal_requested(leaf: LeafInput) -> str | None:
    """A value of the annotation that this Secret has not recorded; each acts once."""
    if not leaf.request or leaf.request == leaf.recorded:
        return None
    return "the annotation asks for new certificates"


def not_yet_valid(leaf: LeafInput) -> str | None:
    """It begins after ``now``."""
    certificate = leaf.state.certificate
    if certificate is None or certificate.not_before <= leaf.now:
        return None
    return f"it is not valid before {moment(certificate.not_before)}"


def expired(leaf: LeafInput) -> str | None:
    """Its end has passed."""
    certificate = leaf.state.certificate
    if certificate is None or leaf.now <= certificate.not_after:
        return None
    return f"it expired on {moment(certificate.not_after)}"


def near_expiry(leaf: LeafInput) -> str | None:
    """The renewal time has come, or the leaf lies in its window while another one is due.

    Not where a new leaf would end no later: its CA ends then, and renewing would never stop.
    """
    certificate, wish = leaf.state.certificate, leaf.wish
    if certificate is None or not leaf.signers:
        return None
    begin = certificate.not_after - window(certificate, wish.threshold)
    if leaf.now < begin:
        return None
    if not leaf.pulled and not is_due(certificate, uid=leaf.uid, wish=wish, now=leaf.now):
        return None
    _, end = leaf_dates(leaf.signers[0], now=leaf.now, validity=wish.terms.validity)
    if end <= certificate.not_after:
        return None
    return f"it expires on {moment(certificate.not_after)}"


def validity_shortened(leaf: LeafInput) -> str | None:
    """It would live longer than the spec now allows."""
    certificate, longest = leaf.state.certificate, leaf.wish.longest
    if certificate is None or longest is None:
        return None
    if certificate.not_after <= leaf.now + longest + CLOCK_TOLERANCE:
        return None
    return f"it ends on {moment(certificate.not_after)}, later than the spec allows"


def _differing_names(certificate: CertificateFacts, wish: LeafWish) -> str:
    have = {*certificate.dns_names, *map(str, certificate.ip_addresses)}
    want = {*wish.dns_names, *map(str, wish.ip_addresses)}
    changes = [f"+{name}" for name in sorted(want - have)]
    changes.extend(f"-{name}" for name in sorted(have - want))
    return f"names {' '.join(changes)}"


LEAF_RULES: Final[tuple[Rule[LeafInput], ...]] = (
    Rule(LeafReason.SECRET_MISSING, secret_missing),
    Rule(LeafReason.KEY_UNREADABLE, key_unreadable),
    Rule(LeafReason.CERTIFICATE_UNREADABLE, certificate_unreadable),
    Rule(LeafReason.KEY_MISMATCH, key_mismatch),
    Rule(LeafReason.KEY_ALGORITHM, key_of_another_algorithm),
    Rule(LeafReason.ISSUER_MISMATCH, issuer_mismatch),
    Rule(LeafReason.AUTHORITY_KEY_MISMATCH, authority_key_mismatch),
    Rule(LeafReason.CHAIN_MISMATCH, chain_mismatch),
    Rule(LeafReason.SPEC_MISMATCH, spec_mismatch),
    Rule(LeafReason.RENEWAL_REQUESTED, renewal_requested),
    Rule(LeafReason.NOT_YET_VALID, not_yet_valid),
    Rule(LeafReason.EXPIRED, expired),
    Rule(LeafReason.NEAR_EXPIRY, near_expiry),
    Rule(LeafReason.VALIDITY_SHORTENED, validity_shortened),
)
