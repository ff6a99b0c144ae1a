"""The rows of a batch that has ended: each dealt with once, in whatever order and however often they come."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import aclosing
from itertools import islice
from typing import NamedTuple

from foreword.clock import Clock
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.llm import Batches, BatchRow
from foreword.llm.custom_id import BatchName
from foreword.naming import escaped
from foreword.store import ProfileReader, ProfileWriter
from foreword.store.failpoints import passing
from foreword.store.v1.store_pb2 import ModelBatch
from foreword.v1.model_work_pb2 import ModelCall, ModelItem, ModelMode, ModelOutcome
from scheduler.model.applying import Applying
from scheduler.model.batch_point import BatchPoint
from scheduler.model.batch_progress import BatchProgress
from scheduler.model.ending import Ending, end_alone
from scheduler.model.question import Question
from scheduler.model.spend import Spend

# Rows in hand at once, and to a commit: a tenth of a second without a turn of the event loop, while triggers wait. A
# commit itself costs as much as a few rows.
_CHUNK_ROWS = 32
# The API's words for a request that it will never take; what errs otherwise may go better another time.
_REJECTIONS = ("invalid_request_error", "request_too_large")
_ERROR_CHARACTERS_MAX = 500

_OUTCOMES = {
    "errored": ModelOutcome.MODEL_OUTCOME_UNAVAILABLE,
    "canceled": ModelOutcome.MODEL_OUTCOME_CANCELED,
    "expired": ModelOutcome.MODEL_OUTCOME_EXPIRED,
}


class _Row(NamedTuple):
    question: Question
    row: BatchRow


class BatchRows:
    """Deals with the questions of batches that have ended.

    Args:
        writer: Of profiles.lmdb.
        profiles: Where questions are read.
        applying: Brings answers into profiles.
        spend: Is told what is no longer under way.
        progress: Is told how questions end.
        clock: Tells the time.
        live: The configuration in force.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        applying: Applying,
        spend: Spend,
        progress: BatchProgress,
        *,
        clock: Clock,
        live: FollowedConfig,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._applying = applying
        self._spend = spend
        self._progress = progress
        self._clock = clock
        self._live = live
        self._is_stopped = False

    def stop(self) -> None:
        """Read no further; what was read is dealt with."""
        self._is_stopped = True

    async def read(self, name: BatchName, batch: ModelBatch, batches: Batches) -> int:
        """Read a batch's rows, to the end or until `stop`, and deal with each; return how many questions are left.

        Raises:
            ModelError: The rows broke off. Those before are dealt with, and will not be again.
            StoreError: The store fails; likewise.
        """
        chunk: dict[int, _Row] = {}
        async with aclosing(batches.rows(batch.batch_id)) as rows:
            async for row in rows:
                place = name.place(row.custom_id)
                item = self._profiles.model.item(name.number, place) if place is not None else None
                if place is None or item is None or place in chunk:
                    self._progress.strange_count += 1
                    continue
                chunk[place] = _Row(question_of(name, place, item, batch), row)
                if len(chunk) >= _CHUNK_ROWS:
                    await self._settle(chunk.values(), self._age_us(batch))
                    chunk = {}
                if self._is_stopped:
                    break
        await self._settle(chunk.values(), self._age_us(batch))
        return sum(1 for _ in self._profiles.model.items(name.number))

    async def write_off(self, name: BatchName, batch: ModelBatch, outcome: ModelOutcome, error: str) -> None:
        """End the questions of a batch that are left, each at the most that it can have cost.

        Raises:
            StoreError: The store fails; the rest is left.
        """
        while left := list(islice(self._profiles.model.items(name.number), _CHUNK_ROWS)):
            questions = [question_of(name, place, item, batch) for place, item in left]
            self._end([Ending(question, _ended(question, outcome, error)) for question in questions])
            await asyncio.sleep(0)

    def _age_us(self, batch: ModelBatch) -> int:
        return max(0, self._clock.now_ms() - batch.intended_ms) * 1000

    async def _settle(self, rows: Collection[_Row], duration_us: int) -> None:
        if not rows:
            return
        answers, endings = [], []
        for question, row in rows:
            if row.answer is not None:
                answers.append(self._applying.apply(question, row.answer, duration_us=duration_us))
            else:
                endings.append(Ending(question, _unanswered(question, row, duration_us)))
        if endings:
            self._end(endings)
        for ending in await asyncio.gather(*answers):
            self._count(ending)
        passing(BatchPoint.ROWS_SETTLED)
        self._progress.say()

    def _end(self, endings: Sequence[Ending]) -> None:
        """End questions that no profile changes for, in one transaction."""
        now_ms = self._clock.now_ms()
        with self._writer.begin() as txn:
            for ending in endings:
                end_alone(txn, ending, now_ms, self._live.current.scheduler)
        for ending in endings:
            if ending.is_done:
                self._spend.release(ending.question.call.cost_pico_usd)
            self._count(ending)

    def _count(self, ending: Ending) -> None:
        if ending.is_done:
            self._progress.ended(ending.call)
        else:
            self._progress.strange_count += 1


def question_of(name: BatchName, place: int, item: ModelItem, batch: ModelBatch) -> Question:
    """Return a stored question of a batch, with the row that it ends with: at first the most that it can cost."""
    user = UserKey(item.user_key)
    call = ModelCall(
        call_id=name.question(place).encode(),
        user_key=user,
        started_ms=batch.intended_ms,
        mode=ModelMode.MODEL_MODE_BATCH,
        segment=item.segment,
        reason=item.reason,
        provider=batch.provider,
        model=batch.model,
        cost_pico_usd=item.reserved_pico_usd,
        is_estimate=True,
        batch_id=batch.batch_id,
    )
    return Question(user, call, tuple(item.event_hashes), item.seen_seq, batch=name.number, place=place)


def _unanswered(question: Question, row: BatchRow, duration_us: int) -> ModelCall:
    """Return the row of a question without an answer, which costs nothing."""
    is_rejected = row.outcome == "errored" and any(word in row.error for word in _REJECTIONS)
    outcome = ModelOutcome.MODEL_OUTCOME_REJECTED if is_rejected else _OUTCOMES[row.outcome]
    call = _ended(question, outcome, row.error)
    call.duration_us, call.cost_pico_usd, call.is_estimate = duration_us, 0, False
    return call


def _ended(question: Question, outcome: ModelOutcome, error: str) -> ModelCall:
    call = ModelCall()
    call.CopyFrom(question.call)
    call.outcome, call.error = outcome, escaped(error[:_ERROR_CHARACTERS_MAX])
    return call
