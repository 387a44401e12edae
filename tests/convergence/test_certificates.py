"""Certificates over the years: renewed in time, once, with as few rolls as there can be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from app import names
from app.simulation.engine import Engine
from app.simulation.timeline import parsed
from app.simulation.workloads.pods import role_of
from tests.cluster_builder import NAMES
from tests.convergence.witness import Witness, not_after
from tests.convergence.world import identity, rested, secret_data, settle, status, told

LEAVES: Final = tuple(
    NAMES.certs(leaf)
    for leaf in ("admin", "dashboard", "filebeat", "indexer", "manager-master", "manager-worker")
)
BEHIND_INDEXERS: Final = ["manager-master", *["manager-worker"] * 2, "dashboard"]
EVERY_POD: Final = [*["indexer"] * 3, *BEHIND_INDEXERS]
DAY: Final = 86_400


def leaf_due(engine: Engine) -> datetime:
    """When the first leaf is to be renewed."""
    return min(parsed(one["renewalTime"]) for one in status(engine)["certificates"])


def ca_due(engine: Engine) -> datetime:
    """When the CA is to be renewed."""
    return parsed(status(engine)["certificateAuthority"]["renewalTime"])


def before(moment: datetime, spec: Mapping[str, Any], *, seconds: int) -> Engine:
    """The cluster of ``spec``, so many seconds before ``moment``; nothing happened until then."""
    origin = rested(spec)
    wait = (moment - origin.clock()).total_seconds() - seconds
    engine = rested(spec, after=wait)
    engine.run_for(5)
    return engine


def lifetimes(days: int, threshold: int, ca_days: int, ca_threshold: int) -> dict[str, Any]:
    """Spec with these lifetimes of leaves and CA."""
    return {
        "tls": {
            "certConfig": {
                "validityDays": days,
                "renewalThresholdDays": threshold,
                "caValidityDays": ca_days,
                "caRenewalThresholdDays": ca_threshold,
            }
        }
    }


@pytest.mark.parametrize(
    ("spec", "stopped"),
    [
        pytest.param({}, BEHIND_INDEXERS, id="indexers reload"),
        pytest.param({"version": "4.11.0"}, EVERY_POD, id="indexers restart"),
        pytest.param({"tls": {"hotReload": {"enabled": False}}}, EVERY_POD, id="reload is off"),
    ],
)
def test_leaves_are_renewed_at_their_time_with_one_roll(
    spec: dict[str, Any], stopped: list[str]
) -> None:
    """All of them with the first that is due, not a second earlier (C04, C05, C07)."""
    due = leaf_due(rested(spec))
    engine = before(due, spec, seconds=60)
    witness, before_it = Witness(engine), secret_data(engine)
    engine.run_for((due - engine.clock()).total_seconds() - 2)
    assert witness.child_writes() == []
    engine.run_for(30)
    assert all(len(witness.versions(name)) == 2 for name in LEAVES)
    first = min(witness.data["Secret", name][-1][0] for name in LEAVES)
    assert 0 <= (engine.date(first) - due).total_seconds() <= 2
    settle(engine)
    engine.run_for(600)
    assert all(len(witness.certificates(name)) == 2 for name in LEAVES)
    assert witness.stopped() == stopped
    assert all(stop.others_ready for stop in witness.stops)
    assert all(stop.time - first >= 90 for stop in witness.stops)
    after = secret_data(engine)
    assert {name for name, data in after.items() if data != before_it[name]} == set(LEAVES)
    assert told(engine, "CertificatesReady") == ("True", "Valid")


def test_a_renewed_authority_keeps_its_key_and_takes_one_roll() -> None:
    """The new certificate replaces the old one in the bundles; leaves are kept (C10)."""
    spec = lifetimes(90, 30, 100, 60)
    due = ca_due(rested(spec))
    engine = before(due, spec, seconds=60)
    witness, secrets = Witness(engine), secret_data(engine)
    engine.run_for(90)
    settle(engine)
    old, new = witness.certificates(NAMES.ca, names.CA_CERT)
    assert old.public_key() == new.public_key()
    assert (old.subject, old.issuer) == (new.subject, new.issuer)
    assert new.not_valid_after_utc > old.not_valid_after_utc
    after = secret_data(engine)
    for name in LEAVES:
        assert after[name][names.TLS_CERT] == secrets[name][names.TLS_CERT]
        assert after[name][names.CA_CERT] == after[NAMES.ca][names.CA_CERT]
    assert witness.stopped() == EVERY_POD
    assert all(stop.others_ready for stop in witness.stops)
    assert told(engine, "CertificatesReady") == ("True", "Valid")


@pytest.mark.parametrize(
    ("spec", "days"),
    [
        pytest.param(lifetimes(95, 30, 100, 40), 76, id="both in their windows"),
        pytest.param(lifetimes(95, 30, 100, 40), 98, id="leaves expired"),
        pytest.param({}, 800, id="switched off for two years"),
    ],
)
def test_authority_and_leaves_that_are_due_together_follow_each_other(
    spec: dict[str, Any], days: int
) -> None:
    """The CA first, the leaves from the observed CA in one write with the bundle (C11, C13)."""
    engine = rested(spec, after=days * DAY)
    witness = Witness(engine)
    settle(engine)
    assert len(witness.versions(NAMES.ca)) == 2
    assert all(len(witness.versions(name)) == 2 for name in LEAVES)
    ca = secret_data(engine)[NAMES.ca]
    assert all(
        certificate["issuerFingerprint"] == status(engine)["certificateAuthority"]["fingerprint"]
        for certificate in status(engine)["certificates"]
    )
    assert all(witness.versions(name)[-1][names.CA_CERT] == ca[names.CA_CERT] for name in LEAVES)
    assert witness.versions(NAMES.ca)[0][names.CA_KEY] == ca[names.CA_KEY]
    written = [one for one in engine.syncs if one.started >= witness.since][:4]
    last = max(witness.data["Secret", name][-1][0] for name in (NAMES.ca, *LEAVES))
    assert last <= written[-1].ended
    assert witness.stopped() == EVERY_POD
    assert told(engine, "CertificatesReady") == ("True", "Valid")


@pytest.mark.slow
def test_nothing_ever_expires_in_eight_hundred_days() -> None:
    """A default cluster: leaves are renewed twice, the CA once, and pods show what is valid."""
    engine = rested()
    witness, kept = Witness(engine), identity(engine)
    for _ in range(80):
        engine.run_for(10 * DAY)
        assert status(engine)["phase"] == "Running"
        assert told(engine, "CertificatesReady") == ("True", "Valid")
        assert min(shown(engine)) > timedelta(days=1)
    assert {name: len(witness.certificates(name)) for name in LEAVES} == dict.fromkeys(LEAVES, 3)
    assert len(witness.certificates(NAMES.ca, names.CA_CERT)) == 2
    for name, key in [*((leaf, names.TLS_CERT) for leaf in LEAVES), (NAMES.ca, names.CA_CERT)]:
        for (_, old), (time, _) in pairwise(witness.data["Secret", name]):
            assert not_after(old[key]) - engine.date(time) > timedelta(days=1)
    assert witness.stopped().count("indexer") == 3
    # The leaves' second renewal and the CA's may fall together, or not.
    assert witness.stopped().count("manager-master") in (2, 3)
    assert all(stop.others_ready for stop in witness.stops)
    changed = {name for name, data in identity(engine).items() if data != kept[name]}
    assert changed == {NAMES.ca}
    assert identity(engine)[NAMES.ca][names.CA_KEY] == kept[NAMES.ca][names.CA_KEY]
    engine.check()


def shown(engine: Engine) -> list[timedelta]:
    """How long the leaves are still valid that pods had read when they started.

    Indexers reload theirs: what they show is what the Secret holds.
    """
    found = []
    for pod in engine.objects("Pod"):
        loaded = engine.loaded(pod["metadata"]["name"])
        assert loaded is not None
        files = engine.controllers.kubelet.files(pod)
        read = files if role_of(pod) == "indexer" else loaded.secrets
        found += [
            not_after(data[names.TLS_CERT]) - engine.clock()
            for name, data in read.items()
            if name in LEAVES
        ]
    return found
