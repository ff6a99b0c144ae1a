"""Removing from activity.lmdb what the scheduler has taken and nobody needs, once it is counted and archived."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Iterator, Sequence
from itertools import islice

from foreword.clock import DAY_MS, Clock
from foreword.errors import StoreError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.store import ActivityTransaction
from foreword.store.failpoints import Failpoint, passing
from foreword.store.rewound import is_rewound
from foreword.synthetic import is_synthetic
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.refresh_pb2 import RefreshState
from sidecar.activity import Activity
from sidecar.archiving import Archiving
from sidecar.profiles import Profiles

logger = logging.getLogger("sidecar")

# Rows removed in one transaction, a few milliseconds; events are recorded in between.
SLICE_ROWS = 500
# Users looked at in one round: a store of a million users is gone through in a working day, at next to no cost.
USERS_PER_ROUND = 2_000
USERS_PER_SLICE = 100


# Events that wait for the archive while users are still looked through: written then, not only at the end.
_WAITING_MAX = 100_000


class Maintenance:
    """Drops consumed triggers, folds consumed events past retention into bands, and forgets old ids.

    All in slices, through the one committer. Events and ids grow old at midnight, UTC, so that each user's are looked
    through once a day, and a day's events come to the archive together.
    """

    def __init__(
        self,
        activity: Activity,
        profiles: Profiles,
        archiving: Archiving,
        live: FollowedConfig,
        clock: Clock,
    ) -> None:
        self._activity = activity
        self._profiles = profiles
        self._archiving = archiving
        self._live = live
        self._clock = clock
        self._last_user = b""
        # Of the pass over all users that is under way, and the day whose pass looked for old ids to its end.
        self._folded_count = 0
        self._ids_day = self._ids_done_day = 0

    async def run(self) -> None:
        """Do one round; does nothing while the store takes no writes or no scheduler has run."""
        if not self._activity.is_healthy or self._profiles.reader is None:
            return
        try:
            await self._drop_triggers()
            await self._end_events()
            await self._archive()
        except StoreError as exc:
            # A failing write is judged by the committer; a row that cannot be read would otherwise be told by nobody.
            logger.warning("maintenance broke off and is tried again: %s", exc)

    async def _drop_triggers(self) -> None:
        cursor = self._activity.taken_trigger()
        while (
            cursor
            and await self._activity.write(lambda txn: txn.drop_triggers(cursor, SLICE_ROWS)) == SLICE_ROWS
        ):
            pass

    async def _end_events(self) -> None:
        for _ in range(USERS_PER_ROUND // USERS_PER_SLICE):
            if not self._last_user:
                self._folded_count, self._ids_day = 0, self._today()
            users = self._next_users()
            await self._fold(users)
            await self._drop_deleted(users)
            if self._ids_day != self._ids_done_day:
                await self._forget(users)
            if len(users) < USERS_PER_SLICE:
                self._last_user, self._ids_done_day = b"", self._ids_day
                return
            self._last_user = users[-1][0]

    async def _fold(self, users: Sequence[tuple[UserKey, UserActivity]]) -> None:
        """Count events past retention into bands, and have them wait for the archive where there is to be one."""
        store, today, reader = self._live.current.store, self._today(), self._activity.reader
        before_ms = (today - store.retention_days) * DAY_MS
        old = {
            user: consumed_seq
            for user, activity in users
            if activity.first_seen_ms < before_ms
            and (oldest_ms := reader.oldest_event_ms(user) if reader is not None else None) is not None
            and oldest_ms < before_ms
            and (consumed_seq := self._consumed_seq(user, activity))
        }
        fold = functools.partial(
            _fold, old=old, before_ms=before_ms, as_of_day=today, is_archived=store.archive == "on"
        )
        count = SLICE_ROWS if old else 0
        while count >= SLICE_ROWS:
            count = await self._activity.write(fold)
            self._folded_count += count
            passing(Failpoint.EVENTS_FOLDED)

    async def _forget(self, users: Sequence[tuple[UserKey, UserActivity]]) -> None:
        """Forget the ids of old events."""
        ids_days, reader = self._live.current.ids_days(), self._activity.reader
        if not ids_days or reader is None:
            return
        now_ms = self._clock.now_ms()
        before_ms = (self._ids_day - ids_days) * DAY_MS
        if not self._last_user:
            await self._activity.write(lambda txn: txn.retention.ids_since(now_ms))
        for user, activity in users:
            if activity.first_seen_ms >= before_ms or activity.late_ms >= before_ms:
                continue
            old = reader.ids_before(user, before_ms)
            # In a thread: of a user with a million ids all are looked at.
            while part := await asyncio.to_thread(_next_ids, old):
                forget = functools.partial(
                    _forget, user=user, event_ids=part, before_ms=before_ms, now_ms=now_ms
                )
                await self._activity.write(forget)

    async def _archive(self) -> None:
        """Write what waits once a pass found nothing more to add, or when it is much."""
        reader = self._activity.reader
        waiting = reader.waiting_count() if reader is not None else 0
        is_settled = not self._last_user and not self._folded_count
        if waiting and (is_settled or waiting >= _WAITING_MAX):
            await self._archiving.write()

    def _today(self) -> int:
        return self._clock.now_ms() // DAY_MS

    async def _drop_deleted(self, users: Sequence[tuple[UserKey, UserActivity]]) -> None:
        """Remove what deleted events held, once the users' profiles are without it."""
        for user, activity in users:
            through = self._taken_deletion_seq(user, activity) if activity.deletion_seq else 0
            reader = self._activity.reader
            if through and reader is not None and reader.deleted(user, 0, through):
                await self._activity.write(
                    functools.partial(ActivityTransaction.drop_deleted, user=user, through=through)
                )

    def _next_users(self) -> list[tuple[UserKey, UserActivity]]:
        reader = self._activity.reader
        if reader is None:
            return []
        # Retention holds for simulated users as well.
        return reader.users(self._last_user, USERS_PER_SLICE, with_synthetic=True)

    def _consumed_seq(self, user: UserKey, activity: UserActivity) -> int:
        """Return up to which event refreshes have read; of a simulated user, who has none, nothing waits to be."""
        if is_synthetic(user):
            return activity.last_seq
        state = self._state(user, activity)
        return state.consumed_seq if state is not None else 0

    def _taken_deletion_seq(self, user: UserKey, activity: UserActivity) -> int:
        """Return up to which deletion a profile is without what was deleted; likewise."""
        if is_synthetic(user):
            return activity.deletion_seq
        state = self._state(user, activity)
        return state.deletion_seq if state is not None else 0

    def _state(self, user: UserKey, activity: UserActivity) -> RefreshState | None:
        """Return how far a user's refreshes have come in this environment; None when they have not begun in it."""
        reader = self._profiles.reader
        state = reader.refresh_state(user) if reader is not None else None
        return None if state is None or is_rewound(state, activity) else state


def _fold(
    transaction: ActivityTransaction,
    *,
    old: dict[UserKey, int],
    before_ms: int,
    as_of_day: int,
    is_archived: bool,
) -> int:
    """Fold up to a slice of events; return how many, which is fewer when none remains."""
    room = SLICE_ROWS
    for user, consumed_seq in old.items():
        if room:
            room -= transaction.retention.fold(
                user,
                before_ms=before_ms,
                consumed_seq=consumed_seq,
                limit=room,
                as_of_day=as_of_day,
                is_archived=is_archived,
            )
    return SLICE_ROWS - room


def _next_ids(ids: Iterator[bytes]) -> list[bytes]:
    return list(islice(ids, SLICE_ROWS))


def _forget(
    transaction: ActivityTransaction, *, user: UserKey, event_ids: list[bytes], before_ms: int, now_ms: int
) -> int:
    return transaction.retention.forget(user, event_ids, before_ms=before_ms, now_ms=now_ms)
