"""The refreshes of a backfill: handed to the runner when nothing else is due, and each counted with its commit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from foreword import keys
from foreword.clock import Clock
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.store import ActivityReader, ProfileReader, ProfileTransaction
from foreword.store.v1.store_pb2 import BackfillRow
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshReason
from scheduler.attempt import Attempt, Refresher
from scheduler.backfill.newest_first import ABOVE_ALL, NewestFirst
from scheduler.backfill.progress import Progress
from scheduler.backfill.standing import TO_REFRESH, Standing, standing
from scheduler.due import allows
from scheduler.pauses import Pauses
from scheduler.runner import Runner
from scheduler.segments import classify

BACKFILL = RefreshReason.REFRESH_REASON_BACKFILL
# Users who are looked up before the runner asks for them.
_READY_MAX = 64
# Users looked at without a turn of the event loop: half a millisecond.
_SLICE_MAX = 50
# Of users who need nothing: so many are passed between two commits of how far it is.
_PASSED_MAX = 2000
_COUNT_OF = {
    RefreshOutcome.REFRESH_OUTCOME_WRITTEN: "written_count",
    RefreshOutcome.REFRESH_OUTCOME_DEFAULT: "default_count",
    RefreshOutcome.REFRESH_OUTCOME_UNCHANGED: "unchanged_count",
    RefreshOutcome.REFRESH_OUTCOME_FAILED: "failed_count",
    RefreshOutcome.REFRESH_OUTCOME_SKIPPED: "skipped_count",
}


@dataclass(eq=False)
class _Slot:
    """A user whom the backfill has come to and not yet counted.

    Attributes:
        place: In the order of users.
        user: User key.
        is_ready: Whether the user waits to be handed to the runner.
        attempt: The attempt the runner has; None before.
        count: The count that the user adds to; empty while that is not known.
    """

    place: bytes
    user: UserKey
    is_ready: bool = False
    attempt: Attempt | None = None
    count: str = ""


class _Staged(NamedTuple):
    """What a transaction writes, to hold once it is on disk."""

    row: BackfillRow
    passed: int
    ended: Mapping[UserKey, str]


class Refreshes:
    """Brings users to the runner, the newest-active first, and moves the cursor with what is written.

    The cursor stands at the last user before whom all are dealt with. It saves looking, and is no truth: whether a user
    is to be refreshed follows from the user's own rows, so that nobody is refreshed twice.
    """

    def __init__(
        self,
        progress: Progress,
        profiles: ProfileReader,
        refresher: Refresher,
        runner: Runner,
        *,
        clock: Clock,
        live: FollowedConfig,
        pauses: Pauses,
        begun: Callable[[], None],
    ) -> None:
        self._progress = progress
        self._profiles = profiles
        self._refresher = refresher
        self._runner = runner
        self._clock = clock
        self._live = live
        self._pauses = pauses
        self._begun = begun
        self._users = NewestFirst()
        self._window: deque[_Slot] = deque()
        self._slots: dict[UserKey, _Slot] = {}
        self._ready: deque[_Slot] = deque()
        self._allowance = 0.0
        self._staged: _Staged | None = None
        self.restart()

    def restart(self) -> None:
        """Go on where the row says."""
        row = self._progress.row or BackfillRow()
        self._users = NewestFirst(row.refresh_cursor or ABOVE_ALL, prefix=prefix_of(row))
        self._window.clear()
        self._slots.clear()
        self._ready.clear()
        self._allowance = 0.0

    # -- the runner's side ----------------------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """Whether an attempt may begin now."""
        is_held = self._pauses.are_all_paused or not self._progress.is_running
        return self._allowance >= 1 and bool(self._ready) and not is_held

    def next(self) -> Attempt | None:
        """Return the next attempt; None when none may begin now.

        Raises:
            StoreError: An environment cannot be read.
        """
        activity = self._runner.activity
        while activity is not None and self.waits:
            slot = self._ready.popleft()
            slot.is_ready = False
            # Looked at again: the user may have come, been read or been refreshed since.
            found = self._standing(slot.user, activity)
            if found not in TO_REFRESH:
                slot.count = _count_of(found)
                continue
            self._allowance -= 1
            slot.attempt = self._refresher.begin_unasked(slot.user, BACKFILL)
            self._begun()
            return slot.attempt
        return None

    def put(self, txn: ProfileTransaction, attempts: Sequence[Attempt]) -> None:
        """Write how far the backfill is with these attempts."""
        self._staged = None
        ended = {
            attempt.user: _COUNT_OF[attempt.outcome]
            for attempt in attempts
            if (slot := self._slots.get(attempt.user)) is not None and slot.attempt is attempt
        }
        if ended:
            self._staged = self._after(ended)
            txn.put_backfill(self._staged.row)

    def written(self) -> None:
        """Take what was put for what is."""
        staged, self._staged = self._staged, None
        if staged is None:
            return
        for user, count in staged.ended.items():
            self._slots[user].count = count
        for _ in range(staged.passed):
            del self._slots[self._window.popleft().user]
        self._progress.row = staged.row

    # -- the backfill's side --------------------------------------------------------------------------------

    def allow(self, count: float, burst: float) -> None:
        """Let so many more attempts begin, of which at most `burst` are saved up."""
        self._allowance = min(self._allowance + count, burst)

    async def prepare(self, activity: ActivityReader, turn: Callable[[], Awaitable[None]]) -> None:
        """Have users ready for the runner; when there are no more, say so in the row.

        Raises:
            StoreError: An environment cannot be read or written.
        """
        self._take_back()
        if self._pauses.are_all_paused:
            # Nobody is passed over for a pause of all; who is paused by name, or by the segment, is.
            return
        looked = 0
        while len(self._ready) < _READY_MAX and not self._users.is_at_end:
            if self._users.is_empty:
                await self._users.fill(activity, turn)
                continue
            self._look_at_next(activity)
            looked += 1
            if looked % _SLICE_MAX == 0:
                await asyncio.sleep(0)
                await turn()
            if looked % _PASSED_MAX == 0:
                self._write_passed()
        if self._users.is_at_end and not self._ready:
            self._write_passed()

    def _look_at_next(self, activity: ActivityReader) -> None:
        found = self._users.next()
        if found is None or found[1] in self._slots:
            return
        slot = _Slot(*found)
        now = self._standing(slot.user, activity)
        self._window.append(slot)
        self._slots[slot.user] = slot
        if now in TO_REFRESH:
            slot.is_ready = True
            self._ready.append(slot)
        else:
            slot.count = _count_of(now)

    def _take_back(self) -> None:
        """Have those ready again whose attempt was given up unwritten: the store failed, or the user was erased."""
        for slot in self._window:
            is_with_runner = slot.attempt is not None and self._runner.in_flight(slot.user) is slot.attempt
            if not (slot.count or slot.is_ready or is_with_runner):
                slot.attempt, slot.is_ready = None, True
                self._ready.appendleft(slot)

    def _write_passed(self) -> None:
        """Write how far it is beyond users who needed nothing, and whether that is the end."""
        staged = self._after({})
        staged.row.are_refreshes_done = self._users.is_at_end and staged.passed == len(self._window)
        if staged.passed or staged.row.are_refreshes_done:
            self._progress.change(staged.row)
            self._staged = staged
            self.written()

    def _after(self, ended: Mapping[UserKey, str]) -> _Staged:
        """Return what holds once some more have ended: the cursor stops before the first who has not."""
        row, passed = self._progress.copy(), 0
        for slot in self._window:
            count = slot.count or ended.get(slot.user, "")
            if not count:
                break
            setattr(row.counts, count, getattr(row.counts, count) + 1)
            row.counts.seen_count += 1
            row.refresh_cursor = slot.place
            passed += 1
        return _Staged(row, passed, ended)

    def _standing(self, user: UserKey, activity: ActivityReader) -> Standing:
        if self._runner.in_flight(user) is not None:
            return Standing.LEFT
        state, seen = self._profiles.refresh_state(user), activity.user(user)
        found = standing(state, seen)
        if found not in TO_REFRESH or seen is None:
            return found
        config = self._live.current
        former = state.segment if state is not None else Segment.SEGMENT_UNSPECIFIED
        segment = classify(seen, self._clock.now_ms(), config, former)
        if not allows(segment, BACKFILL, config):
            return Standing.NOT_ALLOWED
        return Standing.LEFT if self._pauses.holds(user, segment, BACKFILL) else found


def prefix_of(row: BackfillRow) -> bytes:
    """Return what the keys of a backfill's users begin with."""
    return keys.namespace_prefix(row.plan.namespace) if row.plan.HasField("namespace") else b""


def _count_of(found: Standing) -> str:
    return {Standing.LEFT: "left_count", Standing.NOT_ALLOWED: "skipped_count"}.get(found, "current_count")
