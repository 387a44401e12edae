"""What stands in lists and in the Secrets that a spec refers to: order, removal, bad values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from app import names
from app.hook.sync import sync
from tests.cluster_builder import NAMES, ClusterBuilder
from tests.convergence.shapes import shape
from tests.convergence.witness import Witness
from tests.convergence.world import created, edit, rested, settle, told
from tests.scenarios import base64_of
from tests.steps import has_child, judged

EMPTY_A: Final = {"name": "a", "emptyDir": {}}
EMPTY_B: Final = {"name": "b", "emptyDir": {}}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(
            {"dashboard": {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}},
            {"dashboard": {"env": [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]}},
            id="variables",
        ),
        pytest.param(
            {"imagePullSecrets": [{"name": "a"}, {"name": "b"}]},
            {"imagePullSecrets": [{"name": "b"}, {"name": "a"}]},
            id="pull secrets",
        ),
        pytest.param(
            {"dashboard": {"extraVolumes": [EMPTY_A, EMPTY_B]}},
            {"dashboard": {"extraVolumes": [EMPTY_B, EMPTY_A]}},
            id="volumes",
        ),
        pytest.param(
            {"dashboard": {"podLabels": {"a": "1", "b": "2"}}},
            {"dashboard": {"podLabels": {"b": "2", "a": "1"}}},
            id="labels",
        ),
        pytest.param(
            {"tls": {"certConfig": {"extraSANs": {"dashboard": ["a.example", "b.example"]}}}},
            {"tls": {"certConfig": {"extraSANs": {"dashboard": ["b.example", "a.example"]}}}},
            id="names in a certificate",
        ),
    ],
)
def test_f28_an_order_without_meaning_rolls_nothing(
    first: Mapping[str, Any], second: Mapping[str, Any]
) -> None:
    """Items change places; no pod stops, and the cluster rests."""
    engine = rested(first)
    witness = Witness(engine)
    edit(engine, second)
    settle(engine)
    assert witness.stops == []
    assert told(engine, "Progressing") == ("False", "Idle")


def test_f28_a_list_that_is_emptied_or_shortened_is_as_if_it_had_been_so() -> None:
    """The end is that of a cluster made with the shorter list."""
    two = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    for left in (two[:1], []):
        engine = rested({"dashboard": {"env": two}})
        edit(engine, {"dashboard": {"env": left}})
        settle(engine)
        fresh = created({"dashboard": {"env": left}}, seed=40)
        settle(fresh)
        assert shape(engine) == shape(fresh)


UNUSABLE: Final = {
    "empty": "",
    "one character": "x",
    "4 kB": "Aa1." * 1024,
    "a dollar": "Passw0rd.$HOME",
    "quotes": "Passw0rd.\"'",
    "a line break inside": "Passw0rd.\nsecond",
    "blanks": "Passw0rd. and more",
    "a leading hyphen": "-Passw0rd.x",
}


@pytest.mark.parametrize("password", UNUSABLE.values(), ids=UNUSABLE)
def test_f32_a_password_that_no_image_takes_is_waited_for(password: str) -> None:
    """The rest is created; the value is not shown."""
    cluster = _with_account({"username": base64_of("api-user"), "password": base64_of(password)})
    _waits(cluster, "SecretUnusable", [password] if len(password) > 1 else [])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param({"username": base64_of("api-user")}, "SecretNotFound", id="no such key"),
        pytest.param(None, "SecretNotFound", id="no such Secret"),
        pytest.param(
            {"username": base64_of("api-user"), "password": "//79/A=="},
            "SecretUnusable",
            id="not UTF-8",
        ),
        pytest.param(
            {"username": base64_of("api-user"), "password": "no base64!"},
            "SecretUnusable",
            id="not base64",
        ),
    ],
)
def test_f32_a_secret_without_a_password_is_waited_for(
    data: Mapping[str, str] | None, reason: str
) -> None:
    """It may come later."""
    _waits(_with_account(data), reason, [])


def _with_account(data: Mapping[str, str] | None) -> ClusterBuilder:
    cluster = ClusterBuilder({"manager": {"apiCredentials": {"secretName": "mine"}}})
    if data is not None:
        cluster.add_user_secret("mine", data)
    return cluster


def _waits(cluster: ClusterBuilder, reason: str, unspeakable: list[str]) -> None:
    """Rounds go by: what reads the account is not made, the rest is, and ``reason`` is told."""
    for _ in range(3):
        result = cluster.sync(sync)
        cluster.wait(seconds=5)
    assert judged(result, "SpecValid") == ("False", reason)
    text = str(result.response.status)
    assert "spec.manager.apiCredentials" in text
    assert [value for value in unspeakable if value in text] == []
    assert has_child(result, "StatefulSet", NAMES.workload(names.Role.INDEXER))
    for role in names.MANAGERS:
        assert not has_child(result, "StatefulSet", NAMES.workload(role))
