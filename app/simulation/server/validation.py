"""What the API server refuses with 422: immutable fields, limits, references inside a manifest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from app.result import Manifest
from app.simulation.server.quantity import amount

ANNOTATIONS_MAX_BYTES: Final = 262_144
CONTENT_MAX_BYTES: Final = 1_048_576
LABEL_MAX: Final = 63
PORT_NAME_MAX: Final = 15
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")

#: Of a StatefulSet everything but these is fixed at its creation.
STATEFUL_SET_MUTABLE: Final = frozenset(
    {
        "minReadySeconds",
        "ordinals",
        "persistentVolumeClaimRetentionPolicy",
        "replicas",
        "revisionHistoryLimit",
        "template",
        "updateStrategy",
    }
)
_JOB_IMMUTABLE: Final = ("completionMode", "completions", "selector", "template")


def creation_faults(manifest: Manifest) -> list[str]:
    """Reasons to refuse a new object; empty if it is valid."""
    return list(_faults(manifest))


def update_faults(old: Manifest, new: Manifest) -> list[str]:
    """Reasons to refuse ``new`` as the successor of ``old``; both in stored form."""
    check = _IMMUTABLE.get(str(new.get("kind")))
    fixed = list(check(old, new)) if check else []
    return [*(f"{path}: field is immutable" for path in fixed), *_faults(new)]


def _faults(manifest: Manifest) -> Iterator[str]:
    yield from _metadata_faults(manifest.get("metadata", {}))
    check = _BY_KIND.get(str(manifest.get("kind")))
    if check is not None:
        yield from check(manifest)


def _metadata_faults(metadata: Manifest) -> Iterator[str]:
    if not _NAME.fullmatch(str(metadata.get("name", ""))):
        yield "metadata.name: not a DNS name"
    size = sum(len(k) + len(str(v).encode()) for k, v in metadata.get("annotations", {}).items())
    if size > ANNOTATIONS_MAX_BYTES:
        yield f"metadata.annotations: more than {ANNOTATIONS_MAX_BYTES} bytes"
    yield from _label_faults("metadata.labels", metadata.get("labels", {}))


def _label_faults(path: str, labels: Manifest) -> Iterator[str]:
    for key, value in labels.items():
        if (
            not isinstance(value, str)
            or len(value) > LABEL_MAX
            or not _LABEL_VALUE.fullmatch(value)
        ):
            yield f"{path}[{key}]: not a label value"


# --- immutable fields ------------------------------------------------------------------
def _of_stateful_set(old: Manifest, new: Manifest) -> Iterator[str]:
    for key in sorted(old["spec"].keys() | new["spec"].keys()):
        if key not in STATEFUL_SET_MUTABLE and old["spec"].get(key) != new["spec"].get(key):
            yield f"spec.{key}"


def _of_deployment(old: Manifest, new: Manifest) -> Iterator[str]:
    if old["spec"].get("selector") != new["spec"].get("selector"):
        yield "spec.selector"


def _of_job(old: Manifest, new: Manifest) -> Iterator[str]:
    for key in _JOB_IMMUTABLE:
        if old["spec"].get(key) != new["spec"].get(key):
            yield f"spec.{key}"


def _of_secret(old: Manifest, new: Manifest) -> Iterator[str]:
    if old.get("type") != new.get("type"):
        yield "type"
    yield from _of_config_map(old, new)


def _of_config_map(old: Manifest, new: Manifest) -> Iterator[str]:
    if old.get("immutable"):
        for key in ("immutable", "data", "binaryData"):
            if old.get(key) != new.get(key):
                yield key


def _of_service(old: Manifest, new: Manifest) -> Iterator[str]:
    """The class of a load balancer that stays one."""
    specs = [old.get("spec", {}), new.get("spec", {})]
    classes = [spec.get("loadBalancerClass") for spec in specs]
    if all(spec.get("type") == "LoadBalancer" for spec in specs) and classes[0] != classes[1]:
        yield "spec.loadBalancerClass"


def _of_role_binding(old: Manifest, new: Manifest) -> Iterator[str]:
    if old.get("roleRef") != new.get("roleRef"):
        yield "roleRef"


def _of_claim(old: Manifest, new: Manifest) -> Iterator[str]:
    for key in sorted(old["spec"].keys() | new["spec"].keys()):
        before, after = old["spec"].get(key), new["spec"].get(key)
        if before == after or (key == "volumeName" and not before):
            continue
        if key != "resources" or _storage(after) < _storage(before):
            yield f"spec.{key}"


def _storage(resources: Manifest) -> Any:
    return amount(resources["requests"]["storage"])


_IMMUTABLE: Final[Mapping[str, Callable[[Manifest, Manifest], Iterator[str]]]] = {
    "ConfigMap": _of_config_map,
    "Deployment": _of_deployment,
    "Job": _of_job,
    "PersistentVolumeClaim": _of_claim,
    "RoleBinding": _of_role_binding,
    "Secret": _of_secret,
    "Service": _of_service,
    "StatefulSet": _of_stateful_set,
}


# --- validity of one manifest ----------------------------------------------------------
def _content(manifest: Manifest) -> Iterator[str]:
    parts = (manifest.get("data", {}), manifest.get("binaryData", {}))
    if sum(len(value) for part in parts for value in part.values()) > CONTENT_MAX_BYTES:
        yield f"data: more than {CONTENT_MAX_BYTES} bytes"


def _secret(manifest: Manifest) -> Iterator[str]:
    yield from _content(manifest)
    if manifest.get("type") == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in manifest.get("data", {}):
                yield f"data[{key}]: required"


def _service(manifest: Manifest) -> Iterator[str]:
    ports = manifest["spec"].get("ports", [])
    if not ports and manifest["spec"].get("clusterIP") != "None":
        yield "spec.ports: required"
    numbers = [(port.get("port"), port.get("protocol")) for port in ports]
    if len(set(numbers)) < len(numbers):
        yield "spec.ports: duplicate port and protocol"
    port_names = [port.get("name") for port in ports]
    if len(ports) > 1 and (None in port_names or len(set(port_names)) < len(ports)):
        yield "spec.ports: several ports need different names"


def _stateful_set(manifest: Manifest) -> Iterator[str]:
    spec = manifest["spec"]
    strategy = spec["updateStrategy"]
    if strategy["type"] == "OnDelete" and "rollingUpdate" in strategy:
        yield "spec.updateStrategy.rollingUpdate: only for RollingUpdate"
    claims = {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])}
    yield from _workload(spec, claims)


def _deployment(manifest: Manifest) -> Iterator[str]:
    strategy = manifest["spec"]["strategy"]
    if strategy["type"] == "Recreate" and "rollingUpdate" in strategy:
        yield "spec.strategy.rollingUpdate: only for RollingUpdate"
    yield from _workload(manifest["spec"], set())


def _workload(spec: Manifest, claims: set[str]) -> Iterator[str]:
    wanted = spec.get("selector", {}).get("matchLabels", {})
    labels = spec["template"]["metadata"].get("labels", {})
    if not wanted or not wanted.items() <= labels.items():
        yield "spec.selector: does not match the template's labels"
    yield from _label_faults("spec.template.metadata.labels", labels)
    yield from _pod(spec["template"]["spec"], claims)


def _job(manifest: Manifest) -> Iterator[str]:
    pod = manifest["spec"]["template"]["spec"]
    if pod["restartPolicy"] == "Always":
        yield "spec.template.spec.restartPolicy: OnFailure or Never"
    yield from _pod(pod, set())


def _cron_job(manifest: Manifest) -> Iterator[str]:
    if len(str(manifest["spec"].get("schedule", "")).split()) != 5:  # noqa: PLR2004 - cron's five
        yield "spec.schedule: five fields"
    yield from _job({"spec": manifest["spec"]["jobTemplate"]["spec"]})


def _pod(spec: Manifest, claims: set[str]) -> Iterator[str]:
    volumes = [volume.get("name") for volume in spec.get("volumes", [])]
    if len(set(volumes)) < len(volumes):
        yield "volumes: duplicate name"
    containers = [*spec.get("initContainers", []), *spec.get("containers", [])]
    if not spec.get("containers"):
        yield "containers: required"
    if len({container.get("name") for container in containers}) < len(containers):
        yield "containers: duplicate name"
    for container in containers:
        yield from _container(container, {*volumes, *claims})


def _container(value: Manifest, volumes: set[str]) -> Iterator[str]:
    where = f"containers[{value.get('name')}]"
    mounts = value.get("volumeMounts", [])
    for mount in mounts:
        if mount.get("name") not in volumes:
            yield f"{where}.volumeMounts: no volume {mount.get('name')}"
    if len({mount.get("mountPath") for mount in mounts}) < len(mounts):
        yield f"{where}.volumeMounts: duplicate mountPath"
    for port in value.get("ports", []):
        if len(port.get("name", "")) > PORT_NAME_MAX:
            yield f"{where}.ports: name longer than {PORT_NAME_MAX}"
    for variable in value.get("env", []):
        if "value" in variable and "valueFrom" in variable:
            yield f"{where}.env[{variable.get('name')}]: value and valueFrom"
    requests = value.get("resources", {}).get("requests", {})
    for name, limit in value.get("resources", {}).get("limits", {}).items():
        if name in requests and amount(requests[name]) > amount(limit):
            yield f"{where}.resources: request of {name} above its limit"


def _budget(manifest: Manifest) -> Iterator[str]:
    if "minAvailable" in manifest["spec"] and "maxUnavailable" in manifest["spec"]:
        yield "spec: minAvailable and maxUnavailable exclude each other"


_BY_KIND: Final[Mapping[str, Callable[[Manifest], Iterator[str]]]] = {
    "ConfigMap": _content,
    "CronJob": _cron_job,
    "Deployment": _deployment,
    "Job": _job,
    "PodDisruptionBudget": _budget,
    "Secret": _secret,
    "Service": _service,
    "StatefulSet": _stateful_set,
}
