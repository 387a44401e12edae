"""One request as the chains see it: what is observed beside what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.certificates.leaf_policies import is_due
from app.certificates.leaves import ADMIN, INDEXER, leaf_plans
from app.certificates.observation import (
    Authority,
    LeafState,
    authority_name,
    observed_authority,
    observed_leaf,
)
from app.certificates.pem import distinguished_name
from app.certificates.renewal import margin_start, renewal_time
from app.certificates.request import CertificateRequest, Stage
from app.certificates.wishes import (
    LEAF_THRESHOLD,
    CaWish,
    LeafWish,
    ca_wish,
    leaf_as_it_is,
    leaf_wishes,
    with_subject_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """``leaf_wishes`` stand beside ``leaves``; None where an invalid spec leaves it open."""

    authority: Authority | None
    leaves: tuple[LeafState, ...]
    leaf_wishes: tuple[LeafWish | None, ...]
    ca_wish: CaWish
    leaf_due: bool


def view(request: CertificateRequest) -> View:
    """Parse what is observed and find what is wanted of each certificate."""
    config = request.config
    plans = leaf_plans(request.names, None if config is None else config.extra_sans)
    leaves = tuple(observed_leaf(leaf, request.leaves.get(leaf.secret)) for leaf in plans)
    wishes = _wishes(request, leaves)
    return View(
        authority=observed_authority(request.ca),
        leaves=leaves,
        leaf_wishes=wishes,
        ca_wish=ca_wish(authority_name(request.names.cluster, 1), config),
        leaf_due=any(
            leaf.certificate is not None
            and wish is not None
            and is_due(leaf.certificate, uid=request.uid, wish=wish, now=request.now)
            for leaf, wish in zip(leaves, wishes, strict=True)
        ),
    )


def trace(request: CertificateRequest, leaves: tuple[LeafState, ...]) -> str | None:
    """What shows that a CA was there before; None: nothing, so the cluster is new."""
    observed = next((leaf.plan.secret for leaf in leaves if leaf.observed is not None), None)
    if observed is not None:
        return f"Secret {observed} was made with it"
    if request.trace is not None:
        return request.trace
    if request.status_fingerprint:
        return f"the status names its fingerprint {request.status_fingerprint}"
    return None


def stage(observed: View) -> Stage:
    """Stage of the CA: from the content of ``<c>-ca`` and the bundles, from no memory."""
    authority = observed.authority
    if authority is None or authority.active is None:
        return Stage.STEADY
    if authority.next is not None:
        return Stage.TRUST
    if authority.previous:
        return Stage.REISSUE
    active = authority.active.spki_fingerprint
    is_clean = all(
        found.spki_fingerprint == active for leaf in observed.leaves for found in leaf.bundle or ()
    )
    return Stage.STEADY if is_clean else Stage.PRUNE


def renewal_times(request: CertificateRequest, observed: View) -> dict[str, datetime]:
    """Renewal time of every observed certificate, by the name of its Secret, CA first."""
    times: dict[str, datetime] = {}
    active = None if observed.authority is None else observed.authority.active
    if active is not None:
        name = request.names.ca
        times[name] = renewal_time(active, request.uid, name, observed.ca_wish.threshold)
    for leaf, wish in zip(observed.leaves, observed.leaf_wishes, strict=True):
        if leaf.certificate is not None:
            threshold = LEAF_THRESHOLD if wish is None else wish.threshold
            name = leaf.plan.secret
            times[name] = renewal_time(leaf.certificate, request.uid, name, threshold)
    return times


def next_due(
    request: CertificateRequest, observed: View, times: Mapping[str, datetime]
) -> datetime | None:
    """The next moment at which something happens by time alone; past ones wait for no clock."""
    moments = list(times.values())
    if observed.authority is not None:
        moments.extend(map(margin_start, observed.authority.previous))
    return min((time for time in moments if time > request.now), default=None)


def _wishes(
    request: CertificateRequest, leaves: tuple[LeafState, ...]
) -> tuple[LeafWish | None, ...]:
    config = request.config
    if config is None:
        return tuple(
            None if leaf.certificate is None else leaf_as_it_is(leaf.plan, leaf.certificate)
            for leaf in leaves
        )
    return tuple(
        _acceptable(request, leaf, wish)
        for leaf, wish in zip(leaves, leaf_wishes(request.names, config), strict=True)
    )


def _acceptable(request: CertificateRequest, leaf: LeafState, wish: LeafWish) -> LeafWish:
    """``wish``, with the present subject while no indexer accepts the new one.

    Nodes and administrators are known by their DN, from a setting that is read at start only.
    """
    accepted, present = request.accepted_dns, leaf.certificate
    if accepted is None or present is None or leaf.plan.name not in {INDEXER, ADMIN}:
        return wish
    if present.subject == wish.subject or distinguished_name(wish.subject) in accepted:
        return wish
    return with_subject_of(wish, present)
