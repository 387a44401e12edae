"""The scenarios of the goldens: how each request comes about, and why it is looked at.

Each starts from a WazuhCluster and lets the hook itself make what is observed, as in life; then
something happens, and the request of that moment is the scenario.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from app import names
from app.hook.sync import sync
from app.resolve.custom_certificates import REFERENCES
from app.result import Manifest
from tests.certificates.custom_objects import (
    CA_SECRET,
    DAY,
    INTERMEDIATE,
    ROOT,
    ca_data,
    leaf_secrets,
)
from tests.cluster_builder import NAME, NAMES, NOW, ClusterBuilder
from tests.user_overrides import OVERRIDES

Moment = tuple[dict[str, Any], datetime]
LEAVES: Final = ("admin", "dashboard", "filebeat", "indexer", "manager-master", "manager-worker")
#: Rounds in which every change of a scenario has come to rest.
ROUNDS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """``build`` gives request and time; ``why`` is one sentence.

    ``in_full``: the golden shows all children, not only those that the answer changes.
    """

    why: str
    build: Callable[[], Moment]
    in_full: bool = False


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str, why: str, *, in_full: bool = False
) -> Callable[[Callable[[], ClusterBuilder]], Callable[[], ClusterBuilder]]:
    """Register a function that leaves a cluster at the moment to be looked at."""

    def register(build: Callable[[], ClusterBuilder]) -> Callable[[], ClusterBuilder]:
        def moment() -> Moment:
            cluster = build()
            return cluster.request(), cluster.now

        SCENARIOS[name] = Scenario(why=why, build=moment, in_full=in_full)
        return build

    return register


def rounds(cluster: ClusterBuilder, count: int) -> ClusterBuilder:
    """Let the hook answer ``count`` times, five seconds apart; workloads stand still."""
    for _ in range(count):
        cluster.sync(sync)
        cluster.wait(seconds=5)
    return cluster


def at_rest(cluster: ClusterBuilder) -> ClusterBuilder:
    """Let the hook answer until it writes nothing, with all pods ready at once each time.

    AssertionError if it does not come to rest.
    """
    for _ in range(ROUNDS):
        before = cluster.writes
        cluster.sync(sync)
        quiet = cluster.writes == before
        cluster.settle()
        # A kubelet may still mount the former content of a Secret for a minute and a half.
        cluster.wait(seconds=100)
        if quiet:
            return cluster
    raise AssertionError(f"{ROUNDS} rounds and still writing")


@cache
def _steady(spec: str) -> ClusterBuilder:
    return at_rest(ClusterBuilder(SPECS[spec]))


def steady(spec: str = "default") -> ClusterBuilder:
    """Running cluster of one of ``SPECS``, all pods ready and nothing left to write."""
    return _steady(spec).copy()


def base64_of(text: str) -> str:
    """Text as a Secret carries it."""
    return base64.b64encode(text.encode()).decode()


KEY_REFERENCE: Final = {"manager": {"clusterKeySecretRef": {"name": "my-key", "key": "key"}}}
SPECS: Final[Mapping[str, Manifest]] = {
    "default": {},
    "4.13": {"version": "4.13.1"},
    "log-rotation": {"manager": {"logRotation": {"enabled": True}}},
}


@scenario("first-sync", "Nothing exists yet: identity Secrets and all that rests on no secret.")
def _first_sync() -> ClusterBuilder:
    return ClusterBuilder()


@scenario(
    "identity-secrets-observed",
    "What was drawn is observed, so certificates and hashes can be made from it.",
)
def _identity() -> ClusterBuilder:
    return rounds(ClusterBuilder(), 1)


@scenario(
    "derived-secrets-observed",
    "Everything that pods mount is observed, so the workloads are created.",
)
def _derived() -> ClusterBuilder:
    return rounds(ClusterBuilder(), 2)


@scenario(
    "created-none-ready", "All children exist and no pod is ready: nothing to do but to wait."
)
def _created() -> ClusterBuilder:
    return rounds(ClusterBuilder(), 3)


@scenario(
    "steady-state",
    "A running cluster asks for nothing: each child as it was last applied, shown in full.",
    in_full=True,
)
def _steady_state() -> ClusterBuilder:
    return steady()


@scenario(
    "tier-rolls-later-tiers-held",
    "The indexers roll for a change that all tiers take: later tiers keep their templates.",
)
def _tier_rolls() -> ClusterBuilder:
    cluster = steady()
    cluster.edit(
        lambda spec: spec.update(
            indexer={"podAnnotations": {"team": "blue"}},
            manager={"master": {"podAnnotations": {"team": "blue"}}},
            dashboard={"podAnnotations": {"team": "blue"}},
        )
    )
    rounds(cluster, 1)
    cluster.roll(f"{NAME}-indexer", updated=1, ready=2)
    return cluster


@scenario("certificate-near-expiry", "One leaf is due, the others are not near their windows.")
def _near_expiry() -> ClusterBuilder:
    cluster = steady()
    cluster.wait(days=100)
    for leaf in LEAVES:
        if leaf != "dashboard":
            cluster.remove("Secret", NAMES.certs(leaf))
    at_rest(cluster)
    cluster.wait(days=242)
    return cluster


@scenario(
    "paused", "A certificate is due and the spec was edited: everything stays, and it is said."
)
def _paused() -> ClusterBuilder:
    cluster = _near_expiry()
    cluster.edit(lambda spec: spec.update(dashboard={"replicas": 2}))
    cluster.parent["metadata"]["annotations"] = {names.PAUSED: "true"}
    return cluster


@scenario(
    "several-leaves-renewed-at-once",
    "All leaves lie in their windows when one is due, so each tier rolls once and not twice.",
)
def _several_leaves() -> ClusterBuilder:
    cluster = steady()
    cluster.wait(days=341)
    return cluster


@scenario("expired-leaf", "The hook was away for a year: the leaves have expired.")
def _expired() -> ClusterBuilder:
    cluster = steady()
    cluster.wait(days=366)
    return cluster


@scenario("workers-scaled", "More workers: one number changes, no certificate and no template.")
def _scaled() -> ClusterBuilder:
    cluster = steady()
    cluster.edit(lambda spec: spec.update(manager={"workers": {"replicas": 5}}))
    return cluster


@scenario(
    "version-changed",
    "4.13.1 to 4.14.1: the images' paths move, and the indexers go first.",
)
def _upgraded() -> ClusterBuilder:
    cluster = steady("4.13")
    cluster.edit(lambda spec: spec.update(version="4.14.1"))
    return cluster


@scenario(
    "version-changed-all-tiers",
    "The same upgrade with `rollout.update: Parallel`: every tier in its new form.",
)
def _upgraded_at_once() -> ClusterBuilder:
    cluster = steady("4.13")
    cluster.edit(lambda spec: spec.update(version="4.14.1", rollout={"update": "Parallel"}))
    return cluster


@scenario(
    "user-overrides",
    "Every knob of every pod, Service, budget and policy is turned once.",
    in_full=True,
)
def _overrides() -> ClusterBuilder:
    cluster = ClusterBuilder(OVERRIDES)
    return rounds(cluster, 2)


@scenario("log-rotation-on", "Log rotation is switched on for a running cluster.")
def _rotation_on() -> ClusterBuilder:
    cluster = steady()
    cluster.edit(lambda spec: spec.update(SPECS["log-rotation"]))
    return cluster


@scenario("log-rotation-off", "It is switched off again: its four objects go.")
def _rotation_off() -> ClusterBuilder:
    cluster = steady("log-rotation")
    cluster.edit(lambda spec: spec.pop("manager"))
    return cluster


@scenario(
    "invalid-spec",
    "A spec that the CRD passes and the hook refuses: nothing moves, every fault is named.",
)
def _invalid() -> ClusterBuilder:
    cluster = steady()
    cluster.edit(
        lambda spec: spec.update(
            indexer={"javaOpts": "-Xms1g"},
            manager={"master": {"extraConfig": "<cluster></cluster>"}},
        )
    )
    return cluster


@scenario(
    "user-secret-missing",
    "A Secret that the spec names does not exist: what rests on it waits, the rest is created.",
)
def _user_secret_missing() -> ClusterBuilder:
    return rounds(ClusterBuilder(KEY_REFERENCE), 2)


def _rotating(steps: int) -> ClusterBuilder:
    cluster = steady()
    cluster.annotate(rotate_passwords="2026-11-24")
    return rounds(cluster, steps)


@scenario(
    "passwords-rotated-on-demand",
    "By annotation: the coming passwords stand beside the present ones, which pods go on to read.",
)
def _rotate() -> ClusterBuilder:
    return _rotating(0)


@scenario(
    "passwords-job-due",
    "The patch with the new hashes is observed and the indexers stand: the Job takes it to them.",
)
def _job_due() -> ClusterBuilder:
    return _rotating(2)


@scenario(
    "passwords-job-complete",
    "The index has the new passwords: that alone is written down, before anything rests on it.",
)
def _job_complete() -> ClusterBuilder:
    cluster = _rotating(3)
    cluster.end_jobs()
    return cluster


@scenario(
    "passwords-taken",
    "It is written down: the coming passwords take the place of the present ones.",
)
def _passwords_taken() -> ClusterBuilder:
    cluster = _rotating(3)
    cluster.end_jobs()
    return rounds(cluster, 1)


@scenario(
    "passwords-job-failed",
    "The index did not answer: the Job stays for a while to be looked at, then it is made again.",
)
def _job_failed() -> ClusterBuilder:
    cluster = _rotating(3)
    cluster.end_jobs("BackoffLimitExceeded")
    cluster.wait(minutes=4)
    return cluster


@scenario(
    "created-on-old-volumes",
    "The volumes of an earlier cluster of this name are there, whose index has other passwords.",
)
def _old_volumes() -> ClusterBuilder:
    cluster = ClusterBuilder()
    cluster.add_claims(3)
    rounds(cluster, 3)
    cluster.settle()
    return cluster


@scenario("custom-ca", "Leaves are signed by the user's CA; no key of it is in a Secret of ours.")
def _custom_ca() -> ClusterBuilder:
    cluster = ClusterBuilder({"tls": {"customCerts": {"caSecretRef": {"name": CA_SECRET}}}})
    cluster.add_user_secret(CA_SECRET, ca_data(INTERMEDIATE))
    return at_rest(cluster)


@scenario(
    "custom-leaves", "Pods mount the user's leaf Secrets; nothing is signed, nothing written."
)
def _custom_leaves() -> ClusterBuilder:
    named = {"caSecretRef": CA_SECRET} | {ref: f"my-{leaf}" for leaf, ref in REFERENCES.items()}
    custom = {ref: {"name": name} for ref, name in named.items()}
    cluster = ClusterBuilder({"tls": {"customCerts": custom}})
    cluster.add_user_secret(CA_SECRET, ca_data(ROOT, with_key=False))
    for name, data in leaf_secrets(ROOT, names=NAMES, end=NOW + 900 * DAY).items():
        cluster.add_user_secret(name, data)
    return at_rest(cluster)


@scenario("ca-vanished", "The CA's Secret was deleted: hold, and say how to go on.")
def _ca_vanished() -> ClusterBuilder:
    cluster = steady()
    cluster.remove("Secret", NAMES.ca)
    return cluster


@scenario(
    "cluster-key-reference-removed",
    "A running cluster stops using the user's key: one is generated, for none was ever lost.",
)
def _key_reference_removed() -> ClusterBuilder:
    cluster = ClusterBuilder(KEY_REFERENCE)
    cluster.add_user_secret("my-key", {"key": base64_of("0123456789abcdef0123456789ABCDEF")})
    at_rest(cluster)
    cluster.edit(lambda spec: spec.pop("manager"))
    return cluster


@scenario("deleting", "The WazuhCluster is being deleted while a finalizer holds it.")
def _deleting() -> ClusterBuilder:
    cluster = steady()
    cluster.delete()
    return cluster
