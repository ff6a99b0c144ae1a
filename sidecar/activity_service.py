"""ActivityService: takes what users did."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from foreword.clock import Clock
from foreword.errors import FieldError
from foreword.store import ActivityTransaction, NewEvent
from foreword.v1.activity_service_pb2 import RecordEventsRequest, RecordEventsResponse, RefusedEvent
from foreword.v1.error_pb2 import ErrorReason
from sidecar import checks
from sidecar.activity import Activity
from sidecar.event_check import checked
from sidecar.rpc import Context, Handler, check_deadline, unary

NAME = "foreword.v1.ActivityService"

# How long events are checked in one go; in between reads are answered.
SLICE_SECONDS = 0.0003


class _Checked(NamedTuple):
    kept: list[NewEvent]
    refused: list[RefusedEvent]


class ActivityService:
    """Checks events on the loop, in slices, and has them written by the committer's thread.

    Attributes:
        accepted_count: Events newly recorded since the start.
    """

    def __init__(self, activity: Activity, clock: Clock) -> None:
        self.accepted_count = 0
        self._activity = activity
        self._clock = clock
        # One batch is checked at a time: slices of many would add up to the wait of a read.
        self._turn = asyncio.Lock()

    def handlers(self) -> dict[str, Handler]:
        """Return the handler of each method."""
        return {"RecordEvents": unary(RecordEventsRequest, self.record_events)}

    async def record_events(self, request: RecordEventsRequest, context: Context) -> RecordEventsResponse:
        """Record the good events and name the others; answer once the good ones are on disk."""
        count = len(request.events)
        checks.check_count("events", count)
        receipt_ms = self._clock.now_ms()
        self._activity.reserve(count)
        try:
            async with self._turn:
                kept, refused = await self._check(request, receipt_ms)
            check_deadline(context)
        except BaseException:
            self._activity.waiting_events -= count
            raise
        is_new = await self._write(kept, receipt_ms, releasing=count)
        accepted_count = sum(is_new)
        self.accepted_count += accepted_count
        return RecordEventsResponse(
            accepted_count=accepted_count, duplicate_count=len(is_new) - accepted_count, refused=refused
        )

    async def _check(self, request: RecordEventsRequest, receipt_ms: int) -> _Checked:
        found = _Checked([], [])
        slice_ends = time.perf_counter() + SLICE_SECONDS
        for index, event in enumerate(request.events):
            try:
                found.kept.append(checked(event, receipt_ms))
            except FieldError as exc:
                found.refused.append(_refused(index, event.event_id, exc))
            if time.perf_counter() > slice_ends:
                await asyncio.sleep(0)
                slice_ends = time.perf_counter() + SLICE_SECONDS
        return found

    async def _write(self, kept: list[NewEvent], receipt_ms: int, *, releasing: int) -> list[bool]:
        if not kept:
            self._activity.waiting_events -= releasing
            return []

        def job(transaction: ActivityTransaction) -> list[bool]:
            return transaction.record(kept, receipt_ms)

        return await self._activity.write(job, releasing=releasing)


def _refused(index: int, event_id: str, exc: FieldError) -> RefusedEvent:
    return RefusedEvent(
        index=index,
        event_id=event_id,
        field=f"events[{index}].{exc.field}",
        message=f"found {exc.found}; allowed: {exc.allowed}",
        reason=ErrorReason.ERROR_REASON_FIELD_INVALID,
    )
