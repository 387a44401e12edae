"""One request as the chains see it: what is observed beside what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from app.certificates import custom_view
from app.certificates.custom import CustomLeaf
from app.certificates.custom_view import Custom
from app.certificates.leaf_policies import is_due
from app.certificates.leaves import ADMIN, INDEXER, LeafPlan, leaf_plans
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
from app.secret_data import SecretData


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """``leaf_wishes`` stand beside ``leaves``; None where an invalid spec leaves it open.

    ``plans``: all leaves; ``leaves``: those that are ours to issue. ``retired``: our Secrets of
    leaves for which the user's are read now. ``custom``: the user's certificates; ``users``: leaves
    that are read from the user's Secrets; ``mounts``: the Secret that pods shall read, by leaf.
    """

    authority: Authority | None
    plans: tuple[LeafPlan, ...]
    leaves: tuple[LeafState, ...]
    leaf_wishes: tuple[LeafWish | None, ...]
    ca_wish: CaWish
    leaf_due: bool
    custom: Custom | None = None
    users: frozenset[str] = frozenset()
    retired: tuple[SecretData, ...] = ()
    mounts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def unusable(self) -> frozenset[str]:
        """Leaf Secrets of the user that pods shall read and must not start to read now."""
        given = {} if self.custom is None else self.custom.leaves
        return frozenset(
            one.given.secret
            for name, one in given.items()
            if self.mounts[name] == one.given.secret
            and (one.problem is not None or name not in self.users)
        )

    @property
    def custom_leaves(self) -> tuple[CustomLeaf, ...]:
        """The user's leaves that pods read."""
        if self.custom is None:
            return ()
        return tuple(one for name, one in self.custom.leaves.items() if name in self.users)


def view(request: CertificateRequest) -> View:
    """Parse what is observed and find what is wanted of each certificate."""
    config = request.config
    plans = leaf_plans(request.names, None if config is None else config.extra_sans)
    custom = custom_view.judged(request, plans)
    authority = observed_authority(request.ca, None if custom is None else custom.ca)
    users = custom_view.taken(request, custom, authority)
    mounts = custom_view.mounts(request, plans, custom, authority, users)
    is_stuck = custom_view.is_stuck(request, custom)
    own = [
        leaf
        for leaf in plans
        if leaf.name not in users
        and (leaf.secret in request.leaves or (mounts[leaf.name] == leaf.secret and not is_stuck))
    ]
    leaves = tuple(observed_leaf(leaf, request.leaves.get(leaf.secret)) for leaf in own)
    wishes = _wishes(request, leaves)
    kept = {leaf.secret for leaf in own}
    return View(
        authority=authority,
        plans=plans,
        leaves=leaves,
        leaf_wishes=wishes,
        ca_wish=ca_wish(authority_name(request.names.cluster, 1), config),
        leaf_due=any(
            leaf.certificate is not None
            and wish is not None
            and is_due(leaf.certificate, uid=request.uid, wish=wish, now=request.now)
            for leaf, wish in zip(leaves, wishes, strict=True)
        ),
        custom=custom,
        users=users,
        retired=tuple(one for name, one in sorted(request.leaves.items()) if name not in kept),
        mounts=mounts,
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
    if authority.has_successor:
        return Stage.TRUST
    if authority.previous:
        return Stage.REISSUE
    active = (authority.anchor or authority.active).spki_fingerprint
    is_clean = all(
        found.spki_fingerprint == active for leaf in observed.leaves for found in leaf.bundle or ()
    )
    return Stage.STEADY if is_clean else Stage.PRUNE


def renewal_times(request: CertificateRequest, observed: View) -> dict[str, datetime]:
    """Renewal time of every observed certificate, by the name of its Secret, CA first."""
    times: dict[str, datetime] = {}
    authority = observed.authority
    active = None if authority is None else authority.active
    if authority is not None and active is not None and not authority.is_users:
        name = request.names.ca
        times[name] = renewal_time(active, request.uid, name, observed.ca_wish.threshold)
    for leaf, wish in zip(observed.leaves, observed.leaf_wishes, strict=True):
        if leaf.certificate is not None:
            threshold = LEAF_THRESHOLD if wish is None else wish.threshold
            name = leaf.plan.secret
            times[name] = renewal_time(leaf.certificate, request.uid, name, threshold)
    return times


def next_due(
    request: CertificateRequest,
    observed: View,
    times: Mapping[str, datetime],
    deadline: datetime | None = None,
) -> datetime | None:
    """The next moment at which something happens by time alone; past ones wait for no clock.

    ``deadline``: of a stage of the CA.
    """
    moments = list(times.values())
    if deadline is not None:
        moments.append(deadline)
    if observed.authority is not None:
        moments.extend(map(margin_start, observed.authority.previous))
    moments.extend(custom_view.moments(request, observed.custom))
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
        for leaf in leaves
        for wish in leaf_wishes(request.names, config)
        if wish.plan.name == leaf.plan.name
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
