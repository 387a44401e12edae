"""TLS as others speak it: the `openssl` program, and Python's `ssl` over memory."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from app.names import CA_CERT, TLS_CERT, TLS_KEY
from app.secret_data import SecretData


@dataclass(frozen=True, slots=True)
class Files:
    """A leaf Secret as a pod mounts it: one directory."""

    directory: Path

    @property
    def bundle(self) -> Path:
        """Trusted CAs."""
        return self.directory / CA_CERT

    @property
    def leaf(self) -> Path:
        """Certificate."""
        return self.directory / TLS_CERT

    @property
    def key(self) -> Path:
        """Private key."""
        return self.directory / TLS_KEY


def mounted(secret: SecretData, directory: Path) -> Files:
    """Write a Secret's values into a new directory below ``directory``."""
    place = directory / secret.name
    place.mkdir(parents=True)
    for key in secret.data:
        (place / key).write_bytes(secret.value(key) or b"")
    return Files(place)


def verified(leaf: Files, trusting: Files, *options: str, at: int) -> str:
    """What `openssl verify -x509_strict` complains about; empty if it accepts.

    ``at``: seconds since 1970.
    """
    return _openssl(
        "verify",
        "-x509_strict",
        "-no-CApath",
        "-no-CAstore",
        "-attime",
        str(at),
        *options,
        "-CAfile",
        str(trusting.bundle),
        str(leaf.leaf),
    )


def subject(leaf: Path) -> str:
    """The distinguished name in the order of RFC 2253, as OpenSearch compares it."""
    done = subprocess.run(  # noqa: S603 - a program of this test
        [
            "/usr/bin/env",
            "openssl",
            "x509",
            "-noout",
            "-subject",
            "-nameopt",
            "RFC2253",
            "-in",
            leaf,
        ],
        capture_output=True,
        check=True,
        text=True,
        timeout=20,
    )
    return done.stdout.strip().removeprefix("subject=").strip()


def talks(client: Files, server: Files, host: str, *, mutual: bool) -> str:
    """What goes wrong in a handshake of the two; empty if both accept.

    ``host``: name the client asks for. ``mutual``: the server asks for a certificate too.
    """
    client_side, server_side = _client(client, mutual=mutual), _server(server, mutual=mutual)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client_side.wrap_bio(down, up, server_hostname=host),
        server_side.wrap_bio(up, down, server_side=True),
    )
    waiting = set(ends)
    for _ in range(20):
        for end in tuple(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                return f"{'client' if end is ends[0] else 'server'}: {error.reason}"
            waiting.discard(end)
        if not waiting:
            return _exchange(*ends)
    return "no end"


def _exchange(client: ssl.SSLObject, server: ssl.SSLObject) -> str:
    """In TLS 1.3 a client learns only afterwards that its certificate was refused."""
    client.write(b"ping")
    answer = server.read(4)
    server.write(answer)
    try:
        return "" if client.read(4) == b"ping" else "other bytes"
    except ssl.SSLError as error:
        return f"client: {error.reason}"


def _client(files: Files, *, mutual: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _prepare(context, files, with_leaf=mutual)
    context.check_hostname = True
    return context


def _server(files: Files, *, mutual: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _prepare(context, files, with_leaf=True)
    context.verify_mode = ssl.CERT_REQUIRED if mutual else ssl.CERT_NONE
    return context


def _prepare(context: ssl.SSLContext, files: Files, *, with_leaf: bool) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(files.bundle)
    if with_leaf:
        context.load_cert_chain(files.leaf, files.key)


def _openssl(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - a program of this test
        ["/usr/bin/env", "openssl", *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=20,
    )
    return "" if done.returncode == 0 else (done.stderr or done.stdout).strip()
