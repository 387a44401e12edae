"""Deployment controller: a ReplicaSet for each template, rolled with surge or recreated."""

from __future__ import annotations

from typing import Final

from app.result import Manifest
from app.simulation.api_calls import Event, EventType, Key, key_of
from app.simulation.api_server import ApiServer
from app.simulation.timeline import Timeline, parsed
from app.simulation.workloads.pods import hash_of, owned_by, pods_of, write_status

KIND: Final = "Deployment"
ACTOR: Final = "deployment-controller"
_HASH_LABEL: Final = "pod-template-hash"
_REVISION: Final = "deployment.kubernetes.io/revision"
_OVERDUE: Final = "ProgressDeadlineExceeded"
_HUNDRED: Final = 100


class Deployments:
    """Reconciles one Deployment at a time; all state is in the API server."""

    __slots__ = ("_api", "_timeline")

    def __init__(self, timeline: Timeline, api: ApiServer) -> None:
        """Without state of its own."""
        self._timeline = timeline
        self._api = api

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One pass; seconds until the progress deadline has to be judged, or None."""
        item = self._api.find(KIND, namespace, name)
        if item is None or "deletionTimestamp" in item["metadata"]:
            return None
        new = self._new_set(item)
        if item["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(item, new)
        else:
            self._roll(item, new)
        self._forget_old_sets(item, new)
        item = self._with_revision(item, new)
        return self._write_status(item, new)

    def concerned(self, event: Event) -> list[Key]:
        """Deployments that wait for the last old pod to go (strategy Recreate)."""
        if event.type is not EventType.DELETED:
            return []
        return [
            key_of(item)
            for item in self._api.objects(KIND, event.key[1])
            if item["spec"]["strategy"]["type"] == "Recreate"
        ]

    # --- ReplicaSets ------------------------------------------------------------------
    def _sets(self, item: Manifest) -> list[Manifest]:
        keys = self._api.dependents(item["metadata"]["uid"])
        return [self._api.get(*key) for key in keys if key[0] == "ReplicaSet"]

    def _old_sets(self, item: Manifest, new: Manifest) -> list[Manifest]:
        uid = new["metadata"]["uid"]
        return [one for one in self._sets(item) if one["metadata"]["uid"] != uid]

    def _new_set(self, item: Manifest) -> Manifest:
        """ReplicaSet of the wanted template; its revision is the highest."""
        digest = hash_of(item["spec"]["template"])
        sets = self._sets(item)
        newest = max((_revision(one) for one in sets), default=0)
        for one in sets:
            if one["metadata"]["labels"][_HASH_LABEL] == digest:
                return one if _revision(one) == newest else self._renumber(one, newest + 1)
        return self._api.create(_replica_set(item, digest, newest + 1), ACTOR)

    def _renumber(self, one: Manifest, revision: int) -> Manifest:
        metadata = {**one["metadata"], "annotations": {_REVISION: str(revision)}}
        return self._api.update({**one, "metadata": metadata}, ACTOR)

    def _forget_old_sets(self, item: Manifest, new: Manifest) -> None:
        idle = sorted(
            (
                one
                for one in self._old_sets(item, new)
                if one["spec"]["replicas"] == 0 and one["status"]["replicas"] == 0
            ),
            key=_revision,
        )
        for one in idle[: max(0, len(idle) - item["spec"]["revisionHistoryLimit"])]:
            self._api.delete(key_of(one), ACTOR)

    def _set_replicas(self, one: Manifest, replicas: int) -> None:
        if one["spec"]["replicas"] != replicas:
            self._api.update({**one, "spec": {**one["spec"], "replicas": replicas}}, ACTOR)

    # --- strategies -------------------------------------------------------------------
    def _recreate(self, item: Manifest, new: Manifest) -> None:
        old = self._old_sets(item, new)
        for one in old:
            self._set_replicas(one, 0)
        if not any(pods_of(self._api, one) for one in old):
            self._set_replicas(new, item["spec"]["replicas"])

    def _roll(self, item: Manifest, new: Manifest) -> None:
        wanted = item["spec"]["replicas"]
        surge, unavailable = _limits(item)
        old = self._old_sets(item, new)
        total = sum(one["spec"]["replicas"] for one in [new, *old])
        have = new["spec"]["replicas"]
        if have > wanted or not old:
            self._set_replicas(new, wanted)
        elif have < wanted:
            self._set_replicas(new, have + max(0, min(wanted + surge - total, wanted - have)))
        self._shrink_old(item, new, old, wanted - unavailable)

    def _shrink_old(self, item: Manifest, new: Manifest, old: list[Manifest], least: int) -> None:
        """Scale old ReplicaSets down as far as ``least`` pods stay available."""
        new = next(s for s in self._sets(item) if s["metadata"]["uid"] == new["metadata"]["uid"])
        lacking = new["spec"]["replicas"] - new["status"].get("availableReplicas", 0)
        total = sum(one["spec"]["replicas"] for one in [new, *old])
        spare = total - least - lacking
        for one in sorted(old, key=_revision):
            # What is not available goes first and costs nothing; then what may be spared.
            have = one["spec"]["replicas"]
            dead = have - one["status"].get("availableReplicas", 0)
            fewer = min(have, max(0, spare)) if spare > 0 else min(have, dead if spare >= 0 else 0)
            spare -= fewer
            self._set_replicas(one, have - fewer)

    # --- status -----------------------------------------------------------------------
    def _with_revision(self, item: Manifest, new: Manifest) -> Manifest:
        revision = str(_revision(new))
        annotations = item["metadata"].get("annotations", {})
        if annotations.get(_REVISION) == revision:
            return item
        metadata = {**item["metadata"], "annotations": {**annotations, _REVISION: revision}}
        return self._api.update({**item, "metadata": metadata}, ACTOR)

    def _write_status(self, item: Manifest, new: Manifest) -> float | None:
        sets = self._sets(item)
        counts = {
            "replicas": sum(one["status"]["replicas"] for one in sets),
            "readyReplicas": sum(one["status"].get("readyReplicas", 0) for one in sets),
            "availableReplicas": sum(one["status"].get("availableReplicas", 0) for one in sets),
        }
        live = next(one for one in sets if one["metadata"]["uid"] == new["metadata"]["uid"])
        counts["updatedReplicas"] = live["status"]["replicas"]
        wanted = item["spec"]["replicas"]
        counts["unavailableReplicas"] = max(0, wanted - counts["availableReplicas"])
        _, unavailable = _limits(item)
        complete = (
            counts["updatedReplicas"] == counts["replicas"] == wanted
            and counts["availableReplicas"] == wanted
        )
        deadline = self._deadline(item, counts, complete=complete)
        status: Manifest = {
            "conditions": [
                self._available(item, enough=counts["availableReplicas"] >= wanted - unavailable),
                self._progressing(item, live, complete=complete, overdue=deadline == 0),
            ],
            "observedGeneration": item["metadata"]["generation"],
            "terminatingReplicas": 0,
            **{key: count for key, count in counts.items() if count},
        }
        write_status(self._api, item, status, ACTOR)
        return deadline or None

    def _deadline(self, item: Manifest, counts: dict[str, int], *, complete: bool) -> float | None:
        """Seconds until the roll counts as stuck, 0 if it does; None if it is complete."""
        if complete:
            return None
        before, known = item["status"], _condition(item, "Progressing")
        moved = any(before.get(key, 0) != count for key, count in counts.items())
        since = known.get("lastUpdateTime")
        limit = float(item["spec"]["progressDeadlineSeconds"])
        same_spec = before.get("observedGeneration") == item["metadata"]["generation"]
        if moved or since is None or not same_spec:
            return limit
        if known["reason"] == _OVERDUE:
            return 0.0
        return max(0.0, limit - (self._timeline.now() - parsed(since)).total_seconds())

    def _available(self, item: Manifest, *, enough: bool) -> Manifest:
        if enough:
            return self._spoken(
                item, "Available", "True", "MinimumReplicasAvailable",
                "Deployment has minimum availability.",
            )  # fmt: skip
        return self._spoken(
            item, "Available", "False", "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        )  # fmt: skip

    def _progressing(
        self, item: Manifest, new: Manifest, *, complete: bool, overdue: bool
    ) -> Manifest:
        what = f'ReplicaSet "{new["metadata"]["name"]}"'
        if complete:
            return self._spoken(
                item, "Progressing", "True", "NewReplicaSetAvailable",
                f"{what} has successfully progressed.",
            )  # fmt: skip
        if overdue:
            return self._spoken(
                item, "Progressing", "False", _OVERDUE,
                f"{what} has timed out progressing.",
            )  # fmt: skip
        return self._spoken(
            item, "Progressing", "True", "ReplicaSetUpdated", f"{what} is progressing."
        )

    def _spoken(
        self, item: Manifest, kind: str, status: str, reason: str, message: str
    ) -> Manifest:
        """Condition whose times move only as far as the real controller's do."""
        known, now = _condition(item, kind), self._timeline.stamp()
        fresh = {"type": kind, "status": status, "reason": reason, "message": message}
        if all(known.get(key) == value for key, value in fresh.items()):
            return known
        flipped = known.get("status") != status
        return {
            "lastTransitionTime": now if flipped else known["lastTransitionTime"],
            "lastUpdateTime": now,
            **fresh,
        }


def _replica_set(item: Manifest, digest: str, revision: int) -> Manifest:
    template = item["spec"]["template"]
    labels = {**template["metadata"].get("labels", {}), _HASH_LABEL: digest}
    selector = {**item["spec"]["selector"].get("matchLabels", {}), _HASH_LABEL: digest}
    spec: Manifest = {
        "replicas": 0,
        "selector": {"matchLabels": selector},
        "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
    }
    if "minReadySeconds" in item["spec"]:
        spec["minReadySeconds"] = item["spec"]["minReadySeconds"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{item['metadata']['name']}-{digest}",
            "namespace": item["metadata"]["namespace"],
            "labels": labels,
            "annotations": {_REVISION: str(revision)},
            "ownerReferences": [owned_by(item)],
        },
        "spec": spec,
    }


def _revision(one: Manifest) -> int:
    return int(one["metadata"]["annotations"][_REVISION])


def _condition(item: Manifest, kind: str) -> Manifest:
    conditions = item["status"].get("conditions", ())
    found: Manifest = next((c for c in conditions if c["type"] == kind), {})
    return found


def _limits(item: Manifest) -> tuple[int, int]:
    """Surge (rounded up) and unavailability (rounded down); never both 0."""
    rolling = item["spec"]["strategy"].get("rollingUpdate", {})
    wanted = item["spec"]["replicas"]
    surge = _share(rolling.get("maxSurge", 0), wanted, up=True)
    unavailable = _share(rolling.get("maxUnavailable", 0), wanted, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def _share(value: int | str, wanted: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    percent = int(value.removesuffix("%")) * wanted
    return -(-percent // _HUNDRED) if up else percent // _HUNDRED
