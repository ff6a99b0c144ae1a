"""Asking a model about users one by one: many calls under way, none of which anybody waits for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from os import urandom

from foreword.clock import Clock
from foreword.errors import StoreError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.llm import ModelAnswer, ModelError, ModelRequest, Repair
from foreword.llm.prices import estimate_pico_usd
from foreword.store import ProfileReader, ProfileWriter
from foreword.tokens import count_tokens
from foreword.v1.model_work_pb2 import ModelCall, ModelState
from scheduler.health import Health
from scheduler.model.applying import Applying
from scheduler.model.asking_rules import under_way
from scheduler.model.choice import MESSAGES
from scheduler.model.connections import Connection, Connections
from scheduler.model.drafting import CALL_ID_BYTES, Drafting
from scheduler.model.ending import Ending
from scheduler.model.question import Question
from scheduler.model.spend import Spend, Verdict
from scheduler.model.wave import Draft
from scheduler.runner import Runner

logger = logging.getLogger("scheduler")

# Calls whose rows share one synced commit before they go out: a commit costs about as much as making one question.
_OPENED_TOGETHER_MAX = 8
# How often the queue is looked at when nothing says that somebody came due: retries and put-off users do not.
_LOOK_SECONDS = 1.0
# Answers that wait to be written, beside the calls under way: when there are more, the processor is the limit, and
# further calls would only wait longer.
_UNWRITTEN_MAX = 64
# Users looked at in one round beyond those under way. With one provider all can go out or none; with more, those whose
# provider is held back are passed over, and must not hide the others.
_LOOKED_AT_MAX = 256
_LOOKED_AT_OF_MANY_MAX = 2000


class Messages:
    """Asks about the users in the queue for messages, as many at once as provider and budget allow.

    A call is a row before it is sent, and ends with one transaction. Nothing of it is held anywhere else, and nothing
    blocks: what fails comes back through the queue.

    Attributes:
        is_stopped: Whether it asks nothing more.

    Args:
        writer: Of profiles.lmdb.
        profiles: Where the queue is read.
        drafting: Makes the questions.
        applying: Ends them.
        runner: Its urgent refreshes go first.
        connections: Who can be asked.
        spend: Is told what is under way.
        clock: Tells the time.
        live: The configuration in force.
        health: Where a failing store is stated.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        drafting: Drafting,
        applying: Applying,
        *,
        runner: Runner,
        connections: Connections,
        spend: Spend,
        clock: Clock,
        live: FollowedConfig,
        health: Health,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._drafting = drafting
        self._applying = applying
        self._runner = runner
        self._connections = connections
        self._spend = spend
        self._clock = clock
        self._live = live
        self._health = health
        self._calls: dict[UserKey, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self.is_stopped = False

    @property
    def open_count(self) -> int:
        """Questions under way."""
        return len(self._calls)

    def wake(self) -> None:
        """Look at the queue now: somebody was put into it."""
        self._wake.set()

    async def run(self) -> None:
        """Ask until `stop`."""
        while not self.is_stopped:
            pause_seconds = _LOOK_SECONDS
            self._wake.clear()
            try:
                await self._round()
            except StoreError as exc:
                pause_seconds = self._health.store_failed(exc)
            await self.rest(pause_seconds)

    async def rest(self, seconds: float) -> None:
        """Wait for a time, or until something is to be done."""
        if not self.is_stopped:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), seconds)

    def stop(self) -> None:
        """Ask nothing more."""
        self.is_stopped = True
        self._wake.set()

    async def drain(self, seconds: float) -> None:
        """Wait for the answers under way for a time, then give up the rest: the next start finds their rows."""
        if not self._calls:
            return
        _, late = await asyncio.wait(self._calls.values(), timeout=seconds)
        if late:
            logger.info("%d calls to models are given up unanswered", len(late))
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    # -- who is asked about ---------------------------------------------------------------------------------

    async def _round(self) -> None:
        """Ask about those who are due, until no more calls may begin."""
        self._drafting.flush()
        connections = self._connections.all()
        in_hand_max = self._live.current.agent.calls_max + _UNWRITTEN_MAX
        if not connections or len(self._calls) >= in_hand_max or self._waits_for_money():
            return
        now_ms = self._clock.now_ms()
        free = {name: connection.gate.free(now_ms) for name, connection in connections.items()}
        if not any(free.values()):
            return
        limit = _LOOKED_AT_MAX if len(connections) == 1 else _LOOKED_AT_OF_MANY_MAX
        due = self._profiles.model.due(
            MESSAGES, now_ms + 1, limit + len(self._calls) + self._drafting.paused_count
        )
        drafts: list[Draft] = []
        for _, user in due:
            if self.is_stopped or len(self._calls) + len(drafts) >= in_hand_max or not any(free.values()):
                break
            drafted = None if user in self._calls else self._draft(user, free, drafts)
            if drafted is not None:
                drafts.append(drafted)
                free[drafted.question.call.provider] -= 1
            if len(drafts) >= _OPENED_TOGETHER_MAX:
                self._send(drafts)
                drafts = []
            if drafted is not None:
                # One question a turn of the event loop: triggers are looked at in between.
                await asyncio.sleep(0)
                await self._runner.let_urgent_pass()
            if self._drafting.not_yet_pico_usd is not None:
                break
        self._send(drafts)
        self._drafting.flush()

    def _waits_for_money(self) -> bool:
        """Return whether a question waits that still does not fit, so that no other need be made to see that."""
        most = self._drafting.not_yet_pico_usd
        if most is None:
            return False
        left = self._spend.left_today_pico_usd()
        if left is not None and left < most and self._spend.has_reserved:
            return True
        self._drafting.not_yet_pico_usd = None
        return False

    def _draft(self, user: UserKey, free: dict[str, int], held: Sequence[Draft]) -> Draft | None:
        choice = self._drafting.choice(user, MESSAGES)
        if choice is None or free.get(choice.provider, 0) <= 0:
            return None
        held_pico_usd = sum(draft.question.call.cost_pico_usd for draft in held)
        return self._drafting.make(user, choice, held_pico_usd)

    # -- calls ----------------------------------------------------------------------------------------------

    def _send(self, drafts: Sequence[Draft]) -> None:
        """Write that questions are under way, synced, and send them; users who moved on meanwhile are left out."""
        if not drafts:
            return
        now_ms = self._clock.now_ms()
        with self._writer.begin() as txn:
            opened = [draft for draft in drafts if txn.model.state(draft.question.user) == draft.state]
            for draft in opened:
                draft.question.call.started_ms = now_ms
                txn.model.open_call(draft.question.call)
                txn.model.schedule(draft.question.user, under_way(draft.state, now_ms))
        for draft in opened:
            question = draft.question
            self._spend.reserve(question.call.cost_pico_usd)
            connection = self._connections.get(question.call.provider)
            task = asyncio.create_task(self._ask(draft, connection))
            self._calls[question.user] = task
            task.add_done_callback(partial(self._ended, question.user))
            if connection is not None:
                connection.began()
                connection.gate.began()

    def _ended(self, user: UserKey, task: asyncio.Task[None]) -> None:
        del self._calls[user]
        self._wake.set()
        if not task.cancelled() and (exc := task.exception()) is not None:
            # Its row stays under way until the next start, which sees to it as to any lost call.
            logger.error("a question to a model broke off", exc_info=exc)

    async def _ask(self, draft: Draft, connection: Connection | None) -> None:
        """Ask, and once more when the answer cannot be used and can be mended."""
        question, request = draft.question, draft.request
        if connection is None:
            error = ModelError("the provider was taken out of the configuration", failure="unavailable")
            await self._applying.fail(question, error, duration_us=0)
            return
        first = await self._once(draft, question, request, connection)
        if first is None or first.ending.repair is None:
            return
        connection.began()
        connection.gate.began()
        mending = replace(request, repair=Repair(first.answer.text, first.errors))
        second = Question(question.user, first.ending.repair, question.event_hashes, question.seen_seq)
        await self._once(draft, second, mending, connection)

    async def _once(
        self, draft: Draft, question: Question, request: ModelRequest, connection: Connection
    ) -> _Answered | None:
        """Ask, and end the question; return the answer if there is one."""
        began_ns = time.perf_counter_ns()
        try:
            result = await _result(connection, request)
        except BaseException:
            connection.gate.abandoned()
            raise
        finally:
            connection.ended()
        connection.gate.record(result, self._clock.now_ms())
        duration_us = (time.perf_counter_ns() - began_ns) // 1000
        if isinstance(result, ModelError):
            await self._applying.fail(question, result, duration_us=duration_us)
            return None
        answered = _Answered(result)

        def repair(errors: str) -> ModelCall | None:
            answered.errors = errors
            return None if request.repair is not None else self._repair(draft, result, errors, connection)

        answered.ending = await self._applying.apply(question, result, duration_us=duration_us, repair=repair)
        return answered

    def _repair(
        self, draft: Draft, answer: ModelAnswer, errors: str, connection: Connection
    ) -> ModelCall | None:
        """Return the row of the call that mends an answer; None when it may not go out now: code's profile stands."""
        now_ms, call = self._clock.now_ms(), draft.question.call
        if self.is_stopped or not connection.gate.free(now_ms):
            return None
        tokens = (
            draft.question.call.input_tokens
            + count_tokens(answer.text)
            + count_tokens(errors)
            + _AROUND_REPAIR_TOKENS
        )
        price = self._live.current.agent.prices.get(call.model)
        if price is None:
            return None
        most = estimate_pico_usd(tokens, draft.request.output_tokens_max, price, in_batch=False)
        state = self._profiles.model.state(draft.question.user) or ModelState()
        if self._spend.judge(state, most) != Verdict.FITS:
            return None
        mending = ModelCall()
        mending.CopyFrom(call)
        mending.call_id, mending.started_ms, mending.is_repair = urandom(CALL_ID_BYTES), now_ms, True
        mending.input_tokens, mending.cost_pico_usd = tokens, most
        return mending


# What stands around a former answer and its faults.
_AROUND_REPAIR_TOKENS = 200


class _Answered:
    """An answer and what became of it."""

    def __init__(self, answer: ModelAnswer) -> None:
        self.answer = answer
        self.errors = ""
        self.ending: Ending


async def _result(connection: Connection, request: ModelRequest) -> ModelAnswer | ModelError:
    try:
        return await connection.model.ask(request)
    except ModelError as error:
        return error
    except Exception as exc:
        # What a provider's class lets through is a fault of ours, and must cost no more than this one call.
        logger.exception("a call to a model broke off")
        message = f"the call broke off: {type(exc).__name__}"
        return ModelError(message, failure="malformed", may_be_billed=True)
