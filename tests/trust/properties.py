"""What must hold at every step of every history.

P1 whoever talks to whom verifies the other · P2 no key lost or made without a reason · P3 no
expired CA, no two certificates of one CA in a bundle · P4 everything comes to rest, steady and
clean · P5 one cause rolls one tier at a time · P6 no more rolls than a change is granted
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from app.certificates.observation import NEXT_CERT, certificates_in
from app.certificates.pem import CertificateFacts
from app.names import CA_CERT, MANAGERS, RENEW_CERTIFICATES, TIERS, TLS_KEY, Role
from app.secret_data import SecretData
from tests.certificates.scenario import LEAF_SECRETS, NAMES
from tests.trust.cluster import Standing, Workload, mounts
from tests.trust.contents import (
    Content,
    authority_key,
    certificates,
    content,
    public_keys,
    verifies,
)
from tests.trust.world import Answer, BrokenError, World, bundle_of

_ADMIN = NAMES.certs("admin")
_INDEXER = NAMES.certs("indexer")
_FILEBEAT = NAMES.certs("filebeat")
_DASHBOARD = NAMES.certs("dashboard")
#: Rolls of every tier that an event may cost; of tiers that do not reload leaves, one more.
_COSTS: Mapping[str, int] = {
    "rotate": 2,
    "recreate": 2,
    "delete ca": 2,
    "old backup": 4,
    "lose ca.key": 3,
    "lose next.key": 1,
}
_LEAF_EVENTS = frozenset({"renew", "names", "shorter", "delete", "time", "invalid"})
#: Reasons of a leaf for which its key changes.
_NEW_KEY = frozenset(
    {
        "SecretMissing",
        "KeyUnreadable",
        "KeyAlgorithm",
        "IssuerMismatch",
        "RenewalRequested",
        "NotYetValid",
        "Expired",
        "NearExpiry",
        "ValidityShortened",
    }
)


def check(world: World) -> None:
    """P1, P3 and P6 of the present moment. BrokenError names the property."""
    if world.excuse is None:
        _mutual_trust(world)
    _bundles(world)
    for role in TIERS:
        granted = _granted(world, role)
        if world.rolls[role] > granted:
            raise BrokenError("P6", f"roll {world.rolls[role]} of {role}, granted are {granted}")


def check_write(world: World, answer: Answer, name: str, new: SecretData | Workload) -> None:
    """P2 and P5 of a write that is about to be made."""
    seen = world.cluster.seen.get(name)
    if isinstance(new, Workload):
        _one_tier_at_a_time(world, name, seen)
        return
    before = seen if isinstance(seen, SecretData) else None
    reasons = {one.reason for one in answer.plan.reissues if one.secret == name}
    if (before is None or before.data != new.data) and not reasons:
        raise BrokenError("P2", f"Secret {name} changes and no reason is given")
    if name == NAMES.ca:
        _ca_write(world, before, new)
    elif before is not None and before.data.get(TLS_KEY) != new.data.get(TLS_KEY):
        is_asked = before.annotations.get(RENEW_CERTIFICATES) != world.wishes.renew
        if not reasons & _NEW_KEY and not is_asked:
            raise BrokenError("P2", f"{name} gets another key for {sorted(reasons)}")


def note_ca(world: World, before: SecretData | None, new: SecretData) -> None:
    """Remember what a write of the CA means for later judgements."""
    if before is None:
        if NEXT_CERT not in new.data:
            world.excuse = "nothing was left of the lost CA"
        return
    keys = [public_keys(one.data.get(CA_CERT, "")) for one in (before, new)]
    if keys[0] == keys[1] and before.data.get(CA_CERT) != new.data.get(CA_CERT):
        world.renewals += 1


def note_leaf(world: World, name: str, before: SecretData | None, new: SecretData) -> None:
    """A lost indexer Secret under a CA without key comes back of a CA that its peers may not know.

    Nothing can be done about it (section 8 of the rules). Until it is back, indexers cannot learn
    to trust that CA, so another leaf of it that was lost as well meets the same.
    """
    ca = world.cluster.seen.get(NAMES.ca)
    is_concerned = name == _INDEXER or _INDEXER not in world.cluster.seen
    if not is_concerned or before is not None or not isinstance(ca, SecretData):
        return
    if not verifies(content(new).leaf, ca.data.get(CA_CERT, "")):
        world.excuse = "a leaf of the indexers and the key of the CA were both lost"


# --- P1 -----------------------------------------------------------------------------------------
def _mutual_trust(world: World) -> None:
    cluster = world.cluster
    indexers = cluster.shown(Role.INDEXER, _INDEXER)
    _each(indexers, indexers, "an indexer", "an indexer")
    for role in MANAGERS:
        clients = cluster.shown(role, _FILEBEAT)
        _each(clients, indexers, f"a {role}", "an indexer")
        _each(indexers, clients, "an indexer", f"Filebeat of a {role}")
    _each(cluster.shown(Role.DASHBOARD, _DASHBOARD), indexers, "a dashboard", "an indexer")
    admin = cluster.secret(_ADMIN)
    if admin is not None:
        job = frozenset({content(admin)})
        _each(job, indexers, "a security Job", "an indexer")
        _each(indexers, job, "an indexer", "a security Job")
    for role in MANAGERS:
        name = NAMES.certs(str(role))
        stored = cluster.secret(name)
        if stored is not None:
            agent = frozenset({content(stored)})
            _each(agent, cluster.shown(role, name), "an agent", f"enrolment of a {role}")


def _each(those: Iterable[Content], others: Iterable[Content], name: str, other_name: str) -> None:
    """Each of ``those`` verifies each of ``others``."""
    bundles = {one.bundle for one in those}
    leaves = {one.leaf for one in others}
    for bundle in bundles:
        for leaf in leaves:
            if not verifies(leaf, bundle):
                raise BrokenError(
                    "P1",
                    f"{name} {Content(leaf, bundle)!r}: its bundle does not verify the leaf that"
                    f" {other_name} shows",
                )


# --- P2, P5 -------------------------------------------------------------------------------------
def _ca_write(world: World, before: SecretData | None, new: SecretData) -> None:
    active = public_keys(new.data.get(CA_CERT, ""))
    if before is None:
        if world.fingerprint and world.wishes.recreate is None:
            raise BrokenError("P2", "a CA is made although there was one")
        if world.is_spent and world.backup is not None:
            staged = certificates_in(world.backup, NEXT_CERT) or ()
            known = {one for name in LEAF_SECRETS for one in _seen_bundle(world, name)}
            if known.intersection(staged):
                raise BrokenError("P2", "a used recreate-ca is obeyed for another loss")
        return
    old = public_keys(before.data.get(CA_CERT, ""))
    promoted = certificates(before.data.get(NEXT_CERT, "")) == certificates(new.data[CA_CERT])
    if old != active and not promoted and NEXT_CERT not in new.data:
        raise BrokenError("P2", "the active CA is replaced by another key outside a promotion")


def _seen_bundle(world: World, name: str) -> Iterable[CertificateFacts]:
    one = world.cluster.seen.get(name)
    return bundle_of(one) if isinstance(one, SecretData) else ()


def _one_tier_at_a_time(world: World, name: str, seen: object) -> None:
    # Leaves come due one by one: those that a write missed follow later, for a cause of their own.
    causes = [one for one in world.happened if not one.startswith(("stick", "lose a pod"))]
    if world.setting.is_parallel or seen is None or len(causes) > 1 or "time" in causes:
        return
    rolling = [
        role
        for role in TIERS
        if role != name
        and (one := world.cluster.workload(role)) is not None
        and one.standing is Standing.ROLLING
    ]
    if rolling:
        raise BrokenError("P5", f"{name} starts to roll while {rolling} roll, for one cause")


# --- P3, P6 -------------------------------------------------------------------------------------
def _bundles(world: World) -> None:
    for name in LEAF_SECRETS:
        secret = world.cluster.secret(name)
        if secret is None:
            continue
        leaf, listed = content(secret).leaf, certificates(secret.data.get(CA_CERT, ""))
        keys = public_keys(secret.data.get(CA_CERT, ""))
        if len(set(keys)) < len(keys):
            raise BrokenError("P3", f"two certificates of one CA in the bundle of {name}")
        for one, key in zip(listed, keys, strict=True):
            if world.cluster.now > one.not_valid_after_utc and key != authority_key(leaf):
                raise BrokenError("P3", f"an expired CA in the bundle of {name}")


def _granted(world: World, role: Role) -> int:
    """Changes of a tier's hash that everything that happened so far is granted."""
    reloads = world.setting.reloads and role is Role.INDEXER
    count = world.renewals
    for event, times in Counter(world.happened).items():
        name, _, _ = event.partition(":")
        count += times * _COSTS.get(name, 0)
        if name in _LEAF_EVENTS and not reloads:
            count += times * len(mounts(role))  # each of its leaves may be seen by itself
    return count
