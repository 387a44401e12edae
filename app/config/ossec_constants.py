"""Sections of ossec.conf that no field of a spec changes, only the version.

An element that a version does not know is refused, and then no daemon starts: everything newer
than 4.9.0 is gated.
"""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element

from app.config.xml_text import leaf, section
from app.versions import WazuhVersion

#: Name, executable and whether a time-out may be given, for each stock active response.
_COMMANDS: Final = (
    ("disable-account", "disable-account", True),
    ("restart-wazuh", "restart-wazuh", False),
    ("firewall-drop", "firewall-drop", True),
    ("host-deny", "host-deny", True),
    ("route-null", "route-null", True),
    ("win_route-null", "route-null.exe", True),
    ("netsh", "netsh.exe", True),
)
_LISTS: Final = (
    "etc/lists/audit-keys",
    "etc/lists/amazon/aws-eventnames",
    "etc/lists/security-eventchannel",
)
_LISTS_SINCE_4_13: Final = (
    "etc/lists/malicious-ioc/malicious-ip",
    "etc/lists/malicious-ioc/malicious-domains",
    "etc/lists/malicious-ioc/malware-hashes",
)
_INVENTORY_SINCE_4_14: Final = ("users", "groups", "services", "browser_extensions")


def host_checks(version: WazuhVersion) -> tuple[Element, ...]:
    """Checks of the manager's own container.

    The inventory feeds vulnerability detection; the others would only judge the image, so they
    are off, and present for a later section to turn them on.
    """
    return (
        section("rootcheck", leaf("disabled", value=True)),
        _syscollector(version),
        section(
            "sca",
            leaf("enabled", value=False),
            leaf("scan_on_start", value=True),
            leaf("interval", "12h"),
            leaf("skip_nfs", value=True),
        ),
        section("syscheck", leaf("disabled", value=True)),
    )


def _syscollector(version: WazuhVersion) -> Element:
    newer = _INVENTORY_SINCE_4_14 if version.at_least(14) else ()
    return section(
        "wodle",
        leaf("disabled", value=False),
        leaf("interval", "1h"),
        *(
            leaf(tag, value=True)
            for tag in ("scan_on_start", "hardware", "os", "network", "packages")
        ),
        leaf("ports", value=True, all="yes" if version.at_least(13) else "no"),
        leaf("processes", value=True),
        *(leaf(tag, value=True) for tag in newer),
        name="syscollector",
    )


def vulnerability_detection() -> Element:
    """The module of 4.8 and later, which takes its feed every hour."""
    return section(
        "vulnerability-detection",
        leaf("enabled", value=True),
        leaf("index-status", value=True),
        leaf("feed-update-interval", "60m"),
    )


def white_list() -> Element:
    """Addresses that no active response ever blocks."""
    return section(
        "global",
        leaf("white_list", "127.0.0.1"),
        leaf("white_list", "^localhost.localdomain$"),
    )


def commands() -> tuple[Element, ...]:
    """The seven stock active responses, for rules of the user to call."""
    return tuple(
        section(
            "command",
            leaf("name", name),
            leaf("executable", executable),
            *([leaf("timeout_allowed", value=True)] if has_timeout else []),
        )
        for name, executable, has_timeout in _COMMANDS
    )


def own_log() -> Element:
    """The only log that is read; the stock commands netstat and last are not in the image."""
    return section(
        "localfile",
        leaf("log_format", "syslog"),
        leaf("location", "/var/ossec/logs/active-responses.log"),
    )


def ruleset(version: WazuhVersion) -> Element:
    """Stock rules, then those of the user. A list that does not exist stops analysisd."""
    lists = _LISTS + (_LISTS_SINCE_4_13 if version.at_least(13) else ())
    return section(
        "ruleset",
        leaf("decoder_dir", "ruleset/decoders"),
        leaf("rule_dir", "ruleset/rules"),
        leaf("rule_exclude", "0215-policy_rules.xml"),
        *(leaf("list", name) for name in lists),
        leaf("decoder_dir", "etc/decoders"),
        leaf("rule_dir", "etc/rules"),
    )


def rule_test() -> Element:
    """Test runs of rules by the API and the dashboard."""
    return section(
        "rule_test",
        leaf("enabled", value=True),
        leaf("threads", 1),
        leaf("max_sessions", 64),
        leaf("session_timeout", "15m"),
    )
