"""A password of the index that shall change: first beside the present one, then in its place.

The present password stays until the index has taken the coming one, since every pod logs in with
it. One change at a time: a wish that comes while another is under way waits for its end, so that
two patches are never on their way to the index at once (behaviour 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from app import names
from app.credentials import own_secrets, passwords
from app.credentials.access import UserAccess
from app.credentials.identity import IdentityPlan, acted_upon
from app.credentials.index_state import IndexState, index_state
from app.credentials.own_secrets import ADMINISTRATOR, DASHBOARD_SERVER, IndexAccount
from app.entropy import Entropy
from app.names import Names
from app.observed.request import Observed, SyncRequest
from app.result import Reissue
from app.secret_data import SecretData, encode
from app.stamps import stamped

#: A coming password was written beside the present one, which pods go on to read.
PREPARED: Final = "PasswordPrepared"
#: The coming password has become the present one.
CHANGED: Final = "PasswordChanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFacts:
    """What a change rests on. ``user``: the user's Secrets."""

    request: SyncRequest
    names: Names
    user: UserAccess
    now: datetime
    entropy: Entropy = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    secret: SecretData = field(repr=False)
    reason: str | None


def advanced(plan: IdentityPlan, facts: ChangeFacts) -> IdentityPlan:
    """``plan`` with the next step of a change in the two Secrets of the index's users."""
    state = index_state(facts.request.observed, facts.names)
    unsound = {one.secret for one in plan.lost}
    accounts = {
        facts.names.indexer_credentials: ADMINISTRATOR,
        facts.names.dashboard_credentials: DASHBOARD_SERVER,
    }
    observed = facts.request.observed.secrets
    steps = {
        one.name: _step(facts, state, observed[one.name], accounts[one.name])
        for one in plan.secrets
        if one.name in accounts.keys() & observed.keys() - unsound and not one.immutable
    }
    if not any(steps.values()):
        return plan
    taken = {name: step for name, step in steps.items() if step is not None}
    return replace(
        plan,
        secrets=tuple(taken[one.name].secret if one.name in taken else one for one in plan.secrets),
        reissues=(
            *plan.reissues,
            *(
                Reissue(secret=name, reason=step.reason)
                for name, step in taken.items()
                if step.reason is not None
            ),
        ),
    )


def promoted(observed: Observed, named: Names, now: datetime) -> tuple[SecretData, ...]:
    """Secrets in which a password that the index has taken becomes the present one, no others."""
    state = index_state(observed, named)
    pairs = (
        (named.indexer_credentials, ADMINISTRATOR),
        (named.dashboard_credentials, DASHBOARD_SERVER),
    )
    steps = [
        _promotion(state, observed.secrets[name], account, now)
        for name, account in pairs
        if name in observed.secrets and not observed.secrets[name].immutable
    ]
    return tuple(one.secret for one in steps if one is not None)


def _step(
    facts: ChangeFacts, state: IndexState, present: SecretData, account: IndexAccount
) -> _Step | None:
    if own_secrets.next_password(present, account) is not None:
        return _promotion(state, present, account, facts.now)
    if not _may_begin(state, account):
        return None
    recorded = _recorded(facts, present)
    wish = _wish(facts, present, account, is_ordered=bool(recorded))
    if wish is None and not recorded:
        return None
    data = {} if wish is None else encode({account.next_password: wish.encode()})
    return _Step(
        secret=_written(present, {**present.data, **data}, recorded, facts.now),
        reason=None if wish is None else PREPARED,
    )


def _may_begin(state: IndexState, account: IndexAccount) -> bool:
    """Whether the index has the present password and no other change has gone too far to join.

    An informer may show the coming password of one account a moment before that of the other; the
    patch waits until both orders are followed.
    """
    is_at_patch = bool(state.has_next) and state.is_hashed
    return state.is_applied and account.username in state.fitting and not is_at_patch


def _promotion(
    state: IndexState, present: SecretData, account: IndexAccount, now: datetime
) -> _Step | None:
    """The coming password in the place of the present one, once the index has taken it."""
    if own_secrets.next_password(present, account) is None or not state.is_settled:
        return None
    data = dict(present.data)
    data[account.password] = data.pop(account.next_password)
    return _Step(secret=_written(present, data, {}, now), reason=CHANGED)


def _written(
    present: SecretData, data: Mapping[str, str], annotations: Mapping[str, str], now: datetime
) -> SecretData:
    changed = replace(
        present,
        data={key: data[key] for key in sorted(data)},
        annotations={**present.annotations, **annotations},
    )
    return stamped(changed, present, now)


def _recorded(facts: ChangeFacts, present: SecretData) -> dict[str, str]:
    """The order to rotate, where it was not acted upon before; a value acts once."""
    order = facts.request.annotations.get(names.ROTATE_PASSWORDS)
    done = (
        present.annotations.get(names.ROTATE_PASSWORDS),
        acted_upon(facts.request).get(names.ROTATE_PASSWORDS),
    )
    return {} if not order or order in done else {names.ROTATE_PASSWORDS: order}


def _wish(
    facts: ChangeFacts, present: SecretData, account: IndexAccount, *, is_ordered: bool
) -> str | None:
    """The password that ``account`` shall have, if that is another one; user names never change.

    A password that the user brings is never rotated.
    """
    given = facts.user.administrator
    if account is ADMINISTRATOR and given is not None:
        names_fit = given.username.text == own_secrets.usable_text(
            present, account.username, account.values
        )
        word = given.password.text
        is_new = word != own_secrets.usable_text(present, account.password, account.values)
        return word if names_fit and is_new else None
    if not is_ordered:
        return None
    label = f"{present.name}/{account.next_password}"
    return passwords.password(facts.entropy, label)
