"""Which leaves are the user's, and which Secret the pods of each tier read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.certificates.custom import (
    CustomCa,
    CustomLeaf,
    Given,
    Problem,
    judged_ca,
    judged_leaf,
)
from app.certificates.leaves import ADMIN, INDEXER, LeafPlan
from app.certificates.observation import Authority
from app.certificates.pem import CertificateFacts, distinguished_name
from app.certificates.renewal import window
from app.certificates.request import CertificateRequest
from app.certificates.subject import Subject
from app.certificates.wishes import CA_THRESHOLD, LEAF_THRESHOLD

#: Leaves whose holders OpenSearch knows by a setting.
IN_SETTINGS: Final = frozenset({INDEXER, ADMIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """The user's certificates, judged. ``leaves`` by name: all that the spec names."""

    ca: CustomCa
    leaves: Mapping[str, CustomLeaf]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What keeps the CA and leaves from being used."""
        found = (self.ca.problem, *(one.problem for one in self.leaves.values()))
        return tuple(one for one in found if one is not None)


def judged(request: CertificateRequest, plans: Sequence[LeafPlan]) -> Custom | None:
    """The user's certificates at this moment; None where the spec names none."""
    given = request.given
    if given is None:
        return None
    return Custom(
        ca=judged_ca(given, needs_key=_needs_key(given, plans), now=request.now),
        leaves={
            name: judged_leaf(name, one, is_named_in_settings=name in IN_SETTINGS, now=request.now)
            for name, one in given.leaves.items()
        },
    )


def taken(
    request: CertificateRequest, custom: Custom | None, authority: Authority | None
) -> frozenset[str]:
    """Leaves for which pods read the user's Secret now.

    One that they read already stays. Another is taken when nobody loses trust by it: the user's CA
    is the active one, the Secret holds every CA of the stage, and the indexers accept its name.
    """
    if custom is None:
        return frozenset()
    is_valid = request.config is not None
    return frozenset(
        name
        for name, one in custom.leaves.items()
        if one.given.mounted_by or (is_valid and _is_safe(request, custom, authority, one))
    )


def is_accepted(request: CertificateRequest, leaf: CustomLeaf) -> bool:
    """Whether the indexers that run accept the holder of a leaf by its name.

    Of the administrator it is enough that they are about to: a Job that is refused comes again,
    and unlike pods nothing shows which Secret was read before.
    """
    accepted = request.listed_dns if leaf.name == ADMIN else request.accepted_dns
    if accepted is None or leaf.name not in IN_SETTINGS or leaf.certificate is None:
        return True
    return distinguished_name(leaf.certificate.subject) in accepted


def mounts(
    request: CertificateRequest,
    plans: Sequence[LeafPlan],
    custom: Custom | None,
    authority: Authority | None,
    users: frozenset[str],
) -> dict[str, str]:
    """The Secret that pods shall read, by leaf; what they read stays where nothing can replace it.

    A leaf that the spec names and that nobody reads yet is ours for as long as the active CA is
    another one, which hands over in stages; else it is waited for.
    """
    if custom is None and not request.foreign:
        return {plan.name: plan.secret for plan in plans}
    found: dict[str, str] = {}
    for plan in plans:
        leaf = None if custom is None else custom.leaves.get(plan.name)
        if leaf is not None and plan.name in users:
            found[plan.name] = leaf.given.secret
        elif plan.name in request.foreign and not (
            leaf is None and _may_leave(custom) and _is_own_accepted(request, plan)
        ):
            found[plan.name] = request.foreign[plan.name]
        elif leaf is None or plan.secret in request.leaves or _hands_over(custom, authority, leaf):
            found[plan.name] = plan.secret
        else:
            found[plan.name] = leaf.given.secret
    return found


def _hands_over(custom: Custom | None, authority: Authority | None, leaf: CustomLeaf) -> bool:
    """Whether a leaf of the user can be used, and another CA than the user's is still active."""
    return (
        leaf.problem is None
        and custom is not None
        and custom.ca.is_usable
        and authority is not None
        and not custom.ca.is_same(authority.path)
    )


def is_stuck(request: CertificateRequest, custom: Custom | None) -> bool:
    """Whether pods read Secrets of the user that the spec names no longer, and must go on so."""
    return bool(request.foreign) and not _may_leave(custom)


def moments(request: CertificateRequest, custom: Custom | None) -> Iterator[datetime]:
    """When a certificate of the user begins, comes near its end, or has ended."""
    if custom is None:
        return
    for _, certificate, threshold in watched(request, custom):
        yield certificate.not_before
        yield certificate.not_after - window(certificate, threshold)
        yield certificate.not_after + timedelta(seconds=1)


def watched(
    request: CertificateRequest, custom: Custom
) -> Iterator[tuple[str, CertificateFacts, timedelta]]:
    """Every certificate of the user with its Secret and how long before its end it is told."""
    config = request.config
    leaf = LEAF_THRESHOLD if config is None else timedelta(days=config.renewal_threshold_days)
    ca = CA_THRESHOLD if config is None else timedelta(days=config.ca_renewal_threshold_days)
    for certificate in custom.ca.path:
        yield custom.ca.secret, certificate, ca
    for one in custom.leaves.values():
        if one.certificate is not None:
            yield one.given.secret, one.certificate, leaf
        for certificate in one.chain:
            yield one.given.secret, certificate, ca


def _is_own_accepted(request: CertificateRequest, plan: LeafPlan) -> bool:
    """Whether the indexers that run accept a leaf of ours by its name."""
    accepted, config = request.accepted_dns, request.config
    if accepted is None or config is None or plan.name not in IN_SETTINGS:
        return True
    subject = Subject.of(config).attributes(plan.common_name)
    return distinguished_name(subject) in accepted


def _may_leave(custom: Custom | None) -> bool:
    """Whether pods may go from a user's leaf to another: by a CA that signs, which they trust."""
    return custom is not None and custom.ca.is_usable


def _needs_key(given: Given, plans: Sequence[LeafPlan]) -> bool:
    return any(plan.name not in given.leaves for plan in plans)


def _is_safe(
    request: CertificateRequest, custom: Custom, authority: Authority | None, leaf: CustomLeaf
) -> bool:
    return (
        leaf.problem is None
        and authority is not None
        and custom.ca.is_usable
        and custom.ca.is_same(authority.path)
        and leaf.covers(authority.bundle(request.now))
        and is_accepted(request, leaf)
    )
