"""A plan that changed nothing, kept until time alone asks for another.

`plan` is a function of what is observed and of the time. Where it leaves everything as it is, its
``next_due`` is the first moment at which it could answer otherwise, so until then the same
question has the same answer. Nothing else is kept: a plan that writes is made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from app.certificates.custom import Given
from app.certificates.plan import plan
from app.certificates.request import CertificatePlan, CertificateRequest
from app.secret_data import SecretData


def quiet_plan(request: CertificateRequest) -> CertificatePlan:
    """`plan`, or what it answered to the same question since which nothing came due."""
    kept = _kept(_Question(request))
    if kept.last is not None and kept.last.since <= request.now < kept.last.until:
        return kept.last.plan
    made = plan(request)
    if _is_quiet(request, made) and made.next_due is not None:
        kept.last = _Last(plan=made, since=request.now, until=made.next_due)
    return made


def _is_quiet(request: CertificateRequest, made: CertificatePlan) -> bool:
    """Whether ``made`` gives every observed Secret back as it is and has nothing to say."""
    observed = {id(one) for one in (request.ca, *request.leaves.values())}
    return (
        not made.rewritten
        and not made.reissues
        and not made.findings
        and all(id(secret) in observed for _, secret in made.secrets)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Last:
    """A quiet plan, and from when until when it holds."""

    plan: CertificatePlan
    since: datetime
    until: datetime


class _Kept:
    """Place of the last quiet plan for one question; written at once, so threads may share it."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: _Last | None = None


@lru_cache(maxsize=512)
def _kept(question: _Question) -> _Kept:  # noqa: ARG001 - the key alone counts
    return _Kept()


class _Question:
    """What a plan rests on besides the time and the entropy, comparable."""

    __slots__ = ("_facts",)

    def __init__(self, request: CertificateRequest) -> None:
        leaves = sorted(request.leaves.items())
        self._facts = (
            request.names,
            request.uid,
            request.config,
            _facts(request.ca),
            tuple((name, _facts(secret)) for name, secret in leaves),
            request.trace,
            request.status_fingerprint,
            request.renew_request,
            request.rotate_request,
            request.recreate_request,
            request.tiers,
            request.accepted_dns,
            request.listed_dns,
            request.rsa_key,
            _given(request.given),
            tuple(sorted(request.foreign.items())),
        )

    def __hash__(self) -> int:
        return hash(self._facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Question) and self._facts == other._facts


def _given(given: Given | None) -> tuple[object, ...] | None:
    if given is None:
        return None
    leaves = tuple(
        (name, one.secret, one.mounted_by, None if one.content is None else one.content.digest)
        for name, one in sorted(given.leaves.items())
    )
    return given.secret, None if given.content is None else given.content.digest, leaves


def _facts(secret: SecretData | None) -> tuple[object, ...] | None:
    if secret is None:
        return None
    annotations = tuple(secret.annotations.items())
    return secret.name, secret.type, secret.immutable, secret.digest, annotations
