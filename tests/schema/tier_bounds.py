"""Bounds of what all tiers have: pods, Services, budgets, volumes."""

from __future__ import annotations

from typing import Final

from tests.schema.bounds import NOT_WHOLE, Bound, boolean, enum, subdomain

_TIERS: Final = ("indexer", "manager.master", "manager.workers", "dashboard")


def _tier(tier: str) -> tuple[Bound, ...]:
    quantities = {"memory": "1024Mi", "cpu": 1, "ephemeral-storage": "1.5Gi"}
    many = {f"k{index}": "v" for index in range(65)}
    maps = (f"{tier}.annotations", f"{tier}.podAnnotations")
    return (
        Bound(
            f"{tier}.resources",
            ({}, {"requests": quantities}, {"limits": {"cpu": "0"}, "requests": None}),
            (
                [],
                {"limits": {"cpu": 0.5}},
                {"limits": {"memory": "1 Gi"}},
                {"limits": {"memory": "1e3"}},
                {"requests": {"cpu": -1}},
                {"requests": {"cpu": True}},
            ),
        ),
        Bound(
            f"{tier}.image.repository",
            ("wazuh/wazuh-indexer", "a", "registry.example:5000/x/y", "a" * 255),
            ("", "A", "-a", "a/", "a b", "a" * 256, 1),
        ),
        Bound(
            f"{tier}.image.tag",
            ("4.14.1", "a" * 128, f"4.14.1@sha256:{'0' * 64}"),
            ("", ".a", "a" * 129, "a:b", f"a@sha256:{'0' * 63}", "a\n", 1),
        ),
        enum(f"{tier}.image.pullPolicy", "Always", "IfNotPresent", "Never"),
        Bound(
            f"{tier}.nodeSelector",
            ({}, {"a/b": "c"}, {"a": ""}, {"kubernetes.io/os": "linux"}),
            ([], {"a": 1}, {"a": "b c"}, {"a": "c" * 64}, many),
        ),
        Bound(
            f"{tier}.podLabels",
            ({}, {"a.b/c": "d"}),
            ({"a": "-"}, {"a": True}, many),
        ),
        *(Bound(path, ({}, {"a/b": "x y"}), ({"a": 1}, [], many)) for path in maps),
        Bound(
            f"{tier}.tolerations",
            ([], [{}], [{"operator": "Exists", "effect": "NoSchedule"}] * 32),
            ({}, [None], [{"operator": "In"}], [{"effect": "no"}], [{}] * 33, [{"key": 1}]),
        ),
        Bound(
            f"{tier}.affinity",
            ({}, {"nodeAffinity": None}, {"podAntiAffinity": {}}),
            ([], {"podAntiAffinity": []}, {"nodeAffinity": "x"}),
        ),
        Bound(
            f"{tier}.topologySpreadConstraints",
            ([], [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway"}] * 8),
            (
                [{}],
                [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "x"}],
                [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}] * 9,
            ),
        ),
        subdomain(f"{tier}.priorityClassName"),
        subdomain(f"{tier}.serviceAccountName"),
        Bound(
            f"{tier}.env",
            ([], [{"name": f"N{index}", "value": ""} for index in range(64)]),
            (
                [{"name": f"N{index}"} for index in range(65)],
                [{"name": "A"}, {"name": "A"}],
                [{"value": "x"}],
                [{"name": None}],
                [{"name": "A", "value": 1}],
            ),
        ),
        Bound(
            f"{tier}.envFrom",
            ([], [{"secretRef": {"name": "a"}}] * 16),
            ([{}] * 17, [{"secretRef": "a"}]),
        ),
        Bound(
            f"{tier}.extraVolumes",
            ([], [{"name": f"v{index}", "emptyDir": {}} for index in range(16)]),
            (
                [{"name": f"v{index}"} for index in range(17)],
                [{"name": "a"}, {"name": "a"}],
                [{"emptyDir": {}}],
                [{"name": "a", "emptyDir": {"sizeLimit": "x"}}],
            ),
        ),
        Bound(
            f"{tier}.extraVolumeMounts",
            ([], [{"name": "a", "mountPath": f"/{index}"} for index in range(32)]),
            (
                [{"name": "a", "mountPath": f"/{index}"} for index in range(33)],
                [{"name": "a", "mountPath": "/a"}] * 2,
                [{"name": "a"}],
            ),
        ),
        Bound(
            f"{tier}.securityContext",
            ({}, {"runAsUser": 0, "fsGroupChangePolicy": "Always"}),
            ([], {"runAsUser": "0"}, {"fsGroupChangePolicy": "x"}),
        ),
        Bound(
            f"{tier}.containerSecurityContext",
            ({}, {"capabilities": {"drop": ["ALL"]}, "privileged": False}),
            ([], {"privileged": 0}, {"capabilities": {"drop": "ALL"}}),
        ),
        boolean(f"{tier}.networkPolicy.enabled"),
        Bound(
            f"{tier}.networkPolicy.ingress",
            ([], [{}] * 32, [{"from": [{"podSelector": {}}], "ports": [{"port": "https"}]}]),
            ([{}] * 33, [{"from": {}}], [{"ports": [{"protocol": "ICMP"}]}]),
        ),
        Bound(
            f"{tier}.networkPolicy.egress",
            ([], [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443}]}]),
            ([{}] * 33, [{"to": [{"ipBlock": {}}]}], [{"ports": [{"port": 1.5}]}]),
        ),
    )


def _service(path: str, *names: str) -> tuple[Bound, ...]:
    first = {"name": names[0], "port": 1}
    networks = ("10.0.0.0", "10.0.0.0/33", "10.0.0.256/8", "::/129", "a/8")
    return (
        enum(f"{path}.type", "NodePort", "ClusterIP", "LoadBalancer"),
        Bound(f"{path}.annotations", ({}, {"a": "b"}), ({"a": 1},)),
        enum(f"{path}.sessionAffinity", "None", "ClientIP"),
        Bound(f"{path}.externalTrafficPolicy", (), ("local", "", 1)),
        Bound(
            f"{path}.loadBalancerClass", (), ("", "a b", "a/b/c", "A.b/c", "/a", "a/", "a" * 64, 1)
        ),
        Bound(f"{path}.loadBalancerIP", (), ("", "a", "10.0.0.256", "10.0.0", 1)),
        Bound(
            f"{path}.loadBalancerSourceRanges",
            (),
            (*([network] for network in networks), ["10.0.0.0/8"] * 65, "10.0.0.0/8"),
        ),
        Bound(
            f"{path}.ports",
            ([first], [{"name": name, "port": 65535 - i} for i, name in enumerate(names)]),
            (
                [],
                [{"name": "ssh", "port": 22}],
                [{"name": names[0]}],
                [{"port": 1}],
                [first | {"port": 0}],
                [first | {"port": 65536}],
                [first, first | {"port": 2}],
                [first] * 4,
            ),
        ),
    )


_BUDGETS: Final = tuple(
    bound
    for tier in ("indexer", "manager.workers", "dashboard")
    for bound in (
        boolean(f"{tier}.podDisruptionBudget.enabled"),
        Bound(f"{tier}.podDisruptionBudget.maxUnavailable", (0, 1), (-1, *NOT_WHOLE, "25%")),
        Bound(f"{tier}.podDisruptionBudget.minAvailable", (0, 1), (-1, *NOT_WHOLE)),
    )
)
_STORAGE: Final = tuple(
    bound
    for tier in ("indexer", "manager.master", "manager.workers")
    for bound in (
        Bound(
            f"{tier}.storageSize",
            ("1Gi", "50Gi", "1.5Gi", "2000M"),
            ("", "50 Gi", "-1", "1e400Gi", "1e3", "50GiB", "Gi", "1Gi\n", "9" * 33, 50, []),
        ),
        subdomain(f"{tier}.storageClassName"),
    )
)

TIER_BOUNDS: Final = (
    *(bound for tier in _TIERS for bound in _tier(tier)),
    *_service("indexer.service", "rest"),
    *_service("manager.master.service", "api", "agent-events", "agent-auth"),
    *_service("manager.workers.service", "agent-events", "agent-auth"),
    *_service("manager.agentService", "agent-events", "agent-auth"),
    *_service("dashboard.service", "https"),
    *_BUDGETS,
    *_STORAGE,
)
