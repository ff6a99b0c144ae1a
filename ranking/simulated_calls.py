"""Asking a model to be simulated users: within a budget, each call in the ledger before it is sent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from os import urandom
from random import Random

from foreword.clock import DAY_MS, Clock
from foreword.config import Config, Price
from foreword.llm import (
    Gate,
    Model,
    ModelAnswer,
    ModelError,
    ModelRequest,
    TokenUsage,
    cost_pico_usd,
    estimate_pico_usd,
)
from foreword.store import ProfileReader, ProfileWriter
from foreword.tokens import count_tokens
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelOutcome
from ranking.example import Action
from ranking.simulated_answers import Reading, Verdict, read_verdicts
from ranking.simulation import Round

_PICO_A_MICRO = 1_000_000
# What a provider's own frame around a prompt adds at most, with the schema.
_AROUND_TOKENS = 400
_TRIES_MAX = 3
_CALL_ID_BYTES = 16
# While all turns are taken; a call takes seconds.
_TURN_SECONDS = 0.05
_PASSING = ("rate_limited", "overloaded", "unavailable", "timed_out")
_STOPPED = {"refusal": "REFUSED", "max_tokens": "TRUNCATED"}

Sleep = Callable[[float], Awaitable[object]]
Record = Callable[[Round, list[Verdict]], object]


def most_pico_usd(request: ModelRequest, price: Price) -> int:
    """Return what one question costs at most, in pico-USD: its longest answer, and nothing from a cache."""
    tokens = count_tokens(request.instructions) + count_tokens(request.prompt) + _AROUND_TOKENS
    return estimate_pico_usd(tokens, request.output_tokens_max, price, in_batch=False)


def left_today_pico_usd(profiles: ProfileReader | None, config: Config, now_ms: int) -> int | None:
    """Return what is left of the day's budget for models, `budget.day_micro_usd`; None where there is no limit.

    Raises:
        StoreError: What was spent cannot be read.
    """
    limit = config.budget.day_micro_usd
    if limit is None:
        return None
    today, spent = now_ms // DAY_MS, 0
    if profiles is not None:
        spent = sum(row.cost_pico_usd for row in profiles.model.spend(today, today))
        spent += sum(call.cost_pico_usd for call in profiles.model.open_calls())
    return max(0, limit * _PICO_A_MICRO - spent)


class SimulatedCalls:
    """Asks a model what simulated users say.

    The ledger is the scheduler's file, which one process writes at a time: whoever holds its writer here runs while no
    scheduler does. A call is in it with the most it can cost before it is sent, so that one whose answer is lost is
    accounted for by the scheduler's next start, as its own are.

    Args:
        model: Who is asked.
        writer: Of profiles.lmdb.
        config: The section `[agent]` is in force here.
        budget_pico_usd: Most that all calls may cost together.
        clock: Tells the time.
        random: Spreads the tries after failures.
        sleep: Waits for a number of seconds.

    Attributes:
        spent_pico_usd: What calls that ended have cost.
        call_count: How many those are.
        refusals: What could not be used of the answers, and calls without one, a sentence each.
        is_out_of_budget: Whether a round was left out because it might have cost more than was left.
    """

    def __init__(
        self,
        model: Model,
        writer: ProfileWriter,
        config: Config,
        *,
        budget_pico_usd: int,
        clock: Clock,
        random: Random,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._model = model
        self._writer = writer
        self._agent = config.agent
        self._left = budget_pico_usd
        self._clock = clock
        self._gate = Gate(config.agent.calls_max, random)
        self._sleep = sleep
        self.spent_pico_usd = self.call_count = 0
        self.refusals: list[str] = []
        self.is_out_of_budget = False

    async def run(
        self, rounds: Sequence[Round], record: Record, on_progress: Callable[[int], object]
    ) -> None:
        """Ask about every round, as many at once as the provider takes, and record what is said as it comes.

        Args:
            rounds: In the order in which they are asked; where the budget ends, the rest is left out.
            record: Told of each round that was answered.
            on_progress: Told how many rounds are done.

        Raises:
            ModelError: The key or the question is not accepted, so that no other call would be.
            ForewordError: A call or an event could not be written down.
        """
        waiting, done = iter(rounds), 0

        async def work() -> None:
            nonlocal done
            for each in waiting:
                if self.is_out_of_budget:
                    return
                verdicts = await self._judged(each)
                if verdicts:
                    record(each, verdicts)
                done += 1
                on_progress(done)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._agent.calls_max, len(rounds))):
                    group.create_task(work())
        except* Exception as errors:
            raise errors.exceptions[0] from None

    async def _judged(self, each: Round) -> list[Verdict]:
        request = each.question(self._agent.model)
        for attempt in range(_TRIES_MAX):
            answer = await self._ask(each, request)
            if isinstance(answer, Reading):
                self.refusals += answer.refusals
                return answer.verdicts
            if answer is None:
                return []
            if answer.failure in ("unauthorized", "rejected"):
                raise answer
            if answer.failure not in _PASSING or attempt + 1 == _TRIES_MAX:
                self.refusals.append(answer.message)
        return []

    async def _ask(self, each: Round, request: ModelRequest) -> Reading | ModelError | None:
        """Ask once; return what can be read, or why there is no answer, or None when it may cost too much."""
        most = most_pico_usd(request, self._agent.prices[request.model])
        await self._turn()
        if most > self._left:
            self.is_out_of_budget = True
            return None
        self._left -= most
        self._gate.began()
        call = self._open(each, request, most)
        began_ns = time.perf_counter_ns()
        result: ModelAnswer | ModelError
        try:
            result = await self._model.ask(request)
        except ModelError as exc:
            result = exc
        except BaseException:
            # Its row stays open: the scheduler's next start sees to what it may have cost.
            self._gate.abandoned()
            raise
        self._gate.record(result, self._clock.now_ms())
        call.duration_us = (time.perf_counter_ns() - began_ns) // 1000
        return self._end(call, result, each.offered, most)

    async def _turn(self) -> None:
        while not self._gate.free(now_ms := self._clock.now_ms()):
            opens_ms = self._gate.opens_ms(now_ms)
            await self._sleep(_TURN_SECONDS if opens_ms is None else (opens_ms - now_ms) / 1000)

    def _open(self, each: Round, request: ModelRequest, most: int) -> ModelCall:
        call = ModelCall(
            call_id=urandom(_CALL_ID_BYTES),
            user_key=each.user,
            started_ms=self._clock.now_ms(),
            mode=ModelMode.MODEL_MODE_MESSAGES,
            provider=self._model.name,
            model=request.model,
            input_tokens=count_tokens(request.instructions) + count_tokens(request.prompt),
            output_tokens=request.output_tokens_max,
            cost_pico_usd=most,
            is_estimate=True,
        )
        with self._writer.begin() as txn:
            txn.model.open_call(call)
        return call

    def _end(
        self, call: ModelCall, result: ModelAnswer | ModelError, offered: Sequence[Action], most: int
    ) -> Reading | ModelError:
        reading: Reading | ModelError
        if isinstance(result, ModelError):
            reading = result
            name = "INVALID" if result.failure == "malformed" else result.failure.upper()
            call.outcome, call.error = _outcome(name), result.message
        else:
            reading = read_verdicts(result, offered)
            usable = "APPLIED" if reading.verdicts else "INVALID"
            name = _STOPPED.get(result.stop_reason, usable)
            call.outcome = _outcome(name)
            call.applied_count, call.refused_count = len(reading.verdicts), len(reading.refusals)
        call.request_id = result.request_id
        self._pay(call, result)
        self._left += most - call.cost_pico_usd
        self.spent_pico_usd += call.cost_pico_usd
        self.call_count += 1
        with self._writer.begin() as txn:
            txn.model.end_call(call, self._clock.now_ms())
        return reading

    def _pay(self, call: ModelCall, result: ModelAnswer | ModelError) -> None:
        """Set what a call cost: what the provider says, nothing, or the most where nobody knows."""
        usage = result.usage
        if usage is None and isinstance(result, ModelError) and result.may_be_billed:
            return
        usage = usage or TokenUsage()
        call.is_estimate = False
        call.input_tokens, call.output_tokens = usage.input_tokens, usage.output_tokens
        call.cache_read_tokens, call.cache_write_tokens = usage.cache_read_tokens, usage.cache_write_tokens
        call.cost_pico_usd = cost_pico_usd(usage, self._agent.prices[call.model], in_batch=False)


def _outcome(name: str) -> ModelOutcome:
    found: ModelOutcome = getattr(ModelOutcome, f"MODEL_OUTCOME_{name}")
    return found
