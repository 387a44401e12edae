"""What a pod loads of a leaf Secret, and whether one content's peer verifies the other's leaf.

The check is made with the library alone, not with the code under test.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from app.names import CA_CERT, TLS_CERT
from app.secret_data import SecretData


@dataclass(frozen=True, slots=True)
class Content:
    """Leaf and trusted CAs, each in base64 as the Secret carries it."""

    leaf: str
    bundle: str

    def __repr__(self) -> str:
        """Common names, for people."""
        signer = issuer_name(self.leaf)
        return f"(leaf of {signer}, trusts {'+'.join(sorted(common_names(self.bundle)))})"


def content(secret: SecretData) -> Content:
    """What a pod that starts now, or reloads, reads of a Secret."""
    return Content(secret.data.get(TLS_CERT, ""), secret.data.get(CA_CERT, ""))


@lru_cache(maxsize=4096)
def certificates(encoded: str) -> tuple[x509.Certificate, ...]:
    """Certificates of a Secret's value, none if it is empty."""
    if not encoded:
        return ()
    return tuple(x509.load_pem_x509_certificates(base64.b64decode(encoded)))


@lru_cache(maxsize=4096)
def public_keys(encoded: str) -> tuple[bytes, ...]:
    """Key identifier of each certificate of a value, in its order."""
    return tuple(_identifier(one) for one in certificates(encoded))


@lru_cache(maxsize=65536)
def verifies(leaf: str, bundle: str) -> bool:
    """Whether a CA of ``bundle`` has the name and the key that signed ``leaf``.

    Dates play no part: who holds what for how long is a question of its own.
    """
    [found] = certificates(leaf)
    return any(_is_signed_by(found, one) for one in certificates(bundle))


@lru_cache(maxsize=4096)
def authority_key(leaf: str) -> bytes | None:
    """Identifier of the key that a leaf names as its signer's."""
    [found] = certificates(leaf)
    return _authority_key(found)


@lru_cache(maxsize=4096)
def issuer_name(leaf: str) -> str:
    """Common name of a leaf's issuer."""
    [found] = certificates(leaf)
    return _common_name(found.issuer)


@lru_cache(maxsize=4096)
def common_names(bundle: str) -> frozenset[str]:
    """Common names of the CAs of a bundle."""
    return frozenset(_common_name(one.subject) for one in certificates(bundle))


@lru_cache(maxsize=4096)
def _is_signed_by(leaf: x509.Certificate, ca: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(ca)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return _authority_key(leaf) == _identifier(ca)


def _authority_key(leaf: x509.Certificate) -> bytes | None:
    named = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    return named.key_identifier


def _identifier(ca: x509.Certificate) -> bytes:
    return ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def _common_name(name: x509.Name) -> str:
    [found] = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found.value)
