"""ActivityService: takes what users did."""

from __future__ import annotations

from typing import NamedTuple

from foreword.clock import Clock
from foreword.errors import FieldError
from foreword.store import ActivityTransaction, NewEvent
from foreword.v1.activity_service_pb2 import RecordEventsRequest, RecordEventsResponse, RefusedEvent
from sidecar import checks
from sidecar.activity import Activity
from sidecar.event_check import checked, refused
from sidecar.rpc import Context, Handler, unary

NAME = "foreword.v1.ActivityService"


class _Checked(NamedTuple):
    kept: list[NewEvent]
    refused: list[RefusedEvent]


class ActivityService:
    """Has events checked and written in the committer's thread: on the loop, checking would keep reads waiting.

    Attributes:
        accepted_count: Events newly recorded since the start.
    """

    def __init__(self, activity: Activity, clock: Clock) -> None:
        self.accepted_count = 0
        self._activity = activity
        self._clock = clock

    def handlers(self) -> dict[str, Handler]:
        """Return the handler of each method."""
        return {"RecordEvents": unary(RecordEventsRequest, self.record_events)}

    async def record_events(self, request: RecordEventsRequest, _context: Context) -> RecordEventsResponse:
        """Record the good events and name the others; answer once the good ones are on disk."""
        count = len(request.events)
        checks.check_count("events", count)
        receipt_ms = self._clock.now_ms()
        self._activity.reserve(count)

        def job(transaction: ActivityTransaction) -> tuple[list[bool], list[RefusedEvent]]:
            found = _check(request, receipt_ms)
            return transaction.record(found.kept, receipt_ms), found.refused

        is_new, refusals = await self._activity.write(job, releasing=count)
        accepted_count = sum(is_new)
        self.accepted_count += accepted_count
        return RecordEventsResponse(
            accepted_count=accepted_count, duplicate_count=len(is_new) - accepted_count, refused=refusals
        )


def _check(request: RecordEventsRequest, receipt_ms: int) -> _Checked:
    found = _Checked([], [])
    for index, event in enumerate(request.events):
        try:
            found.kept.append(checked(event, receipt_ms))
        except FieldError as exc:
            found.refused.append(refused(index, event, exc))
    return found
