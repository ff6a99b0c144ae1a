"""Asking a candidate's model about users, as the scheduler does but for its queue."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from evaluations.candidates import Candidate
from evaluations.tally import Tally
from foreword.errors import FieldError
from foreword.llm import Model, ModelAnswer, ModelError, ModelRequest
from foreword.llm.prices import cost_pico_usd
from foreword.v1 import profile_pb2
from scheduler.agent.answer import AnswerReading, read_answer, repair
from scheduler.agent.product import ProductSchema, ProductSupport
from scheduler.agent.prompt import PROMPT_VERSION, build_prompt
from scheduler.agent.proposal import Proposal
from scheduler.agent.refresh import Draft, RefreshInput, complete, draft

# A provider that fails three times in a row is down, and the comparison says so.
_TRIES_MAX = 3
# Longer than this nobody waits at a terminal; the scheduler's queue does.
_WAIT_SECONDS_MAX = 60.0
_WAIT_SECONDS = 2.0
_PASSING = frozenset({"rate_limited", "overloaded", "unavailable", "timed_out"})

Sleep = Callable[[float], Awaitable[object]]


class Asking:
    """Writes profiles with one candidate, and counts what comes of it.

    Args:
        candidate: The candidate.
        model: Its model; None for code.
        product: The operator's own message; None without one.
        sleep: Waits for a number of seconds.

    Attributes:
        tally: The counts so far.
    """

    def __init__(
        self,
        candidate: Candidate,
        model: Model | None,
        product: ProductSchema | None,
        sleep: Sleep,
    ) -> None:
        self.candidate = candidate
        self.tally = Tally()
        self._model = model
        self._product = product
        self._sleep = sleep
        self._places = asyncio.Semaphore(candidate.config.agent.calls_max)

    async def refresh(self, source: RefreshInput, seen: set[str]) -> profile_pb2.Profile:
        """Return the profile that the candidate makes of what is known.

        Args:
            source: What is known; its population may change as soon as this first waits.
            seen: The events that the model has read of this user; those it reads now are added.
        """
        drafted = draft(source, self.candidate.config)
        if self._model is None or drafted.findings is None:
            return complete(drafted).profile
        prompt = build_prompt(
            drafted.findings,
            source,
            config=self.candidate.config,
            model=self.candidate.config.agent.model,
            unseen=drafted.findings.known.keys() - seen,
            product_schema=self._product.json_schema if self._product else None,
        )
        self.tally.refreshes += 1
        support = ProductSupport(drafted.findings)
        reading = await self._read(self._model, prompt.request, prompt.event_ids, support)
        if reading is None:
            return complete(drafted).profile
        seen |= drafted.findings.known.keys()
        return self._complete(drafted, reading)

    async def _read(
        self, model: Model, request: ModelRequest, event_ids: Sequence[str], support: ProductSupport
    ) -> AnswerReading | None:
        """Return what the model answers, mended once where it must be; None when nothing of it can be used."""

        def read(text: str) -> AnswerReading:
            return read_answer(
                text, event_ids, product_schema=self._product, product_refusal_of=support.refusal_of
            )

        answer = await self._ask(model, request)
        if answer is None:
            return None
        reading = read(answer.text)
        mending = repair(answer.text, reading)
        if mending is None:
            self.tally.usable_first += 1
        else:
            mended = await self._ask(model, replace(request, repair=mending))
            if mended is not None and (again := read(mended.text)).is_usable:
                reading = again
        self._count(reading)
        return reading if reading.is_usable else None

    def _count(self, reading: AnswerReading) -> None:
        malformed = sum(error.startswith("operations[") for error in reading.errors)
        self.tally.usable += reading.is_usable
        self.tally.proposed += len(reading.operations) + malformed
        self.tally.refused_operations.update({"malformed": malformed} if malformed else {})
        self.tally.products_refused += bool(reading.product_errors)

    async def _ask(self, model: Model, request: ModelRequest) -> ModelAnswer | None:
        """Return an answer that the model ended by itself, and count what every call cost."""
        answer = await self._answer(model, request)
        if answer is None:
            self.tally.failed += 1
        elif answer.stop_reason == "refusal":
            self.tally.refused += 1
        elif answer.stop_reason == "max_tokens":
            self.tally.truncated += 1
        else:
            return answer
        return None

    async def _answer(self, model: Model, request: ModelRequest) -> ModelAnswer | None:
        price = self.candidate.price
        for attempt in range(_TRIES_MAX):
            try:
                async with self._places:
                    answer = await model.ask(request)
            except ModelError as error:
                if error.usage is not None:
                    self.tally.pay(error.usage, cost_pico_usd(error.usage, price, in_batch=False))
                if error.failure in ("unauthorized", "rejected"):
                    raise
                if error.failure not in _PASSING or attempt + 1 == _TRIES_MAX:
                    return None
                wait_seconds = error.retry_after_seconds or _WAIT_SECONDS * 2**attempt
                await self._sleep(min(wait_seconds, _WAIT_SECONDS_MAX))
            else:
                self.tally.pay(answer.usage, cost_pico_usd(answer.usage, price, in_batch=False))
                return answer
        return None

    def _complete(self, drafted: Draft, reading: AnswerReading) -> profile_pb2.Profile:
        agent = self.candidate.config.agent
        proposal = Proposal(
            reading.operations,
            proposed_by=agent.provider,
            model=agent.model,
            prompt_version=PROMPT_VERSION,
            product=reading.product,
        )
        try:
            result = complete(drafted, [proposal])
        except FieldError:
            # As in the scheduler: a proposal that breaks the profile's limits leaves what code writes.
            self.tally.refused_operations["profile"] += len(reading.operations)
            return complete(drafted).profile
        proposed = {id(operation): operation for operation in reading.operations}
        for refusal in result.refusals:
            if id(refusal.operation) in proposed:
                self.tally.refused_operations[refusal.error.field] += 1
        self.tally.applied += result.applied_count
        return result.profile
