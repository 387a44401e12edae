"""Defaults of a pod template, as kube-apiserver fills them in.

Each function fills its argument in place: the argument is the server's own copy.
"""

from __future__ import annotations

from typing import Any, Final

from app.result import Manifest
from app.simulation.server.quantity import canonical

_FILE_MODE: Final = 420  # 0644
_TOKEN_SECONDS: Final = 3600
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_FILE_SOURCES: Final = ("secret", "configMap", "projected", "downwardAPI")


def template(value: Manifest, restart_policy: str = "Always") -> None:
    """Fill in a pod template."""
    value.setdefault("metadata", {})
    pod(value.setdefault("spec", {}), restart_policy)


def pod(spec: Manifest, restart_policy: str = "Always") -> None:
    """Fill in a pod's spec."""
    spec.setdefault("restartPolicy", restart_policy)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("securityContext", {})
    spec.setdefault("terminationGracePeriodSeconds", 30)
    # The deprecated twin; it survives a merge, so leaving serviceAccountName out has no effect.
    if "serviceAccountName" in spec:
        spec["serviceAccount"] = spec["serviceAccountName"]
    elif "serviceAccount" in spec:
        spec["serviceAccountName"] = spec["serviceAccount"]
    for container in [*spec.get("initContainers", []), *spec.get("containers", [])]:
        _container(container)
    for volume in spec.get("volumes", []):
        _volume(volume)


def claim_template(value: Manifest) -> None:
    """Fill in one volumeClaimTemplate of a StatefulSet: an atomic list, so all of it counts."""
    value.setdefault("apiVersion", "v1")
    value.setdefault("kind", "PersistentVolumeClaim")
    claim(value)


def claim(value: Manifest) -> None:
    """Fill in a claim."""
    spec = value.setdefault("spec", {})
    spec.setdefault("volumeMode", "Filesystem")
    resources(spec.get("resources", {}))
    value.setdefault("status", {}).setdefault("phase", "Pending")


def resources(value: Manifest) -> None:
    """Spell quantities canonically."""
    for part in ("limits", "requests"):
        if part in value:
            value[part] = {name: canonical(item) for name, item in value[part].items()}


def _container(value: Manifest) -> None:
    value.setdefault("imagePullPolicy", _pull_policy(str(value.get("image", ""))))
    value.setdefault("terminationMessagePath", "/dev/termination-log")
    value.setdefault("terminationMessagePolicy", "File")
    resources(value.setdefault("resources", {}))
    for port in value.get("ports", []):
        port.setdefault("protocol", "TCP")
    for variable in value.get("env", []):
        _field_reference(variable.get("valueFrom", {}))
    for name in _PROBES:
        if name in value:
            _probe(value[name])
    for handler in value.get("lifecycle", {}).values():
        _handler(handler)


def _pull_policy(image: str) -> str:
    last = image.rpartition("/")[2]
    if "@" in last:
        return "IfNotPresent"
    _, colon, tag = last.partition(":")
    return "IfNotPresent" if colon and tag != "latest" else "Always"


def _probe(value: Manifest) -> None:
    value.setdefault("timeoutSeconds", 1)
    value.setdefault("periodSeconds", 10)
    value.setdefault("successThreshold", 1)
    value.setdefault("failureThreshold", 3)
    _handler(value)


def _handler(value: Manifest) -> None:
    if "httpGet" in value:
        value["httpGet"].setdefault("path", "/")
        value["httpGet"].setdefault("scheme", "HTTP")


def _field_reference(value: Manifest) -> None:
    if "fieldRef" in value:
        value["fieldRef"].setdefault("apiVersion", "v1")
    if "resourceFieldRef" in value:
        value["resourceFieldRef"].setdefault("divisor", "0")


def _volume(value: Manifest) -> None:
    if len(value) == 1:  # a name alone means an empty directory
        value["emptyDir"] = {}
    if "hostPath" in value:
        value["hostPath"].setdefault("type", "")
    for source in _FILE_SOURCES:
        if source in value:
            value[source].setdefault("defaultMode", _FILE_MODE)
    for item in value.get("downwardAPI", {}).get("items", []):
        _field_reference(item)
    for source in value.get("projected", {}).get("sources", []):
        _projected(source)
    if "sizeLimit" in value.get("emptyDir", {}):
        value["emptyDir"]["sizeLimit"] = canonical(value["emptyDir"]["sizeLimit"])
    if "ephemeral" in value:
        ephemeral: dict[str, Any] = value["ephemeral"].setdefault("volumeClaimTemplate", {})
        ephemeral.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")


def _projected(source: Manifest) -> None:
    if "serviceAccountToken" in source:
        source["serviceAccountToken"].setdefault("expirationSeconds", _TOKEN_SECONDS)
    for item in source.get("downwardAPI", {}).get("items", []):
        _field_reference(item)
