"""The names that an OpenSSL cipher list may hold, and the suites that each selects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from app.checks.cipher_suites import NONE, Suite, suites

_Test = Callable[[Suite], bool]


def _exchange(*kinds: str) -> _Test:
    return lambda suite: suite.exchange in kinds


def _authentication(kind: str) -> _Test:
    return lambda suite: suite.authentication == kind


def _cipher(prefix: str, *modes: str) -> _Test:
    return lambda suite: suite.cipher.startswith(prefix) and (not modes or suite.mode in modes)


def _digest(kind: str) -> _Test:
    return lambda suite: suite.digest == kind


def _protocol_is(kind: str) -> _Test:
    return lambda suite: suite.protocol == kind


def _ephemeral(kind: str) -> _Test:
    return lambda suite: suite.exchange == kind and suite.authentication != NONE


def _anonymous(kind: str) -> _Test:
    return lambda suite: suite.exchange == kind and suite.authentication == NONE


def _encrypts(suite: Suite) -> bool:
    return suite.cipher != NONE


def _is_null(suite: Suite) -> bool:
    return suite.cipher == NONE


def _left_out_of_default(suite: Suite) -> bool:
    """Encrypting suites that DEFAULT leaves out: CCM, ARIA, Camellia, DSS, anonymous."""
    return _encrypts(suite) and (
        suite.mode in {"CCM", "CCM8"}
        or suite.cipher.startswith(("ARIA", "CAMELLIA"))
        or suite.authentication in {"DSS", NONE}
    )


def _approved(suite: Suite) -> bool:
    return (
        suite.cipher.startswith("AES")
        and suite.mode in {"CBC", "GCM"}
        and (suite.exchange != "SRP")
    )


#: Names OpenSSL knows and that select nothing in this build.
_EMPTY_CLASSES: Final = ("LOW", "MEDIUM", "3DES", "RC4", "RC2", "IDEA", "SEED")

_CLASSES: Final[Mapping[str, _Test]] = {
    "ALL": _encrypts,
    "HIGH": _encrypts,
    "COMPLEMENTOFALL": _is_null,
    "COMPLEMENTOFDEFAULT": _left_out_of_default,
    "eNULL": _is_null,
    "NULL": _is_null,
    "aNULL": _authentication(NONE),
    "FIPS": _approved,
    "kRSA": _exchange("RSA"),
    "RSA": lambda suite: suite.exchange == "RSA" and suite.authentication == "RSA",
    "kEDH": _exchange("DH"),
    "kDHE": _exchange("DH"),
    "DH": _exchange("DH"),
    "EDH": _ephemeral("DH"),
    "DHE": _ephemeral("DH"),
    "ADH": _anonymous("DH"),
    "kEECDH": _exchange("ECDH"),
    "kECDHE": _exchange("ECDH"),
    "ECDH": _exchange("ECDH"),
    "EECDH": _ephemeral("ECDH"),
    "ECDHE": _ephemeral("ECDH"),
    "AECDH": _anonymous("ECDH"),
    "kPSK": _exchange("PSK"),
    "kRSAPSK": _exchange("RSAPSK"),
    "kDHEPSK": _exchange("DHEPSK"),
    "kECDHEPSK": _exchange("ECDHEPSK"),
    "PSK": _exchange("PSK", "RSAPSK", "DHEPSK", "ECDHEPSK"),
    "kSRP": _exchange("SRP"),
    "SRP": _exchange("SRP"),
    "aRSA": _authentication("RSA"),
    "aDSS": _authentication("DSS"),
    "DSS": _authentication("DSS"),
    "aECDSA": _authentication("ECDSA"),
    "ECDSA": _authentication("ECDSA"),
    "aPSK": _authentication("PSK"),
    "aSRP": _authentication("SRP"),
    "AES": _cipher("AES"),
    "AES128": _cipher("AES128"),
    "AES256": _cipher("AES256"),
    "AESGCM": _cipher("AES", "GCM"),
    "AESCCM": _cipher("AES", "CCM", "CCM8"),
    "AESCCM8": _cipher("AES", "CCM8"),
    "ARIA": _cipher("ARIA"),
    "ARIAGCM": _cipher("ARIA"),
    "ARIA128": _cipher("ARIA128"),
    "ARIA256": _cipher("ARIA256"),
    "CAMELLIA": _cipher("CAMELLIA"),
    "CAMELLIA128": _cipher("CAMELLIA128"),
    "CAMELLIA256": _cipher("CAMELLIA256"),
    "CHACHA20": _cipher("CHACHA"),
    "CBC": lambda suite: suite.mode == "CBC" and _encrypts(suite),
    "MD5": _digest("MD5"),
    "SHA": _digest("SHA"),
    "SHA1": _digest("SHA"),
    "SHA256": _digest("SHA256"),
    "SHA384": _digest("SHA384"),
    "SSLv3": _protocol_is("SSLv3"),
    "TLSv1": _protocol_is("TLSv1"),
}


@lru_cache(maxsize=1)
def selections() -> Mapping[str, frozenset[str]]:
    """Class or suite name to the names of the suites it selects."""
    every = suites()
    named = {suite.name: frozenset({suite.name}) for suite in every}
    classes = {
        name: frozenset(suite.name for suite in every if test(suite))
        for name, test in _CLASSES.items()
    }
    empty = dict.fromkeys(_EMPTY_CLASSES, frozenset[str]())
    return MappingProxyType(empty | named | classes)
