"""ossec.conf: every field in its place, version gates, and nothing that stops a manager."""

from __future__ import annotations

import re

import pytest

from app.cluster import Cluster
from app.config.ossec import local_internal_options, ossec_conf
from app.names import MANAGERS, Role
from tests.clusters import cluster, version
from tests.config.ossec_reading import AGENT_CA, ON_ALL_NODES, Raw, config, texts, tree
from tests.ossec_checker import problems

MASTER, WORKER = Role.MANAGER_MASTER, Role.MANAGER_WORKER
#: The first and the last known of each minor, and those at which something changed.
ALL_VERSIONS = (
    *("4.9.0", "4.9.2", "4.10.0", "4.10.4", "4.11.0", "4.11.2", "4.12.0", "4.13.0", "4.13.1"),
    *("4.14.0", "4.14.1", "4.14.4", "4.14.7", "4.15.0"),
)
VERSIONS = ("4.9.0", "4.10.4", "4.11.0", "4.12.0", "4.13.1", "4.14.0", "4.14.4")


@pytest.mark.parametrize(
    ("raw", "on_master", "on_workers"),
    [
        ({}, "no", "yes"),
        (config(auth={"disabled": True}), "yes", "yes"),
        (config(auth={"disabled": True, **ON_ALL_NODES}), "yes", "yes"),
        (config(auth=ON_ALL_NODES), "no", "no"),
    ],
    ids=["default", "disabled", "disabled everywhere", "on all nodes"],
)
def test_the_enrolment_service_runs_where_it_is_wanted(
    raw: Raw, on_master: str, on_workers: str
) -> None:
    """By default on the master alone."""
    assert texts(raw, MASTER, "auth/disabled") == [on_master]
    assert texts(raw, WORKER, "auth/disabled") == [on_workers]


@pytest.mark.parametrize(
    ("auth", "role", "expected"),
    [
        ({}, MASTER, []),
        ({"sslAgentCASecretRef": AGENT_CA}, MASTER, ["etc/agent-ca.pem"]),
        ({"sslAgentCASecretRef": AGENT_CA}, WORKER, []),
        (
            {"sslAgentCASecretRef": AGENT_CA, **ON_ALL_NODES},
            WORKER,
            ["etc/agent-ca.pem"],
        ),
        ({"sslAgentCASecretRef": AGENT_CA, "disabled": True}, MASTER, []),
    ],
    ids=["not given", "master", "worker without authd", "worker with authd", "disabled"],
)
def test_the_agents_ca_is_named_where_it_is_mounted(
    auth: Raw, role: Role, expected: list[str]
) -> None:
    """A file that does not exist would stop the daemons after authd."""
    assert texts(config(auth=auth), role, "auth/ssl_agent_ca") == expected


def test_a_worker_without_the_agents_ca_verifies_no_host() -> None:
    """There Wazuh would ignore it; the master, which has the CA, does verify."""
    raw = config(auth={"sslVerifyHost": True, "sslAgentCASecretRef": AGENT_CA})
    assert texts(raw, MASTER, "auth/ssl_verify_host") == ["yes"]
    assert texts(raw, WORKER, "auth/ssl_verify_host") == ["no"]


def test_the_default_file_holds_these_settings() -> None:
    """The values of a master that the table of fields cannot show as a change."""
    found = {
        path: texts({}, MASTER, path)
        for path in (
            "global/jsonout_output",
            "global/smtp_server",
            "global/email_to",
            "global/agents_disconnection_time",
            "global/white_list",
            "remote/connection",
            "indexer/hosts/host",
            "indexer/ssl/certificate_authorities/ca",
            "indexer/ssl/certificate",
            "indexer/ssl/key",
            "vulnerability-detection/enabled",
            "vulnerability-detection/feed-update-interval",
            "sca/enabled",
            "syscheck/disabled",
            "rootcheck/disabled",
            "wodle/disabled",
            "command/name",
            "localfile/location",
            "auth/force/disconnected_time",
            "auth/ssl_manager_cert",
            "cluster/name",
            "cluster/port",
            "cluster/nodes/node",
        )
    }
    assert found == {
        "global/jsonout_output": ["yes"],
        "global/smtp_server": [],
        "global/email_to": [],
        "global/agents_disconnection_time": ["10m"],
        "global/white_list": ["127.0.0.1", "^localhost.localdomain$"],
        "remote/connection": ["secure"],
        "indexer/hosts/host": ["https://wz-indexer.security.svc.cluster.local:9200"],
        "indexer/ssl/certificate_authorities/ca": ["/etc/ssl/wazuh/ca.crt"],
        "indexer/ssl/certificate": ["/etc/ssl/wazuh/tls.crt"],
        "indexer/ssl/key": ["/etc/ssl/wazuh/tls.key"],
        "vulnerability-detection/enabled": ["yes"],
        "vulnerability-detection/feed-update-interval": ["60m"],
        "sca/enabled": ["no"],
        "syscheck/disabled": ["yes"],
        "rootcheck/disabled": ["yes"],
        "wodle/disabled": ["no"],
        "command/name": [
            "disable-account",
            "restart-wazuh",
            "firewall-drop",
            "host-deny",
            "route-null",
            "win_route-null",
            "netsh",
        ],
        "localfile/location": ["/var/ossec/logs/active-responses.log"],
        "auth/force/disconnected_time": ["1h"],
        "auth/ssl_manager_cert": ["etc/sslmanager.cert"],
        "cluster/name": ["wazuh"],
        "cluster/port": ["1516"],
        "cluster/nodes/node": [
            "wz-manager-master-0.wz-manager-master-headless.security.svc.cluster.local"
        ],
    }


def test_the_roles_differ_in_node_type_and_enrolment_alone() -> None:
    """Each node analyses for itself, so the rest must agree."""
    master = ossec_conf(cluster(), MASTER).splitlines()
    worker = ossec_conf(cluster(), WORKER).splitlines()
    differences = [(a, b) for a, b in zip(master, worker, strict=True) if a != b]
    assert differences == [
        ("    <disabled>no</disabled>", "    <disabled>yes</disabled>"),
        ("    <node_type>master</node_type>", "    <node_type>worker</node_type>"),
    ]


@pytest.mark.parametrize(
    ("version", "inventory", "ports", "ioc"),
    [
        ("4.9.0", False, "no", False),
        ("4.10.4", False, "no", False),
        ("4.11.0", False, "no", False),
        ("4.12.0", False, "no", False),
        ("4.13.1", False, "yes", True),
        ("4.14.0", True, "yes", True),
        ("4.14.4", True, "yes", True),
    ],
)
def test_a_version_gets_the_elements_it_knows(
    version: str, ports: str, *, inventory: bool, ioc: bool
) -> None:
    """An unknown element of syscollector, or a list that is not there, stops a manager."""
    root = tree(ossec_conf(cluster({"version": version}), MASTER))
    wodle = root.find("ossec_config/wodle")
    assert wodle is not None
    newer = [wodle.findtext(tag) for tag in ("users", "groups", "services", "browser_extensions")]
    assert newer == (["yes"] * 4 if inventory else [None] * 4)
    assert [element.attrib for element in wodle.findall("ports")] == [{"all": ports}]
    lists = [element.text or "" for element in root.findall("ossec_config/ruleset/list")]
    assert sum("malicious-ioc" in name for name in lists) == (3 if ioc else 0)
    assert len(lists) == (6 if ioc else 3)


@pytest.mark.parametrize("role", MANAGERS)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_text_has_the_form_that_scripts_and_readers_want(version: str, role: Role) -> None:
    """One element a line, one ``cluster`` and one ``auth``, no comment, nothing to decode."""
    text = ossec_conf(cluster({"version": version}), role)
    tag = r"<[a-z_-]+( [a-z]+=\"[a-z]+\")?>"
    line = re.compile(rf" *({tag}|</[a-z_-]+>|{tag}[^<>&\\'\"]+</[a-z_-]+>)")
    assert [each for each in text.splitlines() if line.fullmatch(each) is None] == []
    for section in ("cluster", "auth"):
        assert text.count(f"<{section}>") == text.count(f"</{section}>") == 1
    assert text.count("    <node_name>to_be_replaced_by_hostname</node_name>\n") == 1
    assert text.count("    <key>to_be_replaced_by_cluster_key</key>\n") == 1
    assert text.isascii()
    assert text.endswith("</ossec_config>\n")


@pytest.mark.parametrize("role", MANAGERS)
@pytest.mark.parametrize("of_version", ALL_VERSIONS)
def test_the_independent_checker_accepts_the_default_file(of_version: str, role: Role) -> None:
    """It knows what the readers of each version refuse."""
    text = ossec_conf(cluster({"version": of_version}), role)
    assert problems(text, version(of_version)) == []


@pytest.mark.parametrize("role", MANAGERS)
def test_extra_sections_stand_unchanged_at_the_end_of_their_roles_file(role: Role) -> None:
    """In a block of their own, so that a later section overrides; the other role gets none."""
    extra = "<!-- on -->\n<sca>\n\t<enabled>yes</enabled>\n</sca>\n<rootcheck/>"
    key = "master" if role is MASTER else "workers"
    with_extra = cluster({"manager": {key: {"extraConfig": extra}}})
    other = WORKER if role is MASTER else MASTER
    plain = ossec_conf(cluster(), role)
    assert ossec_conf(with_extra, role) == f"{plain}<ossec_config>\n{extra}\n</ossec_config>\n"
    assert ossec_conf(with_extra, other) == ossec_conf(cluster(), other)


def test_blank_extra_sections_add_no_block() -> None:
    """A template that leaves blanks behind changes nothing."""
    blank = cluster({"manager": {"master": {"extraConfig": " \n"}}})
    assert ossec_conf(blank, MASTER) == ossec_conf(cluster(), MASTER)


@pytest.mark.parametrize(
    ("raw", "path", "expected"),
    [
        (
            {"clusterDomain": "example.org"},
            "cluster/nodes/node",
            "wz-manager-master-0.wz-manager-master-headless.security.svc.example.org",
        ),
        (
            {"indexer": {"service": {"ports": [{"name": "rest", "port": 443}]}}},
            "indexer/hosts/host",
            "https://wz-indexer.security.svc.cluster.local:443",
        ),
    ],
    ids=["clusterDomain", "published port of rest"],
)
def test_addresses_follow_the_spec(raw: Raw, path: str, expected: str) -> None:
    """Names come from where objects are named."""
    assert texts(raw, WORKER, path) == [expected]


def changed(section: str, **fields: str) -> Cluster:
    """Cluster whose ``spec.manager.config.<section>`` went around validation."""
    base = cluster()
    of_config = base.spec.manager.config
    part = getattr(of_config, section).model_copy(update=fields)
    manager = base.spec.manager.model_copy(
        update={"config": of_config.model_copy(update={section: part})}
    )
    return cluster(spec=base.spec.model_copy(update={"manager": manager}))


@pytest.mark.parametrize("role", MANAGERS)
@pytest.mark.parametrize(
    "text",
    [
        "a</smtp_server><smtp_server>b",
        "a\n<auth>",
        "a&amp;b",
        "a\\",
        "a'b",
        'a"b',
        "a\rb",
        "",
    ],
    ids=["element", "line", "entity", "backslash", "quote", "double quote", "return", "empty"],
)
def test_a_text_that_went_around_the_checks_is_never_rendered(text: str, role: Role) -> None:
    """A defect is said as one instead of a file that stops every manager."""
    with pytest.raises(ValueError, match="<smtp_server> would hold"):
        ossec_conf(changed("global_", smtp_server=text), role)
    with pytest.raises(ValueError, match="<ciphers> would hold"):
        ossec_conf(changed("auth", ciphers=text), role)


@pytest.mark.parametrize("role", [Role.INDEXER, Role.DASHBOARD])
def test_other_roles_have_no_such_file(role: Role) -> None:
    """Asking for one is a defect."""
    with pytest.raises(ValueError, match=r"has no ossec\.conf"):
        ossec_conf(cluster(), role)


@pytest.mark.parametrize(
    "options",
    [None, "", "remoted.debug=2", "# a\nremoted.debug=2\nanalysisd.debug=1\n"],
    ids=["absent", "empty", "one line", "several lines"],
)
def test_internal_options_are_always_a_file(options: str | None) -> None:
    """With a comment that says where they come from, and one line break at the end."""
    raw = {} if options is None else config(localInternalOptions=options)
    text = local_internal_options(cluster(raw))
    header, *rest = text.splitlines()
    assert header.startswith("# From spec.manager.config.localInternalOptions")
    assert rest == (options or "").splitlines()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
