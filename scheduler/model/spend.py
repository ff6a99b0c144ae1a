"""What models may still cost today."""

from __future__ import annotations

from enum import Enum, auto

from foreword.clock import DAY_MS, Clock
from foreword.followed_config import FollowedConfig
from foreword.store import ProfileReader
from foreword.v1.backfill_pb2 import BackfillStage
from foreword.v1.model_work_pb2 import ModelState
from scheduler.model.asking_rules import spent_today_pico_usd

PICO_A_MICRO = 1_000_000


class Verdict(Enum):
    """Whether a question fits what may be spent."""

    FITS = auto()
    """It does."""
    USER_WAITS = auto()
    """The user's budget of the day is spent."""
    ALL_WAIT = auto()
    """The day's budget is spent."""
    NOT_YET = auto()
    """It fits what is spent, and may fit once it is known what the questions under way have cost."""
    NEVER_FITS = auto()
    """It alone costs more than a whole day's limit, so that waiting would not help."""


class Spend:
    """Compares what was spent today, what may be owed for questions under way, and the limits in force.

    Sums are in pico-USD, as they are stored. What is under way counts with the most it can cost.

    Attributes:
        reporting: Providers that say afterwards what calls without an answer have cost.
        short_day: The day, in days since 1970, for which a question no longer fit; None when none did since
            the limits were set.

    Args:
        profiles: Where sums and questions under way are stored.
        clock: Tells the day, which is UTC's.
        live: The limits in force.
    """

    def __init__(self, profiles: ProfileReader, clock: Clock, live: FollowedConfig) -> None:
        self.reporting: set[str] = set()
        self.short_day: int | None = None
        self._profiles = profiles
        self._clock = clock
        self._live = live
        self._reserved_pico_usd = 0
        self._backfill_most_pico_usd = 0

    @property
    def has_reserved(self) -> bool:
        """Whether any question is under way."""
        return self._reserved_pico_usd > 0

    def load(self) -> None:
        """Count anew what is under way, by what is stored.

        Raises:
            StoreError: profiles.lmdb cannot be read.
        """
        model = self._profiles.model
        reserved = sum(call.cost_pico_usd for call in model.open_calls())
        for number, _ in model.batches():
            reserved += sum(item.reserved_pico_usd for _, item in model.items(number))
        self._reserved_pico_usd = reserved

    def reserve(self, pico_usd: int) -> None:
        """Count the most that a question can cost, once it is stored as under way."""
        self._reserved_pico_usd += pico_usd

    def release(self, pico_usd: int) -> None:
        """Count a question no longer: it ended, and what it cost is in the sums."""
        self._reserved_pico_usd -= pico_usd

    def spent_today_pico_usd(self) -> int:
        """Return what ended today has cost.

        Raises:
            StoreError: profiles.lmdb cannot be read.
        """
        day = self._clock.now_ms() // DAY_MS
        return sum(row.cost_pico_usd for row in self._profiles.model.spend(day, day))

    def left_today_pico_usd(self) -> int | None:
        """Return what may still be spent today on questions to come; None without a limit.

        Raises:
            StoreError: profiles.lmdb cannot be read.
        """
        limit = self._live.current.budget.day_micro_usd
        if limit is None:
            return None
        return limit * PICO_A_MICRO - self.spent_today_pico_usd() - self._reserved_pico_usd

    def judge(self, state: ModelState, pico_usd: int, held_pico_usd: int = 0) -> Verdict:
        """Return whether a question fits.

        Args:
            state: The user's.
            pico_usd: The most it can cost.
            held_pico_usd: The most that other questions can cost that are about to be stored.

        Raises:
            StoreError: profiles.lmdb cannot be read.
        """
        budget = self._live.current.budget
        limits = [limit for limit in (budget.day_micro_usd, budget.user_day_micro_usd) if limit is not None]
        if any(pico_usd > limit * PICO_A_MICRO for limit in limits):
            return Verdict.NEVER_FITS
        spent = spent_today_pico_usd(state, self._clock.now_ms())
        user_limit = budget.user_day_micro_usd
        if user_limit is not None and spent + pico_usd > user_limit * PICO_A_MICRO:
            return Verdict.USER_WAITS
        left = self.left_today_pico_usd()
        if left is None:
            return Verdict.FITS
        if pico_usd + held_pico_usd <= left:
            return Verdict.FITS
        if pico_usd <= left + self._reserved_pico_usd:
            return Verdict.NOT_YET
        self.short_day = self._clock.now_ms() // DAY_MS
        return Verdict.ALL_WAIT

    def fits_backfill(self, pico_usd: int) -> bool:
        """Return whether a question of a backfill fits the backfill's own budget; nothing fits that of a canceled one.

        The others in its queue, of which some may be made and not yet stored, count with the most that any question
        was found to cost: so what is spent never exceeds the budget.
        """
        row, asked = self._profiles.backfill(), self._profiles.model.backfill_questions()
        if row is None or row.stage == BackfillStage.BACKFILL_STAGE_CANCELED:
            return False
        if not row.plan.HasField("budget_micro_usd"):
            return True
        configured = row.estimate.question_micro_usd_max * PICO_A_MICRO
        self._backfill_most_pico_usd = max(self._backfill_most_pico_usd, pico_usd)
        others = max(0, asked.queued_count - 1) * max(configured, self._backfill_most_pico_usd)
        owed = asked.spent_pico_usd + asked.reserved_pico_usd + others
        return owed + pico_usd <= row.plan.budget_micro_usd * PICO_A_MICRO
