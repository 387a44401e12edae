"""The Secret with the security plugin's files, the patch, and what the index has taken of it.

The index knows the hashes it was given first. The files tell it of them at its very first start;
later a Job takes the patch to it, and only what the index has taken is written down as applied
(behaviour 10).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

import orjson

from app.cluster import Cluster
from app.config import security as security_config
from app.credentials import passwords
from app.credentials.derived import Derived, kept, refused, written
from app.credentials.index_state import (
    APPLIED_DIGEST,
    PASSWORD_DIGESTS,
    SECURITY_PATCH,
    IndexState,
    IndexUser,
    KnownUser,
    index_state,
    judged,
    known_hash,
    patch_of,
)
from app.entropy import Entropy
from app.names import Names, Role
from app.observed.jobs import jobs
from app.observed.request import Observed
from app.result import Reissue
from app.secret_data import SecretData

#: Why the security Secret is written once its Job is complete.
PASSWORDS_TAKEN: Final = "PasswordsTaken"


def needs_hashing(
    security: SecretData | None, credentials: tuple[SecretData | None, SecretData | None]
) -> bool:
    """Whether a bcrypt hash is about to be made from observed ``credentials``.

    They are those of the administrator and of the dashboard, in this order.
    """
    state = judged(security, credentials)
    if state.users is None or state.is_immutable:
        return False
    return not state.is_hashed


def indexer_security(
    cluster: Cluster,
    observed: Observed,
    *,
    now: datetime,
    entropy: Entropy,
    being_written: frozenset[str] = frozenset(),
) -> Derived:
    """Files of the security plugin, and the patch that changes passwords later.

    A hash is made only for a password that is new. The files are read by the very first start
    alone, so their content enters no hash. ``being_written``: Secrets that this call writes; what
    they hold now is about to change.
    """
    named = cluster.names
    present = observed.secrets.get(named.indexer_security)
    state = index_state(observed, named)
    taken = taken_patch(observed, named, now)
    if taken is not None:
        return taken
    if state.is_under_way and not _may_be_replaced(observed, named, state):
        return _with_files(present, state, now)
    sources = {named.indexer_credentials, named.dashboard_credentials}
    if state.users is None or being_written & sources or _is_done(state):
        return kept(present, now)
    if present is not None and present.immutable:
        return refused(cluster, present, "spec.indexer.credentials", now)
    known = [known_hash(present, user) for user in state.users]
    made = [
        one or _hashed(user, entropy, named.indexer_security)
        for one, user in zip(known, state.users, strict=True)
    ]
    data = _security_data((made[0], made[1]))
    if not observed.claims and Role.INDEXER not in observed.workloads:
        # No index yet: its first start loads the files.
        data[APPLIED_DIGEST] = _digest(data[SECURITY_PATCH])
    return Derived(
        secret=written(named.indexer_security, present, data, now),
        reissue=Reissue(secret=named.indexer_security, reason=_reason(present, state)),
    )


def taken_patch(observed: Observed, named: Names, now: datetime) -> Derived | None:
    """The note that the index has taken the patch, once its Job is complete; else None.

    Written alone: what follows from it rests on its being observed.
    """
    state = index_state(observed, named)
    present = observed.secrets.get(named.indexer_security)
    if present is None or state.digest is None or not state.is_under_way or present.immutable:
        return None
    job = jobs(observed, named.security_jobs).get(named.security_job(state.digest))
    if job is None or not job.is_complete:
        return None
    data = {APPLIED_DIGEST: state.digest.encode()}
    return Derived(
        secret=written(present.name, present, data, now),
        reissue=Reissue(secret=present.name, reason=PASSWORDS_TAKEN),
    )


def _is_done(state: IndexState) -> bool:
    """Whether files and patch hold the wanted passwords.

    An immutable Secret never takes a patch; without one the index has what the files say.
    """
    has_patch = state.digest is not None or state.is_immutable
    return state.has_files and state.is_hashed and has_patch


def _may_be_replaced(observed: Observed, named: Names, state: IndexState) -> bool:
    """Whether no pod can be on its way to the index with the patch.

    Until its Job has ended the patch stays: two that run at once could end in either order.
    """
    if state.digest is None:
        return True
    job = jobs(observed, named.security_jobs).get(named.security_job(state.digest))
    return job is not None and job.has_ended


def _with_files(present: SecretData | None, state: IndexState, now: datetime) -> Derived:
    """As it is; files that somebody removed are made again from the record."""
    if present is None or state.has_files or state.known is None or present.immutable:
        return kept(present, now)
    return Derived(
        secret=written(present.name, present, _security_data(state.known), now),
        reissue=Reissue(secret=present.name, reason="FilesMissing"),
    )


def _reason(present: SecretData | None, state: IndexState) -> str:
    if present is None:
        return "Missing"
    if not state.is_hashed:
        return "PasswordChanged"
    return "FilesMissing" if not state.has_files else "PatchMissing"


def _security_data(users: tuple[KnownUser, KnownUser]) -> dict[str, bytes]:
    administrator, dashboard = users
    files = security_config.security_files(
        admin_username=administrator.name,
        admin_hash=administrator.hashed,
        dashboard_username=dashboard.name,
        dashboard_hash=dashboard.hashed,
    )
    record = {one.name: {"hash": one.hashed, "digest": one.digest} for one in users}
    return {
        **{file: text.encode() for file, text in files.items()},
        PASSWORD_DIGESTS: orjson.dumps(record, option=orjson.OPT_SORT_KEYS),
        SECURITY_PATCH: patch_of(users),
    }


def _digest(patch: bytes) -> bytes:
    return hashlib.sha256(patch).hexdigest().encode()


def _hashed(user: IndexUser, entropy: Entropy, secret: str) -> KnownUser:
    hashed = passwords.bcrypt_hash(user.password, entropy, f"{secret}/{user.name}")
    digest = passwords.password_digest(user.password, hashed)
    return KnownUser(name=user.name, hashed=hashed, digest=digest)
