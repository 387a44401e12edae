"""From our own CA to the user's, from one of the user's to the next, and back to our own.

The stages are those of any rotation; only where the successor comes from differs. ``<c>-ca`` holds
certificates of the user's CAs, never a key of them.
"""

from __future__ import annotations

from typing import Final

from app.certificates import custom_view, rotation_writes
from app.certificates.authority_writes import pem_of
from app.certificates.custom import CustomCa
from app.certificates.observation import NEXT_CERT, NEXT_KEY, PREVIOUS_CERT
from app.certificates.policies import Verdict
from app.certificates.rotation_writes import Step
from app.certificates.stages import Ground
from app.certificates.writes import Outcome
from app.names import CA_CERT, CA_KEY
from app.secret_data import encode

_RENEWED: Final = Verdict(
    reason=Step.CUSTOM_CA, message="the user renewed the CA with the key that it has"
)
_TURNED: Final = Verdict(
    reason=Step.CUSTOM_CA, message="another CA is wanted; nothing was issued by the staged one"
)


def followed(ground: Ground) -> Outcome | None:
    """``<c>-ca`` with the dates that the user gave a CA it holds already; None: nothing is new.

    A key that the user keeps from now on leaves it.
    """
    custom = _usable(ground)
    if custom is None:
        return None
    authority, data = ground.authority, ground.authority.secret.data
    has_moved = custom.has_key and CA_KEY in data
    is_ours = CA_KEY in data and not custom.has_key
    if custom.is_same(authority.path):
        if authority.path == custom.path and (authority.is_users or is_ours) and not has_moved:
            return None
        changed = {**data, **encode({CA_CERT: pem_of(custom.path)})}
        if has_moved:
            changed.pop(CA_KEY)
        return rotation_writes.written(ground, changed, _RENEWED)
    if custom.is_same(authority.next_path) and authority.next_path != custom.path:
        changed = {**data, **encode({NEXT_CERT: pem_of(custom.path)})}
        return rotation_writes.written(ground, changed, _RENEWED)
    return None


def turned(ground: Ground) -> Outcome | None:
    """What trust becomes if another CA is wanted than the staged one; None: it goes on."""
    authority = ground.authority
    if ground.request.config is None or ground.signed_by_successor:
        return None
    if ground.view.custom is None:
        if not authority.is_next_users:
            return None
        if authority.is_users:
            return rotation_writes.staged(ground, ground.view.ca_wish, _TURNED)
        return _without_successor(ground)
    custom = _usable(ground)
    if custom is None or custom.is_same(authority.next_path):
        return None
    return _without_successor(ground) if custom.is_same(authority.path) else _staged(ground, custom)


def is_wanted(ground: Ground) -> bool:
    """Whether the spec wants another CA than the active one."""
    if ground.request.config is None or custom_view.is_stuck(ground.request, ground.view.custom):
        return False
    if ground.view.custom is None:
        return ground.authority.is_users
    custom = _usable(ground)
    return custom is not None and not custom.is_same(ground.authority.path)


def begun(ground: Ground) -> Outcome | None:
    """The first write of the way to the wanted CA; None: it waits for its turn.

    Where pods read leaves of the user alone, nothing of ours is handed over: the user's CA is the
    active one at once.
    """
    verdict = Verdict(reason=Step.CUSTOM_CA, message="the spec wants another CA")
    custom = _usable(ground)
    if custom is not None and not ground.view.leaves and ground.view.users:
        data = {**ground.authority.secret.data, **encode({CA_CERT: pem_of(custom.path)})}
        for name in (CA_KEY, NEXT_CERT, NEXT_KEY, PREVIOUS_CERT):
            data.pop(name, None)
        return rotation_writes.written(ground, data, verdict)
    if not ground.may_begin:
        return None
    if custom is None:
        return rotation_writes.staged(ground, ground.view.ca_wish, verdict)
    return _staged(ground, custom)


def is_ready_without_key(ground: Ground) -> bool:
    """Whether the staged successor needs no key: every leaf of it is there, given by the user."""
    custom = _usable(ground)
    if custom is None or custom.has_key or not custom.is_same(ground.authority.next_path):
        return False
    leaves = {} if ground.view.custom is None else ground.view.custom.leaves
    return all(
        plan.name in leaves
        and leaves[plan.name].problem is None
        and leaves[plan.name].covers(ground.bundle)
        for plan in ground.view.plans
    )


def _usable(ground: Ground) -> CustomCa | None:
    custom = ground.view.custom
    return custom.ca if custom is not None and custom.ca.is_usable else None


def _staged(ground: Ground, custom: CustomCa) -> Outcome:
    verdict = Verdict(
        reason=Step.CUSTOM_CA, message=f"the CA of Secret {custom.secret} takes over in stages"
    )
    data = {**ground.authority.secret.data, **encode({NEXT_CERT: pem_of(custom.path)})}
    data.pop(NEXT_KEY, None)
    return rotation_writes.written(ground, data, verdict)


def _without_successor(ground: Ground) -> Outcome:
    data = dict(ground.authority.secret.data)
    data.pop(NEXT_CERT, None)
    data.pop(NEXT_KEY, None)
    return rotation_writes.written(ground, data, _TURNED)
