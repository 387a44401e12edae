"""The Pod Security Standards (levels baseline and restricted) as a checker of pod templates.

Written after the standards' own tables of controls; the PodSecurity admission of a real API server
says the same of what it knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

BASELINE_CAPABILITIES: Final = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
RESTRICTED_CAPABILITIES: Final = frozenset({"NET_BIND_SERVICE"})
RESTRICTED_VOLUMES: Final = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
SAFE_SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
SELINUX_TYPES: Final = frozenset(
    {"", "container_engine_t", "container_init_t", "container_kvm_t", "container_t"}
)
CONFINED: Final = frozenset({"RuntimeDefault", "Localhost"})
APPARMOR_ANNOTATION: Final = "container.apparmor.security.beta.kubernetes.io/"
CONTAINER_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")
HANDLERS: Final = ("livenessProbe", "readinessProbe", "startupProbe")


class Level(StrEnum):
    """Levels of the standards that restrict anything, the weaker one first."""

    BASELINE = "baseline"
    RESTRICTED = "restricted"


def violations(template: Mapping[str, Any], level: Level) -> list[str]:
    """Violations of ``level`` in a pod template (``metadata``, ``spec``), sorted; empty if none."""
    found = [*_baseline(template)]
    if level is Level.RESTRICTED:
        found += _restricted(template["spec"])
    return sorted(found)


def pod_templates(children: list[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Pod templates of all workloads and Jobs among ``children``, by ``kind/name``."""
    templates: dict[str, Mapping[str, Any]] = {}
    for child in children:
        name = f"{child['kind']}/{child['metadata']['name']}"
        match child["kind"]:
            case "StatefulSet" | "Deployment" | "Job":
                templates[name] = child["spec"]["template"]
            case "CronJob":
                templates[name] = child["spec"]["jobTemplate"]["spec"]["template"]
    return templates


def containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All containers of a pod: init, ordinary and ephemeral ones."""
    for field in CONTAINER_LISTS:
        yield from spec.get(field, ())


def _baseline(template: Mapping[str, Any]) -> Iterator[str]:
    spec = template["spec"]
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            yield f"{field} is true"
    for volume in spec.get("volumes", ()):
        if "hostPath" in volume:
            yield f"volume {volume['name']}: hostPath"
    for key, value in template.get("metadata", {}).get("annotations", {}).items():
        is_apparmor = key.startswith(APPARMOR_ANNOTATION)
        if is_apparmor and value != "runtime/default" and not value.startswith("localhost/"):
            yield f"annotation {key}: {value}"
    context = spec.get("securityContext", {})
    for sysctl in context.get("sysctls", ()):
        if sysctl["name"] not in SAFE_SYSCTLS:
            yield f"pod: sysctl {sysctl['name']}"
    yield from _contexts("pod", context)
    for container in containers(spec):
        yield from _baseline_container(container)


def _contexts(where: str, context: Mapping[str, Any]) -> Iterator[str]:
    """Controls that hold for the pod's context as for a container's."""
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield f"{where}: hostProcess"
    apparmor = context.get("appArmorProfile", {}).get("type")
    if apparmor is not None and apparmor not in CONFINED:
        yield f"{where}: AppArmor {apparmor}"
    seccomp = context.get("seccompProfile", {}).get("type")
    if seccomp is not None and seccomp not in CONFINED:
        yield f"{where}: seccomp {seccomp}"
    selinux = context.get("seLinuxOptions", {})
    if selinux.get("type", "") not in SELINUX_TYPES:
        yield f"{where}: SELinux type {selinux['type']}"
    for field in ("user", "role"):
        if selinux.get(field):
            yield f"{where}: SELinux {field} {selinux[field]}"


def _baseline_container(container: Mapping[str, Any]) -> Iterator[str]:
    name = container["name"]
    context = container.get("securityContext", {})
    yield from _contexts(name, context)
    if context.get("privileged"):
        yield f"{name}: privileged"
    if context.get("procMount", "Default") != "Default":
        yield f"{name}: procMount {context['procMount']}"
    for capability in context.get("capabilities", {}).get("add", ()):
        if capability not in BASELINE_CAPABILITIES:
            yield f"{name}: adds {capability}"
    for port in container.get("ports", ()):
        if port.get("hostPort"):
            yield f"{name}: hostPort {port['hostPort']}"
    for field, action in _handlers(container):
        for kind in ("httpGet", "tcpSocket"):
            if action.get(kind, {}).get("host"):
                yield f"{name}: host in {field}"


def _handlers(container: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for field in HANDLERS:
        yield field, container.get(field, {})
    for field in ("postStart", "preStop"):
        yield field, container.get("lifecycle", {}).get(field, {})


def _restricted(spec: Mapping[str, Any]) -> Iterator[str]:
    for volume in spec.get("volumes", ()):
        for source in volume.keys() - {"name"} - RESTRICTED_VOLUMES:
            yield f"volume {volume['name']}: {source}"
    pod = spec.get("securityContext", {})
    if pod.get("runAsUser") == 0:
        yield "pod: runAsUser 0"
    if pod.get("runAsNonRoot") is False:
        yield "pod: runAsNonRoot is false"
    for container in containers(spec):
        yield from _restricted_container(container, pod)


def _restricted_container(container: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    name = container["name"]
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{name}: allowPrivilegeEscalation is not false"
    if context.get("runAsNonRoot", pod.get("runAsNonRoot")) is not True:
        yield f"{name}: runAsNonRoot is not true"
    if context.get("runAsUser") == 0:
        yield f"{name}: runAsUser 0"
    if "seccompProfile" not in context and "seccompProfile" not in pod:
        yield f"{name}: no seccompProfile"
    capabilities = context.get("capabilities", {})
    if "ALL" not in capabilities.get("drop", ()):
        yield f"{name}: does not drop ALL"
    for capability in capabilities.get("add", ()):
        if capability not in RESTRICTED_CAPABILITIES:
            yield f"{name}: adds {capability} beyond restricted"
