"""Subjects of our certificates.

Encoded in the order C, (ST,) L, O, OU, CN: OpenSearch compares the reverse of what is encoded.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from app.certificates.pem import Attributes
from app.schema.tls import CertConfig

#: ub-common-name of RFC 5280.
COMMON_NAME_MAX: Final = 64
_HASH_LENGTH: Final = 8

_OIDS: Final = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What all subjects of one cluster share; the common name is added to it."""

    country: str
    state: str | None = None
    locality: str
    organization: str
    organizational_unit: str

    @classmethod
    def of(cls, config: CertConfig) -> Subject:
        """Taken from ``spec.tls.certConfig``."""
        return cls(
            country=config.country,
            state=config.state,
            locality=config.locality,
            organization=config.organization,
            organizational_unit=config.organizational_unit,
        )

    def attributes(self, common_name: str) -> Attributes:
        """Short names and values in the encoded order; ST only where a state is asked for."""
        state = () if self.state is None else (("ST", self.state),)
        return (
            ("C", self.country),
            *state,
            ("L", self.locality),
            ("O", self.organization),
            ("OU", self.organizational_unit),
            ("CN", shortened(common_name)),
        )


def shortened(common_name: str) -> str:
    """``common_name``, cut to 64 characters with a hash of the whole where it is longer."""
    if len(common_name) <= COMMON_NAME_MAX:
        return common_name
    digest = hashlib.sha256(common_name.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{common_name[: COMMON_NAME_MAX - _HASH_LENGTH - 1]}-{digest}"


def x509_name(attributes: Attributes) -> x509.Name:
    """The name to encode. Only for subjects of ours: other attributes raise KeyError."""
    return x509.Name([x509.NameAttribute(_OIDS[name], value) for name, value in attributes])
