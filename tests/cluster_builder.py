"""A WazuhCluster and what is observed of it, in the form in which Metacontroller sends it.

``ClusterBuilder`` plays Metacontroller with informers that lag nowhere: ``request`` gives the next
request, ``apply`` takes an answer and stores it as the API server would. Workloads stand still
until a test says how far they are.
"""

from __future__ import annotations

import copy
import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app import names
from app.entropy import Entropy
from app.result import Manifest, Result
from app.simulation.merge import canonical_json, same, update_of
from tests.registration import composite_controller, group_key, group_keys
from tests.stored_objects import managed_fields, with_defaults
from tests.workload_status import first_status, job_status, workload_status

NOW: Final = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
NAME: Final = "wz"
NAMESPACE: Final = "security"
VERSION: Final = "4.14.1"
NAMES: Final = names.Names(cluster=NAME, namespace=NAMESPACE, domain="cluster.local")
UIDS: Final = uuid.UUID("7b0d3c52-92b4-4d0c-9a35-6c5a2f1be0a7")
KINDS_WITH_GENERATION: Final = frozenset(
    {"StatefulSet", "Deployment", "CronJob", "Job", "NetworkPolicy", "PodDisruptionBudget"}
)

Sync = Callable[..., Result]
Key = tuple[str, str, str]


def seeded_entropy(number: int) -> Entropy:
    """Entropy of the test run's call with this number; each number draws other bytes."""
    return Entropy(hashlib.sha256(f"seed of a test, call {number}".encode()).digest())


def rfc3339(moment: datetime) -> str:
    """Time as Kubernetes writes it: ``2026-11-24T08:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def key_of(manifest: Mapping[str, Any]) -> Key:
    """Identity of an object within its namespace: apiVersion, kind, name."""
    return (manifest["apiVersion"], manifest["kind"], manifest["metadata"]["name"])


class ClusterBuilder:
    """Parent, children and related objects of one cluster; changed only by its methods."""

    def __init__(self, spec: Mapping[str, Any] | None = None, *, now: datetime = NOW) -> None:
        """``spec``: of the WazuhCluster; 4.14.1 where it says no version."""
        self.now = now
        self.children: dict[Key, Manifest] = {}
        self.related: dict[Key, Manifest] = {}
        self.writes = 0
        self.calls = 0
        self._version = 100
        self.parent: Manifest = {
            "apiVersion": names.API_VERSION,
            "kind": names.KIND,
            "metadata": {
                "creationTimestamp": rfc3339(now),
                "generation": 1,
                "managedFields": [],
                "name": NAME,
                "namespace": NAMESPACE,
                "resourceVersion": "100",
                "uid": str(uuid.uuid5(UIDS, "parent")),
            },
            "spec": {"version": VERSION, **copy.deepcopy(dict(spec or {}))},
        }

    def copy(self) -> ClusterBuilder:
        """Independent copy, so that one cluster can be the start of many tests."""
        return copy.deepcopy(self)

    # --- what Metacontroller does -------------------------------------------------------------
    def request(self, *, unseen: Iterable[Key] = (), finalizing: bool = False) -> dict[str, Any]:
        """Sync request (hook v2) of this moment, without the children in ``unseen``."""
        hidden = set(unseen)
        children: dict[str, dict[str, Manifest]] = {group: {} for group in group_keys()}
        for key in sorted(self.children.keys() - hidden):
            group = children.setdefault(group_key(key[0], key[1]), {})
            group[f"{NAMESPACE}/{key[2]}"] = self.children[key]
        return copy.deepcopy(
            {
                "controller": _controller(),
                "parent": self.parent,
                "children": children,
                "related": self._related(),
                "finalizing": finalizing,
            }
        )

    def sync(self, sync: Sync, **request: Any) -> Result:
        """Ask the hook once, with entropy of its own, and store its answer."""
        self.calls += 1
        entropy = seeded_entropy(self.calls)
        result = sync(self.request(**request), now=self.now, entropy=entropy)
        self.apply(result.response.on_wire())
        return result

    def apply(self, response: Mapping[str, Any]) -> int:
        """Store an answer as dynamic-apply does; returns the number of writes it took."""
        before = self.writes
        desired = {key_of(child): self._completed(child) for child in response["children"]}
        for key in [key for key in self.children if key not in desired]:
            if "deletionTimestamp" not in self.children[key]["metadata"]:
                self.remove(*key[1:])
        for key in sorted(desired):
            self._write(key, desired[key])
        self._write_status(response["status"])
        return self.writes - before

    def _completed(self, child: Mapping[str, Any]) -> Manifest:
        desired = json.loads(json.dumps(child))
        desired["metadata"].setdefault("namespace", NAMESPACE)
        uid = self.parent["metadata"]["uid"]
        desired["metadata"].setdefault("labels", {}).setdefault(names.LABEL_CONTROLLER_UID, uid)
        completed: Manifest = desired
        return completed

    def _write(self, key: Key, desired: Manifest) -> None:
        observed = self.children.get(key)
        if observed is None:
            self.children[key] = self._created(desired)
            return
        updated = update_of(copy.deepcopy(observed), copy.deepcopy(desired))
        if not same(observed, updated) and "deletionTimestamp" not in observed["metadata"]:
            self.children[key] = self._updated(observed, updated)

    def _created(self, desired: Manifest) -> Manifest:
        stored = with_defaults(desired)
        metadata = stored["metadata"]
        metadata.setdefault("annotations", {})[names.LAST_APPLIED] = canonical_json(desired)
        owner = self.parent["metadata"]
        metadata["ownerReferences"] = [
            {
                "apiVersion": names.API_VERSION,
                "blockOwnerDeletion": True,
                "controller": True,
                "kind": names.KIND,
                "name": owner["name"],
                "uid": owner["uid"],
            }
        ]
        identity = "/".join((*key_of(desired), str(self._version)))
        metadata["uid"] = str(uuid.uuid5(UIDS, identity))
        metadata["creationTimestamp"] = rfc3339(self.now)
        if stored["kind"] in KINDS_WITH_GENERATION:
            metadata["generation"] = 1
        self._touch(stored)
        stored.update(first_status(stored))
        return stored

    def _updated(self, observed: Manifest, updated: Manifest) -> Manifest:
        stored = with_defaults(updated)
        if "status" in observed:
            stored["status"] = observed["status"]
        if "generation" in stored["metadata"] and not same(observed["spec"], stored["spec"]):
            stored["metadata"]["generation"] += 1
        self._touch(stored)
        return stored

    def _touch(self, stored: Manifest) -> None:
        self.writes += 1
        self._version += 1
        metadata = stored["metadata"]
        metadata["resourceVersion"] = str(self._version)
        metadata["managedFields"] = managed_fields(
            stored, operation="Update", time=rfc3339(self.now)
        )

    def _write_status(self, wanted: Mapping[str, Any] | None) -> None:
        status = json.loads(json.dumps(wanted or {}))
        status["observedGeneration"] = self.parent["metadata"]["generation"]
        if not same(self.parent.get("status"), status):
            self.parent["status"] = status
            self.writes += 1
            self._version += 1
            self.parent["metadata"]["resourceVersion"] = str(self._version)

    def _related(self) -> dict[str, dict[str, Manifest]]:
        groups: dict[str, dict[str, Manifest]] = {"PersistentVolumeClaim.v1": {}, "Secret.v1": {}}
        for key in sorted(self.related):
            group = groups.setdefault(group_key(key[0], key[1]), {})
            group[f"{NAMESPACE}/{key[2]}"] = self.related[key]
        for name in NAMES.identity_secrets:
            owned = self.children.get(("v1", "Secret", name))
            if owned is not None:
                groups["Secret.v1"][f"{NAMESPACE}/{name}"] = owned
        return groups

    # --- what people and the control plane do ---------------------------------------------------
    def wait(self, **duration: float) -> None:
        """Let time pass (``days=3``)."""
        self.now = (self.now + timedelta(**duration)).replace(microsecond=0)

    def edit(self, change: Callable[[Manifest], object]) -> None:
        """Edit the WazuhCluster's spec in place; what a change puts into it is copied."""
        change(self.parent["spec"])
        self.parent["spec"] = copy.deepcopy(self.parent["spec"])
        self.parent["metadata"]["generation"] += 1

    def annotate(self, **annotations: str) -> None:
        """Annotate the WazuhCluster; ``_`` in a name stands for ``-``, the prefix is ours."""
        found = self.parent["metadata"].setdefault("annotations", {})
        for name, value in annotations.items():
            found[names.ANNOTATION_PREFIX + name.replace("_", "-")] = value

    def delete(self) -> None:
        """Delete the WazuhCluster while a finalizer holds it."""
        self.parent["metadata"]["deletionTimestamp"] = rfc3339(self.now)
        self.parent["metadata"]["finalizers"] = [
            "metacontroller.io/compositecontroller-wazuhcluster"
        ]

    def child(self, kind: str, name: str) -> Manifest:
        """The observed child; KeyError where there is none."""
        return self.children[next(key for key in self.children if key[1:] == (kind, name))]

    def remove(self, kind: str, name: str) -> None:
        """Delete a child by hand."""
        del self.children[next(key for key in self.children if key[1:] == (kind, name))]
        self.writes += 1

    def add_user_secret(self, name: str, data: Mapping[str, str]) -> None:
        """Create a Secret of the user's, seen through ``related``; ``data`` is base64."""
        self.related["v1", "Secret", name] = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {
                "name": name,
                "namespace": NAMESPACE,
                "uid": str(uuid.uuid5(UIDS, f"user/{name}")),
                "resourceVersion": "90",
                "creationTimestamp": rfc3339(self.now),
                "managedFields": [],
            },
            "data": dict(data),
        }

    def add_claims(self, count: int) -> None:
        """Create the claims of the first ``count`` indexer pods, as a StatefulSet does."""
        labels = {
            names.LABEL_NAME: names.APPLICATION[names.Role.INDEXER],
            names.LABEL_INSTANCE: NAME,
            names.LABEL_COMPONENT: names.Role.INDEXER.value,
        }
        for ordinal in range(count):
            name = f"data-{NAME}-indexer-{ordinal}"
            self.related["v1", "PersistentVolumeClaim", name] = {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {
                    "name": name,
                    "namespace": NAMESPACE,
                    "labels": labels,
                    "uid": str(uuid.uuid5(UIDS, f"claim/{name}")),
                    "resourceVersion": "91",
                    "creationTimestamp": rfc3339(self.now),
                    "finalizers": ["kubernetes.io/pvc-protection"],
                },
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "50Gi"}},
                    "volumeMode": "Filesystem",
                },
                "status": {
                    "accessModes": ["ReadWriteOnce"],
                    "capacity": {"storage": "50Gi"},
                    "phase": "Bound",
                },
            }

    # --- how far the workloads are ----------------------------------------------------------------
    def workloads(self) -> list[Manifest]:
        """Observed StatefulSets and Deployments, by kind and name."""
        return [
            self.children[key]
            for key in sorted(self.children)
            if key[1] in {"StatefulSet", "Deployment"}
        ]

    def settle(self, *only: str) -> None:
        """Complete all rolls and start all pods, of the named workloads or of all.

        The indexers' claims appear with their pods.
        """
        for workload in self.workloads():
            name, replicas = workload["metadata"]["name"], workload["spec"]["replicas"]
            if not only or name in only:
                workload["status"] = workload_status(workload, updated=replicas, ready=replicas)
                if name == NAMES.workload(names.Role.INDEXER):
                    self.add_claims(replicas)

    def roll(self, name: str, *, updated: int, ready: int) -> None:
        """Put a workload into a roll: ``updated`` pods are new, ``ready`` of all are ready."""
        workload = next(item for item in self.workloads() if item["metadata"]["name"] == name)
        before = workload.get("status", {}).get("currentRevision")
        workload["status"] = workload_status(
            workload, updated=updated, ready=ready, current_revision=before
        )

    def jobs(self) -> list[Manifest]:
        """Observed Jobs by name."""
        return [self.children[key] for key in sorted(self.children) if key[1] == "Job"]

    def end_jobs(self, failure: str = "") -> None:
        """Let every Job end now: complete, or failed for a reason."""
        for job in self.jobs():
            job["status"] = job_status(failure, time=rfc3339(self.now))


def _controller() -> Manifest:
    controller = composite_controller()
    controller["metadata"] |= {
        "uid": str(uuid.uuid5(UIDS, "controller")),
        "resourceVersion": "10",
        "generation": 1,
        "creationTimestamp": rfc3339(NOW),
    }
    return controller | {"status": {}}
