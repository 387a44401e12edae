"""The security plugin's files: from observed passwords, hashed only where one is new."""

from __future__ import annotations

import json
from dataclasses import replace

import bcrypt
import pytest
import yaml

from app.config.security import FILES
from app.credentials import index_security, passwords
from app.credentials.derived import Derived
from app.credentials.index_state import APPLIED_DIGEST, PASSWORD_DIGESTS, SECURITY_PATCH
from app.names import DATA_HASH, DATA_WRITTEN
from app.result import Reissue
from app.secret_data import data_hash
from tests.credentials.cases import (
    CONSOLE,
    INDEXER,
    OTHER,
    SECURITY,
    Case,
    case,
    hashed,
    text,
    third_call,
)
from tests.credentials.world import World, encoded


def test_the_files_hold_the_hashes_of_the_observed_passwords() -> None:
    """Eight files, the digests and the patch, stamped; the Secret is Opaque."""
    made = hashed()
    users = yaml.safe_load(text(made, "internal_users.yml"))
    assert made.data.keys() == FILES | {PASSWORD_DIGESTS, SECURITY_PATCH, APPLIED_DIGEST}
    assert made.type == "Opaque"
    assert made.annotations == {
        DATA_HASH: data_hash(made.data),
        DATA_WRITTEN: "2026-11-24T08:00:00Z",
    }
    secrets = case().world.asked.observed.secrets
    for user, source, key in (
        ("admin", INDEXER, "admin-password"),
        ("kibanaserver", CONSOLE, "dashboard-password"),
    ):
        password = text(secrets[source], key)
        assert bcrypt.checkpw(password.encode(), users[user]["hash"].encode())
        assert password not in "".join(text(made, file) for file in made.data)


def test_a_digest_stands_for_each_password() -> None:
    """So that the next call knows, without bcrypt, that nothing changed."""
    users = yaml.safe_load(text(hashed(), "internal_users.yml"))
    digests = json.loads(text(hashed(), PASSWORD_DIGESTS))
    assert digests.keys() == {"admin", "kibanaserver"}
    for user, record in digests.items():
        assert record.keys() == {"hash", "digest"}
        assert record["hash"] == users[user]["hash"]


@pytest.mark.parametrize("missing", [(INDEXER,), (CONSOLE,), (INDEXER, CONSOLE)])
def test_nothing_is_derived_before_both_passwords_are_observed(missing: tuple[str, ...]) -> None:
    """What this call generates may be refused by the API server."""
    one = case()
    waiting = replace(one, world=one.world.without(*missing))
    assert waiting.security() == Derived(secret=None)
    assert Case(world=World(), raw={}).security() == Derived(secret=None)


def test_observed_files_are_kept_byte_for_byte() -> None:
    """Whatever entropy the call has; no hash is made."""
    assert third_call().security(OTHER) == Derived(secret=hashed())


@pytest.mark.parametrize("missing", [(INDEXER,), (CONSOLE,)])
def test_files_are_kept_when_a_password_is_lost(missing: tuple[str, ...]) -> None:
    """What derives from a lost Secret stays as it is."""
    one = third_call()
    lost = replace(one, world=one.world.without(*missing))
    assert lost.security() == Derived(secret=hashed())


@pytest.mark.parametrize(
    ("source", "values"),
    [
        pytest.param(INDEXER, {"admin_password": "with $ blank"}, id="charset"),
        pytest.param(INDEXER, {"admin_password": "x" * 5000}, id="longer than bcrypt takes"),
        pytest.param(INDEXER, {"admin_password": ""}, id="empty"),
        pytest.param(INDEXER, {"admin_username": "kibanaserver"}, id="one user for two"),
        pytest.param(INDEXER, {"admin_username": "a: b"}, id="no user name"),
        pytest.param(CONSOLE, {"dashboard_username": "admin"}, id="another dashboard user"),
        pytest.param(CONSOLE, {"dashboard_password": "a\x00bcdefgh"}, id="a zero byte"),
    ],
)
def test_nothing_is_derived_from_a_damaged_password(source: str, values: dict[str, str]) -> None:
    """People edit Secrets by hand; a file with such a user would stop the first start."""
    assert third_call().edited(source, **values).security() == Derived(secret=hashed())
    assert case().edited(source, **values).security() == Derived(secret=None)


def test_a_hash_is_made_only_for_the_password_that_is_new() -> None:
    """The other one keeps its salt, keys of others stay, the files follow."""
    one = third_call(data={**hashed().data, "added": "eA=="})
    made = one.edited(INDEXER, admin_password="aB3.efgh-new").security(OTHER)
    assert made.reissue == Reissue(secret=SECURITY, reason="PasswordChanged")
    assert made.secret is not None
    before, after = (
        yaml.safe_load(text(content, "internal_users.yml")) for content in (hashed(), made.secret)
    )
    assert after["kibanaserver"] == before["kibanaserver"]
    assert after["admin"]["hash"] != before["admin"]["hash"]
    assert bcrypt.checkpw(b"aB3.efgh-new", after["admin"]["hash"].encode())
    assert made.secret.data["added"] == "eA=="
    assert made.secret.annotations[DATA_HASH] == data_hash(made.secret.data)


@pytest.mark.parametrize("file", sorted(FILES))
def test_a_file_that_is_missing_comes_back_with_the_same_hashes(file: str) -> None:
    """Nothing is hashed for it."""
    data = {key: value for key, value in hashed().data.items() if key != file}
    made = third_call(data=data).security(OTHER)
    assert made.reissue == Reissue(secret=SECURITY, reason="FilesMissing")
    assert made.secret is not None
    assert made.secret.data == hashed().data


def test_a_file_that_a_person_changed_is_kept() -> None:
    """It is read by the first start alone, and it is theirs since."""
    data = {**hashed().data, **encoded({"roles.yml": "{}"})}
    made = third_call(data=data).security(OTHER)
    assert made.reissue is None
    assert made.secret is not None
    assert made.secret.data == data


@pytest.mark.parametrize(
    "digests",
    [
        pytest.param(None, id="absent"),
        pytest.param("%%%", id="not base64"),
        pytest.param(encoded({"x": "{"})["x"], id="not JSON"),
        pytest.param(encoded({"x": "[1]"})["x"], id="a list"),
        pytest.param(encoded({"x": b"\xff"})["x"], id="not UTF-8"),
        pytest.param(encoded({"x": '{"admin":7,"kibanaserver":{"hash":1}}'})["x"], id="types"),
    ],
)
def test_unreadable_digests_make_new_hashes(digests: str | None) -> None:
    """They cannot tell whether the files fit the passwords."""
    data = {key: value for key, value in hashed().data.items() if key != PASSWORD_DIGESTS}
    if digests is not None:
        data[PASSWORD_DIGESTS] = digests
    one = third_call(data=data)
    observed = one.world.asked.observed.secrets
    credentials = (observed[INDEXER], observed[CONSOLE])
    assert index_security.needs_hashing(observed[SECURITY], credentials)
    made = one.security(OTHER)
    assert made.reissue == Reissue(secret=SECURITY, reason="PasswordChanged")
    assert made.secret is not None
    assert json.loads(text(made.secret, PASSWORD_DIGESTS)).keys() == {"admin", "kibanaserver"}


def test_a_record_that_is_no_bcrypt_hash_is_not_written_into_the_files() -> None:
    """The plugin takes any text for a hash, and locks the user out."""
    secrets = case().world.asked.observed.secrets
    known = {
        "admin": text(secrets[INDEXER], "admin-password"),
        "kibanaserver": text(secrets[CONSOLE], "dashboard-password"),
    }
    forged = {
        user: {"hash": "plain", "digest": passwords.password_digest(word, "plain")}
        for user, word in known.items()
    }
    data = {**hashed().data, **encoded({PASSWORD_DIGESTS: json.dumps(forged)})}
    made = third_call(data=data).security().secret
    assert made is not None
    assert "plain" not in text(made, "internal_users.yml")
