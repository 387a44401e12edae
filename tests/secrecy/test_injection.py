"""Every function that a call reaches is made to fail once, with secrets in what it raises.

What the core catches it turns into findings and reissues, whose messages stand in the status: the
secrets must not be in it, and the list of children never gets shorter by it.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson
import pytest

from app.errors import HookError
from app.hook.sync import finalize, sync
from app.result import Result
from tests.cluster_builder import key_of, seeded_entropy
from tests.secrecy import moments
from tests.secrecy.injection import CORE, failing, reached
from tests.secrecy.moments import Moment
from tests.secrecy.open_edge import without_secrets

CALLS: Final[Mapping[str, Callable[..., Result]]] = {"/sync": sync, "/finalize": finalize}
MOMENTS: Final = (
    ("/sync", "several-leaves-renewed-at-once"),
    ("/sync", "invalid-spec"),
    ("/finalize", "steady-state"),
)
#: Packages whose functions are handed secrets: what they keep is forgotten before each call.
WITH_SECRETS: Final = ("certificates", "credentials", "observed", "resolve")


def ask(call: Moment) -> Result:
    """Answer of the pure function behind the path."""
    return CALLS[call.path](call.request, now=call.now, entropy=seeded_entropy(1))


def observed(call: Moment) -> set[Any]:
    """Children that the request shows."""
    groups = call.request["children"].values()
    return {key_of(child) for group in groups for child in group.values()}


def missing(call: Moment, result: Result) -> set[Any]:
    """Observed children that are not in the answer, and so would be deleted."""
    return observed(call) - {key_of(one) for one in result.response.children}


@functools.cache
def caches() -> tuple[Any, ...]:
    """Caches of the packages that are handed secrets, all of them loaded by now."""
    packages = tuple(f"app.{package}" for package in WITH_SECRETS)
    return tuple(
        one
        for one in gc.get_objects()
        if isinstance(one, functools._lru_cache_wrapper) and one.__module__.startswith(packages)
    )


def forget() -> None:
    """Empty them."""
    for one in caches():
        one.cache_clear()


def outcomes(call: Moment, *, is_cold: bool) -> Iterator[tuple[str, Result | None]]:
    """Each function that is reached, with the answer that its failure gives, None for a defect."""
    text = "\n".join((*call.needles.texts, "-----BEGIN PRIVATE KEY-----"))
    prepare = forget if is_cold else lambda: None
    ask(call)
    prepare()
    for code in reached(lambda: ask(call)):
        place = code.co_filename.removeprefix(CORE)
        if is_cold and not place.startswith(tuple(f"/{one}/" for one in WITH_SECRETS)):
            continue
        prepare()
        with failing(code, lambda: ValueError(text)) as failed:
            result = answer_or_defect(call)
        if failed:
            yield f"{place} {code.co_qualname}", result


def answer_or_defect(call: Moment) -> Result | None:
    """Answer; None where the call fails, which is a 500 or 400 with a constant text."""
    try:
        return ask(call)
    except (HookError, ValueError, TypeError, KeyError):
        return None


@pytest.mark.parametrize(("path", "name"), MOMENTS, ids=lambda one: one.strip("/"))
def test_no_function_that_decides_swallows_a_defect(path: str, name: str) -> None:
    """Whichever fails, the call fails: 500, and Metacontroller changes nothing."""
    assert _caught(moments.moment(path, name), is_cold=False) == 0


def test_what_is_caught_where_secrets_are_read_never_shows() -> None:
    """Keys and certificates that cannot be read are no defects: said, and nothing more."""
    assert len(caches()) > 3
    assert _caught(moments.moment("/sync", "passwords-taken"), is_cold=True) >= 5


def _caught(call: Moment, *, is_cold: bool) -> int:
    """How many failures gave an answer. AssertionError for what it shows or leaves out."""
    usual = missing(call, ask(call))
    wrong: list[str] = []
    reached_, caught = 0, 0
    for place, result in outcomes(call, is_cold=is_cold):
        reached_ += 1
        if result is None:
            continue
        caught += 1
        if missing(call, result) - usual:
            wrong.append(f"{place}: a child is left out")
        shown = orjson.dumps(without_secrets(result.response.on_wire()), default=dict).decode()
        if call.needles.in_(shown):
            wrong.append(f"{place}: a secret is shown")
    assert wrong == []
    assert reached_ > 20
    return caught
