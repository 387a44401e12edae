"""The user's own certificates over a cluster's life: taken over, changed, given up again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from app import names
from app.certificates.observation import path_of
from app.certificates.pem import (
    CertificateFacts,
    distinguished_name,
    is_signed_by,
    parse_encoded,
)
from app.config.opensearch import distinguished_names_of
from app.names import Role
from app.simulation.engine import Engine
from app.simulation.workloads.pods import is_ready, is_terminating, role_of
from tests.certificates.custom_objects import (
    CA_SECRET,
    OTHER,
    ROOT,
    Pair,
    ca_data,
    leaf_secrets,
)
from tests.cluster_builder import NAMES, NAMESPACE
from tests.convergence.test_certificates import EVERY_POD, LEAVES
from tests.convergence.witness import Witness
from tests.convergence.world import created, edit, rested, secret_data, settle, status, told
from tests.scenarios import base64_of

pytestmark = pytest.mark.slow

OWN_CA: Final[Mapping[str, Any]] = {"tls": {"customCerts": {"caSecretRef": {"name": CA_SECRET}}}}
REFERENCES: Final = {
    "nodeSecretRef": "my-indexer",
    "managerMasterSecretRef": "my-manager-master",
    "managerWorkerSecretRef": "my-manager-worker",
    "dashboardSecretRef": "my-dashboard",
    "filebeatSecretRef": "my-filebeat",
    "adminSecretRef": "my-admin",
}
OWN_LEAVES: Final[Mapping[str, Any]] = {
    "tls": {
        "customCerts": {
            "caSecretRef": {"name": CA_SECRET},
            **{field: {"name": name} for field, name in REFERENCES.items()},
        }
    }
}


def give(engine: Engine, name: str, data: Mapping[str, str]) -> None:
    """Create a Secret of the user, or replace its data."""
    manifest = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "type": "Opaque",
        "data": dict(data),
    }
    if name in secret_data(engine):
        engine.edit_object("Secret", name, lambda one: one.update(data=dict(data)))
    else:
        engine.apply(manifest)


def give_leaves(engine: Engine, ca: Pair, *roots: Pair) -> None:
    """Leaves of ``ca`` that trust ``roots``, one Secret each."""
    for name, data in leaf_secrets(ca, *roots, names=NAMES).items():
        give(engine, name, data)


def under(ca: Pair) -> Engine:
    """A new cluster of the user's CA, at rest."""
    engine = created(OWN_CA)
    give(engine, CA_SECRET, ca_data(ca))
    settle(engine)
    return engine


def files_of(engine: Engine, pod: Any) -> list[Mapping[str, str]]:
    """Leaf Secrets as a pod has read them; indexers read theirs again while they run."""
    loaded = engine.loaded(pod["metadata"]["name"])
    if loaded is None:
        return []
    read = engine.controllers.kubelet.files(pod) if role_of(pod) == "indexer" else loaded.secrets
    mounted = {*LEAVES, *REFERENCES.values()}
    return [data for name, data in read.items() if name in mounted]


def distrust(engine: Engine) -> list[str]:
    """Pods that would refuse the leaf of an indexer that runs."""
    running = [pod for pod in engine.objects("Pod") if is_ready(pod) and not is_terminating(pod)]
    indexers = [pod for pod in running if role_of(pod) == "indexer"]
    shown = [
        parse_encoded(data[names.TLS_CERT]) or ()
        for pod in indexers
        for data in files_of(engine, pod)
    ]
    subjects = {distinguished_name(leaf[0].subject) for leaf in shown}
    strangers = [
        pod["metadata"]["name"] for pod in indexers if not subjects <= accepted(engine, pod)
    ]
    if strangers:
        return strangers
    return [
        pod["metadata"]["name"]
        for pod in running
        for data in files_of(engine, pod)
        if not all(trusts(parse_encoded(data[names.CA_CERT]) or (), leaf) for leaf in shown)
    ]


def accepted(engine: Engine, pod: Any) -> set[str]:
    """Distinguished names that an indexer takes for nodes, as it read them at its start."""
    loaded = engine.loaded(pod["metadata"]["name"])
    assert loaded is not None
    text = loaded.config_maps[NAMES.config_map(Role.INDEXER)]["opensearch.yml"]
    return set((distinguished_names_of(text) or ((), ()))[0])


def trusts(bundle: tuple[CertificateFacts, ...], shown: tuple[CertificateFacts, ...]) -> bool:
    """Whether what a server shows leads to a root in ``bundle``."""
    root = path_of((*shown, *bundle))[-1]
    return root in bundle and is_signed_by(root, root)


def watching(engine: Engine) -> Callable[[], None]:
    """Assert after each step that every pod trusts every indexer."""

    def check() -> None:
        assert distrust(engine) == []

    return check


def through(engine: Engine, *, one_change: bool = True) -> Witness:
    """Let a change come to rest and look on: trust at every step, one tier at a time, no gap.

    ``one_change``: false where indexers take a second one while later tiers still roll.
    """
    witness = Witness(engine)
    for _ in range(400):
        engine.run_for(10, watching(engine))
        if engine.is_quiet(100):
            break
    settle(engine)
    assert not one_change or all(stop.others_ready for stop in witness.stops)
    return witness


def issued_by(engine: Engine, ca: Pair) -> bool:
    """Whether every leaf of ours is of ``ca``, and trusts nobody else."""
    data = secret_data(engine)
    [root] = parse_encoded(ca_data(ca, with_key=False)[names.CA_CERT]) or ()
    return all(
        parse_encoded(data[name][names.CA_CERT]) == (root,)
        and is_signed_by((parse_encoded(data[name][names.TLS_CERT]) or ())[0], root)
        for name in LEAVES
    )


def test_a_cluster_of_the_users_ca_changes_its_key_and_goes_back_to_a_ca_of_ours() -> None:
    """Two rolls a tier for each change, nobody ever without trust or a ready cluster (C50, C52)."""
    engine = under(ROOT)
    assert issued_by(engine, ROOT)
    assert set(secret_data(engine)[NAMES.ca]) == {names.CA_CERT}
    before = secret_data(engine)[CA_SECRET]
    # Another key: the stages, though the old one is gone.
    give(engine, CA_SECRET, ca_data(OTHER))
    witness = through(engine)
    assert sorted(witness.stopped()) == sorted(EVERY_POD * 2)
    assert issued_by(engine, OTHER)
    assert told(engine, "CertificatesReady") == ("True", "Valid")
    # Back to one of ours.
    edit(engine, {"tls": None})
    witness = through(engine)
    assert sorted(witness.stopped()) == sorted(EVERY_POD * 2)
    assert not issued_by(engine, OTHER)
    assert set(secret_data(engine)[NAMES.ca]) == {names.CA_CERT, names.CA_KEY}
    assert status(engine)["certificateAuthority"]["stage"] == "Steady"
    # What is the user's was never touched.
    assert before == ca_data(ROOT)
    assert secret_data(engine)[CA_SECRET] == ca_data(OTHER)


def test_the_example_is_such_a_cluster() -> None:
    """What converges above is what the example says."""
    text = (Path(__file__).parents[2] / "examples" / "custom-ca.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["spec"]["tls"] == OWN_CA["tls"]


def test_c54_from_a_ca_of_ours_to_the_users_with_two_rolls() -> None:
    """The old CA stays until the stages are through."""
    engine = rested()
    give(engine, CA_SECRET, ca_data(ROOT))
    edit(engine, OWN_CA)
    witness = through(engine)
    assert sorted(witness.stopped()) == sorted(EVERY_POD * 2)
    assert issued_by(engine, ROOT)
    kept = [names.CA_KEY in data for data in witness.versions(NAMES.ca)]
    assert kept[:2] == [True, True]
    assert kept[-1] is False


def test_a_cluster_of_the_users_leaves_gets_none_of_ours() -> None:
    """Pods mount what the user gave; no leaf and no key of ours is made."""
    engine = created(OWN_LEAVES)
    give(engine, CA_SECRET, ca_data(ROOT, with_key=False))
    give_leaves(engine, ROOT)
    settle(engine)
    assert status(engine)["phase"] == "Running"
    assert told(engine, "CertificatesReady") == ("True", "Valid")
    assert not set(LEAVES) & set(secret_data(engine))
    assert set(secret_data(engine)[NAMES.ca]) == {names.CA_CERT}
    told_of = {one["name"]: one["component"] for one in status(engine)["certificates"]}
    assert told_of == {name: name.removeprefix("my-") for name in REFERENCES.values()}
    assert distrust(engine) == []


def test_from_leaves_of_ours_to_the_users_nobody_loses_trust() -> None:
    """The user's Secrets have to hold our CA as well until it is through; they are told so."""
    engine = rested()
    own = secret_data(engine)[NAMES.ca][names.CA_CERT]
    give(engine, CA_SECRET, ca_data(ROOT, with_key=False))
    give_leaves(engine, ROOT)
    edit(engine, OWN_LEAVES)
    for _ in range(200):
        engine.run_for(10, watching(engine))
    assert "its ca.crt must hold every CA" in message(engine)
    assert set(LEAVES) <= set(secret_data(engine))
    for name, data in leaf_secrets(ROOT, names=NAMES).items():
        give(engine, name, data | {names.CA_CERT: joined(data[names.CA_CERT], own)})
    witness = through(engine, one_change=False)
    assert status(engine)["certificateAuthority"]["stage"] == "Steady"
    assert not set(LEAVES) & set(secret_data(engine))
    assert set(witness.stopped()) == set(EVERY_POD)
    assert told(engine, "CertificatesReady") == ("True", "Valid")


def test_references_to_leaves_that_vanish_at_once_change_no_pod() -> None:
    """Nothing of ours would be trusted, so pods go on, and the condition says the way."""
    engine = created(OWN_LEAVES)
    give(engine, CA_SECRET, ca_data(ROOT, with_key=False))
    give_leaves(engine, ROOT)
    settle(engine)
    witness = Witness(engine)
    edit(engine, {"tls": None})
    engine.run_for(1200, watching(engine))
    assert witness.stopped() == []
    assert told(engine, "CertificatesReady") == ("False", "CustomCertificateStillUsed")
    # The way: a CA that signs, then without the leaves, then without the CA.
    give(engine, CA_SECRET, ca_data(ROOT))
    edit(engine, {"tls": None})
    edit(engine, OWN_CA)
    through(engine, one_change=False)
    assert issued_by(engine, ROOT)
    edit(engine, {"tls": None})
    through(engine)
    assert told(engine, "CertificatesReady") == ("True", "Valid")
    assert names.CA_KEY in secret_data(engine)[NAMES.ca]


def test_c55_a_leaf_of_the_user_that_changes_rolls_its_tier() -> None:
    """And no other; the pods mount it as soon as it has reached every node."""
    engine = created(OWN_LEAVES)
    give(engine, CA_SECRET, ca_data(ROOT, with_key=False))
    give_leaves(engine, ROOT)
    settle(engine)
    data = leaf_secrets(ROOT, names=NAMES, key="renewed")
    witness = Witness(engine)
    give(engine, "my-dashboard", data["my-dashboard"])
    settle(engine)
    engine.run_for(300)
    assert witness.stopped() == ["dashboard"]
    assert all(stop.time - witness.since >= 90 for stop in witness.stops)


@pytest.mark.parametrize("lost", [CA_SECRET, "my-indexer"])
def test_c51_a_secret_of_the_user_that_vanishes_changes_nothing(lost: str) -> None:
    """It is waited for, and named."""
    engine = created(OWN_LEAVES)
    give(engine, CA_SECRET, ca_data(ROOT, with_key=False))
    give_leaves(engine, ROOT)
    settle(engine)
    witness, backup = Witness(engine), secret_data(engine)[lost]
    engine.delete("Secret", lost)
    engine.run_for(600)
    assert witness.stopped() == []
    assert told(engine, "CertificatesReady") == ("False", "SecretNotFound")
    assert f"Secret {lost} does not exist" in message(engine)
    assert NAMES.certs("indexer") not in secret_data(engine)
    give(engine, lost, backup)
    settle(engine)
    assert told(engine, "CertificatesReady") == ("True", "Valid")
    assert witness.stopped() == []


def message(engine: Engine) -> str:
    """What the condition CertificatesReady says."""
    found = next(one for one in status(engine)["conditions"] if one["type"] == "CertificatesReady")
    return str(found["message"])


def joined(*encoded: str) -> str:
    """Bundles one after the other, as a Secret carries them."""
    found = [one for part in encoded for one in parse_encoded(part) or ()]
    return base64_of("".join(one.pem for one in found))
