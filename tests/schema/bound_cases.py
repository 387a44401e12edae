"""Bounds of every single field: what is allowed at its path, and what is not.

Data only, for the hook, for the CRD and for a real API server. A value of a list or map stands
for the whole list or map. ``path`` is below spec.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Bound(NamedTuple):
    """Values that are allowed and refused at ``path``."""

    path: str
    allowed: tuple[Any, ...]
    refused: tuple[Any, ...]


_BOOLEANS: Final[tuple[tuple[Any, ...], tuple[Any, ...]]] = ((True, False), ("true", 1, 0, [], {}))
_NOT_WHOLE: Final[tuple[Any, ...]] = (1.5, "3", True, [1], {}, 10**30)
_LONG: Final = "a" * 254
_TIERS: Final = ("indexer", "manager.master", "manager.workers", "dashboard")


def _enum(path: str, *values: str) -> Bound:
    return Bound(path, values, ("", values[0].lower() + "x", f"{values[0]}\n", 1, True, [], {}))


def _whole(path: str, least: int, most: int, *extra: int) -> Bound:
    return Bound(path, (least, most), (least - 1, most + 1, *extra, *_NOT_WHOLE))


def _boolean(path: str) -> Bound:
    return Bound(path, *_BOOLEANS)


def _subdomain(path: str) -> Bound:
    return Bound(path, ("a", "a.b-c", "0"), ("", "A", "a_b", "-a", "a-", "a..b", "a\n", _LONG, 1))


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
        _enum(f"{tier}.image.pullPolicy", "Always", "IfNotPresent", "Never"),
        Bound(
            f"{tier}.nodeSelector",
            ({}, {"a/b": "c"}, {"a": ""}, {"kubernetes.io/os": "linux"}),
            ([], {"a": 1}, {"a": None}, {"a": "b c"}, {"a": "c" * 64}, many),
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
        _subdomain(f"{tier}.priorityClassName"),
        _subdomain(f"{tier}.serviceAccountName"),
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
        _enum(f"{tier}.service.type", "NodePort", "ClusterIP", "LoadBalancer"),
        Bound(f"{tier}.service.annotations", ({}, {"a": "b"}), ({"a": 1},)),
        _enum(f"{tier}.service.sessionAffinity", "None", "ClientIP"),
        _boolean(f"{tier}.networkPolicy.enabled"),
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


def _ports(tier: str, *names: str) -> tuple[Bound, ...]:
    first = {"name": names[0], "port": 1}
    return (
        Bound(
            f"{tier}.ports",
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
        _boolean(f"{tier}.podDisruptionBudget.enabled"),
        Bound(f"{tier}.podDisruptionBudget.maxUnavailable", (0, 1), (-1, *_NOT_WHOLE, "25%")),
        Bound(f"{tier}.podDisruptionBudget.minAvailable", (0, 1), (-1, *_NOT_WHOLE)),
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
        _subdomain(f"{tier}.storageClassName"),
    )
)


def _reference(path: str) -> Bound:
    good = {"name": "a", "key": "b.c_D-1"}
    bad: tuple[Any, ...] = (
        {},
        {"name": "a", "key": ""},
        {"name": "A", "key": "b"},
        {"name": "a", "key": "b/c"},
    )
    return Bound(path, (good,), (*bad, {"name": "a", "key": None}, "a", []))


def _credentials(path: str) -> Bound:
    good = ({"secretName": "a"}, {"secretName": "a", "usernameKey": "u", "passwordKey": "p"})
    bad: tuple[Any, ...] = (
        {},
        {"secretName": ""},
        {"secretName": "a", "usernameKey": "u u"},
        "a",
        {"name": "a"},
    )
    return Bound(path, good, bad)


_SPEC: Final = (
    Bound("clusterDomain", ("cluster.local", "a" * 63), ("", "A", "a" * 64, "a.", 1)),
    Bound(
        "imagePullSecrets",
        ([], [{"name": "a"}] * 8),
        ([{"name": "a"}] * 9, ["a"], [{}], [{"name": "A"}], {}),
    ),
    _subdomain("storageClassName"),
    _enum("deletionPolicy", "Retain", "Delete"),
    _enum("rollout.creation", "Parallel", "Ordered"),
    _enum("rollout.update", "Ordered", "Parallel"),
    Bound("indexer", ({}, None), ([], "x", 1, True)),
    Bound("manager", ({}, None), ([], "x", 1, True)),
    Bound("dashboard", ({}, None), ([], "x", 1, True)),
    Bound("tls", ({}, None), ([], "x", 1, True)),
)
_INDEXER: Final = (
    _whole("indexer.replicas", 1, 50, -1, 1000),
    Bound("indexer.clusterName", ("A.b_c-1", "a" * 63), ("", "a b", "a" * 64, "a\n", 1)),
    Bound(
        "indexer.javaOpts",
        ("", "-Xms1g -Xmx1g", "-Da=`b` ${c}", "x" * 1024),
        ("x" * 1025, 'a"b', "a'b", "a\nb", "é", "a\t", 1),
    ),
    _enum("indexer.vmMaxMapCount", "Init", "Preset"),
    _credentials("indexer.credentials"),
    Bound("indexer.service.loadBalancerClass", (), ("", "a b", 1)),
    Bound("indexer.service.loadBalancerIP", (), ("", "a", "10.0.0.256", "10.0.0", 1)),
    Bound(
        "indexer.service.loadBalancerSourceRanges",
        (),
        (["10.0.0.0"], ["10.0.0.0/33"], ["::/129"], ["a/8"], ["10.0.0.0/8"] * 65, "10.0.0.0/8"),
    ),
    Bound("indexer.service.externalTrafficPolicy", (), ("local", "", 1)),
    Bound("indexer.service.nodePort", (), (29999, 32768, "30000")),
)
_MANAGER: Final = (
    Bound("manager.image.repository", ("a/b",), ("A",)),
    Bound("manager.image.tag", ("4.14.1",), ("a b",)),
    _enum("manager.image.pullPolicy", "Always", "IfNotPresent", "Never"),
    _reference("manager.clusterKeySecretRef"),
    _credentials("manager.apiCredentials"),
    _enum("manager.filebeatSSLVerificationMode", "full", "certificate", "none"),
    Bound("manager.master.extraConfig", ("", "<a>1</a>\n" * 10, "x" * 65536), ("x" * 65537, 1)),
    Bound("manager.workers.extraConfig", ("", "é"), ("x" * 65537, [])),
    _whole("manager.workers.replicas", 0, 100),
    _boolean("manager.logRotation.enabled"),
    Bound(
        "manager.logRotation.schedule",
        ("0 0 * * 1", "*/5 1-3 1,15 JAN mon", "@hourly", "@yearly", "0  0 * * 1"),
        ("", "* * * *", "* * * * * *", "TZ=UTC 0 0 * * 1", "@often", "0 0 * * 1\n", "@reboot", 1),
    ),
    Bound("manager.logRotation.timeZone", ("Etc/UTC", "Europe/Berlin"), ("", "a b", "a" * 65, 1)),
    _whole("manager.logRotation.retentionDays", 1, 3650),
    _whole("manager.logRotation.maxFileSizeMB", 0, 1_048_576),
    Bound("manager.logRotation.combinationMode", ("or",), ("", "xor", 1)),
    Bound(
        "manager.logRotation.paths",
        (["/var/ossec/logs/api"], ["/var/ossec/logs/alerts/", "/var/ossec/logs/alerts"]),
        (
            [],
            ["/var/ossec/logs/"],
            ["/var/ossec/etc/"],
            ["/var/ossec/logs/api/../../etc"],
            ["/var/ossec/logs/api"] * 2,
            "/var/ossec/logs/api",
        ),
    ),
    Bound(
        "manager.logRotation.image",
        ("kubectl", "registry.example:5000/a/kubectl:v1.34.1", f"a@sha256:{'0' * 64}"),
        ("", "a b", "-a", "a" * 513, 1),
    ),
)
_GLOBAL: Final = (
    *(_boolean(f"manager.config.global.{name}") for name in ("alertsLog", "logAll", "logAllJson")),
    Bound("manager.config.global.jsonoutOutput", (True,), ("true", 1)),
    Bound("manager.config.global.emailNotification", (False,), ("no", 0)),
    Bound(
        "manager.config.global.smtpServer",
        ("mail.example.com", "10.0.0.1", "fe80::1"),
        ("", "a b", "a&b", "a<b", 'a"b', "a'b", "a\\b", "a\nb", "é", 1),
    ),
    Bound(
        "manager.config.global.emailFrom",
        ("wazuh@example.com",),
        ("", "wazuh", "a@b, c@d", "a<b@c>", "a@b\n", 1),
    ),
    Bound(
        "manager.config.global.emailTo",
        ("a@b", "a@b,c@d", "a@b , c@d", ",".join(["a@b"] * 10)),
        ("", "a", "a@b;c@d", ",".join(["a@b"] * 11), "a@b,", ["a@b"]),
    ),
    _whole("manager.config.global.emailMaxPerHour", 1, 1_000_000),
    _enum("manager.config.global.emailLogSource", "alerts.log", "alerts.json"),
    Bound(
        "manager.config.global.agentsDisconnectionTime",
        ("1", "10m", "5s", "2h", "1d", "1w"),
        ("", "m", "1y", "-1", "1.5h", "1 m", "1234567890", "1m\n", 10),
    ),
    Bound("manager.config.global.agentsDisconnectionAlertTime", ("0", "1h"), ("", "x", 0)),
    _whole("manager.config.alerts.logAlertLevel", 0, 16),
    _whole("manager.config.alerts.emailAlertLevel", 0, 16),
    _enum("manager.config.logging.logFormat", "plain", "json", "plain,json"),
)
_AGENTS: Final = (
    _enum("manager.config.remote.connection", "secure"),
    Bound("manager.config.remote.connection", (), ("syslog",)),
    Bound("manager.config.remote.port", (1, 65535), (0, 65536, *_NOT_WHOLE)),
    _enum("manager.config.remote.protocol", "tcp", "udp"),
    _whole("manager.config.remote.queueSize", 1, 262_144),
    *(
        _boolean(f"manager.config.auth.{name}")
        for name in (
            "disabled",
            "useSourceIP",
            "purge",
            "usePassword",
            "sslAutoNegotiate",
            "enabledOnMasterOnly",
        )
    ),
    Bound("manager.config.auth.port", (1, 65535), (0, 65536, *_NOT_WHOLE)),
    Bound("manager.config.auth.passwordSecretRef", (), ({}, {"name": "A"}, "a")),
    Bound(
        "manager.config.auth.ciphers",
        ("HIGH:!ADH:@STRENGTH", "ECDHE+AESGCM", "A" * 512),
        ("", "A B", "A" * 513, "A;B", "A\n", 1),
    ),
    _reference("manager.config.auth.sslAgentCASecretRef"),
    Bound(
        "manager.config.auth.sslManagerCert",
        (),
        ("", "/etc/a", "../a", "a/../b", "a/./b", "a//b", "a/", "a b", 1),
    ),
    Bound("manager.config.localInternalOptions", ("", "a.b=1\n# c"), ("x" * 16385, 1)),
    _boolean("manager.workers.networkPolicy.enabled"),
    Bound("manager.agentService.enabled", (False,), ("no", 1)),
)
_PLUGIN: Final = "dashboard.wazuhPlugin"
_ENDPOINT: Final = {"id": "a", "url": "https://a", "credentialsSecretRef": {"secretName": "a"}}
_DASHBOARD: Final = (
    _boolean("dashboard.enabled"),
    _whole("dashboard.replicas", 1, 20),
    _credentials(f"{_PLUGIN}.defaultApiEndpoint.credentialsSecret"),
    _boolean(f"{_PLUGIN}.defaultApiEndpoint.runAs"),
    Bound(
        f"{_PLUGIN}.apiEndpoints",
        (
            [],
            [_ENDPOINT | {"port": 1, "runAs": True}],
            [_ENDPOINT | {"id": f"a{index}"} for index in range(32)],
        ),
        (
            [_ENDPOINT | {"id": f"a{index}"} for index in range(33)],
            [_ENDPOINT, _ENDPOINT],
            [_ENDPOINT | {"id": "a b"}],
            [_ENDPOINT | {"id": "a" * 65}],
            [_ENDPOINT | {"url": "ftp://a"}],
            [_ENDPOINT | {"url": "https://user:word@a"}],
            [_ENDPOINT | {"port": 0}],
            [{key: value for key, value in _ENDPOINT.items() if key != "credentialsSecretRef"}],
        ),
    ),
    Bound(f"{_PLUGIN}.pattern", ("wazuh-alerts-*", "other:wazuh-*,b"), ("", "A", "a b", "-a", 1)),
    Bound(f"{_PLUGIN}.timeout", (1500, 20000), (1499, *_NOT_WHOLE)),
    Bound(f"{_PLUGIN}.ipIgnore", ([], ["a-*"] * 64), (["a"] * 65, ["A"], [1], "a")),
    Bound(f"{_PLUGIN}.alertsSamplePrefix", ("wazuh-alerts-4.x-",), ("", "A", "a*", "-a", 1)),
    Bound(f"{_PLUGIN}.enrollmentDns", ("", "manager.example.com", "::1"), ("a b", "a_b", 1)),
    Bound(
        f"{_PLUGIN}.cronPrefix",
        ("wazuh", "wazuh-a.b_c"),
        ("", "wazuhx", "wazuh-", "prod", "wazuh-A", 1),
    ),
    *(_boolean(f"{_PLUGIN}.{name}") for name in ("ipSelector", "hideManagerAlerts")),
    _boolean(f"{_PLUGIN}.updatesDisabled"),
    _boolean(f"{_PLUGIN}.monitoring.enabled"),
    Bound(f"{_PLUGIN}.monitoring.frequency", (60, 900), (59, *_NOT_WHOLE)),
    Bound(
        f"{_PLUGIN}.monitoring.pattern",
        ("wazuh-monitoring-*",),
        ("", "wazuh", "wazuh-", "monitoring-*", "wazuh-a,b", 1),
    ),
    _enum(f"{_PLUGIN}.monitoring.creation", "h", "d", "w", "m"),
    Bound(f"{_PLUGIN}.monitoring.shards", (1, 5), (0, *_NOT_WHOLE)),
    Bound(f"{_PLUGIN}.monitoring.replicas", (0, 2), (-1, *_NOT_WHOLE)),
    *(
        _boolean(f"{_PLUGIN}.checks.{name}")
        for name in (
            "pattern",
            "template",
            "api",
            "setup",
            "fields",
            "metaFields",
            "timeFilter",
            "maxBuckets",
        )
    ),
    _boolean(f"{_PLUGIN}.cronStatistics.status"),
    Bound(f"{_PLUGIN}.cronStatistics.apis", ([], ["default", "a"]), (["a b"], ["a"] * 34, "a")),
    Bound(
        f"{_PLUGIN}.cronStatistics.interval",
        ("0 */5 * * * *",),
        ("", "*/5 * * * *", "0 0 * * * * *", "a b", 1),
    ),
    Bound(f"{_PLUGIN}.cronStatistics.indexName", ("statistics",), ("", "A", "a*", 1)),
    _enum(f"{_PLUGIN}.cronStatistics.indexCreation", "h", "d", "w", "m"),
    Bound(f"{_PLUGIN}.cronStatistics.shards", (1,), (0, *_NOT_WHOLE)),
    Bound(f"{_PLUGIN}.cronStatistics.replicas", (0,), (-1, *_NOT_WHOLE)),
)
_CERTIFICATES: Final = "tls.certConfig"
_DN: Final = (("a", "Wazuh 2.0-b", "a."), ("", "a,b", "a=b", 'a"b', "a\\b", "a+b", " a", "a ", "é"))
_TLS: Final = (
    Bound("tls.enabled", (True,), ("true", 1)),
    _boolean("tls.hotReload.enabled"),
    Bound(f"{_CERTIFICATES}.country", ("DE",), ("", "de", "D", "DEU", "D1", "DE\n", 1)),
    *(
        Bound(f"{_CERTIFICATES}.{name}", (*_DN[0], "a" * 64), (*_DN[1], "a" * 65, "a\n", 1))
        for name in ("state", "locality", "organization", "organizationalUnit")
    ),
    Bound(f"{_CERTIFICATES}.validityDays", (31, 730), (0, 3651, *_NOT_WHOLE)),
    Bound(f"{_CERTIFICATES}.renewalThresholdDays", (1, 364), (0, 3651, *_NOT_WHOLE)),
    Bound(f"{_CERTIFICATES}.caValidityDays", (365, 7300), (1, 7301, *_NOT_WHOLE)),
    Bound(f"{_CERTIFICATES}.caRenewalThresholdDays", (2, 729), (1, 7301, *_NOT_WHOLE)),
    _enum(f"{_CERTIFICATES}.keyAlgorithm", "ECDSA-P256", "RSA-2048"),
    *(
        Bound(
            f"{_CERTIFICATES}.extraSANs.{name}",
            ([], ["a.example", "*.a.example", "10.0.0.1", "fe80::1"], ["a"] * 32),
            (["a"] * 33, [""], ["*"], ["a.*"], ["*.*.a"], ["a b"], ["a\n"], [1], "a"),
        )
        for name in ("indexer", "managerMaster", "managerWorker", "dashboard")
    ),
)

BOUNDS: Final[tuple[Bound, ...]] = (
    *_SPEC,
    *(bound for tier in _TIERS for bound in _tier(tier)),
    *_ports("indexer.service", "rest"),
    *_ports("manager.master.service", "api", "agent-events", "agent-auth"),
    *_ports("manager.workers.service", "agent-events", "agent-auth"),
    *_ports("dashboard.service", "https"),
    *_BUDGETS,
    *_STORAGE,
    *_INDEXER,
    *_MANAGER,
    *_GLOBAL,
    *_AGENTS,
    *_DASHBOARD,
    *_TLS,
)


def spec_with(path: str, value: Any) -> dict[str, Any]:
    """A spec with ``value`` at ``path``."""
    for key in reversed(path.split(".")):
        value = {key: value}
    return {"version": "4.14.1"} | dict(value)
