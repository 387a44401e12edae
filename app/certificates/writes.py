"""What becomes of one Secret in one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from app.certificates.request import Finding
from app.names import DATA_WRITTEN
from app.result import Reissue
from app.secret_data import SecretData
from app.stamps import TIME_FORMAT, stamped

IMMUTABLE: Final = "SecretImmutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One Secret to emit (None: none) and what there is to say of it.

    ``is_written``: its data is new, or differs from what is observed.
    """

    secret: SecretData | None
    is_written: bool = False
    reissues: tuple[Reissue, ...] = ()
    findings: tuple[Finding, ...] = ()


def changed(
    observed: SecretData,
    data: Mapping[str, str],
    *,
    now: datetime,
    reissues: tuple[Reissue, ...],
    verified: bool = True,
    records: Mapping[str, str] | None = None,
) -> Outcome:
    """``observed`` with other ``data``; keys that others put there are the caller's to keep.

    ``verified``: the keys in ``data`` were checked or made; only then a digest is written that
    spares the next check. ``records``: annotations to write along. A Secret that the API server
    will not change stays as it is and is named.
    """
    if observed.immutable:
        reason = ", ".join(item.reason for item in reissues)
        message = (
            f"Secret {observed.name} is immutable and cannot change ({reason}): replace it by a "
            "copy without `immutable: true` (kubectl get, edit, kubectl replace --force)"
        )
        return Outcome(secret=observed, findings=(Finding(reason=IMMUTABLE, message=message),))
    secret = replace(
        observed,
        data={key: data[key] for key in sorted(data)},
        annotations={**observed.annotations, **(records or {})},
    )
    if verified:
        secret = stamped(secret, observed, now)
    else:
        written = {**secret.annotations, DATA_WRITTEN: now.strftime(TIME_FORMAT)}
        secret = replace(secret, annotations=written)
    return Outcome(secret=secret, is_written=True, reissues=reissues)


def unchanged(observed: SecretData, *, now: datetime, proven: bool, verified: bool) -> Outcome:
    """``observed`` byte for byte; digest and time are written anew where they do not fit."""
    if proven or not verified:
        return Outcome(secret=observed)
    return Outcome(secret=stamped(observed, observed, now))
