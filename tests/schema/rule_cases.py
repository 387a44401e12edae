"""Cases of the rules of the API: what may become of an object, and what is refused where.

Data only. The twins in Python are held to it here; a real API server, given the CRD, must say
the same.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

Spec = dict[str, Any]

#: Path of rules on the whole object.
ROOT: Final = ""


class Case(NamedTuple):
    """``after`` is created, or replaces ``before``. ``refused``: path of the rule, or None."""

    id: str
    after: Spec
    refused: str | None = None
    before: Spec | None = None
    name: str = "wz"


def wazuh_cluster(spec: Spec, name: str = "wz") -> dict[str, Any]:
    """The object around ``spec``; the version is 4.14.1 where ``spec`` says none."""
    return {
        "apiVersion": "resources.wazuh.com/v1alpha1",
        "kind": "WazuhCluster",
        "metadata": {"name": name, "namespace": "security"},
        "spec": {"version": "4.14.1"} | spec,
    }


def _at(path: str, value: Any) -> Spec:
    """A spec with ``value`` at the dotted ``path`` below spec."""
    for key in reversed(path.split(".")):
        value = {key: value}
    found: Spec = value
    return found


_AUTH = "manager.config.auth"
_GLOBAL = "manager.config.global"
_REF = {"name": "enrolment", "key": "password"}
_MAIL = {"emailNotification": True, "smtpServer": "mail", "emailFrom": "a@b.c", "emailTo": "d@e.f"}


def _versions() -> list[Case]:
    good = ("4.9.0", "4.14.1", "4.15.0", "4.100.12")
    bad = ("5.0.0", "4.8.2", "4.14", "v4.14.1", "4.14.1-rc1", "4.014.1", "4.14.01", "", "4.14.1 ")
    return [
        *(Case(f"version {text} is supported", {"version": text}) for text in good),
        *(Case(f"version {text!r} is not", {"version": text}, "spec.version") for text in bad),
    ]


def _names() -> list[Case]:
    good = ("a", "wz-1", "a" * 37)
    bad = ("a" * 38, "Wz", "1wz", "wz.a", "wz-", "-wz", "w_z")
    return [
        *(Case(f"name {name} is allowed", {}, name=name) for name in good),
        *(Case(f"name {name} is refused", {}, ROOT, name=name) for name in bad),
    ]


def _cluster_names() -> list[Case]:
    named, default = _at("indexer.clusterName", "prod"), _at("indexer.clusterName", "wz")
    other: Spec = _at("indexer.clusterName", "test")
    null: Spec = {"indexer": None}
    return [
        Case("a cluster name may be chosen at creation", named),
        Case("a chosen cluster name may stay", named, before=named),
        Case("a chosen cluster name cannot change", other, ROOT, before=named),
        Case("a chosen cluster name cannot go", {}, ROOT, before=named),
        Case("a chosen cluster name cannot go with a null", null, ROOT, before=named),
        Case("a chosen cluster name cannot go alone", {"indexer": {}}, ROOT, before=named),
        Case("a cluster name cannot come later", named, ROOT, before={}),
        Case("a cluster name cannot come after a null", named, ROOT, before=null),
        Case("the default cluster name may be spelled", default, before={}),
        Case("the spelled default may go", {}, before=default),
    ]


def _services() -> list[Case]:
    cases = []
    ports = {
        "indexer.service": ["rest"],
        "manager.master.service": ["agent-events", "api"],
        "manager.workers.service": ["agent-events", "agent-auth"],
        "dashboard.service": ["https"],
    }
    for path, names in ports.items():
        place = f"spec.{path}"
        listed = [{"name": names[0], "port": 1000, "nodePort": 30000}]

        def case(text: str, service: Spec, refused: str | None = None, path: str = path) -> Case:
            return Case(f"{path}: {text}", _at(path, service), refused)

        cases += [
            case("a node port needs a type", {"ports": listed}, place),
            case("a node port not on ClusterIP", {"type": "ClusterIP", "ports": listed}, place),
            case("a node port on NodePort", {"type": "NodePort", "ports": listed}),
            case("a node port on LoadBalancer", {"type": "LoadBalancer", "ports": listed}),
            case("a null node port", {"ports": [{"name": names[0], "port": 1, "nodePort": None}]}),
            case("a policy needs a type", {"externalTrafficPolicy": "Local"}, place),
            case("a policy", {"type": "NodePort", "externalTrafficPolicy": "Local"}),
            case("an address needs a type", {"loadBalancerIP": "10.0.0.1"}, place),
            case("an address", {"type": "LoadBalancer", "loadBalancerIP": "10.0.0.1"}),
            case("a class not on NodePort", {"type": "NodePort", "loadBalancerClass": "a"}, place),
            case("ranges need a type", {"loadBalancerSourceRanges": ["10.0.0.0/8"]}, place),
            case("nulls", {"loadBalancerIP": None, "externalTrafficPolicy": None, "type": None}),
        ]
        if len(names) > 1:
            twice = [{"name": name, "port": 1000} for name in names]
            node_ports = [
                {"name": name, "port": 1000 + index, "nodePort": 30000}
                for index, name in enumerate(names)
            ]
            apart = [{"name": name, "port": 1000 + i} for i, name in enumerate(names)]
            cases += [
                case("a port once", {"ports": twice}, place),
                case("a node port once", {"type": "NodePort", "ports": node_ports}, place),
                case("ports that differ", {"ports": apart}),
            ]
        else:
            both = {"type": "NodePort", "nodePort": 30000, "ports": [{"name": names[0], "port": 1}]}
            cases += [
                case("nodePort needs a type", {"nodePort": 30000}, place),
                case("nodePort", {"type": "NodePort", "nodePort": 30000}),
                case("nodePort not beside ports", both, place),
            ]
    return cases


def _agent_service() -> list[Case]:
    place = "spec.manager"
    workers = {"enabledOnMasterOnly": False}

    def manager(service: Spec, auth: Spec) -> Spec:
        return {"manager": {"agentService": service, "config": {"auth": auth}}}

    on: Spec = {"enabled": True}
    ranges = {"loadBalancerSourceRanges": ["::/0"]}
    return [
        Case("agentService alone", {"manager": {"agentService": on}}, place),
        Case("agentService with masters only", manager(on, {"enabledOnMasterOnly": True}), place),
        Case("agentService without authd", manager(on, workers | {"disabled": True}), place),
        Case("agentService with all managers", manager(on, workers)),
        Case("agentService off", manager({"enabled": False}, {})),
        Case(
            "agentService: ranges need a type",
            manager(on | ranges, workers),
            "spec.manager.agentService",
        ),
        Case(
            "agentService: a policy needs a type",
            manager(on | {"externalTrafficPolicy": "Local"}, workers),
            "spec.manager.agentService",
        ),
        Case(
            "agentService: a node port needs a type",
            manager(
                on | {"ports": [{"name": "agent-auth", "port": 1, "nodePort": 31000}]}, workers
            ),
            "spec.manager.agentService",
        ),
        Case(
            "agentService: a port once",
            manager(
                on | {"ports": [{"name": f"agent-{n}", "port": 1} for n in ("auth", "events")]},
                workers,
            ),
            "spec.manager.agentService",
        ),
    ]


def _tiers() -> list[Case]:
    both = {"maxUnavailable": 1, "minAvailable": 1}
    cases = []
    for tier in ("indexer", "manager.workers", "dashboard"):
        path = f"{tier}.podDisruptionBudget"
        cases += [
            Case(f"{tier}: both budget fields", _at(path, both), f"spec.{path}"),
            Case(f"{tier}: one budget field", _at(path, {"maxUnavailable": 0})),
            Case(f"{tier}: the other is null", _at(path, both | {"minAvailable": None})),
        ]
    sizes = {"1Gi": True, "1024Mi": True, "1.5Gi": True, "1073741824": True, "2G": True}
    sizes |= {"1023Mi": False, "100Mi": False, "0": False, "1G": False, "5m": False}
    for tier in ("indexer", "manager.master", "manager.workers"):
        path = f"{tier}.storageSize"
        cases += [
            Case(f"{tier}: storage {size}", _at(path, size), None if good else f"spec.{path}")
            for size, good in sizes.items()
        ]
    return cases


def _enrolment() -> list[Case]:
    auth = f"spec.{_AUTH}"

    def manager(outer: Spec, inner: Spec) -> Spec:
        return {"manager": outer | {"config": {"auth": inner}}}

    outer, inner = {"authdPasswordSecretRef": _REF}, {"passwordSecretRef": {"name": "enrolment"}}
    wanted = {"usePassword": True}
    pair = {"sslManagerCert": "etc/a.pem", "sslManagerKey": "etc/a.key"}
    agent_ca = {"sslAgentCASecretRef": {"name": "ca", "key": "ca.crt"}}
    return [
        Case("a password", manager(outer, wanted)),
        Case("a password, other spelling", manager({}, wanted | inner)),
        Case("both passwords", manager(outer, wanted | inner), "spec.manager"),
        Case("a password that is not used", {"manager": outer}, "spec.manager"),
        Case("a password that is not used, inner", _at(_AUTH, inner), "spec.manager"),
        Case(
            "a password that is turned off", manager(outer, {"usePassword": None}), "spec.manager"
        ),
        Case("host check without CA", _at(_AUTH, {"sslVerifyHost": True}), auth),
        Case("host check with CA", _at(_AUTH, {"sslVerifyHost": True} | agent_ca)),
        Case("CA without host check", _at(_AUTH, agent_ca)),
        Case("own certificate and key", _at(_AUTH, pair)),
        Case("own certificate alone", _at(f"{_AUTH}.sslManagerCert", "etc/a.pem"), auth),
        Case("own key alone", _at(_AUTH, pair | {"sslManagerCert": None}), auth),
    ]


def _ports() -> list[Case]:
    remote, auth = "manager.config.remote.port", f"{_AUTH}.port"
    config = "spec.manager.config"
    enrolment = _at("manager.config", {"remote": {"port": 1515}, "auth": {"port": 2000}})
    taken = [(remote, 1516), (remote, 55000), (auth, 1516), (auth, 55000)]
    swapped = {"remote": {"port": 2000}, "auth": {"port": 1514}}
    same = {"remote": {"port": 2000}, "auth": {"port": 2000}}
    return [
        *(Case(f"{path} {port}", _at(path, port), f"spec.{path}") for path, port in taken),
        Case("the port of enrolment for events", enrolment, f"spec.{remote}"),
        Case("other ports", _at("manager.config", swapped)),
        Case("one port for both", _at("manager.config", same), config),
        Case("the default port of events for enrolment", _at(auth, 1514), config),
    ]


def _ossec() -> list[Case]:
    place = f"spec.{_GLOBAL}"
    json_mail = _MAIL | {"alertsLog": False, "emailLogSource": "alerts.json"}
    text_mail = _MAIL | {"alertsLog": False, "emailLogSource": "alerts.log"}
    time = f"{_GLOBAL}.agentsDisconnectionTime"
    rotation = "manager.logRotation"
    size: Spec = {"combinationMode": "and", "maxFileSizeMB": 10}
    return [
        Case("alerts as JSON", _at(f"{_GLOBAL}.jsonoutOutput", value=True)),
        Case(
            "no alerts as JSON",
            _at(f"{_GLOBAL}.jsonoutOutput", value=False),
            f"{place}.jsonoutOutput",
        ),
        Case("mail", _at(_GLOBAL, _MAIL)),
        *(
            Case(f"mail without {key}", _at(_GLOBAL, _MAIL | {key: None}), place)
            for key in ("smtpServer", "emailFrom", "emailTo")
        ),
        Case("addresses without mail", _at(_GLOBAL, _MAIL | {"emailNotification": False})),
        Case("mail from alerts.json", _at(_GLOBAL, json_mail)),
        Case("mail from a file that is off", _at(_GLOBAL, text_mail), place),
        Case(
            "mail from a file that is off by default",
            _at(_GLOBAL, _MAIL | {"alertsLog": False}),
            place,
        ),
        Case("no alerts.log without mail", _at(f"{_GLOBAL}.alertsLog", value=False)),
        *(
            Case(f"disconnection {text}", _at(time, text))
            for text in ("1", "1s", "010m", "999999999w")
        ),
        *(
            Case(f"disconnection {text}", _at(time, text), f"spec.{time}")
            for text in ("0", "0s", "00d")
        ),
        Case("age and size", _at(rotation, size)),
        Case("age and no size", _at(rotation, {"combinationMode": "and"}), f"spec.{rotation}"),
        Case("age and size 0", _at(rotation, size | {"maxFileSizeMB": 0}), f"spec.{rotation}"),
        Case("age or no size", _at(rotation, {"combinationMode": "or"})),
    ]


def _endpoints() -> list[Case]:
    path = "dashboard.wazuhPlugin.apiEndpoints"
    endpoint = {"url": "https://a.example", "credentialsSecretRef": {"secretName": "a"}}
    return [
        Case("an endpoint", _at(path, [{"id": "a"} | endpoint])),
        Case("default as endpoint", _at(path, [{"id": "default"} | endpoint]), f"spec.{path}[].id"),
        Case(
            "default as second endpoint",
            _at(path, [{"id": "a"} | endpoint, {"id": "default"} | endpoint]),
            f"spec.{path}[].id",
        ),
    ]


def _certificates() -> list[Case]:
    path = "tls.certConfig"
    rows: list[tuple[Spec, bool]] = [
        ({"renewalThresholdDays": 364}, True),
        ({"renewalThresholdDays": 365}, False),
        ({"validityDays": 31}, True),
        ({"validityDays": 30}, False),
        ({"validityDays": 730}, True),
        ({"validityDays": 731}, False),
        ({"caValidityDays": 365}, True),
        ({"caValidityDays": 364}, False),
        ({"caRenewalThresholdDays": 729}, True),
        ({"caRenewalThresholdDays": 730}, False),
        ({"validityDays": 10, "renewalThresholdDays": 3, "caValidityDays": 61}, True),
        ({"validityDays": 10, "renewalThresholdDays": 3, "caValidityDays": 60}, False),
        ({"validityDays": 30, "renewalThresholdDays": None}, False),
    ]
    custom = "tls.customCerts"
    ca, leaf = {"caSecretRef": {"name": "ca"}}, {"name": "leaf"}
    return [
        Case("a CA of the user", _at(custom, ca)),
        Case("no certificate of the user", _at(custom, {})),
        *(
            one
            for ref in (
                "nodeSecretRef",
                "managerMasterSecretRef",
                "managerWorkerSecretRef",
                "dashboardSecretRef",
                "filebeatSecretRef",
                "adminSecretRef",
            )
            for one in (
                Case(f"{ref} with a CA", _at(custom, {**ca, ref: leaf})),
                Case(f"{ref} alone", _at(custom, {ref: leaf}), f"spec.{custom}"),
            )
        ),
        Case("TLS on", _at("tls.enabled", value=True)),
        Case("TLS off", _at("tls.enabled", value=False), "spec.tls.enabled"),
        *(
            Case(f"days {config}", _at(path, config), None if good else f"spec.{path}")
            for config, good in rows
        ),
    ]


CASES: Final[tuple[Case, ...]] = (
    Case("the smallest spec", {}),
    Case("nulls everywhere", {"indexer": None, "manager": {"config": None}, "tls": None}),
    *_versions(),
    *_names(),
    *_cluster_names(),
    *_services(),
    *_agent_service(),
    *_tiers(),
    *_enrolment(),
    *_ports(),
    *_ossec(),
    *_endpoints(),
    *_certificates(),
)
