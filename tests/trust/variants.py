"""Rules that are wrong on purpose: each is a small change of a rule that holds, by its name.

They show that the properties can fail. A mistake that nothing finds would be a hole in the test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from app.certificates import authority_writes, tier_hash
from app.certificates import plan as plan_module
from app.certificates.issue import new_key, self_signed_ca, serial_number
from app.certificates.leaf_policies import LeafInput
from app.certificates.observation import (
    NEXT_CERT,
    PREVIOUS_CERT,
    Authority,
    Certificates,
    certificates_in,
    signer_of,
)
from app.certificates.pem import ECDSA_P256, key_pem
from app.certificates.policies import Verdict
from app.certificates.request import CertificateRequest, Stage
from app.certificates.stages import Ground
from app.certificates.wishes import CaWish
from app.certificates.writes import Outcome, changed
from app.names import CA_CERT, CA_KEY, TLS_CERT
from app.result import Reissue
from app.secret_data import SecretData, encode
from tests.trust.world import Objects, World


def promote_early(patch: pytest.MonkeyPatch) -> None:
    """The successor signs before every pod trusts it."""
    _done_without_pods(patch, Stage.TRUST)


def prune_early(patch: pytest.MonkeyPatch) -> None:
    """The old CA goes while pods still show its leaves."""
    _done_without_pods(patch, Stage.REISSUE)


def sign_by_next(patch: pytest.MonkeyPatch) -> None:
    """Leaves are of the successor while pods still learn to trust it."""
    right_signer = authority_writes.signer

    def leaf_input(**facts: Any) -> LeafInput:
        return LeafInput(**{**facts, "signers": facts["signers"][-1:]})

    patch.setattr(plan_module, "LeafInput", leaf_input)
    patch.setattr(
        authority_writes,
        "signer",
        lambda authority, now: (
            authority_writes.successor(authority) or right_signer(authority, now)
        ),
    )


def hash_no_ca(patch: pytest.MonkeyPatch) -> None:
    """Only leaves count, so nothing rolls for trust."""
    patch.setattr(tier_hash, "cert_hash", _hash_that_counts(lambda _: ()))


def prev_in_hash(patch: pytest.MonkeyPatch) -> None:
    """Every CA of the bundle counts, so the end of a rotation rolls once more."""
    patch.setattr(tier_hash, "cert_hash", _hash_that_counts(lambda bundle: bundle))


def own_call(patch: pytest.MonkeyPatch) -> None:
    """The hash rests on what this call emits, not on what is observed."""

    def emitted(_world: World, _seen: Objects, made: Objects) -> Objects:
        return made

    patch.setattr(World, "hash_basis", emitted)


def renew_new_key(patch: pytest.MonkeyPatch) -> None:
    """A CA near its end gets another key."""
    patch.setattr(authority_writes, "renewed", _renewed_with_another_key)


def no_trace(patch: pytest.MonkeyPatch) -> None:
    """A CA that is not seen is taken for one that never was."""
    patch.setattr(plan_module, "trace", lambda _request, _leaves: None)


def no_leaf_evidence(patch: pytest.MonkeyPatch) -> None:
    """A stage ends when the workloads say so, whatever the Secrets hold."""
    patch.setattr(Ground, "has_every_leaf", property(lambda _: True))


@dataclass(frozen=True, slots=True)
class Variant:
    """A mistake, what has to happen for it to show, and properties one of which must break."""

    apply: Callable[[pytest.MonkeyPatch], None]
    events: tuple[str, ...]
    breaks: frozenset[str]


_ONE_ROTATION = ("rotate",)

VARIANTS: Mapping[str, Variant] = {
    "promote-early": Variant(promote_early, _ONE_ROTATION, frozenset({"P1"})),
    "prune-early": Variant(prune_early, _ONE_ROTATION, frozenset({"P1"})),
    "sign-by-next": Variant(sign_by_next, _ONE_ROTATION, frozenset({"P1"})),
    "hash-no-ca": Variant(hash_no_ca, _ONE_ROTATION, frozenset({"P1"})),
    "prev-in-hash": Variant(prev_in_hash, _ONE_ROTATION, frozenset({"P6"})),
    "own-call": Variant(own_call, _ONE_ROTATION, frozenset({"P1", "P5", "P6"})),
    "renew-new-key": Variant(renew_new_key, ("time",) * 4, frozenset({"P1", "P2"})),
    "no-trace": Variant(no_trace, ("delete ca",), frozenset({"P2"})),
    # The hold for a foreign CA saves trust here, but the rotation goes on for ever.
    "no-leaf-evidence": Variant(no_leaf_evidence, _ONE_ROTATION, frozenset({"P1", "P4"})),
}


def _done_without_pods(patch: pytest.MonkeyPatch, stage: Stage) -> None:
    right: property = Ground.__dict__["is_done"]

    def is_done(ground: Ground) -> object:
        return ground.has_every_leaf if ground.stage is stage else right.__get__(ground)

    patch.setattr(Ground, "is_done", property(is_done))


def _hash_that_counts(
    counted: Callable[[Certificates], Certificates],
) -> Callable[..., str | None]:
    """The hash with other CAs of the bundle."""

    def cert_hash(
        ca: SecretData, leaves: Sequence[SecretData], *, reloads: bool, **_: object
    ) -> str | None:
        known = tuple(
            one
            for name in (CA_CERT, NEXT_CERT, PREVIOUS_CERT)
            for one in certificates_in(ca, name) or ()
        )
        parts: list[str] = []
        for secret in leaves:
            leaf, bundle = certificates_in(secret, TLS_CERT), certificates_in(secret, CA_CERT)
            if leaf is None or bundle is None:
                return None
            signer = signer_of(leaf[0], (*bundle, *known))
            shown = (leaf[0].subject, leaf[0].issuer, "" if reloads else leaf[0].fingerprint)
            parts.append(f"{shown} {None if signer is None else signer.spki_fingerprint}")
            parts.extend(sorted(one.fingerprint for one in counted(bundle)))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    return cert_hash


def _renewed_with_another_key(
    request: CertificateRequest, authority: Authority, wish: CaWish, verdict: Verdict
) -> Outcome:
    name = request.names.ca
    assert wish.name is not None
    key = new_key(f"{name}/{CA_KEY}", ECDSA_P256, entropy=request.entropy, rsa_key=request.rsa_key)
    certificate = self_signed_ca(
        wish.name,
        key,
        now=request.now,
        validity=wish.validity or timedelta(),
        serial=serial_number(f"{name}/{CA_CERT}", request.entropy),
    )
    return changed(
        authority.secret,
        {**authority.secret.data, **encode({CA_CERT: certificate, CA_KEY: key_pem(key)})},
        now=request.now,
        reissues=(Reissue(secret=name, reason=verdict.reason, message=verdict.message),),
    )
