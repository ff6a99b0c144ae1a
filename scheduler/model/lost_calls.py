"""Calls whose answers never came: found at the start, asked again, and paid for exactly where the provider says how."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from foreword.clock import DAY_MS, Clock
from foreword.config import Agent
from foreword.errors import ForewordError
from foreword.followed_config import FollowedConfig
from foreword.keys import UserKey
from foreword.llm import ModelError
from foreword.llm.prices import cost_pico_usd
from foreword.llm.usage_report import UsageReport
from foreword.store import ProfileReader, ProfileWriter
from foreword.v1.model_work_pb2 import ModelCall, ModelOutcome
from scheduler.health import COMPONENT, Health
from scheduler.model.choice import providers_in_use
from scheduler.model.ending import Ending, end_alone
from scheduler.model.question import Question
from scheduler.model.settlement import (
    Span,
    is_single,
    known,
    missing,
    reported,
    shares,
    window_around,
)
from scheduler.model.spend import Spend

logger = logging.getLogger("scheduler")

LOST = ModelOutcome.MODEL_OUTCOME_LOST
REPORTING_PROVIDER = "anthropic"
# By then the report is complete or never will be; the estimate stands, and says that it is one.
_WAIT_MS_MAX = DAY_MS
# Rows ended by one transaction: about ten milliseconds in which nothing else runs.
_SLICE_MAX = 100
_KIND = "usage report"

ConnectReport: TypeAlias = Callable[[Agent, Mapping[str, str]], UsageReport | None]


def connect_report_from_config(agent: Agent, environ: Mapping[str, str]) -> UsageReport | None:
    """Connect as `foreword.llm.connect` does, which is imported only now."""
    from foreword.llm.connect import connect_usage_report

    return connect_usage_report(agent, environ)


class LostCalls:
    """Sees to calls that were sent and got no answer.

    With an admin key the row of such a call stays among those under way, with its greatest cost, until the provider's
    usage report covers its time; then it costs what the report has and no other call of ours explains. Without one it
    ends at once, and keeps its estimate for good.
    """

    def __init__(
        self,
        writer: ProfileWriter,
        profiles: ProfileReader,
        spend: Spend,
        *,
        clock: Clock,
        live: FollowedConfig,
        health: Health,
        environ: Mapping[str, str] = os.environ,
        connect: ConnectReport = connect_report_from_config,
    ) -> None:
        self._writer = writer
        self._profiles = profiles
        self._spend = spend
        self._clock = clock
        self._live = live
        self._health = health
        self._environ = environ
        self._connect = connect
        self._report: UsageReport | None = None
        self._made_from: tuple[object, ...] | None = None
        self._looked_ms = 0

    def follow(self) -> None:
        """Connect to the usage report that the configuration in force names, if any."""
        agent = self._live.current.agent
        is_used = REPORTING_PROVIDER in providers_in_use(self._live.current)
        made_from = (is_used, agent.base_url, agent.admin_key_file, agent.timeout_seconds)
        if made_from == self._made_from:
            return
        self._made_from = made_from
        former, self._report = self._report, None
        if former is not None:
            self._closing = asyncio.ensure_future(former.close())
        try:
            self._report = self._connect(agent, self._environ) if is_used else None
        except ForewordError as exc:
            self._health.problems.note(COMPONENT, _KIND, f"the costs of lost calls stay estimates: {exc}")
        else:
            self._health.problems.end(COMPONENT, _KIND)
        self._spend.reporting.discard(REPORTING_PROVIDER)
        if self._report is not None:
            self._spend.reporting.add(REPORTING_PROVIDER)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._report is not None:
            await self._report.close()

    def find(self) -> int:
        """Declare lost what was under way when the last scheduler ended; return how many calls that were.

        Their users are asked about again at once.

        Raises:
            StoreError: profiles.lmdb cannot be read or written.
        """
        lost = [call for call in self._profiles.model.open_calls() if not call.outcome]
        for first in range(0, len(lost), _SLICE_MAX):
            self._declare_lost(lost[first : first + _SLICE_MAX])
        if lost:
            logger.warning("the answers of %d calls to models were lost with the last scheduler", len(lost))
        return len(lost)

    async def settle(self) -> None:
        """Write what lost calls have cost, as far as it can be known by now.

        Raises:
            StoreError: profiles.lmdb cannot be read or written.
        """
        waiting = [call for call in self._profiles.model.open_calls() if call.outcome]
        if not waiting:
            self._health.problems.end(COMPONENT, _KIND)
            return
        now_ms = self._clock.now_ms()
        for model in sorted({call.model for call in waiting}):
            rows = [call for call in waiting if call.model == model]
            overdue = [
                call for call in rows if now_ms - call.started_ms > _WAIT_MS_MAX or self._report is None
            ]
            if overdue:
                self._end(overdue, "the provider's usage report does not say what it cost")
            elif self._report is not None:
                await self._settle(self._report, model, rows)

    # -- the parts ------------------------------------------------------------------------------------------

    def _declare_lost(self, calls: Sequence[ModelCall]) -> None:
        now_ms, released = self._clock.now_ms(), 0
        with self._writer.begin() as txn:
            for call in calls:
                call.outcome, call.error = LOST, "the scheduler ended before the answer came"
                user = UserKey(call.user_key)
                ending = Ending(
                    Question(user, call, (), 0), call, is_open=call.provider in self._spend.reporting
                )
                end_alone(txn, ending, now_ms, self._live.current.scheduler)
                released += call.cost_pico_usd if ending.is_done and not ending.is_open else 0
        self._spend.release(released)

    async def _settle(self, report: UsageReport, model: str, waiting: Sequence[ModelCall]) -> None:
        """Settle the longest waiting call to a model, and those of the same time."""
        now_ms = self._clock.now_ms()
        ended = self._ended_since(waiting[0].started_ms - DAY_MS)
        if ended is None:
            return
        first = min(waiting, key=lambda call: call.started_ms)
        others = [call for call in (*ended, *self._profiles.model.open_calls()) if self._is_same(call, first)]
        window = window_around(self._span(first), map(self._span, others))
        if window is None or window.to_ms > now_ms - self._lag_ms():
            return
        open_ids = {call.call_id for call in waiting}
        inside = [call for call in others if window.from_ms <= call.started_ms < window.to_ms]
        unknown = [call for call in inside if call.is_estimate]
        try:
            rows = await report.usage_between(*window)
        except ModelError as exc:
            message = f"the costs of {len(waiting)} lost calls stay estimates for now: {exc}"
            self._health.problems.note(COMPONENT, _KIND, message)
            return
        self._health.problems.end(COMPONENT, _KIND)
        usage = missing(reported(rows, model), known(call for call in inside if not call.is_estimate))
        price = self._live.current.agent.prices.get(model)
        if usage is None or price is None:
            return
        lost = [call for call in unknown if call.call_id in open_ids]
        if len(lost) < len(unknown):
            self._end(lost, "other calls of the same time have no known cost either")
        elif cost_pico_usd(usage, price, in_batch=False) > sum(call.cost_pico_usd for call in lost):
            self._end(lost, "somebody else uses the same organization, so that its report does not tell")
        else:
            for call, part in zip(lost, shares(usage, len(lost)), strict=True):
                call.input_tokens, call.output_tokens = part.input_tokens, part.output_tokens
                call.cache_read_tokens, call.cache_write_tokens = (
                    part.cache_read_tokens,
                    part.cache_write_tokens,
                )
            self._end(lost, is_exact=True)

    def _end(self, calls: Sequence[ModelCall], why: str = "", *, is_exact: bool = False) -> None:
        """Move calls to those that ended, at the cost their tokens make when it is known."""
        now_ms, released = self._clock.now_ms(), 0
        with self._writer.begin() as txn:
            for call in calls:
                stored = txn.model.opened_call(call.call_id)
                if stored is None:
                    continue
                released += stored.cost_pico_usd
                call.user_key = stored.user_key
                if is_exact:
                    price = self._live.current.agent.prices[call.model]
                    usage = known([call])
                    call.cost_pico_usd, call.is_estimate = cost_pico_usd(usage, price, in_batch=False), False
                elif why:
                    call.error = f"{call.error}; {why}" if call.error else why
                txn.model.end_call(call, now_ms)
        self._spend.release(released)

    def _is_same(self, call: ModelCall, first: ModelCall) -> bool:
        return is_single(call) and (call.provider, call.model) == (first.provider, first.model)

    def _ended_since(self, from_ms: int) -> list[ModelCall] | None:
        """Return the calls that ended, newest first; None when those of the time are not kept any more."""
        limit = self._live.current.store.ledger_entries_max
        calls = self._profiles.model.calls(newest=limit)
        is_whole = len(calls) < limit or calls[-1].started_ms < from_ms
        return calls if is_whole else None

    def _span(self, call: ModelCall) -> Span:
        """Return when a call was under way; one without an answer may be until its time is up."""
        if not call.outcome:
            return Span(call.started_ms, self._clock.now_ms() + DAY_MS)
        if call.is_estimate:
            return Span(
                call.started_ms, call.started_ms + int(self._live.current.agent.timeout_seconds * 1000)
            )
        return Span(call.started_ms, call.started_ms + call.duration_us // 1000)

    def _lag_ms(self) -> int:
        return int(self._live.current.agent.usage_report_lag_seconds * 1000)
