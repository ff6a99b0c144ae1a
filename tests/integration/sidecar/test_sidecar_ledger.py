"""GetLedger and the status of models: what the store's rows say, summed as asked."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from foreword import keys
from foreword.client import AsyncForeword, Foreword
from foreword.clock import DAY_MS
from foreword.store.v1.store_pb2 import BatchStage, ModelBatch, ModelHealth
from foreword.v1.ledger_pb2 import LedgerGroup
from foreword.v1.model_status_pb2 import ModelProvider, SegmentModel
from foreword.v1.model_work_pb2 import ModelCall, ModelItem, ModelMode, ModelOutcome, ModelState, ModelWait
from foreword.v1.operator_service_pb2 import GetLedgerRequest
from foreword.v1.profile_pb2 import Segment
from foreword.v1.refresh_pb2 import LedgerEntry, RefreshOutcome

MESSAGES, BATCH = ModelMode.MODEL_MODE_MESSAGES, ModelMode.MODEL_MODE_BATCH
APPLIED, INVALID = ModelOutcome.MODEL_OUTCOME_APPLIED, ModelOutcome.MODEL_OUTCOME_INVALID
LIMITED, LOST = ModelOutcome.MODEL_OUTCOME_RATE_LIMITED, ModelOutcome.MODEL_OUTCOME_LOST
ACTIVE, DORMANT = Segment.SEGMENT_ACTIVE, Segment.SEGMENT_DORMANT
ADA, BEN = keys.user_key("ada"), keys.user_key("ben", "acme")
# 1 USD a million tokens read, 5 written, 0.1 from the cache, 1.25 into it; a batch costs half.
HAIKU = "claude-haiku-4-5"


def call(number: int, user: bytes = ADA, **changes: Any) -> ModelCall:
    """Return a call about Ada that was applied."""
    fields: dict[str, Any] = {
        "call_id": b"call%04d" % number,
        "user_key": user,
        "provider": "anthropic",
        "model": HAIKU,
        "mode": MESSAGES,
        "outcome": APPLIED,
        "segment": ACTIVE,
        "input_tokens": 1000,
        "output_tokens": 100,
        "cost_pico_usd": 1_500_000_000,
        "applied_count": 2,
        "refused_count": 1,
        "duration_us": 1_500_000,
    }
    return ModelCall(**(fields | changes))


@pytest.fixture
def spent(running: Any) -> Any:
    """Return a sidecar beside a store with calls of two days: the day before, and today."""
    now = running.now_ms
    calls = [
        (call(1, started_ms=now - DAY_MS), now - DAY_MS),
        (call(2, started_ms=now, cost_pico_usd=1_500_000_333), now),
        (call(3, BEN, started_ms=now, mode=BATCH, segment=DORMANT, cost_pico_usd=750_000_000), now),
        (call(4, started_ms=now, outcome=LIMITED, input_tokens=0, output_tokens=0, cost_pico_usd=0, applied_count=0,
              refused_count=0, error="429"), now),
        (call(5, started_ms=now, outcome=LOST, cost_pico_usd=400_000, is_estimate=True), now),
    ]  # fmt: skip
    with running.profiles.begin() as txn:
        txn.put_scheduler_seen(now)
        for row, ended_ms in calls:
            txn.model.end_call(row, ended_ms)
    return running


def test_sums_are_told_apart_as_asked_and_round_once(spent: Any) -> None:
    """Each group has its sum, in order; the total is of the exact costs, not of the rounded ones."""
    found = spent.client.ledger(group_by=["LEDGER_GROUP_DAY", LedgerGroup.LEDGER_GROUP_OUTCOME])
    assert [(row.day, row.outcome, row.calls, row.cost_micro_usd) for row in found.sums] == [
        ("2023-11-13", APPLIED, 1, 1500),
        ("2023-11-14", APPLIED, 2, 2250),
        ("2023-11-14", LIMITED, 1, 0),
        ("2023-11-14", LOST, 1, 0),
    ]
    # 0.4 of a millionth in one row and 0.000333 in another: nothing in each, and with the rest still nothing.
    assert (found.total.calls, found.total.cost_micro_usd) == (5, 3750)
    assert (found.total.applied_count, found.total.refused_count) == (8, 4)
    with spent.profiles.begin() as txn:
        txn.model.end_call(call(6, cost_pico_usd=200_000, outcome=INVALID), spent.now_ms)
    found = spent.client.ledger(group_by=["LEDGER_GROUP_OUTCOME"])
    assert sum(row.cost_micro_usd for row in found.sums) == 3750
    assert found.total.cost_micro_usd == 3751


def test_days_bound_everything(spent: Any) -> None:
    """A range of days holds for sums and calls alike; both ends are included."""
    found = spent.client.ledger(from_day="2023-11-13", to_day="2023-11-13", calls_max=10)
    assert (found.total.calls, len(found.calls)) == (1, 1)
    assert spent.client.ledger(from_day="2023-11-14", calls_max=10).total.calls == 4
    assert spent.client.ledger(from_day="2023-11-15").total.calls == 0


def test_calls_come_newest_first_with_names_and_money(spent: Any) -> None:
    """Single calls are shown as they were, by user and outcome where asked, at most as many as asked for."""
    found = spent.client.ledger(calls_max=2).calls
    assert [one.outcome for one in found] == [LOST, LIMITED]
    (of_ben,) = spent.client.ledger(user_id="ben", namespace="acme", calls_max=10).calls
    assert (of_ben.user_id, of_ben.namespace, of_ben.cost_micro_usd) == ("ben", "acme", 750)
    assert of_ben.duration.ToMicroseconds() == 1_500_000
    assert len(spent.client.ledger(user_id="ada", calls_max=10).calls) == 4
    (limited,) = spent.client.ledger(outcomes=[LIMITED], calls_max=10).calls
    assert limited.error == "429"
    assert not spent.client.ledger(user_id="ben", calls_max=10).calls


def test_more_calls_than_one_view_holds_come_in_order(spent: Any) -> None:
    """Going back through thousands of calls leaves none out and repeats none."""
    with spent.profiles.begin() as txn:
        for number in range(10, 2510):
            txn.model.end_call(call(number, BEN if number % 5 else ADA, started_ms=number), spent.now_ms)
    found = spent.client.ledger(user_id="ada", calls_max=1000, from_day="1970-01-01").calls
    assert [one.started_at.ToMilliseconds() for one in found[:500]] == list(range(2505, 5, -5))
    assert len(found) == 504


def test_attempts_are_shown_as_they_are_stored(spent: Any) -> None:
    """Refresh attempts come newest first, with the user's names beside the stored row."""
    written = RefreshOutcome.REFRESH_OUTCOME_WRITTEN
    entry = LedgerEntry(user_key=BEN, started_ms=spent.now_ms, outcome=written, generator="extractive")
    with spent.profiles.begin() as txn:
        txn.append_ledger(LedgerEntry(user_key=ADA, started_ms=spent.now_ms))
        txn.append_ledger(entry)
    newest, _ = spent.client.ledger(attempts_max=10).attempts
    assert (newest.user_id, newest.namespace, newest.entry) == ("ben", "acme", entry)
    assert len(spent.client.ledger(attempts_max=1).attempts) == 1
    assert not spent.client.ledger(attempts_max=10, to_day="2023-11-13").attempts


def test_reads_are_priced_as_answers(spent: Any) -> None:
    """Reads × the mean cost of an answer, a batch's at the price of a call, stand against what was spent."""
    spent.put("ada")
    for _ in range(30):
        spent.client.text("ada")
    found = spent.client.ledger(group_by=["LEDGER_GROUP_SEGMENT"])
    assert [(row.segment, row.read_count) for row in found.sums] == [(ACTIVE, 30), (DORMANT, 0)]
    cost = found.request_path
    # Three answers of 1,000 and 100 tokens each, 1,500 millionths by themselves: what failed and was lost is none.
    assert (cost.read_count, cost.first_read_day, cost.answer_count) == (30, "2023-11-14", 3)
    assert (cost.answer_cost_micro_usd, cost.cost_micro_usd, cost.spent_micro_usd) == (1500, 45_000, 3750)
    assert cost.ratio == pytest.approx(12, rel=1e-3)
    assert not spent.client.ledger(group_by=["LEDGER_GROUP_MODEL"]).sums[0].HasField("read_count")


def test_without_answers_nothing_is_made_up(running: Any) -> None:
    """Where no model has answered yet there are reads, and no price of one."""
    running.client.text("nobody")
    cost = running.client.ledger().request_path
    assert (cost.read_count, cost.answer_count, cost.cost_micro_usd, cost.ratio) == (1, 0, 0, 0)


def test_what_the_cache_saved_is_told(running: Any) -> None:
    """Tokens from the cache count what they would have cost without, less what filling it cost on top."""
    with running.profiles.begin() as txn:
        txn.model.end_call(call(1, cache_write_tokens=4000), running.now_ms)
        txn.model.end_call(call(2, cache_read_tokens=4000), running.now_ms)
        txn.model.end_call(call(3, cache_read_tokens=4000, mode=BATCH), running.now_ms)
        txn.model.end_call(call(4, cache_read_tokens=4000, model="unknown"), running.now_ms)
    # Written 0.25 dearer, read 0.9 cheaper, in the batch half of that.
    assert running.client.ledger().total.cache_saved_micro_usd == -1000 + 3600 + 1800


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (GetLedgerRequest(from_day="14.11.2023"), "from_day"),
        (GetLedgerRequest(to_day="2023-02-30"), "to_day"),
        (GetLedgerRequest(from_day="1969-12-31"), "from_day"),
        (GetLedgerRequest(from_day="2023-11-14", to_day="2023-11-13"), "to_day"),
        (GetLedgerRequest(group_by=[1, 0]), "group_by[1]"),
        (GetLedgerRequest(group_by=[1, 2, 1]), "group_by[2]"),
        (GetLedgerRequest(calls_max=-1), "calls_max"),
        (GetLedgerRequest(attempts_max=-1), "attempts_max"),
        (GetLedgerRequest(outcomes=[1, 99]), "outcomes[1]"),
        (GetLedgerRequest(namespace="acme"), "namespace"),
        (GetLedgerRequest(user_id="u" * 257), "user_id"),
    ],
)
def test_a_bad_request_names_the_field(running: Any, request_: GetLedgerRequest, field: str) -> None:
    """What cannot be asked for is refused by name, with what is allowed."""
    with pytest.raises(grpc.RpcError) as refused:
        running.call("OperatorService/GetLedger", request_.SerializeToString())
    info = running.error_info(refused.value)
    assert (info.reason, info.metadata["field"]) == ("FIELD_INVALID", field)
    assert info.metadata["allowed"]


def test_both_clients_ask_alike(spent: Any) -> None:
    """The client for asyncio returns what the one for threads does; a client's namespace does not narrow sums."""
    asked: Any = {"group_by": ["LEDGER_GROUP_MODEL"], "calls_max": 3}
    expected = spent.client.ledger(**asked)

    async def ask() -> None:
        async with AsyncForeword(spent.address, raises=True, namespace="acme") as client:
            assert await client.ledger(**asked) == expected

    asyncio.run(ask())
    with Foreword(spent.address, raises=True, namespace="acme") as threaded:
        assert len(threaded.ledger(user_id="ben", calls_max=5).calls) == 1


def test_a_store_without_profiles_has_an_empty_ledger(start: Any) -> None:
    """Before any scheduler has run there is nothing to tell, and no error."""
    running = start(with_profiles=False)
    found = running.client.ledger(group_by=["LEDGER_GROUP_DAY"], calls_max=5, attempts_max=5)
    assert (len(found.sums), found.total.calls, len(found.calls), len(found.attempts)) == (0, 0, 0, 0)
    assert running.client.status().model.today.calls == 0


def test_status_tells_the_queue_batches_and_money(spent: Any) -> None:
    """Due and waiting users, batches with their progress, what is reserved and spent, and the providers as reported."""
    now = spent.now_ms
    health = ModelHealth(
        segments=[SegmentModel(segment=ACTIVE, provider="anthropic", model=HAIKU, trigger_mode=MESSAGES)],
        providers=[ModelProvider(provider="anthropic", held_back="too many calls a minute", calls_max=3)],
    )
    with spent.profiles.begin() as txn:
        txn.model.put_health(health)
        for number in range(450):
            state = ModelState(mode=MESSAGES if number % 3 else BATCH, due_ms=now - number)
            txn.model.schedule(keys.user_key(f"due{number}"), state)
        for number in range(7):
            wait = ModelWait.MODEL_WAIT_DAY_BUDGET if number else ModelWait.MODEL_WAIT_RETRY
            state = ModelState(mode=MESSAGES, due_ms=now + DAY_MS, wait=wait)
            txn.model.schedule(keys.user_key(f"waits{number}"), state)
        number = txn.model.new_batch()
        stage = BatchStage.BATCH_STAGE_SENT
        txn.model.put_batch(number, ModelBatch(stage=stage, item_count=5, batch_id="b", intended_ms=now))
        for place in range(2):
            txn.model.put_item(number, place, ModelItem(reserved_pico_usd=3_000_000))
        txn.model.open_call(call(99, cost_pico_usd=1_000_000))
    model = spent.client.status().model
    assert (list(model.segments), list(model.providers)) == (list(health.segments), list(health.providers))
    assert (model.messages_due_count, model.batch_due_count, model.open_call_count) == (300, 150, 1)
    assert {one.wait: one.user_count for one in model.waiting} == {
        ModelWait.MODEL_WAIT_DAY_BUDGET: 6,
        ModelWait.MODEL_WAIT_RETRY: 1,
    }
    (batch,) = model.batches
    assert (batch.number, batch.item_count, batch.open_item_count) == (1, 5, 2)
    assert batch.intended_at.ToMilliseconds() == now
    assert model.reserved_micro_usd == 7
    assert (model.today.cost_micro_usd, model.month.cost_micro_usd) == (2250, 3750)
    assert model.day_budget_micro_usd == 10_000_000
