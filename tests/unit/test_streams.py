"""Streams: how they end when the sidecar does."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from sidecar.errors import DrainingError
from sidecar.rpc import send
from sidecar.streams import Streams


class SlowContext:
    """A call whose messages are on their way until it is said that they have left."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.is_writing = asyncio.Event()
        self.broken_off = 0

    async def write(self, _message: Any) -> None:
        """Send a message."""
        self.is_writing.set()
        try:
            await self.left.wait()
        except asyncio.CancelledError:
            self.broken_off += 1
            raise


def streams() -> Streams:
    """Return what counts streams, with room for some."""
    limits = SimpleNamespace(streams_max=9, watchers_max=9)
    live: Any = SimpleNamespace(current=SimpleNamespace(sidecar=limits))
    return Streams(live)


async def _sending(counted: Streams, context: SlowContext) -> None:
    with counted.entered():
        await send(context, b"one")  # type: ignore[arg-type] # as much of a context as is needed
        await asyncio.Event().wait()


def test_a_message_on_its_way_is_not_broken_off() -> None:
    """A stream ends after the message it is sending: beside one gRPC takes no status, and its caller would wait."""

    async def drained() -> int:
        counted, context = streams(), SlowContext()
        stream = asyncio.create_task(_sending(counted, context))
        await context.is_writing.wait()
        draining = asyncio.create_task(counted.drain())
        await asyncio.sleep(0)
        context.left.set()
        with pytest.raises(DrainingError):
            await stream
        assert await draining is False
        return context.broken_off

    assert asyncio.run(drained()) == 0


def test_a_stream_that_waits_ends_at_once() -> None:
    """A stream with nothing to send ends where it waits."""

    async def drained() -> bool:
        counted, context = streams(), SlowContext()
        context.left.set()
        stream = asyncio.create_task(_sending(counted, context))
        await context.is_writing.wait()
        await asyncio.sleep(0)
        unread = await counted.drain()
        with pytest.raises(DrainingError):
            await stream
        return unread

    assert asyncio.run(drained()) is False
