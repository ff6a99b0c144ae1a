"""Applying a model's answer to what holds when it comes, and ending its question: once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NamedTuple, TypeAlias

from foreword import keys
from foreword.clock import Clock
from foreword.config import Config
from foreword.errors import StoreError, StoreRowError
from foreword.followed_config import FollowedConfig
from foreword.llm import ModelAnswer, ModelError, ModelFailure, TokenUsage
from foreword.llm.prices import cost_pico_usd
from foreword.naming import escaped
from foreword.store import ActivityReader, ProfileReader
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelOutcome
from foreword.v1.refresh_pb2 import RefreshOutcome, RefreshState
from scheduler.agent.refresh import RefreshInput, RefreshResult
from scheduler.attempt import Attempt
from scheduler.due import Due
from scheduler.health import Health
from scheduler.model.ending import Ending
from scheduler.model.question import Question, event_hash
from scheduler.model.reading import Readings, Standing
from scheduler.model.spend import Spend
from scheduler.runner import Runner
from scheduler.segments import windowed
from scheduler.shaping import Shaping

OUTCOME_OF_FAILURE: dict[ModelFailure, ModelOutcome] = {
    "rate_limited": ModelOutcome.MODEL_OUTCOME_RATE_LIMITED,
    "overloaded": ModelOutcome.MODEL_OUTCOME_OVERLOADED,
    "unavailable": ModelOutcome.MODEL_OUTCOME_UNAVAILABLE,
    "malformed": ModelOutcome.MODEL_OUTCOME_UNAVAILABLE,
    "timed_out": ModelOutcome.MODEL_OUTCOME_TIMED_OUT,
    "unauthorized": ModelOutcome.MODEL_OUTCOME_UNAUTHORIZED,
    "rejected": ModelOutcome.MODEL_OUTCOME_REJECTED,
}
_ERROR_CHARACTERS_MAX = 500


class Proposed(NamedTuple):
    """What code makes of an answer."""

    outcome: ModelOutcome
    """APPLIED, NOTHING, UNSUPPORTED or INVALID."""
    result: RefreshResult | None = None
    """What is to be written; None unless something is applied."""
    applied_count: int = 0
    refused_count: int = 0
    error: str = ""
    """What is wrong with an answer that cannot be used, a sentence a line; or why some of it was refused."""
    to_mend: str = ""
    """What a second call is asked to mend, a sentence a line; nothing of most answers that can be used."""


Work: TypeAlias = Callable[[Attempt, ActivityReader], Coroutine[Any, Any, None]]
Interpret: TypeAlias = Callable[[RefreshInput, Config, Sequence[str], str, ModelCall], Proposed]
"""Reads an answer: what holds of the user, the configuration, the ids of the events that the prompt called e1, e2 …
(empty for one that is gone), the answer's text, and the call's row with its cost."""


class Applying:
    """Ends questions.

    What becomes of an answer when the user has moved on meanwhile:

    - Erased: it is dropped; its cost stays.
    - The user said something outright since the prompt was made (a correction, a yes or a no, a statement): it is not
      applied, since the model might say the opposite; the user is asked about again.
    - Other news: it is applied to the profile and the events as they are now. What it says of beliefs that no longer
      hold, or of events that are gone, is refused as any other unsupported operation.

    Profile, revision, the state of the user, the end of the question and its cost are one transaction, and no refresh
    of the user by code is under way when it is made.
    """

    def __init__(
        self,
        profiles: ProfileReader,
        readings: Readings,
        runner: Runner,
        spend: Spend,
        *,
        clock: Clock,
        live: FollowedConfig,
        health: Health,
        shaping: Shaping,
        interpret: Interpret,
    ) -> None:
        self._profiles = profiles
        self._readings = readings
        self._runner = runner
        self._spend = spend
        self._clock = clock
        self._live = live
        self._health = health
        self._shaping = shaping
        self._interpret = interpret
        self._turn = asyncio.Lock()

    async def apply(
        self,
        question: Question,
        answer: ModelAnswer,
        *,
        duration_us: int,
        repair: Callable[[str], ModelCall | None] = lambda _error: None,
    ) -> Ending:
        """Apply an answer to what holds now, and end its question; return how it ended.

        Args:
            question: What was asked.
            answer: The answer, for whatever reason the model stopped.
            duration_us: How long the call, or the batch, took.
            repair: Asked when there is something to mend, with what is wrong: the row of a second call, which is then
                opened; None for none.
        """
        call = self._row(question, answer.usage, duration_us, answer.request_id)
        ending = Ending(question, call)

        async def work(attempt: Attempt, activity: ActivityReader) -> None:
            async with self._turn:
                # One answer a turn of the event loop, some milliseconds: triggers are looked at in between.
                await asyncio.sleep(0)
                await self._runner.let_urgent_pass()
                compute(attempt, activity)

        def compute(attempt: Attempt, activity: ActivityReader) -> None:
            began_ns = time.perf_counter_ns()
            ending.repair, faults = None, ""
            try:
                faults = self._propose(attempt, ending, answer, activity)
            except StoreRowError as exc:
                _refuse(attempt, call, exc)
            except StoreError:
                raise
            except Exception as exc:
                _refuse(attempt, call, exc)
            if faults:
                ending.repair = repair(faults)
            attempt.duration_us = (time.perf_counter_ns() - began_ns) // 1000

        return await self._end(ending, work)

    async def fail(self, question: Question, error: ModelError, *, duration_us: int) -> Ending:
        """End a question that got no answer; what it may have cost is kept open until the provider has said it."""
        is_unknown = error.usage is None and error.may_be_billed
        usage = error.usage or TokenUsage()
        call = (
            _copy(question.call) if is_unknown else self._row(question, usage, duration_us, error.request_id)
        )
        call.duration_us, call.request_id = duration_us, error.request_id
        call.is_estimate = is_unknown
        call.outcome, call.error = OUTCOME_OF_FAILURE[error.failure], _short(error)
        wait_ms = int((error.retry_after_seconds or 0) * 1000)
        is_open = is_unknown and call.provider in self._spend.reporting
        return await self._end(Ending(question, call, retry_after_ms=wait_ms, is_open=is_open), _nothing)

    async def close(
        self, question: Question, outcome: ModelOutcome, error: str = "", *, duration_us: int = 0
    ) -> Ending:
        """End a question that cost nothing and has no answer: expired, canceled, or errored in a batch."""
        call = self._row(question, TokenUsage(), duration_us, "")
        call.outcome, call.error = outcome, escaped(error[:_ERROR_CHARACTERS_MAX])
        return await self._end(Ending(question, call), _nothing)

    # -- the parts ------------------------------------------------------------------------------------------

    async def _end(self, ending: Ending, work: Work) -> Ending:
        """Carry out and write, however long the store fails: what was paid for is not thrown away."""
        user = ending.question.user
        while True:
            try:
                attempt = await self._runner.run_beside(user, lambda: self._begin(ending), work)
            except StoreError as exc:
                await asyncio.sleep(self._health.store_failed(exc))
                continue
            if attempt is not None:
                break
            # Given up for an erasure: the next round finds nobody, and says so in the row.
        if ending.is_done and not ending.is_open:
            self._spend.release(ending.question.call.cost_pico_usd)
        if ending.is_done and ending.repair is not None:
            self._spend.reserve(ending.repair.cost_pico_usd)
        return ending

    def _begin(self, ending: Ending) -> Attempt:
        user = ending.question.user
        state = (self._profiles.refresh_state(user) if user else None) or RefreshState()
        attempt = Attempt(user, state, self._clock.now_ms(), ending=ending)
        # What triggers ask for meanwhile is added to the due time, which the answer leaves as it is.
        attempt.asked = Due.of(state)
        attempt.outcome = RefreshOutcome.REFRESH_OUTCOME_UNCHANGED
        return attempt

    def _propose(
        self, attempt: Attempt, ending: Ending, answer: ModelAnswer, activity: ActivityReader
    ) -> str:
        """Set what is proposed; return what is wrong with an answer that a second call may mend."""
        call, question = ending.call, ending.question
        if not question.user:
            call.outcome = ModelOutcome.MODEL_OUTCOME_ERASED
            return ""
        if answer.stop_reason == "refusal":
            call.outcome = ModelOutcome.MODEL_OUTCOME_REFUSED
            return ""
        if answer.stop_reason == "max_tokens":
            call.outcome = ModelOutcome.MODEL_OUTCOME_TRUNCATED
            call.error = "the answer was cut off; see agent.output_tokens_max"
            return ""
        standing = self._readings.standing(question.user, activity, attempt.started_ms)
        config = windowed(attempt.state.segment, self._live.current)
        if standing is None or standing.has_stated(question.seen_seq, config):
            call.outcome = ModelOutcome.MODEL_OUTCOME_OUTDATED
            return ""
        event_ids = _event_ids(question, standing)
        proposed = self._interpret(standing.input, config, event_ids, answer.text, call)
        call.outcome, call.error = proposed.outcome, escaped(proposed.error[:_ERROR_CHARACTERS_MAX])
        call.applied_count, call.refused_count = proposed.applied_count, proposed.refused_count
        if proposed.result is not None:
            attempt.result, attempt.outcome = proposed.result, RefreshOutcome.REFRESH_OUTCOME_WRITTEN
            attempt.event_count = len(standing.events)
            namespace = keys.split_user_key(question.user)[1]
            attempt.settings_digest = self._shaping.digest(namespace, attempt.state.segment)
        return proposed.to_mend

    def _row(self, question: Question, usage: TokenUsage, duration_us: int, request_id: str) -> ModelCall:
        """Return the row of an ended question with what it cost."""
        call = _copy(question.call)
        price = self._live.current.agent.prices.get(call.model)
        call.duration_us, call.request_id = duration_us, request_id
        call.input_tokens, call.output_tokens = usage.input_tokens, usage.output_tokens
        call.cache_read_tokens, call.cache_write_tokens = usage.cache_read_tokens, usage.cache_write_tokens
        # Without a price any more (the file was changed meanwhile) the most it can cost stands.
        if price is not None:
            in_batch = call.mode == ModelMode.MODEL_MODE_BATCH
            call.cost_pico_usd = cost_pico_usd(usage, price, in_batch=in_batch)
        call.is_estimate = price is None
        return call


def _event_ids(question: Question, standing: Standing) -> list[str]:
    """Return the ids of the prompt's events in its order; empty for those that are gone."""
    by_hash = {event_hash(event.event.event_id): event.event.event_id for event in standing.events}
    return [by_hash.get(number, "") for number in question.event_hashes]


async def _nothing(_attempt: Attempt, _activity: ActivityReader) -> None:
    pass


def _refuse(attempt: Attempt, call: ModelCall, exc: Exception) -> None:
    call.outcome, call.error = ModelOutcome.MODEL_OUTCOME_INVALID, _short(exc)
    attempt.result, attempt.outcome = None, RefreshOutcome.REFRESH_OUTCOME_UNCHANGED


def _short(exc: Exception) -> str:
    text = (str(exc) or type(exc).__name__).encode("utf-8", "replace").decode()
    return escaped(text[:_ERROR_CHARACTERS_MAX])


def _copy(call: ModelCall) -> ModelCall:
    copy = ModelCall()
    copy.CopyFrom(call)
    return copy
