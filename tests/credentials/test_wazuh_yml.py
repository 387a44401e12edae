"""wazuh.yml, and what becomes of a derived Secret that is immutable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
import yaml

from app.credentials import index_security
from app.credentials.derived import Derived
from app.credentials.index_state import PASSWORD_DIGESTS
from app.faults import Effect, Reason
from app.result import Manifest, Reissue
from tests.credentials.cases import (
    API,
    CONSOLE,
    INDEXER,
    SECURITY,
    WAZUH,
    case,
    hashed,
    text,
    third_call,
)
from tests.credentials.world import manifest_of, secret


def hosts(made: Derived) -> dict[str, Any]:
    """Hosts of a wazuh.yml by their id."""
    assert made.secret is not None
    listed = yaml.safe_load(text(made.secret, "wazuh.yml"))["hosts"]
    return {key: value for host in listed for key, value in host.items()}


def test_the_dashboard_logs_in_with_our_account() -> None:
    """One host: the master's API."""
    made = case().wazuh()
    password = text(case().world.asked.observed.secrets[API], "api-password")
    assert made.reissue == Reissue(secret=WAZUH, reason="Missing")
    assert hosts(made) == {
        "default": {
            "url": "https://wz-manager-api.security.svc.cluster.local",
            "port": 55000,
            "username": "wazuh-wui",
            "password": password,
            "run_as": False,
        }
    }


def _account(name: str, user: str) -> Manifest:
    return secret(name, {"username": user, "password": "aB3.efgh"})


API_ACCOUNT: Final = {"manager": {"apiCredentials": {"secretName": "api"}}}
PLUGIN_ACCOUNT: Final = {
    "dashboard": {"wazuhPlugin": {"defaultApiEndpoint": {"credentialsSecret": {"secretName": "p"}}}}
}
ENDPOINTS: Final = {
    "dashboard": {
        "wazuhPlugin": {
            "apiEndpoints": [
                {
                    "id": "eu",
                    "url": "https://eu.example.com",
                    "port": 443,
                    "credentialsSecretRef": {"secretName": "p"},
                    "runAs": True,
                }
            ]
        }
    }
}


@pytest.mark.parametrize(
    ("raw", "related", "users"),
    [
        pytest.param(
            API_ACCOUNT, (_account("api", "a"),), {"default": "a"}, id="the managers' account"
        ),
        pytest.param(
            PLUGIN_ACCOUNT, (_account("p", "b"),), {"default": "b"}, id="the dashboard's own"
        ),
        pytest.param(
            {**API_ACCOUNT, **PLUGIN_ACCOUNT},
            (_account("api", "a"), _account("p", "b")),
            {"default": "b"},
            id="its own outranks the managers'",
        ),
        pytest.param(
            ENDPOINTS,
            (_account("p", "c"),),
            {"default": "wazuh-wui", "eu": "c"},
            id="a further endpoint",
        ),
    ],
)
def test_accounts_of_the_users_are_read_through_related(
    raw: dict[str, Any], related: tuple[Manifest, ...], users: dict[str, str]
) -> None:
    """Each where the spec refers to it."""
    one = case(raw, related=related)
    found = hosts(one.wazuh())
    assert {host: found[host]["username"] for host in found} == users


@pytest.mark.parametrize("raw", [API_ACCOUNT, PLUGIN_ACCOUNT, ENDPOINTS])
@pytest.mark.parametrize("related", [(), (_account("p", "b d"), _account("api", "a d"))])
def test_a_missing_or_unusable_account_is_waited_for(
    raw: dict[str, Any], related: tuple[Manifest, ...]
) -> None:
    """The file is not made; one that is there stays as it is."""
    one = case(raw, related=related)
    assert one.wazuh() == Derived(secret=None)
    present = secret(WAZUH, {"wazuh.yml": "hosts: []"})
    made = one.with_secret(present).wazuh()
    assert (made.reissue, made.fault) == (None, None)
    assert made.secret is not None
    assert made.secret.data == present["data"]


@pytest.mark.parametrize("raw", [{}, API_ACCOUNT, PLUGIN_ACCOUNT])
def test_the_file_is_not_made_before_our_api_credentials_are_observed(raw: dict[str, Any]) -> None:
    """It is a trace of them: seen first, it would say that they are lost."""
    related = (_account("api", "a"), _account("p", "b"))
    one = case(raw, related=related)
    assert replace(one, world=one.world.without(API)).wazuh() == Derived(secret=None)
    assert one.wazuh().secret is not None


def test_a_changed_setting_is_written_and_keys_of_others_stay() -> None:
    """The same file makes no write."""
    first = case().wazuh().secret
    assert first is not None
    data = {**first.data, "added": "eA=="}
    present = {**manifest_of(first), "data": data}
    same = case().with_secret(present).wazuh()
    assert (same.reissue, same.secret and same.secret.data) == (None, data)
    timeout = {"dashboard": {"wazuhPlugin": {"timeout": 30000}}}
    changed = replace(case(), raw=timeout).with_secret(present).wazuh()
    assert changed.reissue == Reissue(secret=WAZUH, reason="ConfigurationChanged")
    assert changed.secret is not None
    assert changed.secret.data["added"] == "eA=="
    assert yaml.safe_load(text(changed.secret, "wazuh.yml"))["timeout"] == 30000


def test_damaged_api_credentials_leave_the_file_as_it_is() -> None:
    """Nothing is derived from a password that no manager takes."""
    first = case().wazuh().secret
    assert first is not None
    one = case().with_secret(manifest_of(first)).edited(API, api_password="short")
    assert one.wazuh() == Derived(secret=first)


# --- immutable ------------------------------------------------------------------------------------
def test_an_immutable_secret_that_need_not_change_is_kept_without_a_word() -> None:
    """The flag is sent again: leaving it out would be a change of its own."""
    one = third_call(immutable=True)
    expected = replace(hashed(), immutable=True)
    assert one.security() == Derived(secret=expected)
    first = case().wazuh().secret
    assert first is not None
    present = {**manifest_of(first), "immutable": True}
    assert case().with_secret(present).wazuh() == Derived(secret=replace(first, immutable=True))


def test_immutable_files_that_should_change_are_named_and_kept() -> None:
    """The API server would refuse them in every sync; and no hash is made in vain."""
    one = third_call(immutable=True).edited(INDEXER, admin_password="aB3.efgh-new")
    made = one.security()
    assert (made.secret, made.reissue) == (replace(hashed(), immutable=True), None)
    assert made.fault is not None
    assert (made.fault.path, made.fault.effect) == ("spec.indexer.credentials", Effect.HELD)
    assert made.fault.reason is Reason.FIELD_HELD
    assert f"Secret {SECURITY} is immutable" in made.fault.message
    assert f"kubectl -n security delete secret {SECURITY}" in made.fault.message
    observed = one.world.asked.observed.secrets
    credentials = (observed[INDEXER], observed[CONSOLE])
    assert not index_security.needs_hashing(observed[SECURITY], credentials)


def test_an_immutable_wazuh_yml_that_should_change_is_named_and_kept() -> None:
    """What runs goes on with what is in it."""
    first = case().wazuh().secret
    assert first is not None
    timeout = {"dashboard": {"wazuhPlugin": {"timeout": 30000}}}
    present = {**manifest_of(first), "immutable": True}
    made = replace(case(), raw=timeout).with_secret(present).wazuh()
    assert (made.secret, made.reissue) == (replace(first, immutable=True), None)
    assert made.fault is not None
    assert (made.fault.path, made.fault.reason) == ("spec.dashboard.wazuhPlugin", Reason.FIELD_HELD)
    assert f"kubectl -n security delete secret {WAZUH}" in made.fault.message


def test_no_repr_shows_a_password_or_hash() -> None:
    """Neither of the plan nor of its parts."""
    made = case().security()
    assert "$2b$" not in repr(made)
    assert hashed().data[PASSWORD_DIGESTS] not in repr(made)
