"""The whole path of a single call over real HTTP: trigger, profile by code, question, answer, profile by model."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import pytest
from model_servers import RunningModelServer, params, running_model_server

from foreword import keys
from foreword.clock import DAY_MS
from foreword.config import PRICES
from foreword.llm import TokenUsage
from foreword.llm.prices import cost_pico_usd
from foreword.model_server.fault_plan import read_rule
from foreword.store import NewEvent
from foreword.store.v1.store_pb2 import PausedUser, RefreshPauses
from foreword.v1.event_pb2 import Event
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelOutcome, ModelState, ModelWait
from foreword.v1.profile_pb2 import Profile
from scheduler.agent.extractive import EXTRACTIVE_VERSION
from scheduler.daemon import SchedulerDaemon, compute_extractive

HAIKU = "claude-haiku-4-5"
Outcome = ModelOutcome
SUBJECTS = (
    "Fix connection pool recovery",
    "Connection pool recovery after fork",
    "Speed up test suite startup",
)
ADMIN_KEY = "sk-ant-admin01-test"
# One question costs at most some 7,000 micro-USD and really some 5,000: a second fits not even in a batch.
ONE_A_DAY = {"budget": {"day_micro_usd": 7_500}, "agent": {"output_tokens_max": 300}}


class Desk:
    """A scheduler that asks a model server."""

    def __init__(self, store: Any, server: RunningModelServer, daemon: SchedulerDaemon) -> None:
        self.store, self.server, self.daemon = store, server, daemon
        self._numbers = itertools.count()

    def commit(self, user: str, count: int = 12, *, ends_session: bool = True) -> None:
        """Record commits of the last days, and the end of a session."""
        now_ms, events = self.store.clock.now_ms(), []
        for number in range(count):
            time_ms = now_ms - (count - number) * DAY_MS // 2
            events.append(
                self._event(
                    user,
                    time_ms,
                    type="commit",
                    topics=["celery/worker"],
                    text=f"{SUBJECTS[number % 3]} {number}",
                )
            )
        if ends_session:
            events.append(self._event(user, now_ms, type="session.end"))
        with self.store._acknowledging() as (txn, acknowledged_ms):
            txn.record(events, acknowledged_ms)

    def _event(self, user: str, time_ms: int, **fields: Any) -> NewEvent:
        event = Event(event_id=f"{user}-{next(self._numbers)}", user_id=user, **fields)
        event.time.FromMilliseconds(time_ms)
        body = event.SerializeToString()
        return NewEvent(keys.user_key(user), event.event_id, time_ms, body, event.type == "session.end")

    def state(self, user: str) -> ModelState:
        """Return how a user stands with the model."""
        return self.store.profiles.model.state(keys.user_key(user)) or ModelState()

    def profile(self, user: str) -> Profile:
        """Return a user's profile."""
        found = self.store.profiles.profile(keys.user_key(user))
        return Profile() if found is None else found.profile

    def calls(self) -> list[ModelCall]:
        """Return the calls that ended, oldest first."""
        return self.store.profiles.model.calls(newest=1000)[::-1]

    def outcomes(self) -> list[ModelOutcome]:
        """Return how they ended."""
        return [call.outcome for call in self.calls()]

    async def ended(self, count: int) -> None:
        """Wait until so many calls have ended and none is under way."""
        await self.store.until(
            lambda: len(self.calls()) >= count and not self.daemon.models.messages.open_count,
            lambda: f"{count} calls; there are {self.outcomes()}, problems {self.problems()}",
        )

    def problems(self) -> str:
        """Return what is wrong."""
        return "\n".join(problem.message for problem in self.daemon.health.listed())

    def spent_pico_usd(self) -> int:
        """Return what the ledger says was spent."""
        return sum(row.cost_pico_usd for row in self.store.profiles.model.spend())

    def counted_pico_usd(self) -> int:
        """Return what the server says it answered, at our prices."""
        rows = self.server.count()["tokens"]
        kinds = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")
        return sum(
            cost_pico_usd(
                TokenUsage(**{kind: row[kind] for kind in kinds}),
                PRICES[row["model"]],
                in_batch=row["tier"] == "batch",
            )
            for row in rows
        )


Story: TypeAlias = Callable[[Desk], Coroutine[Any, Any, None]]
Play: TypeAlias = Callable[..., None]


@pytest.fixture
def play(store: Any, monkeypatch: pytest.MonkeyPatch) -> Play:
    """Return what runs a story, or several with a scheduler of their own each, with a model server."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY", raising=False)

    def run(told: Story | list[Story], *, settings: dict[str, Any] | None = None, **options: Any) -> None:
        with running_model_server(clock=store.clock, **options) as server:
            store.settings["agent"] = {"provider": "anthropic", "base_url": server.url, "timeout_seconds": 10}
            for section, values in (settings or {}).items():
                store.settings[section] = {**store.settings.get(section, {}), **values}
            store.settings["scheduler"]["retry_backoff_seconds"] = 60

            async def whole(story: Story) -> None:
                options = {"compute": compute_extractive, "prompt_version": EXTRACTIVE_VERSION}
                async with store.running(**options) as daemon:
                    await store.until(lambda: daemon.runner.activity)
                    await story(Desk(store, server, daemon))

            assert store.activity
            for story in told if isinstance(told, list) else [told]:
                asyncio.run(whole(story))

    return run


def test_a_trigger_is_answered_by_code_and_deepened_by_the_model(play: Play) -> None:
    """First comes a revision by code alone, behind it one with the model's part; cost and count are the same."""

    async def story(desk: Desk) -> None:
        desk.commit("ann")
        await desk.ended(1)
        generators = [entry.generator for entry in desk.store.ledger()]
        assert generators == ["extractive", "anthropic"]
        profile, (call,) = desk.profile("ann"), desk.calls()
        assert (call.outcome, call.mode) == (Outcome.MODEL_OUTCOME_APPLIED, ModelMode.MODEL_MODE_MESSAGES)
        assert profile.provenance.generator == "anthropic"
        assert profile.provenance.model == HAIKU
        assert profile.self_model.goals, desk.calls()
        assert desk.spent_pico_usd() == desk.counted_pico_usd() == call.cost_pico_usd > 0
        assert desk.state("ann").seen_seq == desk.store.refresh_state("ann").consumed_seq
        assert not desk.daemon.health.listed()

    play(story)


def test_nothing_new_asks_nothing(play: Play) -> None:
    """A refresh that an operator asks for without news reads the store, and no model."""

    async def story(desk: Desk) -> None:
        desk.commit("ann")
        await desk.ended(1)
        entries = len(desk.store.ledger())
        desk.store.request("ann", manual=True)
        await desk.store.attempted(desk.daemon, entries + 1)
        await desk.store.a_while()
        assert desk.server.count()["outcomes"] == {"answered": 1}

    play(story)


def test_news_during_a_call_is_asked_about_after_it(play: Play) -> None:
    """A session that ends while a model is asked makes a second question, with the new events in it."""

    async def story(desk: Desk) -> None:
        desk.commit("ann")
        await desk.store.until(lambda: desk.daemon.models.messages.open_count)
        desk.commit("ann", 3)
        await desk.ended(2)
        assert desk.state("ann").due_ms == 0
        assert desk.state("ann").seen_seq == desk.store.refresh_state("ann").consumed_seq
        assert desk.spent_pico_usd() == desk.counted_pico_usd()

    play(story, latency_seconds=0.5)


FAULTS = [
    ("rate-limited", Outcome.MODEL_OUTCOME_RATE_LIMITED),
    ("overloaded", Outcome.MODEL_OUTCOME_OVERLOADED),
    ("server-error", Outcome.MODEL_OUTCOME_UNAVAILABLE),
    ("slow", Outcome.MODEL_OUTCOME_TIMED_OUT),
    ("dropped-before-headers", Outcome.MODEL_OUTCOME_UNAVAILABLE),
    ("dropped-mid-body", Outcome.MODEL_OUTCOME_UNAVAILABLE),
    ("truncated-body", Outcome.MODEL_OUTCOME_UNAVAILABLE),
    ("cut-answer", Outcome.MODEL_OUTCOME_INVALID),
    ("wrong-schema", Outcome.MODEL_OUTCOME_INVALID),
    ("refusal", Outcome.MODEL_OUTCOME_REFUSED),
    ("max-tokens", Outcome.MODEL_OUTCOME_TRUNCATED),
    ("invented-events", Outcome.MODEL_OUTCOME_INVALID),
    ("invented-beliefs", Outcome.MODEL_OUTCOME_UNSUPPORTED),
    ("emptied", None),
    ("injected-text", None),
    ("wrong-language", None),
    ("huge-answer", None),
]


@pytest.mark.parametrize(("fault", "outcome"), FAULTS)
def test_no_fault_makes_a_profile_worse(
    play: Play, monkeypatch: pytest.MonkeyPatch, fault: str, outcome: ModelOutcome | None
) -> None:
    """Whatever the model does, what code knew stays, a failure comes again, and in the end the ledger is exact."""
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", ADMIN_KEY)

    async def story(desk: Desk) -> None:
        desk.server.faults(fault, times=2)
        desk.commit("ann")
        await desk.store.until(
            lambda: desk.state("ann").outcome and not desk.daemon.models.messages.open_count
        )
        state, profile = desk.state("ann"), desk.profile("ann")
        if outcome is not None:
            assert state.outcome == outcome
            assert profile.provenance.generator == "extractive"
        # What code alone knows of these events is in every revision.
        assert [belief.subject for belief in profile.self_model.beliefs][:1] == ["celery/worker"]
        assert "celery/worker" in profile.foreword.text
        assert "http" not in str(profile.self_model)
        # Time passes: retries are due, and the provider's report covers it.
        while desk.state("ann").due_ms or desk.store.profiles.model.open_calls():
            desk.store.clock.advance(3_600_000)
            desk.daemon.models.messages.wake()
            await desk.store.a_while()
            await desk.store.until(lambda: not desk.daemon.models.messages.open_count)
            await desk.daemon.models.settle()
        assert desk.spent_pico_usd() == desk.counted_pico_usd()
        if outcome in (Outcome.MODEL_OUTCOME_RATE_LIMITED, Outcome.MODEL_OUTCOME_OVERLOADED):
            assert desk.profile("ann").provenance.generator == "anthropic"

    play(story, settings={"agent": {"timeout_seconds": 1, "usage_report_lag_seconds": 60}})


def test_a_question_about_a_paused_user_waits(play: Play) -> None:
    """It stands in the queue and holds nobody up, goes out when the pause ends, and after an operator's own request."""

    def pause(desk: Desk, *users: str) -> None:
        paused = [PausedUser(user_key=keys.user_key(user), since_ms=1) for user in users]
        with desk.store.activity.begin() as txn:
            txn.put_pauses(RefreshPauses(users=paused))

    async def story(desk: Desk) -> None:
        desk.server.faults("overloaded", times=1)
        desk.commit("ann")
        await desk.ended(1)
        pause(desk, "ann", "cid")
        await desk.store.until(lambda: desk.daemon.pauses.any)
        desk.store.clock.advance(3_600_000)
        desk.commit("bob")
        await desk.ended(2)
        await desk.store.a_while()
        assert [call.user_key for call in desk.calls()] == [keys.user_key(user) for user in ("ann", "bob")]
        assert desk.state("ann").due_ms
        desk.commit("cid")
        desk.store.request("cid", manual=True)
        await desk.ended(3)
        assert desk.calls()[-1].user_key == keys.user_key("cid")
        pause(desk)
        await desk.ended(4)
        assert desk.profile("ann").provenance.generator == "anthropic"

    play(story)


def test_an_answer_that_cannot_be_used_is_mended_once(play: Play) -> None:
    """One second call with what is wrong; it is a row of its own, and its answer is the one applied."""

    async def story(desk: Desk) -> None:
        desk.server.faults("wrong-schema", times=1)
        desk.commit("ann")
        await desk.ended(2)
        assert desk.outcomes() == [Outcome.MODEL_OUTCOME_INVALID, Outcome.MODEL_OUTCOME_APPLIED]
        assert [call.is_repair for call in desk.calls()] == [False, True]
        assert desk.profile("ann").provenance.generator == "anthropic"
        assert desk.spent_pico_usd() == desk.counted_pico_usd()

    play(story)


def test_a_long_retry_after_is_waited_for_in_the_queue(play: Play) -> None:
    """A provider that asks for an hour gets it: nothing waits in a call, and no further call goes out."""

    async def story(desk: Desk) -> None:
        desk.server.faults("rate-limited", times=1, wait_seconds=3600)
        desk.commit("ann")
        await desk.ended(1)
        state = desk.state("ann")
        assert state.wait == ModelWait.MODEL_WAIT_PROVIDER
        assert state.due_ms >= desk.store.clock.now_ms() + 3_590_000
        desk.commit("ben")
        await desk.store.until(lambda: desk.profile("ben").revision)
        await desk.store.a_while()
        assert desk.server.count()["outcomes"] == {"refused": 1}
        desk.store.clock.advance(3_601_000)
        desk.daemon.models.messages.wake()
        await desk.ended(3)
        assert desk.profile("ann").provenance.generator == "anthropic"
        assert desk.profile("ben").provenance.generator == "anthropic"

    play(story)


def test_without_a_key_code_writes_alone(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    """No key: said once in the log, in the status while it lasts, and nobody is queued."""

    async def story(desk: Desk) -> None:
        assert "ANTHROPIC_API_KEY" in desk.problems()
        desk.commit("ann")
        await desk.store.until(lambda: desk.profile("ann").revision)
        for _ in range(3):
            desk.daemon.models.follow()
        assert desk.state("ann") == ModelState()
        said = [record for record in caplog.records if "is not asked" in record.getMessage()]
        assert len(said) == 1

    play(story, settings={"agent": {"base_url": ""}})


def test_a_spent_budget_waits_for_the_next_day(play: Play) -> None:
    """At the day's limit users wait, visibly, while code goes on; the next day they are asked about."""

    async def story(desk: Desk) -> None:
        desk.commit("ann")
        await desk.ended(1)
        desk.commit("ben")
        await desk.store.until(lambda: desk.state("ben").wait)
        assert desk.state("ben").wait == ModelWait.MODEL_WAIT_DAY_BUDGET
        assert desk.profile("ben").revision
        desk.daemon.models.follow()
        assert "waiting: 1, at the longest" in desk.problems()
        now_ms = desk.store.clock.now_ms()
        assert desk.state("ben").due_ms == (now_ms // DAY_MS + 1) * DAY_MS
        desk.store.clock.advance(DAY_MS)
        desk.daemon.models.messages.wake()
        await desk.ended(2)
        desk.daemon.models.follow()
        assert not desk.daemon.health.listed()

    play(story, settings=ONE_A_DAY)


def test_what_is_too_dear_by_itself_joins_a_batch(play: Play) -> None:
    """A question that fits the day's budget only at the price of a batch is put into the queue for one."""

    async def story(desk: Desk) -> None:
        desk.commit("ann")
        await desk.ended(1)
        desk.commit("ben")
        await desk.store.until(lambda: desk.state("ben").mode == ModelMode.MODEL_MODE_BATCH)
        assert desk.state("ben").wait == ModelWait.MODEL_WAIT_UNSPECIFIED

    play(story, settings={"budget": {"day_micro_usd": 16_000}})


def test_more_budget_lets_everybody_go_at_once(play: Play) -> None:
    """A raised limit applies to those who wait already."""

    async def story(desk: Desk) -> None:
        desk.commit("ann")
        await desk.ended(1)
        desk.commit("ben")
        await desk.store.until(lambda: desk.state("ben").wait)
        budget = desk.daemon.live.current.budget.model_copy(update={"day_micro_usd": 1_000_000})
        desk.daemon.live.current = desk.daemon.live.current.model_copy(update={"budget": budget})
        desk.daemon.models.follow()
        await desk.ended(2)

    play(story, settings=ONE_A_DAY)


def test_a_question_beyond_the_limit_of_a_day_is_not_tried_again(play: Play) -> None:
    """One question that costs more than a day may is refused, visibly, and its user is left alone."""

    async def story(desk: Desk) -> None:
        desk.commit("ann")
        await desk.store.until(lambda: desk.state("ann").error)
        assert "budget.day_micro_usd" in desk.state("ann").error
        assert "budget.day_micro_usd" in desk.problems()
        assert desk.state("ann").due_ms == 0
        assert desk.server.count()["outcomes"] == {}

    play(story, settings={"budget": {"day_micro_usd": 100}})


def test_the_end_of_the_scheduler_waits_for_answers(play: Play) -> None:
    """A call under way at SIGTERM is waited for, and its answer written."""

    async def story(desk: Desk) -> None:
        desk.commit("ann")
        await desk.store.until(lambda: desk.daemon.models.messages.open_count)
        desk.daemon.stop()
        await desk.store.until(lambda: desk.profile("ann").provenance.generator == "anthropic")
        assert desk.spent_pico_usd() == desk.counted_pico_usd()

    play(story, latency_seconds=0.3)


@pytest.mark.parametrize("has_report", [True, False])
def test_an_answer_lost_with_the_scheduler_is_paid_for(
    play: Play, monkeypatch: pytest.MonkeyPatch, has_report: bool
) -> None:
    """The next start asks again; the lost call costs what the provider reports, or its estimate, marked as one."""
    if has_report:
        monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", ADMIN_KEY)
    settings = {"scheduler": {"drain_seconds": 0}, "agent": {"usage_report_lag_seconds": 60}}

    async def lose(desk: Desk) -> None:
        desk.commit("ann")
        await desk.store.until(lambda: desk.server.count()["tokens"])

    async def ask_again(desk: Desk) -> None:
        await desk.ended(1 if has_report else 2)
        assert desk.profile("ann").provenance.generator == "anthropic"
        desk.store.clock.advance(300_000)
        await desk.daemon.models.settle()
        lost = [call for call in desk.calls() if call.outcome == Outcome.MODEL_OUTCOME_LOST]
        assert [call.is_estimate for call in lost] == [not has_report]
        assert not desk.store.profiles.model.open_calls()
        if has_report:
            assert desk.spent_pico_usd() == desk.counted_pico_usd()
        else:
            assert desk.spent_pico_usd() > desk.counted_pico_usd()

    # The model takes far longer than the scheduler lives.
    play([lose, ask_again], settings=settings, rules=(read_rule({"fault": "slow", "times": 1}),))


def test_what_others_used_is_not_taken_for_a_lost_call(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the report has more than a lost call can have cost, its estimate stands, and says why."""
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", ADMIN_KEY)

    async def story(desk: Desk) -> None:
        desk.server.faults("dropped-before-headers", times=1)
        desk.commit("ann")
        await desk.store.until(lambda: desk.state("ann").outcome)
        await asyncio.to_thread(desk.server.post, params("word " * 100_000))
        desk.store.clock.advance(300_000)
        await desk.daemon.models.settle()
        lost = [call for call in desk.calls() if call.is_estimate]
        assert len(lost) == 1
        assert "somebody else" in lost[0].error
        assert not [call for call in desk.store.profiles.model.open_calls() if call.outcome]

    play(story, settings={"agent": {"usage_report_lag_seconds": 60}})


def test_the_operator_sees_how_the_provider_does(play: Play) -> None:
    """Who is asked about whom, and what holds calls back, stand in the store with the sign of life."""

    async def story(desk: Desk) -> None:
        desk.server.faults("rate-limited", times=1, wait_seconds=3600)
        desk.commit("ann")
        await desk.ended(1)
        await desk.daemon._show_life()
        health = desk.store.profiles.model.health()
        assert {row.provider for row in health.segments} == {"anthropic"}
        (provider,) = health.providers
        assert "asks to wait" in provider.held_back
        assert provider.held_back_until.ToMilliseconds() > desk.store.clock.now_ms()
        assert provider.not_asked == ""

    play(story)
