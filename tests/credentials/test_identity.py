"""Identity Secrets: made once, kept byte for byte, and never made again where one was before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from app.credentials import own_secrets
from app.credentials.own_secrets import unusable_keys, usable_text
from app.entropy import Entropy
from app.names import DATA_HASH, DATA_WRITTEN
from app.result import Reissue
from app.secret_data import SecretData, data_hash
from tests.clusters import spec as spec_of
from tests.credentials.world import (
    CREDENTIALS,
    NOW,
    OUR_LABEL,
    World,
    content,
    encoded,
    reader_of,
    secret,
)

WITH_PASSWORD: Final = spec_of({"manager": {"config": {"auth": {"usePassword": True}}}})
ON_WORKERS: Final = spec_of(
    {"manager": {"config": {"auth": {"usePassword": True, "enabledOnMasterOnly": False}}}}
)
WITH_KEY: Final = spec_of({"manager": {"clusterKeySecretRef": {"name": "mine", "key": "k"}}})
ADMINISTRATOR: Final = spec_of({"indexer": {"credentials": {"secretName": "mine"}}})
HAS_RUN: Final = {"version": "4.14.1"}
MASTER, WORKER = "wz-manager-master", "wz-manager-worker"


# --- the first call -------------------------------------------------------------------------------
def test_a_new_cluster_gets_every_identity_secret() -> None:
    """Keys as custom-resource 9 lists them; every value can be worked with; stamped."""
    plan = World(spec=WITH_PASSWORD).plan()
    assert {one.name: sorted(one.data) for one in plan.secrets} == {
        "wz-api-credentials": ["admin-password", "admin-username", "api-password", "api-username"],
        "wz-authd-password": ["authd.pass"],
        "wz-cluster-key": ["cluster-key"],
        "wz-dashboard-credentials": [
            "cookie-password",
            "dashboard-password",
            "dashboard-username",
        ],
        "wz-indexer-credentials": ["admin-password", "admin-username"],
    }
    assert (plan.lost, plan.expected) == ((), ())
    assert plan.reissues == tuple(
        Reissue(secret=one.name, reason="Missing") for one in plan.secrets
    )
    for one in plan.secrets:
        assert (one.type, one.immutable) == ("Opaque", False)
        assert one.annotations == {
            DATA_HASH: data_hash(one.data),
            DATA_WRITTEN: "2026-11-24T08:00:00Z",
        }


def test_user_names_are_fixed_and_values_differ() -> None:
    """Accounts as the images know them; no two values are the same."""
    plan = World(spec=WITH_PASSWORD).plan()
    values = {f"{one.name}/{key}": one.text(key) for one in plan.secrets for key in one.data}
    fixed = {
        "wz-api-credentials/admin-username": "wazuh",
        "wz-api-credentials/api-username": "wazuh-wui",
        "wz-dashboard-credentials/dashboard-username": "kibanaserver",
        "wz-indexer-credentials/admin-username": "admin",
    }
    assert {key: values[key] for key in fixed} == fixed
    drawn = [value for key, value in values.items() if key not in fixed]
    assert len(drawn) == len(set(drawn)) == 7
    for one in plan.secrets:
        assert unusable_keys(one, VALUES[one.name]) == ()


VALUES: Final = {
    "wz-api-credentials": own_secrets.API_CREDENTIALS,
    "wz-authd-password": own_secrets.AUTHD_PASSWORDS,
    "wz-cluster-key": own_secrets.CLUSTER_KEYS,
    "wz-dashboard-credentials": own_secrets.DASHBOARD_CREDENTIALS,
    "wz-indexer-credentials": own_secrets.INDEXER_CREDENTIALS,
}


def test_what_is_generated_follows_the_entropy_of_the_call_alone() -> None:
    """The same seed gives the same bytes, whichever other Secrets are wanted."""
    one, same = World().plan(), World(spec=WITH_PASSWORD).plan()
    other = World().plan(Entropy(bytes(32)))
    for name in CREDENTIALS:
        assert content(one, name).data == content(same, name).data
        assert content(one, name).data != content(other, name).data


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        pytest.param(World(), list(CREDENTIALS), id="nothing wanted besides"),
        pytest.param(World(spec=WITH_PASSWORD), sorted(VALUES), id="an enrolment password"),
        pytest.param(
            World(spec=WITH_KEY),
            [name for name in CREDENTIALS if name != "wz-cluster-key"],
            id="a key of the user's",
        ),
        pytest.param(
            World(
                spec=spec_of(
                    {
                        "manager": {
                            "config": {"auth": {"usePassword": True}},
                            "authdPasswordSecretRef": {"name": "mine", "key": "k"},
                        }
                    }
                )
            ),
            list(CREDENTIALS),
            id="an enrolment password of the user's",
        ),
        pytest.param(
            World(spec=spec_of({"manager": {"apiCredentials": {"secretName": "mine"}}})),
            list(CREDENTIALS),
            id="an API account of the user's: the account wazuh is ours still",
        ),
        pytest.param(
            World(spec=ADMINISTRATOR),
            [name for name in CREDENTIALS if name != "wz-indexer-credentials"],
            id="an administrator who does not exist yet: wait",
        ),
    ],
)
def test_which_secrets_are_generated(world: World, expected: list[str]) -> None:
    """What the spec refers to is the user's; what is awaited is not replaced by ours."""
    assert world.generated() == expected
    assert world.lost() == {}


@pytest.mark.parametrize("ending", ["", "\n"])
def test_the_administrator_of_the_users_is_copied(ending: str) -> None:
    """Pods read the copy, since the index is the truth; a trailing newline does not get there."""
    values = {"username": f"root{ending}", "password": f"aB3.efgh{ending}"}
    made = content(World(spec=ADMINISTRATOR, related=(secret("mine", values),)).plan(), INDEXER)
    assert made.data == encoded({"admin-username": "root", "admin-password": "aB3.efgh"})


INDEXER: Final = "wz-indexer-credentials"


def test_half_an_administrator_is_waited_for() -> None:
    """Neither a generated password for a given name, nor the other way round."""
    values = {"username": "root", "password": "short"}
    world = World(spec=ADMINISTRATOR, related=(secret("mine", values),))
    assert INDEXER not in world.generated()


# --- kept -----------------------------------------------------------------------------------------
def test_an_observed_secret_is_kept_byte_for_byte() -> None:
    """Whatever entropy the next call has."""
    world = World(spec=WITH_PASSWORD).applied()
    plan = world.plan(Entropy(bytes(32)))
    assert plan.reissues == ()
    assert plan.lost == ()
    assert plan.secrets == World(spec=WITH_PASSWORD).plan().secrets


def test_extra_keys_type_and_flag_of_a_secret_are_kept() -> None:
    """The digest is written anew where a person changed the data, and so is its time."""
    manifest = secret("wz-cluster-key", {"cluster-key": "K" * 32, "added": "x"}, annotations={
        DATA_HASH: "old", DATA_WRITTEN: "2026-01-01T00:00:00Z", "wazuh.com/other": "kept",
    })  # fmt: skip
    manifest.update(type="example.com/other", immutable=True)
    data = encoded({"cluster-key": "K" * 32, "added": "x"})
    assert content(World(secrets=(manifest,)).plan(), "wz-cluster-key") == SecretData(
        name="wz-cluster-key",
        type="example.com/other",
        data=data,
        immutable=True,
        annotations={
            DATA_HASH: data_hash(data),
            DATA_WRITTEN: NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "wazuh.com/other": "kept",
        },
    )


def test_a_secret_that_is_not_wanted_is_not_looked_at() -> None:
    """A cluster with a key of the user's is not held for one of ours."""
    reader = reader_of(MASTER, "wz-cluster-key")
    world = World(spec=WITH_KEY, workloads=(reader,), status=HAS_RUN)
    assert "wz-cluster-key" not in world.lost()
    assert "wz-cluster-key" not in world.generated()


# --- traces ---------------------------------------------------------------------------------------
READERS: Final = (reader_of(MASTER), reader_of(WORKER))
DASHBOARD: Final = (reader_of("wz-dashboard"),)
API, KEY, AUTHD, CONSOLE = (
    "wz-api-credentials",
    "wz-cluster-key",
    "wz-authd-password",
    "wz-dashboard-credentials",
)


@pytest.mark.parametrize("workload", ["wz-indexer", MASTER, WORKER])
@pytest.mark.parametrize("name", [*VALUES])
def test_a_workload_that_refers_to_a_secret_is_a_trace(name: str, workload: str) -> None:
    """Whichever it is, and even before the cluster has been running."""
    world = World(spec=WITH_PASSWORD, workloads=(reader_of(workload, name),))
    assert set(world.lost()) == {name}
    assert f"Secret {name} is missing ({workload} refers to it)" in world.lost()[name]
    assert name not in world.generated()


@pytest.mark.parametrize(
    ("derived", "expected"),
    [
        ("wz-indexer-security", {INDEXER, CONSOLE}),
        ("wz-dashboard-wazuh", {API}),
        ("wz-indexer-certs", set()),
        ("wz-dashboard-certs", set()),
        ("wz-ca", set()),
        ("wz-cluster-key", set()),
        (API, set()),
        (INDEXER, set()),
    ],
)
def test_a_derived_secret_is_a_trace_of_what_it_was_made_from(
    derived: str, expected: set[str]
) -> None:
    """Another identity Secret is none: informers may show one a moment before the other."""
    manifest = secret(derived, {"cluster-key": "K" * 32})
    world = World(spec=WITH_PASSWORD, secrets=(manifest,))
    missing = set(world.lost()) - {derived}
    assert missing == expected
    for name in expected:
        assert f"(Secret {derived} was made from it)" in world.lost()[name]
    assert set(world.generated()) == set(VALUES) - expected - {derived}


@pytest.mark.parametrize("user", [{"apiCredentials": {"secretName": "mine"}}, {}])
def test_wazuh_yml_is_a_trace_whichever_account_it_names(user: dict[str, Any]) -> None:
    """It is never made before the API credentials are observed."""
    world = World(spec=spec_of({"manager": user}), secrets=(secret("wz-dashboard-wazuh"),))
    assert API in world.lost()


@pytest.mark.parametrize(
    ("workloads", "dashboards", "expected"),
    [
        pytest.param((), (), set(VALUES), id="nothing observed"),
        pytest.param(READERS, DASHBOARD, set(), id="everything observed"),
        pytest.param(READERS[:1], DASHBOARD, set(), id="the master alone reads as the workers do"),
        pytest.param(READERS[1:], DASHBOARD, {AUTHD}, id="workers do not enrol"),
        pytest.param((), DASHBOARD, {API, AUTHD, INDEXER, KEY}, id="no manager"),
        pytest.param(READERS, (), {CONSOLE}, id="no dashboard"),
        pytest.param(
            (reader_of("wz-indexer"),), (), set(VALUES), id="an indexer reads none of them"
        ),
    ],
)
def test_a_cluster_that_ran_and_shows_no_reader_is_a_trace(
    workloads: tuple[dict[str, Any], ...],
    dashboards: tuple[dict[str, Any], ...],
    expected: set[str],
) -> None:
    """The view may be partial: what is not seen cannot refer to anything."""
    world = World(spec=WITH_PASSWORD, workloads=workloads, dashboards=dashboards, status=HAS_RUN)
    assert set(world.lost()) == expected
    assert set(world.generated()) == set(VALUES) - expected
    for message in world.lost().values():
        assert "is missing (the cluster has been running)" in message
    assert replace(world, status={}).lost() == {}


def test_workers_that_enrol_read_the_enrolment_password() -> None:
    """Then the master need not be seen to know that none was lost."""
    world = World(spec=ON_WORKERS, workloads=READERS[1:], status=HAS_RUN)
    assert AUTHD in world.generated()


@pytest.mark.parametrize("status", [{"version": ""}, {"version": 4}, {"version": None}, {"x": 1}])
def test_a_malformed_version_is_no_trace(status: dict[str, Any]) -> None:
    """A status is read field by field."""
    assert World(status=status).lost() == {}


def test_a_living_cluster_that_starts_to_want_a_secret_gets_it() -> None:
    """Managers that never referred to one show that none was lost."""
    before = World(spec=WITH_KEY, workloads=READERS, dashboards=DASHBOARD, status=HAS_RUN)
    living = before.applied()
    assert replace(living, spec=spec_of()).generated() == [KEY]
    both = WITH_PASSWORD
    assert replace(living, spec=both).generated() == [AUTHD, KEY]


def test_a_claim_is_no_trace() -> None:
    """Every Secret is new on old volumes: the index gets its passwords by a Job."""
    world = World(spec=WITH_PASSWORD, claims=("data-wz-indexer-1", "data-wz-indexer-0"))
    assert world.lost() == {}
    assert world.generated() == sorted(VALUES)


@pytest.mark.parametrize("name", [*VALUES])
def test_a_secret_that_exists_with_our_label_is_waited_for(name: str) -> None:
    """The informer of children shows it soon: neither made again nor held for."""
    world = World(spec=WITH_PASSWORD, related=(secret(name, labels=OUR_LABEL),))
    plan = world.plan()
    assert (plan.expected, plan.lost) == ((name,), ())
    assert set(world.generated()) == set(VALUES) - {name}


@pytest.mark.parametrize("labels", [{}, None, {"controller-uid": "another"}])
def test_a_secret_that_exists_without_our_label_is_held_for(labels: Any) -> None:
    """Creating it would be refused, or would overwrite it under server-side apply."""
    world = World(related=(secret(KEY, labels=labels),))
    assert set(world.lost()) == {KEY}
    assert world.plan().expected == ()
    assert KEY not in world.generated()


# --- damage ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        (INDEXER, "admin-password", None),
        (INDEXER, "admin-password", ""),
        (INDEXER, "admin-password", "QxZ$" * 3),
        (INDEXER, "admin-password", "QxZ" * 1400),
        (INDEXER, "admin-password", "QxZ3.abcd\n"),
        (INDEXER, "admin-password", b"\xff\xfeQxZ"),
        (INDEXER, "admin-username", "kibanaserver"),
        (INDEXER, "admin-username", None),
        (CONSOLE, "dashboard-username", "QxZ"),
        (CONSOLE, "dashboard-password", "QxZ"),
        (CONSOLE, "cookie-password", "QxZ"),
        (API, "api-username", ""),
        (API, "api-password", "QxZabcdefgh"),
        (API, "admin-password", None),
        (KEY, "cluster-key", "QxZ"),
        (AUTHD, "authd.pass", "QxZ"),
    ],
)
def test_a_value_that_cannot_be_worked_with_is_named_and_kept(
    name: str, key: str, value: str | bytes | None
) -> None:
    """Edited or restored by hand: nothing is generated over it, and nothing rests on it."""
    world = World(spec=WITH_PASSWORD).applied()
    manifest = next(one for one in world.secrets if one["metadata"]["name"] == name)
    if value is None:
        del manifest["data"][key]
    else:
        manifest["data"].update(encoded({key: value}))
    plan = world.plan()
    assert [one.secret for one in plan.lost] == [name]
    assert f'Secret {name}: key "{key}" is absent or cannot be used' in plan.lost[0].message
    assert "QxZ" not in plan.lost[0].message
    assert content(plan, name).data == manifest["data"]
    assert plan.reissues == ()


def test_several_unusable_keys_are_named_together() -> None:
    """One message for one Secret."""
    [lost] = World(secrets=(secret(API, {"x": "y"}),)).lost().values()
    assert 'key "admin-password", "api-password", "api-username" is absent' in lost


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"cluster-key": "K" * 32}, None),
        (encoded({"cluster-key": "K" * 32}), "K" * 32),
        (encoded({"other": "K" * 32}), None),
        ({"cluster-key": "%%%"}, None),
    ],
)
def test_a_value_of_our_own_is_read_as_it_is(data: dict[str, str], expected: str | None) -> None:
    """Base64 that cannot be read is no value; what pods would read is not trimmed."""
    found = usable_text(SecretData(name=KEY, data=data), "cluster-key", own_secrets.CLUSTER_KEYS)
    assert found == expected
    assert usable_text(None, "cluster-key", own_secrets.CLUSTER_KEYS) is None


def test_no_repr_shows_a_value() -> None:
    """Plans stand in tracebacks and logs."""
    plan = World(spec=WITH_PASSWORD).plan()
    texts = [one.text(key) or "" for one in plan.secrets for key in one.data]
    shown = repr(plan)
    assert not [text for text in texts if len(text) > 20 and text in shown]
    assert not [one for one in plan.secrets for value in one.data.values() if value in shown]
