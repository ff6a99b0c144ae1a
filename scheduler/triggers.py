"""Taking triggers from the activity store into the due index, each exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from foreword.clock import Clock
from foreword.followed_config import FollowedConfig
from foreword.keys import EnvironmentId, UserKey
from foreword.store import ActivityReader, ProfileReader, ProfileTransaction, ProfileWriter
from foreword.v1.activity_pb2 import Trigger
from foreword.v1.refresh_pb2 import RefreshState
from scheduler.attempt import Attempt
from scheduler.due import URGENCY, Due, after_trigger
from scheduler.erasure import Erasures
from scheduler.runner import Runner

# Triggers moved by one transaction: about ten milliseconds in which nothing else runs.
_BATCH_MAX = 500

Row = tuple[int, Trigger]


class _Move(NamedTuple):
    user: UserKey
    attempt: Attempt | None
    """The one under way, which writes the due time when it ends."""
    due: Due


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
        live: FollowedConfig,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._runner = runner
        self._erasures = erasures
        self._clock = clock
        self._live = live
        self._seen: tuple[EnvironmentId, int] | None = None
        # All that was acknowledged before is taken: the last scheduler looked just before it last showed life.
        self._looked_ms = min(profiles.scheduler_seen_ms(), clock.now_ms())

    async def follow(self, activity: ActivityReader) -> int:
        """Take all triggers that are new; return how many there were. Costs a microsecond when none is.

        Raises:
            StoreError: An environment cannot be read or written; what was not taken is taken by the next call.
        """
        now_ms = self._clock.now_ms()
        if self._seen == (activity.environment_id, activity.last_transaction):
            self._looked_ms = now_ms
            return 0
        seen = (activity.environment_id, activity.visible_transaction())
        taken = 0
        # The environment is asked for each time: another may take its place between two batches.
        while rows := activity.triggers(self._profiles.trigger_cursor(activity.environment_id), _BATCH_MAX):
            taken += await self._take(activity, rows)
            await asyncio.sleep(0)
        self._seen, self._looked_ms = seen, now_ms
        return taken

    async def _take(self, activity: ActivityReader, rows: Sequence[Row]) -> int:
        """Take the rows up to an erasure, or the erasure that stands first."""
        plain = list(takewhile(lambda row: not row[1].erase_ms, rows))
        if plain:
            self._move_users(activity, plain)
            return len(plain)
        place, trigger = rows[0]
        await self._erasures.carry_out(trigger, activity.environment_id, place)
        return 1

    def _move_users(self, activity: ActivityReader, rows: Sequence[Row]) -> None:
        now_ms = self._clock.now_ms()
        moves: list[_Move] = []
        with self._writer.begin() as txn:
            for _, trigger in rows:
                move = self._move(txn, trigger, now_ms)
                if move is not None:
                    moves.append(move)
            txn.put_trigger_cursor(activity.environment_id, rows[-1][0])
        for move in moves:
            self._pass_on(move, now_ms)

    def _move(self, txn: ProfileTransaction, trigger: Trigger, now_ms: int) -> _Move | None:
        """Write the due time that a trigger asks for, unless an attempt will; None when nothing changes."""
        user = UserKey(trigger.user_key)
        attempt = self._runner.in_flight(user)
        state = attempt.state if attempt is not None else txn.refresh_state(user) or RefreshState()
        # An attempt answers what it was claimed for; only what has come since is added to.
        former = attempt.asked if attempt is not None else Due.of(state)
        due = after_trigger(
            former,
            trigger,
            segment=state.segment,
            failures=0 if attempt is not None else state.failures,
            now_ms=now_ms,
            config=self._live.current,
            looked_ms=self._looked_ms,
        )
        if due == former:
            return None
        if attempt is None:
            due.put(state)
            txn.schedule(user, state)
        return _Move(user, attempt, due)

    def _pass_on(self, move: _Move, now_ms: int) -> None:
        """Tell the attempt under way, or the runner, what is now in the store."""
        if move.attempt is not None:
            move.attempt.asked = move.due
        elif move.due.is_now(now_ms):
            if move.due.triggered_ms:
                self._runner.urge(move.user, URGENCY[move.due.reason])
            else:
                # An import with nothing to settle: the longest due goes first.
                self._runner.sweep()
