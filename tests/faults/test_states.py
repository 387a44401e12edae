"""States of the children that nobody asked for, and what a hook without memory makes of them."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import bcrypt
import orjson
import pytest

from app import names
from app.entropy import Entropy
from app.hook.customize import customize
from app.hook.sync import finalize, sync
from app.result import Result
from app.simulation.engine import Engine
from app.simulation.hook import Clock, DirectHook, seeded_entropy
from app.simulation.sync_record import Ending
from tests.cluster_builder import NAME, NAMES, ClusterBuilder, key_of
from tests.convergence.shapes import shape
from tests.convergence.witness import Witness
from tests.convergence.world import (
    EVERYTHING,
    IDENTITY,
    child_keys,
    condition,
    edit,
    identity,
    rested,
    secret_data,
    settle,
    told,
)
from tests.faults.ordeal import MOST_ERRORS, Ordeal
from tests.scenarios import at_rest, steady
from tests.steps import TIERS, answer, judged, sent_template, template
from tests.steps import condition as answered

YEAR: Final = timedelta(days=365)
#: What a next version of the hook renders beside the rest.
NEW: Final = "new-in-two"


# --- F12, F39: what can never be sent ----------------------------------------------------------
def test_f12_what_is_immutable_is_sent_as_it_is_stored() -> None:
    """Of every workload; another value would be refused with everything beside it."""
    cluster = steady()
    fields = ("podManagementPolicy", "serviceName", "selector", "volumeClaimTemplates")
    for workload in cluster.workloads():
        workload["spec"]["selector"] = {"matchLabels": {"app": "former"}}
        if workload["kind"] == "StatefulSet":
            workload["spec"]["podManagementPolicy"] = "OrderedReady"
            workload["spec"]["serviceName"] = "former"
    edited = answer(cluster)
    sent = {key_of(one)[1:]: one["spec"] for one in edited.response.children if "spec" in one}
    for workload in cluster.workloads():
        found = sent[workload["kind"], workload["metadata"]["name"]]
        for field in fields:
            assert found.get(field) == workload["spec"].get(field)


def test_f39_no_two_clusters_of_a_namespace_have_a_child_of_one_name() -> None:
    """No name ends with another one of its kind, so no name of a cluster can make up for it.

    ``a`` and ``a-b`` clash exactly where what follows ``a-`` ends with what follows ``a-b-``.
    """
    cluster = at_rest(ClusterBuilder(EVERYTHING))
    ends: dict[str, set[str]] = defaultdict(set)
    for kind, name in ((key[1], key[2]) for key in cluster.children):
        ends[kind].add(name.removeprefix(f"{NAME}-"))
    ends["Job"].add(NAMES.security_job("0" * 64).removeprefix(f"{NAME}-"))
    ends["Service"].add(NAMES.agents.removeprefix(f"{NAME}-"))
    assert len(ends) > 10
    clashes = [
        (kind, one, other)
        for kind, found in ends.items()
        for one in found
        for other in found
        if one != other and one.endswith(f"-{other}")
    ]
    assert clashes == []


# --- F33: one change of a password -------------------------------------------------------------
def test_f33_a_changed_password_is_hashed_once_and_taken_to_the_index_by_one_job(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A digest tells that it has changed, so no sync makes a hash again; each tier rolls once."""
    hashed: list[tuple[bytes, bytes]] = []
    keep = bcrypt.hashpw

    def counted(password: bytes, salt: bytes) -> bytes:
        hashed.append((password, salt))
        return keep(password, salt)

    settle(engine)
    monkeypatch.setattr(bcrypt, "hashpw", counted)
    engine.run_for(300)
    assert hashed == []
    before = [
        base64_password(engine, NAMES.indexer_credentials, "admin-password"),
        base64_password(engine, NAMES.dashboard_credentials, "dashboard-password"),
    ]
    witness = Witness(engine)
    annotated(engine, names.ROTATE_PASSWORDS, "once")
    settle(engine)
    engine.run_for(300)
    settle(engine)
    salted = {salt for _, salt in hashed if len(salt) == len("$2b$12$") + 22}
    assert len(salted) == 2
    created = [one for one in witness.child_writes() if one.startswith("create Job")]
    assert len(created) == 1
    assert witness.rolls() == ["manager-master", "manager-worker", "dashboard"]
    after = [
        base64_password(engine, NAMES.indexer_credentials, "admin-password"),
        base64_password(engine, NAMES.dashboard_credentials, "dashboard-password"),
    ]
    assert all(one != other for one, other in zip(before, after, strict=True))


def base64_password(engine: Engine, name: str, key: str) -> str:
    """A value of a Secret, as stored."""
    return secret_data(engine)[name][key]


def annotated(engine: Engine, annotation: str, value: str) -> None:
    """Annotate the WazuhCluster."""
    engine.edit(
        lambda parent: parent["metadata"].setdefault("annotations", {}).update({annotation: value})
    )


# --- F46: the namespace goes -------------------------------------------------------------------
def test_f46_a_namespace_that_is_being_deleted_calls_for_no_storm() -> None:
    """Every create is refused, objects go one by one: the back-off holds, and it ends."""
    engine = rested(EVERYTHING)
    keys = sorted(child_keys(engine))
    for kind in {kind for kind, _ in keys}:
        engine.refuse("create", kind, None, 403)
    began = len(engine.syncs)
    for kind, name in keys:
        engine.delete(kind, name)
        engine.run_for(0.5)
    assert len(engine.syncs) - began < 2 * len(keys)
    began = len(engine.syncs)
    engine.run_for(300)
    assert engine.children() == []
    assert 10 < len(engine.syncs) - began < 50
    assert Ending.ERROR in {one.ending for one in engine.syncs[began:]}
    engine.delete_parent()
    engine.run_for(60)
    last = len(engine.syncs)
    engine.run_for(300)
    assert len(engine.syncs) == last


# --- F52: a view without Secrets ---------------------------------------------------------------
@pytest.mark.parametrize("is_related", [True, False], ids=["read by name", "not even by name"])
def test_f52_without_any_secret_in_view_everything_stays_and_nothing_is_generated(
    *, is_related: bool
) -> None:
    """A view that lags, or a right to list Secrets that was withdrawn."""
    cluster = steady()
    before = {name: sent_template(cluster, name) for name in TIERS}
    secrets = [key for key in cluster.children if key[1] == "Secret"]
    request = cluster.request(unseen=secrets)
    if not is_related:
        request["related"]["Secret.v1"] = {}
    result = sync(request, now=cluster.now, entropy=Entropy(b"7" * 32))
    kinds = [key_of(one) for one in result.response.children]
    assert [key for key in kinds if key[1] == "Secret"] == []
    assert set(kinds) == cluster.children.keys() - set(secrets)
    assert {name: template(result, name) for name in TIERS} == before
    assert result.report.reissues == ()
    assert judged(result, "CertificatesReady")[0] == "False"
    text = str(result.response.status)
    assert all(name in text for name in IDENTITY if ("v1", "Secret", name) in secrets)
    what = "Progressing" if is_related else "Degraded"
    assert answered(result, what)["status"] == "True"


# --- F55: children that are somebody else's ----------------------------------------------------
def test_f55_a_child_that_another_controller_owns_is_neither_adopted_nor_overwritten() -> None:
    """The condition names it and its owner, and what is held for."""
    engine = rested(all_resyncs=True)
    data = identity(engine)
    owner = {"apiVersion": "v1", "kind": "Other", "name": "them", "uid": "1", "controller": True}
    engine.refuse("delete", "Secret", NAMES.cluster_key, 403, times=10_000)
    engine.edit_object(
        "Secret", NAMES.cluster_key, lambda one: one["metadata"].update(ownerReferences=[owner])
    )
    engine.run_for(120)
    found = engine.find("Secret", NAMES.cluster_key)
    assert found["data"] == data[NAMES.cluster_key]
    assert found["metadata"]["ownerReferences"] == [owner]
    assert told(engine, "Degraded") == ("True", "IdentitySecretMissing")
    assert f"{NAMES.cluster_key} belongs to Other them" in condition(engine, "Degraded")["message"]


# --- F61: the clock ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda now: now + YEAR, id="a year ahead"),
        pytest.param(lambda now: now - YEAR, id="a year back"),
        pytest.param(lambda _: datetime(1970, 1, 1, tzinfo=UTC), id="1970"),
    ],
)
def test_f61_a_wrong_clock_never_changes_the_authority(
    wrong: Callable[[datetime], datetime],
) -> None:
    """Whatever it does to leaves ends with it; no key of the CA and no password moves."""
    engine = rested(all_resyncs=True)
    ordeal, right = Ordeal(engine), engine.metacontroller.hook
    authority = secret_data(engine)[NAMES.ca]
    engine.metacontroller.hook = hook_at(lambda: wrong(engine.clock()))
    engine.run_for(400)
    ordeal.holds()
    assert secret_data(engine)[NAMES.ca] == authority
    engine.metacontroller.hook = right
    engine.run_for(60)
    settle(engine)
    ordeal.holds()
    assert secret_data(engine)[NAMES.ca] == authority
    assert told(engine, "CertificatesReady") == ("True", "Valid")
    assert shape(engine) == shape(rested())


def test_f61_a_clock_before_the_authority_is_said() -> None:
    """ClockSkew: a hold, since every certificate made now would be of no use later."""
    cluster = steady()
    cluster.wait(days=-400)
    result = answer(cluster)
    assert judged(result, "CertificatesReady") == ("False", "ClockSkew")
    assert result.report.reissues == ()


def hook_at(clock: Clock) -> DirectHook:
    """The real hook with another clock."""
    return DirectHook(sync, customize, clock, seeded_entropy(61), finalize=finalize)


# --- F63: two versions of the hook -------------------------------------------------------------
def newer(request: object, *, now: datetime, entropy: Entropy) -> Result:
    """The hook of a next version: it renders dashboards otherwise, and says that it did.

    Its own stamp is to it what the present one is to the present hook.
    """
    seen = orjson.dumps(request).decode()
    for quote in ('"', '\\"'):
        stamp = f"{quote}{names.RENDERER}{quote}:{quote}%s{quote}"
        seen = seen.replace(stamp % 2, stamp % 1)
        own = f"{quote}priorityClassName{quote}:{quote}{NEW}{quote}"
        seen = seen.replace(f"{own},", "").replace(f",{own}", "")
    result = copy.deepcopy(sync(orjson.loads(seen), now=now, entropy=entropy))
    for child in result.response.children:
        if child["kind"] == "Deployment":
            child["metadata"]["annotations"][names.RENDERER] = "2"
            child["spec"]["template"]["spec"]["priorityClassName"] = NEW
    return result


def test_f63_two_versions_that_answer_in_turn_do_not_undo_each_other() -> None:
    """One roll to the newer form, no way back, and then nothing is written any more."""
    engine = rested(all_resyncs=True)
    turns = 0

    def either(request: object, *, now: datetime, entropy: Entropy) -> Result:
        nonlocal turns
        turns += 1
        return (newer if turns % 2 else sync)(request, now=now, entropy=entropy)

    witness = Witness(engine)
    engine.metacontroller.hook = DirectHook(
        either, customize, engine.clock, seeded_entropy(63), finalize=finalize
    )
    engine.run_for(600)
    assert witness.stopped() == ["dashboard"]
    written, before = len(witness.child_writes()), turns
    engine.run_for(1800)
    assert turns > before + 50
    assert len(witness.child_writes()) == written
    assert dashboard(engine)["spec"]["priorityClassName"] == NEW
    edit(engine, {"dashboard": {"podLabels": {"team": "blue"}}})
    engine.run_for(600)
    assert witness.stopped() == ["dashboard"] * 2
    assert dashboard(engine)["metadata"]["labels"]["team"] == "blue"
    assert dashboard(engine)["spec"]["priorityClassName"] == NEW
    assert told(engine, "Ready") == ("True", "AllTiersReady")


def dashboard(engine: Engine) -> Mapping[str, Any]:
    """Pod template of the dashboard."""
    found: Mapping[str, Any] = engine.find("Deployment", "wz-dashboard")["spec"]["template"]
    return found


def test_no_more_errors_follow_each_other_than_are_allowed() -> None:
    """The bound that every test here asks for is one that a broken hook breaks."""
    engine = rested()
    ordeal = Ordeal(engine)
    engine.refuse("update", "StatefulSet", None, 500)
    edit(engine, {"indexer": {"podLabels": {"a": "b"}}})
    engine.run_for(120)
    with pytest.raises(AssertionError, match=f"<= {MOST_ERRORS}"):
        ordeal.holds()
