"""What a backfill has before it: all users looked at once, and what that comes to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from typing import NamedTuple

from foreword.clock import Clock
from foreword.config import Config
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.llm.prices import micro_usd
from foreword.store import ActivityReader, ProfileReader
from foreword.store.v1.store_pb2 import BackfillRow
from foreword.v1.activity_pb2 import UserActivity
from foreword.v1.backfill_pb2 import BackfillEstimate
from foreword.v1.model_work_pb2 import ModelSpend, ModelState
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome
from scheduler.backfill.questions import choice_of, question_pico_usd_max, question_tokens_max
from scheduler.backfill.refreshes import BACKFILL, prefix_of
from scheduler.backfill.standing import TO_REFRESH, Standing, standing
from scheduler.due import allows
from scheduler.model.asking_rules import READ
from scheduler.model.choice import Choice
from scheduler.model.spend import PICO_A_MICRO
from scheduler.segments import classify

# Users looked at without a turn of the event loop: about a millisecond.
_SLICE_MAX = 50
# Newest refreshes that the mean is taken of.
_REFRESHES_MAX = 1000
# A mean of fewer answers says little of the next ten thousand.
_ANSWERS_MIN = 20
# Processor time of a refresh of a user with a profile of their own, as benchmarks/results/refresh.md has it.
_ASSUMED_REFRESH_US = 1_150


class Means(NamedTuple):
    """What one question comes to."""

    input_tokens: Fraction
    output_tokens: Fraction
    pico_usd: Fraction
    answer_count: int
    """Answers that these are the means of; 0 when they are the most that one can come to."""


class Counting:
    """Looks at all users of a backfill."""

    def __init__(
        self, profiles: ProfileReader, *, clock: Clock, live: FollowedConfig, connected: Mapping[str, bool]
    ) -> None:
        self._profiles = profiles
        self._clock = clock
        self._live = live
        self._connected = connected

    async def estimate(
        self, row: BackfillRow, activity: ActivityReader, turn: Callable[[], Awaitable[None]]
    ) -> BackfillEstimate:
        """Return what there is to do, and what that comes to; `turn` is awaited between slices.

        Raises:
            StoreError: An environment cannot be read.
        """
        counted, asked = BackfillEstimate(), Counter[Choice]()
        prefix, after = prefix_of(row), b""
        while users := activity.users(after or prefix, _SLICE_MAX):
            after = users[-1][0]
            for user, seen in users:
                if user.startswith(prefix):
                    self._count(user, seen, row, counted, asked)
            if not after.startswith(prefix):
                break
            await asyncio.sleep(0)
            await turn()
        self._add_refreshes(counted, row)
        self._add_questions(counted, asked)
        return counted

    def _count(
        self,
        user: UserKey,
        seen: UserActivity,
        row: BackfillRow,
        counted: BackfillEstimate,
        asked: Counter[Choice],
    ) -> None:
        config, state = self._live.current, self._profiles.refresh_state(user)
        former = state.segment if state is not None else Segment.SEGMENT_UNSPECIFIED
        segment = classify(seen, self._clock.now_ms(), config, former)
        found = standing(state, seen)
        if found in TO_REFRESH and not allows(segment, BACKFILL, config):
            found = Standing.NOT_ALLOWED
        counted.user_count += 1
        counted.without_profile_count += found is Standing.WITHOUT
        counted.outdated_count += found is Standing.OUTDATED
        counted.left_count += found is Standing.LEFT
        counted.skipped_count += found is Standing.NOT_ALLOWED
        counted.refresh_count += found in TO_REFRESH
        if (
            found in (Standing.LEFT, Standing.NOT_ALLOWED)
            or seen.event_count - seen.deleted_count < config.cold_start.events_min
        ):
            return
        read_seq = (self._profiles.model.state(user) or ModelState()).seen_seq
        choice = choice_of(segment, row.plan.mode, config, self._connected)
        if choice is not None and seen.last_seq > read_seq:
            asked[choice] += 1

    def _add_refreshes(self, counted: BackfillEstimate, row: BackfillRow) -> None:
        newest = islice(self._profiles.every_attempt(), _REFRESHES_MAX)
        counted.refresh_us, counted.measured_refresh_count = refresh_mean_us(newest)
        # One after another: code takes turns on one core.
        by_pace_ms = 1000 * counted.refresh_count / row.plan.users_per_second
        by_work_ms = counted.refresh_count * counted.refresh_us / 1000
        counted.refresh_duration.FromMilliseconds(int(max(by_pace_ms, by_work_ms)))

    def _add_questions(self, counted: BackfillEstimate, asked: Counter[Choice]) -> None:
        config, spend = self._live.current, self._profiles.model.spend()
        tokens, pico_usd, most = [Fraction(0), Fraction(0)], Fraction(0), 0
        measured: list[int] = []
        for choice, count in asked.most_common():
            means = question_means(spend, choice, config)
            tokens[0] += count * means.input_tokens
            tokens[1] += count * means.output_tokens
            pico_usd += count * means.pico_usd
            most = max(most, question_pico_usd_max(choice, config))
            measured.append(means.answer_count)
            if choice.model not in counted.models:
                counted.models.append(choice.model)
        counted.question_count = asked.total()
        counted.input_tokens, counted.output_tokens = map(round, tokens)
        counted.cost_micro_usd = micro_usd(round(pico_usd))
        counted.question_micro_usd_max = -(-most // PICO_A_MICRO)
        # Of several models one that is not measured makes the sum an upper bound.
        counted.measured_answer_count = min(measured, default=0)


def refresh_mean_us(newest: Iterable[LedgerEntry]) -> tuple[int, int]:
    """Return the mean duration of refreshes by code that wrote a profile, and of how many; (assumed, 0) of none."""
    taken = [
        entry.duration_us
        for entry in newest
        if entry.outcome == RefreshOutcome.REFRESH_OUTCOME_WRITTEN and not entry.model
    ]
    return (sum(taken) // len(taken), len(taken)) if taken else (_ASSUMED_REFRESH_US, 0)


def question_means(spend: Sequence[ModelSpend], choice: Choice, config: Config) -> Means:
    """Return what one question comes to: as measured of the same model asked in the same way, else the most it can."""
    rows = [row for row in spend if (row.provider, row.model, row.mode) == choice and row.outcome in READ]
    calls = sum(row.calls for row in rows)
    if calls < _ANSWERS_MIN:
        return Means(
            Fraction(question_tokens_max(config)),
            Fraction(config.agent.output_tokens_max),
            Fraction(question_pico_usd_max(choice, config)),
            0,
        )
    read = sum(row.input_tokens + row.cache_read_tokens + row.cache_write_tokens for row in rows)
    written, cost = sum(row.output_tokens for row in rows), sum(row.cost_pico_usd for row in rows)
    return Means(Fraction(read, calls), Fraction(written, calls), Fraction(cost, calls), calls)
