"""Answers are written at once, and nothing of them is lost at a close."""

from __future__ import annotations

import asyncio

from app.edge.whole_writes import WholeWrites


class _Wire(asyncio.Transport):
    """A transport that shows what reaches it."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.written.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 5


def test_one_turn_is_one_write() -> None:
    """Header, body and end go together, at the end of the turn in which they were made."""

    async def turn() -> list[bytes]:
        wire = _Wire()
        writes = WholeWrites(wire, asyncio.get_running_loop())
        for part in (b"header", b"body", b""):
            writes.write(part)
        assert wire.written == []
        assert writes.get_write_buffer_size() == len(b"headerbody") + 5
        await asyncio.sleep(0)
        writes.write(b"next")
        await asyncio.sleep(0)
        return wire.written

    assert asyncio.run(turn()) == [b"headerbody", b"next"]


def test_a_close_writes_first_and_nothing_comes_after_it() -> None:
    """What was answered before a close arrives; later parts have nowhere to go."""

    async def turn() -> _Wire:
        wire = _Wire()
        writes = WholeWrites(wire, asyncio.get_running_loop())
        writes.write(b"bad request")
        writes.close()
        writes.write(b"late")
        await asyncio.sleep(0)
        return wire

    wire = asyncio.run(turn())
    assert wire.written == [b"bad request"]
    assert wire.closed
