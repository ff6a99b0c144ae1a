"""What language models do for a store, counted from its rows."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from foreword.clock import DAY_MS
from foreword.store import ActivityReader, ProfileReader
from foreword.store.activity_reader import DayReads
from foreword.store.v1.store_pb2 import ModelBatch
from foreword.v1.model_work_pb2 import ModelMode, ModelSpend, ModelWait

# A month is what an operator pays by; more days would only make the answer slower.
DAYS = 30
# In a sweep of two million users with the smallest batches there may be as many; who has more sees the oldest.
BATCHES_MAX = 1000
# Rows looked at in one go, half a millisecond; in between reads are answered.
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
    today: int = 0
    """The day, in days since 1970."""
    spend: list[ModelSpend] = field(default_factory=list)
    """Of the last `DAYS` days."""
    reads: list[DayReads] = field(default_factory=list)
    """Of the same days, as they were written within the last minute."""


async def count_model(
    profiles: ProfileReader | None, activity: ActivityReader | None, now_ms: int
) -> ModelCounts:
    """Count; reads are answered meanwhile."""
    counts = ModelCounts(today=now_ms // DAY_MS)
    first_day = counts.today - DAYS + 1
    if activity is not None:
        counts.reads = activity.reads(first_day)
    if profiles is None:
        return counts
    counts.spend = await asyncio.to_thread(profiles.model.spend, first_day)
    await _count_queue(counts, profiles, now_ms)
    await asyncio.to_thread(_count_under_way, counts, profiles)
    return counts


async def _count_queue(counts: ModelCounts, profiles: ProfileReader, now_ms: int) -> None:
    after = b""
    while rows := profiles.model.queued(after, SLICE_ROWS):
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
