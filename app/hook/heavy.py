"""Which requests make bcrypt hashes or RSA keys, told before they are worked on.

A hash takes 0.23 s and an RSA key 0.04 s or more: such a call goes as a whole to a thread, so that
the syncs of other clusters do not wait for it. A wrong guess costs time only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app import kinds
from app.credentials.derived import needs_hashing
from app.names import Names
from app.observed.request import as_list, as_map, as_text, secret_of

_LEAVES = ("indexer", "manager-master", "manager-worker", "dashboard", "filebeat", "admin")


def is_heavy(request: object) -> bool:
    """Whether answering the decoded ``request`` will take more than a few milliseconds."""
    body = as_map(request)
    parent = as_map(body.get("parent"))
    metadata = as_map(parent.get("metadata"))
    cluster = as_text(metadata.get("name"))
    if cluster is None:
        return False
    named = Names(cluster=cluster, namespace="", domain="")
    secrets = {
        name: manifest
        for manifest in as_map(as_map(body.get("children")).get(kinds.SECRET.group_key)).values()
        if (name := as_text(as_map(as_map(manifest).get("metadata")).get("name"))) is not None
    }
    return _hashes(secrets, named) or _makes_rsa_keys(parent, secrets, named)


def _hashes(secrets: Mapping[str, Any], named: Names) -> bool:
    security, administrator, dashboard = (
        secret_of(secrets[name]) if name in secrets else None
        for name in (
            named.indexer_security,
            named.indexer_credentials,
            named.dashboard_credentials,
        )
    )
    return needs_hashing(security, (administrator, dashboard))


def _makes_rsa_keys(parent: Mapping[str, Any], secrets: Mapping[str, Any], named: Names) -> bool:
    """RSA is wanted, and a certificate is not there yet or the spec has changed or one is due."""
    config = as_map(as_map(as_map(parent.get("spec")).get("tls")).get("certConfig"))
    if config.get("keyAlgorithm") != "RSA-2048":
        return False
    wanted = {named.ca, *(named.certs(leaf) for leaf in _LEAVES)}
    status = as_map(parent.get("status"))
    seen = status.get("observedGeneration") == as_map(parent.get("metadata")).get("generation")
    listed = len(as_list(status.get("certificates"))) == len(_LEAVES)
    return not wanted <= secrets.keys() or not seen or not listed
