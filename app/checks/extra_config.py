"""Raw sections that a user adds to ossec.conf, checked as Wazuh's own reader would read them.

One section a daemon does not know, one broken tag, and no manager starts; the control script
finds ``<cluster>`` and ``<auth>`` by searching the text, comments included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from app.checks.xml_fragment import Kind, Problem, Token, not_well_formed, tokens
from app.faults import Fault, frozen
from app.versions import WazuhVersion

MAX_BYTES: Final = 65536
#: Wazuh's reader has buffers of 20480 bytes for a name, a text or an attribute's value.
MAX_TEXT_BYTES: Final = 20479
#: It refuses 1024 levels; the block around the sections is one of them.
MAX_DEPTH: Final = 1000
#: Enough to mend a file; more would only fill the status.
MAX_REPORTED: Final = 10

PLACEHOLDERS: Final = ("to_be_replaced_by_hostname", "to_be_replaced_by_cluster_key")

_SECTIONS: Final = frozenset(
    {
        "active-response",
        "agent-upgrade",
        "agentless",
        "alerts",
        "auth",
        "client",
        "client_buffer",
        "cluster",
        "command",
        "database_output",
        "email_alerts",
        "fluent-forward",
        "gcp-bucket",
        "gcp-pubsub",
        "github",
        "global",
        "indexer",
        "integration",
        "labels",
        "localfile",
        "logging",
        "ms-graph",
        "office365",
        "remote",
        "reports",
        "rootcheck",
        "rule_test",
        "ruleset",
        "sca",
        "socket",
        "syscheck",
        "syslog_output",
        "task-manager",
        "vulnerability-detection",
        "vulnerability-detector",
        "wdb",
        "wodle",
    }
)
_MAY_BE_EMPTY: Final = frozenset(
    {"client_buffer", "logging", "rootcheck", "sca", "syscheck", "wodle"}
)
_OURS: Final = {
    name: f"section <{name}> belongs to the operator; use {instead}"
    for name, instead in (
        ("auth", "spec.manager.config.auth"),
        ("cluster", "spec.manager (clusterKeySecretRef, workers.replicas)"),
        ("indexer", "spec.indexer"),
    )
} | {
    "vulnerability-detector": (
        "<vulnerability-detector> has had no effect since Wazuh 4.8; use <vulnerability-detection>"
    )
}
_OURS_IN_TEXT: Final = re.compile(rf"</?\s*({'|'.join(_OURS)})(?=[\s/>])", re.IGNORECASE)

_MARKUP: Final = (
    (re.compile(r"<\?"), "processing instructions and the XML declaration are not read by Wazuh"),
    (re.compile(r"<!\[CDATA\["), "CDATA is not read by Wazuh"),
    (re.compile(r"<!(?!--|\[CDATA\[)"), "DOCTYPE and the like are not read by Wazuh"),
    (re.compile(r"<!--(?:-?>)"), "Wazuh ends this comment at once"),
    (re.compile(r"\\<"), "a backslash directly before < hides the tag from Wazuh"),
)
_ATTRIBUTE: Final = re.compile(r"([^\s=\"'<>/]+)(\s*)=\s*(\"[^\"]*\"|'[^']*')")


@lru_cache(maxsize=64)
def known_sections(version: WazuhVersion) -> frozenset[str]:
    """Top-level sections that the readers of this version know; any other stops the managers."""
    if version.at_least(10):
        return _SECTIONS | {"anti_tampering"}
    return _SECTIONS


def check_extra_config(path: str, text: str, version: WazuhVersion) -> tuple[Fault, ...]:
    """Faults of one ``extraConfig``: all of them, up to ``MAX_REPORTED``; never raises."""
    size = len(text.encode(errors="surrogatepass"))
    if size > MAX_BYTES:
        return (frozen(path, f"has {size} bytes; allowed: at most {MAX_BYTES}"),)
    return tuple(frozen(path, str(problem)) for problem in _problems(text, version))


@lru_cache(maxsize=64)
def _problems(text: str, version: WazuhVersion) -> tuple[Problem, ...]:
    found = set(_in_text(text))
    broken = not_well_formed(text)
    if broken is not None:
        found.add(broken)
    elif not any(pattern.search(text) for pattern, _ in _MARKUP):
        found.update(_in_tokens(text))
        found.update(_in_sections(text, version))
    return tuple(sorted(found)[:MAX_REPORTED])


def _in_text(text: str) -> Iterator[Problem]:
    """What a search finds, whether the text is XML or not."""
    for pattern, message in _MARKUP:
        for match in pattern.finditer(text):
            yield Problem(line=_line(text, match.start()), text=message)
    for match in _OURS_IN_TEXT.finditer(text):
        yield Problem(line=_line(text, match.start()), text=_OURS[match.group(1).lower()])
    for word in PLACEHOLDERS:
        position = text.find(word)
        if position >= 0:
            yield Problem(
                line=_line(text, position),
                text=f"{word} is a word that the image replaces; it must not be used here",
            )


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _in_tokens(text: str) -> Iterator[Problem]:
    """Forms that are XML but break Wazuh's reader."""
    depth = 0
    run = 1  # the line break before the first section
    for token in tokens(text):
        if token.kind is Kind.TEXT:
            run += len(token.raw.encode())
            if run > MAX_TEXT_BYTES:
                yield _too_long(token.line, "a text", run)
            continue
        if token.kind is Kind.COMMENT:
            if "!>" in token.raw:
                yield Problem(line=token.line, text="Wazuh ends a comment at !>")
            continue
        run = 0
        depth += {Kind.OPEN: 1, Kind.CLOSE: -1}.get(token.kind, 0)
        if token.kind is Kind.OPEN and depth == MAX_DEPTH + 1:
            yield Problem(line=token.line, text=f"nested deeper than {MAX_DEPTH} levels")
        yield from _in_tag(token)


def _too_long(line: int, what: str, size: int) -> Problem:
    return Problem(line=line, text=f"{what} of {size} bytes; Wazuh reads at most {MAX_TEXT_BYTES}")


def _in_tag(token: Token) -> Iterator[Problem]:
    if token.kind is Kind.CLOSE:
        if token.raw != f"</{token.name}>":
            yield Problem(line=token.line, text=f"a blank in the end tag </{token.name}>")
        return
    if len(token.name.encode()) > MAX_TEXT_BYTES:
        yield _too_long(token.line, "an element's name", len(token.name.encode()))
    for match in _ATTRIBUTE.finditer(token.raw):
        name, blank, quoted = match.groups()
        if blank:
            yield Problem(line=token.line, text="a blank before = in a tag")
        if ">" in quoted:
            yield Problem(line=token.line, text="> inside the value of an attribute")
        for part in (name, quoted[1:-1]):
            if len(part.encode()) > MAX_TEXT_BYTES:
                yield _too_long(token.line, "an attribute", len(part.encode()))


def _in_sections(text: str, version: WazuhVersion) -> Iterator[Problem]:
    """Faults of the top level, and of ``<remote>``, whose kind decides whether it may be added."""
    depth = 0
    section: list[Token] = []
    for token in tokens(text):
        if depth == 0 and token.kind is Kind.TEXT:
            if token.raw.strip():
                yield Problem(line=token.line, text="text outside a section")
            continue
        if token.kind is Kind.OPEN:
            depth += 1
        elif token.kind is Kind.CLOSE:
            depth -= 1
        section.append(token)
        if depth == 0:
            if token.kind is not Kind.COMMENT:
                yield from _in_section(section, version)
            section = []


def _in_section(section: list[Token], version: WazuhVersion) -> Iterator[Problem]:
    """Faults of one section, given by its tokens from its start tag to its end tag."""
    head = section[0]
    if head.name == "ossec_config":
        yield Problem(line=head.line, text="give the sections only, without <ossec_config>")
        return
    if head.name in _OURS:
        return  # said by the search
    if head.name not in known_sections(version):
        yield Problem(
            line=head.line,
            text=f"section <{_short(head.name)}> is not known to Wazuh {version}: "
            "no manager would start",
        )
        return
    inner = section[1:-1]
    if head.name not in _MAY_BE_EMPTY and not any(
        token.kind in {Kind.OPEN, Kind.EMPTY} for token in inner
    ):
        yield Problem(
            line=head.line, text=f"section <{head.name}> has no element: no manager would start"
        )
    elif head.name == "remote" and _connections(inner) != {"syslog"}:
        yield Problem(
            line=head.line,
            text="<remote> beside the agents' listener needs <connection>syslog</connection>; "
            "a second secure one, or none, is refused by Wazuh",
        )


def _connections(inner: list[Token]) -> set[str]:
    """Texts of all ``<connection>`` elements of a section."""
    return {
        after.raw if after.kind is Kind.TEXT else ""
        for token, after in pairwise(inner)
        if token.kind is Kind.OPEN and token.name.lower() == "connection"
    }


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:40]}…"  # noqa: PLR2004 - what fits a line
