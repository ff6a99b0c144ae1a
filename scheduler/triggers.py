"""Taking triggers from the activity store into the due index, each exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import takewhile

from foreword.clock import Clock
from foreword.store import ActivityReader, ProfileReader, ProfileWriter
from foreword.v1.store_pb2 import Trigger, Watermark
from scheduler.erasure import Erasures
from scheduler.live_config import LiveConfig
from scheduler.runner import Runner
from scheduler.transfer import URGENCY, transfer

# Triggers moved by one transaction: about ten milliseconds in which nothing else runs.
_BATCH_MAX = 500

# A session's end is among the newest events; looking further back could hold up the loop.
_UNREAD_MAX = 1000
_NEVER_MS = 1 << 62
SESSION_END = "session.end"

Row = tuple[int, Trigger]


class TriggerFeed:
    """Follows the trigger log and moves users in the due index.

    The place in the log is stored by the transaction that moves the users: a crash leaves both done or neither.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        runner: Runner,
        erasures: Erasures,
        *,
        clock: Clock,
        live: LiveConfig,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._runner = runner
        self._erasures = erasures
        self._clock = clock
        self._live = live
        self._seen: tuple[bytes, int] | None = None

    async def follow(self, activity: ActivityReader) -> int:
        """Take all triggers that are new; return how many there were. Costs a microsecond when none is.

        Raises:
            StoreError: An environment cannot be read or written; what was not taken is taken by the next call.
        """
        environment = activity.environment
        if self._seen == (environment.id, activity.last_transaction):
            return 0
        # The number of the snapshot that is read, not of the newest commit: LMDB shows a commit's number while it
        # is still being synced, a moment before any reader gets to see its rows.
        with environment.begin() as snapshot:
            seen = (environment.id, snapshot.id())
        taken = 0
        while rows := activity.triggers(self._profiles.trigger_cursor(environment.id), _BATCH_MAX):
            taken += await self._take(activity, rows)
            await asyncio.sleep(0)
        self._seen = seen
        return taken

    async def _take(self, activity: ActivityReader, rows: Sequence[Row]) -> int:
        """Take the rows up to an erasure, or the erasure that stands first."""
        plain = list(takewhile(lambda row: not row[1].erase_ms, rows))
        if plain:
            self._move_users(activity, plain)
            return len(plain)
        place, trigger = rows[0]
        await self._erasures.carry_out(trigger, activity.environment.id, place)
        return 1

    def _move_users(self, activity: ActivityReader, rows: Sequence[Row]) -> None:
        now_ms = self._clock.now_ms()
        moved: list[Watermark] = []
        users: list[bytes] = []
        with self._writer.begin() as txn:
            for _, trigger in rows:
                user = trigger.user_key
                attempt = self._runner.in_flight(user)
                watermark = txn.watermark(user) if attempt is None else attempt.settled_watermark()
                fresh = self._unanswered(trigger, watermark or Watermark(), activity, now_ms)
                asked = transfer(watermark, fresh, now_ms, self._live.current)
                if asked is None:
                    continue
                if attempt is None:
                    txn.schedule(user, asked)
                users.append(user)
                moved.append(asked)
            txn.put_trigger_cursor(activity.environment.id, rows[-1][0])
        for user, asked in zip(users, moved, strict=True):
            self._hand_over(user, asked, now_ms)

    def _hand_over(self, user: bytes, asked: Watermark, now_ms: int) -> None:
        attempt = self._runner.in_flight(user)
        if attempt is not None:
            attempt.asked = asked
        elif asked.due_ms > now_ms:
            return
        elif asked.triggered_ms:
            self._runner.urge(user, URGENCY[asked.reason])
        else:
            # Sessions long over, as an import brings them by the thousand: the longest due goes first.
            self._runner.sweep()

    def _unanswered(
        self, trigger: Trigger, watermark: Watermark, activity: ActivityReader, now_ms: int
    ) -> Trigger:
        """Return the trigger without what the last attempt has answered.

        A trigger takes over the times of its forerunner, the earliest of each kind, until the sidecar drops rows
        that are taken; so an answered time can come again, and may hide a newer one. In doubt it counts anew:

        - the end of a session is found among the events;
        - a read counts anew, unless events moved the trigger and the sidecar would not yet have let another read
          through;
        - a manual request counts anew always: somebody may be waiting for it.
        """
        fresh = Trigger()
        fresh.CopyFrom(trigger)
        answered_ms = watermark.attempted_ms
        if 0 < trigger.manual_ms < answered_ms:
            fresh.manual_ms = now_ms
        if 0 < trigger.session_end_ms < answered_ms:
            has_ended = _has_unread_session_end(trigger.user_key, watermark.consumed_seq, activity)
            fresh.session_end_ms = now_ms if has_ended else 0
        if 0 < trigger.on_open_ms < answered_ms:
            seen = activity.user(trigger.user_key)
            has_unread = seen is not None and seen.last_seq > watermark.consumed_seq
            is_too_soon = now_ms - answered_ms < self._live.current.sidecar.open_trigger_seconds * 1000
            fresh.on_open_ms = 0 if has_unread and is_too_soon else now_ms
        return fresh


def _has_unread_session_end(user: bytes, consumed_seq: int, activity: ActivityReader) -> bool:
    unread = activity.events(user, from_ms=_NEVER_MS, consumed_seq=consumed_seq, limit=_UNREAD_MAX)
    return any(stored.event.type == SESSION_END for stored in unread)
