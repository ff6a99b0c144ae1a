"""A model's answer, applied to what holds when it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from foreword import keys
from foreword.clock import DAY_MS
from foreword.config import Config
from foreword.errors import StoreFullError
from foreword.llm import ModelAnswer, ModelError, TokenUsage
from foreword.store import NewEvent
from foreword.v1.event_pb2 import Event
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelOutcome, ModelState
from foreword.v1.profile_pb2 import ForewordCut
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.agent.population import PopulationDelta
from scheduler.agent.refresh import RefreshInput, RefreshResult
from scheduler.daemon import SchedulerDaemon
from scheduler.model.applying import Applying, Proposed
from scheduler.model.asking_rules import under_way
from scheduler.model.ending import Ending
from scheduler.model.question import Question, event_hash
from scheduler.model.reading import Readings
from scheduler.model.spend import Spend
from scheduler.populations import Populations
from scheduler.shaping import Shaping

ANN = keys.user_key("ann")
MESSAGES = ModelMode.MODEL_MODE_MESSAGES
APPLIED, OUTDATED = ModelOutcome.MODEL_OUTCOME_APPLIED, ModelOutcome.MODEL_OUTCOME_OUTDATED
ERASED, INVALID = ModelOutcome.MODEL_OUTCOME_ERASED, ModelOutcome.MODEL_OUTCOME_INVALID
USAGE = TokenUsage(input_tokens=1000, output_tokens=100)
# claude-haiku-4-5 at 1 and 5 USD per million tokens.
COST_PICO_USD = 1500 * 1_000_000
MOST_PICO_USD = 9_000_000_000


class Interpreter:
    """Makes of an answer what a test says: its text as the profile's summary."""

    def __init__(self) -> None:
        self.seen: list[tuple[RefreshInput, list[str]]] = []
        self.error: Exception | None = None
        self.outcome = APPLIED
        self.is_oversized = False
        self.to_mend = ""

    def __call__(
        self, given: RefreshInput, config: Config, event_ids: Sequence[str], text: str, call: ModelCall
    ) -> Proposed:
        """Return a result with the text in it."""
        self.seen.append((given, list(event_ids)))
        if self.error is not None:
            raise self.error
        if self.outcome != APPLIED:
            return Proposed(self.outcome, error=text, to_mend=text)
        assert given.previous is not None
        profile = type(given.previous)()
        profile.CopyFrom(given.previous)
        profile.semantic_summary = "x" * 30_000 if self.is_oversized else text
        profile.foreword.text = text
        del profile.foreword.cuts[:]
        profile.foreword.cuts.append(ForewordCut(byte_end=len(text.encode()), token_count=5))
        result = RefreshResult(profile, profile.foreword, False, PopulationDelta(given.now_ms))
        return Proposed(APPLIED, result, 2, 1, to_mend=self.to_mend)


class Desk:
    """Questions about users of a running scheduler, and their answers."""

    def __init__(self, store: Any, daemon: SchedulerDaemon) -> None:
        self.store, self.daemon = store, daemon
        self.interpreter = Interpreter()
        self.spend = Spend(store.profiles, store.clock, daemon.live)
        readings = Readings(store.profiles, Populations(store.profiles, lambda: 14.0), daemon.live)
        self.applying = Applying(
            store.profiles,
            readings,
            daemon.runner,
            self.spend,
            clock=store.clock,
            live=daemon.live,
            health=daemon.health,
            shaping=Shaping(daemon.live),
            interpret=self.interpreter,
        )

    def ask(self, *event_ids: str) -> Question:
        """Write that a question about ann is under way."""
        call = ModelCall(
            call_id=b"call-%d" % len(self.store.profiles.model.open_calls()),
            user_key=ANN,
            started_ms=self.store.clock.now_ms(),
            mode=MESSAGES,
            reason=RefreshReason.REFRESH_REASON_SESSION_END,
            provider="anthropic",
            model="claude-haiku-4-5",
            cost_pico_usd=MOST_PICO_USD,
            is_estimate=True,
        )
        seen_seq = self.store.refresh_state("ann").consumed_seq
        with self.daemon._writer.begin() as txn:
            txn.model.open_call(call)
            txn.model.schedule(ANN, under_way(txn.model.state(ANN) or ModelState(), call.started_ms))
        self.spend.reserve(MOST_PICO_USD)
        return Question(ANN, call, tuple(map(event_hash, event_ids)), seen_seq)

    async def answer(self, question: Question, text: str = "Is a baker.", **fields: Any) -> Ending:
        """Apply an answer."""
        answer = ModelAnswer(text, fields.pop("stop_reason", "end"), "m", USAGE)
        return await self.applying.apply(question, answer, duration_us=7, **fields)

    def state(self) -> ModelState:
        """Return how ann stands with the model."""
        return self.store.profiles.model.state(ANN) or ModelState()

    def calls(self) -> list[ModelCall]:
        """Return the calls that ended, newest first."""
        return self.store.profiles.model.calls()

    def nothing_is_owed(self) -> bool:
        """Return whether no question counts as under way any more, in the store and in the sums."""
        return not self.store.profiles.model.open_calls() and self.spend._reserved_pico_usd == 0


def scheduled(store: Any, story: Any) -> None:
    """Run a story with a scheduler that has refreshed ann, who has four events."""
    store.record("ann", count=4, ago_ms=DAY_MS)

    async def whole() -> None:
        async with store.running() as daemon:
            await store.attempted(daemon, 1)
            await story(Desk(store, daemon))

    asyncio.run(whole())


def test_an_answer_is_one_transaction(store) -> None:
    """Revision, ledger, the user's state, the call and its cost all say the same, and the due time stays."""

    async def story(desk: Desk) -> None:
        before, transaction = store.refresh_state("ann"), store.profiles.last_transaction
        question = desk.ask("e1", "gone", "e4")
        ending = await desk.answer(question)
        assert store.profiles.last_transaction == transaction + 2
        assert (ending.call.outcome, ending.is_done) == (APPLIED, True)
        after, entry, (call,) = store.refresh_state("ann"), store.ledger()[-1], desk.calls()
        assert store.text("ann") == "Is a baker."
        assert (after.revision, entry.revision, desk.state().revision) == (2, 2, 2)
        assert (after.due_ms, after.consumed_seq) == (before.due_ms, before.consumed_seq)
        assert (entry.generator, entry.model, entry.cost_micro_usd) == ("anthropic", "claude-haiku-4-5", 1500)
        assert (entry.input_tokens, entry.output_tokens) == (1000, 100)
        assert (call.cost_pico_usd, call.is_estimate, call.applied_count) == (COST_PICO_USD, False, 2)
        assert [row.cost_pico_usd for row in store.profiles.model.spend()] == [COST_PICO_USD]
        assert (desk.state().seen_seq, desk.state().spent_pico_usd) == (before.consumed_seq, COST_PICO_USD)
        assert desk.nothing_is_owed()
        given, event_ids = desk.interpreter.seen[0]
        assert event_ids == ["e1", "", "e4"]
        assert len(given.window_events) == 4
        assert not given.new_events

    scheduled(store, story)


def test_an_answer_is_applied_once(store) -> None:
    """The same answer, come twice, makes one revision, one call and one cost."""

    async def story(desk: Desk) -> None:
        question = desk.ask("e1")
        await asyncio.gather(desk.answer(question, "Once."), desk.answer(question, "Twice."))
        assert store.refresh_state("ann").revision == 2
        assert len(desk.calls()) == 1
        assert desk.nothing_is_owed()

    scheduled(store, story)


def test_other_news_meanwhile_is_kept(store) -> None:
    """The answer is applied to the profile as a later refresh left it; the user is not taken out of the queue."""

    async def story(desk: Desk) -> None:
        question = desk.ask("e1")
        store.record("ann", ends_session=True)
        await store.attempted(desk.daemon, 2)
        with desk.daemon._writer.begin() as txn:
            txn.model.schedule(ANN, ModelState(mode=MESSAGES, due_ms=5))
        await desk.answer(question)
        given, _ = desk.interpreter.seen[0]
        assert given.previous is not None
        assert given.previous.foreword.text == "ann did 5 things."
        assert (desk.state().due_ms, desk.state().seen_seq) == (5, 4)

    scheduled(store, story)


def test_news_that_no_refresh_has_read_is_left_to_it(store) -> None:
    """An answer consumes no events: the refresh that a trigger waits for still finds them."""

    async def story(desk: Desk) -> None:
        question = desk.ask("e1")
        store.agent.held["ann"] = asyncio.Event()
        store.record("ann", ends_session=True)
        await store.until(lambda: desk.daemon.runner.in_flight(ANN) is not None)
        answering = asyncio.create_task(desk.answer(question))
        await store.a_while()
        assert not desk.interpreter.seen, "two writers of one user"
        store.agent.held["ann"].set()
        await answering
        assert store.refresh_state("ann").consumed_seq == 5
        assert [entry.generator for entry in store.ledger()] == ["test", "test", "anthropic"]

    scheduled(store, story)


def test_a_trigger_during_an_answer_is_not_lost(store) -> None:
    """What a trigger asks for while an answer is being written is due afterwards."""

    async def story(desk: Desk) -> None:
        question = desk.ask("e1")
        write = desk.daemon.runner._writer.write

        def written(attempts: Any) -> None:
            if any(attempt.ending for attempt in attempts):
                store.record("ann", ends_session=True)
                asyncio.run_coroutine_threadsafe(desk.daemon._feed.follow(desk.daemon._activity), loop)
            write(attempts)

        loop = asyncio.get_running_loop()
        desk.daemon.runner._writer.write = written
        await desk.answer(question)
        await store.until(lambda: store.refresh_state("ann").consumed_seq == 5)

    scheduled(store, story)


@pytest.mark.parametrize("is_consumed", [True, False])
def test_what_the_user_said_since_goes_before_the_answer(store, is_consumed: bool) -> None:
    """After a no that the prompt did not have, nothing is applied, the cost stays, and the events count as unread."""

    async def story(desk: Desk) -> None:
        question = desk.ask("e1")
        if not is_consumed:
            store.agent.failing["ann"] = RuntimeError("not now")
        _say_no(store)
        await store.attempted(desk.daemon, 2)
        ending = await desk.answer(question)
        assert ending.call.outcome == OUTDATED
        assert not desk.interpreter.seen
        assert desk.calls()[0].cost_pico_usd == COST_PICO_USD
        assert desk.state().seen_seq == 0
        assert bool(desk.state().due_ms) == is_consumed

    scheduled(store, story)


def _say_no(store: Any) -> None:
    time_ms = store.clock.now_ms()
    event = Event(event_id="no", user_id="ann", type="mute", topics=["bread"])
    event.time.FromMilliseconds(time_ms)
    store._count += 1
    body = event.SerializeToString()
    with store._acknowledging() as (txn, now_ms):
        txn.record([NewEvent(ANN, "no", time_ms, body, True)], now_ms)


def test_an_erased_user_stays_erased(store) -> None:
    """An answer about somebody who was erased meanwhile writes its cost, and nobody."""

    async def story(desk: Desk) -> None:
        question = desk.ask("e1")
        store.erase("ann")
        await store.until(lambda: store.text("ann") is None)
        ending = await desk.answer(question)
        (call,) = desk.calls()
        assert (ending.call.outcome, call.outcome, call.user_key) == (ERASED, ERASED, b"")
        assert call.cost_pico_usd == COST_PICO_USD
        assert store.profiles.model.state(ANN) is None
        assert store.profiles.refresh_state(ANN) is None
        assert desk.nothing_is_owed()

    scheduled(store, story)


@pytest.mark.parametrize("fault", ["raises", "oversized"])
def test_an_answer_that_cannot_be_written_leaves_the_profile(store, fault: str) -> None:
    """Whatever an answer does to the code that reads it, the last good profile stays and the call says why."""

    async def story(desk: Desk) -> None:
        desk.interpreter.error = ValueError("odd") if fault == "raises" else None
        desk.interpreter.is_oversized = True
        await desk.answer(desk.ask("e1"))
        (call,) = desk.calls()
        assert (call.outcome, call.applied_count) == (INVALID, 0)
        assert call.error
        assert store.text("ann") == "ann did 4 things."
        assert (store.refresh_state("ann").failures, store.refresh_state("ann").revision) == (0, 1)
        assert desk.nothing_is_owed()

    scheduled(store, story)


def test_a_second_call_is_opened_with_the_end_of_the_first(store) -> None:
    """An answer that cannot be used ends, and the call that is to mend it is under way: in one transaction."""

    async def story(desk: Desk) -> None:
        desk.interpreter.outcome = INVALID
        question = desk.ask("e1")
        mending = ModelCall(call_id=b"second", user_key=ANN, is_repair=True, cost_pico_usd=5, model="m")
        errors: list[str] = []

        def repair(error: str) -> ModelCall:
            errors.append(error)
            return mending

        transaction = store.profiles.last_transaction
        await desk.answer(question, "no JSON", repair=repair)
        assert store.profiles.last_transaction == transaction + 1
        assert errors == ["no JSON"]
        assert [call.call_id for call in store.profiles.model.open_calls()] == [b"second"]
        assert (desk.state().seen_seq, desk.state().due_ms) == (0, 0)
        desk.interpreter.outcome = APPLIED
        again = Question(ANN, mending, question.event_hashes, question.seen_seq)
        assert (await desk.answer(again)).call.outcome == APPLIED
        assert desk.nothing_is_owed()

    scheduled(store, story)


def test_a_part_of_an_answer_is_mended_after_the_rest_was_applied(store) -> None:
    """Of an answer with a faulty product the rest is in the profile, and a second call under way, at once."""

    async def story(desk: Desk) -> None:
        desk.interpreter.to_mend = "product.boosts: at most 10"
        question = desk.ask("e1")
        mending = ModelCall(call_id=b"second", user_key=ANN, is_repair=True, cost_pico_usd=5, model="m")
        transaction = store.profiles.last_transaction
        first = await desk.answer(question, "likes tests", repair=lambda _errors: mending)
        assert store.profiles.last_transaction == transaction + 1
        assert first.call.outcome == APPLIED
        assert store.text("ann") == "likes tests"
        revision = desk.state().revision
        assert revision > 0
        assert [call.call_id for call in store.profiles.model.open_calls()] == [b"second"]
        desk.interpreter.outcome = INVALID
        again = Question(ANN, mending, question.event_hashes, question.seen_seq)
        assert (await desk.answer(again)).call.outcome == INVALID
        assert store.text("ann") == "likes tests"
        assert desk.state().revision == revision
        assert desk.nothing_is_owed()

    scheduled(store, story)


def test_no_answer_comes_again(store) -> None:
    """A call that failed costs nothing, or what it may have cost, and its user is asked about again later."""

    async def story(desk: Desk) -> None:
        busy = ModelError("busy", failure="overloaded", retry_after_seconds=600)
        await desk.applying.fail(desk.ask("e1"), busy, duration_us=1)
        assert desk.state().due_ms >= store.clock.now_ms() + 600_000
        cut = ModelError("cut off", failure="timed_out", may_be_billed=True)
        await desk.applying.fail(desk.ask("e1"), cut, duration_us=1)
        costs = [(call.cost_pico_usd, call.is_estimate) for call in desk.calls()]
        assert costs == [(MOST_PICO_USD, True), (0, False)]
        assert desk.nothing_is_owed()
        # Where the provider says afterwards what it cost, it is waited for.
        desk.spend.reporting.add("anthropic")
        await desk.applying.fail(desk.ask("e1"), cut, duration_us=1)
        (waiting,) = store.profiles.model.open_calls()
        assert waiting.outcome == ModelOutcome.MODEL_OUTCOME_TIMED_OUT
        assert desk.spend._reserved_pico_usd == MOST_PICO_USD

    scheduled(store, story)


def test_a_full_disk_delays_an_answer(store) -> None:
    """An answer that cannot be written is kept and written later: it was paid for."""

    async def story(desk: Desk) -> None:
        question = desk.ask("e1")
        write, tries = desk.daemon.runner._writer.write, []

        def failing(attempts: Any) -> None:
            tries.append(attempts)
            if len(tries) == 1:
                raise StoreFullError("the disk is full")
            write(attempts)

        desk.daemon.runner._writer.write = failing
        await desk.answer(question)
        assert store.text("ann") == "Is a baker."
        assert len(desk.calls()) == 1

    scheduled(store, story)
