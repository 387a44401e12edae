"""Mutual trust in the embedded engine, under the real hook.

``TRUST_HISTORIES=500 TRUST_SEED=7 pytest tests/trust/test_histories.py`` runs more, and others.
"""

from __future__ import annotations

import os

import pytest

from app import names
from app.certificates import tier_hash
from app.certificates.request import Stage
from app.resolve import authority
from tests.convergence.world import annotate, status, told
from tests.trust.histories import History
from tests.trust.variants import VARIANTS

pytestmark = pytest.mark.slow

_SEED = int(os.environ.get("TRUST_SEED", "0"))
_COUNT = int(os.environ.get("TRUST_HISTORIES", "6"))
_STEPS = 5


@pytest.mark.parametrize("seed", range(_SEED, _SEED + _COUNT))
def test_no_history_breaks_trust(seed: int) -> None:
    """Edits, lost Secrets, restarts and late views, with pods that restart in between."""
    history = History(seed)
    try:
        history.make(_STEPS)
    except AssertionError as error:
        error.add_note(f"History({seed}).play({history.steps!r})")
        raise
    assert history.trust.breaches == [], f"History({seed}).play({history.steps!r})"
    assert told(history.engine, "CertificatesReady") == ("True", "Valid")


def test_a_rotation_with_restarts_at_every_stage() -> None:
    """Pods of one tier after the other restart all the time that it takes."""
    history = History(3)
    annotate(history.engine, names.ROTATE_CA, "one")
    stages = set[str]()
    for role in ("indexer", "manager", "dashboard") * 8:
        history.play([f"kill {role}", "pause 100"])
        stages.add(status(history.engine)["certificateAuthority"]["stage"])
    history.finish()
    assert {Stage.TRUST, Stage.REISSUE} <= stages
    assert status(history.engine)["certificateAuthority"]["stage"] == Stage.STEADY
    assert history.trust.breaches == []


@pytest.mark.parametrize("name", ["promote-early", "prune-early", "hash-no-ca"])
def test_wrong_rules_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above would prove little."""
    VARIANTS[name].apply(monkeypatch)
    monkeypatch.setattr(authority, "cert_hash", tier_hash.cert_hash)
    history = History(1_000_003)  # nothing that is kept by its content is shared with the others
    history.play(["rotate", *["pause 60"] * 20])
    assert history.trust.breaches
