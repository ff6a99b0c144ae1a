"""ActivityService: takes what users did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from foreword import keys
from foreword.admission import admit, without_forgotten
from foreword.clock import Clock
from foreword.errors import ForewordError
from foreword.keys import UserKey
from foreword.store import ActivityTransaction, Deletion
from foreword.store.rewound import is_rewound
from foreword.text_size import check_text
from foreword.v1.activity_service_pb2 import (
    DeleteEventsRequest,
    DeleteEventsResponse,
    RecordEventsRequest,
    RecordEventsResponse,
    StreamEventsRequest,
    StreamEventsResponse,
)
from foreword.v1.error_reason_pb2 import ErrorReason
from foreword.v1.refresh_pb2 import RefreshState
from sidecar import checks
from sidecar.activity import Activity
from sidecar.errors import FeedError
from sidecar.event_feed import EventFeed, Recorded
from sidecar.profiles import Profiles
from sidecar.refresh_wait import RefreshWait, bounded_seconds
from sidecar.rpc import Context, Handler, collecting, unary
from sidecar.streams import Streams

NAME = "foreword.v1.ActivityService"


class ActivityService:
    """Has events checked and written in the committer's thread: on the loop, checking would keep reads waiting.

    Attributes:
        accepted_count: Events newly recorded since the start.
        refused_count: Events refused since the start, for whatever reason.
        forgotten_count: Events refused since the start, because the ids of their time are forgotten.
    """

    def __init__(self, activity: Activity, profiles: Profiles, streams: Streams, clock: Clock) -> None:
        self.accepted_count = self.forgotten_count = self.refused_count = 0
        self._activity = activity
        self._streams = streams
        self._clock = clock
        self._wait = RefreshWait(profiles, activity)

    def handlers(self) -> dict[str, Handler]:
        """Return the handler of each method."""
        return {
            "RecordEvents": unary(RecordEventsRequest, self.record_events),
            "StreamEvents": collecting(StreamEventsRequest, self.stream_events),
            "DeleteEvents": unary(DeleteEventsRequest, self.delete_events),
        }

    async def record_events(self, request: RecordEventsRequest, _context: Context) -> RecordEventsResponse:
        """Record the good events and name the others; answer once the good ones are on disk."""
        count = len(request.events)
        checks.check_count("events", count)
        accepted_count, refused = await self._record(request)
        return RecordEventsResponse(
            accepted_count=accepted_count,
            duplicate_count=count - accepted_count - len(refused),
            refused=refused,
        )

    async def stream_events(
        self, requests: AsyncIterator[StreamEventsRequest], _context: Context
    ) -> StreamEventsResponse:
        """Record a feed; answer once all good events are on disk, or say how many of the first are."""
        feed = EventFeed(self._record)
        try:
            with self._streams.entered():
                async for request in requests:
                    await feed.take(request)
                return await feed.end()
        except ForewordError as exc:
            raise FeedError(exc, await feed.broken_off()) from exc

    def _record(self, request: RecordEventsRequest | StreamEventsRequest) -> asyncio.Future[Recorded]:
        """Queue the events of a request; raises when they cannot be."""
        count, receipt_ms = len(request.events), self._clock.now_ms()
        self._activity.reserve(count)

        def job(transaction: ActivityTransaction) -> Recorded:
            admission = admit(request.events, receipt_ms)
            is_new = transaction.record(admission.kept, receipt_ms, for_backfill=request.for_backfill)
            refused = without_forgotten(admission, transaction.forgotten(admission.kept, is_new))
            return Recorded(sum(is_new), refused)

        recorded = self._activity.submit(job, releasing=count)
        recorded.add_done_callback(self._add)
        return recorded

    def _add(self, done: asyncio.Future[Recorded]) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        accepted_count, refused = done.result()
        self.accepted_count += accepted_count
        self.refused_count += len(refused)
        self.forgotten_count += sum(each.reason == ErrorReason.ERROR_REASON_ID_FORGOTTEN for each in refused)

    async def delete_events(self, request: DeleteEventsRequest, context: Context) -> DeleteEventsResponse:
        """Delete events of one user; on request, wait until the profile is without them."""
        user = keys.user_key(request.user_id, request.namespace)
        checks.check_count("event_ids", len(request.event_ids))
        wait_seconds = checks.wait_seconds(request.wait)
        for place, event_id in enumerate(request.event_ids):
            check_text(f"event_ids[{place}]", event_id, keys.EVENT_ID_BYTES_MAX, bytes_min=1)
        self._activity.refuse_draining()
        now_ms = self._clock.now_ms()
        found = await self._activity.write(lambda txn: txn.delete(user, request.event_ids, now_ms))
        response = DeleteEventsResponse(
            deleted_count=found.count(Deletion.DONE),
            deleted_before_count=found.count(Deletion.BEFORE),
            missing_ids=[
                event_id
                for event_id, came_to in zip(request.event_ids, found, strict=True)
                if came_to is Deletion.MISSING
            ],
        )
        place = self._newest_deletion(user)
        response.completed = not place or await self._taken_in(
            user, place, bounded_seconds(wait_seconds, context)
        )
        current = self._wait.state(user)
        response.revision = current.revision if current is not None else 0
        return response

    async def _taken_in(self, user: UserKey, place: int, wait_seconds: float) -> bool:
        """Wait until the profile is without a deletion; then no row needs what was deleted any more."""

        def is_without(state: RefreshState) -> bool:
            seen = self._activity.user(user)
            return state.deletion_seq >= place and not (seen is not None and is_rewound(state, seen))

        state = await self._wait.until(user, is_without, wait_seconds)
        if state is None:
            return False
        await self._activity.write(lambda txn: txn.drop_deleted(user, state.deletion_seq))
        return True

    def _newest_deletion(self, user: UserKey) -> int:
        activity = self._activity.user(user)
        return activity.deletion_seq if activity is not None else 0
