"""What the index knows of its two users, as far as the Secrets tell.

``<c>-indexer-security`` records which hash was made from which password, holds the patch that
gives both hashes to the index, and says which patch the index has taken last. Compared with the
two credentials Secrets that is the whole state of a password change: nothing else remembers it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import orjson

from app.config import security as security_config
from app.credentials import own_secrets, passwords
from app.credentials.own_secrets import ADMINISTRATOR, DASHBOARD_SERVER, IndexAccount
from app.names import Names
from app.observed.request import Observed, as_map, as_text
from app.secret_data import SecretData, SecretGroup

PASSWORD_DIGESTS: Final = "password-digests"  # noqa: S105 - a key of a Secret
SECURITY_PATCH: Final = "security-patch.json"
APPLIED_DIGEST: Final = "applied-digest"
ACCOUNTS: Final = (ADMINISTRATOR, DASHBOARD_SERVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexUser:
    """A user with the password that it shall have."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUser:
    """A user on record. ``digest`` tells from which password the hash was made."""

    name: str
    hashed: str = field(repr=False)
    digest: str = field(repr=False)

    def was_made_from(self, password: str) -> bool:
        """Whether the hash is one of ``password``."""
        return passwords.password_digest(password, self.hashed) == self.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """Where a password change stands.

    ``users``: administrator and dashboard as the credentials want them, None until both can be
    worked with. ``known``: the same two on record, None where the record cannot be used.
    ``digest``: SHA-256 of the patch in hex, None where it is not the patch of the record.
    ``is_applied``: the index has taken that patch. ``fitting``: accounts whose wanted password is
    the one on record. ``has_next``: accounts with a coming password beside the present one.
    """

    users: tuple[IndexUser, IndexUser] | None = field(repr=False)
    known: tuple[KnownUser, KnownUser] | None = field(repr=False)
    digest: str | None
    is_applied: bool
    fitting: frozenset[str]
    has_next: frozenset[str]
    has_files: bool
    is_immutable: bool

    @property
    def is_hashed(self) -> bool:
        """Whether a hash of both wanted passwords is on record."""
        return len(self.fitting) == len(ACCOUNTS)

    @property
    def is_settled(self) -> bool:
        """Whether the index has the wanted passwords of both users."""
        return self.is_applied and self.is_hashed

    @property
    def is_under_way(self) -> bool:
        """Whether a patch waits for a Job, or a Job for its end."""
        return self.digest is not None and not self.is_applied

    def is_in_force(self, account: IndexAccount) -> bool:
        """Whether the index takes the present password of ``account``, as far as is known.

        A coming one is put beside one that is in force only. A security Secret that cannot be
        written takes no patch, and never will.
        """
        if account.username in self.has_next or self.is_immutable:
            return True
        return self.is_applied and account.username in self.fitting


def index_state(observed: Observed, named: Names) -> IndexState:
    """State of the index's users, from the three Secrets as they are observed."""
    secrets = observed.secrets
    return judged(
        secrets.get(named.indexer_security),
        (secrets.get(named.indexer_credentials), secrets.get(named.dashboard_credentials)),
    )


def judged(
    security: SecretData | None, credentials: tuple[SecretData | None, SecretData | None]
) -> IndexState:
    """`index_state` of three Secrets: ``credentials`` of administrator and dashboard, in order."""
    is_immutable = security is not None and security.immutable
    return _judged(SecretGroup(security, *credentials), is_immutable)


@lru_cache(maxsize=512)
def _judged(group: SecretGroup, is_immutable: bool) -> IndexState:  # noqa: FBT001 - part of a key
    security, *credentials = group.secrets
    wanted = [_user(one, account) for one, account in zip(credentials, ACCOUNTS, strict=True)]
    known = _known(security)
    fitting = frozenset(
        account.username
        for account, user in zip(ACCOUNTS, wanted, strict=True)
        if user is not None and known_hash(security, user) is not None
    )
    patch = None if security is None else security.value(SECURITY_PATCH)
    is_sound = known is not None and patch == patch_of(known)
    digest = hashlib.sha256(patch).hexdigest() if patch is not None and is_sound else None
    applied = None if security is None else security.text(APPLIED_DIGEST)
    administrator, dashboard = wanted
    return IndexState(
        users=None if administrator is None or dashboard is None else (administrator, dashboard),
        known=known,
        digest=digest,
        is_applied=digest is not None and applied == digest,
        fitting=fitting,
        has_next=frozenset(
            account.username
            for secret, account in zip(credentials, ACCOUNTS, strict=True)
            if own_secrets.next_password(secret, account) is not None
        ),
        has_files=security is not None and security.data.keys() >= security_config.FILES,
        is_immutable=is_immutable,
    )


def patch_of(users: tuple[KnownUser, KnownUser]) -> bytes:
    """Patch that gives the hashes of ``users``, administrator first, to the index."""
    return security_config.security_patch(
        admin_username=users[0].name,
        admin_hash=users[0].hashed,
        dashboard_username=users[1].name,
        dashboard_hash=users[1].hashed,
    )


def known_user(security: SecretData | None, name: str) -> KnownUser | None:
    """One user on record; None where nothing usable is."""
    record = as_map(_record(security).get(name))
    hashed, digest = as_text(record.get("hash")), as_text(record.get("digest"))
    if hashed is None or digest is None or security_config.BCRYPT.fullmatch(hashed) is None:
        return None
    return KnownUser(name=name, hashed=hashed, digest=digest)


def known_hash(security: SecretData | None, user: IndexUser) -> KnownUser | None:
    """The record of ``user``, if its hash was made from the wanted password."""
    known = known_user(security, user.name)
    return known if known is not None and known.was_made_from(user.password) else None


def _user(secret: SecretData | None, account: IndexAccount) -> IndexUser | None:
    name = own_secrets.usable_text(secret, account.username, account.values)
    password = own_secrets.usable_text(secret, account.password, account.values)
    if name is None or password is None:
        return None
    return IndexUser(name=name, password=own_secrets.next_password(secret, account) or password)


def _known(security: SecretData | None) -> tuple[KnownUser, KnownUser] | None:
    """Both users on record, the administrator first; None unless they are exactly two."""
    names = sorted(_record(security), key=lambda name: name == passwords.DASHBOARD_USER)
    found = [known_user(security, name) for name in names]
    if len(found) != len(ACCOUNTS) or names[-1] != passwords.DASHBOARD_USER:
        return None
    administrator, dashboard = found
    is_named = passwords.is_administrator_name(names[0])
    if administrator is None or dashboard is None or not is_named:
        return None
    return administrator, dashboard


def _record(security: SecretData | None) -> Mapping[str, object]:
    raw = None if security is None else security.value(PASSWORD_DIGESTS)
    if raw is None:
        return {}
    try:
        return as_map(orjson.loads(raw))
    except orjson.JSONDecodeError:
        return {}
