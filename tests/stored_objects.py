"""How the API server stores what it is given: defaults and managedFields.

Only defaults that a reader of observed children meets; taken from recorded requests of a real API
server (tests/recordings). The defaults are written apart from those of the simulation, so that one
checks the other.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from typing import Any, Final

from app.result import Manifest

#: Keys by which the API server merges lists, per field; other lists are atomic.
LIST_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
#: Maps that belong to one owner as a whole.
ATOMIC_MAPS: Final = frozenset(
    {
        "configMapKeyRef",
        "fieldRef",
        "labelSelector",
        "nodeSelector",
        "podSelector",
        "resourceFieldRef",
        "roleRef",
        "secretKeyRef",
        "selector",
    }
)
WORKLOADS: Final = frozenset({"StatefulSet", "Deployment", "CronJob", "Job"})


def fill(target: Manifest, defaults: Manifest) -> None:
    """Add ``defaults`` where ``target`` has no value, in place, also below maps."""
    for key, value in defaults.items():
        if key not in target:
            target[key] = copy.deepcopy(value)
        elif isinstance(value, dict) and isinstance(target[key], dict):
            fill(target[key], value)


def with_defaults(manifest: Manifest) -> Manifest:
    """Copy of ``manifest`` as the API server stores it, its system metadata apart."""
    stored = copy.deepcopy(manifest)
    stored.pop("status", None)
    defaulted = DEFAULTS.get(stored["kind"])
    if defaulted is not None:
        defaulted(stored)
    return stored


def _service(stored: Manifest) -> None:
    spec = stored["spec"]
    fill(
        spec,
        {
            "internalTrafficPolicy": "Cluster",
            "ipFamilies": ["IPv4"],
            "ipFamilyPolicy": "SingleStack",
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
    )
    address = spec.setdefault("clusterIP", f"10.0.0.{len(stored['metadata']['name'])}")
    spec.setdefault("clusterIPs", [address])
    exposed = spec["type"] in {"LoadBalancer", "NodePort"}
    if exposed:
        fill(spec, {"externalTrafficPolicy": "Cluster"})
    if spec["type"] == "LoadBalancer":
        fill(spec, {"allocateLoadBalancerNodePorts": True})
    for index, port in enumerate(spec.get("ports", ())):
        fill(port, {"protocol": "TCP", "targetPort": port["port"]})
        if exposed:
            fill(port, {"nodePort": 30000 + index})


def _stateful_set(stored: Manifest) -> None:
    spec = stored["spec"]
    fill(
        spec,
        {
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain",
                "whenScaled": "Retain",
            },
            "podManagementPolicy": "OrderedReady",
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "updateStrategy": {"type": "RollingUpdate"},
        },
    )
    _pod_template(spec["template"])
    for claim in spec.get("volumeClaimTemplates", ()):
        fill(
            claim,
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "spec": {"volumeMode": "Filesystem"},
                "status": {"phase": "Pending"},
            },
        )


def _deployment(stored: Manifest) -> None:
    spec = stored["spec"]
    fill(
        spec,
        {
            "progressDeadlineSeconds": 600,
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "strategy": {"type": "RollingUpdate"},
        },
    )
    if spec["strategy"]["type"] == "RollingUpdate":
        fill(
            spec["strategy"],
            {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        )
    _pod_template(spec["template"])


def _cron_job(stored: Manifest) -> None:
    spec = stored["spec"]
    fill(
        spec,
        {
            "concurrencyPolicy": "Allow",
            "failedJobsHistoryLimit": 1,
            "successfulJobsHistoryLimit": 3,
            "suspend": False,
        },
    )
    fill(spec["jobTemplate"], {"metadata": {}})
    fill(spec["jobTemplate"]["spec"]["template"], {"metadata": {}})
    _pod_template(spec["jobTemplate"]["spec"]["template"])


def _job(stored: Manifest) -> None:
    spec = stored["spec"]
    fill(
        spec,
        {
            "backoffLimit": 6,
            "completionMode": "NonIndexed",
            "completions": 1,
            "parallelism": 1,
            "podReplacementPolicy": "Failed"
            if "podFailurePolicy" in spec
            else "TerminatingOrFailed",
            "suspend": False,
        },
    )
    _pod_template(spec["template"])


def _pod_template(template: Manifest) -> None:
    spec = template["spec"]
    fill(
        spec,
        {
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {},
            "terminationGracePeriodSeconds": 30,
        },
    )
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        _container(container)
    for volume in spec.get("volumes", ()):
        _volume(volume)


def _container(container: Manifest) -> None:
    fill(
        container,
        {
            "imagePullPolicy": "IfNotPresent",
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
        },
    )
    for port in container.get("ports", ()):
        fill(port, {"protocol": "TCP"})
    for variable in container.get("env", ()):
        if "fieldRef" in variable.get("valueFrom", {}):
            fill(variable["valueFrom"]["fieldRef"], {"apiVersion": "v1"})
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            fill(
                container[probe],
                {
                    "failureThreshold": 3,
                    "periodSeconds": 10,
                    "successThreshold": 1,
                    "timeoutSeconds": 1,
                },
            )
            if "httpGet" in container[probe]:
                fill(container[probe]["httpGet"], {"scheme": "HTTP", "path": "/"})


def _volume(volume: Manifest) -> None:
    for source in ("configMap", "downwardAPI", "projected", "secret"):
        if source in volume:
            fill(volume[source], {"defaultMode": 420})
    for projection in volume.get("projected", {}).get("sources", ()):
        if "serviceAccountToken" in projection:
            fill(projection["serviceAccountToken"], {"expirationSeconds": 3600})


DEFAULTS: Final[dict[str, Callable[[Manifest], None]]] = {
    "CronJob": _cron_job,
    "Deployment": _deployment,
    "Job": _job,
    "Service": _service,
    "StatefulSet": _stateful_set,
}


def managed_fields(stored: Manifest, *, operation: str, time: str) -> list[Manifest]:
    """Entry of Metacontroller in ``managedFields`` of ``stored``.

    ``operation``: ``Update`` (dynamic-apply) or ``Apply`` (server-side apply); ``time``: RFC 3339.
    """
    owned = {
        key: value
        for key, value in stored.items()
        if key not in {"apiVersion", "kind", "metadata", "status"}
    }
    owned["metadata"] = {
        key: value
        for key, value in stored["metadata"].items()
        if key in {"annotations", "labels", "ownerReferences"}
    }
    return [
        {
            "apiVersion": stored["apiVersion"],
            "fieldsType": "FieldsV1",
            "fieldsV1": _field_set(owned),
            "manager": "metacontroller",
            "operation": operation,
            "time": time,
        }
    ]


def _field_set(value: Manifest) -> Manifest:
    # Empty metadata inside a template is a Go struct without fields: nobody owns it.
    shown = (key for key in sorted(value) if key != "metadata" or value[key])
    return {f"f:{key}": _owned(key, value[key]) for key in shown}


def _owned(key: str, value: Any) -> Manifest:
    if isinstance(value, dict):
        return {} if key in ATOMIC_MAPS else _field_set(value)
    if isinstance(value, list):
        return _owned_list(_list_keys(key, value), value)
    return {}


def _list_keys(field: str, items: list[Any]) -> tuple[str, ...]:
    if field == "ports":
        number = "containerPort" if "containerPort" in items[0] else "port"
        return (number, "protocol")
    return LIST_KEYS.get(field, ())


def _owned_list(keys: tuple[str, ...], items: Iterable[Any]) -> Manifest:
    if not keys:
        return {}
    owned = {}
    for item in items:
        identity = {key: item[key] for key in keys if key in item}
        text = json.dumps(identity, separators=(",", ":"), sort_keys=True)
        owned[f"k:{text}"] = {".": {}, **_field_set(item)}
    return owned
