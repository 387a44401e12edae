"""When a certificate is renewed, and when a CA must leave a bundle.

Whole seconds throughout: a time with fractions would ask for a sync that comes just too early
and does nothing. The jitter is computed, so every sync and every replica finds the same time.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from app.certificates.issue import BACKDATE
from app.certificates.pem import CertificateFacts

DAY: Final = timedelta(days=1)
#: The part of the window over which renewals are spread.
_SPREAD: Final = 5
_MARGIN_SHARE: Final = 10


def window(certificate: CertificateFacts, threshold: timedelta) -> timedelta:
    """How long before notAfter the renewal may begin, in whole seconds, never negative.

    A third of the lifetime where ``threshold`` leaves nothing of it. The hour by which
    notBefore lies back is no part of that comparison: a threshold of exactly the validity would
    otherwise renew in every sync.
    """
    lifetime = max(certificate.not_after - certificate.not_before, timedelta())
    if threshold < lifetime - BACKDATE:
        return timedelta(seconds=int(threshold.total_seconds()))
    return timedelta(seconds=int(lifetime.total_seconds()) // 3)


@lru_cache(maxsize=4096)
def renewal_time(
    certificate: CertificateFacts, uid: str, secret_name: str, threshold: timedelta
) -> datetime:
    """Moment of the renewal; jitter from the parent's ``uid``, the Secret and the serial."""
    seconds = int(window(certificate, threshold).total_seconds())
    seed = f"{uid}/{secret_name}/{certificate.serial}".encode()
    drawn = int.from_bytes(hashlib.sha256(seed).digest(), "big")
    jitter = drawn % max(seconds // _SPREAD, 1)
    latest = min(int(DAY.total_seconds()), seconds // 2)
    return certificate.not_after - timedelta(seconds=max(seconds - jitter, latest))


def margin(certificate: CertificateFacts) -> timedelta:
    """How long before its end nothing may rest on a certificate: 24 h, or a tenth of its life."""
    lifetime = max(certificate.not_after - certificate.not_before, timedelta())
    tenth = timedelta(seconds=int(lifetime.total_seconds()) // _MARGIN_SHARE)
    return min(DAY, tenth)


def margin_start(certificate: CertificateFacts) -> datetime:
    """When a CA leaves the bundles.

    An expired CA in a bundle stops the start of OpenSearch and every reload.
    """
    return certificate.not_after - margin(certificate)
