"""A rotation of the CA: which stage it is in, and whether that stage is done.

    steady → trust (everybody learns the successor) → reissue (it signs) → prune → steady

Everything follows from the content of ``<c>-ca``, the leaf Secrets and the workloads: another
replica, or the hook after a restart, takes the same next step. ``<c>-ca`` changes in a call of its
own, for each step rests on what is observed of the one before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.certificates.leaves import TIER_LEAVES
from app.certificates.observation import Authority, Certificates, LeafState, has_chain, signer_of
from app.certificates.pem import CertificateFacts
from app.certificates.renewal import margin, margin_start
from app.certificates.request import CertificateRequest, Stage
from app.certificates.view import View, stage
from app.names import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the stages rest on, once a CA is observed."""

    request: CertificateRequest
    view: View
    authority: Authority

    @property
    def stage(self) -> Stage:
        """Stage that ``<c>-ca`` and the bundles are in."""
        return stage(self.view)

    @property
    def bundle(self) -> Certificates:
        """CAs that every leaf Secret shall hold in this stage."""
        return self.authority.bundle(self.request.now)

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Workloads that do not prove yet that all their pods run with what is observed."""
        return tuple(
            one.workload
            for one in self.request.tiers
            if not one.is_settled or not self._reads_given_leaves(one.role)
        )

    def _reads_given_leaves(self, role: Role) -> bool:
        """Whether a tier's pods read each leaf of the user that they shall read."""
        return all(
            role in leaf.given.mounted_by
            for leaf in self.view.custom_leaves
            if leaf.name in TIER_LEAVES[role]
        )

    @property
    def users_paths(self) -> tuple[Certificates, ...]:
        """Paths of the CAs of the user that ``<c>-ca`` holds, the active one first."""
        authority = self.authority
        found = (
            (authority.path, authority.is_users),
            (authority.next_path, authority.is_next_users),
        )
        return tuple(path for path, is_users in found if is_users)

    @property
    def can_sign(self) -> bool:
        """Whether the active CA's key is there."""
        return self.authority.has_usable_key

    @property
    def has_every_leaf(self) -> bool:
        """Whether every leaf Secret has the bundle and the issuer of the stage.

        Who cannot sign does not ask for its issuer (trust without the active key).
        """
        signers = _present(self.authority.active, self.authority.next)
        is_lenient = self.stage is Stage.TRUST and not self.can_sign
        return all(
            _has_bundle(leaf, self.bundle)
            and leaf.certificate is not None
            and (is_lenient or signer_of(leaf.certificate, signers) is not None)
            and (is_lenient or has_chain(leaf, self.users_paths))
            for leaf in self.view.leaves
        ) and all(leaf.covers(self.bundle) for leaf in self.view.custom_leaves)

    @property
    def is_done(self) -> bool:
        """Whether every Secret and every workload has taken what the stage brings."""
        return self.has_every_leaf and not self.unsettled

    @property
    def may_begin(self) -> bool:
        """Whether a rotation may start: on clean and settled ground, or where nothing can sign."""
        if self.stage is Stage.REISSUE:
            return not self.can_sign
        return self.stage is Stage.STEADY and (not self.unsettled or not self.can_sign)

    @property
    def absent_leaf_signer(self) -> CertificateFacts | None:
        """The successor, where an absent leaf must be signed by it since nothing else can.

        All that could meet that leaf trust it by then: each other Secret has the bundle, and each
        workload that mounts no absent leaf is settled.
        """
        if self.stage is not Stage.TRUST or self.can_sign or not self.authority.has_usable_next_key:
            return None
        present = [leaf for leaf in self.view.leaves if leaf.observed is not None]
        absent = {leaf.plan.name for leaf in self.view.leaves if leaf.observed is None}
        is_ready = all(_has_bundle(leaf, self.bundle) for leaf in present) and all(
            one.is_settled or absent.intersection(TIER_LEAVES[one.role])
            for one in self.request.tiers
        )
        return self.authority.next if absent and is_ready else None

    @property
    def signed_by_successor(self) -> bool:
        """Whether a leaf is already of the staged successor."""
        candidates = _present(self.authority.next)
        return any(
            leaf.certificate is not None and signer_of(leaf.certificate, candidates) is not None
            for leaf in self.view.leaves
        )

    @property
    def promotion_deadline(self) -> datetime | None:
        """When trust ends whatever is settled: only where the active key is gone.

        Two margins before the old CA, or the first of its leaves, expires: after that there is
        nothing left that waiting could protect.
        """
        active = self.authority.active
        if active is None or self.can_sign:
            return None
        old = [active, *self._leaves_of(active)]
        return min(one.not_after - 2 * margin(one) for one in old)

    @property
    def is_overdue(self) -> bool:
        """Whether the deadline of trust has passed."""
        deadline = self.promotion_deadline
        return deadline is not None and self.request.now >= deadline

    @property
    def expiring(self) -> Certificates:
        """Retiring CAs that must leave now, whoever still uses them."""
        return tuple(
            one for one in self.authority.previous if self.request.now >= margin_start(one)
        )

    @property
    def left_behind(self) -> tuple[str, ...]:
        """Leaf Secrets whose certificate no CA of ``<c>-ca`` signed but a retiring one."""
        return tuple(
            leaf.plan.secret
            for leaf in self.view.leaves
            if leaf.certificate is not None
            and signer_of(leaf.certificate, self.authority.previous) is not None
        )

    def _leaves_of(self, ca: CertificateFacts) -> Iterator[CertificateFacts]:
        for leaf in self.view.leaves:
            if leaf.certificate is not None and signer_of(leaf.certificate, (ca,)) is not None:
                yield leaf.certificate


def _has_bundle(leaf: LeafState, bundle: Certificates) -> bool:
    return leaf.bundle is not None and frozenset(leaf.bundle) == frozenset(bundle)


def _present(*certificates: CertificateFacts | None) -> Certificates:
    return tuple(one for one in certificates if one is not None)
