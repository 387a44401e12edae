"""Clusters whose identity is there already: what needs bcrypt is made once in a test run.

A hash takes a quarter of a second, so a cluster that starts with observed credentials converges
thirty times as fast. All that start from here have the same passwords, keys and CA, so that two
of them can be compared: ``differences``.
"""

from __future__ import annotations

import base64
import copy
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from cryptography import x509

from app import names
from app.hook.sync import sync
from app.result import Manifest, Result
from tests.cluster_builder import NAMES, ClusterBuilder, Key, key_of, seeded_entropy
from tests.redactor import describe_certificate
from tests.scenarios import at_rest, steady
from tests.user_objects import with_user_secrets

#: Rounds in which a cluster that exists comes to rest after any one edit.
ROUNDS = 24
#: What a workload, a Secret or a binding may never change.
IMMUTABLE = {
    "StatefulSet": ("serviceName", "selector", "podManagementPolicy", "volumeClaimTemplates"),
    "Deployment": ("selector",),
}
#: What differs between two clusters of one spec: random keys and times.
_RANDOM = (names.CERT_HASH, names.DATA_HASH, names.DATA_WRITTEN)
_SYSTEM = (
    "creationTimestamp", "generation", "managedFields", "ownerReferences", "resourceVersion", "uid",
)  # fmt: skip
_DATES = re.compile(r" (from|until)=\S+")


@cache
def _identity() -> dict[Key, Manifest]:
    """Identity Secrets and the security plugin's files, as a running cluster has them."""
    cluster = steady()
    cluster.edit(lambda spec: spec.update(manager={"config": {"auth": {"usePassword": True}}}))
    at_rest(cluster)
    kept = (*NAMES.identity_secrets, NAMES.indexer_security)
    return {
        key: one for key, one in cluster.children.items() if key[1] == "Secret" and key[2] in kept
    }


def seeded(spec: Mapping[str, Any]) -> ClusterBuilder:
    """A new cluster that finds its identity Secrets and all Secrets of the user."""
    cluster = with_user_secrets(ClusterBuilder(spec))
    cluster.children = copy.deepcopy(_identity())
    return cluster


def running(spec: Mapping[str, Any]) -> ClusterBuilder:
    """A cluster of ``spec`` at rest: everything observed, ready, nothing left to write."""
    return rest(seeded(spec))


def edited(cluster: ClusterBuilder, spec: object) -> ClusterBuilder:
    """``cluster`` at rest under another spec; itself, not a copy."""
    return rest(reworded(cluster, spec))


def reworded(cluster: ClusterBuilder, spec: object) -> ClusterBuilder:
    """``cluster`` with another spec, which nobody has looked at yet; itself, not a copy."""
    cluster.parent["spec"] = copy.deepcopy(spec)
    if isinstance(spec, dict):
        cluster.parent["spec"] = {"version": "4.14.1", **cluster.parent["spec"]}
    cluster.parent["metadata"]["generation"] += 1
    return cluster


def rest(cluster: ClusterBuilder, *, rounds: int = ROUNDS) -> ClusterBuilder:
    """Let the hook answer, with all pods ready at once, until it writes nothing.

    AssertionError if it does not come to rest, or touches on its way what can never change.
    """
    quiet = 0
    for _ in range(rounds):
        cluster.settle()
        before = cluster.writes
        ask(cluster)
        # Twice: a Secret may have been too young for its readers the first time.
        quiet = quiet + 1 if cluster.writes == before else 0
        cluster.wait(seconds=100)
        if quiet > 1:
            return cluster
    raise AssertionError(f"{rounds} rounds and still writing")


def ask(cluster: ClusterBuilder) -> Result:
    """One sync whose answer is stored, if it respects what can never change."""
    observed = dict(cluster.children)
    result = cluster.sync(sync)
    wrong = forbidden_changes(observed, result.response.children)
    assert wrong == [], wrong
    return result


def answer(cluster: ClusterBuilder) -> Result:
    """What the hook would answer now; nothing is stored."""
    return sync(cluster.request(), now=cluster.now, entropy=seeded_entropy(cluster.calls + 1))


def forbidden_changes(
    observed: Mapping[Key, Manifest], answered: tuple[Manifest, ...]
) -> list[str]:
    """Workloads that are left out, and immutable fields that are sent with another value."""
    desired = {key_of(one): one for one in answered}
    found = [
        f"{key[1]} {key[2]} is left out"
        for key in observed
        if key[1] == "StatefulSet" and key not in desired
    ]
    for key, before in observed.items():
        after = desired.get(key)
        if after is None:
            continue
        found += [
            f"{key[1]} {key[2]}: {field} changes"
            for field in IMMUTABLE.get(key[1], ())
            if before["spec"].get(field) != after["spec"].get(field)
        ]
        found += [
            f"{key[1]} {key[2]}: {field} changes"
            for field in ("type", "roleRef")
            if before.get(field) != after.get(field)
        ]
    return sorted(found)


# --- two clusters compared ----------------------------------------------------------------------
def differences(left: ClusterBuilder, right: ClusterBuilder) -> list[str]:
    """Where two clusters at rest differ but for random material: what is sent, what is stored."""
    sent = [{key_of(one): one for one in answer(each).response.children} for each in (left, right)]
    # The API server allocates and clears fields of a Service itself.
    stored = [
        {key: one for key, one in each.children.items() if key[1] != "Service"}
        for each in (left, right)
    ]
    return [
        f"{how} {key[1]} {key[2]}{path}"
        for how, (one, other) in (("sent", sent), ("stored", stored))
        for key in sorted(one.keys() | other.keys())
        for path in paths(comparable(one.get(key)), comparable(other.get(key)))
    ]


def comparable(manifest: Manifest | None) -> Manifest | None:
    """``manifest`` without what is random or the server's, certificates by what they say."""
    if manifest is None:
        return None
    one = copy.deepcopy(manifest)
    one.pop("status", None)
    metadata = one["metadata"]
    metadata["annotations"] = {
        key: value
        for key, value in metadata.get("annotations", {}).items()
        if key != names.LAST_APPLIED
    }
    for key in _SYSTEM:
        metadata.pop(key, None)
    template = one.get("spec", {}).get("template", {}).get("metadata", {})
    for annotations in (metadata["annotations"], template.get("annotations", {})):
        for key in _RANDOM:
            annotations.pop(key, None)
    if one.get("type") == "kubernetes.io/tls":
        pem = base64.b64decode(one["data"]["tls.crt"])
        described = describe_certificate(x509.load_pem_x509_certificate(pem))
        subject = x509.load_pem_x509_certificate(pem).subject.rfc4514_string()
        one["data"] |= {"tls.crt": f"{_DATES.sub('', described)} {subject}", "tls.key": ""}
    return one


def paths(one: Any, other: Any, path: str = "") -> list[str]:
    """Paths at which two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            found
            for key in sorted(one.keys() | other.keys())
            for found in paths(one.get(key), other.get(key), f"{path}.{key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            found
            for index, (left, right) in enumerate(zip(one, other, strict=True))
            for found in paths(left, right, f"{path}[{index}]")
        ]
    return [] if one == other else [f"{path}: {one!s:.80} / {other!s:.80}"]
