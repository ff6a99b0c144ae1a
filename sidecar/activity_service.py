"""ActivityService: takes what users did."""

from __future__ import annotations

from foreword.admission import admit
from foreword.clock import Clock
from foreword.store import ActivityTransaction
from foreword.v1.activity_service_pb2 import RecordEventsRequest, RecordEventsResponse, RefusedEvent
from sidecar import checks
from sidecar.activity import Activity
from sidecar.rpc import Context, Handler, unary

NAME = "foreword.v1.ActivityService"


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
            admission = admit(request.events, receipt_ms)
            return transaction.record(admission.kept, receipt_ms), admission.refused

        is_new, refusals = await self._activity.write(job, releasing=count)
        accepted_count = sum(is_new)
        self.accepted_count += accepted_count
        return RecordEventsResponse(
            accepted_count=accepted_count, duplicate_count=len(is_new) - accepted_count, refused=refusals
        )
