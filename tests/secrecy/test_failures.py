"""Each step is made to fail with secrets in the exception's text, cause and local variables."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

from app.edge import endpoints
from app.edge.decoding import Decoder
from app.edge.limits import Gate
from app.edge.metrics import Metrics
from app.edge.reuse import ReuseCache
from app.edge.telemetry import Telemetry
from app.result import Response
from tests.secrecy import moments
from tests.secrecy.open_edge import OpenEdge, open_edge
from tests.secrecy.stages import Stage, stages

STAGES: Final = stages()
#: Steps of the edge around the hook: owner and attribute.
EDGE: Final = (
    (endpoints, "Entropy"),
    (endpoints, "parent_fields"),
    (endpoints, "read_body"),
    (endpoints, "send_answer"),
    (Decoder, "decode"),
    (Gate, "call"),
    (Metrics, "synced"),
    (Metrics, "failed"),
    (Response, "on_wire"),
    (ReuseCache, "find"),
    (ReuseCache, "keep"),
    (ReuseCache, "key"),
    (Telemetry, "failed"),
    (Telemetry, "synced"),
)


@pytest.fixture(scope="module")
def edge() -> Iterator[OpenEdge]:
    """One for all; answers are not kept, so that each call is made."""
    with open_edge(reuse_max_bytes=0) as found:
        yield found


class Failing:
    """Takes the place of a step: raises as careless code does, with ``text`` everywhere."""

    def __init__(self, text: str, kind: type[Exception] = KeyError) -> None:
        """``text`` holds the secrets."""
        self.text = text
        self.kind = kind
        self.calls = 0

    def __call__(self, *_: object, **__: object) -> NoReturn:
        """Fail."""
        self.calls += 1
        value = self.text
        try:
            int(value)
        except ValueError as error:
            raise self.kind(value) from error
        raise AssertionError(value)


def failed(
    edge: OpenEdge, patch: Callable[[Failing], object], undo: Callable[[], None]
) -> tuple[int, list[str]]:
    """Status of the first call that reaches a failing step, and what it let out; 0: none does."""
    for path, name in moments.ALL:
        call = moments.moment(path, name)
        failing = Failing("\n".join(call.needles.texts) + "-----BEGIN PRIVATE KEY-----")
        edge.now = call.now
        edge.forget()
        patch(failing)
        try:
            answer = edge.ask(path, call.request)
        finally:
            undo()
        if failing.calls:
            edge.wait_for_log()
            return answer.status_code, call.needles.in_(edge.seen)
    return 0, []


def identity(stage: tuple[Any, str]) -> str:
    """Name of a step in a test's id."""
    owner, name = stage
    return f"{owner.__name__}.{name}"


@pytest.mark.parametrize("stage", STAGES, ids=identity)
def test_a_step_that_fails_says_nothing(edge: OpenEdge, stage: Stage) -> None:
    """500 with an id that the log has too, and no secret anywhere."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        status, leaks = failed(
            edge, lambda failing: monkeypatch.setattr(*stage, failing), monkeypatch.undo
        )
    assert leaks == []
    assert status == 500, "no request reaches this step" if status == 0 else "it did not fail"
    [found] = re.findall(r"the log of the hook has it as ([0-9a-f]{12})", edge.seen)
    assert f'"error_id":"{found}"' in edge.log
    assert '"frames":[' in edge.log


@pytest.mark.parametrize("stage", EDGE, ids=identity)
def test_a_step_of_the_edge_that_fails_says_nothing(stage: tuple[Any, str]) -> None:
    """Whatever becomes of the call; and the next one is answered.

    Where a defect comes only with another one, the hook fails as well.
    """
    owner, name = stage
    comes_second = name in {"parent_fields", "failed"}
    with open_edge() as edge, pytest.MonkeyPatch.context() as monkeypatch:

        def patch(failing: Failing) -> None:
            monkeypatch.setattr(owner, name, failing)
            if comes_second:
                monkeypatch.setattr("app.hook.sync.judge", Failing(failing.text))

        status, leaks = failed(edge, patch, monkeypatch.undo)
        assert leaks == []
        assert status >= 500
        assert edge.log
        call = moments.moment("/sync", "steady-state")
        edge.now = call.now
        assert edge.ask("/sync", call.request).status_code == 200


def test_a_call_in_a_thread_that_fails_says_nothing(edge: OpenEdge) -> None:
    """Heavy calls come back through a future, which has a text of its own."""
    call = moments.moment("/sync", "rsa")
    edge.now = call.now
    edge.forget()
    with pytest.MonkeyPatch.context() as monkeypatch:
        failing = Failing("\n".join(call.needles.texts))
        monkeypatch.setattr("app.hook.sync.certificate_plan", failing)
        assert edge.ask("/sync", call.request).status_code == 500
    assert failing.calls == 1
    assert call.needles.in_(edge.seen) == []


ROOT: Final = Path(__file__).parents[2]
#: What texts of refusals may hold: the group of children that must be registered, a constant.
OWN_NAMES: Final = {"needed"}


def test_texts_of_refusals_are_constant() -> None:
    """They go to the caller as they are, so nothing of a request may be put into them."""
    texts = 0
    for file in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="RequestError" | "RegistrationError"), args=args):
                    texts += 1
                    used = {
                        one.id for arg in args for one in ast.walk(arg) if isinstance(one, ast.Name)
                    }
                    assert used <= OWN_NAMES, f"{file.name}:{node.lineno}"
                case _:
                    pass
    assert texts >= 4
