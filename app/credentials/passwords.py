"""Passwords, keys and user names: how they are generated and which are usable.

The charset passes sed, shell, YAML and JSON unquoted in the images; a leading letter keeps a
password from reading as an option or as a number.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import string
from typing import Final

import bcrypt

from app.entropy import Entropy

_LETTERS: Final = string.ascii_letters
_SYMBOLS: Final = "._+-"
_ALPHABET: Final = _LETTERS + string.digits + _SYMBOLS
_CLASSES: Final = (string.ascii_lowercase, string.ascii_uppercase, string.digits, _SYMBOLS)

GENERATED_LENGTH: Final = 24
COOKIE_LENGTH: Final = 48
CLUSTER_KEY_LENGTH: Final = 32
BCRYPT_COST: Final = 12

PASSWORD_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
USER_NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CLUSTER_KEY_PATTERN: Final = re.compile(r"[A-Za-z0-9]{32}")
PASSWORD_LENGTHS: Final = (8, 64)
COOKIE_PASSWORD_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{31,127}")
#: Account of the dashboard in the index; the plugin has roles for it by this name.
DASHBOARD_USER: Final = "kibanaserver"

# What is allowed, in words for the conditions.
PASSWORD_RULE: Final = "8 to 64 of A-Z a-z 0-9 . _ + -, first a letter or digit"  # noqa: S105
API_PASSWORD_RULE: Final = (
    f"{PASSWORD_RULE}, with a lower-case and an upper-case letter, a digit and one of . _ + -"
)
USER_NAME_RULE: Final = "1 to 64 of A-Z a-z 0-9 . _ -, first a letter or digit"
ADMINISTRATOR_RULE: Final = f"{USER_NAME_RULE}; {DASHBOARD_USER} is reserved for the dashboard"
CLUSTER_KEY_RULE: Final = "32 letters and digits"


def password(entropy: Entropy, label: str) -> str:
    """24 characters with at least one of each class, the first one a letter.

    Drawn again, under another label, until every class is in it: about one draw in four misses
    one, mostly the four symbols, so 64 draws never do.
    """
    for attempt in range(64):
        drawn = f"{label}/{attempt}"
        first = entropy.text(f"{drawn}/first", 1, _LETTERS)
        text = first + entropy.text(drawn, GENERATED_LENGTH - 1, _ALPHABET)
        if all(any(character in group for character in text) for group in _CLASSES):
            return text
    raise AssertionError("unreachable: 64 draws without all classes")


def cookie_password(entropy: Entropy, label: str) -> str:
    """48 letters and digits; the dashboard asks for at least 32 characters."""
    return entropy.text(label, COOKIE_LENGTH, _LETTERS + string.digits)


def cluster_key(entropy: Entropy, label: str) -> str:
    """32 letters and digits: clusterd takes no other form."""
    return entropy.text(label, CLUSTER_KEY_LENGTH, _LETTERS + string.digits)


def is_password(text: str) -> bool:
    """Whether ``text`` is usable as a password of the index or of the enrolment."""
    low, high = PASSWORD_LENGTHS
    return low <= len(text) <= high and PASSWORD_PATTERN.fullmatch(text) is not None


def is_api_password(text: str) -> bool:
    """Whether ``text`` also satisfies the policy of the managers' API."""
    return is_password(text) and all(
        any(character in group for character in text) for group in _CLASSES
    )


def is_user_name(text: str) -> bool:
    """Whether ``text`` is usable as a user name."""
    return USER_NAME_PATTERN.fullmatch(text) is not None


def is_cluster_key(text: str) -> bool:
    """Whether ``text`` is usable as the managers' cluster key."""
    return CLUSTER_KEY_PATTERN.fullmatch(text) is not None


def is_administrator_name(text: str) -> bool:
    """Whether ``text`` is usable as the name of the index's administrator."""
    return is_user_name(text) and text != DASHBOARD_USER


def is_dashboard_name(text: str) -> bool:
    """Whether ``text`` is the account by which the dashboard logs in to the index."""
    return text == DASHBOARD_USER


def is_cookie_password(text: str) -> bool:
    """Whether ``text`` is long enough for the dashboard to encrypt its cookies with."""
    return COOKIE_PASSWORD_PATTERN.fullmatch(text) is not None


_BCRYPT: Final = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits


def bcrypt_hash(text: str, entropy: Entropy, label: str) -> str:
    """Bcrypt hash of cost 12 (about 0.23 s) with a salt from ``entropy``.

    OpenSearch's own tool uses this cost; ``$2b$`` is accepted by its security plugin.
    """
    salt = _bcrypt_base64(entropy.bytes(label, 16))
    return bcrypt.hashpw(text.encode(), f"$2b${BCRYPT_COST}${salt}".encode()).decode("ascii")


def _bcrypt_base64(raw: bytes) -> str:
    """Bcrypt's own base64: another alphabet, no padding."""
    bits = "".join(f"{byte:08b}" for byte in raw)
    bits += "0" * (-len(bits) % 6)
    return "".join(_BCRYPT[int(bits[start : start + 6], 2)] for start in range(0, len(bits), 6))


def password_digest(text: str, hashed: str) -> str:
    """Tells, without bcrypt, whether ``hashed`` was made from ``text``.

    Keyed by the hash, so the digest of a weak password helps nobody who has only the digest.
    """
    return hmac.new(hashed.encode(), text.encode(), hashlib.sha256).hexdigest()
