"""Asking the models of answers: within the day's budget, no more at once than the provider takes, and accounted for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from random import Random

from foreword.clock import Clock
from foreword.config import Price
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
from foreword.tokens import count_tokens
from foreword.v1.answer_pb2 import Tier
from tiering.accounts import Accounts, Spent
from tiering.errors import NoAnswerError


class Asking:
    """One provider, as all answers of a process share it.

    Args:
        model: Asks it.
        calls_max: Most calls at once, `agent.calls_max`.
        timeout_seconds: Longest wait for a turn and an answer, each.
        prices: Of every model that is asked.
        accounts: Where each call is written down.
        clock: Tells the time.
    """

    def __init__(
        self,
        model: Model,
        *,
        calls_max: int,
        timeout_seconds: float,
        prices: Mapping[str, Price],
        accounts: Accounts,
        clock: Clock,
    ) -> None:
        self._model = model
        self._gate = Gate(calls_max, Random())
        self._timeout_seconds = timeout_seconds
        self._prices = prices
        self._accounts = accounts
        self._clock = clock
        self._turn = asyncio.Condition()

    def problem(self) -> str:
        """Return in one sentence why no call may begin now; empty when calls may."""
        if not self._accounts.may_spend():
            return "today's budget, tiering.day_micro_usd, is used up"
        return self._gate.problem(self._clock.now_ms())

    async def ask(self, tier: Tier, request: ModelRequest, spent: list[Spent]) -> ModelAnswer:
        """Ask one question, and add what it cost to `spent`.

        Raises:
            NoAnswerError: It may not be asked now, or there was no answer.
        """
        await self._take_turn(request.model)
        answer: ModelAnswer | ModelError | None = None
        try:
            answer = await self._model.ask(request)
        except ModelError as exc:
            answer = exc
        finally:
            await self._end_turn(tier, request, answer, spent)
        if isinstance(answer, ModelError):
            tried = f"{request.model}: {answer.message}"
            raise NoAnswerError(
                f"no answer can be had: {tried}", tried=(tried,), hint=answer.hint
            ) from answer
        return answer

    async def close(self) -> None:
        """Let go of connections."""
        await self._model.close()

    async def _take_turn(self, model: str) -> None:
        # Bounded: whoever waits for a turn behind slow calls is told so rather than left waiting.
        try:
            async with asyncio.timeout(self._timeout_seconds), self._turn:
                while not self._is_free():
                    await self._turn.wait()
                self._gate.began()
        except TimeoutError as exc:
            tried = f"no call to {model} ended within {self._timeout_seconds:g} s"
            raise NoAnswerError(f"no answer can be had: {tried}", tried=(tried,)) from exc

    def _is_free(self) -> bool:
        problem = self.problem()
        if problem:
            raise NoAnswerError(f"no answer can be had: {problem}", tried=(problem,))
        return self._gate.free(self._clock.now_ms()) > 0

    async def _end_turn(
        self, tier: Tier, request: ModelRequest, answer: ModelAnswer | ModelError | None, spent: list[Spent]
    ) -> None:
        if answer is None:
            self._gate.abandoned()
        else:
            self._gate.record(answer, self._clock.now_ms())
        each = self._spent(tier, request, answer)
        if each is not None:
            spent.append(each)
            self._accounts.spend(each)
        # A cancelled caller still hands the turn on.
        async with self._turn:
            self._turn.notify_all()

    def _spent(
        self, tier: Tier, request: ModelRequest, answer: ModelAnswer | ModelError | None
    ) -> Spent | None:
        price = self._prices[request.model]
        usage = answer.usage if answer is not None else None
        if usage is not None:
            return Spent(tier, usage, cost_pico_usd(usage, price, in_batch=False))
        if isinstance(answer, ModelError) and not answer.may_be_billed:
            return None
        # Broken off, and nobody says what it cost: all of the prompt and the longest answer, which is above it.
        read = count_tokens(request.instructions + request.shared + request.prompt)
        most = estimate_pico_usd(read, request.output_tokens_max, price, in_batch=False)
        return Spent(tier, TokenUsage(input_tokens=read, output_tokens=request.output_tokens_max), most)
