"""What a hold says, what ends it, and the order to recreate a Secret: once per value."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from typing import Any, Final

import pytest

from app.credentials import recovery
from app.credentials.identity import acted_upon
from app.entropy import Entropy
from app.names import RECREATE_SECRET
from app.result import Manifest, Reissue
from tests.clusters import spec as spec_of
from tests.credentials.world import NAMES, OUR_LABEL, World, content, reader_of, secret
from tests.observed.requests import NAME, NAMESPACE, UID

WITH_PASSWORD: Final = spec_of({"manager": {"config": {"auth": {"usePassword": True}}}})
MASTER: Final = "wz-manager-master"
KEY, API, AUTHD = "wz-cluster-key", "wz-api-credentials", "wz-authd-password"
INDEXER, CONSOLE = "wz-indexer-credentials", "wz-dashboard-credentials"
ALL: Final = (API, AUTHD, KEY, CONSOLE, INDEXER)
LABELLED: Final = {"labels": {"controller-uid": UID}}


def losing(*names: str, **changes: Any) -> World:
    """A running cluster that lost these Secrets, all of which its master reads."""
    whole = World(spec=WITH_PASSWORD).applied()
    readers = (reader_of(MASTER, *names),)
    return replace(whole.without(*names), workloads=readers, **changes)


def patched(manifest: Manifest, patch: Manifest) -> Manifest:
    """JSON merge patch (RFC 7386), as ``kubectl patch --type merge`` applies it."""
    made = dict(manifest)
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, dict):
            made[key] = patched(made.get(key) or {}, value)
        else:
            made[key] = value
    return made


# --- the commands ---------------------------------------------------------------------------------
BACKUP: Final[Manifest] = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": KEY,
        "namespace": "a-former-one",
        "uid": "old",
        "resourceVersion": "17",
        "labels": {"controller-uid": "old", "wazuh.com/cluster": NAME},
        "ownerReferences": [{"kind": "WazuhCluster", "name": NAME, "uid": "old"}],
    },
    "data": {"cluster-key": "Sw=="},
}


def test_a_restore_makes_of_a_backup_what_metacontroller_shows() -> None:
    """With our label, in our namespace, without the owner that is gone and without its identity."""
    command = recovery.restore_command(World().asked, KEY)
    first, second = (shlex.split(part) for part in command.split(" | "))
    patch = json.loads(first[first.index("-p") + 1])
    del first[first.index("-p") + 1]
    assert first == [
        *("kubectl", "patch", "--local", "-f", f"{KEY}.yaml"),
        *("--type", "merge", "-p", "-o", "yaml"),
    ]
    assert second == ["kubectl", "-n", NAMESPACE, "apply", "-f", "-"]
    assert patched(BACKUP, patch) == {
        **BACKUP,
        "metadata": {
            "name": KEY,
            "namespace": NAMESPACE,
            "labels": {"controller-uid": UID, "wazuh.com/cluster": NAME},
        },
    }


def test_a_label_makes_of_a_secret_that_exists_what_metacontroller_shows() -> None:
    """One patch; the identity of the living object is not touched."""
    command = shlex.split(recovery.label_command(World().asked, KEY))
    assert command[:-1] == [
        *("kubectl", "-n", NAMESPACE, "patch", "secret", KEY, "--type", "merge", "-p"),
    ]
    made = patched(BACKUP, json.loads(command[-1]))
    expected = {key: one for key, one in BACKUP["metadata"].items() if key != "ownerReferences"}
    expected["labels"] = {"controller-uid": UID, "wazuh.com/cluster": NAME}
    assert made == {**BACKUP, "metadata": expected}


@pytest.mark.parametrize(
    ("used", "word"),
    [
        ((), "again"),
        (("",), "again"),
        ((f"{KEY}/other", f"{API}/again"), "again"),
        ((f"{KEY}/again",), "again2"),
        ((f"{KEY}/again", f"{KEY}/again2"), "again3"),
        ((f"{KEY}/again2",), "again"),
    ],
)
def test_the_order_to_recreate_names_a_value_that_was_not_used(
    used: tuple[str, ...], word: str
) -> None:
    """A value acts once: the same command would do nothing when the Secret is lost again."""
    command = shlex.split(recovery.recreate_command(World().asked, KEY, used))
    assert command == [
        *("kubectl", "-n", NAMESPACE, "annotate", "--overwrite", "wazuhcluster", NAME),
        f"wazuh.com/recreate-secret={KEY}/{word}",
    ]


# --- who owns a Secret that is merely seen --------------------------------------------------------
def owner(**changes: Any) -> Manifest:
    """A controller's reference; by default that of this WazuhCluster."""
    kept = {"apiVersion": "resources.wazuh.com/v1alpha1", "kind": "WazuhCluster", "name": NAME}
    return {**kept, "uid": UID, "controller": True, **changes}


@pytest.mark.parametrize(
    ("references", "foreign", "is_shown"),
    [
        pytest.param(None, None, True, id="nobody's"),
        pytest.param([], None, True, id="an empty list"),
        pytest.param([owner()], None, True, id="ours"),
        pytest.param([owner(uid="old")], None, False, id="of this WazuhCluster before"),
        pytest.param(
            [owner(uid="o", name="other")], "WazuhCluster other", False, id="another WazuhCluster"
        ),
        pytest.param(
            [owner(uid="s", kind="SealedSecret")], f"SealedSecret {NAME}", False, id="a tool's"
        ),
        pytest.param([owner(uid="o", controller=False)], None, True, id="no controller"),
        pytest.param([owner(uid="o", controller=None)], None, True, id="not said"),
        pytest.param(["text", None], None, True, id="malformed"),
        pytest.param(
            [owner(uid="a", controller=False), owner(uid="b", kind="X", name="y")],
            "X y",
            False,
            id="the second one",
        ),
    ],
)
def test_who_owns_a_secret_that_carries_our_label(
    references: Any,
    foreign: str | None,
    is_shown: bool,  # noqa: FBT001
) -> None:
    """Metacontroller adopts an orphan with the label, and nothing that has a controller."""
    asked = World().asked
    seen = secret(KEY, **LABELLED, ownerReferences=references)
    assert recovery.foreign_owner(asked, seen) == foreign
    assert recovery.has_our_label(asked, seen) is is_shown
    without = secret(KEY, ownerReferences=references)
    assert not recovery.has_our_label(asked, without)


# --- what is said ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ALL)
def test_a_hold_says_what_is_missing_why_and_how_to_restore_it(name: str) -> None:
    """The whole command, to paste."""
    world = losing(name)
    [message] = world.lost().values()
    restore = recovery.restore_command(world.asked, name)
    assert message.startswith(
        f"Secret {name} is missing ({MASTER} refers to it); restore it: {restore}"
    )


@pytest.mark.parametrize("name", ALL)
def test_everything_lost_may_be_made_anew(name: str) -> None:
    """Passwords of the index too: a Job takes the new ones to it."""
    world = losing(name)
    [message] = world.lost().values()
    assert message.endswith(
        f" or have it generated anew: {recovery.recreate_command(world.asked, name, {''})}"
    )


def test_old_volumes_alone_are_no_reason_to_hold() -> None:
    """The index on them knows other passwords, and is given the new ones."""
    world = World(claims=("data-wz-indexer-0",))
    assert world.lost() == {}
    assert set(world.generated()) == {API, KEY, CONSOLE, INDEXER}


def test_a_secret_without_our_label_is_to_be_labelled() -> None:
    """It is there: restoring it is not what helps."""
    world = World(related=(secret(KEY),))
    command = recovery.label_command(world.asked, KEY)
    assert world.lost() == {
        KEY: f"Secret {KEY} exists without the label of this WazuhCluster; label it: {command}"
    }


@pytest.mark.parametrize("labels", [{}, OUR_LABEL])
def test_a_secret_of_this_cluster_before_is_to_be_labelled(labels: dict[str, str]) -> None:
    """Its owner is gone, so it is not waited for; the command takes the reference away."""
    seen = secret(KEY, labels=labels, ownerReferences=[owner(uid="old")])
    world = World(related=(seen,))
    assert world.plan().expected == ()
    assert recovery.label_command(world.asked, KEY) in world.lost()[KEY]


def test_a_secret_of_somebody_else_is_named_with_its_owner() -> None:
    """Labelling it would take it away from its controller."""
    seen = secret(KEY, ownerReferences=[owner(uid="s", kind="SealedSecret", name="keys")])
    assert World(related=(seen,)).lost() == {
        KEY: f"Secret {KEY} belongs to SealedSecret keys; give it back or remove it"
    }


# --- recreated by order ---------------------------------------------------------------------------
@pytest.mark.parametrize("name", ALL)
def test_an_order_generates_a_lost_secret_anew(name: str) -> None:
    """Its value is recorded on the Secret in the same write."""
    world = losing(name, order=f"{name}/now")
    plan = world.plan()
    assert plan.lost == ()
    assert plan.reissues == (Reissue(secret=name, reason="RecreateRequested"),)
    assert content(plan, name).annotations[RECREATE_SECRET] == f"{name}/now"


@pytest.mark.parametrize(
    "order",
    [
        *[f"{name}/now" for name in (NAMES.ca, "wz-indexer-security", "x")],
        *["", "/", "now", KEY, f"{KEY}/", f"/{KEY}", f" {KEY}/now", f"{KEY}-x/now", f"{API}/now"],
    ],
)
def test_no_other_order_ends_a_hold(order: str) -> None:
    """Names outside the list, other forms, other Secrets: everything stays as it is."""
    names = (KEY, INDEXER, CONSOLE)
    world = losing(*names, order=order)
    assert set(world.lost()) == set(names)
    assert world.generated() == []


@pytest.mark.parametrize("labels", [{}, OUR_LABEL])
def test_a_secret_that_exists_is_not_made_anew(labels: dict[str, str]) -> None:
    """The create would be refused: label it, or wait for it."""
    world = losing(KEY, order=f"{KEY}/now", related=(secret(KEY, labels=labels),))
    assert world.generated() == []


def test_a_value_acts_once() -> None:
    """Also when the Secret that recorded it is lost: the status has it then."""
    world = losing(KEY, order=f"{KEY}/again")
    made = world.applied()
    assert acted_upon(made.asked) == {RECREATE_SECRET: f"{KEY}/again"}
    assert made.generated() == []
    status = {"requests": acted_upon(made.asked)}
    lost = replace(made.without(KEY), status=status)
    assert lost.generated() == []
    [message] = lost.lost().values()
    assert f"{RECREATE_SECRET}={KEY}/again2" in message
    assert replace(lost, order=f"{KEY}/again2").generated() == [KEY]


def test_an_order_that_stands_at_the_first_generation_fires_nothing_later() -> None:
    """It is recorded on the Secret that is made anyway."""
    first = World(spec=WITH_PASSWORD, order=f"{AUTHD}/early")
    made = first.applied()
    for one in made.secrets:
        recorded = one["metadata"]["annotations"].get(RECREATE_SECRET)
        expected = f"{AUTHD}/early" if one["metadata"]["name"] == AUTHD else None
        assert recorded == expected
    assert acted_upon(made.asked) == {RECREATE_SECRET: f"{AUTHD}/early"}
    status = {"requests": acted_upon(made.asked)}
    lost = replace(made.without(AUTHD), workloads=(reader_of(MASTER, AUTHD),), status=status)
    assert lost.generated() == []


def test_the_record_stays_on_the_secret() -> None:
    """And in the status after the annotation has gone from the WazuhCluster."""
    made = losing(KEY, order=f"{KEY}/now").applied()
    later = replace(made, order="", status={"requests": {RECREATE_SECRET: f"{KEY}/now"}})
    assert content(later.plan(), KEY).annotations[RECREATE_SECRET] == f"{KEY}/now"
    assert acted_upon(later.asked) == {RECREATE_SECRET: f"{KEY}/now"}


@pytest.mark.parametrize("requests", [None, [], "x", {RECREATE_SECRET: 7}, {RECREATE_SECRET: None}])
def test_malformed_requests_in_the_status_are_absent(requests: Any) -> None:
    """A status is read field by field."""
    world = losing(KEY, order=f"{KEY}/now", status={"requests": requests})
    assert acted_upon(world.asked) == {}
    assert world.generated() == [KEY]


def test_a_new_secret_gets_new_content() -> None:
    """The lost one cannot be guessed."""
    before = World(spec=WITH_PASSWORD).applied()
    old = next(one for one in before.secrets if one["metadata"]["name"] == KEY)
    ordered = replace(before.without(KEY), workloads=(reader_of(MASTER, KEY),), order=f"{KEY}/now")
    made = content(ordered.plan(Entropy(bytes(32))), KEY)
    assert made.data.keys() == old["data"].keys()
    assert made.data != old["data"]
    assert re.fullmatch(r"[A-Za-z0-9]{32}", made.text("cluster-key") or "")
