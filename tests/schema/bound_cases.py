"""Bounds of every single field: what is allowed at its path, and what is not.

Data only, for the hook, for the CRD and for a real API server. A value of a list or map stands
for the whole list or map. ``path`` is below spec.
"""

from __future__ import annotations

from typing import Any, Final

from tests.schema.bounds import (
    NOT_WHOLE,
    Bound,
    boolean,
    credentials,
    enum,
    reference,
    subdomain,
    whole,
)
from tests.schema.tier_bounds import TIER_BOUNDS

_SPEC: Final = (
    Bound("clusterDomain", ("cluster.local", "a" * 63), ("", "A", "a" * 64, "a.", 1)),
    Bound(
        "imagePullSecrets",
        ([], [{"name": "a"}] * 8),
        ([{"name": "a"}] * 9, ["a"], [{}], [{"name": "A"}], {}),
    ),
    subdomain("storageClassName"),
    enum("deletionPolicy", "Retain", "Delete"),
    enum("rollout.creation", "Parallel", "Ordered"),
    enum("rollout.update", "Ordered", "Parallel"),
    Bound("indexer", ({}, None), ([], "x", 1, True)),
    Bound("manager", ({}, None), ([], "x", 1, True)),
    Bound("dashboard", ({}, None), ([], "x", 1, True)),
    Bound("tls", ({}, None), ([], "x", 1, True)),
)
_INDEXER: Final = (
    whole("indexer.replicas", 1, 50, -1, 1000),
    Bound("indexer.clusterName", ("A.b_c-1", "a" * 63), ("", "a b", "a" * 64, "a\n", 1)),
    Bound(
        "indexer.javaOpts",
        ("", "-Xms1g -Xmx1g", "-Da=`b` ${c}", "x" * 1024),
        ("x" * 1025, 'a"b', "a'b", "a\nb", "é", "a\t", 1),
    ),
    enum("indexer.vmMaxMapCount", "Init", "Preset"),
    credentials("indexer.credentials"),
    Bound("indexer.service.nodePort", (), (29999, 32768, "30000")),
    Bound("dashboard.service.nodePort", (), (29999, 32768, "30000")),
)
_MANAGER: Final = (
    Bound("manager.image.repository", ("a/b",), ("A",)),
    Bound("manager.image.tag", ("4.14.1",), ("a b",)),
    enum("manager.image.pullPolicy", "Always", "IfNotPresent", "Never"),
    reference("manager.clusterKeySecretRef"),
    credentials("manager.apiCredentials"),
    enum("manager.filebeatSSLVerificationMode", "full", "certificate", "none"),
    Bound("manager.master.extraConfig", ("", "<a>1</a>\n" * 10, "x" * 65536), ("x" * 65537, 1)),
    Bound("manager.workers.extraConfig", ("", "é"), ("x" * 65537, [])),
    whole("manager.workers.replicas", 0, 100),
    boolean("manager.logRotation.enabled"),
    Bound(
        "manager.logRotation.schedule",
        ("0 0 * * 1", "*/5 1-3 1,15 JAN mon", "@hourly", "@yearly", "0  0 * * 1"),
        ("", "* * * *", "* * * * * *", "TZ=UTC 0 0 * * 1", "@often", "0 0 * * 1\n", "@reboot", 1),
    ),
    Bound("manager.logRotation.timeZone", ("Etc/UTC", "Europe/Berlin"), ("", "a b", "a" * 65, 1)),
    whole("manager.logRotation.retentionDays", 1, 3650),
    whole("manager.logRotation.maxFileSizeMB", 0, 1_048_576),
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
    *(boolean(f"manager.config.global.{name}") for name in ("alertsLog", "logAll", "logAllJson")),
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
    whole("manager.config.global.emailMaxPerHour", 1, 1_000_000),
    enum("manager.config.global.emailLogSource", "alerts.log", "alerts.json"),
    Bound(
        "manager.config.global.agentsDisconnectionTime",
        ("1", "10m", "5s", "2h", "1d", "1w"),
        ("", "m", "1y", "-1", "1.5h", "1 m", "1234567890", "1m\n", 10),
    ),
    Bound("manager.config.global.agentsDisconnectionAlertTime", ("0", "1h"), ("", "x", 0)),
    whole("manager.config.alerts.logAlertLevel", 0, 16),
    whole("manager.config.alerts.emailAlertLevel", 0, 16),
    enum("manager.config.logging.logFormat", "plain", "json", "plain,json"),
)
_AGENTS: Final = (
    enum("manager.config.remote.connection", "secure"),
    Bound("manager.config.remote.connection", (), ("syslog",)),
    Bound("manager.config.remote.port", (1, 65535), (0, 65536, *NOT_WHOLE)),
    enum("manager.config.remote.protocol", "tcp", "udp"),
    whole("manager.config.remote.queueSize", 1, 262_144),
    *(
        boolean(f"manager.config.auth.{name}")
        for name in (
            "disabled",
            "useSourceIP",
            "purge",
            "usePassword",
            "sslAutoNegotiate",
            "enabledOnMasterOnly",
        )
    ),
    Bound("manager.config.auth.port", (1, 65535), (0, 65536, *NOT_WHOLE)),
    Bound("manager.config.auth.passwordSecretRef", (), ({}, {"name": "A"}, "a")),
    Bound(
        "manager.config.auth.ciphers",
        ("HIGH:!ADH:@STRENGTH", "ECDHE+AESGCM", "A" * 512),
        ("", "A B", "A" * 513, "A;B", "A\n", 1),
    ),
    reference("manager.config.auth.sslAgentCASecretRef"),
    Bound(
        "manager.config.auth.sslManagerCert",
        (),
        ("", "/etc/a", "../a", "a/../b", "a/./b", "a//b", "a/", "a b", 1),
    ),
    Bound("manager.config.localInternalOptions", ("", "a.b=1\n# c"), ("x" * 16385, 1)),
    boolean("manager.workers.networkPolicy.enabled"),
    Bound("manager.agentService.enabled", (False,), ("no", 1)),
)
_PLUGIN: Final = "dashboard.wazuhPlugin"
_ENDPOINT: Final = {"id": "a", "url": "https://a", "credentialsSecretRef": {"secretName": "a"}}
_DASHBOARD: Final = (
    boolean("dashboard.enabled"),
    whole("dashboard.replicas", 1, 20),
    credentials(f"{_PLUGIN}.defaultApiEndpoint.credentialsSecret"),
    boolean(f"{_PLUGIN}.defaultApiEndpoint.runAs"),
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
    Bound(f"{_PLUGIN}.timeout", (1500, 20000), (1499, *NOT_WHOLE)),
    Bound(f"{_PLUGIN}.ipIgnore", ([], ["a-*"] * 64), (["a"] * 65, ["A"], [1], "a")),
    Bound(f"{_PLUGIN}.alertsSamplePrefix", ("wazuh-alerts-4.x-",), ("", "A", "a*", "-a", 1)),
    Bound(f"{_PLUGIN}.enrollmentDns", ("", "manager.example.com", "::1"), ("a b", "a_b", 1)),
    Bound(
        f"{_PLUGIN}.cronPrefix",
        ("wazuh", "wazuh-a.b_c"),
        ("", "wazuhx", "wazuh-", "prod", "wazuh-A", 1),
    ),
    *(boolean(f"{_PLUGIN}.{name}") for name in ("ipSelector", "hideManagerAlerts")),
    boolean(f"{_PLUGIN}.updatesDisabled"),
    boolean(f"{_PLUGIN}.monitoring.enabled"),
    Bound(f"{_PLUGIN}.monitoring.frequency", (60, 900), (59, *NOT_WHOLE)),
    Bound(
        f"{_PLUGIN}.monitoring.pattern",
        ("wazuh-monitoring-*",),
        ("", "wazuh", "wazuh-", "monitoring-*", "wazuh-a,b", 1),
    ),
    enum(f"{_PLUGIN}.monitoring.creation", "h", "d", "w", "m"),
    Bound(f"{_PLUGIN}.monitoring.shards", (1, 5), (0, *NOT_WHOLE)),
    Bound(f"{_PLUGIN}.monitoring.replicas", (0, 2), (-1, *NOT_WHOLE)),
    *(
        boolean(f"{_PLUGIN}.checks.{name}")
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
    boolean(f"{_PLUGIN}.cronStatistics.status"),
    Bound(f"{_PLUGIN}.cronStatistics.apis", ([], ["default", "a"]), (["a b"], ["a"] * 34, "a")),
    Bound(
        f"{_PLUGIN}.cronStatistics.interval",
        ("0 */5 * * * *",),
        ("", "*/5 * * * *", "0 0 * * * * *", "a b", 1),
    ),
    Bound(f"{_PLUGIN}.cronStatistics.indexName", ("statistics",), ("", "A", "a*", 1)),
    enum(f"{_PLUGIN}.cronStatistics.indexCreation", "h", "d", "w", "m"),
    Bound(f"{_PLUGIN}.cronStatistics.shards", (1,), (0, *NOT_WHOLE)),
    Bound(f"{_PLUGIN}.cronStatistics.replicas", (0,), (-1, *NOT_WHOLE)),
)
_CERTIFICATES: Final = "tls.certConfig"
_DN: Final = (("a", "Wazuh 2.0-b", "a."), ("", "a,b", "a=b", 'a"b', "a\\b", "a+b", " a", "a ", "é"))
#: What refers to no Secret.
_NO_REFERENCES: Final[tuple[Any, ...]] = (
    *({}, {"name": ""}, {"name": "A"}, {"name": 1}, {"key": "a"}),
    *("a", []),
)
_LEAVES: Final = (
    "nodeSecretRef",
    "managerMasterSecretRef",
    "managerWorkerSecretRef",
    "dashboardSecretRef",
    "filebeatSecretRef",
    "adminSecretRef",
)
_TLS: Final = (
    Bound("tls.enabled", (True,), ("true", 1)),
    boolean("tls.hotReload.enabled"),
    Bound(
        "tls.customCerts",
        ({}, *({"caSecretRef": {"name": "a.b-c"}, leaf: {"name": "a"}} for leaf in _LEAVES)),
        (
            [],
            "a",
            *(
                {"caSecretRef": {"name": "a"}} | {leaf: one}
                for leaf in ("caSecretRef", *_LEAVES)
                for one in _NO_REFERENCES
            ),
        ),
    ),
    Bound(f"{_CERTIFICATES}.country", ("DE",), ("", "de", "D", "DEU", "D1", "DE\n", 1)),
    *(
        Bound(f"{_CERTIFICATES}.{name}", (*_DN[0], "a" * 64), (*_DN[1], "a" * 65, "a\n", 1))
        for name in ("state", "locality", "organization", "organizationalUnit")
    ),
    Bound(f"{_CERTIFICATES}.validityDays", (31, 730), (0, 3651, *NOT_WHOLE)),
    Bound(f"{_CERTIFICATES}.renewalThresholdDays", (1, 364), (0, 3651, *NOT_WHOLE)),
    Bound(f"{_CERTIFICATES}.caValidityDays", (365, 7300), (1, 7301, *NOT_WHOLE)),
    Bound(f"{_CERTIFICATES}.caRenewalThresholdDays", (2, 729), (1, 7301, *NOT_WHOLE)),
    enum(f"{_CERTIFICATES}.keyAlgorithm", "ECDSA-P256", "RSA-2048"),
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
    *TIER_BOUNDS,
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
