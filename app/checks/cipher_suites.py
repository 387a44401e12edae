"""The cipher suites of OpenSSL 3.0 up to TLS 1.2.

The enrolment service links that library. Its build knows no suite with export ciphers, DES,
3DES, RC4, RC2, IDEA, SEED or GOST that a list could be left with. TLS 1.3 suites are set by
another call and do not fill a cipher list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

NONE: Final = "None"

#: Prefix of the names, key exchange, authentication, rest of the names.
_FAMILIES: Final = (
    (
        "ECDHE-ECDSA-",
        "ECDH",
        "ECDSA",
        (
            "AES256-GCM-SHA384 CHACHA20-POLY1305 AES256-CCM8 AES256-CCM ARIA256-GCM-SHA384 "
            "AES128-GCM-SHA256 AES128-CCM8 AES128-CCM ARIA128-GCM-SHA256 AES256-SHA384 "
            "CAMELLIA256-SHA384 AES128-SHA256 CAMELLIA128-SHA256 AES256-SHA AES128-SHA NULL-SHA"
        ),
    ),
    (
        "ECDHE-RSA-",
        "ECDH",
        "RSA",
        (
            "AES256-GCM-SHA384 CHACHA20-POLY1305 AES128-GCM-SHA256 AES256-SHA384 "
            "CAMELLIA256-SHA384 AES128-SHA256 CAMELLIA128-SHA256 AES256-SHA AES128-SHA NULL-SHA"
        ),
    ),
    (
        "ECDHE-PSK-",
        "ECDHEPSK",
        "PSK",
        (
            "CHACHA20-POLY1305 AES256-CBC-SHA384 AES256-CBC-SHA CAMELLIA256-SHA384 "
            "AES128-CBC-SHA256 AES128-CBC-SHA CAMELLIA128-SHA256 NULL-SHA384 NULL-SHA256 NULL-SHA"
        ),
    ),
    (
        "ECDHE-",
        "ECDH",
        "RSA",
        "ARIA256-GCM-SHA384 ARIA128-GCM-SHA256",
    ),
    (
        "DHE-RSA-",
        "DH",
        "RSA",
        (
            "AES256-GCM-SHA384 CHACHA20-POLY1305 AES256-CCM8 AES256-CCM ARIA256-GCM-SHA384 "
            "AES128-GCM-SHA256 AES128-CCM8 AES128-CCM ARIA128-GCM-SHA256 AES256-SHA256 "
            "CAMELLIA256-SHA256 AES128-SHA256 CAMELLIA128-SHA256 AES256-SHA CAMELLIA256-SHA "
            "AES128-SHA CAMELLIA128-SHA"
        ),
    ),
    (
        "DHE-DSS-",
        "DH",
        "DSS",
        (
            "AES256-GCM-SHA384 ARIA256-GCM-SHA384 AES128-GCM-SHA256 ARIA128-GCM-SHA256 "
            "AES256-SHA256 CAMELLIA256-SHA256 AES128-SHA256 CAMELLIA128-SHA256 AES256-SHA "
            "CAMELLIA256-SHA AES128-SHA CAMELLIA128-SHA"
        ),
    ),
    (
        "DHE-PSK-",
        "DHEPSK",
        "PSK",
        (
            "AES256-GCM-SHA384 CHACHA20-POLY1305 AES256-CCM8 AES256-CCM ARIA256-GCM-SHA384 "
            "AES128-GCM-SHA256 AES128-CCM8 AES128-CCM ARIA128-GCM-SHA256 AES256-CBC-SHA384 "
            "AES256-CBC-SHA CAMELLIA256-SHA384 AES128-CBC-SHA256 AES128-CBC-SHA "
            "CAMELLIA128-SHA256 NULL-SHA384 NULL-SHA256 NULL-SHA"
        ),
    ),
    (
        "RSA-PSK-",
        "RSAPSK",
        "RSA",
        (
            "AES256-GCM-SHA384 CHACHA20-POLY1305 ARIA256-GCM-SHA384 AES128-GCM-SHA256 "
            "ARIA128-GCM-SHA256 AES256-CBC-SHA384 AES256-CBC-SHA CAMELLIA256-SHA384 "
            "AES128-CBC-SHA256 AES128-CBC-SHA CAMELLIA128-SHA256 NULL-SHA384 NULL-SHA256 NULL-SHA"
        ),
    ),
    (
        "PSK-",
        "PSK",
        "PSK",
        (
            "AES256-GCM-SHA384 CHACHA20-POLY1305 AES256-CCM8 AES256-CCM ARIA256-GCM-SHA384 "
            "AES128-GCM-SHA256 AES128-CCM8 AES128-CCM ARIA128-GCM-SHA256 AES256-CBC-SHA384 "
            "AES256-CBC-SHA CAMELLIA256-SHA384 AES128-CBC-SHA256 AES128-CBC-SHA "
            "CAMELLIA128-SHA256 NULL-SHA384 NULL-SHA256 NULL-SHA"
        ),
    ),
    (
        "ADH-",
        "DH",
        "None",
        (
            "AES256-GCM-SHA384 AES128-GCM-SHA256 AES256-SHA256 CAMELLIA256-SHA256 AES128-SHA256 "
            "CAMELLIA128-SHA256 AES256-SHA CAMELLIA256-SHA AES128-SHA CAMELLIA128-SHA"
        ),
    ),
    (
        "AECDH-",
        "ECDH",
        "None",
        "AES256-SHA AES128-SHA NULL-SHA",
    ),
    (
        "SRP-DSS-",
        "SRP",
        "DSS",
        "AES-256-CBC-SHA AES-128-CBC-SHA",
    ),
    (
        "SRP-RSA-",
        "SRP",
        "RSA",
        "AES-256-CBC-SHA AES-128-CBC-SHA",
    ),
    (
        "SRP-",
        "SRP",
        "SRP",
        "AES-256-CBC-SHA AES-128-CBC-SHA",
    ),
    (
        "",
        "RSA",
        "RSA",
        (
            "AES256-GCM-SHA384 AES256-CCM8 AES256-CCM ARIA256-GCM-SHA384 AES128-GCM-SHA256 "
            "AES128-CCM8 AES128-CCM ARIA128-GCM-SHA256 AES256-SHA256 CAMELLIA256-SHA256 "
            "AES128-SHA256 CAMELLIA128-SHA256 AES256-SHA CAMELLIA256-SHA AES128-SHA "
            "CAMELLIA128-SHA NULL-SHA256 NULL-SHA NULL-MD5"
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One suite: key exchange, authentication, cipher with key size, mode, digest, protocol."""

    name: str
    exchange: str
    authentication: str
    cipher: str
    mode: str
    digest: str
    protocol: str


_CIPHER: Final = re.compile(r"(AES|ARIA|CAMELLIA|CHACHA|NULL)-?(128|256|)")
_MODE: Final = re.compile(r"-(GCM|CCM8|CCM)\b")
_AEAD_MODES: Final = frozenset({"GCM", "CCM", "CCM8", "POLY1305"})


def _protocol(exchange: str, mode: str, digest: str) -> str:
    """Oldest protocol of a suite, which the class names SSLv3 and TLSv1 select by."""
    if mode in _AEAD_MODES:
        return "TLSv1.2"
    if digest.startswith("SHA") and len(digest) > len("SHA"):
        return "TLSv1" if exchange.endswith("PSK") else "TLSv1.2"
    return "TLSv1" if exchange in {"ECDH", "ECDHEPSK"} else "SSLv3"


def _suite(prefix: str, exchange: str, authentication: str, rest: str) -> Suite:
    """Suite of one row, its cipher, mode and digest read from its name."""
    found = _CIPHER.match(rest)
    cipher, bits = found.groups() if found is not None else (NONE, "")
    named = _MODE.search(rest)
    if cipher == "CHACHA":
        mode = "POLY1305"
    elif cipher == "NULL":
        mode = NONE
    else:
        mode = named.group(1) if named is not None else "CBC"
    digest = "AEAD" if mode in _AEAD_MODES else rest.rpartition("-")[2]
    return Suite(
        name=prefix + rest,
        exchange=exchange,
        authentication=authentication,
        cipher=NONE if cipher == "NULL" else cipher + bits,
        mode=mode,
        digest=digest,
        protocol=_protocol(exchange, mode, digest),
    )


@lru_cache(maxsize=1)
def suites() -> tuple[Suite, ...]:
    """All suites."""
    return tuple(
        _suite(prefix, exchange, authentication, rest)
        for prefix, exchange, authentication, names in _FAMILIES
        for rest in names.split()
    )
