"""F41 and F42: paused, a cluster stays as it was last applied, certificates included."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.simulation.engine import Engine, Setup
from tests.cluster_builder import NAMES
from tests.convergence.shapes import shape
from tests.convergence.stored_form import admitted
from tests.convergence.witness import Witness
from tests.convergence.world import (
    annotate,
    condition,
    edit,
    hook_of,
    identity,
    rested,
    secret_data,
    settle,
    status,
    told,
)

PAUSED: Final = "wazuh.com/paused"
ALERTS: Final[dict[str, Any]] = {"manager": {"config": {"alerts": {"logAlertLevel": 9}}}}


def go_on(engine: Engine) -> None:
    """Take the annotation away."""
    engine.edit(lambda parent: parent["metadata"]["annotations"].pop(PAUSED))


@pytest.fixture
def paused() -> Engine:
    """A cluster at rest that was paused."""
    engine = rested()
    annotate(engine, PAUSED, "true")
    engine.run_for(40)
    return engine


def test_f41_a_paused_cluster_is_as_last_applied(paused: Engine) -> None:
    """An edit has no effect, and the status says why."""
    witness, before = Witness(paused), shape(paused)
    edit(paused, ALERTS)
    paused.run_for(600)
    assert told(paused, "Progressing") == ("False", "Paused")
    assert witness.child_writes() == []
    assert shape(paused) == before
    assert status(paused)["observedGeneration"] == paused.parent["metadata"]["generation"]


def test_f41_all_that_was_edited_meanwhile_is_applied_afterwards(paused: Engine) -> None:
    """As if it had been one edit."""
    witness, keys = Witness(paused), identity(paused)
    edit(paused, ALERTS)
    paused.run_for(60)
    edit(paused, {"manager": {"workers": {"replicas": 3}}})
    paused.run_for(60)
    go_on(paused)
    settle(paused)
    assert shape(paused) == shape(
        rested({"manager": {**ALERTS["manager"], "workers": {"replicas": 3}}})
    )
    assert identity(paused) == keys
    assert witness.rolls() == ["manager-master", "manager-worker"]


def test_f41_what_is_lost_meanwhile_comes_back_afterwards(paused: Engine) -> None:
    """Nothing is made while it is paused, and nothing is deleted."""
    paused.delete("ConfigMap", "wz-dashboard-config")
    paused.run_for(300)
    assert [
        one for one in paused.objects("ConfigMap") if "dashboard" in one["metadata"]["name"]
    ] == []
    go_on(paused)
    settle(paused)
    assert shape(paused) == shape(rested())


@pytest.mark.parametrize("value", ["false", "", "yes"])
def test_f41_another_value_is_no_pause(value: str) -> None:
    """Only ``true`` stops a cluster."""
    engine = rested()
    annotate(engine, PAUSED, value)
    edit(engine, ALERTS)
    settle(engine)
    assert shape(engine) == shape(rested(ALERTS))


def test_f42_a_certificate_that_comes_due_is_told_and_left(paused: Engine) -> None:
    """Paused means paused; the condition warns, and lifting it renews at once."""
    setup = Setup(admission=admitted)
    engine = paused.copy(hook_of(42), seed=42, setup=setup, after=350 * 86400.0)
    engine.run_for(60)
    before = secret_data(engine)
    assert before == secret_data(paused)
    assert NAMES.certs("indexer") in condition(engine, "CertificatesReady")["message"]
    go_on(engine)
    settle(engine)
    assert secret_data(engine) != before
