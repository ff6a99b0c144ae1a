"""Removing from activity.lmdb what the scheduler has taken and nobody needs."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence

from foreword.clock import DAY_MS, Clock
from foreword.errors import StoreError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.store import ActivityTransaction
from foreword.store.rewound import is_rewound
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.refresh_pb2 import RefreshState
from sidecar.activity import Activity
from sidecar.profiles import Profiles

logger = logging.getLogger("sidecar")

# Rows removed in one transaction, a few milliseconds; events are recorded in between.
SLICE_ROWS = 500
# Users looked at in one round: a store of a million users is gone through in a working day, at next to no cost.
USERS_PER_ROUND = 2_000
USERS_PER_SLICE = 100


class Maintenance:
    """Drops consumed triggers, and consumed events past retention. All in slices, through the one committer."""

    def __init__(self, activity: Activity, profiles: Profiles, live: FollowedConfig, clock: Clock) -> None:
        self._activity = activity
        self._profiles = profiles
        self._live = live
        self._clock = clock
        self._last_user = b""

    async def run(self) -> None:
        """Do one round; does nothing while the store takes no writes or no scheduler has run."""
        if not self._activity.is_healthy or self._profiles.reader is None:
            return
        try:
            await self._drop_triggers()
            await self._drop_events()
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

    async def _drop_events(self) -> None:
        before_ms = self._clock.now_ms() - self._live.current.store.retention_days * DAY_MS
        for _ in range(USERS_PER_ROUND // USERS_PER_SLICE):
            users = self._next_users()
            old = {
                user: state.consumed_seq
                for user, activity in users
                if activity.first_seen_ms < before_ms
                and (state := self._state(user, activity)) is not None
                and state.consumed_seq
            }
            await self._drop_deleted(users)
            while old and not await self._activity.write(
                functools.partial(_drop, old=old, before_ms=before_ms)
            ):
                pass
            if len(users) < USERS_PER_SLICE:
                self._last_user = b""
                return
            self._last_user = users[-1][0]

    async def _drop_deleted(self, users: Sequence[tuple[UserKey, UserActivity]]) -> None:
        """Remove what deleted events held, once the users' profiles are without it."""
        for user, activity in users:
            state = self._state(user, activity) if activity.deletion_seq else None
            reader = self._activity.reader
            if state is not None and reader is not None and reader.deleted(user, 0, state.deletion_seq):
                await self._activity.write(
                    functools.partial(ActivityTransaction.drop_deleted, user=user, through=state.deletion_seq)
                )

    def _next_users(self) -> list[tuple[UserKey, UserActivity]]:
        reader = self._activity.reader
        return reader.users(self._last_user, USERS_PER_SLICE) if reader is not None else []

    def _state(self, user: UserKey, activity: UserActivity) -> RefreshState | None:
        """Return how far a user's refreshes have come in this environment; None when they have not begun in it."""
        reader = self._profiles.reader
        state = reader.refresh_state(user) if reader is not None else None
        return None if state is None or is_rewound(state, activity) else state


def _drop(transaction: ActivityTransaction, *, old: dict[UserKey, int], before_ms: int) -> bool:
    """Remove up to a slice of events; return whether none remains."""
    room = SLICE_ROWS
    for user, consumed_seq in old.items():
        room -= transaction.drop_events(user, before_ms=before_ms, consumed_seq=consumed_seq, limit=room)
        if not room:
            return False
    return True
