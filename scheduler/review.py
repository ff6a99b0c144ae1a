"""Looking through all users for a changed segment, a changed service level or a missing due time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from foreword import keys
from foreword.clock import DAY_MS, Clock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.store import ActivityReader, Header, ProfileReader, ProfileTransaction, ProfileWriter
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshState
from scheduler.due import URGENCY, Due, at_review
from scheduler.pauses import Holding, Pauses
from scheduler.policy import Policy
from scheduler.runner import Runner
from scheduler.segments import classify, validity
from scheduler.shaping import Shaping

# Users looked at without a pause: about two milliseconds. Each turn of the event loop has such a slice in it; a trigger
# takes some six turns to its commit, the first refreshes after a restart some eighty.
_SLICE_MAX = 50
# So many changes are worth a commit of their own. Fewer wait for others, looked at anew before they are written: of ten
# million users one in a hundred changes, and a synced commit for each slice would take longer than all the looking.
_CHANGES_MIN = 25
_WAITING_MAX = 200
_WAIT_SECONDS_MAX = 1.0
# Time enough to look at what was imported, and to begin; nobody who was imported is forgotten for good.
_BACKFILL_WAIT_MS_MAX = 7 * DAY_MS
_UNSPECIFIED = Segment.SEGMENT_UNSPECIFIED


class _Change(NamedTuple):
    """What is to change for a user."""

    state: RefreshState
    is_header_old: bool
    """The profile's header is of another segment, or of hours that are no longer in force."""
    is_released: bool
    """A pause that held the user back is over."""


class Reviewer:
    """Streams all users, holding one slice of them at a time."""

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        runner: Runner,
        *,
        clock: Clock,
        live: FollowedConfig,
        shaping: Shaping,
        pauses: Pauses,
        policy: Policy | None = None,
        is_backfilling: Callable[[], bool] = lambda: False,
    ) -> None:
        self._policy = policy
        self._writer = writer
        self._profiles = profiles
        self._runner = runner
        self._clock = clock
        self._live = live
        self._shaping = shaping
        self._is_backfilling = is_backfilling
        self._pauses = pauses

    async def run(self, activity: ActivityReader) -> int:
        """Look through all users; return how many were changed.

        Raises:
            StoreError: An environment cannot be read or written; the slices before are done.
        """
        changed = 0
        after = b""
        waiting: list[UserKey] = []
        loop = asyncio.get_running_loop()
        written = loop.time()
        while users := activity.users(after, _SLICE_MAX):
            after = users[-1][0]
            reviews = self._review(users)
            if len(reviews) >= _CHANGES_MIN:
                changed += self._write(reviews)
            else:
                waiting += (user for user, _ in reviews)
            if len(waiting) >= _WAITING_MAX or loop.time() - written > _WAIT_SECONDS_MAX:
                changed += self._write_waiting(activity, waiting)
                waiting, written = [], loop.time()
            await asyncio.sleep(0)
            # Nobody waits for a review, and a slice holds up each of the turns that a trigger takes.
            await self._runner.let_urgent_pass()
        changed += self._write_waiting(activity, waiting)
        if changed:
            self._runner.sweep()
        return changed

    def look_at(self, users: Sequence[tuple[UserKey, UserActivity]]) -> int:
        """Look at some users; return how many were changed.

        Raises:
            StoreError: profiles.lmdb cannot be read or written.
        """
        return self._write(self._review(users))

    def _review(self, users: Sequence[tuple[UserKey, UserActivity]]) -> list[tuple[UserKey, _Change]]:
        now_ms = self._clock.now_ms()
        config = self._live.current
        reviews: list[tuple[UserKey, _Change]] = []
        weighing = self._policy if self._policy is not None and self._policy.is_on else None
        # An attempt under way classifies the user itself.
        free = [
            (user, activity)
            for user, activity in users
            if self._runner.in_flight(user) is None and not self._waits_for_backfill(user, activity, now_ms)
        ]
        scheduled = self._profiles.scheduled([user for user, _ in free])
        for (user, activity), (state, header) in zip(free, scheduled, strict=True):
            found = review(
                state,
                header,
                user,
                activity,
                now_ms,
                config=config,
                is_let_in=self._is_let_in(state, header, user, activity, config),
                pauses=self._pauses,
                is_worth=weighing is None or state is None or weighing.is_worth(state, activity),
            )
            if found is not None:
                reviews.append((user, found))
        return reviews

    def _write_waiting(self, activity: ActivityReader, waiting: Sequence[UserKey]) -> int:
        """Look at users once more, since the event loop has turned, and write what is still to change."""
        rows = ((user, activity.user(user)) for user in waiting)
        return self.look_at([(user, row) for user, row in rows if row is not None])

    def _write(self, reviews: Sequence[tuple[UserKey, _Change]]) -> int:
        if reviews:
            now_ms, config = self._clock.now_ms(), self._live.current
            # Nothing else writes between the reading and this: the event loop has not turned.
            with self._writer.begin() as txn:
                for user, found in reviews:
                    _apply(txn, user, found, config)
            for user, found in reviews:
                due = Due.of(found.state)
                if found.is_released and due.is_urgent(now_ms):
                    self._runner.urge(user, URGENCY[due.reason])
        return len(reviews)

    def _waits_for_backfill(self, user: UserKey, activity: UserActivity, now_ms: int) -> bool:
        """Return whether a user who was never scheduled is left to a backfill, for a week if there is none."""
        if not activity.for_backfill_ms or self._profiles.refresh_state(user) is not None:
            return False
        return self._is_backfilling() or now_ms - activity.for_backfill_ms < _BACKFILL_WAIT_MS_MAX

    def _is_let_in(
        self,
        state: RefreshState | None,
        header: Header | None,
        user: UserKey,
        activity: UserActivity,
        config: Config,
    ) -> bool:
        """Return whether a user has too few events for a profile by settings that are no longer in force."""
        if state is None or header is None or not header.is_default:
            return False
        if activity.event_count < config.cold_start.events_min:
            return False
        return state.settings_digest != self._shaping.digest(keys.split_user_key(user)[1], state.segment)


def review(
    state: RefreshState | None,
    header: Header | None,
    user: UserKey,
    activity: UserActivity,
    now_ms: int,
    *,
    config: Config,
    is_let_in: bool,
    is_worth: bool = True,
    pauses: Holding,
) -> _Change | None:
    """Return what is to change for a user: segment, due time, times in the header; None when all is as it should be.

    Of a user in backoff the segment stays: the retry sees to it, and the profile stays as it is until then.
    """
    former = _UNSPECIFIED if state is None else state.segment
    segment = classify(activity, now_ms, config, former)
    if segment == _UNSPECIFIED:
        return None
    changed = RefreshState()
    if state is not None:
        changed.CopyFrom(state)
    is_released = changed.is_held and not pauses.holds(user, segment, changed.reason)
    if is_released:
        changed.is_held = False
    if not changed.is_held:
        at_review(
            user,
            changed,
            activity,
            segment=segment,
            is_let_in=is_let_in,
            is_worth=is_worth,
            now_ms=now_ms,
            config=config,
        ).put(changed)
    if changed.segment != _UNSPECIFIED and not changed.failures:
        changed.segment = segment
    is_header_old = header is not None and not changed.failures and not _is_of(header, changed, config)
    return None if changed == state and not is_header_old else _Change(changed, is_header_old, is_released)


def _is_of(header: Header, state: RefreshState, config: Config) -> bool:
    """Return whether a profile's header says what follows from its user's segment and the hours in force."""
    valid = validity(state.segment, state.attempted_ms, config)
    return header.segment == state.segment and valid == (
        header.stale_after_ms,
        header.expired_after_ms,
        header.refresh_on_open,
    )


def _apply(txn: ProfileTransaction, user: UserKey, found: _Change, config: Config) -> None:
    state = found.state
    txn.schedule(user, state)
    if found.is_header_old:
        valid = validity(state.segment, state.attempted_ms, config)
        txn.revalidate(
            user,
            stale_after_ms=valid.stale_after_ms,
            expired_after_ms=valid.expired_after_ms,
            segment=state.segment,
            refresh_on_open=valid.refresh_on_open,
        )
