"""Describes Secrets instead of showing them, and checks what the description says.

A redactor that blanks hides faults: here a key is said to fit its certificate only after both were
loaded and compared, a chain is verified, and a bcrypt hash is tried with the password it is for.
What cannot be described is an error.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import bcrypt
import yaml
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app import names
from app.secret_data import data_hash

#: Private keys and the certificates they belong to, within one Secret.
KEY_OF: Final = {"tls.key": "tls.crt", "ca.key": "ca.crt", "next.key": "next.crt"}
PLAIN_KEYS: Final = re.compile(r".*username")
PASSWORD_KEYS: Final = re.compile(r".*password|.*cluster-key|authd\.pass|password|key")
GENERATED: Final = re.compile(r"[A-Za-z0-9._+-]{8,64}\n?")
BCRYPT: Final = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
PASSWORD_LINE: Final = re.compile(r"(?m)^\s*(?:- )?password: *(.*)$")
USAGES: Final = {
    ExtendedKeyUsageOID.SERVER_AUTH: "server",
    ExtendedKeyUsageOID.CLIENT_AUTH: "client",
}


class RedactionError(AssertionError):
    """A Secret is not what its description would say."""


class Redactor:
    """Describes the Secrets of one answer or request.

    ``secrets``: every Secret that may explain another (credentials for hashes, the CA for leaves);
    of two with one name the later one counts. ``strict``: a mismatch raises; otherwise it is said
    in the description, for requests that are broken on purpose.
    """

    def __init__(self, secrets: Iterable[Mapping[str, Any]], *, strict: bool = True) -> None:
        """Read the values that may occur in other Secrets."""
        self._strict = strict
        self._secrets = {one["metadata"]["name"]: _values(one) for one in secrets}
        self._known = {
            value.decode().strip(): f"{name}/{key}"
            for name, values in self._secrets.items()
            for key, value in values.items()
            if PASSWORD_KEYS.fullmatch(key) and GENERATED.fullmatch(value.decode("latin-1"))
        }

    @property
    def known_values(self) -> Mapping[str, str]:
        """Passwords and keys in the clear, with the place they stand in: for leak checks."""
        return self._known

    def described(self, secret: Mapping[str, Any]) -> dict[str, Any]:
        """Copy of ``secret`` with its data described and the annotations about it verified."""
        values = _values(secret)
        copy = {key: value for key, value in secret.items() if key != "data"}
        annotations = copy["metadata"].get("annotations")
        if annotations:
            shown = self._annotations(annotations, secret.get("data", {}))
            copy["metadata"] = {**copy["metadata"], "annotations": shown}
        name = secret["metadata"]["name"]
        return {**copy, "data": {key: self._value(name, key, values) for key in sorted(values)}}

    def _annotations(
        self, annotations: Mapping[str, str], data: Mapping[str, str]
    ) -> dict[str, str]:
        shown = dict(annotations)
        if names.DATA_HASH in shown:
            fits = shown[names.DATA_HASH] == data_hash(data)
            shown[names.DATA_HASH] = self._claim(fits, "fits the data", "DOES NOT FIT the data")
        if names.DATA_WRITTEN in shown:
            datetime.fromisoformat(shown[names.DATA_WRITTEN]).astimezone(UTC)
        return shown

    def _value(self, name: str, key: str, values: Mapping[str, bytes]) -> str:
        raw = values[key]
        if b"-----BEGIN CERTIFICATE-----" in raw:
            return self._certificates(name, key, values)
        if b"PRIVATE KEY-----" in raw:
            return self._private_key(key, values)
        if key == "applied-digest":
            return self._applied(values)
        try:
            return self._text(name, key, raw.decode())
        except UnicodeDecodeError as error:
            return self._undescribable(name, key, raw, error)

    def _text(self, name: str, key: str, text: str) -> str:
        if PLAIN_KEYS.fullmatch(key):
            return text
        if key == "password-digests":
            return self._digests(name, text)
        if key.endswith((".yml", ".yaml")) or key == "security-patch.json":
            return self._configuration(name, key, text)
        if PASSWORD_KEYS.fullmatch(key) and GENERATED.fullmatch(text):
            return _characters(text)
        return self._undescribable(name, key, text.encode(), None)

    def _undescribable(self, name: str, key: str, raw: bytes, cause: Exception | None) -> str:
        if self._strict:
            raise RedactionError(f"{name}/{key} is nothing known") from cause
        return f"<{len(raw)} bytes of unknown meaning>"

    def _claim(self, holds: bool, claim: str, denial: str) -> str:  # noqa: FBT001 - the claim itself
        if not holds and self._strict:
            raise RedactionError(f"claimed that it {claim}")
        return f"<{claim if holds else denial}>"

    # --- certificates -----------------------------------------------------------------------
    def _certificates(self, name: str, key: str, values: Mapping[str, bytes]) -> str:
        try:
            found = _certificates(values[key])
        except ValueError as error:
            return self._undescribable(name, key, values[key], error)
        if key == "tls.crt" and not _is_authority(found[0]):
            verified = self._chain(found, values)
            above = "".join(f", {_describe_authority(one)}" for one in found[1:])
            return f"<certificate {describe_certificate(found[0])}{verified}{above}>"
        described = ", ".join(_describe_authority(one) for one in found)
        return f"<{'bundle' if len(found) > 1 else 'CA'} {described}>"

    def _chain(self, found: list[x509.Certificate], values: Mapping[str, bytes]) -> str:
        """Each certificate is signed by the next, the last one by a CA that is trusted."""
        bundle = _certificates(values["ca.crt"]) if "ca.crt" in values else []
        is_whole = all(is_issued_by(one, above) for one, above in pairwise(found))
        if is_whole and any(is_issued_by(found[-1], authority) for authority in bundle):
            return ""
        if self._strict:
            raise RedactionError(f"no CA of ca.crt has signed {_common_name(found[0].subject)}")
        return " NOT VERIFIED by ca.crt"

    def _private_key(self, key: str, values: Mapping[str, bytes]) -> str:
        loaded = load_pem_private_key(values[key], password=None)
        beside = KEY_OF.get(key, key.removesuffix(".key") + ".crt")
        if beside not in values:
            return f"<private key {_algorithm(loaded.public_key())}, no {beside} beside it>"
        certificate = _certificates(values[beside])[0]
        matches = _spki(loaded.public_key()) == _spki(certificate.public_key())
        if not matches and self._strict:
            raise RedactionError(f"{key} does not belong to {beside}")
        return (
            f"<private key {_algorithm(loaded.public_key())}, "
            f"{'matches' if matches else 'DOES NOT MATCH'} {beside}>"
        )

    # --- passwords and configuration ----------------------------------------------------------
    def _digests(self, name: str, text: str) -> str:
        for user, record in json.loads(text).items():
            password = self._password_of(record["hash"])
            if password is None:
                if self._strict:
                    raise RedactionError(f"{name}: the hash of {user} fits no known password")
                return "<digests, one of NO KNOWN PASSWORD>"
            digest = hmac.new(record["hash"].encode(), password.encode(), hashlib.sha256)
            if digest.hexdigest() != record["digest"]:
                raise RedactionError(f"{name}: digest of {user} is of another password")
        return f"<digests of the hashes of {', '.join(sorted(json.loads(text)))}, verified>"

    def _applied(self, values: Mapping[str, bytes]) -> str:
        """While a password changes it is the digest of the patch before."""
        patch = values.get("security-patch.json", b"")
        fits = values["applied-digest"].decode() == hashlib.sha256(patch).hexdigest()
        return f"<digest of {'security-patch.json' if fits else 'another patch'}>"

    def _configuration(self, name: str, key: str, text: str) -> str:
        yaml.safe_load(text)
        shown = BCRYPT.sub(lambda found: self._hash(name, found.group()), text)
        for value in sorted(self._known, key=len, reverse=True):
            shown = shown.replace(value, f"<{self._known[value]}>")
        hidden = [line for line in PASSWORD_LINE.findall(shown) if "<" not in line]
        if hidden and self._strict:
            raise RedactionError(f"{name}/{key} holds a password of unknown origin")
        return PASSWORD_LINE.sub(_hidden_password, shown)

    def _hash(self, name: str, hashed: str) -> str:
        password = self._password_of(hashed)
        if password is not None:
            return f"<bcrypt of {self._known[password]}>"
        if self._strict:
            raise RedactionError(f"{name} holds a hash of no known password")
        return "<bcrypt of NO KNOWN PASSWORD>"

    def _password_of(self, hashed: str) -> str | None:
        # Passwords of the index first: trying one takes a quarter of a second.
        likely = sorted(self._known, key=lambda value: _unlikely_in_index(self._known[value]))
        return next((one for one in likely if fits_bcrypt(one, hashed)), None)


def _unlikely_in_index(place: str) -> bool:
    return re.search(r"-(indexer|dashboard)-credentials/(admin|dashboard)-password", place) is None


@lru_cache(maxsize=1024)
def fits_bcrypt(password: str, hashed: str) -> bool:
    """Whether ``hashed`` was made from ``password``; remembered, for it is slow."""
    return bcrypt.checkpw(password.encode(), hashed.encode())


def describe_certificate(certificate: x509.Certificate) -> str:
    """``CN=… names=[…] issuer=… from=… until=… key=… usage=…`` of a leaf."""
    alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    shown = [str(entry.value) for entry in alternatives.value]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    usages = ",".join(USAGES.get(entry, entry.dotted_string) for entry in usage)
    return (
        f"CN={_common_name(certificate.subject)} names=[{', '.join(shown)}] "
        f"issuer={_common_name(certificate.issuer)} "
        f"from={_time(certificate.not_valid_before_utc)} "
        f"until={_time(certificate.not_valid_after_utc)} "
        f"key={_algorithm(certificate.public_key())} usage={usages}"
    )


def _is_authority(certificate: x509.Certificate) -> bool:
    found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    return found.value.ca


def is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether ``authority`` has signed it and is named by it, key identifiers included."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    names_it = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    itself = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return names_it.key_identifier == itself.digest


def _describe_authority(certificate: x509.Certificate) -> str:
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    kind = "" if constraints.ca else " NOT A CA"
    return (
        f"CN={_common_name(certificate.subject)} "
        f"until={_time(certificate.not_valid_after_utc)} "
        f"key={_algorithm(certificate.public_key())}{kind}"
    )


def _values(secret: Mapping[str, Any]) -> dict[str, bytes]:
    return {
        key: base64.b64decode(value, validate=True) for key, value in secret.get("data", {}).items()
    }


@lru_cache(maxsize=1024)
def _certificates(pem: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem)


def _common_name(name: x509.Name) -> str:
    return str(name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _algorithm(key: object) -> str:
    match key:
        case ec.EllipticCurvePublicKey():
            return {"secp256r1": "p256", "secp384r1": "p384"}.get(key.curve.name, key.curve.name)
        case rsa.RSAPublicKey():
            return f"rsa{key.key_size}"
        case _:
            raise RedactionError(f"a key of type {type(key).__name__} is nothing known")


def _spki(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _characters(text: str) -> str:
    newline = " and a newline" if text.endswith("\n") else ""
    kinds = "" if re.search(r"[._+-]", text) else " letters and digits"
    return f"<{len(text.strip())}{kinds or ' characters'}{newline}>"


def _hidden_password(found: re.Match[str]) -> str:
    line = found.group()
    return line if "<" in line else line.replace(found.group(1), "<password of unknown origin>")
