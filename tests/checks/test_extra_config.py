"""extraConfig: what would stop the managers, with its line, and what must pass."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checks.extra_config import (
    MAX_BYTES,
    MAX_REPORTED,
    check_extra_config,
    known_sections,
)
from app.versions import WazuhVersion

PATH = "spec.manager.master.extraConfig"
OLDEST = WazuhVersion(4, 9, 0)
NEWEST = WazuhVersion(4, 14, 7)


def messages(text: str, version: WazuhVersion = NEWEST) -> list[str]:
    """Messages of the faults, which all stand at one path."""
    faults = check_extra_config(PATH, text, version)
    assert all(fault.path == PATH for fault in faults)
    return [fault.message for fault in faults]


ACCEPTED = {
    "nothing": "",
    "blanks": "  \n\t\n",
    "only a comment": "<!-- nothing yet -->",
    "one section": "<sca>\n  <enabled>yes</enabled>\n</sca>\n",
    "two sections": "<sca><enabled>yes</enabled></sca><global><logall>yes</logall></global>",
    "a wodle with a name": '<wodle name="aws-s3"><disabled>no</disabled></wodle>',
    "single quotes, blanks between attributes": "<wodle  name='x'\n\ty=\"1\" ><a>1</a></wodle>",
    "blank after =": '<wodle name= "x"><a>1</a></wodle>',
    "a second listener for syslog": (
        "<remote>\n  <connection>syslog</connection>\n  <port>514</port>\n</remote>"
    ),
    "a comment before the connection": (
        "<remote><!-- x --><connection>syslog</connection></remote>"
    ),
    "UTF-8": "<localfile><location>/var/log/grüße</location></localfile>",
    "predefined entities": "<localfile><query>a &lt; b &amp; c</query></localfile>",
    "> and quotes in a text": "<localfile><query>a > \"b\" 'c'</query></localfile>",
    "a backslash elsewhere": r"<localfile><location>C:\logs\*.log</location></localfile>",
    "a backslash before a blank": "<localfile><location>C:\\ </location></localfile>",
    "an empty element": "<localfile><location/></localfile>",
    "an empty element with an attribute": '<wodle name="x"><a b="c"/></wodle>',
    "sections that may be empty": "<syscheck/><rootcheck></rootcheck><sca/><client_buffer/>",
    "names that only begin like ours": "<localfile><cluster_name>x</cluster_name></localfile>",
    "authd in a comment": "<!-- authd, see <authority> --><sca/>",
    "carriage returns": "<sca>\r\n  <enabled>yes</enabled>\r\n</sca>\r\n",
    "vulnerability-detection": (
        "<vulnerability-detection><enabled>no</enabled></vulnerability-detection>"
    ),
    "a text just below the buffer": f"<localfile><location>{'x' * 20479}</location></localfile>",
    "an attribute just below the buffer": f'<wodle name="{"x" * 20479}"><a>1</a></wodle>',
    "a long comment": f"<!-- {'x' * 30000} -->",
    "as deep as allowed": f"<localfile>{'<a>' * 999}{'</a>' * 999}</localfile>",
}


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
@pytest.mark.parametrize("version", [OLDEST, NEWEST], ids=str)
def test_what_wazuh_reads_is_accepted(text: str, version: WazuhVersion) -> None:
    """Near misses of the rules pass in the oldest and the newest version."""
    assert messages(text, version) == []


REFUSED = {
    "end tag of another element": ("<sca>\n  <a>\n</b></sca>", "line 3: mismatched tag"),
    "element that is not closed": ("<sca>\n<enabled>", "line 2: mismatched tag"),
    "undefined entity": ("<sca>\n<a>&foo;</a></sca>", "line 2: undefined entity"),
    "bare ampersand": ("<sca><a>b & c</a></sca>", "line 1: not well-formed"),
    "attribute twice": ('<wodle name="x" name="y"/>', "line 1: duplicate attribute"),
    "control character": ("<sca><a>\x01</a></sca>", "line 1: not well-formed"),
    "lone surrogate": ("<sca>\n<a>\ud800</a></sca>", "line 2: a character that UTF-8"),
    "leaving the block": (
        "<sca/>\n</ossec_config><ossec_config><sca/>",
        "line 2: </ossec_config> would end",
    ),
    "the block itself": ("<ossec_config><sca/></ossec_config>", "line 1: give the sections only"),
    "text outside a section": ("<sca/>\nhello", "text outside a section"),
    "byte order mark": ("\ufeff<sca/>", "line 1: text outside a section"),
    "XML declaration": ('<?xml version="1.0"?><sca/>', "processing instructions"),
    "processing instruction": ("<sca/>\n<?php x ?>", "line 2: processing instructions"),
    "CDATA": ("<localfile>\n<a><![CDATA[x]]></a></localfile>", "line 2: CDATA"),
    "DOCTYPE": ("<!DOCTYPE a><sca/>", "line 1: DOCTYPE"),
    "entity declaration": ('<!DOCTYPE a [<!ENTITY b "c">]><sca/>', "line 1: DOCTYPE"),
    "comment that Wazuh ends early": ("<!-- x !> <foo/> -->", "line 1: Wazuh ends a comment at !>"),
    "comment that Wazuh ends at once": ("<!--> <foo/> -->", "line 1: Wazuh ends this comment"),
    "the same with a hyphen": ("<!---> <foo/> -->", "line 1: Wazuh ends this comment"),
    "cluster": ("<sca/>\n<cluster><name>x</name></cluster>", "line 2: section <cluster> belongs"),
    "auth": ("<auth><disabled>no</disabled></auth>", "section <auth> belongs to the operator"),
    "indexer": ("<indexer><enabled>no</enabled></indexer>", "use spec.indexer"),
    "cluster in a comment": ("<sca/>\n<!-- <cluster> -->", "line 2: section <cluster>"),
    "end tag of auth in a comment": ("<!-- </auth> -->", "section <auth>"),
    "auth inside another section": ("<localfile><auth>x</auth></localfile>", "section <auth>"),
    "auth in capitals": ("<!-- <AUTH> -->", "section <auth>"),
    "vulnerability-detector": (
        "<vulnerability-detector><enabled>yes</enabled></vulnerability-detector>",
        "use <vulnerability-detection>",
    ),
    "placeholder of the host name": (
        "<localfile>\n<alias>to_be_replaced_by_hostname</alias></localfile>",
        "line 2: to_be_replaced_by_hostname is a word that the image replaces",
    ),
    "placeholder of the key in a comment": (
        "<!-- to_be_replaced_by_cluster_key -->",
        "to_be_replaced_by_cluster_key is a word",
    ),
    "unknown section": ("<sca/>\n<foo><a/></foo>", "section <foo> is not known to Wazuh 4.14.7"),
    "unknown section of one tag": ("<foo/>", "line 1: section <foo> is not known"),
    "section in capitals": ("<SCA><enabled>yes</enabled></SCA>", "section <SCA> is not known"),
    "empty section": ("<global></global>", "section <global> has no element"),
    "section of one tag": ("<localfile/>", "section <localfile> has no element"),
    "section with text only": ("<global>yes</global>", "section <global> has no element"),
    "section with a comment only": ("<global><!-- x --></global>", "<global> has no element"),
    "second secure remote": (
        "<sca/>\n<remote><connection>secure</connection></remote>",
        "line 2: <remote> beside",
    ),
    "remote without a connection": ("<remote><port>514</port></remote>", "<remote> beside"),
    "remote with two connections": (
        "<remote><connection>syslog</connection><connection>secure</connection></remote>",
        "<remote> beside",
    ),
    "remote with an empty connection": ("<remote><connection/></remote>", "<remote> beside"),
    "text of 20480 bytes": (
        f"<localfile>\n<location>{'x' * 20480}</location></localfile>",
        "line 2: a text of 20480 bytes",
    ),
    "text of 20480 bytes in fewer characters": (
        f"<localfile><location>{'ü' * 10240}</location></localfile>",
        "a text of 20480 bytes",
    ),
    "text around a comment": (
        f"<localfile><location>{'x' * 10240}<!-- -->{'x' * 10240}</location></localfile>",
        "a text of 20480 bytes",
    ),
    "attribute of 20480 bytes": (
        f'<wodle name="{"x" * 20480}"><a>1</a></wodle>',
        "an attribute of 20480 bytes",
    ),
    "> in an attribute": ('<wodle name="a>b"><c>1</c></wodle>', "> inside the value"),
    "blank before =": ('<wodle name ="a"><c>1</c></wodle>', "line 1: a blank before ="),
    "blank in an end tag": ("<sca><enabled>yes</enabled ></sca>", "end tag </enabled>"),
    "line break in an end tag": ("<sca><enabled>yes</enabled\n></sca>", "end tag </enabled>"),
    "backslash before an end tag": ("<localfile><a>C:\\</a></localfile>", "a backslash directly"),
    "backslash before a comment": ("<localfile><a>x\\<!-- --></a></localfile>", "a backslash"),
    "too deep": (f"<localfile>{'<a>' * 1500}{'</a>' * 1500}</localfile>", "nested deeper"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_would_stop_the_managers_is_refused(text: str, message: str) -> None:
    """Each form that breaks a reader of Wazuh, or the control script's search, has a message."""
    assert any(message in found for found in messages(text)), messages(text)


def test_a_section_of_a_later_version_is_refused_before_it() -> None:
    """anti_tampering is known from 4.10 on."""
    text = "<anti_tampering><package_uninstallation>yes</package_uninstallation></anti_tampering>"
    assert messages(text, WazuhVersion(4, 9, 2)) == [
        "line 1: section <anti_tampering> is not known to Wazuh 4.9.2: no manager would start"
    ]
    assert messages(text, WazuhVersion(4, 10, 0)) == []


def test_the_known_sections_grow_by_version() -> None:
    """Every version knows the sections of the one before."""
    assert known_sections(OLDEST) < known_sections(NEWEST)
    assert "wodle" in known_sections(OLDEST)


def test_the_size_is_counted_in_bytes() -> None:
    """40000 characters may be 80000 bytes; the message says how many."""
    text = f"<!-- {'ü' * 40000} -->"
    assert messages(text) == [f"has {len(text.encode())} bytes; allowed: at most {MAX_BYTES}"]


def test_a_text_of_exactly_the_limit_is_accepted() -> None:
    """65536 bytes pass."""
    text = f"<!--{'x' * (MAX_BYTES - 7)}-->"
    assert len(text) == MAX_BYTES
    assert messages(text) == []


def test_several_faults_are_reported_together_by_line() -> None:
    """A user mends a file once."""
    found = messages("<foo/>\n<cluster/>\n<global/>")
    assert [re.match(r"line \d", message).group() for message in found] == [  # type: ignore[union-attr]
        "line 1",
        "line 2",
        "line 3",
    ]


def test_no_more_faults_than_a_status_can_hold_are_reported() -> None:
    """A thousand unknown sections give a bounded list."""
    assert len(messages("<foo/>\n" * 1000)) == MAX_REPORTED


@given(st.text(max_size=300))
def test_arbitrary_text_never_raises(text: str) -> None:
    """Whatever a user pastes, there is an answer."""
    assert all(fault.message for fault in check_extra_config(PATH, text, NEWEST))


PIECES = st.sampled_from(
    ["<", ">", "/", "!", "--", "<!--", "-->", "!>", "\\", '"', "'", "=", " ", "\n", "a", "sca",
     "<sca>", "</sca>", "<auth>", "<remote>", "</remote>", "<![CDATA[", "]]>", "<?", "?>", "&",
     "&lt;", "<a b='c'/>", "</ossec_config>", "<ossec_config>", "\ud800", "\x00", "ü"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
def test_text_that_looks_like_xml_never_raises(text: str) -> None:
    """Tags, quotes and comments in any order give an answer that repeats itself."""
    assert check_extra_config(PATH, text, OLDEST) == check_extra_config(PATH, text, OLDEST)
