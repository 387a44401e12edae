"""F28 for a set that Kubernetes keeps as a list.

The same tolerations in another order would be another pod template, and the tier would roll.
"""

from __future__ import annotations

from app.simulation.engine import Engine
from tests.convergence.witness import Witness
from tests.convergence.world import edit, rested, settle


def test_f28_tolerations_that_change_places_roll_nothing() -> None:
    """No pod stops."""
    one, other = ({"key": key, "operator": "Exists"} for key in "ab")
    engine: Engine = rested({"dashboard": {"tolerations": [one, other]}})
    witness = Witness(engine)
    edit(engine, {"dashboard": {"tolerations": [other, one]}})
    settle(engine)
    assert witness.stops == []
