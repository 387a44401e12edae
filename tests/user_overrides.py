"""A spec that turns every knob once, for the golden that shows what each one does."""

from __future__ import annotations

from typing import Any, Final

from app.result import Manifest


def _pod_knobs(team: str, cpu: str, memory: str) -> Manifest:
    """Knobs that all tiers share; ``team`` makes the values of tiers differ."""
    return {
        "resources": {
            "requests": {"cpu": cpu, "memory": memory},
            "limits": {"cpu": "4", "memory": memory},
        },
        "image": {
            "repository": f"registry.example.com/{team}/wazuh",
            "tag": "4.14.1-fips",
            "pullPolicy": "Always",
        },
        "nodeSelector": {"pool": team},
        "tolerations": [
            {"key": "dedicated", "operator": "Equal", "value": team, "effect": "NoSchedule"}
        ],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
                    ]
                }
            }
        },
        "topologySpreadConstraints": [
            {"maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule"}
        ],
        "priorityClassName": f"{team}-critical",
        "serviceAccountName": f"{team}-pods",
        "annotations": {"example.com/owner": team},
        "podAnnotations": {"example.com/scrape": "true"},
        "podLabels": {"example.com/team": team},
        "env": [
            {"name": "TZ", "value": "Europe/Madrid"},
            {
                "name": "NODE_ADDRESS",
                "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.hostIP"}},
            },
        ],
        "envFrom": [{"configMapRef": {"name": f"{team}-environment"}}],
        "extraVolumes": [{"name": "extra", "configMap": {"name": f"{team}-extra"}}],
        "extraVolumeMounts": [{"name": "extra", "mountPath": f"/opt/{team}", "readOnly": True}],
        "securityContext": {"fsGroupChangePolicy": "OnRootMismatch"},
        "networkPolicy": {
            "enabled": True,
            "ingress": [
                {
                    "from": [{"namespaceSelector": {"matchLabels": {"name": "monitoring"}}}],
                    "ports": [{"protocol": "TCP", "port": 9114}],
                }
            ],
            "egress": [{"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]}],
        },
    }


def _indexer() -> Manifest:
    return {
        **_pod_knobs("search", "2", "8Gi"),
        "replicas": 5,
        "clusterName": "security-index",
        "storageSize": "200Gi",
        "storageClassName": "fast",
        "javaOpts": "-XX:+UseG1GC",
        "vmMaxMapCount": "Preset",
        "containerSecurityContext": {"readOnlyRootFilesystem": False},
        "service": {
            "type": "NodePort",
            "annotations": {"example.com/zone": "internal"},
            "nodePort": 30920,
            "externalTrafficPolicy": "Local",
            "sessionAffinity": "ClientIP",
        },
        "podDisruptionBudget": {"minAvailable": 3},
    }


def _manager() -> Manifest:
    return {
        "filebeatSSLVerificationMode": "certificate",
        "config": {
            "global": {
                "logAll": True,
                "logAllJson": True,
                "emailNotification": True,
                "smtpServer": "mail.example.com",
                "emailFrom": "wazuh@example.com",
                "emailTo": "soc@example.com",
                "emailMaxPerHour": 20,
                "emailLogSource": "alerts.json",
                "agentsDisconnectionTime": "20m",
                "agentsDisconnectionAlertTime": "1h",
            },
            "alerts": {"logAlertLevel": 5, "emailAlertLevel": 10},
            "logging": {"logFormat": "plain,json"},
            "remote": {"port": 2514, "queueSize": 65536},
            "auth": {
                "port": 2515,
                "useSourceIP": True,
                "purge": False,
                "usePassword": True,
                "enabledOnMasterOnly": False,
                "sslAutoNegotiate": True,
            },
            "localInternalOptions": "analysisd.debug=1\n",
        },
        "logRotation": {
            "enabled": True,
            "schedule": "30 3 * * *",
            "timeZone": "Europe/Madrid",
            "retentionDays": 30,
            "maxFileSizeMB": 512,
            "combinationMode": "and",
            "paths": ["/var/ossec/logs/alerts/"],
            "image": "registry.example.com/kubectl:v1.35.0",
        },
        "agentService": {
            "enabled": True,
            "type": "LoadBalancer",
            "loadBalancerClass": "example.com/internal",
            "loadBalancerSourceRanges": ["198.51.100.0/24"],
            "externalTrafficPolicy": "Local",
        },
        "master": {
            **_pod_knobs("master", "1", "4Gi"),
            "storageSize": "20Gi",
            "storageClassName": "standard",
            "extraConfig": "<sca>\n  <enabled>no</enabled>\n</sca>\n",
            "service": {
                "type": "LoadBalancer",
                "annotations": {"example.com/zone": "agents"},
                "loadBalancerIP": "203.0.113.10",
                "ports": [{"name": "agent-auth", "port": 1515}],
            },
        },
        "workers": {
            **_pod_knobs("worker", "1", "4Gi"),
            "replicas": 3,
            "storageSize": "30Gi",
            "storageClassName": "standard",
            "service": {
                "type": "NodePort",
                "ports": [{"name": "agent-events", "port": 1514, "nodePort": 31514}],
            },
            "podDisruptionBudget": {"maxUnavailable": 2},
        },
    }


def _dashboard() -> Manifest:
    return {
        **_pod_knobs("dashboard", "500m", "1Gi"),
        "replicas": 2,
        "service": {"type": "LoadBalancer", "loadBalancerIP": "203.0.113.11"},
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "wazuhPlugin": {
            "defaultApiEndpoint": {"runAs": False},
            "pattern": "wazuh-alerts-4.x-*",
            "timeout": 30000,
            "ipSelector": False,
            "ipIgnore": ["internal-*"],
            "hideManagerAlerts": True,
            "alertsSamplePrefix": "wazuh-alerts-4.x-sample-",
            "enrollmentDns": "agents.example.com",
            "cronPrefix": "wazuh-soc",
            "updatesDisabled": True,
            "monitoring": {"frequency": 600, "creation": "d", "shards": 2, "replicas": 1},
            "checks": {"metaFields": False, "timeFilter": False},
            "cronStatistics": {"interval": "0 */10 * * * *", "indexCreation": "m"},
        },
    }


OVERRIDES: Final[dict[str, Any]] = {
    "version": "4.14.1",
    "clusterDomain": "cluster.example",
    "imagePullSecrets": [{"name": "pull"}],
    "storageClassName": "standard",
    "indexer": _indexer(),
    "manager": _manager(),
    "dashboard": _dashboard(),
    "tls": {
        "hotReload": {"enabled": False},
        "certConfig": {
            "country": "ES",
            "state": "Asturias",
            "locality": "Oviedo",
            "organization": "Example",
            "organizationalUnit": "SOC",
            "validityDays": 90,
            "renewalThresholdDays": 20,
            "caValidityDays": 1000,
            "caRenewalThresholdDays": 100,
            "extraSANs": {
                "indexer": ["index.example.com"],
                "managerMaster": ["agents.example.com", "203.0.113.10"],
                "managerWorker": ["events.example.com"],
                "dashboard": ["siem.example.com"],
            },
        },
    },
    "rollout": {"creation": "Parallel", "update": "Parallel"},
}

#: Objects that the overrides refer to and the user brings.
EXTERNAL: Final = frozenset(
    {
        *(f"ServiceAccount/{team}-pods" for team in ("search", "master", "worker", "dashboard")),
        *(f"ConfigMap/{team}-extra" for team in ("search", "master", "worker", "dashboard")),
        *(f"ConfigMap/{team}-environment" for team in ("search", "master", "worker", "dashboard")),
    }
)
