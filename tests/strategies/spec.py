"""Valid specs: each field of the API in values that all rules allow together."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.strategies.certificates import cert_configs
from tests.strategies.pods import IMAGES, budgets, services, tiers
from tests.strategies.values import NAMES, YES, Strategy, some_of, unique_items, with_some
from tests.user_objects import (
    ADMINISTRATOR,
    AGENTS_CA,
    API_ACCOUNT,
    ENROLMENT,
    MANAGERS_KEY,
    REMOTE_ACCOUNT,
    WAZUH_ACCOUNT,
)

VERSIONS = ("4.9.0", "4.9.2", "4.10.1", "4.11.2", "4.12.0", "4.13.1", "4.14.1", "4.14.5", "4.15.0")
_SIZES = st.sampled_from(["1Gi", "50Gi", "1.5Gi", "2000M", "51200Mi"])


def credentials(*secrets: str) -> Strategy:
    """A reference to one of the user's accounts, by its usual keys or others."""
    return with_some(
        {"secretName": st.sampled_from(secrets)},
        {"usernameKey": st.sampled_from(["username", "user"]), "passwordKey": st.just("word")},
    )


# --- indexer -----------------------------------------------------------------------------------
@st.composite
def indexers(draw: st.DrawFn) -> dict[str, Any]:
    """``spec.indexer``."""
    replicas = draw(st.sampled_from([None, 1, 2, 3, 5]))
    found: dict[str, Any] = draw(
        tiers(
            ("2Gi", "4096Mi", "6G"),
            {
                "clusterName": st.sampled_from(["wz", "search_1.b"]),
                "storageSize": _SIZES,
                "storageClassName": NAMES,
                "javaOpts": st.sampled_from(
                    ["", "-XX:+UseG1GC", "-Xms1g -Xmx1g", "-Xmx1024m -Xms1g -Dx=`y`"]
                ),
                "vmMaxMapCount": st.sampled_from(["Init", "Preset"]),
                "credentials": credentials(ADMINISTRATOR),
            },
            {
                "service": services("rest", single=True, numbers=0),
                "podDisruptionBudget": budgets(3 if replicas is None else replicas),
            },
        )
    )
    return found if replicas is None else {"replicas": replicas, **found}


# --- managers ------------------------------------------------------------------------------------
_MAIL = st.fixed_dictionaries(
    {
        "emailNotification": YES,
        "smtpServer": st.sampled_from(["mail.example.com", "192.0.2.25"]),
        "emailFrom": st.just("wazuh@example.com"),
        "emailTo": st.sampled_from(["soc@example.com", "a@example.com, b@example.com"]),
        "emailLogSource": st.sampled_from(["alerts.log", "alerts.json"]),
    }
)


@st.composite
def _global(draw: st.DrawFn) -> dict[str, Any]:
    found = draw(
        some_of(
            {
                "jsonoutOutput": YES,
                "alertsLog": st.booleans(),
                "logAll": st.booleans(),
                "logAllJson": st.booleans(),
                "smtpServer": st.just("mail.example.com"),
                "emailTo": st.just("soc@example.com"),
                "emailMaxPerHour": st.integers(1, 1_000_000),
                "emailLogSource": st.sampled_from(["alerts.log", "alerts.json"]),
                "agentsDisconnectionTime": st.sampled_from(["1", "10m", "1w"]),
                "agentsDisconnectionAlertTime": st.sampled_from(["0", "5m"]),
            }
        )
    )
    if draw(st.booleans()):
        found |= draw(_MAIL)
        if found["emailLogSource"] == "alerts.log":
            found.pop("alertsLog", None)
    return found


@st.composite
def _auth(draw: st.DrawFn) -> dict[str, Any]:
    found = draw(
        some_of(
            {
                "disabled": st.booleans(),
                "useSourceIP": st.booleans(),
                "purge": st.booleans(),
                "usePassword": st.booleans(),
                "ciphers": st.sampled_from(["HIGH", "ECDHE+AESGCM:!ADH", "DEFAULT:!AES256"]),
                "sslAgentCASecretRef": st.sampled_from(
                    [{"name": AGENTS_CA, "key": "ca.crt"}, {"name": AGENTS_CA, "key": "other"}]
                ),
                "sslAutoNegotiate": st.booleans(),
                "enabledOnMasterOnly": st.booleans(),
            }
        )
    )
    if "sslAgentCASecretRef" in found and draw(st.booleans()):
        found["sslVerifyHost"] = draw(st.booleans())
    if found.get("usePassword") and draw(st.booleans()):
        found["passwordSecretRef"] = draw(
            st.sampled_from([{"name": ENROLMENT}, {"name": ENROLMENT, "key": "other"}])
        )
    if draw(st.integers(0, 4)) == 0:
        found |= {"sslManagerCert": "etc/own/tls.crt", "sslManagerKey": "etc/own/tls.key"}
    return found


@st.composite
def _config(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = draw(
        some_of(
            {
                "global": _global(),
                "alerts": some_of(
                    {"logAlertLevel": st.integers(0, 16), "emailAlertLevel": st.integers(0, 16)}
                ),
                "logging": some_of({"logFormat": st.sampled_from(["plain", "json", "plain,json"])}),
                "remote": some_of(
                    {
                        "connection": st.just("secure"),
                        "port": st.sampled_from([1, 1514, 2514, 65535]),
                        "protocol": st.sampled_from(["tcp", "udp"]),
                        "queueSize": st.integers(1, 262_144),
                    }
                ),
                "auth": _auth(),
                "localInternalOptions": st.sampled_from(
                    ["", "# nothing", "analysisd.debug=2\nremoted.verify_msg_id=0\n"]
                ),
            }
        )
    )
    if draw(st.booleans()):
        taken = found.get("remote", {}).get("port", 1514)
        ports = [port for port in (1514, 1515, 2515, 1) if port != taken]
        found.setdefault("auth", {})["port"] = draw(st.sampled_from(ports))
    return found


_LOG_ROTATION = some_of(
    {
        "enabled": st.booleans(),
        "schedule": st.sampled_from(["0 0 * * 1", "@daily", "7 */6 * * *", "0 1 1 JAN mon-fri"]),
        "timeZone": st.sampled_from(["Etc/UTC", "Europe/Madrid"]),
        "retentionDays": st.integers(1, 3650),
        "paths": st.lists(
            st.sampled_from(["/var/ossec/logs/alerts/", "/var/ossec/logs/api"]),
            unique=True,
            min_size=1,
        ),
        "image": st.sampled_from(["kubectl:v1", f"registry.example:5000/k@sha256:{'0' * 64}"]),
    }
)


@st.composite
def _log_rotation(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = draw(_LOG_ROTATION)
    if draw(st.booleans()):
        found["maxFileSizeMB"] = draw(st.integers(1, 1_048_576))
        found["combinationMode"] = draw(st.sampled_from(["or", "and"]))
    return found


def _role_fields(extra: str) -> dict[str, Strategy]:
    return {
        "storageSize": _SIZES,
        "storageClassName": NAMES,
        "extraConfig": st.sampled_from(
            [
                "",
                f"<localfile>\n  <location>/var/log/{extra} &amp; co</location>\n</localfile>",
                "<!-- on again -->\n<sca>\n  <enabled>yes</enabled>\n</sca>\n",
            ]
        ),
    }


@st.composite
def _workers(draw: st.DrawFn) -> dict[str, Any]:
    replicas = draw(st.sampled_from([None, 0, 1, 2, 4]))
    found: dict[str, Any] = draw(
        tiers(
            ("2Gi", "4Gi"),
            _role_fields("worker"),
            {
                "service": services("agent-events", "agent-auth", numbers=200),
                "podDisruptionBudget": budgets(2 if replicas is None else replicas),
            },
        )
    )
    return found if replicas is None else {"replicas": replicas, **found}


@st.composite
def managers(draw: st.DrawFn) -> dict[str, Any]:
    """``spec.manager``."""
    found: dict[str, Any] = draw(
        some_of(
            {
                "image": IMAGES,
                "clusterKeySecretRef": st.sampled_from(
                    [{"name": MANAGERS_KEY, "key": "key"}, {"name": MANAGERS_KEY, "key": "other"}]
                ),
                "apiCredentials": credentials(API_ACCOUNT, WAZUH_ACCOUNT),
                "filebeatSSLVerificationMode": st.sampled_from(["full", "certificate", "none"]),
                "config": _config(),
                "logRotation": _log_rotation(),
                "master": tiers(
                    ("2Gi", "4Gi"),
                    _role_fields("master"),
                    {"service": services("api", "agent-events", "agent-auth", numbers=100)},
                ),
                "workers": _workers(),
            }
        )
    )
    auth = found.get("config", {}).get("auth", {})
    if "passwordSecretRef" not in auth and draw(st.integers(0, 7)) == 0:
        found.setdefault("config", {}).setdefault("auth", {})["usePassword"] = True
        found["authdPasswordSecretRef"] = {"name": ENROLMENT, "key": "key"}
    if draw(st.booleans()):
        found["agentService"] = draw(services("agent-events", "agent-auth", numbers=300))
        if auth.get("enabledOnMasterOnly") is False and not auth.get("disabled"):
            found["agentService"]["enabled"] = draw(st.booleans())
    return found


# --- dashboard -----------------------------------------------------------------------------------
_PERIODS = st.sampled_from(["h", "d", "w", "m"])
_MONITORING = some_of(
    {
        "enabled": st.booleans(),
        "frequency": st.integers(60, 2**31 - 1),
        "pattern": st.just("wazuh-agents-*"),
        "creation": _PERIODS,
        "shards": st.integers(1, 5),
        "replicas": st.integers(0, 5),
    }
)
_CHECKS = some_of(
    {
        name: st.booleans()
        for name in (
            "pattern", "template", "api", "setup", "fields", "metaFields", "timeFilter",
            "maxBuckets",
        )
    }
)  # fmt: skip
_STATISTICS = some_of(
    {
        "status": st.booleans(),
        "apis": st.sampled_from([[], ["default"]]),
        "interval": st.sampled_from(["0 */5 * * * *", "30 0 1 * * mon"]),
        "indexName": st.just("figures"),
        "indexCreation": _PERIODS,
        "shards": st.integers(1, 5),
        "replicas": st.integers(0, 5),
    }
)
_ENDPOINTS = unique_items(
    with_some(
        {
            "id": st.sampled_from(["east", "west.1", "north_2"]),
            "url": st.sampled_from(["https://east.example.com", "http://[2001:db8::1]/api"]),
            "credentialsSecretRef": credentials(REMOTE_ACCOUNT),
        },
        {"port": st.integers(1, 65535), "runAs": st.booleans()},
    ),
    "id",
)
PLUGINS = some_of(
    {
        "defaultApiEndpoint": some_of(
            {"credentialsSecret": credentials(API_ACCOUNT, REMOTE_ACCOUNT), "runAs": st.booleans()}
        ),
        "apiEndpoints": _ENDPOINTS,
        "pattern": st.sampled_from(["wazuh-alerts-4.x-*", "other:wazuh-*,b"]),
        "timeout": st.integers(1500, 2**31 - 1),
        "ipSelector": st.booleans(),
        "ipIgnore": st.sampled_from([[], ["internal-*", "a"]]),
        "hideManagerAlerts": st.booleans(),
        "alertsSamplePrefix": st.just("wazuh-sample-"),
        "enrollmentDns": st.sampled_from(["", "agents.example.com", "2001:db8::1"]),
        "cronPrefix": st.sampled_from(["wazuh", "wazuh-soc"]),
        "updatesDisabled": st.booleans(),
        "monitoring": _MONITORING,
        "checks": _CHECKS,
        "cronStatistics": _STATISTICS,
    }
)


@st.composite
def dashboards(draw: st.DrawFn) -> dict[str, Any]:
    """``spec.dashboard``."""
    replicas = draw(st.sampled_from([None, 1, 2, 3]))
    found: dict[str, Any] = draw(
        tiers(
            ("1Gi", "2000Mi"),
            {"enabled": st.booleans(), "wazuhPlugin": PLUGINS},
            {
                "service": services("https", single=True, numbers=400),
                "podDisruptionBudget": budgets(1 if replicas is None else replicas),
            },
        )
    )
    return found if replicas is None else {"replicas": replicas, **found}


# --- the whole spec ------------------------------------------------------------------------------
@st.composite
def specs(draw: st.DrawFn, *, slow: bool = False) -> dict[str, Any]:
    """A valid ``spec`` of a WazuhCluster; ``slow``: RSA keys too, which take a second."""
    found: dict[str, Any] = draw(
        some_of(
            {
                "clusterDomain": st.sampled_from(["cluster.local", "k8s.example"]),
                "imagePullSecrets": st.sampled_from(
                    [[], [{"name": "pull-a"}], [{"name": "pull-b"}, {"name": "pull-a"}]]
                ),
                "storageClassName": NAMES,
                "deletionPolicy": st.sampled_from(["Retain", "Delete"]),
                "indexer": indexers(),
                "manager": managers(),
                "dashboard": dashboards(),
                "tls": some_of(
                    {
                        "enabled": YES,
                        "hotReload": some_of({"enabled": st.booleans()}),
                        "certConfig": cert_configs(slow=slow),
                    }
                ),
                "rollout": some_of(
                    {
                        "creation": st.sampled_from(["Parallel", "Ordered"]),
                        "update": st.sampled_from(["Ordered", "Parallel"]),
                    }
                ),
            },
            at_least=1,
            at_most=4,
        )
    )
    return {"version": draw(st.sampled_from(VERSIONS)), **found}
