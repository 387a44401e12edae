"""The checker of ossec.conf itself: it must find each fault, and nothing in a sound file."""

from __future__ import annotations

import pytest

from app.versions import WazuhVersion
from tests.ossec_checker import problems

OLDEST = WazuhVersion(4, 9, 0)
NEWEST = WazuhVersion(4, 14, 7)

COMMANDS = "".join(
    f"""  <command>
    <name>{name}</name>
    <executable>{executable}</executable>
  </command>
"""
    for name, executable in (
        ("disable-account", "disable-account"),
        ("restart-wazuh", "restart-wazuh"),
        ("firewall-drop", "firewall-drop"),
        ("host-deny", "host-deny"),
        ("route-null", "route-null"),
        ("win_route-null", "route-null.exe"),
        ("netsh", "netsh.exe"),
    )
)
#: A sound file of 4.9.0, written by hand after the sample of Wazuh's own documentation.
SOUND = f"""<ossec_config>
  <global>
    <jsonout_output>yes</jsonout_output>
    <alerts_log>yes</alerts_log>
    <email_notification>no</email_notification>
    <agents_disconnection_time>10m</agents_disconnection_time>
  </global>
  <alerts>
    <log_alert_level>3</log_alert_level>
    <email_alert_level>12</email_alert_level>
  </alerts>
  <logging>
    <log_format>plain</log_format>
  </logging>
  <remote>
    <connection>secure</connection>
    <port>1514</port>
    <protocol>tcp</protocol>
    <queue_size>131072</queue_size>
  </remote>
  <rootcheck>
    <disabled>yes</disabled>
  </rootcheck>
  <wodle name="syscollector">
    <disabled>no</disabled>
    <interval>1h</interval>
    <packages>yes</packages>
    <ports all="no">yes</ports>
  </wodle>
  <sca>
    <enabled>no</enabled>
  </sca>
  <syscheck>
    <disabled>yes</disabled>
  </syscheck>
  <vulnerability-detection>
    <enabled>yes</enabled>
    <index-status>yes</index-status>
  </vulnerability-detection>
  <indexer>
    <enabled>yes</enabled>
    <hosts>
      <host>https://wz-indexer:9200</host>
    </hosts>
    <ssl>
      <certificate_authorities>
        <ca>/etc/ssl/wazuh/ca.crt</ca>
      </certificate_authorities>
      <certificate>/etc/ssl/wazuh/tls.crt</certificate>
      <key>/etc/ssl/wazuh/tls.key</key>
    </ssl>
  </indexer>
  <global>
    <white_list>127.0.0.1</white_list>
    <white_list>^localhost.localdomain$</white_list>
  </global>
{COMMANDS}  <localfile>
    <log_format>syslog</log_format>
    <location>/var/ossec/logs/active-responses.log</location>
  </localfile>
  <ruleset>
    <decoder_dir>ruleset/decoders</decoder_dir>
    <rule_dir>ruleset/rules</rule_dir>
    <list>etc/lists/audit-keys</list>
    <decoder_dir>etc/decoders</decoder_dir>
    <rule_dir>etc/rules</rule_dir>
  </ruleset>
  <rule_test>
    <enabled>yes</enabled>
  </rule_test>
  <auth>
    <disabled>no</disabled>
    <port>1515</port>
    <force>
      <enabled>yes</enabled>
      <disconnected_time enabled="yes">1h</disconnected_time>
    </force>
    <use_password>no</use_password>
  </auth>
  <cluster>
    <name>wazuh</name>
    <node_name>to_be_replaced_by_hostname</node_name>
    <node_type>master</node_type>
    <key>to_be_replaced_by_cluster_key</key>
    <port>1516</port>
    <nodes>
      <node>wz-manager-master-0.wz-manager-master-headless</node>
    </nodes>
    <hidden>no</hidden>
    <disabled>no</disabled>
  </cluster>
</ossec_config>
"""
MALICIOUS = "".join(
    f"    <list>etc/lists/malicious-ioc/{name}</list>\n"
    for name in ("malicious-ip", "malicious-domains", "malware-hashes")
)
SOUND_NEW = SOUND.replace("  </ruleset>", f"{MALICIOUS}  </ruleset>")


def test_a_sound_file_has_no_problems() -> None:
    """The base of all other cases, for the oldest and the newest version."""
    assert problems(SOUND, OLDEST) == []
    assert problems(SOUND_NEW, NEWEST) == []


CASES = {
    "comment": ("  <sca>", "  <!-- x -->\n  <sca>", "is not one element"),
    "two elements in a line": (
        "<port>1516</port>\n",
        "<port>1516</port><hidden>no</hidden>\n",
        "is not one element",
    ),
    "disabled closes its section": (
        "<disabled>no</disabled>\n  </cluster>",
        "<disabled>no</disabled></cluster>",
        "</disabled> and another end tag in one line",
    ),
    "end tag missing": ("  </sca>\n", "", "not well-formed"),
    "XML declaration": ("<ossec_config>", '<?xml version="1.0"?>\n<ossec_config>', "declaration"),
    "CDATA": ("<interval>1h", "<interval><![CDATA[1h]]>", "CDATA"),
    "backslash before <": ("<interval>1h<", "<interval>1h\\<", "backslash before <"),
    "entity": ("<interval>1h<", "<interval>&amp;<", "holds a character"),
    "quote": ("<interval>1h<", "<interval>'1h'<", "holds a character"),
    "not ASCII": ("<interval>1h<", "<interval>1ü<", "holds a character"),
    "no value": ("<interval>1h</interval>", "<interval> </interval>", "<interval> has no value"),
    "byte order mark": ("<ossec_config>", "\ufeff<ossec_config>", "byte order mark"),
    "other root": ("</ossec_config>\n", "</ossec_config>\n<agent_config/>\n", "<agent_config>"),
    "text between blocks": ("</ossec_config>\n", "</ossec_config>\nx\n", "text outside"),
    "unknown section": ("  <sca>", "  <foo>\n    <a>1</a>\n  </foo>\n  <sca>", "<foo> is not"),
    "anti_tampering too early": (
        "  <sca>",
        "  <anti_tampering>\n    <a>1</a>\n  </anti_tampering>\n  <sca>",
        "<anti_tampering> is not known",
    ),
    "empty section": (
        (
            "  <alerts>\n    <log_alert_level>3</log_alert_level>\n"
            "    <email_alert_level>12</email_alert_level>\n  </alerts>"
        ),
        "  <alerts>\n  </alerts>",
        "<alerts> is empty",
    ),
    "unknown element": ("<hidden>no</hidden>", "<hide>no</hide>", "cluster: <hide> is not known"),
    "unknown element further down": (
        "<ca>/etc/ssl/wazuh/ca.crt</ca>",
        "<cert>x</cert>",
        "indexer/ssl/certificate_authorities: <cert> is not known",
    ),
    "users before 4.14": (
        "<interval>1h</interval>",
        "<interval>1h</interval>\n    <users>yes</users>",
        "wodle: <users> is known from 4.14 on",
    ),
    "malicious lists before 4.13": (
        "  </ruleset>",
        f"{MALICIOUS}  </ruleset>",
        "malicious-ioc lists exist from 4.13 on",
    ),
    "second cluster": (
        "  <sca>",
        "  <cluster>\n    <name>x</name>\n  </cluster>\n  <sca>",
        "<cluster> stands 2 times",
    ),
    "auth in a later block": (
        "</ossec_config>\n",
        "</ossec_config>\n<ossec_config>\n<!-- <auth> -->\n</ossec_config>\n",
        "<auth> stands 2 times",
    ),
    "placeholder missing": (
        "to_be_replaced_by_hostname",
        "node",
        "<node_name>to_be_replaced_by_hostname</node_name> stands 0 times",
    ),
    "placeholder elsewhere": (
        "<interval>1h<",
        "<interval>to_be_replaced_by_hostname<",
        "a placeholder elsewhere",
    ),
    "second remote": (
        "  <sca>",
        "  <remote>\n    <connection>secure</connection>\n  </remote>\n  <sca>",
        "not exactly one secure remote",
    ),
    "queue of 0": ("131072", "0", "remote/queue_size is 0"),
    "queue too long": ("131072", "262145", "remote/queue_size is 262145"),
    "protocol": (">tcp<", ">tcp,udp<", "remote/protocol is tcp,udp"),
    "port 0": ("<port>1515<", "<port>0<", "port 0"),
    "disconnection time 0": (">10m<", ">0m<", "global/agents_disconnection_time is 0m"),
    "no JSON": ("<jsonout_output>yes", "<jsonout_output>no", "global/jsonout_output is not yes"),
    "mail from a file that is not written": (
        "<alerts_log>yes</alerts_log>\n    <email_notification>no",
        "<alerts_log>no</alerts_log>\n    <email_notification>yes",
        "mail is made from alerts.log, which is not written",
    ),
    "mail without a server": (
        "<email_notification>no",
        "<email_notification>yes",
        "mail without global/smtp_server",
    ),
    "alert level": ("<log_alert_level>3", "<log_alert_level>17", "alert level 17"),
    "disconnected_time without its attribute": (
        ' enabled="yes"',
        "",
        "auth/force/disconnected_time without enabled",
    ),
    "neither yes nor no": (
        "<use_password>no",
        "<use_password>false",
        "auth/use_password is false, neither yes nor no",
    ),
    "verify host without CA": (
        "<use_password>no</use_password>",
        "<use_password>no</use_password>\n    <ssl_verify_host>yes</ssl_verify_host>",
        "auth/ssl_verify_host without ssl_agent_ca",
    ),
    "two nodes": ("</node>\n", "</node>\n      <node>b</node>\n", "cluster has 2 nodes"),
    "localhost as node": (
        "wz-manager-master-0.wz-manager-master-headless",
        "localhost",
        "a name that clusterd refuses",
    ),
    "node type": ("<node_type>master", "<node_type>client", "cluster/node_type"),
    "cluster name": ("<name>wazuh<", "<name>my wazuh<", "cluster/name is my wazuh"),
    "cluster port": ("<port>1516<", "<port>1024<", "cluster/port is 1024"),
    "http": ("https://", "http://", "indexer/hosts without an https host"),
    "two CAs": (
        "</ca>\n",
        "</ca>\n        <ca>/etc/other.crt</ca>\n",
        "indexer: 4.9.0 reads exactly one ca",
    ),
    "no key": ("      <key>/etc/ssl/wazuh/tls.key</key>\n", "", "indexer/ssl/key is missing"),
    "old vulnerability detector": (
        "  <sca>",
        (
            "  <vulnerability-detector>\n    <enabled>yes</enabled>\n"
            "  </vulnerability-detector>\n  <sca>"
        ),
        "<vulnerability-detector> is without effect",
    ),
    "a command less": (
        "<name>netsh<",
        "<name>netsh2<",
        "not the seven commands",
    ),
    "ports without all": (' all="no"', "", "syscollector/ports without all"),
    "> in an attribute": ('name="syscollector"', 'name="a>b"', "has > in an attribute"),
    "20480 bytes": ("<interval>1h<", f"<interval>{'x' * 20480}<", "more than 20479 bytes"),
    "no own rules": ("    <rule_dir>etc/rules</rule_dir>\n", "", "ruleset/rule_dir"),
    "no white list": ("127.0.0.1", "127.0.0.2", "localhost is not in the white list"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_fault_is_found(case: tuple[str, str, str]) -> None:
    """One change to the sound file gives the problem it is."""
    old, new, message = case
    assert old in SOUND
    found = problems(SOUND.replace(old, new), OLDEST)
    assert any(message in problem for problem in found), found


def test_lists_of_4_13_must_be_there_from_then_on() -> None:
    """Rules of the image look them up."""
    assert problems(SOUND, NEWEST) == ["0 of 3 malicious-ioc lists"]


def test_a_block_of_the_user_may_hold_what_the_readers_take() -> None:
    """Comments, one-line sections, entities and UTF-8 in a second block are fine."""
    extra = (
        "<ossec_config>\n<!-- mine: ü -->\n<sca><enabled>yes</enabled></sca>\n"
        "<localfile><query>a &lt; b</query></localfile>\n</ossec_config>\n"
    )
    assert problems(SOUND + extra, OLDEST) == []


def test_an_unknown_section_of_the_user_is_found() -> None:
    """Later blocks are read by the same daemons."""
    extra = "<ossec_config>\n<foo><a>1</a></foo>\n<global/>\n</ossec_config>\n"
    assert problems(SOUND + extra, OLDEST) == ["<foo> is not known", "<global> is empty"]


def test_an_empty_text_is_no_file() -> None:
    """Nothing raises on nothing."""
    assert "no block" in problems("", NEWEST)
