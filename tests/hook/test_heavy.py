"""Which syncs make bcrypt hashes or RSA keys: told beforehand, exactly, by what they then do."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import bcrypt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from app.hook.finalize import finalize
from app.hook.heavy import is_heavy
from app.hook.sync import sync
from app.result import Manifest
from tests.cluster_builder import NAMES, NOW, ClusterBuilder, seeded_entropy
from tests.scenarios import base64_of, steady
from tests.seeded import seeded

RSA: Final[Manifest] = {"tls": {"certConfig": {"keyAlgorithm": "RSA-2048"}}}


@dataclass
class Effort:
    """Hashes and RSA keys that were made since it was last asked."""

    made: list[str] = field(default_factory=list)

    def take(self) -> list[str]:
        """What was made; forgotten afterwards."""
        made, self.made = self.made, []
        return made


@pytest.fixture
def effort(monkeypatch: pytest.MonkeyPatch) -> Effort:
    """Counts what the two libraries are asked for, and lets them do it."""
    seen = Effort()
    hashpw, generate = bcrypt.hashpw, rsa.generate_private_key

    def hashing(password: bytes, salt: bytes) -> bytes:
        seen.made.append("hash")
        return hashpw(password, salt)

    def generating(public_exponent: int, key_size: int) -> rsa.RSAPrivateKey:
        seen.made.append("key")
        return generate(public_exponent, key_size)

    monkeypatch.setattr(bcrypt, "hashpw", hashing)
    monkeypatch.setattr(rsa, "generate_private_key", generating)
    return seen


def compared(cluster: ClusterBuilder, effort: Effort) -> list[str]:
    """One sync: the forecast must fit what was made, and make nothing itself."""
    request = cluster.request()
    before = copy.deepcopy(request)
    forecast = is_heavy(request, now=cluster.now)
    assert request == before
    assert effort.take() == []
    cluster.sync(sync)
    made = effort.take()
    assert forecast is bool(made)
    return made


def rounds(cluster: ClusterBuilder, effort: Effort, *, count: int) -> list[list[str]]:
    """What each of several syncs makes, with pods ready at once."""
    made = []
    for _ in range(count):
        made.append(compared(cluster, effort))
        cluster.settle()
        cluster.wait(seconds=100)
    return made


def test_a_creation_hashes_in_its_second_sync_alone(effort: Effort) -> None:
    """Identity first, then what is derived from it, then nothing any more."""
    assert rounds(ClusterBuilder(), effort, count=6) == [[], ["hash", "hash"], [], [], [], []]


def test_a_creation_with_rsa_makes_keys_in_its_first_two_syncs(effort: Effort) -> None:
    """The CA, then six leaves beside the hashes."""
    made = rounds(ClusterBuilder(RSA), effort, count=6)
    assert [sorted(one) for one in made] == [["key"], ["hash"] * 2 + ["key"] * 6, [], [], [], []]


def _password(cluster: ClusterBuilder) -> None:
    secret = cluster.child("Secret", NAMES.indexer_credentials)
    secret["data"]["admin-password"] = base64_of("aB3.efgh-restored")


def _unusable(cluster: ClusterBuilder) -> None:
    secret = cluster.child("Secret", NAMES.indexer_credentials)
    secret["data"]["admin-password"] = base64_of("short")


def _digests(cluster: ClusterBuilder) -> None:
    del cluster.child("Secret", NAMES.indexer_security)["data"]["password-digests"]


def _file(cluster: ClusterBuilder) -> None:
    del cluster.child("Secret", NAMES.indexer_security)["data"]["roles.yml"]


def _security(cluster: ClusterBuilder) -> None:
    cluster.remove("Secret", NAMES.indexer_security)


def _credentials(cluster: ClusterBuilder) -> None:
    _security(cluster)
    cluster.remove("Secret", NAMES.dashboard_credentials)


def _immutable(cluster: ClusterBuilder) -> None:
    _password(cluster)
    cluster.child("Secret", NAMES.indexer_security)["immutable"] = True


def _frozen(cluster: ClusterBuilder) -> None:
    _password(cluster)
    cluster.edit(lambda spec: spec.update(version="9.9.9"))


def _renamed(cluster: ClusterBuilder) -> None:
    _password(cluster)
    cluster.edit(lambda spec: spec.update(indexer={"clusterName": "other"}))


def _going(cluster: ClusterBuilder) -> None:
    _password(cluster)
    cluster.delete()


def _scaled(cluster: ClusterBuilder) -> None:
    cluster.edit(lambda spec: spec.update(manager={"workers": {"replicas": 5}}))


@pytest.mark.parametrize(
    ("change", "made"),
    [
        pytest.param(lambda _: None, [], id="nothing"),
        pytest.param(_scaled, [], id="scaled"),
        pytest.param(_password, ["hash"], id="one password restored"),
        pytest.param(_unusable, [], id="a password that cannot be used"),
        pytest.param(_digests, ["hash", "hash"], id="digests lost"),
        pytest.param(_file, [], id="a file lost"),
        pytest.param(_security, ["hash", "hash"], id="all files lost"),
        pytest.param(_credentials, [], id="files and a password lost"),
        pytest.param(_immutable, [], id="files that cannot change"),
        pytest.param(_frozen, [], id="an invalid spec"),
        pytest.param(_renamed, [], id="a spec that this cluster cannot follow"),
        pytest.param(_going, [], id="deleted"),
    ],
)
def test_hashes_on_a_running_cluster_are_foreseen(
    change: Callable[[ClusterBuilder], None], made: list[str], effort: Effort
) -> None:
    """Only a password that is new is hashed, and only where the spec is followed."""
    cluster = steady()
    change(cluster)
    effort.take()
    assert compared(cluster, effort) == made


def _leaf_lost(cluster: ClusterBuilder) -> None:
    cluster.remove("Secret", NAMES.certs("dashboard"))


def _key_damaged(cluster: ClusterBuilder) -> None:
    cluster.child("Secret", NAMES.certs("dashboard"))["data"]["tls.key"] = base64_of("x")


def _certificate_damaged(cluster: ClusterBuilder) -> None:
    cluster.child("Secret", NAMES.certs("dashboard"))["data"]["tls.crt"] = base64_of("x")


def _name_added(cluster: ClusterBuilder) -> None:
    sans = {"dashboard": ["siem.example.com"]}
    config = {"keyAlgorithm": "RSA-2048", "extraSANs": sans}
    cluster.edit(lambda spec: spec.update(tls={"certConfig": config}))


def _due(cluster: ClusterBuilder) -> None:
    cluster.wait(days=350)


def _due_and_frozen(cluster: ClusterBuilder) -> None:
    cluster.wait(days=350)
    cluster.edit(lambda spec: spec.update(version="9.9.9"))


def _ca_lost(cluster: ClusterBuilder) -> None:
    _leaf_lost(cluster)
    cluster.remove("Secret", NAMES.ca)


def _ca_due(cluster: ClusterBuilder) -> None:
    cluster.wait(days=700)


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        pytest.param(lambda _: None, 0, id="nothing"),
        pytest.param(_scaled, 0, id="scaled"),
        pytest.param(_leaf_lost, 1, id="a leaf lost"),
        pytest.param(_key_damaged, 1, id="a key damaged"),
        pytest.param(_certificate_damaged, 0, id="a certificate damaged: its key is kept"),
        pytest.param(_name_added, 0, id="a name added: the key is kept"),
        pytest.param(_due, 6, id="leaves due"),
        pytest.param(_due_and_frozen, 6, id="leaves due, spec invalid"),
        pytest.param(_ca_lost, 0, id="nobody to sign"),
        pytest.param(_ca_due, 0, id="the CA due: its key is kept, leaves follow"),
    ],
)
def test_rsa_keys_on_a_running_cluster_are_foreseen(
    change: Callable[[ClusterBuilder], None],
    keys: int,
    effort: Effort,
    rsa_cluster: ClusterBuilder,
) -> None:
    """By the very plan of the sync, up to its first key."""
    cluster = rsa_cluster.copy()
    change(cluster)
    effort.take()
    assert compared(cluster, effort) == ["key"] * keys


@pytest.fixture(scope="module")
def rsa_cluster() -> ClusterBuilder:
    """A running cluster whose leaves have RSA keys."""
    cluster = seeded(RSA)
    for _ in range(5):
        cluster.sync(sync)
        cluster.settle()
        cluster.wait(seconds=100)
    return cluster


def test_an_algorithm_that_is_chosen_later_makes_new_leaves(effort: Effort) -> None:
    """The CA follows at its next rotation only."""
    cluster = steady()
    cluster.edit(lambda spec: spec.update(RSA))
    assert compared(cluster, effort) == ["key"] * 6


def test_a_finalize_call_makes_nothing(effort: Effort) -> None:
    """Also for a WazuhCluster that lives and left the registration's selector."""
    cluster = steady()
    _password(cluster)
    request = cluster.request(finalizing=True)
    assert not is_heavy(request, now=NOW)
    finalize(request, now=cluster.now, entropy=seeded_entropy(1))
    assert effort.take() == []


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(None, id="null"),
        pytest.param({}, id="empty"),
        pytest.param({"parent": [], "children": 7}, id="types"),
        pytest.param({"parent": {"metadata": {"name": 7}, "spec": RSA}}, id="no name"),
        pytest.param({"parent": {"metadata": None, "spec": RSA}, "children": None}, id="nulls"),
        pytest.param(
            {"parent": {"spec": {"tls": []}}, "children": {"Secret.v1": {"a": None, "b": "x"}}},
            id="children",
        ),
    ],
)
def test_a_request_that_will_be_refused_is_light(request_: Any) -> None:
    """The forecast raises nothing: the sync says what is wrong with it."""
    assert is_heavy(request_, now=NOW) is False
