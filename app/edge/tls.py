"""The server's side of TLS: one context from files, made anew when the files change.

The kubelet swaps the files of a mounted Secret under a running process, so they are looked at every
few seconds. What cannot be used is never taken over: the context in use stays.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from cryptography import x509

#: Which of the files is meant.
Part = Literal["certificate", "key", "client_ca"]

#: Of TLS 1.2: forward secrecy and authenticated encryption only. Those of TLS 1.3 all have both.
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
#: OpenSSL's reasons that speak of the certificate; any other speaks of the key beside it.
_WEAK: Final = frozenset({"EE_KEY_TOO_SMALL", "CA_KEY_TOO_SMALL", "CA_MD_TOO_WEAK"})


class TlsFileError(Exception):
    """A file cannot be used; ``part`` says which, the text why, without anything of its content."""

    def __init__(self, part: Part, text: str) -> None:
        """``text`` is one of our own, or an error text of the system."""
        super().__init__(text)
        self.part = part
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What was read: the context for new connections and the end of its certificate's validity."""

    context: ssl.SSLContext
    expiry: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Paths of PEM files: the certificate with its chain, its key, and the CAs of clients.

    With ``client_ca`` every client must have a certificate that leads to one of the CAs in it.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None

    def load(self) -> Loaded:
        """Read and check all files. Raises TlsFileError.

        Cost: about a millisecond; private keys are read by OpenSSL, which does not stop to prove
        an RSA key.
        """
        expiry = _expiry(_content("certificate", self.certificate))
        _content("key", self.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_CIPHERS)
        context.set_alpn_protocols(["http/1.1"])
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        context.num_tickets = 0  # the caller keeps its connections and resumes no session
        self._load_pair(context)
        if self.client_ca is not None:
            _require_clients(context, _content("client_ca", self.client_ca))
        return Loaded(context=context, expiry=expiry)

    def stamp(self) -> tuple[tuple[int, ...], ...]:
        """Changes whenever one of the files was written or replaced, through links as well."""
        files = (self.certificate, self.key, self.client_ca)
        return tuple(_stamp(file) for file in files if file is not None)

    def _load_pair(self, context: ssl.SSLContext) -> None:
        """Raises TlsFileError."""
        try:
            # Without a password OpenSSL would ask for one at the terminal.
            context.load_cert_chain(self.certificate, self.key, password=bytes)
        except ssl.SSLError as error:
            if error.reason in _WEAK:
                raise TlsFileError("certificate", "its key or signature is too weak") from None
            if error.reason == "KEY_VALUES_MISMATCH":
                raise TlsFileError("key", "does not belong to the certificate") from None
            raise TlsFileError("key", "holds no usable private key (PEM, unencrypted)") from None
        except OSError as error:
            raise TlsFileError("key", f"cannot be read: {error.strerror}") from None


class ServerTls:
    """The context that new connections use, and its renewal.

    ``on_reload`` is told of each new certificate, ``on_kept`` once of each reason for which changed
    files were not taken over.
    """

    def __init__(
        self,
        files: TlsFiles,
        *,
        on_reload: Callable[[datetime], None],
        on_kept: Callable[[Part, str], None],
    ) -> None:
        """Read ``files``. Raises TlsFileError."""
        self._files = files
        self._on_reload = on_reload
        self._on_kept = on_kept
        self._stamp = files.stamp()
        self._said: tuple[Part, str] | None = None
        loaded = files.load()
        self.context = loaded.context
        self.expiry = loaded.expiry

    @property
    def mutual(self) -> bool:
        """Whether clients must have a certificate."""
        return self.context.verify_mode is ssl.CERT_REQUIRED

    def refresh(self) -> None:
        """Take over changed files; what cannot be used is tried again at each call.

        The stamp is taken before the files are read, so a change in between is seen next time.
        """
        stamp = self._files.stamp()
        if stamp == self._stamp:
            return
        try:
            loaded = self._files.load()
        except TlsFileError as error:
            if self._said != (error.part, error.text):
                self._said = (error.part, error.text)
                self._on_kept(error.part, error.text)
            return
        self.context, self.expiry = loaded.context, loaded.expiry
        self._stamp, self._said = stamp, None
        self._on_reload(loaded.expiry)


def _content(part: Part, path: Path) -> bytes:
    """Raises TlsFileError for what cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsFileError(part, f"cannot be read: {error.strerror}") from None


def _expiry(pem: bytes) -> datetime:
    """End of validity of the first certificate, aware UTC. Raises TlsFileError."""
    try:
        return x509.load_pem_x509_certificates(pem)[0].not_valid_after_utc
    except ValueError:
        raise TlsFileError("certificate", "holds no PEM certificate") from None


def _require_clients(context: ssl.SSLContext, pem: bytes) -> None:
    """Ask each client for a certificate of one of the CAs. Raises TlsFileError.

    Any certificate in the file is an anchor, an intermediate one too: the file is the decision.
    """
    try:
        x509.load_pem_x509_certificates(pem)
        context.load_verify_locations(cadata=pem.decode("ascii"))
    except (ValueError, ssl.SSLError):
        raise TlsFileError("client_ca", "holds no PEM certificate") from None
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_size
