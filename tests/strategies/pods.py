"""What every tier has: pods, Services, budgets, network policies."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.strategies.values import (
    ANNOTATIONS,
    LABEL_SELECTORS,
    LABELS,
    NAMES,
    NO,
    Strategy,
    some_of,
    unique_items,
    with_some,
)
from tests.user_objects import EXTRA

# --- placement -------------------------------------------------------------------------------
_NODE_TERMS = st.just(
    {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd", "nvme"]}]}
)
_POD_TERMS = with_some(
    {"topologyKey": st.sampled_from(["rack", "kubernetes.io/hostname"])},
    {
        "labelSelector": LABEL_SELECTORS,
        "namespaces": st.just(["other"]),
        "namespaceSelector": LABEL_SELECTORS,
    },
)
_POD_AFFINITY = some_of(
    {
        "requiredDuringSchedulingIgnoredDuringExecution": st.lists(_POD_TERMS, max_size=1),
        "preferredDuringSchedulingIgnoredDuringExecution": st.lists(
            with_some({"weight": st.integers(1, 100), "podAffinityTerm": _POD_TERMS}, {}),
            max_size=1,
        ),
    }
)
AFFINITY = some_of(
    {
        "nodeAffinity": some_of(
            {
                "requiredDuringSchedulingIgnoredDuringExecution": st.builds(
                    lambda term: {"nodeSelectorTerms": [term]}, _NODE_TERMS
                ),
                "preferredDuringSchedulingIgnoredDuringExecution": st.builds(
                    lambda weight, term: [{"weight": weight, "preference": term}],
                    st.integers(1, 100),
                    _NODE_TERMS,
                ),
            }
        ),
        "podAffinity": _POD_AFFINITY,
        "podAntiAffinity": _POD_AFFINITY,
    }
)
TOLERATIONS = st.lists(
    st.sampled_from(
        [
            {"operator": "Exists"},
            {"key": "dedicated", "value": "search", "effect": "NoSchedule"},
            {"key": "dedicated", "operator": "Equal", "value": "", "effect": ""},
            {"key": "away", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0},
        ]
    ),
    max_size=2,
)
SPREAD = st.lists(
    with_some(
        {
            "maxSkew": st.integers(1, 3),
            "topologyKey": st.sampled_from(["rack", "topology.kubernetes.io/zone"]),
            "whenUnsatisfiable": st.just("DoNotSchedule"),
        },
        {
            "labelSelector": LABEL_SELECTORS,
            "minDomains": st.integers(1, 3),
            "nodeAffinityPolicy": st.sampled_from(["Honor", "Ignore"]),
            "matchLabelKeys": st.just(["pod-template-hash"]),
        },
    ),
    unique_by=lambda one: one["topologyKey"],
    max_size=2,
)

# --- containers --------------------------------------------------------------------------------
_SOURCES = st.sampled_from(
    [
        {"fieldRef": {"fieldPath": "status.hostIP"}},
        {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}},
        {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1024Ki"}},
        {"configMapKeyRef": {"name": EXTRA, "key": "a"}},
        {"secretKeyRef": {"name": EXTRA, "key": "a", "optional": False}},
    ]
)
ENV = unique_items(
    st.one_of(
        st.builds(
            lambda name, value: {"name": name, "value": value},
            st.sampled_from(["TZ", "PROXY"]),
            st.sampled_from(["", "Europe/Madrid", "a b $(TZ)"]),
        ),
        st.builds(
            lambda name, source: {"name": name, "valueFrom": source},
            st.sampled_from(["NODE", "TZ"]),
            _SOURCES,
        ),
    ),
    "name",
)
ENV_FROM = st.lists(
    st.sampled_from(
        [
            {"configMapRef": {"name": EXTRA}, "prefix": "EXTRA_"},
            {"secretRef": {"name": EXTRA, "optional": True}},
        ]
    ),
    max_size=2,
)
_VOLUME_SOURCES: tuple[dict[str, Any], ...] = (
    {"emptyDir": {}},
    {"emptyDir": {"medium": "Memory", "sizeLimit": "1024Mi"}},
    {"configMap": {"name": EXTRA, "defaultMode": 0o444}},
    {"secret": {"secretName": EXTRA, "items": [{"key": "a", "path": "a/b", "mode": 0o400}]}},
    {"persistentVolumeClaim": {"claimName": EXTRA, "readOnly": False}},
    {"csi": {"driver": "example.com", "readOnly": True, "volumeAttributes": {"a": "b"}}},
    {
        "projected": {
            "sources": [
                {"serviceAccountToken": {"path": "token", "audience": "vault"}},
                {"configMap": {"name": EXTRA}},
                {
                    "downwardAPI": {
                        "items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.labels"}}]
                    }
                },
            ]
        }
    },
)
_VOLUME_NAMES = ("extra-a", "extra-b", "extra-c")


@st.composite
def volumes_and_mounts(draw: st.DrawFn) -> dict[str, Any]:
    """``extraVolumes`` and mounts of them, at paths that belong to nobody."""
    names = draw(st.lists(st.sampled_from(_VOLUME_NAMES), unique=True, min_size=1))
    volumes = [{"name": name, **draw(st.sampled_from(_VOLUME_SOURCES))} for name in names]
    paths = draw(st.lists(st.sampled_from(["/opt/a", "/opt/b/c", "/srv"]), unique=True))
    mounts = [
        {
            "name": draw(st.sampled_from(names)),
            "mountPath": path,
            **draw(some_of({"readOnly": st.booleans(), "subPath": st.sampled_from(["", "a/b"])})),
        }
        for path in paths
    ]
    return {"extraVolumes": volumes, **({"extraVolumeMounts": mounts} if mounts else {})}


_POD_SECURITY = some_of(
    {
        "fsGroupChangePolicy": st.sampled_from(["Always", "OnRootMismatch"]),
        "supplementalGroups": st.lists(st.integers(0, 2000), max_size=2),
        "seLinuxOptions": st.just({"level": "s0:c1,c2"}),
        "seccompProfile": st.just({"type": "RuntimeDefault"}),
        "sysctls": st.sampled_from([[], [{"name": "net.ipv4.tcp_syncookies", "value": "1"}]]),
    }
)
_CONTAINER_SECURITY = some_of(
    {
        "allowPrivilegeEscalation": NO,
        "privileged": NO,
        "readOnlyRootFilesystem": NO,
        "capabilities": st.just({"drop": ["ALL"]}),
        "seccompProfile": st.just({"type": "RuntimeDefault"}),
    }
)
IMAGES = some_of(
    {
        "repository": st.sampled_from(["registry.example:5000/team/wazuh", "wazuh"]),
        "tag": st.sampled_from(["4.14.1-fips", f"4.14.1@sha256:{'a' * 64}", "latest"]),
        "pullPolicy": st.sampled_from(["Always", "IfNotPresent", "Never"]),
    }
)


def resources(memory: tuple[str, ...]) -> Strategy:
    """Requests and limits that agree; ``memory``: amounts, the smallest first."""
    amounts = st.sampled_from(memory)
    cpus = st.sampled_from(["2", "2000m", "3.5", 4])
    return st.one_of(
        st.builds(lambda amount: {"limits": {"memory": amount}}, amounts),
        st.builds(lambda amount, cpu: {"requests": {"memory": amount, "cpu": cpu}}, amounts, cpus),
        st.builds(
            lambda amount, cpu: {
                "requests": {"memory": amount, "cpu": "0.5"},
                "limits": {"memory": amount, "cpu": cpu, "example.com/gpu": "1"},
            },
            amounts,
            cpus,
        ),
        st.sampled_from([{}, {"limits": None}, {"requests": {}}]),
    )


# --- Services, budgets, policies -----------------------------------------------------------------
@st.composite
def services(
    draw: st.DrawFn, *ports: str, single: bool = False, numbers: int = 0
) -> dict[str, Any]:
    """A Service of a tier with these ``ports``; ``single``: it may have ``nodePort`` itself.

    ``numbers``: where its node ports begin, so that no two Services ask for the same.
    """
    kind = draw(st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]))
    found = draw(
        some_of(
            {"annotations": ANNOTATIONS, "sessionAffinity": st.sampled_from(["None", "ClientIP"])}
        )
    )
    if kind != "ClusterIP" or draw(st.booleans()):
        found["type"] = kind
    if draw(st.booleans()):
        names = draw(st.lists(st.sampled_from(ports), unique=True, min_size=1))
        if names == ["agent-auth"]:  # alone it is refused where enrolment does not run
            names.append("agent-events")
        found["ports"] = [
            {"name": name, "port": 7000 + 10 * draw(st.integers(0, 9)) + index}
            for index, name in enumerate(names)
        ]
    if kind == "ClusterIP":
        return found
    if "ports" in found and draw(st.booleans()):
        found["ports"][0]["nodePort"] = 31000 + numbers
    elif single and "ports" not in found and draw(st.booleans()):
        found["nodePort"] = 31500 + numbers
    found |= draw(some_of({"externalTrafficPolicy": st.sampled_from(["Cluster", "Local"])}))
    if kind == "LoadBalancer":
        found |= draw(
            some_of(
                {
                    "loadBalancerIP": st.sampled_from(["192.0.2.1", "2001:db8::1"]),
                    "loadBalancerClass": st.just("example.com/internal"),
                    "loadBalancerSourceRanges": st.sampled_from([[], ["10.0.0.0/8", "fd00::/8"]]),
                }
            )
        )
    return found


def budgets(replicas: int) -> Strategy:
    """A budget that lets a pod of ``replicas`` go."""
    bounds: list[dict[str, Any]] = [{}, {"maxUnavailable": 1}, {"maxUnavailable": 2}]
    if replicas > 1:
        bounds.append({"minAvailable": replicas - 1})
    return st.builds(
        lambda enabled, bound: {**enabled, **bound},
        st.sampled_from([{}, {"enabled": True}, {"enabled": False}]),
        st.sampled_from(bounds),
    )


_PEERS = st.sampled_from(
    [
        {"podSelector": {}},
        {"namespaceSelector": {"matchLabels": {"name": "monitoring"}}, "podSelector": {}},
        {"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.1/32"]}},
    ]
)
_POLICY_PORTS = st.lists(
    st.sampled_from([{"port": 9114}, {"protocol": "UDP", "port": 53}, {"port": "rest"}]),
    max_size=2,
)


def _rules(direction: str) -> Strategy:
    rule = some_of({direction: st.lists(_PEERS, max_size=2), "ports": _POLICY_PORTS})
    return st.lists(rule, max_size=2)


NETWORK_POLICIES = some_of(
    {"enabled": st.booleans(), "ingress": _rules("from"), "egress": _rules("to")}
)


def knobs(memory: tuple[str, ...]) -> dict[str, Strategy]:
    """The fields that all tiers share, budget, Service and volumes apart."""
    return {
        "resources": resources(memory),
        "image": IMAGES,
        "nodeSelector": LABELS,
        "tolerations": TOLERATIONS,
        "affinity": AFFINITY,
        "topologySpreadConstraints": SPREAD,
        "priorityClassName": NAMES,
        "serviceAccountName": st.sampled_from(["default", EXTRA]),
        "annotations": ANNOTATIONS,
        "podAnnotations": ANNOTATIONS,
        "podLabels": LABELS,
        "env": ENV,
        "envFrom": ENV_FROM,
        "securityContext": _POD_SECURITY,
        "containerSecurityContext": _CONTAINER_SECURITY,
        "networkPolicy": NETWORK_POLICIES,
    }


@st.composite
def tiers(
    draw: st.DrawFn,
    memory: tuple[str, ...],
    own: dict[str, Strategy],
    parts: dict[str, Strategy],
) -> dict[str, Any]:
    """A tier: a few shared knobs, a few of its ``own`` fields, perhaps volumes and ``parts``."""
    found = draw(some_of(knobs(memory), at_most=3)) | draw(some_of(own, at_most=3))
    if draw(st.integers(0, 3)) == 0:
        found |= draw(volumes_and_mounts())
    return found | draw(some_of(parts, at_most=2))
