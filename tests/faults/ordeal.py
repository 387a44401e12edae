"""What holds of every fault, whatever else it does: asked while it lasts, and when it is over."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any, Final

from app.simulation.engine import Engine
from app.simulation.sync_record import Ending
from tests.convergence.shapes import shape
from tests.convergence.witness import Witness
from tests.convergence.world import condition, edit, identity, settle, status, told

#: Answers with an error that may follow each other without a break.
MOST_ERRORS: Final = 3
#: Longer than the hook takes to find and tell a fault of the spec.
A_WHILE: Final = 45.0

Told = tuple[str, str]


class Ordeal:
    """A cluster before, during and after a fault."""

    def __init__(self, engine: Engine) -> None:
        """Look on from now; nothing is wrong yet."""
        self.engine = engine
        self.witness = Witness(engine)
        self._shape = shape(engine)
        self._identity = identity(engine)
        self._spec = copy.deepcopy(engine.parent["spec"])
        self._syncs = len(engine.syncs)

    # --- the fault ------------------------------------------------------------------------
    def ask(self, change: Mapping[str, Any], seconds: float = A_WHILE) -> None:
        """Merge ``change`` into the spec, around the bounds of the CRD, and wait."""
        edit(self.engine, change)
        self.engine.run_for(seconds)

    def ask_raw(self, spec: Any, seconds: float = A_WHILE) -> None:
        """Put ``spec`` in the place of the spec, nulls and all, and wait."""
        self.engine.edit(lambda parent: parent.update(spec=spec))
        self.engine.run_for(seconds)

    def take_back(self, *, deletes: Collection[str] = ()) -> None:
        """Put the spec of the beginning back, come to rest, and be as before."""
        self.ask_raw(copy.deepcopy(self._spec), 0)
        settle(self.engine)
        self.holds(deletes=deletes)
        assert shape(self.engine) == self._shape
        assert told(self.engine, "SpecValid") == ("True", "Valid")

    # --- what is asked --------------------------------------------------------------------
    def holds(self, *, deletes: Collection[str] = ()) -> None:
        """Few errors in a row, nothing deleted but ``deletes``, no identity lost or made anew."""
        errors = [one.ending is Ending.ERROR for one in self.engine.syncs[self._syncs :]]
        runs = [len(list(run)) for is_error, run in groupby(errors) if is_error]
        assert max(runs, default=0) <= MOST_ERRORS
        assert set(self.witness.deletes()) <= set(deletes)
        assert identity(self.engine) == self._identity
        assert all(len(self.witness.versions(name)) == 1 for name in self._identity)
        generation = self.engine.parent["metadata"]["generation"]
        assert status(self.engine)["observedGeneration"] == generation
        self.engine.check()

    def changed(self) -> set[str]:
        """Children whose content is not that of the beginning, as ``kind name``."""
        now = shape(self.engine)
        return {
            name
            for name in now.keys() | self._shape.keys()
            if now.get(name) != self._shape.get(name)
        }

    def is_refused(self, *texts: str) -> None:
        """The whole spec is refused: nothing has moved, and each of ``texts`` is in the reason."""
        assert status(self.engine)["phase"] == "Failed"
        assert told(self.engine, "Ready") == ("False", "ReconcileError")
        self.is_told(("False", "Invalid"), *texts)
        assert self.changed() == set()
        assert self.witness.stops == []
        self.holds()

    def is_told(self, what: Told, *texts: str) -> None:
        """The condition SpecValid says ``what``, and its message holds each of ``texts``."""
        assert told(self.engine, "SpecValid") == what
        message = condition(self.engine, "SpecValid")["message"]
        assert len(message) <= 4096
        assert [text for text in texts if text not in message] == [], message


def refused(engine: Engine, change: Mapping[str, Any], *texts: str) -> None:
    """``change`` freezes the cluster with ``texts`` as the reason; taken back, it has done nothing.

    AssertionError otherwise.
    """
    ordeal = Ordeal(engine)
    ordeal.ask(change)
    ordeal.is_refused(*texts)
    ordeal.take_back()
    assert ordeal.witness.stops == []
    assert ordeal.witness.child_writes() == []
