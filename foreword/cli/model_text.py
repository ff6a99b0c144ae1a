"""What `foreword status` and `foreword ledger` say of language models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from foreword.cli.output import usd_text
from foreword.clock import format_time_ms
from foreword.v1.ledger_pb2 import RequestPathCost
from foreword.v1.model_status_pb2 import ModelBatchStatus, ModelStatus, SegmentModel
from foreword.v1.model_work_pb2 import ModelMode, ModelOutcome, ModelWait

EXTRACTIVE = "extractive"
_WAITS = {
    ModelWait.MODEL_WAIT_DAY_BUDGET: "for tomorrow: the day's budget is spent",
    ModelWait.MODEL_WAIT_USER_BUDGET: "for tomorrow: their own budget of the day is spent",
    ModelWait.MODEL_WAIT_PROVIDER: "for the provider",
    ModelWait.MODEL_WAIT_RETRY: "for another try",
}
# More fill a screen, and say no more.
_BATCHES_SHOWN = 5


def mode_name(mode: ModelMode) -> str:
    """Return how a model is asked, for people."""
    return ModelMode.Name(mode).removeprefix("MODEL_MODE_").lower()


def outcome_name(outcome: ModelOutcome) -> str:
    """Return what became of a call, for people."""
    return ModelOutcome.Name(outcome).removeprefix("MODEL_OUTCOME_").lower().replace("_", " ")


def request_path_text(cost: RequestPathCost) -> str:
    """Return what the same reads would have cost with a model in their path, in one line."""
    begin = "With a model in the path of every request: "
    if not cost.read_count:
        return f"{begin}no read is counted yet"
    reads = f"{cost.read_count:,} reads since {cost.first_read_day}"
    if not cost.answer_count:
        return f"{begin}{reads}, and no answer of a model yet to say what one costs"
    answer = f"{usd_text(cost.answer_cost_micro_usd)} USD, the mean of {cost.answer_count:,} answers"
    whole = f"{begin}{reads} × {answer} = {usd_text(cost.cost_micro_usd)} USD; "
    if not cost.spent_micro_usd:
        return f"{whole}nothing was spent"
    return f"{whole}spent were {usd_text(cost.spent_micro_usd)} USD, a ratio of {cost.ratio:,.1f}"


def no_model_text(model: ModelStatus, *, between: bool) -> str:
    """Return why the ledger has no calls."""
    if model.month.calls and between:
        return "No model was asked on these days"
    asked = [one for one in model.segments if one.provider != EXTRACTIVE]
    if not model.segments:
        return "No model was asked: no scheduler has run that could ask one"
    if not asked:
        return "No model was asked; agent.provider is extractive"
    reasons = [provider.not_asked for provider in model.providers if provider.not_asked]
    if reasons:
        return f"No model was asked: {'; '.join(reasons)}"
    if any(one.trigger_mode or one.cadence_mode for one in asked):
        return "No model was asked yet; the next refresh that finds something new asks one"
    return 'No model was asked; every segment has mode "extractive"'


def model_rows(model: ModelStatus, problems: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what the status says of models: `(what, text)`; little when none is asked.

    Args:
        model: What the sidecar tells.
        problems: What is said further down already, and so not here.
    """
    yield from _who_is_asked(list(model.segments))
    for provider in model.providers:
        why = provider.not_asked or provider.held_back
        if why and not any(why in problem for problem in problems):
            yield "", f"{provider.provider}: {why}"
    if not (model.providers or model.month.calls or model.open_call_count or model.batches):
        return
    yield "asking", _asking(model)
    for waiting in model.waiting:
        yield "", f"{waiting.user_count:,} waiting {_WAITS.get(waiting.wait, 'for an unknown reason')}"
    for batch in list(model.batches)[:_BATCHES_SHOWN]:
        yield "", _batch(batch)
    if len(model.batches) > _BATCHES_SHOWN:
        yield "", f"and {len(model.batches) - _BATCHES_SHOWN:,} batches more"
    yield "spent", _spent(model)
    yield "", _month(model)


def _who_is_asked(segments: list[SegmentModel]) -> Iterator[tuple[str, str]]:
    texts = {one.segment_name: _asked(one) for one in segments}
    if len(set(texts.values())) == 1:
        yield "model", next(iter(texts.values()))
        return
    for place, (name, text) in enumerate(texts.items()):
        yield "" if place else "model", f"{name.replace('_', '-')}: {text}"


def _asked(one: SegmentModel) -> str:
    if one.provider == EXTRACTIVE:
        return "none: code alone writes (agent.provider is extractive)"
    if not (one.trigger_mode or one.cadence_mode):
        return f"none: code alone writes, though {one.provider} {one.model} is configured"
    if one.trigger_mode == one.cadence_mode:
        return f"{one.provider} {one.model}, {_way(one.trigger_mode)}"
    return (
        f"{one.provider} {one.model}, {_way(one.trigger_mode)} after a trigger, "
        f"{_way(one.cadence_mode)} after the cadence"
    )


def _way(mode: ModelMode) -> str:
    return {
        ModelMode.MODEL_MODE_MESSAGES: "by single calls",
        ModelMode.MODEL_MODE_BATCH: "in batches",
    }.get(mode, "not asked")


def _asking(model: ModelStatus) -> str:
    most = sum(provider.calls_max for provider in model.providers)
    calls = f"{model.open_call_count:,} calls under way" + (f" of at most {most:,} now" if most else "")
    due = f"{model.messages_due_count:,} due for a call, {model.batch_due_count:,} for a batch"
    return f"{calls}; {due}"


def _batch(batch: ModelBatchStatus) -> str:
    name = batch.batch_id or "no name of the provider's yet"
    done = batch.item_count - batch.open_item_count
    since = format_time_ms(batch.intended_at.ToMilliseconds())
    error = f"; {batch.error}" if batch.error else ""
    return f"batch {batch.number} ({name}) since {since}: {done:,} of {batch.item_count:,} dealt with{error}"


def _spent(model: ModelStatus) -> str:
    budget = (
        f"of {usd_text(model.day_budget_micro_usd)}"
        if model.HasField("day_budget_micro_usd")
        else "without a limit"
    )
    reserved = (
        f"; what is under way costs at most {usd_text(model.reserved_micro_usd)} more"
        if model.reserved_micro_usd
        else ""
    )
    return f"today {usd_text(model.today.cost_micro_usd)} USD {budget}{reserved}"


def _month(model: ModelStatus) -> str:
    month = model.month
    operations = month.applied_count + month.refused_count
    refused = f", {month.refused_count:,} of {operations:,} operations refused" if operations else ""
    saved = (
        f", {usd_text(month.cache_saved_micro_usd)} saved by the prompt cache"
        if month.cache_read_tokens or month.cache_write_tokens
        else ""
    )
    return f"in 30 days {usd_text(month.cost_micro_usd)} USD, calls: {month.calls:,}{refused}{saved}"
