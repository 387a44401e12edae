"""The table of fields, continued: the whole cluster, the dashboard's plugin, certificates.

``ONE_VALUE`` are the fields that take one value: what each of them refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tests.field_rows import OFF, ON, Row, at, over
from tests.result_names import (
    CONFIGS,
    DASHBOARD,
    INDEXER,
    MASTER,
    PLUGIN,
    ROTATION_JOB,
    WORKERS,
    WORKLOADS,
    Shows,
)
from tests.user_objects import CUSTOM_CA, CUSTOM_LEAF, REMOTE_ACCOUNT, SEVERAL

_STATEFUL = frozenset({INDEXER, MASTER, WORKERS})
_LEAVES = tuple(
    f"Secret/wz-{leaf}-certs"
    for leaf in ("admin", "dashboard", "filebeat", "indexer", "manager-master", "manager-worker")
)
_SERVERS = frozenset(_LEAVES) - {"Secret/wz-admin-certs", "Secret/wz-filebeat-certs"}
_ROTATES = at("manager.logRotation.enabled", ON)

_SPEC = (
    Row(
        "version",
        "4.13.1",
        frozenset({*WORKLOADS, CONFIGS[INDEXER], CONFIGS[MASTER], CONFIGS[WORKERS]}),
    ),
    Row(
        "clusterDomain",
        "k8s.example",
        frozenset({*WORKLOADS, *CONFIGS.values(), *_SERVERS, "Secret/wz-dashboard-wazuh"}),
    ),
    Row(
        "imagePullSecrets[].name",
        "pull-b",
        frozenset({*WORKLOADS, ROTATION_JOB}),
        over(_ROTATES, at("imagePullSecrets", [{"name": "pull-a"}])),
    ),
    Row("storageClassName", "fast", _STATEFUL),
    Row("deletionPolicy", "Delete", _STATEFUL),
    # Ordered creation: the later tiers wait.
    Row("rollout.creation", "Ordered", frozenset({MASTER, WORKERS, DASHBOARD})),
    # Ordered update: a change of all tiers reaches the later ones afterwards.
    Row(
        "rollout.update",
        "Parallel",
        frozenset({MASTER, WORKERS, DASHBOARD}),
        at("imagePullSecrets", [{"name": "pull-a"}]),
        "living",
    ),
    Row("dashboard.enabled", OFF, frozenset({DASHBOARD})),
    Row("dashboard.replicas", 2, frozenset({DASHBOARD, "PodDisruptionBudget/wz-dashboard"})),
)


# --- the plugin ----------------------------------------------------------------------------------
_ENDPOINT: dict[str, Any] = {
    "id": "east",
    "url": "https://east.example",
    "credentialsSecretRef": {"secretName": SEVERAL},
}


def _plugin() -> Iterator[Row]:
    path = "dashboard.wazuhPlugin"
    account = f"{path}.defaultApiEndpoint.credentialsSecret"
    base = at(f"{account}.secretName", SEVERAL)
    yield Row(f"{account}.secretName", REMOTE_ACCOUNT, PLUGIN | {"customize"}, base)
    yield Row(f"{account}.usernameKey", "other-username", PLUGIN, base)
    yield Row(f"{account}.passwordKey", "other-password", PLUGIN, base)
    yield Row(f"{path}.defaultApiEndpoint.runAs", ON, PLUGIN)
    endpoints = at(f"{path}.apiEndpoints", [_ENDPOINT])
    reference = "credentialsSecretRef"
    for field, value, shows in (
        ("id", "west", PLUGIN),
        ("url", "https://west.example", PLUGIN),
        ("port", 443, PLUGIN),
        ("runAs", True, PLUGIN),
        (f"{reference}.secretName", REMOTE_ACCOUNT, PLUGIN | {"customize"}),
        (f"{reference}.usernameKey", "other-username", PLUGIN),
        (f"{reference}.passwordKey", "other-password", PLUGIN),
    ):
        yield Row(f"{path}.apiEndpoints[].{field}", value, shows, endpoints)
    settings: tuple[tuple[str, Any], ...] = (
        ("pattern", "wazuh-alerts-4.x-*"),
        ("timeout", 30000),
        ("ipSelector", False),
        ("ipIgnore[]", ["internal-*"]),
        ("hideManagerAlerts", True),
        ("alertsSamplePrefix", "wazuh-sample-"),
        ("enrollmentDns", "agents.example.com"),
        ("cronPrefix", "wazuh-soc"),
        ("updatesDisabled", True),
        ("monitoring.enabled", False),
        ("monitoring.frequency", 60),
        ("monitoring.pattern", "wazuh-agents-*"),
        ("monitoring.creation", "d"),
        ("monitoring.shards", 2),
        ("monitoring.replicas", 1),
        *((f"checks.{name}", False) for name in _CHECKS),
        ("cronStatistics.status", False),
        ("cronStatistics.apis[]", ["default"]),
        ("cronStatistics.interval", "0 0 * * * *"),
        ("cronStatistics.indexName", "figures"),
        ("cronStatistics.indexCreation", "d"),
        ("cronStatistics.shards", 2),
        ("cronStatistics.replicas", 1),
    )
    for field, value in settings:
        yield Row(f"{path}.{field}", value, PLUGIN)


_CHECKS = (
    "pattern", "template", "api", "setup", "fields", "metaFields", "timeFilter", "maxBuckets",
)  # fmt: skip


_GIVEN: Final[dict[str, Shows]] = {
    "nodeSecretRef": frozenset({"Secret/wz-indexer-certs", INDEXER, CONFIGS[INDEXER]}),
    "managerMasterSecretRef": frozenset({"Secret/wz-manager-master-certs", MASTER}),
    "managerWorkerSecretRef": frozenset({"Secret/wz-manager-worker-certs", WORKERS}),
    "dashboardSecretRef": frozenset({"Secret/wz-dashboard-certs", DASHBOARD}),
    "filebeatSecretRef": frozenset({"Secret/wz-filebeat-certs", MASTER, WORKERS}),
    "adminSecretRef": frozenset({"Secret/wz-admin-certs", INDEXER, CONFIGS[INDEXER]}),
}


# --- certificates --------------------------------------------------------------------------------
def _certificates() -> Iterator[Row]:
    # Indexers reload a new leaf; the pods of the other tiers start again with it.
    leaves: Shows = frozenset({*_LEAVES, MASTER, WORKERS, DASHBOARD})
    subject = leaves | {INDEXER, CONFIGS[INDEXER]}
    path = "tls.certConfig"
    yield Row("tls.hotReload.enabled", OFF, frozenset({INDEXER, CONFIGS[INDEXER]}))
    for field, value in (
        ("country", "ES"),
        ("state", "Asturias"),
        ("locality", "Oviedo"),
        ("organization", "Example"),
        ("organizationalUnit", "SOC"),
    ):
        yield Row(f"{path}.{field}", value, subject)
    yield Row(f"{path}.validityDays", 90, leaves)
    yield Row(f"{path}.keyAlgorithm", "RSA-2048", leaves)
    yield Row(f"{path}.renewalThresholdDays", 60, frozenset({"status"}))
    yield Row(f"{path}.caRenewalThresholdDays", 90, frozenset({"status"}))
    yield Row(f"{path}.caValidityDays", 1000, frozenset({"Secret/wz-ca"}), {}, "new")
    custom = "tls.customCerts"
    taken = frozenset({"Secret/wz-ca", "customize"})
    yield Row(f"{custom}.caSecretRef.name", CUSTOM_CA, taken, {}, "new")
    base = {"tls": {"customCerts": {"caSecretRef": {"name": CUSTOM_CA}}}}
    for field, shown in _GIVEN.items():
        yield Row(f"{custom}.{field}.name", CUSTOM_LEAF, shown | {"customize"}, base, "rested")
    for leaf, role, pods in (
        ("indexer", "indexer", ()),
        ("manager-master", "managerMaster", (MASTER,)),
        ("manager-worker", "managerWorker", (WORKERS,)),
        ("dashboard", "dashboard", (DASHBOARD,)),
    ):
        shows = frozenset({f"Secret/wz-{leaf}-certs", *pods})
        yield Row(f"{path}.extraSANs.{role}[]", ["siem.example.com"], shows)


ROWS: Final[tuple[Row, ...]] = (*_SPEC, *_plugin(), *_certificates())

#: Fields with one legal value, and others that somebody may try.
ONE_VALUE: Final[dict[str, tuple[Any, ...]]] = {
    "tls.enabled": (False,),
    "manager.config.global.jsonoutOutput": (False,),
    "manager.config.remote.connection": ("syslog", "", "Secure"),
    "indexer.service.ports[].name": ("https", "transport", ""),
    "dashboard.service.ports[].name": ("http", "rest", ""),
}
