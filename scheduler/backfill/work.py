"""A backfill from the operator's word to its last answer: taken up, counted, carried out, steered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from foreword.clock import Clock
from foreword.errors import StoreError
from foreword.followed_config import FollowedConfig
from foreword.keys import EnvironmentId
from foreword.store import ActivityReader, ProfileReader, ProfileWriter
from foreword.store.v1.store_pb2 import BackfillRow
from foreword.v1.backfill_pb2 import BackfillPlan, BackfillStage
from scheduler.attempt import Refresher
from scheduler.backfill.counting import Counting
from scheduler.backfill.newest_first import ABOVE_ALL
from scheduler.backfill.progress import OVER, Progress, stage_of
from scheduler.backfill.questions import Questions
from scheduler.backfill.refreshes import Refreshes
from scheduler.health import Health
from scheduler.pauses import Pauses
from scheduler.runner import Runner

logger = logging.getLogger("scheduler")

# What is begun in this time shares a commit: ten commits a second, of a few milliseconds each. At a high pace more, so
# that none has more users than a live refresh may wait behind.
_TICK_SECONDS = 0.1
_TICK_USERS = 32
_SAVED_SECONDS = 0.5
_IDLE_SECONDS = 1.0
_ASKING_SECONDS = 0.25
# How often it is seen to that the model queue has questions.
_QUESTIONS_SECONDS = 0.5


class BackfillWork:
    """Carries out the newest backfill that an operator asked for.

    All it knows is stored, in the transactions that do what it says: a scheduler that is killed goes on where it was.

    Attributes:
        progress: How far it is.
        refreshes: Its refreshes: the runner's spare work.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        refresher: Refresher,
        runner: Runner,
        *,
        clock: Clock,
        live: FollowedConfig,
        health: Health,
        connected: Mapping[str, bool],
        queued: Callable[[], None],
        pauses: Pauses,
        begun: Callable[[], None] = lambda: None,
    ) -> None:
        self._runner = runner
        self._clock = clock
        self._health = health
        self.progress = Progress(writer, profiles)
        self.refreshes = Refreshes(
            self.progress, profiles, refresher, runner, clock=clock, live=live, pauses=pauses, begun=begun
        )
        self._questions = Questions(
            self.progress, profiles, clock=clock, live=live, connected=connected, queued=queued, pauses=pauses
        )
        self._counting = Counting(profiles, clock=clock, live=live, connected=connected)
        self._seen: tuple[EnvironmentId, int] | None = None
        self._wake = asyncio.Event()
        self._is_stopped = False
        self._asked_at = 0.0
        self._allowed_at = 0.0

    def follow(self, activity: ActivityReader) -> None:
        """Take up what an operator asks for. Costs a microsecond when nothing was written since.

        Raises:
            StoreError: An environment cannot be read or written; the next call tries again.
        """
        seen = (activity.environment_id, activity.last_transaction)
        if seen == self._seen:
            return
        # LMDB shows a number while its commit is being synced; remembered is only what a reader sees.
        seen = (activity.environment_id, activity.visible_transaction())
        plan, row = activity.backfill_plan(), self.progress.row
        if plan is not None and (row is None or plan != row.plan):
            self._take_up(plan, row)
        self._seen = seen

    def _take_up(self, plan: BackfillPlan, row: BackfillRow | None) -> None:
        if row is not None and plan.backfill_id == row.plan.backfill_id:
            if row.stage not in OVER:
                steered = self.progress.copy()
                steered.plan.CopyFrom(plan)
                self._write_stage(steered)
            return
        if row is not None and plan.requested_ms < row.plan.requested_ms:
            # Of an activity store that was restored from before: this one was dealt with, or given up for the later.
            return
        begun = BackfillRow(plan=plan, started_ms=self._clock.now_ms())
        begun.refresh_cursor = begun.question_cursor = ABOVE_ALL
        begun.stage = stage_of(begun, self.progress.questions)
        self.progress.change(begun, lambda txn: txn.model.begin_backfill())
        self.refreshes.restart()
        self._questions.restart()
        logger.info("a backfill is taken up")
        self._wake.set()

    async def run(self) -> None:
        """Carry out backfills until `stop`."""
        while not self._is_stopped:
            self._wake.clear()
            try:
                pause_seconds = await self._round()
            except _SteeredError:
                continue
            except StoreError as exc:
                pause_seconds = self._health.store_failed(exc)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause_seconds)

    def stop(self) -> None:
        """Begin nothing more."""
        self._is_stopped = True
        self._wake.set()

    async def _round(self) -> float:
        """Do what is to be done now; return for how many seconds to rest."""
        activity, row = self._runner.activity, self.progress.row
        if activity is None or row is None or row.stage in OVER:
            return _IDLE_SECONDS
        turn = self._turn(row.plan)
        if row.stage == BackfillStage.BACKFILL_STAGE_COUNTING:
            estimate = await self._counting.estimate(row, activity, turn)
            counted = self.progress.copy()
            counted.estimate.CopyFrom(estimate)
            self._write_stage(counted)
        if row.stage == BackfillStage.BACKFILL_STAGE_RUNNING:
            await self.refreshes.prepare(activity, turn)
            self._allow(row.plan.users_per_second)
        now = asyncio.get_running_loop().time()
        is_asking = row.stage in (BackfillStage.BACKFILL_STAGE_RUNNING, BackfillStage.BACKFILL_STAGE_ASKING)
        if is_asking and now >= self._asked_at + _QUESTIONS_SECONDS:
            self._asked_at = now
            await self._questions.admit(activity, turn)
        self._write_stage(self.progress.copy())
        if self.progress.is_running:
            return _tick_seconds(row.plan.users_per_second)
        return _ASKING_SECONDS if is_asking else _IDLE_SECONDS

    def _allow(self, users_per_second: float) -> None:
        """Let as many refreshes begin as the time since the last time allows."""
        now = asyncio.get_running_loop().time()
        seconds, self._allowed_at = now - self._allowed_at, now
        # What a busy moment left undone is made up for, by what makes one commit at most.
        burst = max(1.0, min(2.0 * _TICK_USERS, _SAVED_SECONDS * users_per_second))
        self.refreshes.allow(users_per_second * seconds, burst)
        self._runner.wake()

    def _write_stage(self, row: BackfillRow) -> None:
        """Write a row with the stage that follows from it, when it is another."""
        row.stage = stage_of(row, self.progress.questions)
        if row.stage in OVER and not row.ended_ms:
            row.ended_ms = self._clock.now_ms()
            # A place holds a hash of a user key, which is not to outlive the need for it.
            row.refresh_cursor = row.question_cursor = b""
        former = self.progress.row
        if row == former:
            return
        self.progress.change(row)
        if row.stage in OVER:
            self.refreshes.restart()
        if former is None or row.stage != former.stage:
            self._asked_at = 0.0
            logger.info("the backfill is %s", _word(row.stage))
        self._wake.set()

    def _turn(self, plan: BackfillPlan) -> _Turn:
        return _Turn(self, plan)


class _SteeredError(Exception):
    """The operator asks for something else than what is being done."""


class _Turn:
    """Lets others go first between two slices of long work, and breaks it off when it is not wanted any more."""

    def __init__(self, work: BackfillWork, plan: BackfillPlan) -> None:
        self._work = work
        self._plan = plan

    async def __call__(self) -> None:
        await self._work._runner.let_urgent_pass()
        row = self._work.progress.row
        if self._work._is_stopped or row is None or row.plan != self._plan:
            raise _SteeredError


def _tick_seconds(users_per_second: float) -> float:
    return min(_TICK_SECONDS, _TICK_USERS / users_per_second)


def _word(stage: BackfillStage) -> str:
    return BackfillStage.Name(stage).removeprefix("BACKFILL_STAGE_").lower()
