"""What is recorded of certificates: leaf Secrets, and the CAs that ``<c>-ca`` holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.certificates.observation import NEXT_CERT, PREVIOUS_CERT, Certificates
from app.certificates.pem import CertificateFacts, is_signed_by, parse_encoded
from app.names import CA_CERT, TLS_CERT
from app.simulation.report.book import Book
from app.simulation.report.life import Cause, Group, Look, Span
from app.simulation.timeline import Timeline, timestamp

#: Digits of a fingerprint that people compare.
_SHORT: Final = 12
_LATER: Final = timedelta(days=1)
_LOOKS: Final = {"next": Look.CHANGING, "active": Look.IN_USE, "previous": Look.IDLE}

Data = Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class _Leaf:
    """A Secret with a certificate as it was seen last; ``is_given``: a person wrote it."""

    certificate: CertificateFacts
    is_given: bool
    bundle: Certificates
    span: Span


@dataclass(slots=True, kw_only=True)
class _Authority:
    """A CA's key as it was seen last; ``role``: next, active or previous."""

    certificate: CertificateFacts
    role: str
    span: Span


class CertificateRecord:
    """Follows the Secrets that hold certificates."""

    __slots__ = ("_authorities", "_book", "_due", "_leaves", "_timeline")

    def __init__(self, timeline: Timeline, book: Book) -> None:
        """Nothing is known yet."""
        self._timeline = timeline
        self._book = book
        self._leaves: dict[str, _Leaf] = {}
        self._authorities: dict[str, _Authority] = {}
        self._due: dict[str, datetime] = {}

    def plan(self, due: Mapping[str, datetime]) -> None:
        """Renewal times that the status gave last, by name of the Secret."""
        self._due = dict(due)

    # --- leaves -----------------------------------------------------------------------
    def leaf(self, name: str, data: Data, *, is_given: bool) -> None:
        """A Secret with a certificate as it is now; people may give a CA in ``ca.crt`` alone."""
        found = parse_encoded(data[TLS_CERT] if TLS_CERT in data else data[CA_CERT])
        before = self._leaves.get(name)
        if found is None:
            if before is not None:
                self.leaf_gone(name, Cause.UNREADABLE)
            return
        lane = self._book.lane(Group.CERTIFICATES, name)
        now, certificate = self._timeline.elapsed, found[0]
        bundle = parse_encoded(data.get(CA_CERT, "")) or ()
        if before is not None and before.certificate == certificate:
            if before.bundle != bundle:
                before.bundle = bundle
                self._book.mark(lane, now, (Cause.BUNDLE,), f"now trusts {_listed(bundle)}")
            return
        if before is not None:
            before.span.end = now
        cause = Cause.GIVEN
        if not is_given:
            cause = self._cause(name, None if before is None else before.certificate, certificate)
        text = _described(certificate, self._issuer(certificate))
        self._book.mark(lane, now, (cause,), text)
        self._validity(Group.CERTIFICATES, name, certificate)
        span = self._book.span(lane, now, Look.IN_USE, "in the Secret", text)
        self._leaves[name] = _Leaf(
            certificate=certificate, is_given=is_given, bundle=bundle, span=span
        )

    def leaf_gone(self, name: str, cause: Cause = Cause.REMOVED) -> None:
        """The Secret was deleted, or holds nothing readable any more."""
        before = self._leaves.pop(name, None)
        if before is not None:
            before.span.end = self._timeline.elapsed
            lane = self._book.lane(Group.CERTIFICATES, name)
            text = "the Secret is gone" if cause is Cause.REMOVED else "no certificate can be read"
            self._book.mark(lane, self._timeline.elapsed, (cause,), text)

    # --- CAs --------------------------------------------------------------------------
    def authority(self, secret: str, data: Data) -> None:
        """``<c>-ca`` as it is now; empty ``data`` when it is deleted."""
        roles = {CA_CERT: "active", NEXT_CERT: "next", PREVIOUS_CERT: "previous"}
        now_there: dict[str, tuple[str, CertificateFacts]] = {}
        for key, role in roles.items():
            for certificate in parse_encoded(data.get(key, "")) or ():
                now_there.setdefault(certificate.spki_fingerprint, (role, certificate))
        for key in [key for key in self._authorities if key not in now_there]:
            self._leave(self._authorities.pop(key))
        for key, (role, certificate) in now_there.items():
            self._authorities[key] = self._seen(
                secret, self._authorities.get(key), role, certificate
            )

    def _leave(self, gone: _Authority) -> None:
        gone.span.end = self._timeline.elapsed
        lane = self._book.lane(Group.AUTHORITY, _name(gone.certificate))
        text = f"it was {gone.role}, and no Secret of the cluster names it any more"
        self._book.mark(lane, self._timeline.elapsed, (Cause.REMOVED,), text)

    def _seen(
        self, secret: str, before: _Authority | None, role: str, certificate: CertificateFacts
    ) -> _Authority:
        name, now = _name(certificate), self._timeline.elapsed
        lane = self._book.lane(Group.AUTHORITY, name)
        if before is None or before.certificate != certificate:
            if any(
                leaf.is_given and leaf.certificate == certificate for leaf in self._leaves.values()
            ):
                cause, text = Cause.GIVEN, "from a Secret of the user"
            elif before is None:
                cause, text = Cause.ISSUED, "a new key"
            else:
                cause, text = self._renewed(secret), "the same key, a new certificate"
            self._book.mark(lane, now, (cause,), f"{text}; {_described(certificate)}")
            self._validity(Group.AUTHORITY, name, certificate)
        if before is not None and before.role == role:
            before.certificate = certificate
            return before
        if before is not None:
            before.span.end = now
        span = self._book.span(lane, now, _LOOKS[role], role, _described(certificate))
        return _Authority(certificate=certificate, role=role, span=span)

    # --- why --------------------------------------------------------------------------
    def _cause(
        self, secret: str, before: CertificateFacts | None, certificate: CertificateFacts
    ) -> Cause:
        if before is None:
            return Cause.ISSUED
        known = [one.certificate for one in self._authorities.values()]
        signers = [_signer(one, known) for one in (before, certificate)]
        if signers[0] != signers[1] or before.issuer != certificate.issuer:
            return Cause.ISSUER
        return self._renewed(secret)

    def _renewed(self, secret: str) -> Cause:
        """By the times that the status gave: all are renewed at once when the first one is due."""
        now = self._timeline.now()
        if self._due.get(secret, now + _LATER) <= now:
            return Cause.DUE
        return (
            Cause.TOGETHER
            if min(self._due.values(), default=now + _LATER) <= now
            else (Cause.REISSUED)
        )

    def _issuer(self, certificate: CertificateFacts) -> str:
        known = [one.certificate for one in self._authorities.values()]
        signer = _signer(certificate, known)
        names = [value for key, value in reversed(certificate.issuer) if key == "CN"]
        return names[0] if signer is None and names else "" if signer is None else _name(signer)

    def _validity(self, group: Group, name: str, certificate: CertificateFacts) -> None:
        start = self._timeline.start
        span = self._book.span(
            self._book.lane(group, name),
            (certificate.not_before - start).total_seconds(),
            Look.VALIDITY,
            "valid",
            f"serial {certificate.serial}",
        )
        span.end = (certificate.not_after - start).total_seconds()


def _signer(
    certificate: CertificateFacts, known: Iterable[CertificateFacts]
) -> CertificateFacts | None:
    return next((one for one in known if is_signed_by(certificate, one)), None)


def _name(certificate: CertificateFacts) -> str:
    """CN of a CA; a subject without one is told by its fingerprint."""
    return certificate.common_name or certificate.fingerprint[:_SHORT]


def _described(certificate: CertificateFacts, issuer: str = "") -> str:
    signed = f", signed by {issuer}" if issuer else ""
    return (
        f"{certificate.common_name or 'no CN'}{signed}, serial {certificate.serial},"
        f" valid until {timestamp(certificate.not_after)},"
        f" SHA-256 {certificate.fingerprint[:_SHORT]}"
    )


def _listed(bundle: Certificates) -> str:
    return ", ".join(f"{_name(one)} ({one.fingerprint[:_SHORT]})" for one in bundle) or "nobody"
