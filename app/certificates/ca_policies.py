"""What is to be done about the CA, or said of it: the chain, in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.certificates.observation import NEXT_KEY, Authority, is_authority
from app.certificates.pem import CertificateFacts
from app.certificates.policies import Rule, moment
from app.certificates.renewal import renewal_time, window
from app.certificates.wishes import CaWish, given_validity
from app.names import CA_CERT, CA_KEY, ROTATE_CA


class CaReason(StrEnum):
    """What is to be done about, or said of, the CA, in order."""

    CA_MISSING = "CAMissing"
    CA_SECRET_MISSING = "CASecretMissing"  # noqa: S105 - a reason
    CA_SECRET_CORRUPT = "CASecretCorrupt"  # noqa: S105 - a reason
    NOT_A_CA = "NotACA"
    CA_KEY_MISMATCH = "CAKeyMismatch"
    CLOCK_SKEW = "ClockSkew"
    CA_FOREIGN = "CAForeign"
    NEXT_UNUSABLE = "NextUnusable"
    SIGNING_KEY_MISSING = "SigningKeyMissing"
    CA_EXPIRED = "CAExpired"
    CA_NEAR_EXPIRY = "CANearExpiry"
    CA_ALGORITHM = "CAAlgorithm"


#: Nothing is made, rolled or pruned until a person helps.
HOLDS: Final = frozenset(
    {
        CaReason.CA_SECRET_MISSING,
        CaReason.CA_SECRET_CORRUPT,
        CaReason.NOT_A_CA,
        CaReason.CA_KEY_MISMATCH,
        CaReason.CLOCK_SKEW,
        CaReason.CA_FOREIGN,
        CaReason.NEXT_UNUSABLE,
    }
)
#: The CA gets a new certificate for the key that it has.
CA_RENEWALS: Final = frozenset({CaReason.CA_EXPIRED, CaReason.CA_NEAR_EXPIRY})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaInput:
    """All that the CA chain looks at.

    ``trace``: what shows that there was a CA, where none is observed. ``leaf_due``: a leaf waits
    for its renewal, so a CA in its window is renewed before it. ``successor_has_signed``: a leaf is
    of the staged successor already.
    """

    secret: str
    authority: Authority | None
    wish: CaWish
    now: datetime
    uid: str
    trace: str | None = None
    foreign: CertificateFacts | None = None
    leaf_due: bool = False
    successor_has_signed: bool = False


def ca_missing(ca: CaInput) -> str | None:
    """No CA and no trace of one: the cluster is new."""
    if ca.authority is not None or ca.trace is not None:
        return None
    return "a new CA is made"


def ca_secret_missing(ca: CaInput) -> str | None:
    """No CA although there was one: making another would cut trust."""
    if ca.authority is not None or ca.trace is None:
        return None
    return f"Secret {ca.secret} is not there, but there was one: {ca.trace}"


def ca_secret_corrupt(ca: CaInput) -> str | None:
    """``ca.crt`` cannot be parsed."""
    if ca.authority is None or ca.authority.active is not None:
        return None
    return f"{CA_CERT} of Secret {ca.secret} is missing or no certificate"


def not_a_ca(ca: CaInput) -> str | None:
    """``ca.crt`` may not sign."""
    active = _active(ca)
    if active is None or is_authority(active):
        return None
    return f"{CA_CERT} of Secret {ca.secret} is not the certificate of a CA"


def ca_key_mismatch(ca: CaInput) -> str | None:
    """``ca.key`` belongs to another certificate."""
    active = _active(ca)
    key = None if ca.authority is None else ca.authority.key
    if active is None or key is None or key.spki_fingerprint == active.spki_fingerprint:
        return None
    return f"{CA_KEY} of Secret {ca.secret} does not belong to {CA_CERT}"


def clock_skew(ca: CaInput) -> str | None:
    """The CA is from the future: the clock is wrong, and what it says must not be acted upon."""
    active = _active(ca)
    if active is None or active.not_before <= ca.now:
        return None
    return (
        f"{CA_CERT} of Secret {ca.secret} is not valid before {moment(active.not_before)}: "
        "the clock of the hook is wrong, or was when the CA was made"
    )


def ca_foreign(ca: CaInput) -> str | None:
    """The leaves are of another CA, which all bundles hold."""
    if ca.foreign is None:
        return None
    return (
        f"Secret {ca.secret} is not the one that signed the leaves: "
        f"theirs has the fingerprint {ca.foreign.fingerprint}"
    )


def next_unusable(ca: CaInput) -> str | None:
    """The staged successor lost its key after it had signed: replacing it would cut trust.

    One that has signed nothing is replaced, which is no reason to hold.
    """
    if ca.authority is None or not ca.successor_has_signed or ca.authority.has_usable_next_key:
        return None
    return f"{NEXT_KEY} of Secret {ca.secret} is missing or no usable private key"


def signing_key_missing(ca: CaInput) -> str | None:
    """No usable key, and no successor to hand over to: trust stays, signing stops."""
    active = _active(ca)
    if ca.authority is None or active is None or ca.authority.has_usable_key:
        return None
    if ca.authority.has_usable_next_key or ca.authority.is_users:
        return None
    return (
        f"{CA_KEY} of Secret {ca.secret} is missing or no usable private key: no certificate "
        f"can be issued; the CA expires on {moment(active.not_after)}"
    )


def ca_expired(ca: CaInput) -> str | None:
    """Its end has passed."""
    active = _active(ca)
    if active is None or ca.now <= active.not_after or _is_not_ours_to_renew(ca):
        return None
    return f"the CA expired on {moment(active.not_after)}"


def ca_near_expiry(ca: CaInput) -> str | None:
    """The renewal time has come; in its window already where a leaf waits for its own renewal.

    Not where the new certificate would end no later than the old one.
    """
    active = _active(ca)
    if active is None or _is_not_ours_to_renew(ca):
        return None
    due = ca.now >= renewal_time(active, ca.uid, ca.secret, ca.wish.threshold)
    in_window = ca.now >= active.not_after - window(active, ca.wish.threshold)
    if not due and not (ca.leaf_due and in_window):
        return None
    if ca.now + ca_validity(ca.wish, active) <= active.not_after:
        return None
    return f"the CA expires on {moment(active.not_after)}"


def ca_of_another_algorithm(ca: CaInput) -> str | None:
    """Type or size of the key is not the wanted one; only said."""
    active = _active(ca)
    wanted = ca.wish.algorithm
    if active is None or wanted is None or active.key_algorithm == wanted or _is_users(ca):
        return None
    return (
        f"the key of the CA is {active.key_algorithm}, the spec wants {wanted}: it changes when "
        f"the CA is rotated (annotation {ROTATE_CA})"
    )


def ca_validity(wish: CaWish, active: CertificateFacts) -> timedelta:
    """Validity of the CA's next certificate: the spec's, else what it was given."""
    return given_validity(active) if wish.validity is None else wish.validity


def _is_not_ours_to_renew(ca: CaInput) -> bool:
    """Whether its certificate is not ours to renew: the user's, or one whose key is lost."""
    authority = ca.authority
    return authority is not None and (authority.is_users or not authority.has_usable_key)


def _is_users(ca: CaInput) -> bool:
    return ca.authority is not None and ca.authority.is_users


def _active(ca: CaInput) -> CertificateFacts | None:
    return None if ca.authority is None else ca.authority.active


#: CAForeign stands before SigningKeyMissing: a foreign CA without key must not spread either.
CA_RULES: Final[tuple[Rule[CaInput], ...]] = (
    Rule(CaReason.CA_MISSING, ca_missing),
    Rule(CaReason.CA_SECRET_MISSING, ca_secret_missing),
    Rule(CaReason.CA_SECRET_CORRUPT, ca_secret_corrupt),
    Rule(CaReason.NOT_A_CA, not_a_ca),
    Rule(CaReason.CA_KEY_MISMATCH, ca_key_mismatch),
    Rule(CaReason.CLOCK_SKEW, clock_skew),
    Rule(CaReason.CA_FOREIGN, ca_foreign),
    Rule(CaReason.NEXT_UNUSABLE, next_unusable),
    Rule(CaReason.SIGNING_KEY_MISSING, signing_key_missing),
    Rule(CaReason.CA_EXPIRED, ca_expired),
    Rule(CaReason.CA_NEAR_EXPIRY, ca_near_expiry),
    Rule(CaReason.CA_ALGORITHM, ca_of_another_algorithm),
)
