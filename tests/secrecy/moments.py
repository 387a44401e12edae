"""Requests that together reach every step of a call, with the secrets that are in them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from tests.cluster_builder import ClusterBuilder
from tests.scenarios import SCENARIOS, rounds
from tests.secrecy.needles import Needles, secrets_of

REFUSED: Final[Mapping[str, Any]] = {"indexer": {"javaOpts": "-Xms1g"}}
#: A cluster whose keys take long to make.
RSA: Final[Mapping[str, Any]] = {"tls": {"certConfig": {"keyAlgorithm": "RSA-2048"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One call. ``needles``: the secrets of this request and of a cluster at rest."""

    path: str
    request: Mapping[str, Any] = field(repr=False)
    now: datetime
    needles: Needles = field(repr=False)


#: Path and name; the likeliest to reach a step first.
ALL: Final = (
    ("/sync", "steady-state"),
    ("/sync", "invalid-spec"),
    ("/sync", "deleting"),
    ("/finalize", "steady-state"),
    ("/customize", "steady-state"),
    ("/sync", "refused passwords-taken"),
    ("/sync", "refused passwords-job-due"),
    ("/sync", "refused without a dashboard"),
    ("/sync", "rsa"),
    *(("/sync", name) for name in SCENARIOS),
)


@cache
def moment(path: str, name: str) -> Moment:
    """The call of this path and name; nobody changes its request."""
    request, now = _built(name)
    steady = SCENARIOS["steady-state"].build()[0]
    return Moment(path=path, request=request, now=now, needles=Needles(secrets_of(request, steady)))


@cache
def _built(name: str) -> tuple[dict[str, Any], datetime]:
    if name in SCENARIOS:
        return SCENARIOS[name].build()
    if name == "rsa":
        cluster = rounds(ClusterBuilder(RSA), 0)
        return cluster.request(), cluster.now
    origin = name.removeprefix("refused ")
    request, now = SCENARIOS[origin if origin in SCENARIOS else "steady-state"].build()
    request["parent"]["spec"] = {**request["parent"]["spec"], **copy.deepcopy(dict(REFUSED))}
    if origin not in SCENARIOS:
        request["children"]["Deployment.apps/v1"] = {}
    return request, now
