"""What a backfill asks of a model: whom, how many at once, and no more than it may cost. The model server is real."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import pytest
from model_servers import RunningModelServer, running_model_server

from foreword import keys
from foreword.clock import DAY_MS
from foreword.store import NewEvent
from foreword.store.v1.store_pb2 import BackfillRow, PausedUser, RefreshPauses
from foreword.v1.backfill_pb2 import BackfillEstimate, BackfillMode, BackfillPlan, BackfillStage
from foreword.v1.event_pb2 import Event
from foreword.v1.model_work_pb2 import ModelMode, ModelSpend
from foreword.v1.refresh_pb2 import RefreshReason
from scheduler.agent.extractive import EXTRACTIVE_VERSION
from scheduler.backfill.counting import question_means
from scheduler.daemon import compute_extractive
from scheduler.model.choice import BATCH, Choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Store

BACKFILL = RefreshReason.REFRESH_REASON_BACKFILL
DONE = BackfillStage.BACKFILL_STAGE_DONE
HAIKU = "claude-haiku-4-5"
TEXTS = ("Fix connection pool recovery", "Connection pool recovery after fork", "Speed up test suite startup")


def in_a_loop(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in an event loop."""

    @functools.wraps(story)
    def run(*given: Any, **named: Any) -> None:
        asyncio.run(story(*given, **named))

    return run


@pytest.fixture
def server() -> Iterator[RunningModelServer]:
    """Run a model server."""
    with running_model_server() as server:
        yield server


def asking(store: Store, server: RunningModelServer, **agent: Any) -> None:
    """Have the scheduler ask the model server."""
    store.settings["agent"] = {
        "provider": "anthropic",
        "base_url": server.url,
        "batch_wait_seconds": 0,
        "batch_poll_seconds": 0.05,
        "batch_grace_seconds": 1,
        **agent,
    }


def history(store: Store, *users: str, count: int = 4) -> None:
    """Record history for a backfill; the first user came last."""
    for number, user in enumerate(users):
        events = []
        for place in range(count):
            event = Event(event_id=f"{user}-{place}", user_id=user, type="commit", topics=["worker"])
            event.text = TEXTS[place % 3]
            time_ms = store.clock.now_ms() - (number + 1) * DAY_MS - place
            event.time.FromMilliseconds(time_ms)
            body = event.SerializeToString()
            events.append(NewEvent(keys.user_key(user), event.event_id, time_ms, body, False))
        with store.activity.begin() as txn:
            txn.record(events, store.clock.now_ms(), for_backfill=True)


def ask(store: Store, number: int = 1, **asked: Any) -> BackfillPlan:
    """Ask for a backfill, as the sidecar does."""
    store.clock.advance(1)
    plan = BackfillPlan(backfill_id=bytes([number]) * 16, requested_ms=store.clock.now_ms())
    plan.users_per_second, plan.is_confirmed = 10_000.0, True
    for name, value in asked.items():
        setattr(plan, name, value)
    with store.activity.begin() as txn:
        txn.put_backfill_plan(plan)
    return plan


def running(store: Store) -> Any:
    """Run a scheduler whose refreshes are the real ones."""
    return store.running(compute=compute_extractive, prompt_version=EXTRACTIVE_VERSION)


async def over(store: Store, number: int = 1) -> BackfillRow:
    """Wait for the end."""

    def found() -> BackfillRow | None:
        row = store.profiles.backfill()
        is_over = row is not None and row.plan.backfill_id == bytes([number]) * 16 and row.stage == DONE
        return row if is_over else None

    row: BackfillRow = await store.until(found, lambda: f"the end: {store.profiles.backfill()}")
    return row


def asked_about(store: Store) -> list[str]:
    """Return whom a model was asked about, in the order of the answers."""
    return [
        keys.split_user_key(call.user_key)[0] for call in reversed(list(store.profiles.model.every_call()))
    ]


@in_a_loop
async def test_code_first_then_a_model_in_batches(store: Store, server: RunningModelServer) -> None:
    """Each user with a profile of their own is asked about once, in batches; the ledger is the server's own count."""
    asking(store, server, batch_users_max=3)
    users = [f"user{number}" for number in range(8)]
    history(store, *users)
    history(store, "few", count=1)
    ask(store, mode=BackfillMode.BACKFILL_MODE_BATCH)
    async with running(store):
        row = await over(store)
        asked = store.profiles.model.backfill_questions()
    assert sorted(asked_about(store)) == users
    assert row.estimate.question_count == row.counts.queued_count == asked.ended_count == 8
    assert server.count()["batches"]["rows"] == {"succeeded": 8}
    assert asked.spent_pico_usd == sum(spend.cost_pico_usd for spend in store.profiles.model.spend()) > 0
    assert (asked.queued_count, asked.open_count, asked.reserved_pico_usd) == (0, 0, 0)
    assert {call.mode for call in store.profiles.model.every_call()} == {ModelMode.MODEL_MODE_BATCH}
    assert row.counts.default_count == 1
    assert asked.spent_pico_usd <= row.estimate.cost_micro_usd * 1_000_000


@in_a_loop
async def test_a_second_backfill_asks_about_those_no_model_has_read(
    store: Store, server: RunningModelServer
) -> None:
    """By code alone first; the next one refreshes nobody, asks about all, and the one after that about nobody."""
    asking(store, server)
    users = [f"user{number}" for number in range(4)]
    history(store, *users)
    ask(store, 1, mode=BackfillMode.BACKFILL_MODE_EXTRACTIVE)
    async with running(store):
        assert (await over(store, 1)).counts.written_count == 4
        assert asked_about(store) == []
        ask(store, 2)
        second = await over(store, 2)
        assert (second.counts.current_count, second.counts.queued_count) == (4, 4)
        assert sorted(asked_about(store)) == users
        ask(store, 3)
        third = await over(store, 3)
    assert (third.estimate.question_count, third.counts.queued_count) == (0, 0)
    assert len(asked_about(store)) == 4


@pytest.mark.parametrize("affordable", [0, 1, 2])
@in_a_loop
async def test_the_budget_is_never_exceeded(
    store: Store, server: RunningModelServer, affordable: int
) -> None:
    """Newest-active first, as many are asked about as fit the budget at the most each can cost; the rest is told."""
    asking(store, server)
    users = [f"user{number}" for number in range(15)]
    history(store, *users)
    async with running(store):
        ask(store, 1, is_confirmed=False)
        await store.until(
            lambda: (store.profiles.backfill() or BackfillRow()).HasField("estimate"), "the estimate"
        )
        estimate: BackfillEstimate = store.profiles.backfill().estimate
        each = estimate.question_micro_usd_max
        ask(store, 2, budget_micro_usd=affordable * each)
        row = await over(store, 2)
        asked = store.profiles.model.backfill_questions()
    assert row.is_budget_spent
    assert asked.spent_pico_usd <= affordable * each * 1_000_000
    # What is not used of the reserve lets out more, so at least so many.
    assert len(asked_about(store)) >= affordable
    assert sorted(asked_about(store)) == users[: len(asked_about(store))]
    assert row.counts.written_count == 15


@in_a_loop
async def test_a_canceled_backfill_asks_nobody_more(store: Store, server: RunningModelServer) -> None:
    """Those in the queue are let go of; a question under way is paid, applied and counted."""
    asking(store, server, batch_wait_seconds=3600, batch_users_max=100)
    users = [f"user{number}" for number in range(4)]
    history(store, *users)
    plan = ask(store)
    async with running(store):
        await store.until(
            lambda: store.profiles.model.backfill_questions().queued_count == 4, "all to be in the queue"
        )
        plan.is_canceled = True
        with store.activity.begin() as txn:
            txn.put_backfill_plan(plan)
        await store.until(
            lambda: store.profiles.backfill().stage == BackfillStage.BACKFILL_STAGE_CANCELED, "the end"
        )
        store.clock.advance(3_600_000)
        await store.until(
            lambda: store.profiles.model.backfill_questions().queued_count == 0, "the queue to be empty"
        )
    assert asked_about(store) == []
    assert server.count()["batches"]["created"] == 0


@in_a_loop
async def test_an_erased_user_leaves_the_queue(store: Store, server: RunningModelServer) -> None:
    """Whoever is erased while a question waits is counted in the queue no more, and the backfill comes to its end."""
    asking(store, server, batch_wait_seconds=3600, batch_users_max=100)
    history(store, "ada", "bob")
    ask(store)
    async with running(store):
        await store.until(
            lambda: store.profiles.model.backfill_questions().queued_count == 2, "both to be in the queue"
        )
        store.erase("ada")
        await store.until(
            lambda: store.profiles.model.backfill_questions().queued_count == 1, "one to be left"
        )
        store.clock.advance(3_600_000)
        await over(store)
    assert asked_about(store) == ["bob"]


@in_a_loop
async def test_a_paused_user_leaves_the_queue(store: Store, server: RunningModelServer) -> None:
    """Whoever is paused while a question waits is not asked about, nor queued by a later backfill, and both end."""
    asking(store, server, batch_wait_seconds=3600, batch_users_max=100)
    history(store, "ada", "bob")
    ask(store)
    async with running(store) as daemon:
        await store.until(
            lambda: store.profiles.model.backfill_questions().queued_count == 2, "both to be in the queue"
        )
        with store.activity.begin() as txn:
            txn.put_pauses(RefreshPauses(users=[PausedUser(user_key=keys.user_key("ada"), since_ms=1)]))
        await store.until(lambda: daemon.pauses.any, "the pause to be seen")
        store.clock.advance(3_600_000)
        await over(store)
        ask(store, 2)
        row = await over(store, 2)
    assert asked_about(store) == ["bob"]
    assert row.counts.queued_count == 0


def test_means_are_measured_where_there_are_enough(store: Store) -> None:
    """From twenty answers of the same model asked in the same way on, the estimate is their mean, else the most."""
    config = store.config
    choice = Choice("anthropic", HAIKU, BATCH)
    row = ModelSpend(provider="anthropic", model=HAIKU, mode=BATCH, outcome=1)
    row.calls, row.input_tokens, row.output_tokens, row.cost_pico_usd = 19, 19_000, 1_900, 190_000
    few = question_means([row], choice, config)
    assert few.answer_count == 0
    assert few.output_tokens == config.agent.output_tokens_max
    row.calls, row.cache_read_tokens = 20, 1_000
    means = question_means([row], choice, config)
    assert means.answer_count == 20
    assert (means.input_tokens, means.output_tokens, means.pico_usd) == (1_000, 95, 9_500)
    other = question_means([row], choice._replace(mode=ModelMode.MODEL_MODE_MESSAGES), config)
    assert other.answer_count == 0
