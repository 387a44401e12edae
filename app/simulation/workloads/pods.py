"""Pods as objects: made from a template, judged by their status."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, Final

from app.names import LABEL_COMPONENT
from app.result import Manifest
from app.simulation.api_server import ApiServer
from app.simulation.merge import canonical_json, same
from app.simulation.timeline import parsed

#: Letters of generated names: no vowels, so no words.
_ALPHABET: Final = "bcdfghjklmnpqrstvwxz2456789"
_HASH_LENGTH: Final = 10


def hash_of(value: Any) -> str:
    """Ten letters that stand for a JSON value, as revisions and ReplicaSets carry them."""
    number = int.from_bytes(hashlib.sha256(canonical_json(value).encode()).digest()[:8], "big")
    letters = []
    for _ in range(_HASH_LENGTH):
        number, index = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[index])
    return "".join(letters)


def owned_by(owner: Manifest) -> Manifest:
    """Controller reference to ``owner``."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod_of(template: Manifest, owner: Manifest, name: str, labels: dict[str, str]) -> Manifest:
    """New pod of ``owner`` from ``template``, with ``labels`` added."""
    metadata = template.get("metadata", {})
    made: Manifest = {
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "labels": {**metadata.get("labels", {}), **labels},
        "ownerReferences": [owned_by(owner)],
    }
    if metadata.get("annotations"):
        made["annotations"] = metadata["annotations"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": made, "spec": template["spec"]}


def pods_of(api: ApiServer, owner: Manifest) -> list[Manifest]:
    """Pods with an ownerReference to ``owner``, by name."""
    keys = [key for key in api.dependents(owner["metadata"]["uid"]) if key[0] == "Pod"]
    return [api.get(*key) for key in keys]


def role_of(pod: Manifest) -> str:
    """Value of the component label; empty without one."""
    return str(pod["metadata"].get("labels", {}).get(LABEL_COMPONENT, ""))


def is_terminating(pod: Manifest) -> bool:
    """Whether it was deleted and still stops."""
    return "deletionTimestamp" in pod["metadata"]


def is_finished(pod: Manifest) -> bool:
    """Whether its containers have ended for good."""
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def is_ready(pod: Manifest) -> bool:
    """Whether it runs and its condition Ready is True."""
    return pod["status"].get("phase") == "Running" and _ready_since(pod) is not None


def is_available(pod: Manifest, min_ready_seconds: int, now: datetime) -> bool:
    """Whether it has been ready for that long."""
    return is_ready(pod) and seconds_to_available(pod, min_ready_seconds, now) <= 0


def seconds_to_available(pod: Manifest, min_ready_seconds: int, now: datetime) -> float:
    """Seconds until a ready pod counts as available; 0 or less if it does."""
    since = _ready_since(pod)
    if since is None:
        return float(min_ready_seconds)
    return min_ready_seconds - (now - since).total_seconds()


def write_status(api: ApiServer, item: Manifest, status: Manifest, actor: str) -> None:
    """Write a status if it differs from what is stored."""
    kind, metadata = item["kind"], item["metadata"]
    live = api.find(kind, metadata["namespace"], metadata["name"])
    if live is not None and not same(live.get("status"), status):
        api.update_status({**live, "status": status}, actor)


def _ready_since(pod: Manifest) -> datetime | None:
    for condition in pod["status"].get("conditions", ()):
        if condition["type"] == "Ready" and condition["status"] == "True":
            return parsed(condition["lastTransitionTime"])
    return None
