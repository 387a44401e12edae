"""Bodies for the benchmark: what Metacontroller sends while a cluster is created, and at rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from app.cli.render import creation_request, read_documents
from app.entropy import Entropy
from app.hook.customize import customize
from app.hook.heavy import is_heavy
from app.hook.sync import sync
from app.result import Result
from app.simulation.engine import Engine

EXAMPLE: Final = Path(__file__).resolve().parents[2] / "examples" / "production.yaml"
_PATIENCE_SECONDS: Final = 3600
_GIVEN: Final = ("name", "namespace", "labels", "annotations")


class BodyError(Exception):
    """The simulated cluster did not come to rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """``steady``: a sync in which nothing changes; ``answer``: what it is answered.

    ``creation``: the syncs of the cluster's creation that made keys, passwords or hashes, in
    order; ``heavy`` of all syncs went to a thread.
    """

    steady: bytes
    answer: bytes
    children: int
    creation: tuple[bytes, ...]
    heavy: int


class _Recorder:
    """The hook, remembering every body and what it made."""

    def __init__(self) -> None:
        """Nothing asked yet."""
        self.calls: list[tuple[bytes, Result]] = []
        self.heavy = 0

    def sync(self, request: Mapping[str, Any], *, now: datetime, entropy: Entropy) -> Result:
        """Answer as the hook does."""
        self.heavy += is_heavy(request, now=now)
        result = sync(request, now=now, entropy=entropy)
        self.calls.append((orjson.dumps(request), result))
        return result


def bodies() -> Bodies:
    """Create the production example in the simulation and let it come to rest.

    Its time ends about now, so that the real server finds the certificates fresh. Raises
    BodyError.
    """
    recorder = _Recorder()
    start = datetime.now(UTC) - timedelta(minutes=30)  # noqa: TID251 - a benchmark is an edge
    request = creation_request(read_documents(EXAMPLE), start)
    parent = request["parent"]
    metadata = {key: parent["metadata"][key] for key in _GIVEN if key in parent["metadata"]}
    engine = Engine.direct(recorder.sync, customize, now=start)
    engine.apply({**parent, "metadata": metadata})
    if not engine.run_until(
        lambda: engine.is_running() and engine.is_quiet(), float(_PATIENCE_SECONDS)
    ):
        raise BodyError("the example did not come to rest in the simulation")
    engine.run_for(60)
    steady, last = recorder.calls[-1]
    creation = tuple(body for body, result in recorder.calls if result.report.reissues)
    return Bodies(
        steady=steady,
        answer=orjson.dumps(last.response.on_wire(), default=dict),
        children=last.report.observed,
        creation=creation,
        heavy=recorder.heavy,
    )
