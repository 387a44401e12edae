"""Lines of local_internal_options.conf: one value that is no number stops every daemon."""

from __future__ import annotations

import pytest

from app.checks.local_options import MAX_BYTES, check_local_options

PATH = "spec.manager.config.localInternalOptions"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "# a comment = anything, even \u00fc",
        "analysisd.debug=2",
        "analysisd.debug=2\n",
        "# one\nremoted.verify_msg_id=0\n\nwazuh_modules.max-eps=0001",
        "logcollector.remote_commands=1\n#x",
    ],
)
def test_keys_with_numbers_and_comments_are_accepted(text: str) -> None:
    """Empty lines too."""
    assert check_local_options(PATH, text) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.b=1 ", 'line 1: "1 " is not a number: no manager would start'),
        ("a.b= 1", 'line 1: " 1" is not a number'),
        ("#\n\na.b=", 'line 3: "" is not a number'),
        ("a.b=-1", '"-1" is not a number'),
        ("a.b=1.5", '"1.5" is not a number'),
        ("a.b=0x1", '"0x1" is not a number'),
        ("a.b=\u0663", "is not a number"),
        ("a.b=1\r\n", "is not a number"),
        ("a.b=12345678901", "is not a number"),
        ("a.b=1=2", '"1=2" is not a number'),
        ("a.b=1 # why", "is not a number"),
        ("A.b=1", 'line 1: key "A.b"'),
        (" a.b=1", 'line 1: key " a.b"'),
        ("a b=1", 'line 1: key "a b"'),
        ("=1", 'line 1: key ""'),
        ("analysisd.debug", 'line 1: "analysisd.debug" is neither key=value nor a comment'),
        (" # indented", "neither key=value nor a comment"),
        ("a.b=1\x0b2", "is not a number"),
    ],
)
def test_another_line_is_refused(text: str, message: str) -> None:
    """The message names the line and what stands there."""
    (fault,) = check_local_options(PATH, text)
    assert fault.path == PATH
    assert message in fault.message


def test_every_wrong_line_is_reported_up_to_ten() -> None:
    """All at once, but no more than a status can hold."""
    faults = check_local_options(PATH, "a.b=x\na.c=1\na.d=y")
    assert [fault.message[:6] for fault in faults] == ["line 1", "line 3"]
    assert len(check_local_options(PATH, "a.b=x\n" * 50)) == 10


def test_the_size_is_counted_in_bytes() -> None:
    """Comments may hold more bytes than characters."""
    (fault,) = check_local_options(PATH, "#" + "\u00fc" * 9000)
    assert fault.message == f"has 18001 bytes; allowed: at most {MAX_BYTES}"
    assert check_local_options(PATH, "#" + "x" * (MAX_BYTES - 1)) == ()


def test_a_long_line_is_cut_in_the_message() -> None:
    """The status does not carry a whole file."""
    (fault,) = check_local_options(PATH, "a.b=" + "x" * 5000)
    assert len(fault.message) < 150
