"""The user's Secrets: usable, or waited for with a message that never shows a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from app.cluster import SecretKey
from app.credentials import access, user_secrets
from app.credentials.user_secrets import Lookup
from app.faults import Effect, Fault, Reason
from app.names import Names
from tests.certificates.scenario import other_signer
from tests.clusters import spec as spec_of
from tests.credentials.world import NAMES, World, secret

PATH: Final = "spec.some.field"
PASSWORD: Final = "aB3.efgh"
KEY: Final = "a0Z" + "b" * 29
LOOKUPS: Final = {
    "user name": (user_secrets.user_name, "wazuh-wui"),
    "administrator": (user_secrets.administrator_name, "root"),
    "password": (user_secrets.password, PASSWORD),
    "API password": (user_secrets.api_password, PASSWORD),
    "cluster key": (user_secrets.cluster_key, KEY),
}


def looked_up(kind: str, values: Mapping[str, str | bytes] | None) -> Lookup:
    """``key`` of the user's Secret ``mine``; None where that does not exist."""
    related = () if values is None else (secret("mine", values),)
    call, _ = LOOKUPS[kind]
    return call(World(related=related).asked.observed, PATH, "mine", "key")


@pytest.mark.parametrize("kind", LOOKUPS)
@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_usable_value_is_found(kind: str, ending: str) -> None:
    """One trailing newline is cut off: a common mistake with files."""
    _, value = LOOKUPS[kind]
    found = looked_up(kind, {"key": value + ending})
    assert (found.secret, found.key, found.text, found.fault) == ("mine", "key", value, None)


@pytest.mark.parametrize("kind", LOOKUPS)
@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param(None, 'Secret "mine" does not exist in this namespace', id="missing Secret"),
        pytest.param({"k": "v"}, 'Secret "mine" has no key "key"', id="missing key"),
    ],
)
def test_what_does_not_exist_is_waited_for(
    kind: str, values: Mapping[str, str | bytes] | None, message: str
) -> None:
    """SecretNotFound, with the name of what is looked for."""
    found = looked_up(kind, values)
    fault = Fault(path=PATH, message=message, effect=Effect.WAITS, reason=Reason.SECRET_NOT_FOUND)
    assert (found.text, found.fault) == (None, fault)


@pytest.mark.parametrize("kind", LOOKUPS)
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="empty"),
        pytest.param("QxZ" * 1400, id="four kilobytes"),
        pytest.param(b"QxZ3.\xff\xfe\x80", id="not UTF-8"),
        pytest.param("\xfcQxZ3.abc", id="UTF-8 beyond ASCII"),
        pytest.param("QxZ3.abc\n\n", id="two newlines"),
        pytest.param("QxZ3.\nabc", id="a newline inside"),
        pytest.param("QxZ3.abc\r", id="a carriage return"),
        pytest.param("QxZ3.abc ", id="a trailing blank"),
        pytest.param("-QxZ3.abc", id="first a hyphen"),
        *[
            pytest.param(f"QxZ3.{character}abc", id=f"with {character!r}")
            for character in "$&|'\"` /\\"
        ],
    ],
)
def test_what_no_image_takes_is_waited_for(kind: str, value: str | bytes) -> None:
    """SecretUnusable, with what is allowed, and without the value."""
    found = looked_up(kind, {"key": value})
    assert found.text is None
    assert found.fault is not None
    assert (found.fault.path, found.fault.effect) == (PATH, Effect.WAITS)
    assert found.fault.reason is Reason.SECRET_UNUSABLE
    assert found.fault.message.startswith('key "key" of Secret "mine": allowed: ')
    assert found.fault.message.endswith("(the value is not shown)")
    assert "QxZ" not in str(found.fault)
    assert "QxZ" not in repr(found)


@pytest.mark.parametrize(
    ("kind", "value", "rule"),
    [
        ("administrator", "kibanaserver", "kibanaserver is reserved for the dashboard"),
        ("password", "a", "8 to 64 of A-Z a-z 0-9 . _ + -, first a letter or digit"),
        ("API password", "a", "8 to 64 of A-Z a-z 0-9 . _ + -, first a letter or digit"),
        ("API password", "abcdefgh", "with a lower-case and an upper-case letter, a digit and"),
        ("cluster key", "a" * 31, "32 letters and digits"),
        ("cluster key", "a" * 33, "32 letters and digits"),
        ("user name", "a" * 65, "1 to 64 of A-Z a-z 0-9 . _ -, first a letter or digit"),
    ],
)
def test_the_message_says_what_is_allowed(kind: str, value: str, rule: str) -> None:
    """Charset and length of custom-resource 5."""
    fault = looked_up(kind, {"key": value}).fault
    assert fault is not None
    assert rule in fault.message


# --- every reference of a spec --------------------------------------------------------------------
ACCOUNT: Final = {"secretName": "mine", "usernameKey": "u", "passwordKey": "p"}
SINGLE: Final = {"name": "mine", "key": "k"}
AUTH: Final = {"usePassword": True}
REFERENCES: Final[dict[str, dict[str, Any]]] = {
    "spec.indexer.credentials": {"indexer": {"credentials": ACCOUNT}},
    "spec.manager.apiCredentials": {"manager": {"apiCredentials": ACCOUNT}},
    "spec.manager.clusterKeySecretRef": {"manager": {"clusterKeySecretRef": SINGLE}},
    "spec.manager.authdPasswordSecretRef": {
        "manager": {"config": {"auth": AUTH}, "authdPasswordSecretRef": SINGLE}
    },
    "spec.manager.config.auth.passwordSecretRef": {
        "manager": {"config": {"auth": {**AUTH, "passwordSecretRef": SINGLE}}}
    },
    "spec.manager.config.auth.sslAgentCASecretRef": {
        "manager": {"config": {"auth": {"sslAgentCASecretRef": SINGLE}}}
    },
    "spec.dashboard.wazuhPlugin.defaultApiEndpoint.credentialsSecret": {
        "dashboard": {"wazuhPlugin": {"defaultApiEndpoint": {"credentialsSecret": ACCOUNT}}}
    },
    "spec.dashboard.wazuhPlugin.apiEndpoints[1].credentialsSecretRef": {
        "dashboard": {
            "wazuhPlugin": {
                "apiEndpoints": [
                    {
                        "id": "a",
                        "url": "https://a.example.com",
                        "credentialsSecretRef": {"secretName": "other"},
                    },
                    {
                        "id": "b",
                        "url": "https://b.example.com",
                        "credentialsSecretRef": ACCOUNT,
                    },
                ]
            }
        }
    },
}
OTHER: Final = secret("other", {"username": "a", "password": PASSWORD})


@pytest.mark.parametrize("path", REFERENCES)
def test_a_missing_secret_is_named_once_with_the_field_that_refers_to_it(path: str) -> None:
    """Two keys of one Secret that does not exist are one fault."""
    world = World(spec=spec_of(REFERENCES[path]), related=(OTHER,))
    message = 'Secret "mine" does not exist in this namespace'
    assert [(one.path, one.message) for one in world.user.faults] == [(path, message)]


@pytest.mark.parametrize("path", REFERENCES)
def test_nothing_may_rest_on_a_secret_that_cannot_be_used(path: str) -> None:
    """The administrator's excepted: pods read our copy, never the user's Secret."""
    world = World(spec=spec_of(REFERENCES[path]), related=(OTHER,))
    expected = set() if path == "spec.indexer.credentials" else {"mine"}
    assert world.user.unusable_secrets == expected


def test_one_secret_may_be_unusable_for_two_fields() -> None:
    """The administrator's copy does not need it, the API account does."""
    raw = {"indexer": {"credentials": ACCOUNT}, "manager": {"apiCredentials": ACCOUNT}}
    assert World(spec=spec_of(raw)).user.unusable_secrets == {"mine"}


def test_without_references_nothing_is_looked_up() -> None:
    """Every Secret is generated."""
    user = World().user
    assert (user.faults, user.unusable_secrets, user.endpoints) == ((), frozenset(), ())
    assert (user.administrator, user.api, user.cluster_key) == (None, None, None)
    assert (user.authd_password, user.agent_ca, user.dashboard_api) == (None, None, None)


def test_every_unusable_value_is_a_fault_of_its_own() -> None:
    """User name and password of one account can both be wrong."""
    values = {"u": "kibanaserver", "p": "short"}
    spec = spec_of(REFERENCES["spec.indexer.credentials"])
    user = World(spec=spec, related=(secret("mine", values),)).user
    assert user.administrator is not None
    assert not user.administrator.is_usable
    assert [one.message.split(":")[0] for one in user.faults] == [
        'key "u" of Secret "mine"',
        'key "p" of Secret "mine"',
    ]


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        pytest.param("", False, id="empty"),
        pytest.param(
            "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n",
            False,
            id="no certificate in it",
        ),
        pytest.param("text", False, id="no PEM"),
        pytest.param(other_signer().certificate.pem, True, id="a certificate"),
        pytest.param(other_signer().certificate.pem * 2, True, id="two certificates"),
    ],
)
def test_the_agents_ca_must_be_certificates(text: str, usable: bool) -> None:  # noqa: FBT001
    """Authd would not start with anything else."""
    spec = spec_of(REFERENCES["spec.manager.config.auth.sslAgentCASecretRef"])
    lookup = World(spec=spec, related=(secret("mine", {"k": text}),)).user.agent_ca
    assert lookup is not None
    assert (lookup.fault is None) is usable


# --- where pods read ------------------------------------------------------------------------------
OWN: Final = Names(cluster="wz", namespace="security", domain="")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param({}, None, id="no password wanted"),
        pytest.param(
            {"manager": {"config": {"auth": AUTH}}},
            SecretKey(name="wz-authd-password", key="authd.pass"),
            id="generated",
        ),
        pytest.param(
            REFERENCES["spec.manager.authdPasswordSecretRef"],
            SecretKey(name="mine", key="k"),
            id="authdPasswordSecretRef",
        ),
        pytest.param(
            REFERENCES["spec.manager.config.auth.passwordSecretRef"],
            SecretKey(name="mine", key="k"),
            id="passwordSecretRef",
        ),
        pytest.param(
            {
                "manager": {
                    "config": {"auth": {"usePassword": True, "passwordSecretRef": {"name": "mine"}}}
                }
            },
            SecretKey(name="mine", key="password"),
            id="passwordSecretRef without key",
        ),
        pytest.param(
            {"manager": {"authdPasswordSecretRef": SINGLE}}, None, id="a reference without use"
        ),
    ],
)
def test_where_the_enrolment_password_is_read(
    raw: dict[str, Any], expected: SecretKey | None
) -> None:
    """The field has two spellings, of which one may be used."""
    assert access.authd_password_source(spec_of(raw), NAMES) == expected


@pytest.mark.parametrize(
    ("raw", "key", "account"),
    [
        pytest.param(
            {},
            ("wz-cluster-key", "cluster-key"),
            (("wz-api-credentials", "api-username"), ("wz-api-credentials", "api-password")),
            id="generated",
        ),
        pytest.param(
            {"manager": {"clusterKeySecretRef": SINGLE, "apiCredentials": ACCOUNT}},
            ("mine", "k"),
            (("mine", "u"), ("mine", "p")),
            id="the user's",
        ),
        pytest.param(
            {"manager": {"apiCredentials": {"secretName": "mine"}}},
            ("wz-cluster-key", "cluster-key"),
            (("mine", "username"), ("mine", "password")),
            id="default keys",
        ),
    ],
)
def test_where_the_managers_read_key_and_account(
    raw: dict[str, Any], key: tuple[str, str], account: tuple[tuple[str, str], tuple[str, str]]
) -> None:
    """Ours, or the user's Secret directly."""
    source = access.cluster_key_source(spec_of(raw), OWN)
    pair = access.api_account_source(spec_of(raw), OWN)
    assert (source.name, source.key) == key
    assert tuple((one.name, one.key) for one in pair) == account
