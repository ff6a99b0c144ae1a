"""A backfill in words: what it has before it, how far it is, what it came to."""

from __future__ import annotations

from collections.abc import Iterator

from foreword.cli.output import usd_text
from foreword.clock import format_time_ms
from foreword.v1.backfill_pb2 import Backfill, BackfillEstimate, BackfillPlan, BackfillStage

_PICO_A_MICRO = 1_000_000
_DAY_SECONDS, _HOUR_SECONDS, _MINUTE_SECONDS = 86_400, 3600, 60


def stage_name(stage: BackfillStage) -> str:
    """Return a stage as the command line calls it, such as `running`."""
    return BackfillStage.Name(stage).removeprefix("BACKFILL_STAGE_").lower()


def estimate_text(backfill: Backfill) -> str:
    """Return what a backfill has before it, with what each figure rests on."""
    counted, plan = backfill.estimate, backfill.plan
    skipped = (
        f"; the rule of their segment allows none for {counted.skipped_count:,}"
        if counted.skipped_count
        else ""
    )
    where = f" in namespace {plan.namespace}" if plan.HasField("namespace") else ""
    left = (
        f"; {counted.left_count:,} more are due for a reason of their own, and are left to that"
        if counted.left_count
        else ""
    )
    lines = [
        f"{counted.user_count:,} users with events{where}: {counted.without_profile_count:,} without a profile, "
        f"{counted.outdated_count:,} with an outdated one{left}{skipped}",
        f"{counted.refresh_count:,} refreshes by code, at most {plan.users_per_second:g} a second: "
        f"about {duration_text(counted.refresh_duration.ToMilliseconds() / 1000)}, {_refresh_basis(counted)}",
        *_question_lines(counted, plan),
    ]
    return "\n".join(lines)


def progress_text(backfill: Backfill) -> str:
    """Return how far a backfill is, or what it came to."""
    return "\n".join(_progress_lines(backfill))


def duration_text(seconds: float) -> str:
    """Return a duration in its two greatest units."""
    if seconds < 1:
        return "a second"
    whole = round(seconds)
    parts = []
    for name, size in (("d", _DAY_SECONDS), ("h", _HOUR_SECONDS), ("min", _MINUTE_SECONDS), ("s", 1)):
        amount, whole = divmod(whole, size)
        if amount:
            parts.append(f"{amount} {name}")
    return " ".join(parts[:2])


def _refresh_basis(counted: BackfillEstimate) -> str:
    each = f"{counted.refresh_us / 1000:.1f} ms of processor time each"
    if counted.measured_refresh_count:
        return f"{each} (mean of the newest {counted.measured_refresh_count:,} in the ledger)"
    return f"{each} (assumed: the ledger has none yet)"


def _question_lines(counted: BackfillEstimate, plan: BackfillPlan) -> Iterator[str]:
    if not counted.question_count:
        yield "No questions to a model: by code alone, for 0 USD"
        return
    tokens = f"{counted.input_tokens:,} tokens read and {counted.output_tokens:,} written"
    yield f"{counted.question_count:,} questions to {', '.join(counted.models)}: {tokens}, {_cost_basis(counted)}"
    if not plan.HasField("budget_micro_usd"):
        yield "No budget of its own (--budget-usd); budget.day_micro_usd holds"
        return
    budget = usd_text(plan.budget_micro_usd)
    yield f"Budget: {budget} USD; beyond it nobody more is asked about, and the newest-active go first"
    if plan.budget_micro_usd < counted.question_micro_usd_max:
        most = usd_text(counted.question_micro_usd_max)
        yield f"That is less than one question can cost, {most} USD: nobody will be asked about"


def _cost_basis(counted: BackfillEstimate) -> str:
    cost, answers = usd_text(counted.cost_micro_usd), counted.measured_answer_count
    if answers:
        return f"about {cost} USD, by the mean of {answers:,} answers in the ledger"
    return (
        f"at most {cost} USD (the longest prompt and the longest answer for each: the ledger has too few answers "
        "for a mean)"
    )


def _progress_lines(backfill: Backfill) -> Iterator[str]:
    counts, counted, stage = backfill.counts, backfill.estimate, backfill.stage
    since = (
        f" since {format_time_ms(backfill.started_at.ToMilliseconds())}"
        if backfill.HasField("started_at")
        else ""
    )
    over = (
        f", over at {format_time_ms(backfill.ended_at.ToMilliseconds())}"
        if backfill.HasField("ended_at")
        else ""
    )
    yield f"Backfill {stage_name(stage)}{since}{over}"
    if stage == BackfillStage.BACKFILL_STAGE_ESTIMATED:
        yield from (f"  {line}" for line in estimate_text(backfill).splitlines())
        return
    yield (
        f"  {counts.seen_count:,} of {counted.user_count:,} users: {counts.written_count:,} profiles written, "
        f"{counts.default_count:,} with too few events, {counts.failed_count:,} failed and tried again, "
        f"{counts.current_count + counts.unchanged_count:,} current, {counts.left_count:,} left to their own refresh"
        + (f", {counts.skipped_count:,} in segments whose rule allows none" if counts.skipped_count else "")
    )
    asked, plan = backfill.questions, backfill.plan
    if counts.queued_count or counted.question_count:
        spent = usd_text((asked.spent_pico_usd + _PICO_A_MICRO // 2) // _PICO_A_MICRO)
        of = f" of {usd_text(plan.budget_micro_usd)}" if plan.HasField("budget_micro_usd") else ""
        yield (
            f"  {asked.ended_count:,} questions to a model ended, {asked.applied_count:,} of them with something for a "
            f"profile; {asked.open_count:,} under way, {asked.queued_count:,} queued; {spent}{of} USD spent"
        )
    if backfill.is_budget_spent:
        unasked = max(0, counted.question_count - counts.queued_count)
        yield f"  The budget is spent: {unasked:,} users have a profile by code that no model has read"
    if not backfill.scheduler_running and stage not in (
        BackfillStage.BACKFILL_STAGE_DONE,
        BackfillStage.BACKFILL_STAGE_CANCELED,
    ):
        yield "  No scheduler runs, so nothing goes on: start one with `foreword scheduler`"
