"""Questions to models: tokens, cost one by one and in batches, and what a budget leaves undone."""

from __future__ import annotations

from collections.abc import Sequence

from foreword.planning.inputs import PlanInput, PlannedSegment, summed
from foreword.planning.known import TOKENS
from foreword.planning.sheet import Figure, Sheet, Source
from foreword.planning.use import put_all


def add_models(sheet: Sheet, given: PlanInput, asked: Sequence[PlannedSegment]) -> None:
    """Add the questions of the segments that ask a model, their tokens and their cost."""
    sheet.begin("Models")
    put_all(sheet, TOKENS, given)
    prices = {each.price.name: each.price for each in asked if each.price is not None}
    for name, price in prices.items():
        for kind, value in (
            ("input", price.input),
            ("cache_read", price.cache_read),
            ("cache_write", price.cache_write),
            ("output", price.output),
            ("batch_share", price.batch_share),
        ):
            unit = "of the price" if kind == "batch_share" else "USD a million tokens"
            figure = Figure(value, Source.CONFIGURED, f"agent.prices of {price.model}")
            sheet.put(f"{name}.{kind}", f"{price.model}: {kind.replace('_', ' ')}", unit, figure)
        sheet.add(
            f"{name}.call_usd",
            f"a question to {price.model}",
            "USD",
            f"(input_tokens * {name}.input + cache_read_tokens * {name}.cache_read"
            f" + cache_write_tokens * {name}.cache_write + output_tokens * {name}.output) / 1000000",
        )
        sheet.add(f"{name}.batch_usd", "the same in a batch", "USD", f"{name}.call_usd * {name}.batch_share")
    for each in asked:
        assert each.price is not None
        how = "one by one" if each.asking == "messages" else "in batches"
        sheet.add(f"{each.name}.calls", f"{each.said}: questions {how}", "a day", f"{each.name}.written")
    sheet.add("calls", "questions to models", "a day", summed(asked, "calls"))
    sheet.add(
        "tokens",
        "tokens read and written",
        "a day",
        "calls * (input_tokens + cache_read_tokens + cache_write_tokens + output_tokens)",
    )
    sheet.add("month_tokens", "tokens read and written", "a month", "tokens * 365.25 / 12")
    for name, label, price_of in (
        ("usd", "cost, as configured", usd_of),
        ("calls_usd", "cost, were all asked one by one", _call_usd),
        ("batches_usd", "cost, were all asked in batches", _batch_usd),
    ):
        sheet.add(
            name, label, "USD a day", " + ".join(f"{each.name}.calls * {price_of(each)}" for each in asked)
        )
        sheet.add(f"month_{name}", label, "USD a month", f"{name} * 365.25 / 12")
    if "day_usd" in sheet and sheet["usd"] > 0:
        sheet.add("budget_share", "questions that the day's budget pays for", "of 1", "min(1, day_usd / usd)")
        sheet.add(
            "undone_calls", "questions that wait for another day", "a day", "calls * (1 - budget_share)"
        )
    sheet.add(
        "answer_seconds", "processor time of questions and answers", "s a day", "calls * answer_ms / 1000"
    )


def usd_of(segment: PlannedSegment) -> str:
    """Return the name of what a question about a user of a segment costs."""
    return _call_usd(segment) if segment.asking == "messages" else _batch_usd(segment)


def _call_usd(segment: PlannedSegment) -> str:
    assert segment.price is not None
    return f"{segment.price.name}.call_usd"


def _batch_usd(segment: PlannedSegment) -> str:
    assert segment.price is not None
    return f"{segment.price.name}.batch_usd"
