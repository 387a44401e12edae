"""The YAML writer keeps order and values, and the reader survives any text."""

from __future__ import annotations

import pytest
import yaml

from app.config.yaml_text import Quoted, dump, load


def test_what_is_written_is_read_back_in_the_same_order() -> None:
    """Texts that look like other types are quoted by the writer."""
    document = {
        "zebra": ["no", "1e3", "0x1", "~", "2026-11-24", "a: b", "#", "", " a", "a\nb"],
        "apple": {"yes": True, "number": 1, "text": "caf\u00e9"},
        "${NAME}": "${NAME}",
    }
    assert list(yaml.safe_load(dump(document)).items()) == list(document.items())


def test_a_repeated_value_is_written_twice() -> None:
    """No anchors: a reader of configuration files may not know them."""
    shared = ["a"]
    assert dump({"one": shared, "two": shared}) == "one:\n- a\ntwo:\n- a\n"


def test_a_long_text_stays_on_its_line() -> None:
    """Neither plain nor quoted texts are folded."""
    long = "word " * 200 + "end"
    assert dump({"plain": long, "quoted": Quoted(long)}) == f'plain: {long}\nquoted: "{long}"\n'


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", 'key: "plain"\n'),
        ("12", 'key: "12"\n'),
        ('a"b\\c', 'key: "a\\"b\\\\c"\n'),
        ("a\nb: c", 'key: "a\\nb: c"\n'),
    ],
    ids=["a word", "digits", "quote and backslash", "a line break cannot start a key"],
)
def test_a_quoted_text_always_has_double_quotes(text: str, line: str) -> None:
    """And it is escaped within them."""
    assert dump({"key": Quoted(text)}) == line
    assert yaml.safe_load(line) == {"key": text}


@pytest.mark.parametrize(
    "text",
    ["", "word", "- a", "a: [", "a: b: c", "\x00", "a: *missing", "? [a]\n: b", "[" * 5000],
    ids=[
        "empty",
        "a scalar",
        "a list",
        "cut off",
        "not YAML",
        "a null character",
        "an unknown alias",
        "a list as key",
        "nested too deeply",
    ],
)
def test_a_text_without_a_mapping_is_none(text: str) -> None:
    """An observed ConfigMap may hold anything."""
    assert load(text) is None


def test_all_observed_scalars_are_texts() -> None:
    """No value is turned into a date or a number on the way."""
    assert load("a: 1\nb: 2026-99-99\nc: [yes]\n") == {"a": "1", "b": "2026-99-99", "c": ["yes"]}
