"""Calls that last: how many there may be, and how they end when the sidecar does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from foreword.followed_config import FollowedConfig
from sidecar.errors import DrainingError, StreamsExhaustedError
from sidecar.rpc import end

# How long streams may take to say goodbye. Whoever reads takes it in milliseconds; whoever does not, never does.
GOODBYE_SECONDS = 1.0


class Streams:
    """Counts the calls that last, refuses those beyond the limits, and ends them when the sidecar drains.

    They are cancelled wherever they wait: a wake-up beside each message would be a second thing to wait for, and cost
    as much as the message.
    """

    def __init__(self, live: FollowedConfig) -> None:
        self._live = live
        self._running: set[asyncio.Task[Any]] = set()
        self._watching = 0
        self._is_draining = False

    @contextmanager
    def entered(self, *, watches: bool = False) -> Iterator[None]:
        """Count the running task as a stream while the block runs.

        Raises:
            DrainingError: The sidecar is shutting down, or began to while the block ran.
            StreamsExhaustedError: There are as many already as may be.
        """
        if self._is_draining:
            raise draining()
        sidecar = self._live.current.sidecar
        if len(self._running) >= sidecar.streams_max:
            raise StreamsExhaustedError("sidecar.streams_max", sidecar.streams_max)
        if watches and self._watching >= sidecar.watchers_max:
            raise StreamsExhaustedError("sidecar.watchers_max", sidecar.watchers_max)
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        self._watching += watches
        try:
            yield
        except asyncio.CancelledError as exc:
            if not self._is_draining:
                raise
            raise draining() from exc
        finally:
            self._watching -= watches
            self._running.discard(task)

    async def drain(self) -> bool:
        """Take no more streams, and end all; return whether any could not say goodbye because nobody reads it."""
        self._is_draining = True
        ending = set(self._running)
        for task in ending:
            end(task)
        if not ending:
            return False
        _, unread = await asyncio.wait(ending, timeout=GOODBYE_SECONDS)
        return bool(unread)


def draining() -> DrainingError:
    """Return what streams end with when the sidecar does."""
    return DrainingError("the sidecar is shutting down")
