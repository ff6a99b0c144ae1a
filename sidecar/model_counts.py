"""What language models do for a store, counted from its rows."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from foreword.clock import DAY_MS
from foreword.store import ActivityReader, ProfileReader
from foreword.store.v1.store_pb2 import ModelBatch
from foreword.v1.ledger_pb2 import LedgerSum, RequestPathCost
from foreword.v1.model_work_pb2 import ModelMode, ModelWait
from sidecar.ledger_sums import Prices, request_path, total

# A month is what an operator pays by; more days would only make the answer slower.
DAYS = 30
# In a sweep of two million users with the smallest batches there may be as many; who has more sees the oldest.
BATCHES_MAX = 1000
# Rows looked at in one go, a third of a millisecond; in between reads are answered.
SLICE_ROWS = 200


@dataclass(frozen=True)
class BatchCount:
    """A batch, and how much of it is still to be dealt with."""

    number: int
    batch: ModelBatch
    open_items: int


@dataclass
class ModelCounts:
    """What language models did and do, at a time."""

    due: Counter[ModelMode] = field(default_factory=Counter)
    waiting: Counter[ModelWait] = field(default_factory=Counter)
    open_calls: int = 0
    batches: list[BatchCount] = field(default_factory=list)
    reserved_pico_usd: int = 0
    today: LedgerSum = field(default_factory=LedgerSum)
    month: LedgerSum = field(default_factory=LedgerSum)
    """Of the last `DAYS` days."""
    request_path: RequestPathCost = field(default_factory=RequestPathCost)


async def count_model(
    profiles: ProfileReader | None, activity: ActivityReader | None, now_ms: int, prices: Prices
) -> ModelCounts:
    """Count; reads are answered meanwhile."""
    counts = ModelCounts()
    await asyncio.to_thread(_sum, counts, profiles, activity, now_ms // DAY_MS, prices)
    if profiles is not None:
        await _count_queue(counts, profiles, now_ms)
        await asyncio.to_thread(_count_under_way, counts, profiles)
    return counts


def _sum(
    counts: ModelCounts,
    profiles: ProfileReader | None,
    activity: ActivityReader | None,
    today: int,
    prices: Prices,
) -> None:
    first_day = today - DAYS + 1
    spend = profiles.model.spend(first_day) if profiles is not None else []
    reads = activity.reads(first_day) if activity is not None else []
    counts.month = total(spend, reads, prices)
    counts.request_path = request_path(spend, reads, prices)
    counts.today = total(
        [row for row in spend if row.day == today], [row for row in reads if row.day == today], prices
    )


async def _count_queue(counts: ModelCounts, profiles: ProfileReader, now_ms: int) -> None:
    after = b""
    while rows := profiles.model.queued(now_ms, after, SLICE_ROWS):
        counts.due.update(row.mode for row in rows if row.due_ms <= now_ms)
        counts.waiting.update(row.wait for row in rows if row.wait)
        after = rows[-1].key
        await asyncio.sleep(0)


def _count_under_way(counts: ModelCounts, profiles: ProfileReader) -> None:
    calls = profiles.model.open_calls()
    counts.open_calls = len(calls)
    counts.reserved_pico_usd = sum(call.cost_pico_usd for call in calls)
    for number, batch in profiles.model.batches()[:BATCHES_MAX]:
        open_items = 0
        for _, item in profiles.model.items(number):
            open_items += 1
            counts.reserved_pico_usd += item.reserved_pico_usd
        counts.batches.append(BatchCount(number, batch, open_items))
