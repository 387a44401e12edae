"""Defaults of each kind that the hook emits, as kube-apiserver stores them.

Lists that merge atomically are where a missing default turns into an endless PUT: claim
templates, ports of NetworkPolicies, projected sources.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Final

from app.result import Manifest
from app.simulation.server import pod_defaults
from app.simulation.server.normalisation import normalised

_CLIENT_IP_SECONDS: Final = 10800
_NODE_PORT_TYPES: Final = ("NodePort", "LoadBalancer")


def stored(manifest: Manifest) -> Manifest:
    """Copy of ``manifest`` in the form in which the server keeps it, cluster addresses aside."""
    copy = normalised(manifest)
    fill = _BY_KIND.get(str(copy.get("kind")))
    if fill is not None:
        fill(copy)
    return copy


def _secret(value: Manifest) -> None:
    plain = value.pop("stringData", None)
    if plain:
        value.setdefault("data", {}).update(
            {key: base64.b64encode(text.encode()).decode() for key, text in plain.items()}
        )
    value.setdefault("type", "Opaque")


def _service(value: Manifest) -> None:
    spec = value.setdefault("spec", {})
    kind = spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "ClientIP":
        affinity = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
        affinity.setdefault("timeoutSeconds", _CLIENT_IP_SECONDS)
    for port in spec.get("ports", []):
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port.get("port"))
    if kind == "ExternalName":
        return
    spec.setdefault("internalTrafficPolicy", "Cluster")
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    if kind in _NODE_PORT_TYPES:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def _stateful_set(value: Manifest) -> None:
    spec = value.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    spec.setdefault("revisionHistoryLimit", 10)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    strategy = spec.setdefault("updateStrategy", {})
    if "type" not in strategy:
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and "rollingUpdate" in strategy:
        strategy["rollingUpdate"].setdefault("partition", 0)
    pod_defaults.template(spec.setdefault("template", {}))
    for claim in spec.get("volumeClaimTemplates", []):
        pod_defaults.claim_template(claim)


def _deployment(value: Manifest) -> None:
    spec = value.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxSurge", "25%")
        rolling.setdefault("maxUnavailable", "25%")
    pod_defaults.template(spec.setdefault("template", {}))


def _replica_set(value: Manifest) -> None:
    spec = value.setdefault("spec", {})
    spec.setdefault("replicas", 1)
    pod_defaults.template(spec.setdefault("template", {}))


def _job_spec(spec: Manifest) -> None:
    spec.setdefault("backoffLimit", 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    replaced = "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed"
    spec.setdefault("podReplacementPolicy", replaced)
    if "parallelism" not in spec and "completions" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    pod_defaults.template(spec.setdefault("template", {}))


def _job(value: Manifest) -> None:
    _job_spec(value.setdefault("spec", {}))


def _cron_job(value: Manifest) -> None:
    spec = value.setdefault("spec", {})
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    # A Job's own defaults come with the Job; only its pod template is filled in here.
    job = spec.setdefault("jobTemplate", {})
    job.setdefault("metadata", {})
    pod_defaults.template(job.setdefault("spec", {}).setdefault("template", {}))


def _network_policy(value: Manifest) -> None:
    spec = value.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    for rule in [*spec.get("ingress", []), *spec.get("egress", [])]:
        for port in rule.get("ports", []):
            port.setdefault("protocol", "TCP")
    # An empty egress list was dropped before: the policy then leaves egress open.
    spec.setdefault("policyTypes", ["Ingress", "Egress"] if "egress" in spec else ["Ingress"])


def _role_binding(value: Manifest) -> None:
    value.get("roleRef", {}).setdefault("apiGroup", "rbac.authorization.k8s.io")
    for subject in value.get("subjects", []):
        if subject.get("kind") in ("User", "Group"):
            subject.setdefault("apiGroup", "rbac.authorization.k8s.io")


def _autoscaler(value: Manifest) -> None:
    value.setdefault("spec", {}).setdefault("minReplicas", 1)


def _pod(value: Manifest) -> None:
    pod_defaults.pod(value.setdefault("spec", {}))


_BY_KIND: Final[Mapping[str, Callable[[Manifest], None]]] = {
    "CronJob": _cron_job,
    "Deployment": _deployment,
    "HorizontalPodAutoscaler": _autoscaler,
    "Job": _job,
    "NetworkPolicy": _network_policy,
    "PersistentVolumeClaim": pod_defaults.claim,
    "Pod": _pod,
    "ReplicaSet": _replica_set,
    "RoleBinding": _role_binding,
    "Secret": _secret,
    "Service": _service,
    "StatefulSet": _stateful_set,
}
