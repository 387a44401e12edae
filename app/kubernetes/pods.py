"""Pods of the four tiers: what they have in common, and the user's knobs.

A component brings its container, volumes and security contexts; image, placement, the user's
environment and mounts, and the hash annotations are put in here, the same way for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from app.cluster import Cluster, SecretKey
from app.kubernetes.meta import selector, versioned_labels
from app.names import (
    CERT_HASH,
    CONFIG_HASH,
    DASHBOARD_CONTAINER,
    INDEXER_CONTAINER,
    MANAGER_CONTAINER,
    MANAGERS,
    Role,
)
from app.result import Manifest
from app.schema.pods import ImageSpec, TierSpec

CONTAINER: Final = {
    Role.INDEXER: INDEXER_CONTAINER,
    Role.MANAGER_MASTER: MANAGER_CONTAINER,
    Role.MANAGER_WORKER: MANAGER_CONTAINER,
    Role.DASHBOARD: DASHBOARD_CONTAINER,
}

#: Modes of files in volumes. Group read where fsGroup hands the files to user 1000.
OWNER_READS: Final = 0o400
GROUP_READS: Final = 0o440
ALL_READ: Final = 0o444

_HOST: Final = "kubernetes.io/hostname"
_ZONE: Final = "topology.kubernetes.io/zone"


# --- what a component builds its pod from -------------------------------------------------
def literal(name: str, value: str) -> Manifest:
    """Environment variable with a plain value; never a Secret's."""
    return {"name": name, "value": value}


def from_secret(name: str, key: SecretKey) -> Manifest:
    """Environment variable with the value of a Secret's key."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": key.name, "key": key.key}}}


def from_field(name: str, path: str) -> Manifest:
    """Environment variable with a field of the pod itself."""
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}}


def config_volume(name: str, config_map: str, mode: int) -> Manifest:
    """Volume of a ConfigMap, its files with ``mode``."""
    return {"name": name, "configMap": {"name": config_map, "defaultMode": mode}}


def secret_volume(
    name: str, secret: str, mode: int, files: Mapping[str, str] | None = None
) -> Manifest:
    """Volume of a Secret, its files with ``mode``.

    ``files`` (file name to key) limits it to these; without, every key is a file.
    """
    source: Manifest = {"secretName": secret, "defaultMode": mode}
    if files:
        source["items"] = [{"key": key, "path": path} for path, key in files.items()]
    return {"name": name, "secret": source}


def folder(volume: str, path: str) -> Manifest:
    """Mount of a whole Secret: its files are replaced together when it changes."""
    return {"name": volume, "mountPath": path, "readOnly": True}


def file(volume: str, path: str, name: str) -> Manifest:
    """Mount of one file of a ConfigMap or Secret; the folder around it stays the image's."""
    return {"name": volume, "mountPath": path, "subPath": name, "readOnly": True}


def image(cluster: Cluster, role: Role) -> str:
    """Image of a tier: the role's wish, for managers then the common one, then the default."""
    return f"{_image_field(cluster, role, 'repository')}:{_image_field(cluster, role, 'tag')}"


def pull_policy(cluster: Cluster, role: Role) -> str:
    """Pull policy of a tier, found like its image."""
    return _image_field(cluster, role, "pull_policy")


def knobs(cluster: Cluster, role: Role) -> TierSpec:
    """The user's knobs for the pods of a tier."""
    spec = cluster.spec
    match role:
        case Role.INDEXER:
            return spec.indexer
        case Role.MANAGER_MASTER:
            return spec.manager.master
        case Role.MANAGER_WORKER:
            return spec.manager.workers
        case Role.DASHBOARD:
            return spec.dashboard
        case _:
            raise ValueError(f"{role} has no pods with knobs")


# --- the pod ------------------------------------------------------------------------------
def container(
    cluster: Cluster,
    role: Role,
    *,
    env: Iterable[Manifest],
    mounts: Iterable[Manifest],
    security_context: Manifest,
    rest: Manifest,
) -> Manifest:
    """Main container of a tier.

    ``rest`` holds ports, probes and lifecycle. The user's variables follow ours (a protected
    name never gets here), the user's keys of the security context win.
    """
    wishes = knobs(cluster, role)
    found: Manifest = {
        "name": CONTAINER[role],
        "image": image(cluster, role),
        "imagePullPolicy": pull_policy(cluster, role),
        "env": [*env, *wishes.env],
        "volumeMounts": [*mounts, *wishes.extra_volume_mounts],
        "resources": wishes.resources,
        "securityContext": {**security_context, **wishes.container_security_context},
        **rest,
    }
    if wishes.env_from:
        found["envFrom"] = list(wishes.env_from)
    return found


def pod_template(
    cluster: Cluster,
    role: Role,
    *,
    config_hash: str | None,
    pod: Manifest,
) -> Manifest:
    """Template of a tier's pods around ``pod``, what the component says of the pod's spec.

    ``pod`` holds containers, volumes, securityContext (ours) and the grace period.
    """
    wishes = knobs(cluster, role)
    metadata: Manifest = {"labels": {**wishes.pod_labels, **versioned_labels(cluster, role)}}
    annotations = _annotations(cluster, role, config_hash)
    if annotations:
        metadata["annotations"] = annotations
    return {
        "metadata": metadata,
        "spec": {
            **pod,
            "volumes": [*pod["volumes"], *wishes.extra_volumes],
            "securityContext": {**pod["securityContext"], **wishes.security_context},
            "serviceAccountName": wishes.service_account_name,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            **_placement(cluster, role),
            **pull_secrets(cluster),
        },
    }


def pull_secrets(cluster: Cluster) -> Manifest:
    """The pod field imagePullSecrets, each name once, or nothing."""
    names = dict.fromkeys(secret.name for secret in cluster.spec.image_pull_secrets)
    return {"imagePullSecrets": [{"name": name} for name in names]} if names else {}


# --- parts --------------------------------------------------------------------------------
def _annotations(cluster: Cluster, role: Role, config_hash: str | None) -> dict[str, str]:
    """The user's annotations and the two hashes, each as far as it is known."""
    found = dict(knobs(cluster, role).pod_annotations)
    cert_hash = cluster.tier(role).cert_hash
    if cert_hash is not None:
        found[CERT_HASH] = cert_hash
    if config_hash is not None:
        found[CONFIG_HASH] = config_hash
    return found


def _placement(cluster: Cluster, role: Role) -> Manifest:
    """Where the pods may run; what says nothing is left out."""
    wishes = knobs(cluster, role)
    placement: Manifest = {
        "nodeSelector": dict(wishes.node_selector),
        "tolerations": sorted(wishes.tolerations, key=_by_content),
        "affinity": _affinity(cluster, role),
        "topologySpreadConstraints": _spread(cluster, role),
        "priorityClassName": wishes.priority_class_name,
    }
    return {name: value for name, value in placement.items() if value}


def _by_content(toleration: Mapping[str, Any]) -> str:
    """Order for a set that Kubernetes keeps as a list: other places shall be no other template."""
    return repr(sorted(toleration.items()))


def _affinity(cluster: Cluster, role: Role) -> dict[str, Any] | None:
    """The user's, else: rather not two pods of a tier on one host; one master needs none."""
    wish = knobs(cluster, role).affinity
    if wish is not None or role is Role.MANAGER_MASTER:
        return wish
    term = {
        "labelSelector": {"matchLabels": selector(cluster, role)},
        "topologyKey": _HOST,
    }
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def _spread(cluster: Cluster, role: Role) -> list[Manifest]:
    """The user's, with the tier's own selector where none is given; else evenly over zones."""
    wish = knobs(cluster, role).topology_spread_constraints
    own = {"labelSelector": {"matchLabels": selector(cluster, role)}}
    if wish is not None:
        return [{**own, **constraint} for constraint in wish]
    if role is Role.MANAGER_MASTER:
        return []
    return [{"maxSkew": 1, "topologyKey": _ZONE, "whenUnsatisfiable": "ScheduleAnyway", **own}]


def _image_field(cluster: Cluster, role: Role, field: str) -> str:
    """One field of the image, from the first place that has it."""
    places: list[ImageSpec] = [knobs(cluster, role).image]
    if role in MANAGERS:
        places.append(cluster.spec.manager.image)
    for place in places:
        wish: str | None = getattr(place, field)
        if wish is not None:
            return wish
    return _default_image(cluster, role)[field]


def _default_image(cluster: Cluster, role: Role) -> dict[str, str]:
    """Wazuh's own image of the cluster's version."""
    return {
        "repository": f"wazuh/{CONTAINER[role]}",
        "tag": str(cluster.version),
        "pull_policy": "IfNotPresent",
    }
