"""Users who wait for money: said to the operator, and let go as soon as there is some."""

from __future__ import annotations

from foreword.clock import DAY_MS, Clock, format_time_ms
from foreword.config import Budget
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.store import ProfileReader, ProfileWriter
from foreword.v1.model_work_pb2 import ModelMode, ModelWait
from scheduler.health import COMPONENT, Health
from scheduler.model.asking_rules import put_off
from scheduler.model.choice import BATCH, MESSAGES
from scheduler.model.spend import Spend

_FOR_MONEY = (ModelWait.MODEL_WAIT_DAY_BUDGET, ModelWait.MODEL_WAIT_USER_BUDGET)
# Users let go by one transaction: about ten milliseconds in which nothing else runs.
_SLICE_MAX = 200
# Everybody who waits is counted, a tenth of a second for a million; a figure half a minute old is new enough.
_COUNT_SECONDS = 30
_EVER_MS = 1 << 62
_KIND = "model budget"


class Waiting:
    """Looks after the users who wait for the next day's budget."""

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        spend: Spend,
        *,
        clock: Clock,
        live: FollowedConfig,
        health: Health,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._spend = spend
        self._clock = clock
        self._live = live
        self._health = health
        self._budget: Budget = live.current.budget
        self._counted_ms = 0

    def look(self) -> bool:
        """State whether the day's budget holds users back; return whether a changed budget let some go.

        Raises:
            StoreError: profiles.lmdb cannot be read or written.
        """
        budget, now_ms = self._live.current.budget, self._clock.now_ms()
        has_changed = budget != self._budget
        if has_changed:
            self._budget = budget
            self._spend.short_day = None
            for mode in (MESSAGES, BATCH):
                self._let_go(mode, now_ms)
        if self._spend.short_day != now_ms // DAY_MS:
            self._health.problems.end(COMPONENT, _KIND)
            self._counted_ms = 0
        elif abs(now_ms - self._counted_ms) >= _COUNT_SECONDS * 1000:
            self._counted_ms = now_ms
            self._state(budget, now_ms)
        return has_changed

    def _state(self, budget: Budget, now_ms: int) -> None:
        count = sum(self._profiles.model.due_count(mode, _EVER_MS) for mode in (MESSAGES, BATCH))
        until = format_time_ms((now_ms // DAY_MS + 1) * DAY_MS)
        message = (
            f"the day's budget for models of {budget.day_micro_usd} micro-USD (budget.day_micro_usd) is used up or "
            f"reserved; waiting: {count}, at the longest until {until}; code alone writes their profiles meanwhile"
        )
        self._health.problems.note(COMPONENT, _KIND, message)

    def _let_go(self, mode: ModelMode, now_ms: int) -> None:
        """Make those due who wait for money."""
        due = self._profiles.model.due(mode, _EVER_MS, _EVER_MS)
        users = [user for due_ms, user in due if due_ms > now_ms]
        for first in range(0, len(users), _SLICE_MAX):
            self._release(users[first : first + _SLICE_MAX], now_ms)

    def _release(self, users: list[UserKey], now_ms: int) -> None:
        with self._writer.begin() as txn:
            for user in users:
                state = txn.model.state(user)
                if state is not None and state.wait in _FOR_MONEY:
                    txn.model.schedule(user, put_off(state, ModelWait.MODEL_WAIT_UNSPECIFIED, now_ms))
