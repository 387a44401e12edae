"""The XML writer gives what Wazuh's readers read back, or nothing."""

from __future__ import annotations

import pytest

from app.config.xml_text import LONGEST_VALUE, document, leaf, section, wrapped

UNREADABLE = {
    "ampersand": "a&b",
    "start of an element": "a<b",
    "end of an element": "a>b",
    "double quote": 'a"b',
    "single quote": "a'b",
    "backslash": "a\\",
    "line feed": "a\nb",
    "carriage return": "a\rb",
    "tab": "a\tb",
    "null character": "a\x00b",
    "not ASCII": "caf\u00e9",
    "line separator": "a\u2028b",
    "empty": "",
    "longer than the buffer": "a" * (LONGEST_VALUE + 1),
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_text_that_is_not_read_back_as_it_is_raises(text: str) -> None:
    """Neither an element nor an attribute takes such a text, and the error does not repeat it."""
    with pytest.raises(ValueError, match="cannot read back") as in_element:
        leaf("name", text)
    with pytest.raises(ValueError, match="cannot read back"):
        leaf("name", "text", attribute=text)
    if text:
        assert text not in str(in_element.value)


def test_every_other_printable_character_passes_unchanged() -> None:
    """Nothing is escaped, since nothing that needs it gets in."""
    text = "".join(chr(code) for code in range(32, 127) if chr(code) not in "&<>\"'\\")
    assert document("root", leaf("name", text)) == f"<root>\n  <name>{text}</name>\n</root>\n"


def test_the_longest_value_passes() -> None:
    """The bound itself is inside."""
    assert leaf("name", "a" * LONGEST_VALUE).text == "a" * LONGEST_VALUE


def test_an_empty_section_raises() -> None:
    """Wazuh's daemons refuse one."""
    with pytest.raises(ValueError, match="<remote> would be empty"):
        section("remote")


def test_one_element_stands_on_a_line_and_booleans_are_words() -> None:
    """Nesting indents by two blanks, and a document ends with a line break."""
    inner = section("inner", leaf("on", value=True), leaf("off", value=False, kind="a"))
    assert document("root", inner, leaf("number", 7)) == (
        "<root>\n"
        "  <inner>\n"
        "    <on>yes</on>\n"
        '    <off kind="a">no</off>\n'
        "  </inner>\n"
        "  <number>7</number>\n"
        "</root>\n"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("<a>1</a>", "<root>\n<a>1</a>\n</root>\n", id="without a line break"),
        pytest.param("<a>1</a>\n", "<root>\n<a>1</a>\n</root>\n", id="with a line break"),
        pytest.param("\t<a>'</a>\r\n", "<root>\n\t<a>'</a>\r\n</root>\n", id="never reformatted"),
    ],
)
def test_a_users_text_is_wrapped_as_it_is(content: str, expected: str) -> None:
    """Only a missing line break at its end is added."""
    assert wrapped("root", content) == expected
