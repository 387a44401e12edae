"""For each field of the API a scenario whose output changes with it: the table, no tests.

A row sets ``value`` at ``path`` over ``base``; ``shows`` are the objects that change, all of them.
``[]`` after a step is the first item of a list, at the end the whole list; ``{}`` the whole map.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from tests.result_names import (
    CONFIGS,
    DASHBOARD,
    INDEXER,
    LOG_ROTATION,
    MANAGERS,
    MASTER,
    PLUGIN,
    ROTATION_JOB,
    WORKERS,
    Shows,
)
from tests.user_objects import (
    ADMINISTRATOR,
    AGENTS_CA,
    ENROLMENT,
    EXTRA,
    MANAGERS_KEY,
    REMOTE_ACCOUNT,
    SEVERAL,
)

ON: Final = True
OFF: Final = False
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Row(NamedTuple):
    """``value`` set at ``path`` over ``base`` changes what is in ``shows``; ``how``: the scenario.

    ``made``: a cluster in creation whose workloads are about to be created. ``new``: one of which
    nothing exists. ``rested``: one that came to rest from there. ``living``: one at rest that gets
    ``base`` as an edit.
    """

    path: str
    value: Any
    shows: Shows
    base: Mapping[str, Any] = _NOTHING
    how: str = "made"


def at(path: str, value: Any) -> dict[str, Any]:
    """A spec with ``value`` at the dotted ``path``."""
    for step in reversed(path.split(".")):
        value = {step: value}
    found: dict[str, Any] = value
    return found


# --- what all tiers have -----------------------------------------------------------------------
_RESOURCES = {"requests": {"memory": "6Gi"}, "limits": {"memory": "6Gi"}}
_AFFINITY: Final[dict[str, Any]] = {
    "nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}
}
_SPREAD = {"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}
_VOLUME = {"name": "extra", "emptyDir": {}}


def _knobs(tier: str, workload: str) -> Iterator[Row]:
    """Knobs that show in the workload and nowhere else."""
    volume = at(f"{tier}.extraVolumes", [_VOLUME])
    for field, value, base in (
        ("resources", _RESOURCES, {}),
        ("image.repository", "registry.example/wazuh", {}),
        ("image.tag", "4.14.1-fips", {}),
        ("image.pullPolicy", "Always", {}),
        ("nodeSelector{}", {"pool": "a"}, {}),
        ("tolerations", [{"operator": "Exists"}], {}),
        ("affinity", {"podAffinity": {}}, at(f"{tier}.affinity", _AFFINITY)),
        ("topologySpreadConstraints", [_SPREAD], {}),
        ("priorityClassName", "high", {}),
        ("serviceAccountName", EXTRA, {}),
        ("annotations{}", {"owner": "team"}, {}),
        ("podAnnotations{}", {"owner": "team"}, {}),
        ("podLabels{}", {"owner": "team"}, {}),
        ("env", [{"name": "TZ", "value": "Europe/Madrid"}], {}),
        ("envFrom", [{"configMapRef": {"name": EXTRA}}], {}),
        ("extraVolumes", [{"name": "extra", "configMap": {"name": EXTRA}}], volume),
        ("extraVolumeMounts", [{"name": "extra", "mountPath": "/opt/extra"}], volume),
        ("securityContext", {"supplementalGroups": [7]}, {}),
        ("containerSecurityContext", {"privileged": False}, {}),
    ):
        yield Row(f"{tier}.{field}", value, frozenset({workload}), base)


def _service(path: str, shown: Iterable[str], port: str, *, base: dict[str, Any]) -> Iterator[Row]:
    """Knobs of a Service; ``shown``: what a change of its port shows in besides."""
    name = SERVICES[path]
    only = frozenset({name})
    kind = {"type": "LoadBalancer"}
    listed = {"type": "NodePort", "ports": [{"name": port, "port": 7001}]}
    for field, value, more, shows in (
        ("type", "NodePort", {}, only),
        ("annotations{}", {"owner": "team"}, {}, only),
        ("ports[].port", 7000, listed, only | frozenset(shown)),
        ("ports[].nodePort", 31234, listed, only),
        ("loadBalancerIP", "192.0.2.1", kind, only),
        ("loadBalancerClass", "example.com/internal", kind, only),
        ("loadBalancerSourceRanges[]", ["10.0.0.0/8"], kind, only),
        ("externalTrafficPolicy", "Local", kind, only),
        ("sessionAffinity", "ClientIP", {}, only),
    ):
        yield Row(f"{path}.{field}", value, shows, over(base, at(path, more)))


def over(spec: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """``spec`` with ``other`` put over it, object by object."""
    found = dict(spec)
    for key, value in other.items():
        before = found.get(key)
        is_object = isinstance(before, dict) and isinstance(value, dict)
        found[key] = over(before or {}, value) if is_object else value
    return found


def _budget(tier: str, name: str, base: dict[str, Any]) -> Iterator[Row]:
    shows = frozenset({f"PodDisruptionBudget/{name}"})
    yield Row(f"{tier}.podDisruptionBudget.enabled", OFF, shows, base)
    yield Row(f"{tier}.podDisruptionBudget.maxUnavailable", 2, shows, base)
    bounded = over(base, at(f"{tier}.podDisruptionBudget", {"enabled": True}))
    value = 0 if tier != "dashboard" else 2
    replicas = at(f"{tier}.replicas", 3)
    yield Row(f"{tier}.podDisruptionBudget.minAvailable", value, shows, over(bounded, replicas))


def _policy(tier: str, name: str) -> Iterator[Row]:
    shows = frozenset({f"NetworkPolicy/{name}"})
    enabled = at(f"{tier}.networkPolicy.enabled", ON)
    rule = {"ports": [{"protocol": "TCP", "port": 9114}]}
    yield Row(f"{tier}.networkPolicy.enabled", ON, shows)
    yield Row(f"{tier}.networkPolicy.ingress", [rule], shows, enabled)
    yield Row(f"{tier}.networkPolicy.egress", [], shows, enabled)


#: Service behind each path.
SERVICES: Final = {
    "indexer.service": "Service/wz-indexer",
    "manager.master.service": "Service/wz-manager-master",
    "manager.workers.service": "Service/wz-manager-worker",
    "manager.agentService": "Service/wz-agents",
    "dashboard.service": "Service/wz-dashboard",
}
_EVERYWHERE: Final = at("manager.config.auth.enabledOnMasterOnly", OFF)
_AGENTS: Final = over(_EVERYWHERE, at("manager.agentService.enabled", ON))
_NAMED: Final = {"ports": [{"name": "agent-events", "port": 7001}]}


def _tiers() -> Iterator[Row]:
    for tier, name in (
        ("indexer", INDEXER),
        ("manager.master", MASTER),
        ("manager.workers", WORKERS),
        ("dashboard", DASHBOARD),
    ):
        plain = name.partition("/")[2]
        yield from _knobs(tier, name)
        yield from _policy(tier, plain)
        if tier != "dashboard":
            only = frozenset({name})
            yield Row(f"{tier}.storageSize", "60Gi", only)
            yield Row(f"{tier}.storageClassName", "fast", only)
    for role, name in (("master", MASTER), ("workers", WORKERS)):
        text = "<sca>\n  <enabled>yes</enabled>\n</sca>\n"
        yield Row(f"manager.{role}.extraConfig", text, frozenset({name, CONFIGS[name]}))
    for path in ("indexer.service", "dashboard.service"):
        base = at(f"{path}.type", "NodePort")
        yield Row(f"{path}.nodePort", 31234, frozenset({SERVICES[path]}), base)
    yield from _budget("indexer", "wz-indexer", {})
    yield from _budget("manager.workers", "wz-manager-worker", {})
    yield from _budget("dashboard", "wz-dashboard", at("dashboard.replicas", 2))
    # The URL of the index follows its port.
    clients = (*MANAGERS, DASHBOARD, CONFIGS[DASHBOARD])
    yield from _service("indexer.service", clients, "rest", base={})
    yield from _service("manager.master.service", (), "api", base={})
    yield from _service("manager.workers.service", (), "agent-events", base=_EVERYWHERE)
    yield from _service("manager.agentService", (), "agent-events", base=_AGENTS)
    yield from _service("dashboard.service", (), "https", base={})
    for path in ("manager.master.service", "manager.workers.service", "manager.agentService"):
        base = over(_AGENTS, at(path, _NAMED))
        yield Row(f"{path}.ports[].name", "agent-auth", frozenset({SERVICES[path]}), base)


# --- indexer -------------------------------------------------------------------------------------
_ADMINISTRATOR = frozenset({"Secret/wz-indexer-credentials"})
_INDEXER = (
    Row("indexer.replicas", 5, frozenset({INDEXER})),
    Row("indexer.clusterName", "search", frozenset({INDEXER, CONFIGS[INDEXER]})),
    Row("indexer.javaOpts", "-XX:+UseG1GC", frozenset({INDEXER})),
    Row("indexer.vmMaxMapCount", "Preset", frozenset({INDEXER, CONFIGS[INDEXER]})),
    Row(
        "indexer.credentials.secretName",
        SEVERAL,
        _ADMINISTRATOR | {"customize"},
        at("indexer.credentials.secretName", ADMINISTRATOR),
        "new",
    ),
    *(
        Row(
            f"indexer.credentials.{key}Key",
            f"other-{key}",
            _ADMINISTRATOR,
            at("indexer.credentials.secretName", SEVERAL),
            "new",
        )
        for key in ("username", "password")
    ),
)

# --- managers ------------------------------------------------------------------------------------
_PODS = frozenset({MASTER, WORKERS})
_API = at("manager.apiCredentials.secretName", SEVERAL)
_PASSWORD = at("manager.config.auth.usePassword", ON)
_MANAGER = (
    *(
        Row(f"manager.image.{field}", value, _PODS)
        for field, value in (
            ("repository", "registry.example/wazuh"),
            ("tag", "4.14.1-fips"),
            ("pullPolicy", "Always"),
        )
    ),
    Row(
        "manager.clusterKeySecretRef.name",
        MANAGERS_KEY,
        _PODS | {"customize"},
        at("manager.clusterKeySecretRef", {"name": SEVERAL, "key": "key"}),
    ),
    Row(
        "manager.clusterKeySecretRef.key",
        "other-key",
        _PODS,
        at("manager.clusterKeySecretRef", {"name": SEVERAL, "key": "key"}),
    ),
    Row("manager.apiCredentials.secretName", REMOTE_ACCOUNT, _PODS | PLUGIN | {"customize"}, _API),
    Row("manager.apiCredentials.usernameKey", "other-username", _PODS | PLUGIN, _API),
    Row("manager.apiCredentials.passwordKey", "other-password", _PODS | PLUGIN, _API),
    *(
        row
        for path in ("manager.authdPasswordSecretRef", "manager.config.auth.passwordSecretRef")
        for base in (over(_PASSWORD, at(path, {"name": SEVERAL, "key": "password"})),)
        for row in (
            Row(f"{path}.name", ENROLMENT, frozenset({MASTER, "customize"}), base),
            Row(f"{path}.key", "other-password", frozenset({MASTER}), base),
        )
    ),
    Row("manager.filebeatSSLVerificationMode", "certificate", _PODS),
    Row("manager.workers.replicas", 4, frozenset({WORKERS})),
    Row("manager.agentService.enabled", ON, frozenset({"Service/wz-agents"}), _EVERYWHERE),
)


# --- ossec.conf ----------------------------------------------------------------------------------
_CA = at("manager.config.auth.sslAgentCASecretRef", {"name": SEVERAL, "key": "ca.crt"})
_PAIR = at(
    "manager.config.auth", {"sslManagerCert": "etc/own/a.crt", "sslManagerKey": "etc/own/a.key"}
)
_MAIL = {"smtpServer": "mail.example", "emailFrom": "a@example", "emailTo": "b@example"}
_ENROLS = frozenset({"Service/wz-manager-master"})


def _config() -> Iterator[Row]:
    files = frozenset(MANAGERS)
    for field, value in (
        ("alertsLog", False),
        ("logAll", True),
        ("logAllJson", True),
        ("smtpServer", "mail.example.com"),
        ("emailFrom", "wazuh@example.com"),
        ("emailTo", "soc@example.com"),
        ("emailMaxPerHour", 1),
        ("emailLogSource", "alerts.json"),
        ("agentsDisconnectionTime", "20m"),
        ("agentsDisconnectionAlertTime", "1h"),
    ):
        yield Row(f"manager.config.global.{field}", value, files)
    mail = at("manager.config.global", _MAIL)
    yield Row("manager.config.global.emailNotification", ON, files, mail)
    for path, value in (
        ("alerts.logAlertLevel", 5),
        ("alerts.emailAlertLevel", 5),
        ("logging.logFormat", "json"),
        ("remote.queueSize", 1024),
        ("auth.useSourceIP", True),
        ("auth.purge", False),
        ("auth.ciphers", "HIGH:!ADH"),
        ("auth.sslAutoNegotiate", True),
        ("localInternalOptions", "analysisd.debug=1"),
    ):
        yield Row(f"manager.config.{path}", value, files)
    services = {"Service/wz-manager-master", "Service/wz-manager-worker"}
    yield Row("manager.config.remote.port", 2514, files | services)
    yield Row("manager.config.remote.protocol", "udp", files | services)
    yield Row("manager.config.auth.port", 2515, files | _ENROLS)
    master = frozenset({MASTER, CONFIGS[MASTER]})
    yield Row("manager.config.auth.disabled", ON, master | _ENROLS)
    workers = {WORKERS, CONFIGS[WORKERS], "Service/wz-manager-worker"}
    yield Row("manager.config.auth.enabledOnMasterOnly", OFF, frozenset(workers))
    password = frozenset({CONFIGS[MASTER], CONFIGS[WORKERS], "Secret/wz-authd-password"})
    yield Row("manager.config.auth.usePassword", ON, password, {}, "new")
    yield Row(
        "manager.config.auth.sslAgentCASecretRef.name",
        AGENTS_CA,
        frozenset({MASTER, "customize"}),
        _CA,
    )
    key = "manager.config.auth.sslAgentCASecretRef.key"
    yield Row(key, "other-ca.crt", frozenset({MASTER}), _CA)
    yield Row("manager.config.auth.sslVerifyHost", ON, master, _CA)
    yield Row("manager.config.auth.sslManagerCert", "etc/own/b.crt", files, _PAIR)
    yield Row("manager.config.auth.sslManagerKey", "etc/own/b.key", files, _PAIR)


_ROTATES = at("manager.logRotation.enabled", ON)
_ROTATION = (
    Row("manager.logRotation.enabled", ON, LOG_ROTATION),
    *(
        Row(f"manager.logRotation.{field}", value, frozenset({ROTATION_JOB}), _ROTATES)
        for field, value in (
            ("schedule", "@daily"),
            ("timeZone", "Europe/Madrid"),
            ("retentionDays", 30),
            ("maxFileSizeMB", 100),
            ("paths[]", ["/var/ossec/logs/api"]),
            ("image", "registry.example/kubectl:v1.35.0"),
        )
    ),
    Row(
        "manager.logRotation.combinationMode",
        "and",
        frozenset({ROTATION_JOB}),
        over(_ROTATES, at("manager.logRotation.maxFileSizeMB", 100)),
    ),
)

ROWS: Final[tuple[Row, ...]] = (*_tiers(), *_INDEXER, *_MANAGER, *_config(), *_ROTATION)
