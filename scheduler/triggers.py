"""Taking triggers from the activity store into the due index, each exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import takewhile

from foreword.clock import Clock
from foreword.followed_config import FollowedConfig
from foreword.keys import EnvironmentId, UserKey
from foreword.store import ActivityReader, ProfileReader, ProfileTransaction, ProfileWriter
from foreword.store.rewound import still_taken
from foreword.v1.activity_pb2 import Trigger
from foreword.v1.refresh_pb2 import RefreshState
from scheduler.due import URGENCY, Due, after_trigger
from scheduler.erasure import Erasures
from scheduler.review import Reviewer
from scheduler.rollback import Rollbacks
from scheduler.runner import Runner

# Triggers moved by one transaction: about ten milliseconds in which nothing else runs.
_BATCH_MAX = 500

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
        rollbacks: Rollbacks,
        *,
        reviewer: Reviewer,
        clock: Clock,
        live: FollowedConfig,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._runner = runner
        self._erasures = erasures
        self._rollbacks = rollbacks
        self._reviewer = reviewer
        self._clock = clock
        self._live = live
        self._seen: tuple[EnvironmentId, int] | None = None
        # All that was acknowledged before is taken: the last scheduler looked just before it last showed life.
        self._looked_ms = min(profiles.scheduler_seen_ms(), clock.now_ms())

    def has_news(self, activity: ActivityReader) -> bool:
        """Return whether anything was written since the last look; costs a microsecond."""
        return self._seen != (activity.environment_id, activity.last_transaction)

    async def follow(self, activity: ActivityReader) -> int:
        """Take all triggers that are new; return how many there were. Costs a microsecond when none is.

        Raises:
            StoreError: An environment cannot be read or written; what was not taken is taken by the next call.
        """
        now_ms = self._clock.now_ms()
        if not self.has_news(activity):
            self._looked_ms = now_ms
            return 0
        seen = (activity.environment_id, activity.visible_transaction())
        taken = 0
        # The environment is asked for each time: another may take its place between two batches.
        while rows := activity.triggers(self._taken(activity), _BATCH_MAX):
            taken += await self._take(activity, rows)
            await asyncio.sleep(0)
        self._seen, self._looked_ms = seen, now_ms
        return taken

    def _taken(self, activity: ActivityReader) -> int:
        return still_taken(self._profiles.trigger_cursor(activity.environment_id), activity.newest_trigger())

    async def _take(self, activity: ActivityReader, rows: Sequence[Row]) -> int:
        """Take the rows up to an erasure or a rollback, or the one that stands first."""
        plain = list(takewhile(lambda row: not (row[1].erase_ms or row[1].rollback_ms), rows))
        if plain:
            self._move_users(activity, plain)
            return len(plain)
        place, trigger = rows[0]
        if trigger.rollback_ms:
            await self._rollbacks.carry_out(trigger)
            # For what else the row asks, and to pass it.
            self._move_users(activity, rows[:1])
        else:
            await self._erasures.carry_out(trigger, activity.environment_id, place)
        return 1

    def _move_users(self, activity: ActivityReader, rows: Sequence[Row]) -> None:
        now_ms = self._clock.now_ms()
        moved: list[tuple[UserKey, Due]] = []
        with self._writer.begin() as txn:
            for _, trigger in rows:
                user = UserKey(trigger.user_key)
                attempt = self._runner.in_flight(user)
                if attempt is not None:
                    # Written with what comes of the attempt, which answers only what it was claimed for. Should this
                    # transaction fail, the trigger is taken again, which changes nothing.
                    attempt.asked = self._after(attempt.asked, trigger, attempt.state, now_ms, failures=0)
                elif due := self._move(txn, user, trigger, now_ms):
                    moved.append((user, due))
            txn.put_trigger_cursor(activity.environment_id, rows[-1][0])
        for user, due in moved:
            if due.is_now(now_ms):
                self._start(user, due)
        # Who comes more often than before is in another segment at once, not from the next review on.
        came = [UserKey(trigger.user_key) for _, trigger in rows if trigger.activity_ms]
        seen = [(user, found) for user in came if (found := activity.user(user)) is not None]
        if self._reviewer.look_at(seen):
            self._runner.sweep()

    def _move(self, txn: ProfileTransaction, user: UserKey, trigger: Trigger, now_ms: int) -> Due | None:
        """Move a user in the due index; return the new due time, or None when it stays."""
        state = txn.refresh_state(user) or RefreshState()
        former = Due.of(state)
        due = self._after(former, trigger, state, now_ms, failures=state.failures)
        if due == former:
            return None
        due.put(state)
        # It may be something that a pause does not hold back; else it is held again when its turn comes.
        state.is_held = False
        txn.schedule(user, state)
        return due

    def _after(
        self, former: Due, trigger: Trigger, state: RefreshState, now_ms: int, *, failures: int
    ) -> Due:
        return after_trigger(
            former,
            trigger,
            segment=state.segment,
            failures=failures,
            now_ms=now_ms,
            config=self._live.current,
            looked_ms=self._looked_ms,
        )

    def _start(self, user: UserKey, due: Due) -> None:
        """Tell the runner of a user who is due now."""
        if due.triggered_ms:
            self._runner.urge(user, URGENCY[due.reason])
        else:
            # An import with nothing to wait for: the longest due goes first.
            self._runner.sweep()
