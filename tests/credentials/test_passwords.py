"""Passwords and keys: what is generated, what is usable, and how a password is hashed."""

from __future__ import annotations

import hashlib
import json
import re
import string

import bcrypt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.config.security import BCRYPT
from app.credentials import passwords
from app.entropy import Entropy

SEEDS = st.binary(min_size=32, max_size=32)
CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "._+-")
#: bcrypt's cost makes a hash take a quarter of a second, so few are made.
SAMPLES = [(hashlib.sha256(text.encode()).digest(), text) for text in ("pass-Word.1", "Z" * 64)]


# --- generated ------------------------------------------------------------------------------------
@given(SEEDS)
def test_a_generated_password_satisfies_every_reader(seed: bytes) -> None:
    """24 of the charset, all four classes, the first a letter: no option, no number."""
    text = passwords.password(Entropy(seed), "wz-x/password")
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9._+-]{23}", text)
    assert all(any(character in group for character in text) for group in CLASSES)
    assert passwords.is_password(text)
    assert passwords.is_api_password(text)
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


@given(SEEDS)
def test_generated_keys_have_letters_and_digits_only(seed: bytes) -> None:
    """The cluster key passes sed, the cookie password is long enough for the dashboard."""
    entropy = Entropy(seed)
    assert re.fullmatch(r"[A-Za-z0-9]{32}", passwords.cluster_key(entropy, "a/b"))
    assert passwords.is_cluster_key(passwords.cluster_key(entropy, "a/b"))
    assert re.fullmatch(r"[A-Za-z0-9]{48}", passwords.cookie_password(entropy, "a/b"))
    assert passwords.is_cookie_password(passwords.cookie_password(entropy, "a/b"))


@given(SEEDS)
def test_what_is_drawn_depends_on_seed_and_label_alone(seed: bytes) -> None:
    """Not on the order of draws, so a Secret more or less changes no other one."""
    first, second = Entropy(seed), Entropy(seed)
    one = passwords.password(first, "a/b")
    passwords.cluster_key(second, "x/y")
    assert passwords.password(second, "a/b") == one
    assert passwords.password(second, "a/c") != one
    assert passwords.password(Entropy(hashlib.sha256(seed).digest()), "a/b") != one


@settings(max_examples=20)
@given(SEEDS)
def test_every_character_of_the_charset_is_drawn(seed: bytes) -> None:
    """None is left out, so the strength is what the length promises."""
    entropy = Entropy(seed)
    drawn = "".join(passwords.password(entropy, f"a/{number}") for number in range(200))
    assert set(drawn) == set(string.ascii_letters + string.digits + "._+-")


# --- usable ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "index", "api"),
    [
        pytest.param("", False, False, id="empty"),
        pytest.param("a", False, False, id="one character"),
        pytest.param("abcdefg", False, False, id="seven"),
        pytest.param("abcdefgh", True, False, id="eight, one class"),
        pytest.param("aB3.efgh", True, True, id="eight, all classes"),
        pytest.param("aB3" + "." * 61, True, True, id="sixty-four"),
        pytest.param("aB3" + "." * 62, False, False, id="sixty-five"),
        pytest.param("a" * 4096, False, False, id="four kilobytes"),
        pytest.param("AB3.EFGH", True, False, id="no lower case"),
        pytest.param("ab3.efgh", True, False, id="no upper case"),
        pytest.param("aBc.efgh", True, False, id="no digit"),
        pytest.param("aB3defgh", True, False, id="no symbol"),
        pytest.param("1B3.efgh", True, True, id="first a digit"),
        pytest.param(".B3aefgh", False, False, id="first a symbol"),
        pytest.param("-aB3.efgh", False, False, id="first a hyphen"),
        *[
            pytest.param(f"aB3.ef{character}gh", False, False, id=f"with {character!r}")
            for character in "$&|'\"` \\/:;#%!*?<>(){}[]~^=,@\t\n\rä\x00"
        ],
        pytest.param("aB3.efgh\n", False, False, id="trailing newline"),
    ],
)
def test_which_passwords_are_usable(text: str, index: bool, api: bool) -> None:  # noqa: FBT001
    """Pattern and length of custom-resource 5; the managers' API wants all classes besides."""
    assert (passwords.is_password(text), passwords.is_api_password(text)) == (index, api)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", True),
        ("wazuh-wui", True),
        ("0a.b_c-d", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("-a", False),
        (".a", False),
        ("a b", False),
        ("a+b", False),
        ("a\n", False),
        ("ä", False),
    ],
)
def test_which_user_names_are_usable(text: str, expected: bool) -> None:  # noqa: FBT001
    """As the images take them unquoted."""
    assert passwords.is_user_name(text) is expected
    assert passwords.is_administrator_name(text) is expected


def test_kibanaserver_is_the_dashboards_alone() -> None:
    """Two users of one name would be one, with one of two passwords."""
    assert passwords.is_user_name("kibanaserver")
    assert not passwords.is_administrator_name("kibanaserver")
    assert passwords.is_dashboard_name("kibanaserver")
    assert not passwords.is_dashboard_name("admin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a0Z" + "b" * 29, True),
        ("a" * 31, False),
        ("a" * 33, False),
        ("a" * 31 + "-", False),
        ("a" * 31 + "/", False),
        ("a" * 32 + "\n", False),
        ("", False),
    ],
)
def test_which_cluster_keys_are_usable(text: str, expected: bool) -> None:  # noqa: FBT001
    """Exactly 32 letters and digits: clusterd takes no other form, and sed no slash."""
    assert passwords.is_cluster_key(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a" * 31, False), ("a" * 32, True), ("a" * 128, True), ("a" * 129, False), ("", False)],
)
def test_which_cookie_passwords_are_usable(text: str, expected: bool) -> None:  # noqa: FBT001
    """The dashboard refuses to start with fewer than 32 characters."""
    assert passwords.is_cookie_password(text) is expected


# --- hashed ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("seed", "text"), SAMPLES, ids=["short", "longest"])
def test_a_hash_is_one_of_bcrypt_and_fits_its_password_alone(seed: bytes, text: str) -> None:
    """Cost 12, of the form that OpenSearch reads; the library that checks has a salt of its own."""
    made = passwords.bcrypt_hash(text, Entropy(seed), "wz-x/admin")
    assert BCRYPT.fullmatch(made)
    assert made.startswith("$2b$12$")
    assert bcrypt.checkpw(text.encode(), made.encode())
    assert not bcrypt.checkpw(text[:-1].encode(), made.encode())
    assert bcrypt.hashpw(text.encode(), made.encode()).decode() == made


def test_a_salt_is_a_function_of_seed_and_label() -> None:
    """The same call gives the same bytes; another user or another call another salt."""
    seed, text = SAMPLES[0]
    one, same, other = (
        passwords.bcrypt_hash(text, Entropy(seed), label) for label in ("a/x", "a/x", "a/y")
    )
    assert one == same
    assert one[:29] != other[:29]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(bytes(16), "." * 22, id="zeroes"),
        pytest.param(b"\xff" * 16, "9" * 21 + "u", id="ones"),
        pytest.param(bytes(range(16)), "..CA.uOD/eaGAOmJB.yMBu", id="counting"),
    ],
)
def test_salts_are_written_in_the_base64_of_bcrypt(raw: bytes, expected: str) -> None:
    """Its alphabet begins with ``./``; 128 bits are 22 characters, the last one of two bits."""
    assert passwords._bcrypt_base64(raw) == expected


def test_a_digest_tells_which_password_a_hash_was_made_from() -> None:
    """Keyed by the hash: of no use to somebody who has the digest alone."""
    digest = passwords.password_digest("pass-Word.1", "$2b$12$x")
    assert digest == passwords.password_digest("pass-Word.1", "$2b$12$x")
    assert digest != passwords.password_digest("pass-Word.2", "$2b$12$x")
    assert digest != passwords.password_digest("pass-Word.1", "$2b$12$y")
    assert digest != hashlib.sha256(b"pass-Word.1").hexdigest()
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
