"""The rules of the API that go beyond the bounds of one field.

Each stands in the CRD and is asked again by the hook; `tests.schema.rule_cases` holds both to
the same cases.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from app.faults import Effect
from app.kubernetes import quantity
from app.names import CLUSTER_NAME_MAX
from app.schema.cel import RootRule, Rule, has, read, value_or
from app.versions import VERSION_PATTERN, parse_version

CLUSTER_NAME_PATTERN: Final = "^[a-z]([-a-z0-9]*[a-z0-9])?$"
SMALLEST_VOLUME: Final = "1Gi"

# --- Services ------------------------------------------------------------------------------
_SERVICES: Final = {
    "spec.indexer.service": True,
    "spec.manager.master.service": False,
    "spec.manager.workers.service": False,
    "spec.manager.agentService": False,
    "spec.dashboard.service": True,
}
_TYPE: Final = value_or("type", "'ClusterIP'")
_BALANCED: Final = ("loadBalancerIP", "loadBalancerClass", "loadBalancerSourceRanges")


def _service_rules(path: str, *, one_port: bool) -> tuple[Rule, ...]:
    """Rules of one Service; with one port it may have ``nodePort`` itself."""
    shared = (
        Rule(
            path=path,
            cel=f"!has(self.ports) || {_TYPE} != 'ClusterIP' "
            "|| self.ports.all(p, !has(p.nodePort))",
            message="nodePort is allowed only with type NodePort or LoadBalancer",
            holds=lambda self: (
                _type(self) != "ClusterIP"
                or not any("nodePort" in port for port in self.get("ports", ()))
            ),
        ),
        Rule(
            path=path,
            cel="!(" + " || ".join(f"has(self.{key})" for key in _BALANCED) + ") "
            f"|| {_TYPE} == 'LoadBalancer'",
            message="loadBalancerIP, loadBalancerClass and loadBalancerSourceRanges are allowed "
            "only with type LoadBalancer",
            holds=lambda self: (
                _type(self) == "LoadBalancer" or not any(key in self for key in _BALANCED)
            ),
        ),
        Rule(
            path=path,
            cel=f"!has(self.externalTrafficPolicy) || {_TYPE} != 'ClusterIP'",
            message="externalTrafficPolicy is allowed only with type NodePort or LoadBalancer",
            holds=lambda self: "externalTrafficPolicy" not in self or _type(self) != "ClusterIP",
        ),
    )
    return (*shared, *(_single_port_rules(path) if one_port else (_distinct_ports(path),)))


def _single_port_rules(path: str) -> tuple[Rule, ...]:
    return (
        Rule(
            path=path,
            cel=f"!has(self.nodePort) || {_TYPE} != 'ClusterIP'",
            message="nodePort is allowed only with type NodePort or LoadBalancer",
            holds=lambda self: "nodePort" not in self or _type(self) != "ClusterIP",
        ),
        Rule(
            path=path,
            cel="!(has(self.nodePort) && has(self.ports))",
            message="nodePort is not allowed beside ports; put it into ports[0].nodePort",
            holds=lambda self: not ("nodePort" in self and "ports" in self),
        ),
    )


def _distinct_ports(path: str) -> Rule:
    return Rule(
        path=path,
        cel="!has(self.ports) || self.ports.all(p, "
        "self.ports.exists_one(q, q.port == p.port) && (!has(p.nodePort) || "
        "self.ports.exists_one(q, has(q.nodePort) && q.nodePort == p.nodePort)))",
        message="each port and each nodePort is allowed once",
        holds=lambda self: all(
            _distinct([port[key] for port in self.get("ports", ()) if key in port])
            for key in ("port", "nodePort")
        ),
    )


def _type(service: Mapping[str, Any]) -> str:
    return str(service.get("type", "ClusterIP"))


def _distinct(values: list[Any]) -> bool:
    return len(set(values)) == len(values)


# --- tiers ---------------------------------------------------------------------------------
_BUDGETS: Final = ("spec.indexer", "spec.manager.workers", "spec.dashboard")
_STORED: Final = ("spec.indexer", "spec.manager.master", "spec.manager.workers")


def _budget_rule(tier: str) -> Rule:
    return Rule(
        path=f"{tier}.podDisruptionBudget",
        cel="!(has(self.maxUnavailable) && has(self.minAvailable))",
        message="one of maxUnavailable and minAvailable, not both",
        holds=lambda self: not ("maxUnavailable" in self and "minAvailable" in self),
    )


def _storage_rule(tier: str) -> Rule:
    return Rule(
        path=f"{tier}.storageSize",
        cel=f"quantity(self).compareTo(quantity('{SMALLEST_VOLUME}')) >= 0",
        message=f"is too small; allowed: at least {SMALLEST_VOLUME}",
        shows_value=True,
        holds=lambda self: quantity.compare(self, SMALLEST_VOLUME) >= 0,
    )


# --- managers ------------------------------------------------------------------------------
_REMOTE_RESERVED: Final = (1515, 1516, 55000)
_AUTH_RESERVED: Final = (1516, 55000)
_MAIL_NEEDS: Final = ("smtpServer", "emailFrom", "emailTo")
_PASSWORD_REFS: Final = ("authdPasswordSecretRef", "config.auth.passwordSecretRef")


def _reserved_port(path: str, reserved: tuple[int, ...]) -> Rule:
    listed = ", ".join(str(port) for port in reserved)
    return Rule(
        path=path,
        cel=f"!(self in [{listed}])",
        message=f"is taken; allowed: a port other than {listed}",
        shows_value=True,
        holds=lambda self: self not in reserved,
    )


_MANAGER_RULES: Final = (
    Rule(
        path="spec.manager",
        cel=f"!({has(_PASSWORD_REFS[0])} && {has(_PASSWORD_REFS[1])})",
        message="one of authdPasswordSecretRef and config.auth.passwordSecretRef, not both",
        holds=lambda self: not all(read(self, path) is not None for path in _PASSWORD_REFS),
        reads=_PASSWORD_REFS,
    ),
    Rule(
        path="spec.manager",
        cel=f"!({has(_PASSWORD_REFS[0])} || {has(_PASSWORD_REFS[1])}) "
        f"|| {value_or('config.auth.usePassword', 'false')}",
        message="a Secret with the enrolment password needs config.auth.usePassword: true",
        holds=lambda self: (
            not any(read(self, path) is not None for path in _PASSWORD_REFS)
            or bool(read(self, "config.auth.usePassword", default=False))
        ),
        reads=(*_PASSWORD_REFS, "config.auth.usePassword"),
    ),
    Rule(
        path="spec.manager",
        cel=f"!{value_or('agentService.enabled', 'false')} "
        f"|| (!{value_or('config.auth.enabledOnMasterOnly', 'true')} "
        f"&& !{value_or('config.auth.disabled', 'false')})",
        message="agentService needs enrolment on all managers: set "
        "config.auth.enabledOnMasterOnly: false and do not disable config.auth",
        holds=lambda self: (
            not read(self, "agentService.enabled", default=False)
            or (
                not read(self, "config.auth.enabledOnMasterOnly", default=True)
                and not read(self, "config.auth.disabled", default=False)
            )
        ),
        reads=("agentService.enabled", "config.auth.enabledOnMasterOnly", "config.auth.disabled"),
    ),
    _reserved_port("spec.manager.config.remote.port", _REMOTE_RESERVED),
    _reserved_port("spec.manager.config.auth.port", _AUTH_RESERVED),
    Rule(
        path="spec.manager.config",
        cel=f"{value_or('remote.port', '1514')} != {value_or('auth.port', '1515')}",
        message="remote.port and auth.port must differ",
        holds=lambda self: read(self, "remote.port", 1514) != read(self, "auth.port", 1515),
        reads=("remote.port", "auth.port"),
    ),
    Rule(
        path="spec.manager.config.auth",
        cel=f"!{value_or('sslVerifyHost', 'false')} || has(self.sslAgentCASecretRef)",
        message="sslVerifyHost has no effect without sslAgentCASecretRef, the agents' CA",
        holds=lambda self: not self.get("sslVerifyHost") or "sslAgentCASecretRef" in self,
        reads=("sslVerifyHost", "sslAgentCASecretRef"),
    ),
    Rule(
        path="spec.manager.config.auth",
        cel="has(self.sslManagerCert) == has(self.sslManagerKey)",
        message="sslManagerCert and sslManagerKey belong together: both or none",
        holds=lambda self: ("sslManagerCert" in self) == ("sslManagerKey" in self),
        reads=("sslManagerCert", "sslManagerKey"),
    ),
    Rule(
        path="spec.manager.config.global.jsonoutOutput",
        cel="self == true",
        message="must stay true: Filebeat ships that file; without it no alert reaches the index",
        holds=lambda self: self is True,
    ),
    Rule(
        path="spec.manager.config.global",
        cel=f"!{value_or('emailNotification', 'false')} || "
        f"({' && '.join(f'has(self.{key})' for key in _MAIL_NEEDS)})",
        message="emailNotification needs smtpServer, emailFrom and emailTo",
        holds=lambda self: (
            not self.get("emailNotification") or all(key in self for key in _MAIL_NEEDS)
        ),
        reads=("emailNotification", *_MAIL_NEEDS),
    ),
    Rule(
        path="spec.manager.config.global",
        cel=f"!{value_or('emailNotification', 'false')} || {value_or('alertsLog', 'true')} "
        f"|| {value_or('emailLogSource', repr('alerts.log'))} != 'alerts.log'",
        message="alertsLog: false stops mails that are made from alerts.log; set emailLogSource: "
        "alerts.json",
        holds=lambda self: (
            not self.get("emailNotification")
            or self.get("alertsLog", True)
            or self.get("emailLogSource", "alerts.log") != "alerts.log"
        ),
        reads=("emailNotification", "alertsLog", "emailLogSource"),
    ),
    Rule(
        path="spec.manager.config.global.agentsDisconnectionTime",
        cel="!self.matches(r'^0+[smhdw]?$')",
        message="is no time; allowed: at least 1s",
        shows_value=True,
        holds=lambda self: re.fullmatch("0+[smhdw]?", self) is None,
    ),
    Rule(
        path="spec.manager.logRotation",
        cel=f"{value_or('combinationMode', repr('or'))} != 'and' "
        f"|| {value_or('maxFileSizeMB', '0')} > 0",
        message="combinationMode: and needs maxFileSizeMB above 0",
        holds=lambda self: self.get("combinationMode") != "and" or self.get("maxFileSizeMB", 0) > 0,
        reads=("combinationMode", "maxFileSizeMB"),
    ),
)


# --- certificates --------------------------------------------------------------------------
def _days_rule(left: str, right: str, *, equal: bool, message: str) -> Rule:
    """``left`` < ``right`` (or equal); around the API server a third of the lifetime is used."""
    defaults = {
        "validityDays": 365,
        "renewalThresholdDays": 30,
        "caValidityDays": 730,
        "caRenewalThresholdDays": 60,
    }
    first, second = defaults[left], defaults[right]
    sign = "<=" if equal else "<"
    return Rule(
        path="spec.tls.certConfig",
        cel=f"{value_or(left, str(first))} {sign} {value_or(right, str(second))}",
        message=message,
        holds=lambda self: int(self.get(left, first)) < int(self.get(right, second)) + equal,
        reads=(left, right),
        effect=Effect.WARNS,
    )


_CUSTOM_LEAVES: Final = (
    "nodeSecretRef",
    "managerMasterSecretRef",
    "managerWorkerSecretRef",
    "dashboardSecretRef",
    "filebeatSecretRef",
    "adminSecretRef",
)
_TLS_RULES: Final = (
    Rule(
        path="spec.tls.customCerts",
        cel="has(self.caSecretRef) || !("
        + " || ".join(f"has(self.{leaf})" for leaf in _CUSTOM_LEAVES)
        + ")",
        message="leaf Secrets need the CA that signed them: set caSecretRef",
        holds=lambda self: (
            "caSecretRef" in self or not any(leaf in self for leaf in _CUSTOM_LEAVES)
        ),
    ),
    Rule(
        path="spec.tls.enabled",
        cel="self == true",
        message="TLS cannot be turned off",
        holds=lambda self: self is True,
    ),
    _days_rule(
        "renewalThresholdDays",
        "validityDays",
        equal=False,
        message="renewalThresholdDays must be below validityDays",
    ),
    _days_rule(
        "validityDays",
        "caValidityDays",
        equal=True,
        message="validityDays must not be above caValidityDays",
    ),
    _days_rule(
        "caRenewalThresholdDays",
        "caValidityDays",
        equal=False,
        message="caRenewalThresholdDays must be below caValidityDays",
    ),
)

# --- all -----------------------------------------------------------------------------------
RULES: Final[tuple[Rule, ...]] = (
    Rule(
        path="spec.version",
        cel=f"self.matches(r'{VERSION_PATTERN}')",
        message="is not supported; allowed: 4.9.0 or later, below 5.0.0 (5.x needs a migration)",
        shows_value=True,
        holds=lambda self: parse_version(self) is not None,
    ),
    *(rule for path, one in _SERVICES.items() for rule in _service_rules(path, one_port=one)),
    *(_budget_rule(tier) for tier in _BUDGETS),
    *(_storage_rule(tier) for tier in _STORED),
    *_MANAGER_RULES,
    Rule(
        path="spec.dashboard.wazuhPlugin.apiEndpoints[].id",
        cel="self != 'default'",
        message="is the own API of the cluster; allowed: any other id",
        shows_value=True,
        holds=lambda self: self != "default",
    ),
    *_TLS_RULES,
)

_CLUSTER_NAME: Final = "spec.indexer.clusterName"
ROOT_RULES: Final = (
    RootRule(
        cel=f"self.metadata.name.size() <= {CLUSTER_NAME_MAX} "
        f"&& self.metadata.name.matches(r'{CLUSTER_NAME_PATTERN}')",
        message=f"metadata.name: at most {CLUSTER_NAME_MAX} characters of a-z, 0-9, -; starts "
        "with a letter",
        holds=lambda self, _: (
            len(self["metadata"]["name"]) <= CLUSTER_NAME_MAX
            and re.fullmatch(CLUSTER_NAME_PATTERN, self["metadata"]["name"]) is not None
        ),
    ),
    RootRule(
        cel=f"{value_or(_CLUSTER_NAME, 'self.metadata.name')} == "
        f"{value_or(_CLUSTER_NAME, 'oldSelf.metadata.name', 'oldSelf')}",
        message=f"{_CLUSTER_NAME} is immutable",
        holds=lambda self, old: (
            old is None
            or read(self, _CLUSTER_NAME, self["metadata"]["name"])
            == read(old, _CLUSTER_NAME, old["metadata"]["name"])
        ),
    ),
)
