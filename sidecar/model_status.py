"""What GetStatus says of language models."""

from __future__ import annotations

from foreword.config import Budget
from foreword.llm.prices import micro_usd
from foreword.store.v1.store_pb2 import ModelHealth
from foreword.v1.model_status_pb2 import ModelBatchStatus, ModelStatus, ModelWaiting
from foreword.v1.model_work_pb2 import ModelMode
from sidecar.model_counts import BatchCount, ModelCounts


def model_status(counts: ModelCounts, health: ModelHealth, budget: Budget) -> ModelStatus:
    """Return what language models do, and what that costs."""
    return ModelStatus(
        segments=health.segments,
        providers=health.providers,
        messages_due_count=counts.due[ModelMode.MODEL_MODE_MESSAGES],
        batch_due_count=counts.due[ModelMode.MODEL_MODE_BATCH],
        waiting=[ModelWaiting(wait=wait, user_count=count) for wait, count in sorted(counts.waiting.items())],
        open_call_count=counts.open_calls,
        batches=[_batch(one) for one in counts.batches],
        reserved_micro_usd=micro_usd(counts.reserved_pico_usd),
        day_budget_micro_usd=budget.day_micro_usd,
        today=counts.today,
        month=counts.month,
        request_path=counts.request_path,
    )


def _batch(count: BatchCount) -> ModelBatchStatus:
    batch = count.batch
    status = ModelBatchStatus(
        number=count.number,
        batch_id=batch.batch_id,
        provider=batch.provider,
        model=batch.model,
        item_count=batch.item_count,
        open_item_count=count.open_items,
        error=batch.error,
    )
    status.intended_at.FromMilliseconds(batch.intended_ms)
    if batch.polled_ms:
        status.polled_at.FromMilliseconds(batch.polled_ms)
    return status
