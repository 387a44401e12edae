"""TLS of a client: whom it trusts, and what it shows of itself."""

from __future__ import annotations

import ssl
import tempfile


def client_context(
    authority: str | None, pair: tuple[bytes, bytes] | None = None
) -> ssl.SSLContext:
    """Context that trusts ``authority`` (PEM), or the system's roots without one.

    ``pair``: certificate and key, PEM, for mutual TLS. TLS 1.2 is the minimum. ssl.SSLError for
    content that is no PEM.
    """
    context = ssl.create_default_context(cadata=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if pair is not None:
        with tempfile.NamedTemporaryFile() as file:  # the ssl module reads files only
            file.write(b"\n".join(pair))
            file.flush()
            context.load_cert_chain(file.name)
    return context
