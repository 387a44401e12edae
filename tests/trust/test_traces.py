"""Mutual trust in random histories of a small world, and in histories that were hard once.

``TRUST_TRACES=20000 TRUST_SEED=7 pytest tests/trust/test_traces.py`` runs more of them, and others.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter

import pytest

from app.certificates.rotation_writes import Step
from tests.trust.traces import random_setting, replay, shrunk, walk
from tests.trust.variants import VARIANTS
from tests.trust.world import Setting

pytestmark = pytest.mark.slow

_TRACES = int(os.environ.get("TRUST_TRACES", "1000"))
_SEED = int(os.environ.get("TRUST_SEED", "0"))
#: Parts that may run side by side.
_PARTS = 8
#: So many histories are enough to see a rule that is wrong.
_ENOUGH = 20
#: What the hook must have done in each part, else its histories show little.
_SEEN = frozenset(
    {
        *(Step.ROTATION_REQUESTED, Step.PROMOTED, Step.PRUNED, Step.RECREATED),
        *("SecretMissing", "IssuerMismatch", "SpecMismatch", "RenewalRequested", "NearExpiry"),
        *("BundleChanged", "ValidityShortened", "CANearExpiry"),
    }
)


@pytest.mark.timeout(0 if _TRACES > 10_000 else 240)
@pytest.mark.parametrize("part", range(_PARTS))
def test_no_history_breaks_trust(part: int) -> None:
    """Whatever happens, in whatever order, seen however late."""
    reasons = Counter[str]()
    for seed in range(_SEED + part, _SEED + _TRACES, _PARTS):
        rng = random.Random(seed)  # noqa: S311 - a history, not a secret
        history = walk(random_setting(rng), rng)
        if history.error is not None:
            found = shrunk(history.setting, history.steps, history.error)
            pytest.fail(f"seed {seed}: {history.error}\nshrunk: {found}")
        reasons.update(history.world.reasons)
    assert reasons.keys() >= _SEEN, f"never seen: {_SEEN - reasons.keys()}"


@pytest.mark.parametrize("name", VARIANTS)
def test_wrong_rules_are_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the property above would say little."""
    variant = VARIANTS[name]
    variant.apply(monkeypatch)
    found = Counter[str]()
    for seed in range(_ENOUGH):
        rng = random.Random(seed)  # noqa: S311 - a history, not a secret
        setting = Setting(pool=variant.events, lag=rng.randint(1, 5))
        history = walk(setting, rng)
        if history.error is not None and history.error.name in variant.breaks:
            assert replay(setting, history.steps) is not None
            return
        found["-" if history.error is None else history.error.name] += 1
    pytest.fail(f"{name} was not found in {_ENOUGH} histories: {dict(found)}")


def test_failures_are_shrunk_to_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short list of steps that can be played again, instead of a long history."""
    variant = VARIANTS["promote-early"]
    variant.apply(monkeypatch)
    rng = random.Random(1)  # noqa: S311 - a history, not a secret
    history = walk(Setting(pool=(*variant.events, "template", "renew", "lose a pod:indexer")), rng)
    assert history.error is not None
    text = shrunk(history.setting, history.steps, history.error)
    steps = re.findall(r"^ {8}'(.*)',$", text, re.MULTILINE)
    assert "rotate" in steps
    assert len(steps) < len(history.steps)
    found = replay(history.setting, steps)
    assert found is not None
    assert found.name == history.error.name
    for missing in range(len(steps)):
        fewer = replay(history.setting, steps[:missing] + steps[missing + 1 :])
        assert fewer is None or fewer.name != found.name
