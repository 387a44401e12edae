"""What asyncio says of a failed callback: its words, and nothing of what they speak of.

Its text is made before it is logged and holds the callback's arguments: of a future, the exception
that is in it. Under uvloop it holds the callback alone, which shows the arguments of a partial.
"""

from __future__ import annotations

import asyncio
import functools
import io
import logging
from collections.abc import Callable, Iterator
from typing import Final

import pytest
import uvloop

from app.edge.telemetry import Telemetry, adopt_library_logs
from tests.cluster_builder import NOW
from tests.secrecy.needles import forms

SECRET: Final = "Pw0.short"
LOOPS: Final[dict[str, Callable[[], asyncio.AbstractEventLoop]]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


@pytest.fixture
def stream() -> Iterator[io.BytesIO]:
    """The log of a process; afterwards libraries log as before."""
    made = io.BytesIO()
    root = logging.getLogger()
    before, threshold = root.handlers[:], root.level
    adopt_library_logs(Telemetry(stream=made, clock=lambda: NOW, level="debug"))
    yield made
    logging.captureWarnings(capture=False)
    root.handlers[:] = before
    root.setLevel(threshold)


def careless(*_: object) -> None:
    """A callback with a defect."""
    raise LookupError


@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_callback_that_fails_says_nothing_of_its_arguments(
    stream: io.BytesIO, loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Neither of a future's exception nor of a partial's arguments."""

    async def main() -> None:
        future = asyncio.get_running_loop().create_future()
        future.set_exception(KeyError(SECRET))
        future.add_done_callback(careless)
        with pytest.raises(KeyError):
            await future
        asyncio.get_running_loop().call_soon(functools.partial(careless, SECRET))
        await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())
    text = stream.getvalue().decode()
    assert text.count('"error_type":"LookupError"') == 2
    assert [form for form in forms(SECRET) if form in text] == []
