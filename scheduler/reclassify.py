"""Looking through all users for a changed segment or a missing due time."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from foreword.clock import Clock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.store import ActivityReader, ProfileReader, ProfileTransaction, ProfileWriter
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.profile_pb2 import Cadence, Segment
from foreword.v1.refresh_pb2 import RefreshReason, Watermark
from scheduler.runner import Runner
from scheduler.segments import cadence, classify, next_due_ms, validity
from scheduler.transfer import due_after_session

# Users looked at without a pause: about five milliseconds.
_SLICE_MAX = 200


class Review(NamedTuple):
    """What is to change for a user."""

    watermark: Watermark
    has_moved: bool
    """The segment is another, so the profile's header changes as well."""


class Reclassifier:
    """Streams all users, holding one slice of them at a time."""

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        runner: Runner,
        *,
        clock: Clock,
        live: FollowedConfig,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._runner = runner
        self._clock = clock
        self._live = live

    async def run(self, activity: ActivityReader) -> int:
        """Look through all users; return how many were changed.

        Raises:
            StoreError: An environment cannot be read or written; the slices before are done.
        """
        changed = 0
        after = b""
        while users := activity.users(after, _SLICE_MAX):
            after = users[-1][0]
            changed += self._review_slice(users)
            await asyncio.sleep(0)
        if changed:
            self._runner.sweep()
        return changed

    def _review_slice(self, users: list[tuple[UserKey, UserActivity]]) -> int:
        now_ms = self._clock.now_ms()
        config = self._live.current
        reviews: list[tuple[UserKey, Review]] = []
        for user, activity in users:
            # An attempt under way classifies the user itself.
            if self._runner.in_flight(user) is None:
                found = review(self._profiles.watermark(user), user, activity, now_ms, config)
                if found is not None:
                    reviews.append((user, found))
        if reviews:
            # Nothing else writes between the reading above and this: the event loop has not turned.
            with self._writer.begin() as txn:
                for user, found in reviews:
                    _apply(txn, user, found, config)
        return len(reviews)


def review(
    watermark: Watermark | None, user: UserKey, activity: UserActivity, now_ms: int, config: Config
) -> Review | None:
    """Return what is to change for a user; None when all is as it should be.

    - A user never scheduled (profiles.lmdb was lost, or restored from before) is due when the last session
      has been idle long enough, or once an import has settled, which mostly is soon.
    - A user whose segment changed moves to the new cadence; the profile stays until then. A due time that an
      event, a read or an operator set is kept.
    - A due time later than the cadence now in force would set it is brought forward.
    - A user in backoff is left alone: the retry sees to all of this.
    """
    segment = classify(activity, now_ms, config)
    if segment == Segment.SEGMENT_UNSPECIFIED or (watermark is not None and watermark.failures):
        return None
    changed = Watermark()
    if watermark is not None:
        changed.CopyFrom(watermark)
    if changed.segment == Segment.SEGMENT_UNSPECIFIED:
        if not changed.due_ms:
            due_after_session(changed, activity.last_seen_ms, now_ms, config)
    else:
        changed.segment = segment
        _follow_cadence(changed, user, activity, now_ms, config)
    if changed == watermark:
        return None
    return Review(changed, watermark is not None and changed.segment != watermark.segment)


def _follow_cadence(
    changed: Watermark, user: UserKey, activity: UserActivity, now_ms: int, config: Config
) -> None:
    if changed.due_ms and changed.reason != RefreshReason.REFRESH_REASON_CADENCE:
        return
    due_ms = next_due_ms(changed.segment, user, changed.attempted_ms, now_ms, config)
    if due_ms:
        is_sooner = not changed.due_ms or due_ms < changed.due_ms
        if is_sooner:
            changed.due_ms, changed.reason = due_ms, RefreshReason.REFRESH_REASON_CADENCE
            changed.triggered_ms = changed.settling_since_ms = 0
        return
    changed.due_ms = 0
    is_after_session = cadence(changed.segment, config) == Cadence.CADENCE_AFTER_SESSION
    if is_after_session and activity.last_seq > changed.consumed_seq:
        due_after_session(changed, activity.last_seen_ms, now_ms, config)


def _apply(txn: ProfileTransaction, user: UserKey, found: Review, config: Config) -> None:
    watermark = found.watermark
    txn.schedule(user, watermark)
    if found.has_moved:
        valid = validity(watermark.segment, watermark.attempted_ms, config)
        txn.revalidate(
            user,
            stale_after_ms=valid.stale_after_ms,
            expired_after_ms=valid.expired_after_ms,
            segment=watermark.segment,
            refresh_on_open=valid.refresh_on_open,
        )
