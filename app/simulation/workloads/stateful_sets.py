"""StatefulSet controller: ordinals, claims, revisions, rolling update from the highest ordinal."""

from __future__ import annotations

from typing import Any, Final

from app.result import Manifest
from app.simulation.api_calls import NOT_FOUND, ApiError, controller_of
from app.simulation.api_server import ApiServer
from app.simulation.timeline import Timeline
from app.simulation.workloads.claims import keep_claims, pod_volumes
from app.simulation.workloads.pods import (
    hash_of,
    is_available,
    is_ready,
    is_terminating,
    owned_by,
    pod_of,
    pods_of,
    seconds_to_available,
    write_status,
)

KIND: Final = "StatefulSet"
ACTOR: Final = "statefulset-controller"
REVISION_LABEL: Final = "controller-revision-hash"
_NAME_LABEL: Final = "statefulset.kubernetes.io/pod-name"
_INDEX_LABEL: Final = "apps.kubernetes.io/pod-index"

Pods = dict[int, Manifest]


class StatefulSets:
    """Reconciles one StatefulSet at a time; all state is in the API server."""

    __slots__ = ("_api", "_timeline")

    def __init__(self, timeline: Timeline, api: ApiServer) -> None:
        """Without state of its own."""
        self._timeline = timeline
        self._api = api

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One pass; seconds until a ready pod will count as available, or None."""
        item = self._api.find(KIND, namespace, name)
        if item is None or "deletionTimestamp" in item["metadata"]:
            return None
        self._adopt(item)
        update = self._update_revision(item)
        current = item["status"].get("currentRevision") or update["metadata"]["name"]
        self._scale(item, current, update)
        self._roll(item, update["metadata"]["name"])
        self._write_status(item, current, update["metadata"]["name"])
        return self._next_look(item)

    def _adopt(self, item: Manifest) -> None:
        """Take over the revisions and pods that the selector fits and nobody controls."""
        wanted = item["spec"]["selector"].get("matchLabels", {}).items()
        for kind in ("ControllerRevision", "Pod"):
            for found in self._api.objects(kind, item["metadata"]["namespace"]):
                metadata = found["metadata"]
                if controller_of(found) is None and wanted <= metadata.get("labels", {}).items():
                    owners = [*metadata.get("ownerReferences", []), owned_by(item)]
                    adopted = {**found, "metadata": {**metadata, "ownerReferences": owners}}
                    self._api.update(adopted, ACTOR)

    # --- revisions --------------------------------------------------------------------
    def _update_revision(self, item: Manifest) -> Manifest:
        """Revision of the template; an old one that is equal becomes the newest again."""
        template = item["spec"]["template"]
        name = f"{item['metadata']['name']}-{hash_of(template)}"
        known = self._revisions(item)
        newest = max((revision["revision"] for revision in known), default=0)
        found = next((r for r in known if r["metadata"]["name"] == name), None)
        if found is None:
            return self._api.create(_revision(item, name, newest + 1), ACTOR)
        if found["revision"] < newest:
            return self._api.update({**found, "revision": newest + 1}, ACTOR)
        self._forget_revisions(item, known)
        return found

    def _revisions(self, item: Manifest) -> list[Manifest]:
        keys = self._api.dependents(item["metadata"]["uid"])
        return [self._api.get(*key) for key in keys if key[0] == "ControllerRevision"]

    def _forget_revisions(self, item: Manifest, known: list[Manifest]) -> None:
        used = {_revision_of(pod) for pod in pods_of(self._api, item)}
        used |= {item["status"].get(key) for key in ("currentRevision", "updateRevision")}
        idle = sorted(
            (r for r in known if r["metadata"]["name"] not in used), key=lambda r: r["revision"]
        )
        for revision in idle[: max(0, len(idle) - item["spec"]["revisionHistoryLimit"])]:
            key = (
                "ControllerRevision",
                item["metadata"]["namespace"],
                revision["metadata"]["name"],
            )
            self._api.delete(key, ACTOR)

    def _template(self, item: Manifest, revision: str) -> Manifest:
        namespace = item["metadata"]["namespace"]
        stored = self._api.find("ControllerRevision", namespace, revision)
        template: Manifest = (stored or {"data": item["spec"]})["data"]["template"]
        return template

    # --- scaling ----------------------------------------------------------------------
    def _scale(self, item: Manifest, current: str, update: Manifest) -> None:
        """Create what is missing, delete what is too much; OrderedReady one after another."""
        pods, first = _by_ordinal(pods_of(self._api, item)), _first_ordinal(item)
        ordered = item["spec"]["podManagementPolicy"] == "OrderedReady"
        wanted = range(first, first + item["spec"]["replicas"])
        for ordinal in wanted:
            keep_claims(self._api, item, ordinal, scaled_down=None)
            if ordinal not in pods:
                self._create(item, ordinal, current, update["metadata"]["name"])
                if ordered:
                    return
            elif ordered and (
                is_terminating(pods[ordinal]) or not self._available(item, pods[ordinal])
            ):
                return
        for ordinal in sorted(set(pods) - set(wanted), reverse=True):
            pod = pods[ordinal]
            keep_claims(self._api, item, ordinal, scaled_down=pod)
            if not is_terminating(pod):
                self._delete(pod)
            if ordered:
                return

    def _create(self, item: Manifest, ordinal: int, current: str, update: str) -> None:
        metadata = item["metadata"]
        revision = current if self._wants_current(item, ordinal) else update
        name = f"{metadata['name']}-{ordinal}"
        labels = {_NAME_LABEL: name, _INDEX_LABEL: str(ordinal), REVISION_LABEL: revision}
        pod = pod_of(self._template(item, revision), item, name, labels)
        spec = {
            **pod["spec"],
            "hostname": name,
            "subdomain": item["spec"].get("serviceName", ""),
            "volumes": pod_volumes(item, ordinal, pod["spec"]),
        }
        self._api.create({**pod, "spec": spec}, ACTOR)

    def _wants_current(self, item: Manifest, ordinal: int) -> bool:
        """Whether a new pod takes the current revision, although another is wanted."""
        strategy = item["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate":
            return False
        rolling = strategy.get("rollingUpdate")
        below = (
            item["status"].get("currentReplicas", 0) if rolling is None else rolling["partition"]
        )
        return bool(ordinal < _first_ordinal(item) + below)

    # --- rolling update ---------------------------------------------------------------
    def _roll(self, item: Manifest, update: str) -> None:
        """Replace the highest pod of another revision; wait for every pod above it."""
        strategy = item["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate":
            return
        lowest = _first_ordinal(item) + strategy.get("rollingUpdate", {}).get("partition", 0)
        pods, first = _by_ordinal(pods_of(self._api, item)), _first_ordinal(item)
        for ordinal in range(first + item["spec"]["replicas"] - 1, lowest - 1, -1):
            pod = pods.get(ordinal)
            if pod is None or is_terminating(pod):
                return
            if _revision_of(pod) != update:
                self._delete(pod)
                return
            if not self._available(item, pod):
                return

    def _available(self, item: Manifest, pod: Manifest) -> bool:
        return is_available(pod, item["spec"].get("minReadySeconds", 0), self._timeline.now())

    def _delete(self, pod: Manifest) -> None:
        metadata = pod["metadata"]
        key = ("Pod", metadata["namespace"], metadata["name"])
        try:
            self._api.delete(key, ACTOR, uid=metadata["uid"], grace=True)
        except ApiError as error:
            if error.code != NOT_FOUND:
                raise

    # --- status -----------------------------------------------------------------------
    def _write_status(self, item: Manifest, current: str, update: str) -> None:
        pods = pods_of(self._api, item)
        living = [pod for pod in pods if not is_terminating(pod)]
        counts = {
            "readyReplicas": sum(map(is_ready, pods)),
            "currentReplicas": sum(_revision_of(pod) == current for pod in living),
            "updatedReplicas": sum(_revision_of(pod) == update for pod in living),
        }
        if item["spec"]["updateStrategy"]["type"] == "RollingUpdate" and {
            counts["updatedReplicas"],
            counts["readyReplicas"],
            len(pods),
        } == {item["spec"]["replicas"]}:
            current, counts["currentReplicas"] = update, counts["updatedReplicas"]
        status: Manifest = {
            "availableReplicas": sum(self._available(item, pod) for pod in pods),
            "collisionCount": 0,
            "currentRevision": current,
            "observedGeneration": item["metadata"]["generation"],
            "replicas": len(pods),
            "updateRevision": update,
            **{key: count for key, count in counts.items() if count},
        }
        write_status(self._api, item, status, ACTOR)

    def _next_look(self, item: Manifest) -> float | None:
        least, now = item["spec"].get("minReadySeconds", 0), self._timeline.now()
        waits = [
            seconds_to_available(pod, least, now)
            for pod in pods_of(self._api, item)
            if is_ready(pod)
        ]
        return min((wait for wait in waits if wait > 0), default=None)


def _revision(item: Manifest, name: str, number: int) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": item["metadata"]["namespace"],
            "labels": item["spec"]["template"]["metadata"].get("labels", {}),
            "ownerReferences": [owned_by(item)],
        },
        "data": {"template": item["spec"]["template"]},
        "revision": number,
    }


def _revision_of(pod: Manifest) -> str:
    return str(pod["metadata"]["labels"].get(REVISION_LABEL, ""))


def _by_ordinal(pods: list[Manifest]) -> Pods:
    return {int(pod["metadata"]["labels"][_INDEX_LABEL]): pod for pod in pods}


def _first_ordinal(item: Manifest) -> int:
    ordinals: dict[str, Any] = item["spec"].get("ordinals", {})
    return int(ordinals.get("start", 0))
