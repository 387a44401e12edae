"""Why a TLS handshake failed, for the log and the metrics: at most once a minute for each reason.

Whoever reaches the port can fail as often as they like, so failures must not fill the log.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from enum import Enum
from typing import Final

_QUIET_SECONDS: Final = 60.0


class Failure(Enum):
    """Reason of a failed handshake; the name is the metric's label, the value the log's text."""

    NO_CERTIFICATE = "the client has sent no certificate"
    OTHER_CA = "the client's certificate is not of an accepted CA"
    EXPIRED = "the client's certificate has expired"
    NOT_YET_VALID = "the client's certificate is not valid yet"
    UNFIT = "the client's certificate is not valid for a client"
    DISTRUSTED = "the client does not trust the certificate of this server"
    PLAIN_HTTP = "plain HTTP on a port that speaks TLS"
    OLD_VERSION = "the client speaks no TLS 1.2 or later"
    NO_CIPHER = "the client has no cipher in common with this server"
    TIMEOUT = "the handshake was not complete in time"
    LEFT = "the client left before the handshake was complete"
    TOO_MANY = "too many connections"
    OTHER = "the client does not speak TLS, or not correctly"


#: X509_V_ERR_… of OpenSSL. Stable numbers: they are part of its interface.
_VERIFY: Final = {
    **dict.fromkeys((2, 18, 19, 20, 21, 24), Failure.OTHER_CA),
    7: Failure.OTHER_CA,  # signed by another key of the same name
    9: Failure.NOT_YET_VALID,
    10: Failure.EXPIRED,
}
#: Reasons of OpenSSL; the alerts are what a client says before it leaves.
_REASONS: Final = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": Failure.NO_CERTIFICATE,
    "HTTP_REQUEST": Failure.PLAIN_HTTP,
    "NO_SHARED_CIPHER": Failure.NO_CIPHER,
    **dict.fromkeys(
        ("UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "TLSV1_ALERT_PROTOCOL_VERSION"),
        Failure.OLD_VERSION,
    ),
    **dict.fromkeys(
        (
            "TLSV1_ALERT_DECRYPT_ERROR",  # its CA has the name of ours, but another key
            "TLSV1_ALERT_UNKNOWN_CA",
            "SSLV3_ALERT_BAD_CERTIFICATE",
            "SSLV3_ALERT_CERTIFICATE_EXPIRED",
            "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
            "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        ),
        Failure.DISTRUSTED,
    ),
}


def failure_of(error: ssl.SSLError) -> Failure:
    """Reason of an error that a handshake ended with."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY.get(error.verify_code, Failure.UNFIT)
    return _REASONS.get(error.reason or "", Failure.OTHER)


class QuietLog:
    """Passes on the first failure of each reason a minute, with the number kept back before it."""

    def __init__(
        self, write: Callable[[Failure, str, int], None], clock: Callable[[], float]
    ) -> None:
        """``write`` takes reason, client and number; ``clock`` gives monotonic seconds."""
        self._write = write
        self._clock = clock
        self._spoken: dict[Failure, float] = {}
        self._kept: dict[Failure, int] = {}

    def failed(self, failure: Failure, client: str) -> None:
        """Log or keep back one failed handshake of ``client`` (an address)."""
        now = self._clock()
        spoken = self._spoken.get(failure)
        if spoken is not None and now - spoken < _QUIET_SECONDS:
            self._kept[failure] = self._kept.get(failure, 0) + 1
            return
        self._spoken[failure] = now
        self._write(failure, client, 1 + self._kept.pop(failure, 0))
