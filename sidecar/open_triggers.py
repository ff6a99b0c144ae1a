"""Asking for a refresh behind a read, without delaying it."""

from __future__ import annotations

import asyncio

from cachetools import LRUCache

from foreword.clock import Clock
from foreword.errors import ForewordError, StoreError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.store import ActivityTransaction
from sidecar.activity import Activity

# Users remembered as just asked for; one forgotten early only asks once more.
RECENT_MAX = 100_000
# Users waiting for the disk at once; beyond it a read asks for nothing, and the next read does.
WAITING_MAX = 10_000


class OpenTriggers:
    """Records on-open triggers, coalesced per user and per transaction.

    Only users of whom an event was accepted get one: anyone can read made-up ids, and they must not grow the store.
    """

    def __init__(self, activity: Activity, live: FollowedConfig, clock: Clock) -> None:
        self._activity = activity
        self._live = live
        self._clock = clock
        self._recent: LRUCache[bytes, int] = LRUCache(RECENT_MAX)
        self._waiting: dict[UserKey, int] = {}
        self._under_way = False

    @property
    def notes_reads(self) -> bool:
        """Whether every user who is read is to be asked for, once a session: reads then tell how often they come."""
        return self._live.current.scheduler.policy == "optimal"

    def ask(self, user: UserKey) -> None:
        """Ask for a refresh of a user who was read; does nothing when that was done a moment ago."""
        now_ms = self._clock.now_ms()
        asked_ms = self._recent.get(user)
        if asked_ms is not None and now_ms - asked_ms < self._pause_ms():
            return
        if len(self._waiting) >= WAITING_MAX or not self._is_known(user):
            return
        self._recent[user] = now_ms
        self._waiting[user] = now_ms
        if not self._under_way:
            self._send()

    def _pause_ms(self) -> float:
        config = self._live.current
        seconds = config.sidecar.open_trigger_seconds
        return 1000 * (max(seconds, config.session.idle_timeout_seconds) if self.notes_reads else seconds)

    def forget(self, user: UserKey) -> None:
        """Drop what is remembered of a user."""
        self._recent.pop(user, None)
        self._waiting.pop(user, None)

    def _is_known(self, user: UserKey) -> bool:
        try:
            activity = self._activity.user(user)
        except StoreError:
            # The read is answered all the same, and nothing can be asked of a store that fails.
            return False
        return activity is not None and activity.event_count > 0

    def _send(self) -> None:
        users, self._waiting = self._waiting, {}

        def request(transaction: ActivityTransaction) -> None:
            for user, on_open_ms in users.items():
                transaction.request(user, on_open_ms=on_open_ms)

        try:
            self._activity.submit(request).add_done_callback(lambda done: self._ended(done, users))
        except ForewordError:
            self._forget_all(users)
            return
        self._under_way = True

    def _ended(self, done: asyncio.Future[None], users: dict[UserKey, int]) -> None:
        self._under_way = False
        if done.cancelled() or done.exception() is not None:
            self._forget_all(users)
        if self._waiting:
            self._send()

    def _forget_all(self, users: dict[UserKey, int]) -> None:
        """Let the next read of these users ask again."""
        for user in users:
            self._recent.pop(user, None)
