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
from app.observed.request import as_map
from app.result import Manifest, Result
from app.simulation.merge import LIST_KEYS
from tests.cluster_builder import NAME, NAMES, ClusterBuilder, Key, key_of, seeded_entropy
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
        {key: _sorted(one) for key, one in each.children.items() if key[1] != "Service"}
        for each in (left, right)
    ]
    generated = _generated_anew(left, right)
    found = []
    for how, (one, other) in (("sent", sent), ("stored", stored)):
        for key in sorted(one.keys() | other.keys()):
            left_one, right_one = (comparable(each.get(key), generated) for each in (one, other))
            found += [f"{how} {key[1]} {key[2]}{path}" for path in paths(left_one, right_one)]
    return found


def _sorted(value: Any) -> Any:
    """``value`` with keyed lists in order of their keys: of those the observed order wins."""
    if isinstance(value, dict):
        return {key: _sorted(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    items = [_sorted(item) for item in value]
    key = next((key for key in LIST_KEYS if all(key in as_map(item) for item in items)), None)
    return items if key is None else sorted(items, key=lambda item: str(item[key]))


def _generated_anew(left: ClusterBuilder, right: ClusterBuilder) -> frozenset[str]:
    """Identity Secrets that one cluster had no use for in between, so that it has another."""
    keys = [("v1", "Secret", name) for name in (NAMES.cluster_key, NAMES.authd_password)]
    pairs = [(key[2], left.children.get(key), right.children.get(key)) for key in keys]
    return frozenset(
        name for name, one, other in pairs if one and other and one["data"] != other["data"]
    )


def comparable(
    manifest: Manifest | None, generated: frozenset[str] = frozenset()
) -> Manifest | None:
    """``manifest`` without what is random or the server's, certificates by what they say.

    ``generated``: Secrets whose data is random, and with it the managers' hash of what they read.
    """
    if manifest is None:
        return None
    one = copy.deepcopy(manifest)
    one.pop("status", None)
    metadata = one["metadata"]
    annotations = metadata.setdefault("annotations", {})
    template = one.get("spec", {}).get("template", {}).get("metadata", {}).get("annotations", {})
    for key in (*_RANDOM, names.LAST_APPLIED):
        annotations.pop(key, None)
        template.pop(key, None)
    for key in _SYSTEM:
        metadata.pop(key, None)
    if metadata["name"] in generated:
        one["data"] = sorted(one["data"])
    if generated and metadata["name"].startswith(f"{NAME}-manager-"):
        template.pop(names.CONFIG_HASH, None)
    if one.get("type") == "kubernetes.io/tls":
        one["data"] |= {"tls.crt": _described(one["data"]["tls.crt"]), "tls.key": ""}
    return one


def _described(encoded: str) -> str:
    """What a certificate says, its dates apart: names, issuer, usages, the whole subject."""
    certificate = x509.load_pem_x509_certificate(base64.b64decode(encoded))
    described = _DATES.sub("", describe_certificate(certificate))
    return f"{described} {certificate.subject.rfc4514_string()}"


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
