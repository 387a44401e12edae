"""A second opinion on whole ossec.conf files: what the daemons of Wazuh would say to them.

It shares no code with the program. Its rules are those of the readers of 4.9.0 to 4.14.7: what
they know, what they refuse, and what the control script finds by searching the text. The first
block is the one that is generated, so it is held to more: one element a line, no comments, plain
values, known elements only. Blocks after it hold sections of a user.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from app.versions import WazuhVersion
from tests.ossec_elements import ANY, ELEMENTS, NAMED_TOGETHER, SECTIONS, Elements

LONGEST: Final = 20479
HOSTNAME: Final = "<node_name>to_be_replaced_by_hostname</node_name>"
KEY: Final = "<key>to_be_replaced_by_cluster_key</key>"
COMMANDS: Final = {
    "disable-account",
    "restart-wazuh",
    "firewall-drop",
    "host-deny",
    "route-null",
    "win_route-null",
    "netsh",
}

_LINE: Final = re.compile(
    r" *(?:</[\w-]+>|<[\w-]+(?: [\w-]+=\"[^\"]*\")*>(?:[^<>]+</[\w-]+>)?)\Z", re.ASCII
)
_PLAIN: Final = re.compile(r"[ -~]*", re.ASCII)
_NOT_PLAIN: Final = frozenset("&<>\"'\\")
_FORBIDDEN: Final = (
    ("<?", "processing instruction or XML declaration"),
    ("<![CDATA[", "CDATA"),
    ("<!DOCTYPE", "DOCTYPE"),
    ("\\<", "backslash before <"),
    ("\ufeff", "byte order mark"),
)


def problems(text: str, version: WazuhVersion) -> list[str]:
    """Everything wrong with a whole ossec.conf for this version, sorted; empty if nothing is."""
    found = [f"{what} in the file" for form, what in _FORBIDDEN if form in text]
    found += _searched(text)
    try:
        file = ET.fromstring(f"<file>{text}</file>")  # noqa: S314 - rendered by the tests
    except ET.ParseError as error:
        return sorted([*found, f"not well-formed: {error}"])
    blocks = list(file)
    if not blocks:
        return sorted([*found, "no block"])
    found += [f"root <{block.tag}>" for block in blocks if block.tag != "ossec_config"]
    if (file.text or "").strip() or any((block.tail or "").strip() for block in blocks):
        found.append("text outside the blocks")
    found += _Generated(block=blocks[0], version=version).problems()
    found += _lines(text.partition("</ossec_config>")[0])
    for block in blocks:
        found += _sections(block, version)
    return sorted(found)


def _searched(text: str) -> Iterator[str]:
    """What ``wazuh-control`` and the image's ``sed`` find without parsing."""
    for name in ("cluster", "auth"):
        for tag in (f"<{name}>", f"</{name}>"):
            if text.count(tag) != 1:
                yield f"{tag} stands {text.count(tag)} times"
    for line in text.splitlines():
        if "</disabled></" in line:
            yield "</disabled> and another end tag in one line"
    for placeholder in (HOSTNAME, KEY):
        if text.count(placeholder) != 1:
            yield f"{placeholder} stands {text.count(placeholder)} times"
    if text.count("to_be_replaced_by_") != len((HOSTNAME, KEY)):
        yield "a placeholder elsewhere"


def _lines(block: str) -> Iterator[str]:
    """Form of the generated block: one element a line, nothing else."""
    for number, line in enumerate(block.splitlines(), start=1):
        if _LINE.match(line) is None:
            yield f"line {number} is not one element: {line[:60]}"


def _sections(block: ET.Element, version: WazuhVersion) -> Iterator[str]:
    """Top level of a block: known sections with something in them; texts that fit a buffer."""
    known = SECTIONS | ({"anti_tampering"} if version.at_least(10) else set())
    for section in block:
        if section.tag not in known:
            yield f"<{section.tag}> is not known"
        if section.tag == "vulnerability-detector":
            yield "<vulnerability-detector> is without effect"
        if len(section) == 0 and section.tag not in {"sca", "syscheck", "rootcheck", "logging"}:
            yield f"<{section.tag}> is empty"
    for element in block.iter():
        values = [element.text or "", *element.attrib.values()]
        if any(len(value.encode()) > LONGEST for value in values):
            yield f"<{element.tag}> holds more than {LONGEST} bytes"
        if any(">" in value for value in element.attrib.values()):
            yield f"<{element.tag}> has > in an attribute"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Generated:
    """The block that the program makes."""

    block: ET.Element
    version: WazuhVersion

    def problems(self) -> Iterator[str]:
        """All rules for a complete file."""
        for section in self.block:
            yield from self._known(section, ELEMENTS.get(section.tag, {}), section.tag)
        yield from self._plain()
        yield from self._present()
        yield from self._global()
        yield from self._remote()
        yield from self._auth()
        yield from self._cluster()
        yield from self._indexer()
        yield from self._inventory()
        yield from self._lists()

    def _known(self, parent: ET.Element, known: Elements, path: str) -> Iterator[str]:
        """Elements that the section's reader knows, in this version, as deep as the table goes."""
        for child in parent:
            if child.tag not in known:
                yield f"{path}: <{child.tag}> is not known"
                continue
            since, below = known[child.tag]
            if not self.version.at_least(since):
                yield f"{path}: <{child.tag}> is known from 4.{since} on"
            if below is not ANY:
                yield from self._known(child, below, f"{path}/{child.tag}")

    def _plain(self) -> Iterator[str]:
        for element in self.block.iter():
            texts = [element.text or "", *element.attrib.values()] if len(element) == 0 else []
            for text in texts:
                if _PLAIN.fullmatch(text) is None or not _NOT_PLAIN.isdisjoint(text):
                    yield f"<{element.tag}> holds a character that a reader changes"
            if len(element) == 0 and not (element.text or "").strip():
                yield f"<{element.tag}> has no value"

    def _values(self, path: str) -> list[str]:
        return [element.text or "" for element in self.block.findall(path)]

    def _yes_or_no(self, *paths: str) -> Iterator[str]:
        for path in paths:
            for value in self._values(path):
                if value not in {"yes", "no"}:
                    yield f"{path} is {value}, neither yes nor no"

    def _present(self) -> Iterator[str]:
        """Sections of a complete file."""
        tags = [section.tag for section in self.block]
        for tag, wanted in NAMED_TOGETHER.items():
            if tags.count(tag) != wanted:
                yield f"<{tag}> stands {tags.count(tag)} times, not {wanted}"
        if set(self._values("command/name")) != COMMANDS:
            yield "not the seven commands"
        yield from self._yes_or_no(
            "sca/enabled", "syscheck/disabled", "rootcheck/disabled", "rule_test/enabled",
            "vulnerability-detection/enabled", "command/timeout_allowed",
        )  # fmt: skip

    def _global(self) -> Iterator[str]:
        if self._values("global/jsonout_output") != ["yes"]:
            yield "global/jsonout_output is not yes"
        if not {"127.0.0.1"} <= set(self._values("global/white_list")):
            yield "localhost is not in the white list"
        for value in self._values("global/agents_disconnection_time"):
            if re.fullmatch(r"0*[1-9][0-9]*[smhdw]?", value) is None:
                yield f"global/agents_disconnection_time is {value}"
        mails = self._values("global/email_notification") == ["yes"]
        from_text = self._values("global/email_log_source") in (["alerts.log"], [])
        if mails and from_text and self._values("global/alerts_log") == ["no"]:
            yield "mail is made from alerts.log, which is not written"
        for name in ("smtp_server", "email_from", "email_to"):
            if mails and not self._values(f"global/{name}"):
                yield f"mail without global/{name}"
        for value in self._values("alerts/log_alert_level") + self._values(
            "alerts/email_alert_level"
        ):
            if not _within(value, 0, 16):
                yield f"alert level {value}"

    def _remote(self) -> Iterator[str]:
        if self._values("remote/connection").count("secure") != 1:
            yield "not exactly one secure remote"
        for value in self._values("remote/queue_size"):
            if not _within(value, 1, 262144):
                yield f"remote/queue_size is {value}"
        for value in self._values("remote/protocol"):
            if value not in {"tcp", "udp"}:
                yield f"remote/protocol is {value}"
        for value in self._values("remote/port") + self._values("auth/port"):
            if not _within(value, 1, 65535):
                yield f"port {value}"

    def _auth(self) -> Iterator[str]:
        yield from self._yes_or_no(
            "auth/disabled", "auth/use_password", "auth/use_source_ip", "auth/purge",
            "auth/ssl_verify_host", "auth/ssl_auto_negotiate", "auth/force/enabled",
            "auth/force/key_mismatch",
        )  # fmt: skip
        for element in self.block.findall("auth/force/disconnected_time"):
            if element.get("enabled") not in {"yes", "no"}:
                yield "auth/force/disconnected_time without enabled: authd is refused"
        if self.block.find("auth/ssl_agent_ca") is None and self._values(
            "auth/ssl_verify_host"
        ) == ["yes"]:
            yield "auth/ssl_verify_host without ssl_agent_ca has no effect"

    def _cluster(self) -> Iterator[str]:
        nodes = self._values("cluster/nodes/node")
        if len(nodes) != 1:
            yield f"cluster has {len(nodes)} nodes"
        if {"localhost", "NODE_IP", "0.0.0.0", "127.0.1.1"} & set(nodes):  # noqa: S104 - refused
            yield "cluster/nodes/node is a name that clusterd refuses"
        if self._values("cluster/node_type") not in (["master"], ["worker"]):
            yield "cluster/node_type"
        for name in self._values("cluster/name"):
            if re.fullmatch(r"[A-Za-z0-9_-]+", name) is None:
                yield f"cluster/name is {name}"
        for value in self._values("cluster/port"):
            if not _within(value, 1025, 65534):
                yield f"cluster/port is {value}"
        yield from self._yes_or_no("cluster/disabled", "cluster/hidden")

    def _indexer(self) -> Iterator[str]:
        hosts = self._values("indexer/hosts/host")
        if not hosts or not all(host.startswith("https://") for host in hosts):
            yield "indexer/hosts without an https host"
        if len(self._values("indexer/ssl/certificate_authorities/ca")) != 1:
            yield "indexer: 4.9.0 reads exactly one ca"
        for name in ("certificate", "key"):
            if len(self._values(f"indexer/ssl/{name}")) != 1:
                yield f"indexer/ssl/{name} is missing"

    def _inventory(self) -> Iterator[str]:
        for wodle in self.block.findall("wodle"):
            if wodle.get("name") != "syscollector":
                yield f"wodle {wodle.get('name')}"
            for ports in wodle.findall("ports"):
                if ports.get("all") not in {"yes", "no"}:
                    yield "syscollector/ports without all"

    def _lists(self) -> Iterator[str]:
        """Lists of the image: a missing file stops analysisd."""
        lists = set(self._values("ruleset/list"))
        newer = {name for name in lists if name.startswith("etc/lists/malicious-ioc/")}
        if newer and not self.version.at_least(13):
            yield "malicious-ioc lists exist from 4.13 on"
        if self.version.at_least(13) and len(newer) != 3:
            yield f"{len(newer)} of 3 malicious-ioc lists"
        if not {"ruleset/decoders", "etc/decoders"} <= set(self._values("ruleset/decoder_dir")):
            yield "ruleset/decoder_dir"
        if not {"ruleset/rules", "etc/rules"} <= set(self._values("ruleset/rule_dir")):
            yield "ruleset/rule_dir"


def _within(text: str, low: int, high: int) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", text) is not None and low <= int(text) <= high
