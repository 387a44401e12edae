"""The redactor says what is true of a Secret, and refuses to describe what is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any, Final

import bcrypt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app import names
from app.secret_data import data_hash
from tests.cluster_builder import NOW
from tests.redactor import RedactionError, Redactor

PASSWORD: Final = "Abc.1234567890-defghijkl"
OTHER: Final = "Xyz.1234567890-defghijkl"
HASH: Final = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()


def key(number: int) -> ec.EllipticCurvePrivateKey:
    """P-256 key number ``number``, the same in every run."""
    return ec.derive_private_key(number, ec.SECP256R1())


def certificate(
    name: str, own: int, issuer: str, signer: int, *, is_ca: bool = False
) -> x509.Certificate:
    """Certificate of key ``own``, signed by key ``signer``."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key(own).public_key())
        .serial_number(own)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key(signer).public_key()),
            critical=False,
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(key(own).public_key()), critical=False
        )
    )
    if not is_ca:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        alternative = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        builder = builder.add_extension(usage, critical=False)
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(key(signer), hashes.SHA256())


def pem(thing: x509.Certificate | ec.EllipticCurvePrivateKey) -> bytes:
    """PEM text of a certificate or a key."""
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(Encoding.PEM)
    return thing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def secret(name: str, values: dict[str, bytes]) -> dict[str, Any]:
    """Manifest of a Secret with raw ``values``."""
    data = {one: base64.b64encode(value).decode() for one, value in values.items()}
    return {"kind": "Secret", "metadata": {"name": name}, "data": data}


AUTHORITY: Final = certificate("wz-ca", 1, "wz-ca", 1, is_ca=True)
STRANGER: Final = certificate("other-ca", 3, "other-ca", 3, is_ca=True)
LEAF: Final = certificate("wz-indexer", 2, "wz-ca", 1)
GOOD_LEAF: Final = {"ca.crt": pem(AUTHORITY), "tls.crt": pem(LEAF), "tls.key": pem(key(2))}


def described(manifest: dict[str, Any], *others: dict[str, Any], strict: bool = True) -> Any:
    """Described data of ``manifest``, explained by ``others``."""
    return Redactor([*others, manifest], strict=strict).described(manifest)["data"]


def test_a_leaf_is_described_by_what_was_verified() -> None:
    """Names, issuer, end and key, and that key and chain fit."""
    assert described(secret("wz-indexer-certs", GOOD_LEAF)) == {
        "ca.crt": "<CA CN=wz-ca until=2026-11-25T08:00:00Z key=p256>",
        "tls.crt": (
            "<certificate CN=wz-indexer names=[localhost] issuer=wz-ca "
            "from=2026-11-24T08:00:00Z until=2026-11-25T08:00:00Z key=p256 usage=server>"
        ),
        "tls.key": "<private key p256, matches tls.crt>",
    }


WRONG: Final = [
    pytest.param({**GOOD_LEAF, "tls.key": pem(key(9))}, "does not belong", id="key of another"),
    pytest.param({**GOOD_LEAF, "ca.crt": pem(STRANGER)}, "no CA of ca.crt", id="another CA"),
    pytest.param({"ca.crt": pem(AUTHORITY), "ca.key": pem(key(9))}, "ca.key does not", id="CA key"),
    pytest.param({"mystery": b"anything at all"}, "mystery is nothing known", id="unknown key"),
    pytest.param({"mystery": b"\xff\x00"}, "mystery is nothing known", id="no text"),
    pytest.param({"wazuh.yml": b"password: Secret.1"}, "unknown origin", id="unknown password"),
    pytest.param({"internal_users.yml": f"hash: {HASH}".encode()}, "no known", id="hash of nobody"),
]


@pytest.mark.parametrize(("values", "message"), WRONG)
def test_what_is_not_true_is_refused(values: dict[str, bytes], message: str) -> None:
    """A wrong Secret in an answer fails the golden instead of being blanked."""
    with pytest.raises(RedactionError, match=message):
        described(secret("wz-x", values))


@pytest.mark.parametrize(("values", "message"), WRONG)
def test_a_request_may_be_broken_but_says_so(values: dict[str, bytes], message: str) -> None:
    """Without strictness every wrong Secret is described, and none shows a value."""
    shown = described(secret("wz-x", values), strict=False)
    assert shown.keys() == values.keys()
    assert "Secret.1" not in json.dumps(shown)


def test_passwords_are_counted_not_shown() -> None:
    """User names are no secrets; a password of another form would not be described."""
    values = {"admin-username": b"admin", "admin-password": PASSWORD.encode()}
    assert described(secret("wz-indexer-credentials", values)) == {
        "admin-username": "admin",
        "admin-password": "<24 characters>",
    }


def test_hashes_and_digests_are_tried_with_the_passwords_they_are_of() -> None:
    """The security files name the credential that each hash was made from."""
    credentials = secret("wz-indexer-credentials", {"admin-password": PASSWORD.encode()})
    digest = hmac.new(HASH.encode(), PASSWORD.encode(), hashlib.sha256).hexdigest()
    values = {
        "internal_users.yml": f'admin:\n  hash: "{HASH}"\n'.encode(),
        "password-digests": json.dumps({"admin": {"hash": HASH, "digest": digest}}).encode(),
    }
    assert described(secret("wz-indexer-security", values), credentials) == {
        "internal_users.yml": (
            'admin:\n  hash: "<bcrypt of wz-indexer-credentials/admin-password>"\n'
        ),
        "password-digests": "<digests of the hashes of admin, verified>",
    }


def test_a_digest_of_another_password_is_refused() -> None:
    """The digest decides whether a hash is made anew, so it must be of the hash's password."""
    credentials = secret("wz-indexer-credentials", {"admin-password": PASSWORD.encode()})
    digest = hmac.new(HASH.encode(), OTHER.encode(), hashlib.sha256).hexdigest()
    values = {"password-digests": json.dumps({"admin": {"hash": HASH, "digest": digest}}).encode()}
    with pytest.raises(RedactionError, match="of another password"):
        described(secret("wz-indexer-security", values), credentials)


def test_known_passwords_in_configuration_are_named_by_their_place() -> None:
    """wazuh.yml holds passwords of the managers' API."""
    credentials = secret("wz-api-credentials", {"api-password": PASSWORD.encode()})
    values = {"wazuh.yml": f"hosts:\n- default:\n    password: {PASSWORD}\n".encode()}
    shown = described(secret("wz-dashboard-wazuh", values), credentials)
    assert shown == {
        "wazuh.yml": "hosts:\n- default:\n    password: <wz-api-credentials/api-password>\n"
    }


def test_a_data_hash_must_fit_the_data() -> None:
    """The annotation decides what is checked again, so a wrong one is a fault."""
    manifest = secret("wz-cluster-key", {"cluster-key": b"0123456789abcdef0123456789ABCDEF"})
    annotations = {names.DATA_HASH: data_hash(manifest["data"])}
    manifest["metadata"]["annotations"] = annotations
    shown = Redactor([manifest]).described(manifest)
    assert shown["metadata"]["annotations"] == {names.DATA_HASH: "<fits the data>"}
    annotations[names.DATA_HASH] = "0" * 64
    with pytest.raises(RedactionError, match="fits the data"):
        Redactor([manifest]).described(manifest)
