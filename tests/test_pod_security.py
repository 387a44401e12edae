"""The checker of the Pod Security Standards finds each violation, and the hook's pods have none."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.pod_security import Level, violations

PERFECT: Final[dict[str, Any]] = {
    "metadata": {"labels": {"a": "b"}},
    "spec": {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [
            {
                "name": "init",
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
        "containers": [
            {
                "name": "main",
                "ports": [{"containerPort": 80}],
                "readinessProbe": {"httpGet": {"port": 80}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
                },
            }
        ],
        "volumes": [{"name": "data", "emptyDir": {}}],
    },
}


def _pod(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda template: template["spec"].update(fields)


def _pod_context(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda template: template["spec"]["securityContext"].update(fields)


def _container(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda template: template["spec"]["containers"][0].update(fields)


def _context(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda template: template["spec"]["containers"][0]["securityContext"].update(fields)


def _init_context(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda template: template["spec"]["initContainers"][0]["securityContext"].update(fields)


def _annotation(value: str) -> Callable[[dict[str, Any]], None]:
    key = "container.apparmor.security.beta.kubernetes.io/main"
    return lambda template: template["metadata"].update(annotations={key: value})


AGAINST_BASELINE: Final = [
    pytest.param(_pod(hostNetwork=True), "hostNetwork is true", id="host network"),
    pytest.param(_pod(hostPID=True), "hostPID is true", id="host processes"),
    pytest.param(_pod(hostIPC=True), "hostIPC is true", id="host IPC"),
    pytest.param(_context(privileged=True), "main: privileged", id="privileged"),
    pytest.param(_init_context(privileged=True), "init: privileged", id="privileged init"),
    pytest.param(
        _context(capabilities={"add": ["SYS_ADMIN"], "drop": ["ALL"]}),
        "main: adds SYS_ADMIN",
        id="capability",
    ),
    pytest.param(_container(ports=[{"hostPort": 80}]), "main: hostPort 80", id="host port"),
    pytest.param(_context(procMount="Unmasked"), "main: procMount Unmasked", id="proc mount"),
    pytest.param(
        _context(seccompProfile={"type": "Unconfined"}),
        "main: seccomp Unconfined",
        id="seccomp of a container",
    ),
    pytest.param(
        _pod_context(seccompProfile={"type": "Unconfined"}),
        "pod: seccomp Unconfined",
        id="seccomp of the pod",
    ),
    pytest.param(
        _pod_context(appArmorProfile={"type": "Unconfined"}),
        "pod: AppArmor Unconfined",
        id="AppArmor field",
    ),
    pytest.param(
        _annotation("unconfined"),
        "annotation container.apparmor.security.beta.kubernetes.io/main: unconfined",
        id="AppArmor annotation",
    ),
    pytest.param(
        _context(seLinuxOptions={"type": "spc_t"}), "main: SELinux type spc_t", id="SELinux type"
    ),
    pytest.param(
        _pod_context(seLinuxOptions={"user": "root"}), "pod: SELinux user root", id="SELinux user"
    ),
    pytest.param(
        _pod_context(sysctls=[{"name": "vm.max_map_count", "value": "1"}]),
        "pod: sysctl vm.max_map_count",
        id="sysctl",
    ),
    pytest.param(
        _context(windowsOptions={"hostProcess": True}), "main: hostProcess", id="host process"
    ),
    pytest.param(
        _container(readinessProbe={"httpGet": {"host": "a", "port": 1}}),
        "main: host in readinessProbe",
        id="host in a probe",
    ),
    pytest.param(
        _container(lifecycle={"preStop": {"tcpSocket": {"host": "a", "port": 1}}}),
        "main: host in preStop",
        id="host in a hook",
    ),
]

AGAINST_RESTRICTED: Final = [
    pytest.param(_pod(volumes=[{"name": "v", "nfs": {}}]), "volume v: nfs", id="type of a volume"),
    pytest.param(
        _context(allowPrivilegeEscalation=True),
        "main: allowPrivilegeEscalation is not false",
        id="escalation",
    ),
    pytest.param(_context(runAsUser=0), "main: runAsUser 0", id="root"),
    pytest.param(_pod_context(runAsUser=0), "pod: runAsUser 0", id="root pod"),
    pytest.param(_context(runAsNonRoot=False), "main: runAsNonRoot is not true", id="perhaps root"),
    pytest.param(
        _init_context(capabilities={"drop": ["CHOWN"]}),
        "init: does not drop ALL",
        id="some capabilities dropped",
    ),
    pytest.param(
        _context(capabilities={"drop": ["ALL"], "add": ["CHOWN"]}),
        "main: adds CHOWN beyond restricted",
        id="capability of baseline",
    ),
    pytest.param(
        lambda template: template["spec"]["securityContext"].pop("seccompProfile"),
        "main: no seccompProfile",
        id="no seccomp",
    ),
]


@pytest.mark.parametrize("level", Level)
def test_a_perfect_pod_violates_nothing(level: Level) -> None:
    """The pod that all rows start from is within both levels."""
    assert violations(PERFECT, level) == []


@pytest.mark.parametrize(("change", "violation"), AGAINST_BASELINE)
def test_a_violation_of_baseline_is_found_at_both_levels(
    change: Callable[[dict[str, Any]], None], violation: str
) -> None:
    """Restricted holds all of baseline."""
    template = copy.deepcopy(PERFECT)
    change(template)
    assert violation in violations(template, Level.BASELINE)
    assert violation in violations(template, Level.RESTRICTED)


@pytest.mark.parametrize(("change", "violation"), AGAINST_RESTRICTED)
def test_a_violation_of_restricted_is_none_of_baseline(
    change: Callable[[dict[str, Any]], None], violation: str
) -> None:
    """What only restricted asks for passes baseline."""
    template = copy.deepcopy(PERFECT)
    change(template)
    assert violations(template, Level.BASELINE) == []
    assert violation in violations(template, Level.RESTRICTED)


def test_a_host_path_is_against_both_levels() -> None:
    """The one kind of volume that baseline refuses."""
    template = copy.deepcopy(PERFECT)
    template["spec"]["volumes"] = [{"name": "v", "hostPath": {"path": "/"}}]
    assert violations(template, Level.BASELINE) == ["volume v: hostPath"]


def test_every_container_needs_its_own_confinement_without_one_of_the_pod() -> None:
    """A pod without contexts is named once for each container and control."""
    bare = {"spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "b"}]}}
    assert violations(bare, Level.RESTRICTED) == sorted(
        f"{name}: {fault}"
        for name in "ab"
        for fault in (
            "allowPrivilegeEscalation is not false",
            "does not drop ALL",
            "no seccompProfile",
            "runAsNonRoot is not true",
        )
    )
