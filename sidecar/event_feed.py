"""One feed of events: taken in messages, written while further ones come, and settled in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from foreword.errors import ForewordError
from foreword.v1.activity_service_pb2 import RefusedEvent, StreamEventsRequest, StreamEventsResponse
from sidecar import checks
from sidecar.errors import QueueFullError

# Events of one feed that wait for the disk; further messages wait in the connection. Ten of the largest messages:
# enough that the disk never waits for the feed, and few enough that one feed does not fill the queue of all.
WAITING_MAX = 10_000
# Refused events that the answer names: what is wrong with so many is wrong with the feed.
NAMED_MAX = 1000


class Recorded(NamedTuple):
    """What became of the events of one message."""

    accepted_count: int
    refused: list[RefusedEvent]


Record = Callable[[StreamEventsRequest], asyncio.Future[Recorded]]
"""Queues the events of a message, and returns what tells once they are on disk."""


class _Waiting(NamedTuple):
    events: int
    recorded: asyncio.Future[Recorded]


class EventFeed:
    """Takes the messages of one feed.

    Attributes:
        settled_count: How many of the first events are on disk or refused.
    """

    def __init__(self, record: Record) -> None:
        self.settled_count = 0
        self._record = record
        self._waiting: deque[_Waiting] = deque()
        self._waiting_count = 0
        self._response = StreamEventsResponse()

    async def take(self, request: StreamEventsRequest) -> None:
        """Queue the events of the next message; waits while too many of this feed, or of all callers, wait.

        Raises:
            ForewordError: It cannot be taken, or an earlier one could not be written.
        """
        count = len(request.events)
        checks.check_count("events", count)
        while self._waiting and self._waiting_count + count > WAITING_MAX:
            await self._settle_oldest()
        while True:
            try:
                recorded = self._record(request)
            except QueueFullError:
                if not self._waiting:
                    raise
                await self._settle_oldest()
            else:
                self._waiting.append(_Waiting(count, recorded))
                self._waiting_count += count
                return

    async def end(self) -> StreamEventsResponse:
        """Return what became of all events, once the last is on disk.

        Raises:
            ForewordError: Some could not be written.
        """
        while self._waiting:
            await self._settle_oldest()
        return self._response

    async def broken_off(self) -> int:
        """Return how many of the first events are settled, once nothing of the feed is being written any more."""
        try:
            await self.end()
        except ForewordError:
            await asyncio.wait([waiting.recorded for waiting in self._waiting])
        return self.settled_count

    async def _settle_oldest(self) -> None:
        count, recorded = self._waiting[0]
        # Shielded: a caller that leaves, or a drain, must not take back what was sent.
        done = await asyncio.shield(recorded)
        self._waiting.popleft()
        self._waiting_count -= count
        self._add(count, done)
        self.settled_count += count

    def _add(self, count: int, recorded: Recorded) -> None:
        response, first = self._response, self.settled_count
        response.accepted_count += recorded.accepted_count
        response.refused_count += len(recorded.refused)
        response.duplicate_count += count - recorded.accepted_count - len(recorded.refused)
        for refused in recorded.refused[: NAMED_MAX - len(response.refused)]:
            place = first + refused.index
            refused.field = refused.field.replace(f"events[{refused.index}]", f"events[{place}]", 1)
            refused.index = place
            response.refused.append(refused)
