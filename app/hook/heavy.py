"""Which requests make bcrypt hashes or RSA keys, told before they are worked on.

A hash takes 0.23 s and an RSA key 0.04 s or more: such a call goes as a whole to a thread, so that
the syncs of other clusters do not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, NoReturn

from app import kinds
from app.credentials.index_security import needs_hashing
from app.entropy import SEED_BYTES, Entropy
from app.errors import HookError
from app.hook.paused import is_paused
from app.names import Names
from app.observed.request import SyncRequest, as_map, as_text, read, secret_of
from app.resolve import resolve
from app.resolve.authority import certificate_plan
from app.resolve.judgement import judge
from app.resolve.specification import Specification

_RSA: Final = "RSA-2048"


class _RsaKeyWantedError(Exception):
    """The certificates of a request take a new RSA key."""


def is_heavy(request: object, *, now: datetime) -> bool:
    """Whether answering the decoded ``request`` will make a bcrypt hash or an RSA key.

    Nearly all calls are told by their Secrets and one field of the spec. Only where these leave
    it open is the spec judged, and are certificates planned up to the first new key.
    """
    body = as_map(request)
    hashes = _hashes(body)
    if not hashes and not _wants_rsa(body):
        return False
    try:
        asked = read(request)
    except HookError:
        return False
    if is_paused(asked):
        return False
    judged = judge(asked)
    is_going = asked.is_deleting or body.get("finalizing") is True
    usable = None if is_going or not judged.is_usable else judged
    return (hashes and usable is not None) or _makes_rsa_key(asked, usable, now)


def _hashes(body: Mapping[str, Any]) -> bool:
    """Whether a password has no hash yet."""
    metadata = as_map(as_map(body.get("parent")).get("metadata"))
    named = Names(cluster=as_text(metadata.get("name")) or "", namespace="", domain="")
    secrets = {
        as_text(as_map(as_map(manifest).get("metadata")).get("name")): manifest
        for manifest in as_map(as_map(body.get("children")).get(kinds.SECRET.group_key)).values()
    }
    security, administrator, dashboard = (
        secret_of(secrets[name]) if name in secrets else None
        for name in (
            named.indexer_security,
            named.indexer_credentials,
            named.dashboard_credentials,
        )
    )
    return needs_hashing(security, (administrator, dashboard))


def _wants_rsa(body: Mapping[str, Any]) -> bool:
    spec = as_map(as_map(body.get("parent")).get("spec"))
    return as_map(as_map(spec.get("tls")).get("certConfig")).get("keyAlgorithm") == _RSA


def _makes_rsa_key(asked: SyncRequest, judged: Specification | None, now: datetime) -> bool:
    """Whether the plan of this call's certificates asks for an RSA key.

    ``judged``: None where the cluster is frozen or going, so that no spec is followed.
    """
    named = Names(cluster=asked.name, namespace=asked.namespace, domain="")
    wanted = None
    if judged is not None and judged.spec is not None and judged.version is not None:
        named = replace(named, domain=judged.spec.cluster_domain)
        wanted = resolve.wanted_certificates(asked, named, judged.spec, judged.version)
    try:
        certificate_plan(
            asked, named, wanted, now=now, entropy=Entropy(bytes(SEED_BYTES)), rsa_key=_refused
        )
    except _RsaKeyWantedError:
        return True
    return False


def _refused(_label: str) -> NoReturn:
    raise _RsaKeyWantedError
