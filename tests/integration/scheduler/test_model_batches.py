"""Batches from the queue to the profile: real HTTP to the model server, a real store, and all that can go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from model_servers import REFRESH_PROMPT, RunningModelServer, running_model_server

from foreword import keys
from foreword.clock import DAY_MS, HOUR_MS
from foreword.config import Config
from foreword.keys import UserKey
from foreword.llm import ModelRequest
from foreword.llm.anthropic_model import AnthropicModel
from foreword.store.user_data import export_from
from foreword.store.v1.store_pb2 import BatchStage, ModelBatch
from foreword.v1.model_work_pb2 import ModelCall, ModelMode, ModelOutcome, ModelState, ModelWait
from foreword.v1.profile_pb2 import ForewordCut
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.agent.population import PopulationDelta
from scheduler.agent.refresh import RefreshInput, RefreshResult
from scheduler.daemon import SchedulerDaemon
from scheduler.model.applying import Applying, Proposed
from scheduler.model.batch_progress import BatchProgress
from scheduler.model.batch_rows import BatchRows
from scheduler.model.batching import Batching
from scheduler.model.choice import BATCH, Choice
from scheduler.model.question import Question, event_hash
from scheduler.model.reading import Readings
from scheduler.model.spend import Spend
from scheduler.model.wave import Draft
from scheduler.model.waves import Waves
from scheduler.populations import Populations
from scheduler.shaping import Shaping

Outcome = ModelOutcome
HAIKU = "claude-haiku-4-5"
MOST_PICO_USD = 9_000_000_000
USERS = [f"user{number}" for number in range(5)]


def interpret(
    given: RefreshInput, config: Config, event_ids: Sequence[str], text: str, call: ModelCall
) -> Proposed:
    """Take any answer for a new text."""
    assert given.previous is not None
    profile = type(given.previous)()
    profile.CopyFrom(given.previous)
    profile.foreword.text = f"{given.user_id} was asked about."
    del profile.foreword.cuts[:]
    profile.foreword.cuts.append(ForewordCut(byte_end=len(profile.foreword.text), token_count=5))
    delta = PopulationDelta(given.now_ms)
    return Proposed(Outcome.MODEL_OUTCOME_APPLIED, RefreshResult(profile, profile.foreword, False, delta), 1)


class Drafting:
    """Makes questions without looking at the user."""

    paused_count = 0

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.models: dict[str, str] = {}
        self.made: list[str] = []
        self.cost_pico_usd = MOST_PICO_USD
        self.hook: Callable[[str], None] = lambda _user_id: None
        self.not_yet_pico_usd: int | None = None

    def choice(self, user: UserKey) -> Choice | None:
        """Say who is asked."""
        return Choice("anthropic", self.models.get(keys.split_user_key(user)[0], HAIKU), BATCH)

    async def draft(self, user: UserKey, choice: Choice) -> Draft | None:
        """Make the question."""
        user_id = keys.split_user_key(user)[0]
        state = self._desk.state(user_id)
        self.made.append(user_id)
        self.hook(user_id)
        call = ModelCall(
            user_key=user,
            reason=state.reason,
            segment=2,
            model=choice.model,
            cost_pico_usd=self.cost_pico_usd,
        )
        request = ModelRequest(choice.model, "instructions", "", REFRESH_PROMPT, {"type": "object"}, 500)
        seen_seq = self._desk.store.refresh_state(user_id).consumed_seq
        return Draft(Question(user, call, (event_hash("e1"),), seen_seq), request, state)

    def flush(self) -> None:
        """Nobody was moved."""


class Desk:
    """A running scheduler with users whose models are asked in batches."""

    def __init__(self, store: Any, daemon: SchedulerDaemon, server: RunningModelServer) -> None:
        self.store, self.daemon, self.server = store, daemon, server
        self.model = AnthropicModel("", base_url=server.url, timeout_seconds=20, calls_max=4)
        self.drafting = Drafting(self)
        self.batching = self.made()

    def made(self) -> Batching:
        """Make batching anew, as a restart does."""
        store, live = self.store, self.daemon.live
        self.spend = Spend(store.profiles, store.clock, live)
        self.spend.load()
        self.progress = BatchProgress(store.profiles, store.clock)
        readings = Readings(store.profiles, Populations(store.profiles, lambda: 14.0), live)
        applying = Applying(
            store.profiles,
            readings,
            self.daemon.runner,
            self.spend,
            clock=store.clock,
            live=live,
            health=self.daemon.health,
            shaping=Shaping(live),
            interpret=interpret,
        )
        writer = self.daemon._writer
        parts: dict[str, Any] = {"clock": store.clock, "live": live}
        return Batching(
            writer,
            store.profiles,
            Waves(writer, store.profiles, self.drafting, self.spend, **parts),
            BatchRows(writer, store.profiles, applying, self.spend, self.progress, **parts),
            self.progress,
            models={"anthropic": self.model},
            health=self.daemon.health,
            **parts,
        )

    def queue(self, *users: str, ago_ms: int = 100_000) -> None:
        """Put users into the queue for a batch, due a while ago."""
        with self.daemon._writer.begin() as txn:
            for number, user_id in enumerate(users):
                state = ModelState(mode=BATCH, due_ms=self.store.clock.now_ms() - ago_ms + number)
                state.reason = RefreshReason.REFRESH_REASON_CADENCE
                txn.model.schedule(keys.user_key(user_id), state)

    async def run(self, times: int = 1) -> None:
        """Run the job."""
        for _ in range(times):
            await self.batching.run()

    async def settled(self) -> None:
        """Run the job until no batch is under way."""

        async def look() -> bool:
            await self.batching.run()
            return not self.batches()

        for _ in range(500):
            if await look():
                return
            await self.store.a_while()
        raise AssertionError(f"still under way: {self.batches()}")

    def state(self, user_id: str) -> ModelState:
        """Return how a user stands."""
        return self.store.profiles.model.state(keys.user_key(user_id)) or ModelState()

    def batches(self) -> list[ModelBatch]:
        """Return what is under way."""
        return [batch for _, batch in self.store.profiles.model.batches()]

    def calls(self) -> dict[str, ModelCall]:
        """Return the calls that ended, by user; the erased is the empty one."""
        calls = self.store.profiles.model.calls(newest=1000)
        return {keys.split_user_key(call.user_key)[0] if call.user_key else "": call for call in calls}

    def outcomes(self) -> dict[str, ModelOutcome]:
        """Return how the calls ended, by user."""
        return {user: call.outcome for user, call in sorted(self.calls().items())}

    def due(self) -> list[str]:
        """Return who is in the queue for a batch, in order."""
        rows = self.store.profiles.model.due(BATCH, 1 << 62, 100)
        return [keys.split_user_key(user)[0] for _, user in rows]

    def problems(self) -> str:
        """Return what is wrong."""
        return "\n".join(problem.message for problem in self.daemon.health.listed())

    def spent_pico_usd(self) -> int:
        """Return what the ledger says."""
        return sum(row.cost_pico_usd for row in self.store.profiles.model.spend())

    def counted_pico_usd(self) -> int:
        """Return what the server's own count makes, at 1 and 5 USD per million tokens and half of that in batches."""
        pico = 0
        for row in self.server.count()["tokens"]:
            tokens = row["input_tokens"] + 5 * row["output_tokens"]
            assert not row["cache_read_tokens"] + row["cache_write_tokens"]
            pico += tokens * 1_000_000 // (2 if row["tier"] == "batch" else 1)
        return pico


Story = Callable[[Desk], Any]


@pytest.fixture
def play(store: Any) -> Callable[..., None]:
    """Return what runs a story about five users with profiles against a model server."""

    def run(
        story: Story, *, users: Sequence[str] = USERS, agent: Any = (), budget: Any = (), **options: Any
    ) -> None:
        store.settings["agent"] = {"batch_wait_seconds": 60, "batch_poll_seconds": 30, **dict(agent)}
        store.settings["budget"] = dict(budget)
        store.record(*users, count=4, ago_ms=DAY_MS)

        async def whole(server: RunningModelServer) -> None:
            async with store.running() as daemon:
                await store.attempted(daemon, len(users))
                desk = Desk(store, daemon, server)
                try:
                    await story(desk)
                finally:
                    await desk.model.close()

        with running_model_server(clock=store.clock, **options) as server:
            asyncio.run(whole(server))

    return run


def all_in(desk: Desk, outcome: ModelOutcome, users: Sequence[str] = USERS) -> bool:
    """Whether each user has exactly one call, with this outcome, at the price that the server counts."""
    assert desk.outcomes() == dict.fromkeys(users, outcome)
    assert desk.spent_pico_usd() == desk.counted_pico_usd()
    assert desk.spend._reserved_pico_usd == 0
    return True


def test_a_wave_becomes_a_batch_and_its_answers_profiles(store, play) -> None:
    """Users leave the queue when the intent is stored, and each has the answer, its cost and the outcome in the end."""

    async def story(desk: Desk) -> None:
        desk.queue(*USERS)
        await desk.run()
        (batch,) = desk.batches()
        assert (batch.stage, batch.item_count, batch.model) == (BatchStage.BATCH_STAGE_SENT, 5, HAIKU)
        assert desk.due() == []
        assert [desk.state(user).batch_item for user in USERS] == [0, 1, 2, 3, 4]
        await desk.settled()
        assert all_in(desk, Outcome.MODEL_OUTCOME_APPLIED)
        assert {store.text(user) for user in USERS} == {f"{user} was asked about." for user in USERS}
        call = desk.calls()["user1"]
        assert (call.mode, call.batch_id, call.is_estimate) == (BATCH, batch.batch_id, False)
        assert call.cost_pico_usd == (call.input_tokens + 5 * call.output_tokens) * 500_000
        assert call.call_id.decode().startswith(f"fw-{desk.daemon._writer.environment_id[:4].hex()}-")
        assert desk.server.count()["batches"]["created"] == 1

    play(story)


def test_the_first_of_a_wave_waits_for_others(play) -> None:
    """Nobody is asked about before the first has waited long enough or the wave is full."""

    async def story(desk: Desk) -> None:
        desk.queue("user0", ago_ms=50_000)
        await desk.run()
        assert (desk.batches(), desk.due()) == ([], ["user0"])
        desk.queue("user1", "user2", ago_ms=10)
        await desk.run()
        assert [batch.item_count for batch in desk.batches()] == [3]

    play(story, agent={"batch_users_max": 3})


def test_waves_follow_each_other_while_batches_are_under_way(play) -> None:
    """One run sends all that is due, a wave for each model and each lot of users, without waiting for answers."""

    async def story(desk: Desk) -> None:
        desk.drafting.models = {"user1": "other"}
        desk.queue(*USERS)
        await desk.run()
        assert [(batch.model, batch.item_count) for batch in desk.batches()] == [
            (HAIKU, 2),
            ("other", 1),
            (HAIKU, 2),
        ]
        assert desk.server.count()["batches"]["created"] == 3

    play(story, agent={"batch_users_max": 2}, batch_seconds=1e6)


def test_a_budget_splits_a_sweep(play) -> None:
    """A batch holds no more than a run may cost, and none goes out that the day's budget does not cover."""

    async def story(desk: Desk) -> None:
        desk.queue(*USERS)
        await desk.run()
        assert [batch.item_count for batch in desk.batches()] == [2, 1]
        assert desk.due() == ["user3", "user4"]
        assert desk.spend._reserved_pico_usd == 3 * MOST_PICO_USD

    play(story, budget={"run_micro_usd": 20_000, "day_micro_usd": 30_000}, batch_seconds=1e6)


def test_a_question_beyond_the_limit_of_a_batch_is_said(play) -> None:
    """When one question alone can cost more than a batch may, nothing is sent, and a problem says why."""

    async def story(desk: Desk) -> None:
        desk.queue(*USERS)
        await desk.run()
        assert (desk.batches(), len(desk.due())) == ([], 5)
        assert "one question can cost 9000 micro-USD, more than budget.run_micro_usd" in desk.problems()
        desk.drafting.cost_pico_usd = 1_000_000
        await desk.run()
        assert (len(desk.batches()), desk.problems()) == (1, "")

    play(story, budget={"run_micro_usd": 8_999}, batch_seconds=1e6)


def test_who_moves_on_while_a_wave_is_made_is_not_in_it(play) -> None:
    """A user who was erased, or whose place in the queue changed, while questions were made is not asked about."""

    async def story(desk: Desk) -> None:
        def meanwhile(user_id: str) -> None:
            if user_id == "user3":
                with desk.daemon._writer.begin() as txn:
                    txn.model.erase(keys.user_key("user1"))
                    state = desk.state("user2")
                    state.mode = ModelMode.MODEL_MODE_MESSAGES
                    txn.model.schedule(keys.user_key("user2"), state)

        desk.drafting.hook = meanwhile
        desk.queue(*USERS)
        await desk.run()
        assert [batch.item_count for batch in desk.batches()] == [3]
        assert desk.state("user2").mode == ModelMode.MODEL_MODE_MESSAGES
        await desk.settled()
        assert all_in(desk, Outcome.MODEL_OUTCOME_APPLIED, ["user0", "user3", "user4"])

    play(story)


@pytest.mark.parametrize("fault", ["rate-limited", "overloaded"])
def test_a_refused_batch_goes_back_at_once(play, fault: str) -> None:
    """Refused for certain, a batch costs nothing; its users are queued for later, and nothing is sent till then."""

    async def story(desk: Desk) -> None:
        desk.server.faults(fault, times=1, path="/v1/messages/batches")
        desk.queue("user0", "user1")
        await desk.run()
        assert desk.batches() == []
        assert desk.due() == ["user0", "user1"]
        state = desk.state("user0")
        assert (state.wait, state.failures, state.batch) == (ModelWait.MODEL_WAIT_PROVIDER, 0, 0)
        assert state.due_ms > desk.store.clock.now_ms()
        assert "a batch could not be sent" in desk.problems()
        desk.queue("user2", "user3")
        await desk.run()
        assert desk.batches() == []
        desk.store.clock.advance(200_000)
        await desk.settled()
        await desk.settled()
        assert all_in(desk, Outcome.MODEL_OUTCOME_APPLIED, USERS[:4])
        assert desk.problems() == ""

    play(story)


def test_a_batch_whose_creation_was_lost_is_found_again(play) -> None:
    """Taken by the provider but answered with an error, it is found by its rows and not sent a second time."""

    async def story(desk: Desk) -> None:
        desk.server.faults("batch-create-lost", times=1)
        desk.queue(*USERS)
        await desk.run()
        (batch,) = desk.batches()
        assert batch.stage == BatchStage.BATCH_STAGE_INTENDED
        assert "nobody knows" in batch.error
        await desk.settled()
        assert all_in(desk, Outcome.MODEL_OUTCOME_APPLIED)
        assert desk.server.count()["batches"]["created"] == 1

    play(story)


def test_a_batch_that_never_arrived_is_sent_again(play) -> None:
    """Not in the provider's list for the whole grace, it was never taken: its users are asked about, once."""

    async def story(desk: Desk) -> None:
        desk.server.faults("server-error", times=1, path="/v1/messages/batches")
        desk.queue(*USERS)
        await desk.run()
        await desk.run()
        desk.store.clock.advance(599_000)
        await desk.run()
        assert [batch.stage for batch in desk.batches()] == [BatchStage.BATCH_STAGE_INTENDED]
        assert desk.due() == []
        desk.store.clock.advance(2_000)
        await desk.run()
        assert (desk.batches(), len(desk.due())) == ([], 5)
        desk.store.clock.advance(60_000)
        await desk.settled()
        assert all_in(desk, Outcome.MODEL_OUTCOME_APPLIED)

    play(story)


def test_after_days_away_a_batch_that_never_arrived_costs_nothing(play) -> None:
    """However old an intent is, only the provider's list says what became of it, and only after the whole grace."""

    async def story(desk: Desk) -> None:
        desk.server.faults("server-error", times=1, path="/v1/messages/batches")
        desk.queue(*USERS)
        await desk.run()
        desk.batching = desk.made()
        desk.store.clock.advance(3 * DAY_MS)
        await desk.run()
        assert [batch.stage for batch in desk.batches()] == [BatchStage.BATCH_STAGE_INTENDED]
        desk.store.clock.advance(600_000)
        await desk.run()
        assert (desk.calls(), len(desk.due())) == ({}, 5)

    play(story)


def test_a_batch_that_is_not_known_yet_is_waited_for(play) -> None:
    """A 404 just after the creation is no loss."""

    async def story(desk: Desk) -> None:
        desk.server.faults("batch-unknown-at-first", times=1, wait_seconds=120)
        desk.queue(*USERS)
        await desk.run(3)
        assert [batch.error for batch in desk.batches()] == [""]
        assert desk.problems() == ""
        desk.store.clock.advance(121_000)
        await desk.settled()
        assert all_in(desk, Outcome.MODEL_OUTCOME_APPLIED)

    play(story)


@pytest.mark.parametrize("how", ["never ends", "is not known"])
def test_a_batch_that_never_ends_is_given_up(play, how: str) -> None:
    """After 25 hours its users are asked about again, its cost is the most it can be, and a problem says so."""

    async def story(desk: Desk) -> None:
        if how == "is not known":
            desk.server.faults("batch-unknown-at-first", times=1, wait_seconds=86_400)
            desk.server.faults("batch-unknown-at-first", times=1, wait_seconds=86_400)
        desk.queue(*USERS)
        await desk.run(2)
        desk.store.clock.advance(11 * 60_000)
        await desk.run()
        assert ("the provider does not know it" in desk.problems()) == (how == "is not known")
        if how == "is not known":
            number, batch = desk.store.profiles.model.batches()[0]
            batch.batch_id = "msgbatch_gone"
            with desk.daemon._writer.begin() as txn:
                txn.model.put_batch(number, batch)
        desk.store.clock.advance(DAY_MS + HOUR_MS)
        await desk.run()
        assert desk.outcomes() == dict.fromkeys(USERS, Outcome.MODEL_OUTCOME_EXPIRED)
        assert all(call.is_estimate and call.cost_pico_usd == MOST_PICO_USD for call in desk.calls().values())
        assert desk.spend._reserved_pico_usd == 0
        assert sorted(desk.due()) == USERS
        assert "was given up" in desk.problems()

    play(story, batch_seconds=1e6 if how == "never ends" else 0)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("row-expired", Outcome.MODEL_OUTCOME_EXPIRED),
        ("row-canceled", Outcome.MODEL_OUTCOME_CANCELED),
        ("row-errored", Outcome.MODEL_OUTCOME_UNAVAILABLE),
    ],
)
def test_rows_without_an_answer_cost_nothing(play, fault: str, outcome: ModelOutcome) -> None:
    """Their users come again; the others have their answers."""

    async def story(desk: Desk) -> None:
        desk.server.faults(fault, times=2)
        desk.queue(*USERS)
        await desk.settled()
        assert sorted(desk.outcomes().values()) == sorted([Outcome.MODEL_OUTCOME_APPLIED] * 3 + [outcome] * 2)
        assert desk.spent_pico_usd() == desk.counted_pico_usd()
        failed = [user for user, became in desk.outcomes().items() if became == outcome]
        assert sorted(desk.due()) == failed
        assert all(desk.calls()[user].cost_pico_usd == 0 for user in failed)
        assert desk.spend._reserved_pico_usd == 0

    play(story)


def test_rows_that_come_twice_are_dealt_with_once(play) -> None:
    """A duplicated row makes one call, one cost and one revision."""

    async def story(desk: Desk) -> None:
        desk.server.faults("row-duplicated")
        desk.queue(*USERS)
        await desk.settled()
        assert all_in(desk, Outcome.MODEL_OUTCOME_APPLIED)
        assert desk.progress.strange_count == 5
        assert [len(desk.store.profiles.revisions(keys.user_key(user))) for user in USERS] == [2] * 5

    play(story)


def test_rows_that_break_off_are_read_on_later(play) -> None:
    """What was read before the connection broke is dealt with and stays so; the rest comes with the next reading."""

    async def story(desk: Desk) -> None:
        desk.server.faults("results-dropped", times=2)
        desk.queue(*USERS)
        await desk.settled()
        assert all_in(desk, Outcome.MODEL_OUTCOME_APPLIED)

    play(story)


def test_rows_that_are_missing_are_given_up_in_the_end(play) -> None:
    """Read for three times, a missing row is lost, at the most it can have cost; its user is asked about again."""

    async def story(desk: Desk) -> None:
        desk.server.faults("row-missing", times=1)
        desk.queue(*USERS)
        await desk.run(3)
        assert [batch.error for batch in desk.batches()] == ["1 rows are missing; they are read for again"]
        assert len(desk.calls()) == 4
        await desk.settled()
        (lost,) = [user for user, became in desk.outcomes().items() if became == Outcome.MODEL_OUTCOME_LOST]
        assert (desk.calls()[lost].is_estimate, desk.calls()[lost].cost_pico_usd) == (True, MOST_PICO_USD)
        assert desk.due() == [lost]

    play(story)


def test_a_restart_reads_on(play) -> None:
    """What is stored is enough: batching made anew goes on with what the former left."""

    async def story(desk: Desk) -> None:
        desk.queue(*USERS)
        await desk.run()
        desk.batching = desk.made()
        assert desk.spend._reserved_pico_usd == 5 * MOST_PICO_USD
        await desk.settled()
        assert all_in(desk, Outcome.MODEL_OUTCOME_APPLIED)

    play(story)


def test_an_erased_users_answer_costs_and_writes_nothing(store, play) -> None:
    """Erased by the real path while in a batch, a user leaves a cost and nothing else, and nothing comes back."""

    async def story(desk: Desk) -> None:
        desk.queue(*USERS)
        await desk.run()
        user = keys.user_key("user2")
        (item,) = [
            row for row in export_from(None, store.profiles, user) if row.store == "profiles.model_items"
        ]
        assert item.model_item.user_key == user
        erase_id = store.erase("user2")
        await store.until(lambda: store.profiles.receipt(keys.ErasureId(erase_id)) is not None)
        assert list(export_from(None, store.profiles, user)) == []
        await desk.settled()
        assert desk.outcomes()[""] == Outcome.MODEL_OUTCOME_ERASED
        assert desk.calls()[""].cost_pico_usd > 0
        assert desk.spent_pico_usd() == desk.counted_pico_usd()
        assert list(export_from(None, store.profiles, user)) == []
        assert not any(user in row.SerializeToString() for row in store.profiles.model.calls(newest=99))
        assert desk.spend._reserved_pico_usd == 0

    play(story)


def test_a_stop_between_rows_loses_nothing(play) -> None:
    """Stopped while rows come, batching deals with those it has; the next start reads the others."""

    async def story(desk: Desk) -> None:
        desk.queue(*USERS)
        await desk.run()
        await desk.store.until(lambda: desk.server.count()["batches"]["rows"])
        desk.batching._rows.stop()
        await desk.run()
        assert len(desk.calls()) == 1
        desk.batching.stop()
        await desk.batching.drain(20)
        desk.batching = desk.made()
        await desk.settled()
        assert all_in(desk, Outcome.MODEL_OUTCOME_APPLIED)

    play(story)


def test_a_provider_that_is_gone_is_said(play) -> None:
    """A batch of a provider that is not configured any more waits, and a problem says so."""

    async def story(desk: Desk) -> None:
        desk.queue(*USERS)
        await desk.run()
        desk.batching._models = {}
        await desk.run()
        assert "anthropic is not configured any more" in desk.problems()
        desk.store.clock.advance(29 * DAY_MS + 1)
        await desk.run()
        assert desk.outcomes() == dict.fromkeys(USERS, Outcome.MODEL_OUTCOME_LOST)

    play(story, batch_seconds=1e6)
